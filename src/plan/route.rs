//! Fills the shifts of a day with staircases: the enumerator whose clock is earliest takes the best one left.
//! Works on tasks and turns; words and instants come later.

use super::ground::{Ground, Spot};
use super::input::DayInput;
use super::pins::{Pins, WAY_MIN, may_go};
use super::slot::{DayKind, PerSlot, Slot};
use super::staff::Turn;
use super::tour::{Outset, Tour, best};
use super::worth::{Task, Tuning};

/// Minutes after which an enumerator without a worthwhile door looks again: the next hour may be better.
const PAUSE_MIN: f64 = 15.0;

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
}

/// Where a turn stands while it is filled.
struct Walker {
    spot: Spot,
    clock: f64,
    /// Appointments passed so far.
    pinned: usize,
    hard: usize,
    idle: bool,
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
        kind: DayKind,
    ) -> Self {
        let mut of_door = vec![None; day.doors.len()];
        for (k, t) in tasks.iter().enumerate() {
            of_door[t.door] = Some(k);
        }
        let by_stair = ground
            .stairs
            .iter()
            .map(|s| s.doors.iter().filter_map(|&d| of_door[d]).collect())
            .collect();
        let allowed = turns
            .iter()
            .map(|turn| tasks.iter().map(|t| may_take(t, turn.who, day)).collect())
            .collect();
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
        }
    }

    /// Fills all turns at a price per minute; first the shifts, then spare doors from what is left.
    pub fn fill(&self, price: f64) -> Vec<Route> {
        let mut free = vec![true; self.tasks.len()];
        let mut routes: Vec<Route> = self
            .turns
            .iter()
            .map(|t| Route {
                end: t.from,
                ..Route::default()
            })
            .collect();
        let mut walkers: Vec<Walker> = self
            .turns
            .iter()
            .map(|t| Walker {
                spot: None,
                clock: t.from,
                pinned: 0,
                hard: 0,
                idle: false,
            })
            .collect();
        for turn in 0..self.turns.len() {
            if let Some(tour) = self.in_hand(turn) {
                self.take(
                    turn,
                    &tour,
                    &mut walkers[turn],
                    &mut routes[turn],
                    &mut free,
                    false,
                );
            }
        }
        for spare in [false, true] {
            for w in &mut walkers {
                w.idle = false;
            }
            while let Some(turn) = self.next_turn(&walkers, spare) {
                match self.pick(turn, &walkers[turn], &free, price, spare) {
                    Some(tour) => self.take(
                        turn,
                        &tour,
                        &mut walkers[turn],
                        &mut routes[turn],
                        &mut free,
                        spare,
                    ),
                    None if walkers[turn].clock + PAUSE_MIN < self.turns[turn].to => {
                        walkers[turn].clock += PAUSE_MIN
                    }
                    None => walkers[turn].idle = true,
                }
            }
        }
        routes
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
            stair
                .iter()
                .copied()
                .find(|&k| self.tasks[k].door == door && self.allowed[turn][k])
        };
        let tasks: Vec<usize> = doing.keep.iter().filter_map(|case| task_of(*case)).collect();
        let end = tasks.last().and_then(|&k| self.ground.spot(self.tasks[k].door));
        let slot = self.slot(turn, self.turns[turn].from);
        let minutes = tasks.iter().map(|&k| self.tasks[k].minutes[slot]).sum();
        (!tasks.is_empty()).then_some(Tour {
            tasks,
            minutes,
            end,
            ..Tour::default()
        })
    }

    fn until(&self, turn: usize, spare: bool) -> f64 {
        let t = &self.turns[turn];
        if spare {
            t.from + (t.to - t.from) * self.tuning.fill
        } else {
            t.to
        }
    }

    fn next_turn(&self, walkers: &[Walker], spare: bool) -> Option<usize> {
        (0..walkers.len())
            .filter(|&t| !walkers[t].idle && walkers[t].clock < self.until(t, spare))
            .min_by(|&a, &b| walkers[a].clock.total_cmp(&walkers[b].clock).then(a.cmp(&b)))
    }

    fn pick(&self, turn: usize, w: &Walker, free: &[bool], price: f64, spare: bool) -> Option<Tour> {
        let at = w.clock.min(self.turns[turn].to - 1.0);
        let out = Outset {
            from: w.spot,
            at,
            until: at + (self.until(turn, spare) - w.clock),
            kind: self.kind,
            price,
        };
        let cap = self.hard_cap();
        let mut found: Option<Tour> = None;
        let mut offered = Vec::new();
        for (stair, members) in self.by_stair.iter().enumerate() {
            offered.clear();
            let mut hard = w.hard;
            for &k in members.iter().filter(|&&k| free[k] && self.allowed[turn][k]) {
                hard += usize::from(self.tasks[k].hard);
                if !self.tasks[k].hard || hard <= cap {
                    offered.push((k, self.factor(k, turn)));
                }
            }
            if offered.is_empty() {
                continue;
            }
            if let Some(tour) = best(stair, &offered, self.tasks, self.ground, &out) {
                if found.as_ref().is_none_or(|f| tour.score() > f.score() + 1e-12) {
                    found = Some(tour);
                }
            }
        }
        found
    }

    /// Twice the team's mean share of doors missed three times, so that nobody gets only those.
    fn hard_cap(&self) -> usize {
        let mut people: Vec<usize> = self.turns.iter().map(|t| t.who).collect();
        people.sort_unstable();
        people.dedup();
        let hard = self.tasks.iter().filter(|t| t.hard).count();
        (2 * hard).div_ceil(people.len().max(1)).max(4)
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

    fn take(
        &self,
        turn: usize,
        tour: &Tour,
        w: &mut Walker,
        route: &mut Route,
        free: &mut [bool],
        spare: bool,
    ) {
        let (mut at, mut spot) = (w.clock, w.spot);
        for &k in &tour.tasks {
            let t = &self.tasks[k];
            free[k] = false;
            w.hard += usize::from(t.hard);
            at = self.pass_pins(turn, w, at);
            at += self.ground.walk_min(spot, t.door);
            spot = self.ground.spot(t.door);
            route.legs.push(Leg {
                task: k,
                at,
                spare: spare || at >= self.turns[turn].to,
            });
            at += t.minutes[self.slot(turn, at)] - super::ground::SAME_FLOOR_MIN;
        }
        w.spot = tour.end;
        w.clock = at.max(w.clock + 0.5);
        if !spare {
            route.end = w.clock;
            route.busy += tour.minutes;
            route.value += tour.value;
        }
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
        for (t, route) in routes.iter_mut().enumerate() {
            let turn = &self.turns[t];
            let planned: Vec<Leg> = route.legs.iter().filter(|l| !l.spare).copied().collect();
            let (Some(first), Some(last)) = (planned.first(), planned.last()) else {
                continue;
            };
            let doing = self.day.enumerators[turn.who].doing.is_some();
            let mut room = turn.to - last.at - LATE_MARGIN_MIN;
            if let Some(pin) = self
                .pins
                .kept
                .iter()
                .filter(|p| p.turn == t)
                .map(|p| p.at)
                .reduce(f64::min)
            {
                room = room.min(pin - first.at);
            }
            if doing || room < PAUSE_MIN {
                continue;
            }
            let worth = |delay: f64| -> f64 {
                planned
                    .iter()
                    .map(|l| self.tasks[l.task].value[self.slot(t, l.at + delay)])
                    .sum()
            };
            let mut best = (0.0, worth(0.0));
            let mut delay = PAUSE_MIN;
            while delay <= room {
                let w = worth(delay);
                if w > best.1 + 0.02 {
                    best = (delay, w);
                }
                delay += PAUSE_MIN;
            }
            if best.0 > 0.0 {
                route.legs.retain(|l| !l.spare);
                route.legs.iter_mut().for_each(|l| l.at += best.0);
                route.wait_until = Some(first.at + best.0);
            }
        }
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

    /// Chance per slot of a task.
    pub fn answered(&self, task: usize) -> &PerSlot {
        &self.tasks[task].answered
    }
}

fn may_take(t: &Task, who: usize, day: &DayInput) -> bool {
    t.only.is_none_or(|only| only == who) && !t.not_by.contains(&who) && may_go(t.door, who, day)
}
