//! The planner run forward on expected values: what the staff there is will bring, day by day.
//! Nothing is drawn by lot; a door is "open with some chance" instead.

use super::input::DayInput;
use super::load::Load;
use super::model::Belief;
use super::reach::{Missing, band_of, is_evening, is_untried};
use super::route::Round;
use super::sheet::StopAction;
use super::slot::{DayKind, Slot};
use super::staff::{Ahead, turns};
use super::stairwise::{Insight, Stairwise};
use super::tasks::work;
use super::worth::{Scales, Task};
use crate::domain::{EffortPart, Rules, Standing, State};
use jiff::civil::Date;
use serde::Serialize;

/// Standard deviations on each side of an 80 % interval.
const EIGHTY: f64 = 1.2816;
/// Spread of the mean itself: model and staffing are never quite as planned.
const MEAN_SPREAD: f64 = 0.15;
/// Chance that a kept appointment ends in an interview.
const KEPT_SUCCESS: f64 = 0.85;

/// Cases done by the end of a day.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Expected {
    /// Local date.
    pub on: Date,
    /// Expected cases done, those done before included.
    pub mean: f64,
    /// Lower end of the 80 % interval.
    pub low: f64,
    /// Upper end of the 80 % interval.
    pub high: f64,
}

/// A door on its way through the days to come.
struct Ghost {
    /// Chance that the case is still open.
    alive: f64,
    belief: Belief,
}

/// Expected completions at the end of every field day from `day.on` on; before the first nobody works.
pub fn forecast(day: &DayInput, insight: &Insight, planner: &Stairwise) -> Vec<Expected> {
    let done = day.doors.iter().filter(|d| d.standing.state.is_resolved()).count();
    let mut future = day.clone();
    if day.on < day.field.0 {
        future.on = day.field.0;
        future.as_of = day.rules.calendar.day_start(day.field.0);
    }
    let ghost = |door| Ghost { alive: 1.0, belief: insight.model.belief(door) };
    let mut ghosts: Vec<Ghost> = (0..day.doors.len()).map(ghost).collect();
    let mut price = planner.tuning.price;
    let mut hits = Vec::new();
    let mut days = Vec::new();
    while future.on <= day.field.1 {
        hits.extend(live_through(&mut future, insight, planner, &mut ghosts, &mut price));
        let open = ghosts.iter().zip(&day.doors).filter(|(_, d)| d.standing.state.is_open());
        days.push(expected(future.on, done, &hits, open.map(|(g, _)| g.alive).sum()));
        let Ok(next) = future.on.tomorrow() else {
            break;
        };
        future.on = next;
        future.as_of = day.rules.calendar.day_start(next);
        future.enumerators.iter_mut().for_each(|e| e.doing = None);
    }
    days
}

/// Mean and interval from the chances of success so far and what is still open.
fn expected(on: Date, done: usize, hits: &[f64], open: f64) -> Expected {
    #[expect(clippy::cast_precision_loss, reason = "doors of one area")]
    let done = done as f64;
    let mean: f64 = hits.iter().sum();
    let variance: f64 = hits.iter().map(|h| h * (1.0 - h).max(0.0)).sum();
    let spread = EIGHTY * (variance + (MEAN_SPREAD * mean).powi(2)).sqrt();
    let high = (mean + spread).min(mean + open);
    Expected { on, mean: done + mean, low: done + (mean - spread).max(0.0), high: done + high }
}

/// One day: plan it, let every planned visit succeed a little; gives the chances of success.
fn live_through(
    day: &mut DayInput,
    insight: &Insight,
    planner: &Stairwise,
    ghosts: &mut [Ghost],
    price: &mut f64,
) -> Vec<f64> {
    let now = Insight { ahead: Ahead::new(day), ..insight.clone() };
    let load = Load::new(day, &now, &|door| (ghosts[door].belief.clone(), ghosts[door].alive));
    let scales = Scales::new(&planner.tuning, &now, day.rules, load.slack());
    let mut work = work(day, &now, &scales, &|door| ghosts[door].belief.clone());
    for t in &mut work.tasks {
        let alive = ghosts[t.door].alive;
        t.value = t.value.map(|v| v * alive);
        t.minutes = t.minutes.map(|m| m * alive);
    }
    let turns = turns(day);
    let pins = super::pins::place(&work.agreed, &turns, day);
    let round = Round::new(day, &now.ground, &work.tasks, &turns, &pins, &planner.tuning);
    let routes = planner.routes_at(price, &round);
    let stops = routes.iter().flat_map(|r| r.legs.iter().filter(|l| !l.spare));
    let legs: Vec<(usize, Slot)> = stops.map(|l| (l.task, Slot::at(round.kind, l.at))).collect();
    let mut hits = Vec::new();
    for (k, slot) in legs {
        hits.push(visit(&work.tasks[k], slot, day, insight, ghosts));
    }
    for pin in pins.kept {
        hits.push(ghosts[pin.door].alive * KEPT_SUCCESS);
        ghosts[pin.door].alive *= 1.0 - KEPT_SUCCESS;
        let standing = &mut day.doors[pin.door].standing;
        standing.appointment = None;
        standing.state = State::InProgress;
    }
    hits
}

fn visit(task: &Task, slot: Slot, day: &mut DayInput, insight: &Insight, ghosts: &mut [Ghost]) -> f64 {
    let ghost = &mut ghosts[task.door];
    let hit = ghost.alive * task.done[slot.index()];
    let gone = if task.not_by.is_empty() { hit } else { hit.max(ghost.alive * task.answered[slot.index()]) };
    ghost.alive -= gone;
    let standing = &mut day.doors[task.door].standing;
    if task.action != StopAction::Proxy {
        ghost.belief = insight.model.after_miss(&ghost.belief, slot);
        pretend_miss(standing, slot, day.rules);
    }
    match task.action_at(slot) {
        StopAction::Proxy | StopAction::VisitThenProxy => standing.asked_in_vain += 1,
        StopAction::Visit | StopAction::VisitAt | StopAction::Confirm => {}
    }
    hit
}

/// The standing as it would be after one more visit on a new day that meets nobody.
pub fn pretend_miss(standing: &mut Standing, slot: Slot, rules: &Rules) {
    let missing = Missing::of(standing, rules).after(slot, standing, rules);
    let counted = &mut standing.counted;
    counted.attempts += 1;
    counted.days += 1;
    counted.evening += u32::from(is_evening(slot, rules));
    counted.weekend += u32::from(slot.kind() == DayKind::Weekend);
    if let Some(band) = band_of(slot, rules) {
        standing.counted.bands += u32::from(is_untried(band, standing));
        let weekend = slot.kind() == DayKind::Weekend;
        standing.untried.retain(|c| c.band != band || c.weekend != weekend);
    }
    standing.unmet.retain(|part| match part {
        EffortPart::Attempts => missing.attempts > 0,
        EffortPart::Days => missing.days > 0,
        EffortPart::Bands => missing.bands > 0,
        EffortPart::Evening => missing.evening > 0,
        EffortPart::Weekend => missing.weekend > 0,
    });
    standing.state = match standing.state {
        State::New | State::InProgress | State::Proxy => {
            if standing.is_cap_reached() {
                State::Exhausted
            } else if standing.unmet.is_empty() {
                State::Proxy
            } else {
                State::InProgress
            }
        }
        State::Appointment
        | State::Exhausted
        | State::Partial
        | State::Refused
        | State::Verify
        | State::NotEligible
        | State::Closed
        | State::Completed
        | State::Merged
        | State::Cancelled => standing.state,
    };
}
