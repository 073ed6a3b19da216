//! Fills the shifts of a day with staircases: the enumerator whose clock is earliest takes the best one left.
//! Works on tasks and turns; words and instants come later.

use super::ground::{Ground, Spot};
use super::input::DayInput;
use super::pins::{Pins, WAY_MIN, may_go};
use super::sheet::Spare;
use super::slot::{DayKind, Slot, kind_of};
use super::staff::Turn;
use super::tour::{Outset, Tour, best};
use super::worth::{Task, Tuning};

/// Minutes after which an enumerator without a worthwhile door looks again: the next hour may be better.
const PAUSE_MIN: f64 = 15.0;

/// Doors missed three times that anybody may get.
pub const HARD_AT_LEAST: usize = 4;
/// Value that a later start must add to be worth it.
const LATE_GAIN: f64 = 0.02;
/// Minutes at the end of a shift that a late start leaves free.
const LATE_MARGIN_MIN: f64 = 20.0;

/// One stop of a route.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Leg {
    /// Index of the task.
    pub task: usize,
    /// Expected minute of the knock.
    pub at: f64,
    /// Past the planned end.
    pub spare: bool,
}

/// The walk of one turn.
#[derive(Clone, Debug, Default)]
pub struct Route {
    /// Stops in order.
    pub legs: Vec<Leg>,
    /// Minute at which the planned part ends.
    pub end: f64,
    /// Minutes of work in the planned part.
    pub busy: f64,
    /// The walk starts later than the shift: nobody is needed before.
    pub wait_until: Option<f64>,
    /// Value of the planned part.
    pub value: f64,
}

/// What the routes are made from.
pub struct Round<'a> {
    /// The day.
    pub day: &'a DayInput<'a>,
    /// Buildings and staircases.
    pub ground: &'a Ground,
    /// Doors to choose from.
    pub tasks: &'a [Task],
    /// Shifts.
    pub turns: &'a [Turn],
    /// Appointments.
    pub pins: &'a Pins,
    /// Constants.
    pub tuning: &'a Tuning,
    /// Kind of the planned day.
    pub kind: DayKind,
    /// Tasks of each staircase in walking order.
    pub by_stair: Vec<Vec<usize>>,
    /// For each turn, whether it may take a task.
    allowed: Vec<Vec<bool>>,
    /// Twice the team's mean share of doors missed three times, so that nobody gets only those.
    hard_cap: usize,
}

/// Where a turn stands while it is filled.
struct Walker {
    spot: Spot,
    clock: f64,
    /// Appointments passed so far.
    pinned: usize,
    idle: bool,
}

/// A day while it is filled.
struct Filling {
    free: Vec<bool>,
    /// Doors missed three times, per enumerator: somebody with two shifts has one share.
    hard: Vec<usize>,
    walkers: Vec<Walker>,
    routes: Vec<Route>,
}

impl Filling {
    fn new(round: &Round) -> Self {
        let walker = |from| Walker { spot: None, clock: from, pinned: 0, idle: false };
        Self {
            free: vec![true; round.tasks.len()],
            hard: vec![0; round.day.enumerators.len()],
            walkers: round.turns.iter().map(|t| walker(t.from)).collect(),
            routes: round.turns.iter().map(|t| Route { end: t.from, ..Route::default() }).collect(),
        }
    }
}

impl<'a> Round<'a> {
    /// Prepares a day.
    pub fn new(
        day: &'a DayInput<'a>,
        ground: &'a Ground,
        tasks: &'a [Task],
        turns: &'a [Turn],
        pins: &'a Pins,
        tuning: &'a Tuning,
    ) -> Self {
        let kind = kind_of(day.on, &day.rules.calendar);
        let mut of_door = vec![None; day.doors.len()];
        for (k, t) in tasks.iter().enumerate() {
            of_door[t.door] = Some(k);
        }
        let by_stair =
            ground.stairs.iter().map(|s| s.doors.iter().filter_map(|&d| of_door[d]).collect()).collect();
        let allowed =
            turns.iter().map(|turn| tasks.iter().map(|t| may_take(t, turn.who, day)).collect()).collect();
        Self {
            day,
            ground,
            tasks,
            turns,
            pins,
            tuning,
            kind,
            by_stair,
            allowed,
            hard_cap: hard_cap(tasks, turns),
        }
    }

    /// Fills all turns at a price per minute; first the shifts, then spare doors from what is left.
    pub fn fill(&self, price: f64) -> Vec<Route> {
        let mut day = Filling::new(self);
        for turn in 0..self.turns.len() {
            if let Some(tour) = self.in_hand(turn) {
                self.take(turn, &tour, &mut day, Spare::No);
            }
        }
        for spare in [Spare::No, Spare::Yes] {
            day.walkers.iter_mut().for_each(|w| w.idle = false);
            while let Some(turn) = self.next_turn(&day.walkers, spare) {
                let picked = self.pick(turn, &day, price, spare);
                let w = &mut day.walkers[turn];
                match picked {
                    Some(tour) => self.take(turn, &tour, &mut day, spare),
                    None if w.clock + PAUSE_MIN < self.turns[turn].to => w.clock += PAUSE_MIN,
                    None => w.idle = true,
                }
            }
        }
        day.routes
    }

    /// What an enumerator is already doing stays with that person, first on the sheet and in the order given.
    fn in_hand(&self, turn: usize) -> Option<Tour> {
        let who = self.turns[turn].who;
        let doing = self.day.enumerators[who].doing.as_ref()?;
        if self.turns[..turn].iter().any(|t| t.who == who) {
            return None;
        }
        let task_of = |case| {
            let door = self.day.doors.iter().position(|d| d.case_id == case)?;
            let stair = &self.by_stair[self.ground.stair_of[door]];
            stair.iter().copied().find(|&k| self.tasks[k].door == door && self.allowed[turn][k])
        };
        let tasks: Vec<usize> = doing.keep.iter().filter_map(|case| task_of(*case)).collect();
        let end = tasks.last().and_then(|&k| self.ground.spot(self.tasks[k].door));
        let slot = self.slot(turn, self.turns[turn].from);
        let minutes = tasks.iter().map(|&k| self.tasks[k].minutes[slot]).sum();
        (!tasks.is_empty()).then_some(Tour { tasks, minutes, end, ..Tour::default() })
    }

    fn until(&self, turn: usize, spare: Spare) -> f64 {
        let t = &self.turns[turn];
        match spare {
            Spare::No => t.to,
            Spare::Yes => t.from + (t.to - t.from) * self.tuning.fill,
        }
    }

    fn next_turn(&self, walkers: &[Walker], spare: Spare) -> Option<usize> {
        (0..walkers.len())
            .filter(|&t| !walkers[t].idle && walkers[t].clock < self.until(t, spare))
            .min_by(|&a, &b| walkers[a].clock.total_cmp(&walkers[b].clock).then(a.cmp(&b)))
    }

    /// The staircase with the highest value per minute from where the turn stands.
    fn pick(&self, turn: usize, day: &Filling, price: f64, spare: Spare) -> Option<Tour> {
        let w = &day.walkers[turn];
        let at = w.clock.min(self.turns[turn].to - 1.0);
        let until = at + (self.until(turn, spare) - w.clock);
        let out = Outset { from: w.spot, at, until, kind: self.kind, price };
        let mut found: Option<Tour> = None;
        for stair in 0..self.by_stair.len() {
            let offered = self.offered(turn, stair, day);
            if let Some(tour) = best(stair, &offered, self.tasks, self.ground, &out)
                && found.as_ref().is_none_or(|f| tour.score() > f.score() + 1e-12)
            {
                found = Some(tour);
            }
        }
        found
    }

    /// Tasks of a staircase that are free and may go to this turn, with the factor on their value.
    fn offered(&self, turn: usize, stair: usize, day: &Filling) -> Vec<(usize, f64)> {
        let mut hard = day.hard[self.turns[turn].who];
        let mut offered = Vec::new();
        for &k in self.by_stair[stair].iter().filter(|&&k| day.free[k] && self.allowed[turn][k]) {
            hard += usize::from(self.tasks[k].hard);
            if !self.tasks[k].hard || hard <= self.hard_cap {
                offered.push((k, self.factor(k, turn)));
            }
        }
        offered
    }

    /// A known face is worth a little; a door missed by us goes first.
    fn factor(&self, task: usize, turn: usize) -> f64 {
        let t = &self.tasks[task];
        let known = match t.known {
            Some(who) if who == self.turns[turn].who => 1.2,
            Some(who) if self.turns.iter().any(|x| x.who == who) => 0.6,
            Some(_) | None => 1.0,
        };
        if t.first { known * 3.0 } else { known }
    }

    fn take(&self, turn: usize, tour: &Tour, day: &mut Filling, spare: Spare) {
        let (w, route) = (&mut day.walkers[turn], &mut day.routes[turn]);
        let waited = route.legs.is_empty() && w.clock > self.turns[turn].from;
        let (mut at, mut spot) = (w.clock, w.spot);
        for &k in &tour.tasks {
            let t = &self.tasks[k];
            day.free[k] = false;
            day.hard[self.turns[turn].who] += usize::from(t.hard);
            at = self.pass_pins(turn, w, at);
            at += self.ground.walk_min(spot, t.door);
            spot = self.ground.spot(t.door);
            let late = spare == Spare::Yes || at >= self.turns[turn].to;
            route.legs.push(Leg { task: k, at, spare: late });
            at += t.minutes[self.slot(turn, at)] - super::ground::SAME_FLOOR_MIN;
        }
        if waited {
            route.wait_until = self.start_of(turn, route);
        }
        w.spot = tour.end;
        w.clock = at.max(w.clock + 0.5);
        if spare == Spare::No {
            route.end = w.clock;
            route.busy += tour.minutes;
            route.value += tour.value;
        }
    }

    /// The minute of the first stop, for a turn that had nothing worth its minutes before; never past an appointment.
    fn start_of(&self, turn: usize, route: &Route) -> Option<f64> {
        let first = route.legs.first().filter(|l| !l.spare)?;
        self.pins.kept.iter().all(|p| p.turn != turn || p.at >= first.at).then_some(first.at)
    }

    /// Lets appointments that fall before `at` take their time.
    fn pass_pins(&self, turn: usize, w: &mut Walker, mut at: f64) -> f64 {
        let reserve = f64::from(self.day.rules.policy.appointment.reserve_minutes);
        let mine = self.pins.kept.iter().filter(|p| p.turn == turn).skip(w.pinned);
        for p in mine {
            if at + WAY_MIN < p.at {
                break;
            }
            w.pinned += 1;
            at += reserve + WAY_MIN;
        }
        at
    }

    fn slot(&self, turn: usize, at: f64) -> usize {
        Slot::at(self.kind, at.min(self.turns[turn].to - 1.0)).index()
    }

    /// Time to spare: starts each walk as late as its doors are worth most, but never past an appointment.
    pub fn start_late(&self, routes: &mut [Route]) {
        for (turn, route) in routes.iter_mut().enumerate() {
            if self.day.enumerators[self.turns[turn].who].doing.is_some() {
                continue;
            }
            let Some((first, delay)) = self.best_delay(turn, route) else {
                continue;
            };
            route.legs.retain(|l| !l.spare);
            route.legs.iter_mut().for_each(|l| l.at += delay);
            route.wait_until = Some(first + delay);
        }
    }

    /// Minute of the first stop, and the delay at which the planned stops are worth most.
    fn best_delay(&self, turn: usize, route: &Route) -> Option<(f64, f64)> {
        let planned: Vec<Leg> = route.legs.iter().filter(|l| !l.spare).copied().collect();
        let (first, last) = (planned.first()?.at, planned.last()?.at);
        let pins = self.pins.kept.iter().filter(|p| p.turn == turn).map(|p| p.at);
        let room = pins.map(|at| at - first).fold(self.turns[turn].to - last - LATE_MARGIN_MIN, f64::min);
        let value = |l: &Leg, delay: f64| self.tasks[l.task].value[self.slot(turn, l.at + delay)];
        let worth = |delay: f64| planned.iter().map(|l| value(l, delay)).sum::<f64>();
        let (mut best, mut delay) = ((0.0, worth(0.0)), PAUSE_MIN);
        while delay <= room {
            let w = worth(delay);
            if w > best.1 + LATE_GAIN {
                best = (delay, w);
            }
            delay += PAUSE_MIN;
        }
        (best.0 > 0.0).then_some((first, best.0))
    }

    /// Value per minute over all planned parts.
    pub fn achieved(&self, routes: &[Route]) -> f64 {
        let (mut value, mut minutes) = (0.0, 0.0);
        for (r, t) in routes.iter().zip(self.turns) {
            value += r.value;
            minutes += (r.end - t.from).min(r.busy + 1.0);
        }
        if minutes > 0.0 { value / minutes } else { 0.0 }
    }

    /// Share of the shifts that is left unplanned.
    pub fn idle(&self, routes: &[Route]) -> f64 {
        let (mut idle, mut all) = (0.0, 0.0);
        for (r, t) in routes.iter().zip(self.turns) {
            idle += (t.to - t.from - r.busy).max(0.0);
            all += t.to - t.from;
        }
        if all > 0.0 { idle / all } else { 0.0 }
    }
}

fn hard_cap(tasks: &[Task], turns: &[Turn]) -> usize {
    let mut people: Vec<usize> = turns.iter().map(|t| t.who).collect();
    people.sort_unstable();
    people.dedup();
    let hard = tasks.iter().filter(|t| t.hard).count();
    (2 * hard).div_ceil(people.len().max(1)).max(HARD_AT_LEAST)
}

fn may_take(t: &Task, who: usize, day: &DayInput) -> bool {
    t.only.is_none_or(|only| only == who) && !t.not_by.contains(&who) && may_go(t.door, who, day)
}
