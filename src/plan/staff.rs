//! Who works when: the shifts of the planned day, and the staffed minutes of the days to come.
//! Calendar arithmetic only; it must not know doors.

use super::input::{DayInput, Enumerator};
use super::slot::{DayKind, EDGES, PER_DAY, PerSlot, SLOTS, Slot, instant, kind_of, wall};
use crate::domain::Rules;
use jiff::civil::{Date, Weekday};

/// One shift of one person on the planned day, wall-clock minutes.
#[derive(Clone, Debug, PartialEq)]
pub struct Turn {
    /// Index of the enumerator.
    pub who: usize,
    /// First minute.
    pub from: f64,
    /// Last minute.
    pub to: f64,
}

/// What is still to come after the moment of planning.
#[derive(Clone, Debug)]
pub struct Ahead {
    /// Field days after the planned one.
    pub days: f64,
    /// Share of field days that are over, 0 on the first morning.
    pub gone: f64,
    /// Staffed minutes per slot on the days after the planned one.
    pub later: PerSlot,
    /// Staffed minutes per slot on the planned day.
    pub today: PerSlot,
    /// Staffed days after the planned one: weekdays, weekend days.
    pub kinds: [u32; 2],
    /// The days after the planned one that are staffed, with their minutes per slot.
    pub dates: Vec<(Date, PerSlot)>,
}

impl Ahead {
    /// Looks at every field day after `day.on`; before the first nobody works.
    pub fn new(day: &DayInput) -> Self {
        let mut ahead = Self {
            days: 0.0,
            gone: 0.0,
            later: [0.0; SLOTS],
            today: left_today(day),
            kinds: [0; 2],
            dates: Vec::new(),
        };
        let eve = day.field.0.yesterday().unwrap_or(day.field.0);
        let mut date = day.on.max(eve);
        while let Ok(next) = date.tomorrow() {
            if next > day.field.1 {
                break;
            }
            date = next;
            ahead.days += 1.0;
            let minutes = minutes_on(day, date);
            if minutes.iter().sum::<f64>() > 0.0 {
                for (sum, m) in ahead.later.iter_mut().zip(&minutes) {
                    *sum += m;
                }
                ahead.kinds[usize::from(day.rules.calendar.is_weekend_date(date))] += 1;
                ahead.dates.push((date, minutes));
            }
        }
        let over = f64::from((day.on - day.field.0).get_days()).max(0.0);
        ahead.gone = (over / (over + ahead.days + 1.0)).clamp(0.0, 1.0);
        ahead
    }

    /// The same with the planned day counted as one of the days to come.
    #[must_use]
    pub fn with_today(&self, day: &DayInput) -> Self {
        let mut all = self.clone();
        let minutes = left_today(day);
        if minutes.iter().sum::<f64>() > 0.0 {
            for (sum, m) in all.later.iter_mut().zip(&minutes) {
                *sum += m;
            }
            all.kinds[usize::from(day.rules.calendar.is_weekend_date(day.on))] += 1;
            all.dates.insert(0, (day.on, minutes));
            all.days += 1.0;
        }
        all
    }
}

/// The shifts of a date, without what lies before `day.as_of`, by start, then person.
pub fn turns(day: &DayInput) -> Vec<Turn> {
    let (today, now) = wall(day.as_of, &day.rules.calendar);
    let begin = match today.cmp(&day.on) {
        std::cmp::Ordering::Less => 0.0,
        std::cmp::Ordering::Equal => now,
        std::cmp::Ordering::Greater => f64::INFINITY,
    };
    let mut turns: Vec<Turn> = Vec::new();
    for (who, e) in day.enumerators.iter().enumerate() {
        let free = e.doing.as_ref().map_or(begin, |d| {
            let (date, minute) = wall(d.free_at, &day.rules.calendar);
            if date == day.on { minute.max(begin) } else { begin }
        });
        for (from, to) in spans_on(e, day.on, day.rules) {
            let from = from.max(free);
            if to - from >= 1.0 {
                turns.push(Turn { who, from, to });
            }
        }
    }
    turns.sort_by(|a, b| a.from.total_cmp(&b.from).then(a.who.cmp(&b.who)));
    turns
}

/// Working spans of a person on a date, wall-clock minutes, in order.
pub fn spans_on(e: &Enumerator, date: Date, rules: &Rules) -> Vec<(f64, f64)> {
    if e.absent.contains(&date) {
        return Vec::new();
    }
    let Some(own) = &e.hours else {
        let usual = rules.calendar.shifts(date).iter();
        return usual.map(|s| (f64::from(s.from), f64::from(s.to))).collect();
    };
    let spans = match (kind_of(date, &rules.calendar), date.weekday()) {
        (DayKind::Weekday, _) => &own.weekday,
        (DayKind::Weekend, Weekday::Saturday) => &own.saturday,
        (DayKind::Weekend, _) => &own.sunday,
    };
    let mut spans: Vec<(f64, f64)> = spans
        .iter()
        .map(|(a, b)| (minute(*a), if minute(*b) == 0.0 { 1440.0 } else { minute(*b) }))
        .filter(|(a, b)| b > a)
        .collect();
    spans.sort_by(|a, b| a.0.total_cmp(&b.0));
    // Nobody is at work twice at the same time.
    spans.dedup_by(|next, one| {
        let overlap = next.0 < one.1;
        if overlap {
            one.1 = one.1.max(next.1);
        }
        overlap
    });
    spans
}

fn minute(time: jiff::civil::Time) -> f64 {
    f64::from(time.hour()) * 60.0 + f64::from(time.minute())
}

/// Staffed minutes per slot on a date, all staff together.
pub fn minutes_on(day: &DayInput, date: Date) -> PerSlot {
    let spans = day.enumerators.iter().flat_map(|e| spans_on(e, date, day.rules));
    per_slot(spans, kind_of(date, &day.rules.calendar))
}

/// The same for what is left of the planned day at `day.as_of`.
fn left_today(day: &DayInput) -> PerSlot {
    let spans = turns(day).into_iter().map(|t| (t.from, t.to));
    per_slot(spans, kind_of(day.on, &day.rules.calendar))
}

fn per_slot(spans: impl Iterator<Item = (f64, f64)>, kind: DayKind) -> PerSlot {
    let mut sum = [0.0; SLOTS];
    for (from, to) in spans {
        for k in 0..PER_DAY {
            let lo = if k == 0 { 0.0 } else { f64::from(EDGES[k]) };
            let hi = if k + 1 == PER_DAY { 1440.0 } else { f64::from(EDGES[k + 1]) };
            let slot = Slot::at(kind, f64::from(EDGES[k]));
            sum[slot.index()] += (to.min(hi) - from.max(lo)).max(0.0);
        }
    }
    sum
}

/// Whether an area code is within a person's areas.
pub fn may_work(e: &Enumerator, area: &str) -> bool {
    e.areas.as_ref().is_none_or(|codes| codes.iter().any(|c| &**c == area))
}

/// A span of minutes on the planned day as instants.
pub fn shift_of(turn: &Turn, day: &DayInput) -> super::sheet::Shift {
    let at = |m| instant(day.on, m, &day.rules.calendar);
    super::sheet::Shift { from: at(turn.from), to: at(turn.to) }
}
