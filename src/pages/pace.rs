//! Pace: what is left, what an evening has to bring, what the last three brought, when it would end so.

use std::sync::Arc;

use jiff::ToSpan;
use jiff::civil::Date;

use super::figures::thousands;
use super::visitor::Visitor;
use crate::app::memory::Days;
use crate::net::problem::Problem;
use crate::report::{self, By, Question};
use crate::store::completion::Clock;
use crate::store::survey::AreaRow;

/// Areas with more cases show no pace: every field day would be counted from every case.
pub const MOST_CASES: i64 = 100_000;
/// Evenings the average is taken over.
const EVENINGS: usize = 3;

/// The pace of an area.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Field evenings left, today included.
    pub evenings_left: i64,
    /// Doors that are due and not completed.
    pub remaining: i64,
    /// Doors an evening has to bring; none when no evening is left.
    pub needed: Option<i64>,
    /// Doors completed per evening in the last evenings before today, in tenths.
    pub average_tenths: Option<i64>,
    /// The day on which the last door would be done at that average.
    pub ends: Option<Date>,
    /// Days after the last field day; 0 or less when it ends in time.
    pub late_days: i64,
}

/// The pace seen on `today`, from what was done by the end of each field day.
pub fn pace(days: &[(Date, i64, i64)], today: Date, field: (Date, Date), done: i64, due: i64) -> Pace {
    let remaining = (due - done).max(0);
    let first = today.max(field.0);
    let evenings_left = if first > field.1 { 0 } else { days_between(first, field.1) + 1 };
    let needed = (evenings_left > 0).then(|| (remaining + evenings_left - 1) / evenings_left);
    let average_tenths = average(days, today);
    let ends = average_tenths.filter(|tenths| *tenths > 0 && remaining > 0).and_then(|tenths| {
        let evenings = (remaining * 10 + tenths - 1) / tenths;
        first.checked_add((evenings - 1).min(3_650).days()).ok()
    });
    Pace {
        evenings_left,
        remaining,
        needed,
        average_tenths,
        ends,
        late_days: ends.map_or(0, |day| days_between(field.1, day)),
    }
}

fn days_between(from: Date, to: Date) -> i64 {
    from.until(to).map_or(0, |span| i64::from(span.get_days()))
}

/// Doors per evening over the last evenings that are over.
fn average(days: &[(Date, i64, i64)], today: Date) -> Option<i64> {
    let over: Vec<i64> = days.iter().filter(|d| d.0 < today).map(|d| d.1).collect();
    let last = *over.last()?;
    let n = over.len().min(EVENINGS);
    let before = over.len().checked_sub(n + 1).map_or(0, |i| over[i]);
    let n = i64::try_from(n).ok()?;
    Some(((last - before) * 10 + n / 2) / n)
}

impl Pace {
    /// The average as shown.
    pub fn average(&self) -> Option<String> {
        self.average_tenths
            .map(|t| if t < 100 { format!("{}.{}", t / 10, t % 10) } else { thousands((t + 5) / 10) })
    }

    /// Whether it will not be ready in time.
    pub fn is_behind(&self) -> bool {
        self.late_days > 0 || (self.evenings_left == 0 && self.remaining > 0)
    }

    /// The pace in words.
    pub fn sentence(&self, v: &Visitor) -> String {
        let words = v.words;
        if self.remaining == 0 {
            return words.t("pace.done").to_owned();
        }
        let Some(needed) = self.needed else {
            return words.count("pace.over", self.remaining, &[]);
        };
        let needed = thousands(needed);
        match self.average() {
            Some(average) => {
                words.count("pace.words", self.evenings_left, &[("needed", &needed), ("average", &average)])
            }
            None => words.count("pace.words_first", self.evenings_left, &[("needed", &needed)]),
        }
    }

    /// When it would end, in words.
    pub fn end_sentence(&self, v: &Visitor) -> Option<String> {
        let words = v.words;
        let day = v.when().day(self.ends?);
        Some(if self.late_days > 0 {
            words.count("pace.ends_late", self.late_days, &[("day", &day)])
        } else {
            words.say("pace.ends_in_time", &[("day", &day)])
        })
    }
}

/// What was done and due in an area by the end of each field day, by the clock of the field; kept for half a minute.
pub async fn days(v: &Visitor, area: &AreaRow) -> Result<Days, Problem> {
    let place = (v.caller.key, area.range);
    if let Some(known) = v.app.pages.days(place, v.now) {
        return Ok(known);
    }
    let question = Question { area: area.clone(), by: By::Day, at: None, clock: Clock::Event, now: v.now };
    let answer = report::completion(v.app.store(), &v.survey, &question).await?;
    let days: Days = Arc::new(
        answer
            .rows
            .iter()
            .filter_map(|r| {
                let e = r.rates.enumeration;
                Some((r.code.parse::<Date>().ok()?, e.numerator, e.denominator))
            })
            .collect(),
    );
    v.app.pages.keep_days(place, v.now, Arc::clone(&days));
    Ok(days)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(d: i8) -> Date {
        jiff::civil::date(2020, 11, d)
    }

    #[test]
    fn an_evening_has_to_bring_its_share_of_what_is_left() {
        let days = [(day(1), 100, 500), (day(2), 180, 500), (day(3), 260, 500), (day(4), 290, 500)];
        let p = pace(&days, day(4), (day(1), day(7)), 290, 500);
        assert_eq!((p.evenings_left, p.remaining, p.needed), (4, 210, Some(53)));
        // Today is not over: the three evenings before it brought 260.
        assert_eq!(p.average_tenths, Some(867));
        assert_eq!((p.ends, p.late_days), (Some(day(6)), -1));
        assert!(!p.is_behind());
    }

    #[test]
    fn the_first_evening_has_no_average_and_after_the_end_nothing_is_needed() {
        let p = pace(&[(day(1), 3, 10)], day(1), (day(1), day(7)), 3, 10);
        assert_eq!((p.average_tenths, p.ends, p.needed), (None, None, Some(1)));
        let p = pace(&[(day(7), 3, 10)], day(9), (day(1), day(7)), 3, 10);
        assert_eq!((p.evenings_left, p.needed), (0, None));
        assert!(p.is_behind());
        let p = pace(&[], day(1), (day(1), day(7)), 0, 0);
        assert_eq!((p.remaining, p.needed, p.is_behind()), (0, Some(0), false));
    }

    #[test]
    fn too_slow_is_late() {
        let days = [(day(1), 10, 500), (day(2), 20, 500)];
        let p = pace(&days, day(3), (day(1), day(7)), 20, 100);
        assert_eq!((p.average_tenths, p.ends, p.late_days), (Some(100), Some(day(10)), 3));
        assert!(p.is_behind());
    }
}
