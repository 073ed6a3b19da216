//! Pace: what is left, what an evening has to bring, what the last ones brought, where that leads by the last evening.

use std::sync::Arc;

use jiff::civil::Date;

use super::figures::{Rate, thousands};
use super::visitor::Visitor;
use crate::app::memory::Days;
use crate::domain::AreaRange;
use crate::net::problem::Problem;
use crate::planning::evenings::Evenings;
use crate::report::{self, By, Question};
use crate::store::completion::Clock;
use crate::store::survey::AreaRow;

/// Areas with more cases show no pace: every field day would be counted from every case.
pub const MOST_CASES: i64 = 100_000;
/// Days the averages are taken over: weekdays, weekend days.
const LATELY: [usize; 2] = [3, 2];

/// The evenings left of an area, and what the pace is made from.
pub struct Ground<'a> {
    /// What was done and due by the end of each day so far.
    pub days: &'a [(Date, i64, i64)],
    /// The days left.
    pub left: &'a [Date],
    /// The first day that is not over.
    pub open_from: Date,
    /// The first and the last field day.
    pub field: (Date, Date),
    /// Whether a date counts as weekend.
    pub is_weekend: &'a dyn Fn(Date) -> bool,
}

/// The pace of an area.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Field evenings left, today included until its last shift is over: weekdays, weekend days.
    pub left: [i64; 2],
    /// Doors completed.
    pub done: i64,
    /// Doors due.
    pub due: i64,
    /// Doors an evening has to bring; none when no evening is left.
    pub needed: Option<i64>,
    /// Doors completed on an average weekday and weekend day of late, in tenths.
    pub lately: [Option<i64>; 2],
    /// Doors completed by the last evening at these averages.
    pub projected: Option<i64>,
    /// The evening on which the last door would be done at these averages.
    pub ends: Option<Date>,
    /// The last field day.
    pub last: Date,
}

/// The pace from what was done by the end of each day.
pub fn pace(g: &Ground<'_>, done: i64, due: i64) -> Pace {
    let remaining = (due - done).max(0);
    let n = i64::try_from(g.left.len()).unwrap_or(i64::MAX);
    let lately = [average(g, 0), average(g, 1)];
    let (mut tenths, mut ends) = (done * 10, None);
    let mut projected = None;
    for day in g.left {
        let kind = usize::from((g.is_weekend)(*day));
        let Some(gain) = lately[kind].or(lately[1 - kind]) else { break };
        tenths += gain;
        projected = Some((tenths / 10).min(due));
        if tenths >= due * 10 && ends.is_none() {
            ends = Some(*day);
        }
    }
    let weekend = i64::try_from(g.left.iter().filter(|d| (g.is_weekend)(**d)).count()).unwrap_or_default();
    Pace {
        left: [n - weekend, weekend],
        done,
        due,
        needed: (n > 0).then(|| (remaining + n - 1) / n),
        lately,
        projected: projected.filter(|_| remaining > 0),
        ends: ends.filter(|_| remaining > 0),
        last: g.field.1,
    }
}

/// Doors per day, in tenths, over the last days of a kind that are over; a day on which doors were lost counts as none.
fn average(g: &Ground<'_>, kind: usize) -> Option<i64> {
    let mut gains = Vec::new();
    let mut before = 0;
    for (day, done, _) in g.days {
        let is_field = *day >= g.field.0 && *day <= g.field.1 && *day < g.open_from;
        if is_field && usize::from((g.is_weekend)(*day)) == kind {
            gains.push((done - before).max(0));
        }
        before = *done;
    }
    let late = &gains[gains.len().saturating_sub(LATELY[kind])..];
    let n = i64::try_from(late.len()).ok().filter(|n| *n > 0)?;
    Some((late.iter().sum::<i64>() * 10 + n / 2) / n)
}

/// Whether so many doors of so many are worth a warning: a few are always left at the end.
pub fn falls_short(done: i64, of: i64) -> bool {
    done * 100 < of * 98
}

/// Tenths as shown.
fn shown(tenths: i64) -> String {
    if tenths < 100 { format!("{}.{}", tenths / 10, tenths % 10) } else { thousands((tenths + 5) / 10) }
}

impl Pace {
    /// Evenings left.
    pub fn evenings_left(&self) -> i64 {
        self.left[0] + self.left[1]
    }

    /// Doors that are due and not completed.
    pub fn remaining(&self) -> i64 {
        (self.due - self.done).max(0)
    }

    /// Whether the field time is over.
    pub fn is_over(&self) -> bool {
        self.evenings_left() == 0
    }

    /// Whether doors will be left at this pace, or are left.
    pub fn is_behind(&self) -> bool {
        self.remaining() > 0 && (self.is_over() || self.projected.is_some_and(|n| falls_short(n, self.due)))
    }

    /// The pace in words.
    pub fn sentence(&self, v: &Visitor) -> String {
        let words = v.words;
        let (remaining, due) = (thousands(self.remaining()), thousands(self.due));
        if self.remaining() == 0 {
            return words.say("pace.done", &[("due", &due)]);
        }
        let Some(needed) = self.needed else {
            return words.say("pace.over", &[("n", &remaining), ("due", &due)]);
        };
        let needed = thousands(needed);
        words.count(
            "pace.words",
            self.evenings_left(),
            &[("needed", &needed), ("left", &remaining), ("due", &due)],
        )
    }

    /// What the last evenings brought, in words.
    pub fn lately(&self, v: &Visitor) -> Option<String> {
        if self.is_over() || self.remaining() == 0 {
            return None;
        }
        let words = v.words;
        match self.lately.map(|n| n.map(shown)) {
            [Some(weekday), Some(weekend)] => {
                Some(words.say("pace.lately", &[("weekday", &weekday), ("weekend", &weekend)]))
            }
            [Some(n), None] => Some(words.say("pace.lately_weekday", &[("n", &n)])),
            [None, Some(n)] => Some(words.say("pace.lately_weekend", &[("n", &n)])),
            [None, None] => None,
        }
    }

    /// Where these averages lead, in words. It stands where no forecast does: beside one it would be a second opinion.
    pub fn end_sentence(&self, v: &Visitor) -> Option<String> {
        let words = v.words;
        if let Some(day) = self.ends {
            let due = thousands(self.due);
            return Some(words.say("pace.ends", &[("day", &v.when().day(day)), ("due", &due)]));
        }
        let rate = Rate { above: self.projected?, below: self.due };
        let day = v.when().day(self.last);
        Some(words.say("pace.falls_short", &[("rate", &rate.said()), ("day", &day)]))
    }
}

/// The pace of an area now, and the days it was made from.
pub async fn of(
    v: &Visitor,
    area: &AreaRow,
    evenings: &Evenings,
    (done, due): (i64, i64),
) -> Result<(Pace, Days), Problem> {
    let days = days(v, area).await?;
    Ok((at(v, area.range, evenings, &days, (done, due)), days))
}

fn at(v: &Visitor, range: AreaRange, evenings: &Evenings, days: &Days, (done, due): (i64, i64)) -> Pace {
    let calendar = &v.survey.rules.calendar;
    let today = calendar.local_date(v.now);
    let ground = Ground {
        days,
        left: &evenings.left(range),
        open_from: if evenings.is_today_over(range) {
            today.saturating_add(jiff::Span::new().days(1))
        } else {
            today
        },
        field: (v.survey.starts_on, v.survey.ends_on),
        is_weekend: &|day| calendar.is_weekend_date(day),
    };
    pace(&ground, done, due)
}

/// The days worth a row or a point: the field days, and of those after them only such as changed something, and the last.
fn worth_showing(mut days: Vec<(Date, i64, i64)>, last_field_day: Date) -> Vec<(Date, i64, i64)> {
    let mut before = None;
    let end = days.last().map(|d| d.0);
    days.retain(|(day, done, due)| {
        let is_same = before == Some((*done, *due));
        before = Some((*done, *due));
        *day <= last_field_day || !is_same || Some(*day) == end
    });
    days
}

/// What was done and due in an area by the end of each field day, by the clock of the field; kept for half a minute.
pub async fn days(v: &Visitor, area: &AreaRow) -> Result<Days, Problem> {
    let place = (v.caller.key, area.range);
    if let Some(known) = v.app.pages.days(place, v.now) {
        return Ok(known);
    }
    let question = Question { area: area.clone(), by: By::Day, at: None, clock: Clock::Event, now: v.now };
    let answer = report::completion(v.app.store(), &v.survey, &question).await?;
    let all = answer
        .rows
        .iter()
        .filter_map(|r| {
            let e = r.rates.enumeration;
            Some((r.code.parse::<Date>().ok()?, e.numerator, e.denominator))
        })
        .collect();
    let days: Days = Arc::new(worth_showing(all, v.survey.ends_on));
    v.app.pages.keep_days(place, v.now, Arc::clone(&days));
    Ok(days)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(d: i8) -> Date {
        jiff::civil::date(2020, 11, d)
    }

    /// 2020-11-01 was a Sunday.
    fn is_weekend(d: Date) -> bool {
        matches!(d.weekday(), jiff::civil::Weekday::Saturday | jiff::civil::Weekday::Sunday)
    }

    fn seen(days: &[(Date, i64, i64)], left: &[i8], open_from: i8, (done, due): (i64, i64)) -> Pace {
        let left: Vec<Date> = left.iter().map(|d| day(*d)).collect();
        let field = (day(1), day(15));
        pace(
            &Ground { days, left: &left, open_from: day(open_from), field, is_weekend: &is_weekend },
            done,
            due,
        )
    }

    /// Done by the end of each day from the 1st on.
    fn days(done: &[i64]) -> Vec<(Date, i64, i64)> {
        done.iter().zip(1..).map(|(n, d)| (day(d), *n, 500)).collect()
    }

    #[test]
    fn an_evening_has_to_bring_its_share_of_what_is_left() {
        let known = days(&[100, 180, 260, 290]);
        let p = seen(&known, &[4, 5, 6, 7], 4, (290, 500));
        assert_eq!((p.evenings_left(), p.remaining(), p.needed), (4, 210, Some(53)));
        // Today is not over: the weekdays before it brought 80 each, the Sunday 100.
        assert_eq!(p.lately, [Some(800), Some(1000)]);
        assert_eq!((p.ends, p.projected, p.is_behind()), (Some(day(6)), Some(500), false));
    }

    #[test]
    fn weekdays_and_weekends_are_weighed_apart() {
        // Sunday 200, then 20 each weekday, Saturday and Sunday 100 each.
        let known = days(&[200, 220, 240, 260, 280, 300, 400, 500]);
        let known: Vec<_> = known.into_iter().map(|(d, n, _)| (d, n, 900)).collect();
        let p = seen(&known, &[9, 10, 11, 12, 13, 14, 15], 9, (500, 900));
        assert_eq!((p.left, p.lately), ([5, 2], [Some(200), Some(1000)]));
        // Five weekdays bring 100 and two weekend days 200: the mean of the last three evenings would have said "in time".
        assert_eq!((p.projected, p.ends, p.is_behind()), (Some(800), None, true));
    }

    #[test]
    fn an_evening_that_is_over_counts_among_the_last_and_not_among_those_left() {
        let known = days(&[0, 10, 40]);
        let (before, after) = (seen(&known, &[3, 4], 3, (40, 100)), seen(&known, &[4], 4, (40, 100)));
        assert_eq!((before.evenings_left(), before.lately[0]), (2, Some(100)));
        assert_eq!((after.evenings_left(), after.lately[0]), (1, Some(200)));
    }

    #[test]
    fn the_first_evening_has_no_average_and_after_the_end_nothing_is_needed() {
        let p = seen(&[(day(1), 3, 10)], &[1, 2], 1, (3, 10));
        assert_eq!((p.lately, p.ends, p.projected, p.needed), ([None, None], None, None, Some(4)));
        let p = seen(&[(day(15), 3, 10)], &[], 16, (3, 10));
        assert_eq!((p.evenings_left(), p.needed, p.projected), (0, None, None));
        assert!(p.is_over() && p.is_behind());
        let p = seen(&[], &[1], 1, (0, 0));
        assert_eq!((p.remaining(), p.needed, p.is_behind()), (0, Some(0), false));
    }

    #[test]
    fn days_after_the_end_are_shown_where_they_changed_something() {
        let all = vec![
            (day(14), 1, 9),
            (day(15), 1, 9),
            (day(16), 1, 9),
            (day(17), 2, 9),
            (day(18), 2, 9),
            (day(19), 2, 9),
        ];
        let shown: Vec<i8> = worth_showing(all, day(15)).iter().map(|d| d.0.day()).collect();
        assert_eq!(shown, [14, 15, 17, 19]);
    }
}
