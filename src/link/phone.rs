//! Contact numbers as keys: digits only, country prefix dropped.

use super::text::{clean, hash};

/// A number seen on more interviews than this belongs to a manager or an agent and is no evidence.
pub const MOST_USES: usize = 6;

/// Hash of the number's digits; 0 when it is too short to be a number or says nothing (all digits equal).
pub fn key(raw: &str) -> u64 {
    let digits: String = clean(raw).chars().filter(char::is_ascii_digit).collect();
    let digits = digits
        .strip_prefix("0086")
        .or_else(|| digits.strip_prefix("86").filter(|r| r.len() == 11))
        .unwrap_or(&digits);
    let varied = digits.bytes().collect::<std::collections::HashSet<_>>().len() > 1;
    if digits.len() < 7 || !varied { 0 } else { hash(&["phone", digits]) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_number_many_writings() {
        let want = key("10481248839");
        for text in [
            "+86 1048 1248 839",
            "008610481248839",
            "１０４８１２４８８３９",
            "1048-1248-839",
            "(104)81248839",
        ] {
            assert_eq!(key(text), want, "{text}");
        }
        for nothing in ["", "无", "12345", "00000000000"] {
            assert_eq!(key(nothing), 0, "{nothing}");
        }
    }
}
