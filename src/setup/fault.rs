//! What is wrong with a set-up, said so that whoever edits the file finds the cell.
//! A fault never shows a long run of digits (it could be a citizen ID) nor a person's name.

use std::fmt;

/// How many faults [`Faults`] prints.
const PRINTED: usize = 200;
/// How many faults are kept one by one; the rest is only counted, so that a million bad rows stay cheap.
const KEPT: usize = 10_000;
/// How many characters of a bad value are shown.
const SHOWN_CHARS: usize = 40;
/// From this many digits in a row on, a value is masked.
const MASKED_DIGITS: usize = 14;

/// One thing wrong with the set-up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The file's plain name.
    pub file: &'static str,
    /// Line in the file, from 1; `None` when the whole file is meant.
    pub line: Option<u64>,
    /// Column of a CSV file or key of the TOML file (`closing.max_attempts`); empty when the line or file is meant.
    pub column: String,
    /// The offending value, cut and masked; empty when there is none to show.
    pub value: String,
    /// What should be there instead.
    pub rule: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        if !self.column.is_empty() {
            write!(f, ": {}", self.column)?;
        }
        if !self.value.is_empty() {
            write!(f, ": \"{}\"", self.value)?;
        }
        write!(f, ": {}", self.rule)
    }
}

/// All faults of a set-up, in the order of files and lines; never empty when returned as an error.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    kept: Vec<Fault>,
    total: usize,
}

impl Faults {
    /// The faults kept one by one: all of them up to ten thousand.
    pub fn listed(&self) -> &[Fault] {
        &self.kept
    }

    /// How many faults there are, also those no longer kept.
    pub fn total(&self) -> usize {
        self.total
    }

    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.total == 0
    }

    /// Adds one fault.
    pub fn push(&mut self, fault: Fault) {
        self.total += 1;
        if self.kept.len() < KEPT {
            self.kept.push(fault);
        }
    }

    /// Sorts by file (in the order they are read) and line, faults of a whole file first.
    pub(super) fn sort(&mut self) {
        self.kept.sort_by_key(|fault| (super::file_rank(fault.file), fault.line));
    }
}

impl fmt::Display for Faults {
    /// One fault a line, at most 200, then how many more there are.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, fault) in self.kept.iter().take(PRINTED).enumerate() {
            if n > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{fault}")?;
        }
        let printed = self.kept.len().min(PRINTED);
        if self.total > printed {
            write!(f, "\n… and {} more", self.total - printed)?;
        }
        Ok(())
    }
}

impl std::error::Error for Faults {}

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
    use super::{Fault, Faults, shown};

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

    #[test]
    fn faults_are_printed_up_to_a_cap_and_all_counted() {
        let mut faults = Faults::default();
        for line in 0..20_500 {
            let (column, value) = ("area".to_owned(), "x".to_owned());
            faults.push(Fault {
                file: "dwellings.csv",
                line: Some(line),
                column,
                value,
                rule: "no".to_owned(),
            });
        }
        let text = faults.to_string();
        assert_eq!(faults.total(), 20_500);
        assert_eq!(text.lines().count(), 201);
        assert!(text.starts_with("dwellings.csv:0: area: \"x\": no\n"));
        assert!(text.ends_with("… and 20300 more"));
    }
}
