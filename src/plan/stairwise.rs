//! The planner in use: fit the model, find what may be done, place appointments, fill shifts, write sheets.
//! It only joins the parts; each part's rules live in its own file.

use super::frailty::Frailty;
use super::ground::Ground;
use super::grounds::Reasons;
use super::input::DayInput;
use super::load::Load;
use super::model::{AtHome, History};
use super::pins::{Pin, Pins, place};
use super::rates::Learnt;
use super::reason::line;
use super::route::{Leg, Round, Route};
use super::sheet::{Pinned, Sheet, Spare, Stop, StopAction};
use super::slot::{DayKind, Slot, instant};
use super::staff::{Ahead, Turn, shift_of, turns};
use super::tasks::work;
use super::types::{Settings, Types};
use super::worth::{Scales, Task, Tuning};
use crate::domain::Language;
use std::sync::Arc;

/// Rounds in which the price of a minute is found.
const PRICE_ROUNDS: usize = 4;
/// Share of idle time at which a day counts as full.
const IDLE_OK: f64 = 0.03;

/// What decides about a day's sheets.
pub trait Planner {
    /// One sheet per shift of the day, by start of shift, then enumerator.
    fn plan(&self, day: &DayInput) -> Vec<Sheet>;
}

/// Which at-home model a planner works with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Brain {
    /// Latent types of households.
    #[default]
    Types,
    /// Shrunken levels and frailty.
    Frailty,
    /// Prior chances and a door's own misses; learns nothing about hours.
    Prior,
}

/// Staircases by value per minute.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stairwise {
    /// Constants.
    pub tuning: Tuning,
    /// Model.
    pub brain: Brain,
}

/// A day understood: everything between the input and the sheets.
#[derive(Clone)]
pub struct Insight {
    /// Buildings and staircases.
    pub ground: Ground,
    /// Knocks.
    pub history: History,
    /// The fitted model.
    pub model: Arc<dyn AtHome>,
    /// Rates and minutes.
    pub learnt: Learnt,
    /// Time to come.
    pub ahead: Ahead,
    /// Which model it is.
    pub brain: Brain,
}

impl Insight {
    /// Reads `day` and fits the model.
    pub fn new(day: &DayInput, brain: Brain) -> Self {
        Self::with(day, brain, Settings::default())
    }

    /// The same with other strengths of the latent-type model.
    pub fn with(day: &DayInput, brain: Brain, settings: Settings) -> Self {
        let ground = Ground::new(&day.doors, &day.rules.policy.minutes);
        let history = History::new(day, &ground);
        let model: Arc<dyn AtHome> = match brain {
            Brain::Types => Arc::new(Types::fit(&ground, &history, settings)),
            Brain::Frailty => Arc::new(Frailty::fit(&ground, &history)),
            Brain::Prior => Arc::new(Frailty::prior_only(&ground, &history)),
        };
        Self { learnt: Learnt::new(day, &ground), ahead: Ahead::new(day), ground, history, model, brain }
    }
}

impl Brain {
    /// Short name.
    pub fn slug(self) -> &'static str {
        match self {
            Self::Types => "types",
            Self::Frailty => "frailty",
            Self::Prior => "prior",
        }
    }
}

impl Planner for Stairwise {
    fn plan(&self, day: &DayInput) -> Vec<Sheet> {
        self.plan_with(day, &Insight::new(day, self.brain))
    }
}

impl Stairwise {
    /// The sheets of a day already read.
    pub fn plan_with(&self, day: &DayInput, insight: &Insight) -> Vec<Sheet> {
        let belief = |door| insight.model.belief(door);
        let load = Load::new(day, insight, &|door| (belief(door), 1.0));
        let scales = Scales::new(&self.tuning, insight, day.rules, load.slack());
        let work = work(day, insight, &scales, &belief);
        let turns = turns(day);
        let pins = place(&work.agreed, &turns, day);
        let round = Round::new(day, &insight.ground, &work.tasks, &turns, &pins, &self.tuning);
        let mut routes = self.routes(&round);
        round.start_late(&mut routes);
        let reasons = Reasons::new(day, insight);
        let writer = Writer { day, round: &round, reasons: &reasons, pins: &pins, turns: &turns };
        routes.iter().enumerate().map(|(t, route)| writer.sheet(t, route)).collect()
    }
}

impl Stairwise {
    /// Fills the turns at the price at which time is just used up.
    pub fn routes(&self, round: &Round) -> Vec<Route> {
        let mut price = self.tuning.price;
        let mut routes = round.fill(price);
        for _ in 0..PRICE_ROUNDS {
            price = self.next_price(price, round, &routes);
            routes = round.fill(price);
        }
        routes
    }

    /// The same in one go at a price known from another day, which is brought up to date.
    pub fn routes_at(&self, price: &mut f64, round: &Round) -> Vec<Route> {
        let routes = round.fill(*price);
        *price = self.next_price(*price, round, &routes);
        routes
    }

    /// Part of what a minute achieved; less where time is left over.
    fn next_price(&self, price: f64, round: &Round, routes: &[Route]) -> f64 {
        let idle = round.idle(routes);
        let fair = self.tuning.price_share * round.achieved(routes);
        if idle < IDLE_OK { fair } else { fair.min(price) * (1.0 - idle).powi(4) * 0.8 }
    }
}

struct Writer<'a> {
    day: &'a DayInput<'a>,
    round: &'a Round<'a>,
    reasons: &'a Reasons<'a>,
    pins: &'a Pins,
    turns: &'a [Turn],
}

impl Writer<'_> {
    fn sheet(&self, turn: usize, route: &Route) -> Sheet {
        let t = &self.turns[turn];
        let pinned = self.pins.kept.iter().filter(|p| p.turn == turn);
        let mut stops: Vec<Stop> = pinned.map(|p| self.pin(p)).collect();
        let mut walk: Vec<Stop> = route.legs.iter().map(|leg| self.stop(turn, leg)).collect();
        if let (Some(minute), Some(stop)) = (route.wait_until, walk.first_mut()) {
            stop.from = Some(instant(self.day.on, minute, &self.day.rules.calendar));
        }
        stops.extend(walk);
        Sheet {
            user: self.day.enumerators[t.who].user.clone(),
            shift: shift_of(t, self.day),
            minutes: (route.end - t.from).max(0.0),
            stops,
        }
    }

    fn pin(&self, p: &Pin) -> Stop {
        let grounds = self.reasons.agreed(p.door);
        let at = |m| instant(self.day.on, m, &self.day.rules.calendar);
        self.write(p.door, StopAction::VisitAt, grounds, 0.9, at(p.at)).during(
            Some(at(p.at)),
            Some(at(p.to)),
            Pinned::Yes,
        )
    }

    fn stop(&self, turn: usize, leg: &Leg) -> Stop {
        let task: &Task = &self.round.tasks[leg.task];
        let kind: DayKind = self.round.kind;
        let open = self.round.by_stair[self.round.ground.stair_of[task.door]].len();
        let slot = Slot::at(kind, leg.at);
        let action = task.action_at(slot);
        let grounds = self.reasons.of(task.door, action, task.first, open);
        let at = instant(self.day.on, leg.at, &self.day.rules.calendar);
        let mut stop = self.write(task.door, action, grounds, task.answered[slot.index()], at);
        stop.spare = if leg.spare { Spare::Yes } else { Spare::No };
        let t = &self.turns[turn];
        let several = self.turns.iter().filter(|x| x.who == t.who).count() > 1;
        if several {
            let shift = shift_of(t, self.day);
            stop = stop.during(Some(shift.from), Some(shift.to), Pinned::No);
        }
        stop
    }

    fn write(
        &self,
        door: usize,
        action: StopAction,
        grounds: super::reason::Grounds,
        probability: f64,
        expected_at: jiff::Timestamp,
    ) -> Stop {
        let d = &self.day.doors[door];
        Stop {
            case_id: d.case_id,
            action,
            from: None,
            to: None,
            pinned: Pinned::No,
            spare: Spare::No,
            expected_at,
            nth_visit: u32::try_from(d.visits.len()).unwrap_or(u32::MAX).saturating_add(1),
            probability,
            reason: line(&grounds, Language::En),
            reason_zh: line(&grounds, Language::Zh),
            grounds,
        }
    }
}

impl Stop {
    fn during(self, from: Option<jiff::Timestamp>, to: Option<jiff::Timestamp>, pinned: Pinned) -> Self {
        Self { from, to, pinned, ..self }
    }
}
