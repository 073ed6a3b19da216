//! The closing rule seen from today: what would be missing after one more visit, and whether the days left can hold
//! it. Counting only; how much that matters is weighed elsewhere.

use super::slot::{DayKind, PerSlot, Slot};
use super::staff::Ahead;
use crate::domain::{EffortPart, Rules, Standing};

/// What is missing of the rule, as numbers of visits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Missing {
    /// Attempts.
    pub attempts: u32,
    /// Further days.
    pub days: u32,
    /// Further bands.
    pub bands: u32,
    /// Evening visits.
    pub evening: u32,
    /// Weekend visits.
    pub weekend: u32,
}

impl Missing {
    /// What a standing lacks.
    pub fn of(standing: &Standing, rules: &Rules) -> Self {
        let (closing, counted) = (&rules.policy.closing, &standing.counted);
        let has = |part| standing.unmet.contains(&part);
        let lack = |part, due: u32, done: u32| {
            if has(part) { due.saturating_sub(done).max(1) } else { 0 }
        };
        Self {
            attempts: lack(EffortPart::Attempts, closing.min_attempts, counted.attempts),
            days: lack(EffortPart::Days, closing.min_distinct_days, counted.days),
            bands: lack(EffortPart::Bands, closing.min_time_bands, counted.bands),
            evening: lack(EffortPart::Evening, closing.min_evening, counted.evening),
            weekend: lack(EffortPart::Weekend, closing.min_weekend, counted.weekend),
        }
    }

    /// Nothing is missing.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// What is missing after a visit on a day not used before.
    #[must_use]
    pub fn after(&self, slot: Slot, standing: &Standing, rules: &Rules) -> Self {
        let band = band_of(slot, rules);
        let fresh = band.is_some_and(|b| is_untried(b, standing));
        let less = |n: u32, hit: bool| n.saturating_sub(u32::from(hit));
        Self {
            attempts: less(self.attempts, true),
            days: less(self.days, true),
            bands: less(self.bands, fresh),
            evening: less(self.evening, band.is_some() && band == rules.calendar.evening()),
            weekend: less(self.weekend, slot.kind() == DayKind::Weekend),
        }
    }

    /// Fewest visits that bring all of it; evening and weekend fall together where weekend evenings are staffed.
    pub fn visits(&self, later: &PerSlot, rules: &Rules) -> u32 {
        let together = Slot::all()
            .any(|s| s.kind() == DayKind::Weekend && is_evening(s, rules) && later[s.index()] > 0.0);
        let hours = if together { self.evening.max(self.weekend) } else { self.evening + self.weekend };
        self.attempts.max(self.days).max(self.bands).max(hours)
    }

    /// Whether the staffed days after today can hold it, one visit a day.
    pub fn fits(&self, ahead: &Ahead, rules: &Rules) -> bool {
        self.spare_days(ahead, rules).is_some()
    }

    /// Days that may pass without a visit and still leave room for everything; `None`: there is no room.
    pub fn spare_days(&self, ahead: &Ahead, rules: &Rules) -> Option<u32> {
        let days = ahead.kinds[0] + ahead.kinds[1];
        let evenings = count(ahead, |s| is_evening(s, rules));
        let bands = bands_ahead(ahead, rules);
        let need = self.visits(&ahead.later, rules);
        let room = [
            days.checked_sub(need),
            ahead.kinds[1].checked_sub(self.weekend),
            evenings.checked_sub(self.evening),
            bands.checked_sub(self.bands),
        ];
        let tight = room.into_iter().try_fold(u32::MAX, |least, r| r.map(|r| least.min(r)))?;
        Some(if self.is_none() { days } else { tight.min(days - need) })
    }
}

fn count(ahead: &Ahead, wanted: impl Fn(Slot) -> bool) -> u32 {
    let has = |minutes: &PerSlot| Slot::all().any(|s| wanted(s) && minutes[s.index()] > 0.0);
    u32::try_from(ahead.dates.iter().filter(|(_, m)| has(m)).count()).unwrap_or(u32::MAX)
}

fn bands_ahead(ahead: &Ahead, rules: &Rules) -> u32 {
    let staffed =
        |band: usize| Slot::all().any(|s| band_of(s, rules) == Some(band) && ahead.later[s.index()] > 0.0);
    u32::try_from((0..rules.calendar.bands().len()).filter(|b| staffed(*b)).count()).unwrap_or(u32::MAX)
}

/// The policy's band in which most of a slot lies.
pub fn band_of(slot: Slot, rules: &Rules) -> Option<usize> {
    let (from, to) = slot.span();
    let middle = u16::midpoint(from, to);
    rules.calendar.bands().iter().position(|b| b.from <= middle && middle < b.to)
}

/// Whether a slot lies in the band called evening.
pub fn is_evening(slot: Slot, rules: &Rules) -> bool {
    rules.calendar.evening().is_some() && band_of(slot, rules) == rules.calendar.evening()
}

/// No counted attempt in the band yet, on weekdays or weekends.
pub fn is_untried(band: usize, standing: &Standing) -> bool {
    standing.untried.iter().filter(|cell| cell.band == band).count() == 2
}
