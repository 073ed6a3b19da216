//! Gathers the numbers behind a stop's reason. Wording is next door.

use super::ground::Ground;
use super::input::{DayInput, Door, PastVisit};
use super::knock::{Met, met};
use super::model::{BestStretch, best_stretch};
use super::reason::{Best, BestPlace, Cause, Grounds, Pattern};
use super::sheet::StopAction;
use super::slot::{DayKind, PerSlot, SLOTS, kind_of, wall};
use super::stairwise::Insight;
use crate::domain::{Class, Informant, State};
use jiff::civil::Date;

/// Fewest knocks a claim about good hours may rest on.
pub const CLAIM_KNOCKS: f64 = 15.0;
/// How much the good hours must beat the rest of the day.
pub const CLAIM_LEAD: f64 = 0.08;

/// Looks up reasons for one day; claims about buildings are worked out once.
pub struct Reasons<'a> {
    day: &'a DayInput<'a>,
    ground: &'a Ground,
    buildings: Vec<Option<Best>>,
}

impl<'a> Reasons<'a> {
    /// Works out what can be said about each building.
    pub fn new(day: &'a DayInput<'a>, insight: &'a Insight) -> Self {
        let (ground, model) = (&insight.ground, &insight.model);
        let (kind, staffed) = (kind_of(day.on, &day.rules.calendar), &insight.ahead.today);
        let mut knocks = vec![0.0; ground.areas.len()];
        for (b, counts) in ground.buildings.iter().zip(&insight.history.buildings) {
            knocks[b.area_no] += of_kind(&counts.knocks, kind);
        }
        let area = |a: usize| {
            claim(&model.area(a), knocks[a], kind, staffed).map(|h| best(BestPlace::Area, h, knocks[a]))
        };
        let areas: Vec<Option<Best>> = (0..ground.areas.len()).map(area).collect();
        let building = |b: usize| {
            let knocks = of_kind(&insight.history.buildings[b].knocks, kind);
            let place = BestPlace::Building(ground.buildings[b].name.clone());
            let own = claim(&model.building(b), knocks, kind, staffed).map(|h| best(place, h, knocks));
            own.or_else(|| areas[ground.buildings[b].area_no].clone())
        };
        Self { day, ground, buildings: (0..ground.buildings.len()).map(building).collect() }
    }

    /// The grounds of an ordinary stop; `open` = doors of the staircase on the list, `first` = agreed for before, and not kept so far.
    pub fn of(&self, door: usize, action: StopAction, first: bool, open: usize) -> Grounds {
        let d = &self.day.doors[door];
        let cause = self.cause(d, action, first, open);
        let best = match cause {
            Cause::Again { .. } | Cause::First { .. } | Cause::Partial { .. } => {
                self.buildings[self.ground.stairs[self.ground.stair_of[door]].building].clone()
            }
            Cause::Agreed { .. }
            | Cause::AgreedBefore { .. }
            | Cause::WeMissed { .. }
            | Cause::Convert { .. }
            | Cause::Claimed { .. }
            | Cause::ProxyAllowed
            | Cause::UsedUp => None,
        };
        Grounds { attempts: attempts(d), cause, missing: d.standing.unmet.clone(), best }
    }

    /// The grounds of an appointment.
    pub fn agreed(&self, door: usize) -> Grounds {
        let d = &self.day.doors[door];
        let cause = match d.standing.appointment {
            Some(w) => {
                let (on, minute) = wall(w.from, &self.day.rules.calendar);
                Cause::Agreed { on, minute }
            }
            None => Cause::Again { pattern: Pattern::Mixed },
        };
        Grounds { attempts: attempts(d), cause, missing: d.standing.unmet.clone(), best: None }
    }

    fn cause(&self, d: &Door, action: StopAction, first: bool, open: usize) -> Cause {
        if let (true, Some(w)) = (first, d.standing.appointment) {
            let (on, minute) = wall(w.from, &self.day.rules.calendar);
            return if d.standing.is_appointment_missed(self.day.rules, self.day.now) {
                Cause::WeMissed { on, minute }
            } else {
                Cause::AgreedBefore { on, minute }
            };
        }
        match action {
            StopAction::Confirm => {
                let claim = d.visits.iter().filter(|v| v.outcome.class() == Class::NE).max_by_key(|v| v.at);
                claim.map_or(Cause::UsedUp, |v| Cause::Claimed { on: self.date(v), by: v.informant })
            }
            StopAction::Proxy if d.standing.is_cap_reached() => Cause::UsedUp,
            StopAction::Proxy | StopAction::VisitThenProxy => Cause::ProxyAllowed,
            StopAction::Visit | StopAction::VisitAt => self.visit_cause(d, open),
        }
    }

    fn visit_cause(&self, d: &Door, open: usize) -> Cause {
        let Some(last) = d.visits.iter().max_by_key(|v| v.at) else {
            return Cause::First { open };
        };
        let refusal = d.visits.iter().filter(|v| v.outcome.class() == Class::R).max_by_key(|v| v.at);
        match refusal {
            Some(v) if !d.standing.refused_by.is_empty() => {
                Cause::Convert { by: v.enumerator.clone(), on: self.date(v) }
            }
            Some(_) | None if d.standing.state == State::Partial => Cause::Partial { on: self.date(last) },
            Some(_) | None => Cause::Again { pattern: self.pattern(d) },
        }
    }

    fn date(&self, visit: &PastVisit) -> Date {
        wall(visit.at, &self.day.rules.calendar).0
    }

    /// What the counted knocks have in common.
    fn pattern(&self, d: &Door) -> Pattern {
        let calendar = &self.day.rules.calendar;
        let times: Vec<(DayKind, f64)> = d
            .visits
            .iter()
            .filter(|v| v.informant == Informant::None && met(v.outcome).is_some_and(|m| m != Met::Somebody))
            .map(|v| {
                let (date, minute) = wall(v.at, calendar);
                (kind_of(date, calendar), minute)
            })
            .collect();
        let counted = usize::try_from(attempts(d)).unwrap_or(usize::MAX);
        if times.is_empty() || times.len() != counted {
            return Pattern::Mixed;
        }
        let weekdays = times.iter().all(|t| t.0 == DayKind::Weekday);
        let latest = times.iter().map(|t| t.1).fold(0.0, f64::max);
        if times.iter().all(|t| t.0 == DayKind::Weekend) {
            Pattern::Weekends
        } else if weekdays && latest < 1080.0 {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an hour of the day")]
            let hour = (latest / 60.0).floor() as u16 + 1;
            Pattern::Before(hour)
        } else if weekdays && times.iter().all(|t| t.1 >= 1080.0) {
            Pattern::Evenings
        } else {
            Pattern::Mixed
        }
    }
}

fn attempts(d: &Door) -> u32 {
    d.standing.counted.attempts
}

fn claim(level: &PerSlot, knocks: f64, kind: DayKind, staffed: &PerSlot) -> Option<BestStretch> {
    if knocks < CLAIM_KNOCKS {
        return None;
    }
    best_stretch(level, kind, staffed).filter(|b| b.chance - b.mean >= CLAIM_LEAD)
}

fn best(place: BestPlace, hours: BestStretch, knocks: f64) -> Best {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of knocks")]
    Best { place, hours, knocks: knocks as u32 }
}

fn of_kind(knocks: &PerSlot, kind: DayKind) -> f64 {
    let half = SLOTS / 2;
    match kind {
        DayKind::Weekday => knocks[..half].iter().sum(),
        DayKind::Weekend => knocks[half..].iter().sum(),
    }
}
