//! What the commands that print tables share: languages, days as people name them, columns of equal width.

use std::str::FromStr;

use anyhow::{Context, Result};
use clap::ValueEnum;
use jiff::Timestamp;
use jiff::civil::Date;

use crate::surveys::Survey;

/// Language of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Tongue {
    En,
    Zh,
}

/// A day of the survey's calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Day {
    Today,
    Tomorrow,
    Date(Date),
}

impl FromStr for Day {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "today" => Ok(Self::Today),
            "tomorrow" => Ok(Self::Tomorrow),
            _ => {
                text.parse().map(Self::Date).map_err(|_| "must be today, tomorrow or a date like 2020-11-05")
            }
        }
    }
}

impl Day {
    /// The date it is in the survey's zone when the clock says `now`.
    pub(super) fn date(self, survey: &Survey, now: Timestamp) -> Result<Date> {
        let today = survey.rules.calendar.local_date(now);
        match self {
            Self::Today => Ok(today),
            Self::Tomorrow => today.tomorrow().context("the calendar has ended"),
            Self::Date(date) => Ok(date),
        }
    }
}

/// Pads to a width in terminal cells; a Han character takes two.
pub(super) fn fit(text: &str, width: usize) -> String {
    let cells: usize = text.chars().map(|c| if u32::from(c) >= 0x2e80 { 2 } else { 1 }).sum();
    format!("{text}{}", " ".repeat(width.saturating_sub(cells)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_read_as_people_write_them() {
        assert_eq!("tomorrow".parse(), Ok(Day::Tomorrow));
        assert_eq!("2020-11-05".parse(), Ok(Day::Date(jiff::civil::date(2020, 11, 5))));
        assert!("2020-11-31".parse::<Day>().is_err());
        assert!("Tuesday".parse::<Day>().is_err());
    }

    #[test]
    fn han_characters_take_two_cells() {
        assert_eq!(fit("敲门", 6), "敲门  ");
        assert_eq!(fit("abc", 2), "abc");
    }
}
