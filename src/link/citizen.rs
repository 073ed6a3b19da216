//! Citizen ID numbers for matching: shape and check digit, repair of one slip before hashing, keyed digest.
//! The plain number lives only while an interview is being prepared; nothing here logs or stores it.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::Sha256;

use super::birth::Birth;
use super::person::Sex;
use super::text::clean;

/// Weights of GB 11643 for the first seventeen digits.
const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
/// Check characters of GB 11643 by the weighted sum modulo 11.
const CHECKS: &[u8; 11] = b"10X98765432";

/// An ID as an interview carries it.
#[derive(Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(untagged)]
pub enum IdGiven {
    /// As typed; digested by [`super::prepare`].
    Plain(String),
    /// Digested when the interview was taken in.
    Digested(Citizen),
}

impl fmt::Debug for IdGiven {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdGiven(..)")
    }
}

/// How far a digest can be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum IdQuality {
    /// Eighteen characters, a real date, right check digit.
    Valid,
    /// One slip was undone and a single valid number agreed with birth and sex.
    Repaired,
    /// A number of another kind, taken as it is.
    Opaque,
}

/// A keyed digest: equality is all it can tell.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest(pub u128);

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digest(..)")
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(&format_args!("{:032x}", self.0))
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = String::deserialize(d)?;
        u128::from_str_radix(&text, 16)
            .map(Self)
            .map_err(|_| serde::de::Error::custom("digest is not 32 hexadecimal digits"))
    }
}

/// A person's ID as kept for matching.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Citizen {
    /// Keyed digest of the normalised number.
    pub digest: Digest,
    /// How the number was read.
    pub quality: IdQuality,
}

/// The secret that keys the digests; only digests under one key can be compared.
#[derive(Clone)]
pub struct DigestKey([u8; 32]);

impl DigestKey {
    /// A key from 32 bytes of a secret source.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// HMAC-SHA-256 of `text`, first 128 bits (RFC 2104, RFC 4868 truncation).
    pub fn digest(&self, text: &str) -> Digest {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes a key of any length (RFC 2104)");
        mac.update(text.as_bytes());
        let bytes = mac.finalize().into_bytes();
        let head = bytes.iter().take(16).fold(0_u128, |acc, b| (acc << 8) | u128::from(*b));
        Digest(head)
    }
}

/// What a typed number turned out to be.
#[derive(Clone, PartialEq, Eq)]
pub enum Reading {
    /// A number to be digested, and how it was read.
    Number(String, IdQuality),
    /// Eighteen characters that fail, no single repair, or somebody else's number: no evidence.
    Unreadable,
    /// Nothing was given.
    Absent,
}

/// Reads a typed number. `birth` and `sex` as stated decide between repairs of a failing one.
pub fn read(raw: &str, birth: Birth, sex: Option<Sex>) -> Reading {
    let text: String = clean(raw).chars().filter(char::is_ascii_alphanumeric).collect();
    let text = text.to_ascii_uppercase();
    if text.is_empty() {
        return Reading::Absent;
    }
    if is_valid(&text) {
        let theirs = is_of(&text, birth, sex);
        return if theirs { Reading::Number(text, IdQuality::Valid) } else { Reading::Unreadable };
    }
    if !looks_like_citizen_id(&text) {
        return Reading::Number(text, IdQuality::Opaque);
    }
    match repair(&text, birth, sex) {
        Some(number) => Reading::Number(number, IdQuality::Repaired),
        None => Reading::Unreadable,
    }
}

/// Sixteen to nineteen characters, digits but for the last: meant as a citizen ID, not a foreign number.
fn looks_like_citizen_id(text: &str) -> bool {
    (16..=19).contains(&text.len()) && text.bytes().filter(|b| !b.is_ascii_digit()).count() <= 2
}

/// Shape, date and check digit of GB 11643.
pub fn is_valid(text: &str) -> bool {
    let b = text.as_bytes();
    b.len() == 18
        && b[..17].iter().all(u8::is_ascii_digit)
        && birth_of(b).is_some_and(|(y, m, d)| is_date(y, m, d))
        && check_of(&b[..17]) == b[17]
}

fn check_of(digits: &[u8]) -> u8 {
    let sum: u32 = digits.iter().zip(WEIGHTS).map(|(d, w)| u32::from(d - b'0') * w).sum();
    CHECKS[(sum % 11) as usize]
}

fn number(digits: &[u8]) -> Option<u32> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

fn birth_of(b: &[u8]) -> Option<(u32, u32, u32)> {
    Some((number(b.get(6..10)?)?, number(b.get(10..12)?)?, number(b.get(12..14)?)?))
}

fn is_date(y: u32, m: u32, d: u32) -> bool {
    let leap = y.is_multiple_of(4) && (!y.is_multiple_of(100) || y.is_multiple_of(400));
    let days = match m {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        _ => 0,
    };
    (1850..=2100).contains(&y) && (1..=days).contains(&d)
}

/// Year and month of birth that a valid number states.
pub fn year_month(text: &str) -> Option<(i16, u8)> {
    let (y, m, _) = birth_of(text.as_bytes())?;
    Some((i16::try_from(y).ok()?, u8::try_from(m).ok()?))
}

/// The only valid number one slip away that agrees with the stated birth and sex, if there is exactly one.
/// Slips: one wrong character, two neighbours swapped, one character lost, one doubled or added.
fn repair(text: &str, birth: Birth, sex: Option<Sex>) -> Option<String> {
    let mut found: Option<String> = None;
    for candidate in slips(text.as_bytes()) {
        let Ok(candidate) = String::from_utf8(candidate) else {
            continue;
        };
        if !is_valid(&candidate) || !agrees(&candidate, birth, sex) || found.as_ref() == Some(&candidate) {
            continue;
        }
        if found.is_some() {
            return None;
        }
        found = Some(candidate);
    }
    found
}

fn slips(b: &[u8]) -> Vec<Vec<u8>> {
    const ALL: &[u8; 11] = b"0123456789X";
    let mut out = Vec::new();
    if b.len() == 18 {
        for i in 0..18 {
            for c in ALL.iter().filter(|c| **c != b[i]) {
                let mut v = b.to_vec();
                v[i] = *c;
                out.push(v);
            }
        }
        for i in 0..17 {
            let mut v = b.to_vec();
            v.swap(i, i + 1);
            out.push(v);
        }
    } else if b.len() == 17 {
        for i in 0..=17 {
            for c in ALL {
                let mut v = b.to_vec();
                v.insert(i, *c);
                out.push(v);
            }
        }
    } else if b.len() == 19 {
        for i in 0..19 {
            let mut v = b.to_vec();
            v.remove(i);
            out.push(v);
        }
    }
    out
}

/// False when a valid number states another sex or another birth altogether: it was typed in the wrong row.
/// A slip in one part of the birth, a lunar date or a guessed year are no such contradiction.
fn is_of(number: &str, birth: Birth, sex: Option<Sex>) -> bool {
    let b = number.as_bytes();
    let Some((y, m, d)) = birth_of(b) else { return true };
    let year_off = birth.year.map_or(0, |year| i32::from(year).abs_diff(y.cast_signed()));
    let same_day =
        birth.month.is_some_and(|v| u32::from(v) == m) && birth.day.is_none_or(|v| u32::from(v) == d);
    let odd = (b[16] - b'0') % 2 == 1;
    let other_sex = sex.is_some_and(|s| (s == Sex::Male) != odd);
    let other_birth = year_off > 0 && !same_day;
    !(other_sex && other_birth) && (year_off <= 6 || same_day)
}

/// A repair needs at least the year of birth to agree, month, day and sex where stated.
fn agrees(number: &str, birth: Birth, sex: Option<Sex>) -> bool {
    let b = number.as_bytes();
    let Some((y, m, d)) = birth_of(b) else {
        return false;
    };
    let same = |stated: Option<u32>, value: u32| stated.is_none_or(|s| s == value);
    let odd = (b[16] - b'0') % 2 == 1;
    let sex_agrees = sex.is_none_or(|s| (s == Sex::Male) == odd);
    birth.year.is_some()
        && same(birth.year.and_then(|v| u32::try_from(v).ok()), y)
        && same(birth.month.map(u32::from), m)
        && same(birth.day.map(u32::from), d)
        && sex_agrees
}

#[cfg(test)]
mod tests {
    use super::*;

    fn birth(year: i16, month: u8, day: u8) -> Birth {
        Birth { year: Some(year), month: Some(month), day: Some(day) }
    }

    fn number_of(reading: Reading) -> Option<(String, IdQuality)> {
        match reading {
            Reading::Number(n, q) => Some((n, q)),
            Reading::Unreadable | Reading::Absent => None,
        }
    }

    #[test]
    fn check_digits_of_invented_numbers() {
        for good in ["419999198503074514", "41999919850307002X", "419999202001310088", "419999194901011262"] {
            assert!(is_valid(good), "{good}");
        }
        for bad in ["419999198503074515", "419999198502304517", "4199991985030745", ""] {
            assert!(!is_valid(bad), "{bad}");
        }
    }

    #[test]
    fn every_single_slip_is_noticed_and_most_are_undone() {
        let right = "41999919850307002X";
        let stated = birth(1985, 3, 7);
        let (mut undone, mut wrong) = (0, 0);
        for slip in slips(right.as_bytes()).into_iter().filter(|s| s != right.as_bytes()) {
            let typed = String::from_utf8(slip).unwrap();
            assert!(!is_valid(&typed), "{typed}");
            match number_of(read(&typed, stated, Some(Sex::Female))) {
                Some((n, IdQuality::Repaired)) if n == right => undone += 1,
                Some((_, IdQuality::Valid | IdQuality::Repaired)) => wrong += 1,
                Some((_, IdQuality::Opaque)) | None => {}
            }
        }
        assert!(undone > 40, "{undone}");
        assert_eq!(wrong, 0);
    }

    #[test]
    fn writing_does_not_matter_and_other_numbers_pass_as_they_are() {
        let stated = birth(1985, 3, 7);
        let typed = " ４１９９９９ 19850307 002x ";
        assert_eq!(
            number_of(read(typed, stated, None)),
            Some(("41999919850307002X".into(), IdQuality::Valid))
        );
        assert_eq!(number_of(read("6532949", stated, None)), Some(("6532949".into(), IdQuality::Opaque)));
        assert!(read("  ", stated, None) == Reading::Absent);
    }

    #[test]
    fn digests_differ_by_key_and_show_nothing() {
        let (a, b) = (DigestKey::new([1; 32]), DigestKey::new([2; 32]));
        assert_eq!(a.digest("x"), a.digest("x"));
        assert_ne!(a.digest("x"), b.digest("x"));
        assert_eq!(format!("{:?}", a.digest("x")), "Digest(..)");
        let json = serde_json::to_string(&a.digest("x")).unwrap();
        assert_eq!(serde_json::from_str::<Digest>(&json).unwrap(), a.digest("x"));
    }
}
