//! A bad value made fit to be shown: short, on one line, without a long run of digits (it could be a citizen ID).

/// How many characters of a bad value are shown.
const SHOWN_CHARS: usize = 40;
/// From this many digits in a row on, a value is masked.
const MASKED_DIGITS: usize = 14;

/// A bad value made fit to be shown: one line, at most 40 characters, no run of 14 or more digits (spaces and
/// hyphens between them do not end a run).
pub fn shown(value: &str) -> String {
    let mut out = String::new();
    let mut taken = 0;
    for piece in digit_runs(&value.chars().take(4 * SHOWN_CHARS).collect::<String>()) {
        let text = match piece {
            Piece::Digits(n) => format!("[{n} digits]"),
            Piece::Text(text) => text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect(),
        };
        for c in text.chars() {
            if taken == SHOWN_CHARS {
                out.push('…');
                return out;
            }
            out.push(c);
            taken += 1;
        }
    }
    out
}

/// Part of a value: ordinary text, or a long run of digits given by its number of digits.
enum Piece<'a> {
    Text(&'a str),
    Digits(usize),
}

/// Splits `value` into ordinary text and runs of at least [`MASKED_DIGITS`] digits.
fn digit_runs(value: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let (mut plain_from, mut run_from, mut run_end, mut digits) = (0, 0, 0, 0);
    let mut close = |plain_from: &mut usize, run_from: usize, run_end: usize, digits: usize| {
        if digits >= MASKED_DIGITS {
            pieces.push(Piece::Text(&value[*plain_from..run_from]));
            pieces.push(Piece::Digits(digits));
            *plain_from = run_end;
        }
    };
    for (at, c) in value.char_indices() {
        if c.is_numeric() {
            if digits == 0 {
                run_from = at;
            }
            digits += 1;
            run_end = at + c.len_utf8();
        } else if digits > 0 && (c == ' ' || c == '-') {
            // A separator inside a run; the run ends at its last digit.
        } else {
            close(&mut plain_from, run_from, run_end, digits);
            digits = 0;
        }
    }
    close(&mut plain_from, run_from, run_end, digits);
    pieces.push(Piece::Text(&value[plain_from..]));
    pieces
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn a_shown_value_is_short_and_hides_long_numbers() {
        for (value, expected) in [
            ("castle", "castle"),
            ("", ""),
            ("419999198503074514", "[18 digits]"),
            ("id 4199 9919 8503 0745 14 x", "id [18 digits] x"),
            ("４１９９９９１９８５０３０７４５１４", "[18 digits]"),
            ("1234567890123", "1234567890123"),
            ("a\tb\0", "a\u{fffd}b\u{fffd}"),
        ] {
            assert_eq!(shown(value), expected, "{value:?}");
        }
        assert_eq!(shown(&"王".repeat(50)), format!("{}…", "王".repeat(40)));
    }
}
