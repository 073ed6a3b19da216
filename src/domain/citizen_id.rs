//! Citizen identity numbers (GB 11643-1999): normalising, checking, repairing. Never stored, logged or shown.
//!
//! The check is ISO 7064 MOD 11-2: p = 0; for each digit p = (p + d)·2 mod 11; the check character is (12 − p) mod 11,
//! 10 written X. It finds every wrong digit and every swap of neighbours. The area code is judged by its shape only.

use std::fmt;

use jiff::civil::Date;
use thiserror::Error;
use unicode_normalization::UnicodeNormalization;

use super::blank::is_blank_char;
use super::code::Sex;

/// A number that passed the check. It has no text form but [`CitizenId::reveal`]: it is there to be hashed, then dropped.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CitizenId(String);

impl fmt::Debug for CitizenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CitizenId(…)")
    }
}

impl CitizenId {
    /// The normalised 18 characters, for hashing under the installation's key and for nothing else.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// The date of birth in the number.
    pub fn birth(&self) -> Date {
        birth(&self.0).expect("a checked number holds a real date")
    }

    /// The sex in the number: an odd sequence is male.
    pub fn sex(&self) -> Sex {
        if (self.0.as_bytes()[16] - b'0') % 2 == 1 { Sex::M } else { Sex::F }
    }

    /// Whether the number agrees with what was stated; what was not stated agrees.
    pub fn agrees(&self, stated: Option<(i16, Option<i8>)>, sex: Option<Sex>) -> bool {
        let born = self.birth();
        let is_born_then =
            stated.is_none_or(|(y, m)| born.year() == y && m.is_none_or(|m| born.month() == m));
        is_born_then && sex.is_none_or(|sex| sex == self.sex())
    }
}

/// Why a number cannot be right. The texts never hold the number or a part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
pub enum CitizenIdFault {
    /// Not 17 digits and a digit or X.
    #[error("not 17 digits followed by a digit or X")]
    Shape,
    /// 15 digits, the form given out before 1999.
    #[error("an old number of 15 digits, no longer valid")]
    Old,
    /// The date in it does not exist, or lies after the reference moment.
    #[error("the date of birth in the number is no real date, or lies after the reference date")]
    BirthDate,
    /// The check character does not fit, and no single correction, or more than one, would make it fit.
    #[error("the check character does not fit")]
    CheckCharacter,
}

impl CitizenIdFault {
    /// The fault as written on the wire.
    pub const fn slug(self) -> &'static str {
        match self {
            Self::Shape => "citizen-id-shape",
            Self::Old => "citizen-id-old",
            Self::BirthDate => "citizen-id-birth-date",
            Self::CheckCharacter => "citizen-id-check",
        }
    }
}

/// What became of a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Repair {
    /// It was right.
    Valid(CitizenId),
    /// It was wrong, and exactly one single correction is right and agrees with the stated birth and sex.
    Repaired(CitizenId),
    /// It cannot be used.
    Impossible(CitizenIdFault),
}

impl Repair {
    /// The usable number, if there is one.
    pub fn id(&self) -> Option<&CitizenId> {
        match self {
            Self::Valid(id) | Self::Repaired(id) => Some(id),
            Self::Impossible(_) => None,
        }
    }
}

/// Full-width to half-width, blanks and hyphens dropped, upper case.
pub fn normalise(raw: &str) -> String {
    raw.nfkc().filter(|c| !is_blank_char(*c) && *c != '-').flat_map(char::to_uppercase).collect()
}

/// Checks a number as written; a birth date after `not_after` is refused.
pub fn check_before(raw: &str, not_after: Date) -> Result<CitizenId, CitizenIdFault> {
    let text = normalise(raw);
    if text.len() == 15 && text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(CitizenIdFault::Old);
    }
    if !has_shape(&text) {
        return Err(CitizenIdFault::Shape);
    }
    if check_character(&text.as_bytes()[..17]) != text.as_bytes()[17] {
        return Err(CitizenIdFault::CheckCharacter);
    }
    match birth(&text) {
        Some(date) if date <= not_after => Ok(CitizenId(text)),
        _ => Err(CitizenIdFault::BirthDate),
    }
}

/// Checks a number as written, with any real birth date.
pub fn check(raw: &str) -> Result<CitizenId, CitizenIdFault> {
    check_before(raw, Date::MAX)
}

/// Checks a number and, where it fails, tries every single slip of the hand: one character replaced, two neighbours
/// swapped, one left out, one doubled. The repair holds if exactly one right number agrees with the stated birth (year,
/// month where known) and sex.
pub fn repair(raw: &str, birth: Option<(i16, Option<i8>)>, sex: Option<Sex>) -> Repair {
    repair_before(raw, birth, sex, Date::MAX)
}

/// [`repair`] with a date after which nobody can have been born.
pub fn repair_before(
    raw: &str,
    birth: Option<(i16, Option<i8>)>,
    sex: Option<Sex>,
    not_after: Date,
) -> Repair {
    let fault = match check_before(raw, not_after) {
        Ok(id) => return Repair::Valid(id),
        Err(fault) => fault,
    };
    let text = normalise(raw);
    let is_plain = text.bytes().all(|b| b.is_ascii_digit() || b == b'X');
    if fault == CitizenIdFault::Old || !is_plain {
        return Repair::Impossible(fault);
    }
    let mut found: Vec<CitizenId> = slips(text.as_bytes())
        .into_iter()
        .filter_map(|candidate| check_before(&candidate, not_after).ok())
        .filter(|id| id.agrees(birth, sex))
        .collect();
    found.sort_unstable();
    found.dedup();
    match (found.pop(), found.is_empty()) {
        (Some(id), true) => Repair::Repaired(id),
        (_, _) => Repair::Impossible(fault),
    }
}

/// Every text from which the given one could have come by one slip.
fn slips(text: &[u8]) -> Vec<String> {
    const CHARACTERS: &[u8] = b"0123456789X";
    let mut candidates: Vec<Vec<u8>> = Vec::new();
    let mut change = |edit: &dyn Fn(&mut Vec<u8>)| {
        let mut candidate = text.to_vec();
        edit(&mut candidate);
        candidates.push(candidate);
    };
    match text.len() {
        18 => {
            for n in 0..18 {
                for c in CHARACTERS {
                    change(&|candidate| candidate[n] = *c);
                }
            }
            for n in 0..17 {
                change(&|candidate| candidate.swap(n, n + 1));
            }
        }
        17 => {
            for n in 0..=17 {
                for c in CHARACTERS {
                    change(&|candidate| candidate.insert(n, *c));
                }
            }
        }
        19 => {
            for n in (1..19).filter(|n| text[*n] == text[n - 1]) {
                change(&|candidate| {
                    candidate.remove(n);
                });
            }
        }
        _ => {}
    }
    candidates.into_iter().filter_map(|candidate| String::from_utf8(candidate).ok()).collect()
}

fn has_shape(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() == 18
        && bytes[..17].iter().all(u8::is_ascii_digit)
        && (bytes[17].is_ascii_digit() || bytes[17] == b'X')
}

fn check_character(digits: &[u8]) -> u8 {
    let p = digits.iter().fold(0_u32, |p, digit| (p + u32::from(digit - b'0')) * 2 % 11);
    b"0123456789X"[((12 - p) % 11) as usize]
}

fn birth(text: &str) -> Option<Date> {
    let year = text.get(6..10)?.parse().ok()?;
    let (month, day) = (text.get(10..12)?.parse().ok()?, text.get(12..14)?.parse().ok()?);
    Date::new(year, month, day).ok()
}

#[cfg(test)]
mod tests;
