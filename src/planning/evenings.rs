//! Which field days are left for an area: those on which somebody who works there is still to be on duty.

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};

use super::input::hours;
use crate::domain::rules::Span;
use crate::domain::{AreaRange, Calendar, Role};
use crate::plan::Hours;
use crate::store::survey::Areas;
use crate::store::{Error, Store};
use crate::surveys::Survey;

/// The hours on duty of everybody who works in an area or a part of it, from now to the last field day.
pub struct Evenings {
    calendar: Calendar,
    now: Timestamp,
    first: Date,
    last: Date,
    people: Vec<Person>,
}

struct Person {
    range: AreaRange,
    hours: Hours,
    changed: Vec<(Date, Vec<Span>)>,
}

impl Evenings {
    /// Reads the hours of those who work in a range of areas.
    pub async fn read(
        store: &Store,
        survey: &Survey,
        range: AreaRange,
        now: Timestamp,
    ) -> Result<Self, Error> {
        let calendar = survey.rules.calendar.clone();
        let first = calendar.local_date(now).max(survey.starts_on);
        let last = survey.ends_on;
        let staff = store.staff(survey.key, range).await?;
        let working: Vec<_> = staff.iter().filter(|s| s.role == Role::Enumerator).collect();
        let mut codes: Vec<String> = working.iter().map(|s| s.area.clone()).collect();
        codes.sort_unstable();
        codes.dedup();
        let areas = store.areas(survey.key, Areas::Codes(codes)).await?;
        let changed =
            if first > last { Vec::new() } else { store.overrides(survey.key, first, last).await? };
        let people = working
            .into_iter()
            .filter_map(|s| {
                let range = areas.iter().find(|a| a.code == s.area)?.range;
                let own = changed.iter().filter(|o| o.user == s.user);
                let changed = own
                    .map(|o| (o.on, serde_json::from_value(o.spans.clone()).unwrap_or_default()))
                    .collect();
                Some(Person { range, hours: hours(survey, s), changed })
            })
            .collect();
        Ok(Self { calendar, now, first, last, people })
    }

    /// The days left for a range of areas, today only while somebody's shift there is not over. An area without enumerators
    /// has the survey's usual hours.
    pub fn left(&self, range: AreaRange) -> Vec<Date> {
        let near: Vec<&Person> =
            self.people.iter().filter(|p| p.range.contains(range.lo) || range.contains(p.range.lo)).collect();
        let mut days = Vec::new();
        let mut day = self.first;
        while day <= self.last {
            if self.end_of(&near, day).is_some_and(|minute| self.calendar.moment(day, minute) > self.now) {
                days.push(day);
            }
            day = day.saturating_add(1.day());
        }
        days
    }

    /// Whether today's work in a range of areas is over.
    pub fn is_today_over(&self, range: AreaRange) -> bool {
        self.left(range).first().is_none_or(|day| *day > self.calendar.local_date(self.now))
    }

    /// Minute since midnight at which the last shift of a day ends.
    fn end_of(&self, people: &[&Person], day: Date) -> Option<u16> {
        if people.is_empty() {
            return self.calendar.shifts(day).iter().map(|span| span.to).max();
        }
        people.iter().filter_map(|p| p.end_of(&self.calendar, day)).max()
    }
}

impl Person {
    fn end_of(&self, calendar: &Calendar, day: Date) -> Option<u16> {
        if let Some((_, spans)) = self.changed.iter().find(|(on, _)| *on == day) {
            return spans.iter().map(|span| span.to).max();
        }
        let usual = match (calendar.is_weekend_date(day), day.weekday()) {
            (false, _) => &self.hours.weekday,
            (true, jiff::civil::Weekday::Saturday) => &self.hours.saturday,
            (true, _) => &self.hours.sunday,
        };
        let minute = |t: jiff::civil::Time| {
            u16::try_from(i32::from(t.hour()) * 60 + i32::from(t.minute())).unwrap_or_default()
        };
        usual.iter().map(|(_, to)| minute(*to)).max()
    }
}
