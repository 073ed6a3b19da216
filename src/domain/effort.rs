//! The effort made at a door: which visits are counted attempts, what of the rule is still missing, what was never tried.

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};

use super::case::{Cell, Counted};
use super::code::{Channel, EffortPart};
use super::facts::Seen;
use super::rules::Rules;

/// More bands than this are refused by the policy's rules; later ones would share the last bit.
const MOST_BANDS: usize = 8;

/// The effort made.
#[derive(Clone, Debug, Default)]
pub(super) struct Effort {
    pub counted: Counted,
    /// The counted attempts, as indices into the visits they were measured from.
    pub attempts: Vec<usize>,
    pub last_at: Option<Timestamp>,
    last_day: Option<Date>,
    tried: u32,
    measured: usize,
}

impl Effort {
    /// Measures visits that are in time order: in person, outcome not excluded, and the policy's gap after the last
    /// counted one (greedy).
    pub fn measure(visits: &[Seen], rules: &Rules) -> Self {
        let mut effort = Self::default();
        effort.go_on(visits, rules);
        effort
    }

    /// Goes on with the visits that came behind those measured so far.
    pub fn go_on(&mut self, visits: &[Seen], rules: &Rules) {
        let gap = SignedDuration::from_mins(i64::from(rules.policy.attempt.min_gap_minutes));
        for (position, seen) in visits.iter().enumerate().skip(self.measured) {
            let is_too_soon = self.last_at.is_some_and(|last| seen.visit.at.duration_since(last) < gap);
            if seen.visit.channel != Channel::InPerson || !rules.counts(seen.visit.outcome) || is_too_soon {
                continue;
            }
            self.attempts.push(position);
            self.last_at = Some(seen.visit.at);
            let counted = &mut self.counted;
            counted.attempts += 1;
            counted.days += u32::from(self.last_day != Some(seen.local.date));
            self.last_day = Some(seen.local.date);
            counted.weekend += u32::from(seen.local.is_weekend);
            if let Some(band) = seen.local.band {
                counted.evening += u32::from(rules.calendar.evening() == Some(band));
                self.tried |= bit(Cell { weekend: seen.local.is_weekend, band });
            }
        }
        self.measured = visits.len();
        let bands = (self.tried | self.tried >> MOST_BANDS) & ((1 << MOST_BANDS) - 1);
        self.counted.bands = bands.count_ones();
    }

    /// The cells without a counted attempt: weekday before weekend, then by band.
    pub fn untried(&self, rules: &Rules) -> Vec<Cell> {
        let bands = rules.calendar.bands().len();
        let mut cells = Vec::with_capacity(2 * bands);
        for weekend in [false, true] {
            let open =
                (0..bands).map(|band| Cell { weekend, band }).filter(|cell| self.tried & bit(*cell) == 0);
            cells.extend(open);
        }
        cells
    }
}

/// The parts of the effort rule that are still missing; empty = a proxy may be asked.
pub fn unmet(counted: Counted, rules: &Rules) -> Vec<EffortPart> {
    let rule = &rules.policy.closing;
    let missing = [
        (EffortPart::Attempts, counted.attempts < rule.min_attempts),
        (EffortPart::Days, counted.days < rule.min_distinct_days),
        (EffortPart::Bands, counted.bands < rule.min_time_bands),
        (EffortPart::Evening, counted.evening < rule.min_evening),
        (EffortPart::Weekend, counted.weekend < rule.min_weekend),
    ];
    missing.into_iter().filter(|(_, is_missing)| *is_missing).map(|(part, _)| part).collect()
}

/// Parts of the effort rule that were missing at some time, as one number; its bits are kept by the database and never change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unmet(i16);

impl Unmet {
    /// The parts in one number.
    pub fn of(parts: &[EffortPart]) -> Self {
        Self(parts.iter().fold(0, |bits, part| bits | Self::bit(*part)))
    }

    /// The parts in the order in which they are listed.
    pub fn parts(self) -> Vec<EffortPart> {
        EffortPart::ALL.iter().copied().filter(|part| self.0 & Self::bit(*part) != 0).collect()
    }

    /// The number under which the database keeps them.
    pub const fn number(self) -> i16 {
        self.0
    }

    /// The parts of that number; bits of no part say nothing.
    pub const fn from_number(number: i16) -> Option<Self> {
        Some(Self(number))
    }

    const fn bit(part: EffortPart) -> i16 {
        match part {
            EffortPart::Attempts => 1,
            EffortPart::Days => 2,
            EffortPart::Bands => 4,
            EffortPart::Evening => 8,
            EffortPart::Weekend => 16,
        }
    }
}

fn bit(cell: Cell) -> u32 {
    let band = cell.band.min(MOST_BANDS - 1);
    1 << if cell.weekend { band + MOST_BANDS } else { band }
}
