//! Telephone numbers, brought to one form for comparison.

use unicode_normalization::UnicodeNormalization;

/// The digits of a telephone number without the prefix of mainland China (`+86`, `0086`); none if there are fewer than
/// 5 or more than 15 digits, or anything but digits and the usual separators.
pub fn normalise(raw: &str) -> Option<String> {
    let text: String = raw.nfkc().collect();
    let text = text.trim();
    let (is_international, rest) = text.strip_prefix('+').map_or((false, text), |rest| (true, rest));
    let mut digits = String::with_capacity(rest.len());
    for c in rest.chars() {
        match c {
            '0'..='9' => digits.push(c),
            ' ' | '-' | '(' | ')' | '.' | '\u{2010}'..='\u{2015}' => {}
            _ => return None,
        }
    }
    let national = if is_international { digits.strip_prefix("86") } else { digits.strip_prefix("0086") };
    let short = national.map_or_else(|| digits.clone(), str::to_owned);
    let bare = if short.len() == 13 {
        short.strip_prefix("86").filter(|rest| is_mobile(rest)).unwrap_or(&short)
    } else {
        &short
    };
    (5..=15).contains(&bare.len()).then(|| bare.to_owned())
}

/// Whether a normalised number has the shape of a mobile number of mainland China: 11 digits, 1 and 3–9 first.
pub fn is_mobile(number: &str) -> bool {
    let digits = number.as_bytes();
    digits.len() == 11
        && digits[0] == b'1'
        && (b'3'..=b'9').contains(&digits[1])
        && digits.iter().all(u8::is_ascii_digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_number_has_one_form() {
        for raw in [
            "13803710000",
            "+86 138-0371-0000",
            "0086 138 0371 0000",
            "１３８０３７１００００",
            " 8613803710000 ",
        ] {
            assert_eq!(normalise(raw).as_deref(), Some("13803710000"), "{raw}");
        }
        assert_eq!(normalise("0371-6666 1234").as_deref(), Some("037166661234"));
        assert_eq!(normalise("10182663310").as_deref(), Some("10182663310"));
    }

    #[test]
    fn no_number_is_no_number() {
        for raw in ["", "1234", "none", "138037100001234567", "138O3710000"] {
            assert_eq!(normalise(raw), None, "{raw}");
        }
    }

    #[test]
    fn the_shape_of_a_mobile_number() {
        assert!(is_mobile("13803710000"));
        assert!(!is_mobile("10182663310"));
        assert!(!is_mobile("1380371000"));
        assert!(!is_mobile("138037100000"));
    }
}
