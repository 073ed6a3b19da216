//! Birth dates with gaps: reading and the levels at which two of them agree.

use serde::{Deserialize, Serialize};

use super::codes::BirthLevel;
use super::interview::BirthGiven;

/// A birth date as far as it is known; impossible parts are dropped, not corrected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Birth {
    /// Year.
    pub year: Option<i16>,
    /// Month, 1 to 12.
    pub month: Option<u8>,
    /// Day, 1 to 31.
    pub day: Option<u8>,
}

impl Birth {
    /// Reads what was stated. A month without a year, or a day without a month, is kept.
    pub fn read(given: Option<&BirthGiven>) -> Self {
        let Some(given) = given else {
            return Self::default();
        };
        let part =
            |v: Option<i32>, max: u8| v.and_then(|v| u8::try_from(v).ok()).filter(|v| (1..=max).contains(v));
        Self {
            year: given.y.and_then(|y| i16::try_from(y).ok()).filter(|y| (1850..=2100).contains(y)),
            month: part(given.m, 12),
            day: part(given.d, 31),
        }
    }

    /// Fills a missing year or month from a valid ID that does not contradict the rest; never the day.
    #[must_use]
    pub fn filled_from_id(mut self, (year, month): (i16, u8)) -> Self {
        let agrees = self.year.is_none_or(|y| y == year) && self.month.is_none_or(|m| m == month);
        if agrees {
            self.year = Some(year);
            self.month = Some(month);
        }
        self
    }

    /// All three parts are known.
    pub fn is_complete(self) -> bool {
        self.year.is_some() && self.month.is_some() && self.day.is_some()
    }

    /// Days since an arbitrary origin, proleptic Gregorian, for complete dates
    /// (civil-from-days arithmetic, H. Hinnant).
    fn ordinal(self) -> Option<i32> {
        let (y, m, d) = (i32::from(self.year?), i32::from(self.month?), i32::from(self.day?));
        let y = if m <= 2 { y - 1 } else { y };
        let month_part = (153 * ((m + 9) % 12) + 2) / 5 + d - 1;
        Some(y * 365 + y.div_euclid(4) - y.div_euclid(100) + y.div_euclid(400) + month_part)
    }
}

/// The level of a pair of dates.
pub fn compare_birth(a: Birth, b: Birth) -> BirthLevel {
    let (Some(ya), Some(yb)) = (a.year, b.year) else {
        return BirthLevel::Missing;
    };
    let off = (ya - yb).abs();
    let months = a.month.zip(b.month);
    let days = a.day.zip(b.day);
    if let (Some((ma, mb)), Some((da, db))) = (months, days) {
        if let Some(level) = compare_complete(a, b, (off, ma, mb, da, db)) {
            return level;
        }
    } else if let Some((ma, mb)) = months {
        return match (off, ma == mb, ma.abs_diff(mb)) {
            (0, true, _) => BirthLevel::SameMonthDayMissing,
            (0, false, 1) => BirthLevel::MonthNear,
            (0, false, _) => BirthLevel::SameYear,
            (1..=3, true, _) => BirthLevel::YearNearMonthSame,
            _ => by_year(off),
        };
    } else {
        return match off {
            0 => BirthLevel::SameYearMonthMissing,
            1 => BirthLevel::GuessNear,
            2..=5 => BirthLevel::GuessFar,
            _ => BirthLevel::Other,
        };
    }
    by_year(off)
}

fn by_year(off: i16) -> BirthLevel {
    match off {
        0 => BirthLevel::SameYear,
        1 => BirthLevel::YearNear,
        2..=5 => BirthLevel::YearFar,
        _ => BirthLevel::Other,
    }
}

/// Levels that need all six parts; `None` leaves the years to decide.
fn compare_complete(a: Birth, b: Birth, (off, ma, mb, da, db): (i16, u8, u8, u8, u8)) -> Option<BirthLevel> {
    if off == 0 && ma == mb {
        return Some(if da == db { BirthLevel::SameDay } else { BirthLevel::SameMonth });
    }
    if ma == mb && da == db {
        return Some(BirthLevel::SameDayOtherYear);
    }
    if off == 0 && ma == db && da == mb {
        return Some(BirthLevel::Swapped);
    }
    let apart = (a.ordinal()? - b.ordinal()?).abs();
    if (17..=53).contains(&apart) && off <= 1 {
        return Some(BirthLevel::Lunar);
    }
    if off == 0 && da == db {
        return Some(BirthLevel::SameDayOtherMonth);
    }
    (off == 0 && ma.abs_diff(mb) == 1).then_some(BirthLevel::MonthNear)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(y: i32, m: i32, d: i32) -> Birth {
        let part = |v: i32| (v != 0).then_some(v);
        Birth::read(Some(&BirthGiven { y: part(y), m: part(m), d: part(d) }))
    }

    #[test]
    fn levels_of_pairs() {
        use BirthLevel as L;
        for (a, b, want) in [
            ((1985, 3, 7), (1985, 3, 7), L::SameDay),
            ((1985, 3, 7), (1985, 3, 0), L::SameMonthDayMissing),
            ((1985, 3, 7), (1985, 7, 3), L::Swapped),
            ((1985, 3, 7), (1985, 3, 9), L::SameMonth),
            ((1985, 3, 7), (1985, 4, 26), L::Lunar),
            ((1984, 12, 20), (1985, 2, 9), L::Lunar),
            ((1985, 3, 7), (1958, 3, 7), L::SameDayOtherYear),
            ((1985, 3, 7), (1985, 8, 7), L::SameDayOtherMonth),
            ((1985, 3, 7), (1985, 0, 0), L::SameYearMonthMissing),
            ((1985, 3, 0), (1985, 4, 2), L::MonthNear),
            ((1985, 3, 0), (1986, 3, 2), L::YearNearMonthSame),
            ((1985, 3, 7), (1986, 0, 0), L::GuessNear),
            ((1985, 3, 7), (1989, 0, 0), L::GuessFar),
            ((1985, 3, 7), (1985, 11, 21), L::SameYear),
            ((1985, 3, 7), (1986, 11, 21), L::YearNear),
            ((1985, 3, 7), (1989, 11, 21), L::YearFar),
            ((1985, 3, 7), (1955, 11, 21), L::Other),
            ((1985, 3, 7), (0, 3, 7), L::Missing),
        ] {
            let (x, y) = (at(a.0, a.1, a.2), at(b.0, b.1, b.2));
            assert_eq!(compare_birth(x, y), want, "{a:?} {b:?}");
            assert_eq!(compare_birth(y, x), want, "{b:?} {a:?}");
        }
    }

    #[test]
    fn impossible_parts_are_dropped_and_ids_fill_gaps() {
        assert_eq!(at(1985, 13, 40), Birth { year: Some(1985), month: None, day: None });
        assert_eq!(at(1985, 0, 0).filled_from_id((1985, 3)), at(1985, 3, 0));
        assert_eq!(at(1986, 0, 0).filled_from_id((1985, 3)), at(1986, 0, 0));
    }
}
