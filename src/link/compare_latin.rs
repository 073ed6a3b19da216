//! Comparing two names in Latin letters, part by part. Slips are told by string likeness here, which would be
//! far too coarse for two or three Han characters.

use strsim::jaro_winkler;

use super::codes::{LatinLevel, OrderLevel};
use super::name::Name;

/// Given name and surname of two Latin names; exchanged parts are tried when the straight reading fails.
pub fn compare_latin(x: &Name, y: &Name) -> (LatinLevel, LatinLevel, OrderLevel) {
    let straight = (latin_part(&x.given, &y.given), latin_part(&x.surname, &y.surname));
    if straight.0 == LatinLevel::Other && straight.1 == LatinLevel::Other {
        let crossed = (latin_part(&x.given, &y.surname), latin_part(&x.surname, &y.given));
        let fits = |l: LatinLevel| matches!(l, LatinLevel::Same | LatinLevel::Close);
        if fits(crossed.0) && (fits(crossed.1) || crossed.1 == LatinLevel::Similar) {
            // The order's weight holds the whole coincidence; the parts must not be counted again.
            return (LatinLevel::Missing, LatinLevel::Missing, OrderLevel::Crossed);
        }
    }
    (straight.0, straight.1, OrderLevel::Straight)
}

/// Thresholds on Jaro-Winkler follow common practice (0.92 and 0.80).
fn latin_part(x: &str, y: &str) -> LatinLevel {
    if x.is_empty() || y.is_empty() {
        return LatinLevel::Missing;
    }
    if x == y {
        return LatinLevel::Same;
    }
    let likeness = jaro_winkler(x, y);
    if likeness >= 0.92 {
        LatinLevel::Close
    } else if (x.len() <= 2 || y.len() <= 2) && x.as_bytes().first() == y.as_bytes().first() {
        LatinLevel::Initial
    } else if likeness >= 0.8 {
        LatinLevel::Similar
    } else {
        LatinLevel::Other
    }
}
