//! The clock of the at-home model: thirteen stretches of a day, once for weekdays and once for weekends.
//! Only arithmetic on wall-clock minutes; it must not know doors, visits or shifts.

use crate::domain::Calendar;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// Stretches in one day.
pub const PER_DAY: usize = 13;
/// Stretches in both kinds of day.
pub const SLOTS: usize = 2 * PER_DAY;
/// Borders of the stretches, wall-clock minutes since midnight.
pub const EDGES: [u16; PER_DAY + 1] =
    [480, 600, 720, 840, 960, 1020, 1080, 1110, 1140, 1170, 1200, 1230, 1260, 1290];

/// A value for every slot, weekdays first.
pub type PerSlot = [f64; SLOTS];

/// Weekday or weekend, as the survey's calendar sees the date.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DayKind {
    /// A working day, also a Saturday that was made one.
    Weekday,
    /// Saturday, Sunday or a holiday.
    Weekend,
}

/// Stretches in which repeated misses say much the same about a door.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    /// Weekday before 18:00.
    Day,
    /// Weekday from 18:00.
    Evening,
    /// Weekend, any hour.
    Weekend,
}

/// One stretch of one kind of day: `0..13` weekday, `13..26` weekend.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot(u8);

impl Slot {
    /// All slots in order.
    pub fn all() -> impl Iterator<Item = Self> {
        (0u8..26).map(Self)
    }

    /// The slot of a wall-clock minute; hours before the first edge use the first stretch, later ones the last.
    pub fn at(kind: DayKind, minute: f64) -> Self {
        let k = EDGES[1..PER_DAY].iter().take_while(|edge| minute >= f64::from(**edge)).count();
        let base = match kind {
            DayKind::Weekday => 0,
            DayKind::Weekend => PER_DAY,
        };
        Self(u8::try_from(base + k).unwrap_or(0))
    }

    /// Position in a [`PerSlot`].
    pub fn index(self) -> usize {
        usize::from(self.0)
    }

    /// Position inside its own day, `0..13`.
    pub fn of_day(self) -> usize {
        self.index() % PER_DAY
    }

    /// Weekday or weekend.
    pub fn kind(self) -> DayKind {
        if self.index() < PER_DAY { DayKind::Weekday } else { DayKind::Weekend }
    }

    /// The group in which misses repeat themselves.
    pub fn group(self) -> Group {
        match (self.kind(), self.of_day() < 6) {
            (DayKind::Weekday, true) => Group::Day,
            (DayKind::Weekday, false) => Group::Evening,
            (DayKind::Weekend, _) => Group::Weekend,
        }
    }

    /// First and last minute (exclusive) of the stretch.
    pub fn span(self) -> (u16, u16) {
        (EDGES[self.of_day()], EDGES[self.of_day() + 1])
    }

    /// Slots of the same kind of day at distance 0, 1 and 2 with the weights 1, 0.5 and 0.2.
    pub fn neighbours(self) -> impl Iterator<Item = (Self, f64)> {
        let (here, base) = (self.of_day(), self.index() - self.of_day());
        (here.saturating_sub(2)..(here + 3).min(PER_DAY)).map(move |k| {
            let weight = match k.abs_diff(here) {
                0 => 1.0,
                1 => 0.5,
                _ => 0.2,
            };
            (Self(u8::try_from(base + k).unwrap_or(0)), weight)
        })
    }
}

/// Kind of day of a local date.
pub fn kind_of(date: Date, calendar: &Calendar) -> DayKind {
    let noon = date.at(12, 0, 0, 0).to_zoned(calendar.tz.clone()).map(|z| z.timestamp());
    match noon {
        Ok(at) if calendar.is_weekend(at) => DayKind::Weekend,
        Ok(_) | Err(_) => DayKind::Weekday,
    }
}

/// Local date and wall-clock minute of an instant.
pub fn wall(at: Timestamp, calendar: &Calendar) -> (Date, f64) {
    let z = at.to_zoned(calendar.tz.clone());
    let minute = f64::from(z.hour()) * 60.0 + f64::from(z.minute()) + f64::from(z.second()) / 60.0;
    (z.date(), minute)
}

/// The instant of a wall-clock minute on a local date; minutes past midnight run into the next day.
pub fn instant(date: Date, minute: f64, calendar: &Calendar) -> Timestamp {
    let start = calendar.day_start(date);
    #[expect(clippy::cast_possible_truncation, reason = "minutes of one or two days, far inside i64")]
    let whole = minute.max(0.0).floor() as i64;
    let (days, rest) = (whole / 1440, whole % 1440);
    let (h, m) = (i8::try_from(rest / 60).unwrap_or(0), i8::try_from(rest % 60).unwrap_or(0));
    let civil = jiff::Span::new().try_days(days).ok().and_then(|s| date.checked_add(s).ok()).unwrap_or(date);
    civil.at(h, m, 0, 0).to_zoned(calendar.tz.clone()).map_or(start, |z| z.timestamp())
}

/// The slot of an instant.
pub fn slot_at(at: Timestamp, calendar: &Calendar) -> Slot {
    let (date, minute) = wall(at, calendar);
    Slot::at(kind_of(date, calendar), minute)
}

/// Text of a minute, `19:30`.
pub fn clock(minute: f64) -> String {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "minutes of a day, never negative"
    )]
    let m = minute.max(0.0).round() as u32;
    format!("{:02}:{:02}", m / 60, m % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn borders_are_half_open_and_the_ends_stretch() {
        for (minute, want) in
            [(0.0, 0), (479.0, 0), (600.0, 1), (1109.9, 6), (1110.0, 7), (1289.0, 12), (1439.0, 12)]
        {
            assert_eq!(Slot::at(DayKind::Weekday, minute).index(), want, "minute {minute}");
            assert_eq!(Slot::at(DayKind::Weekend, minute).index(), want + 13, "minute {minute}");
        }
    }

    #[test]
    fn neighbours_stay_in_their_day() {
        let first: Vec<_> = Slot(13).neighbours().map(|(s, w)| (s.index(), w)).collect();
        assert_eq!(first, vec![(13, 1.0), (14, 0.5), (15, 0.2)]);
        let last: Vec<_> = Slot(12).neighbours().map(|(s, _)| s.index()).collect();
        assert_eq!(last, vec![10, 11, 12]);
    }

    #[test]
    fn a_clock_face_is_padded() {
        assert_eq!((clock(545.2), clock(1170.0)), ("09:05".into(), "19:30".into()));
    }
}
