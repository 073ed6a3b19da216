//! A staircase as a tour: which of its doors are worth the climb, and for how much.
//! It looks at one staircase at a time and chooses nothing between staircases.

use super::ground::{Ground, LIFT_FLOOR_MIN, LIFT_WAIT_MIN, Spot};
use super::slot::{DayKind, Slot};
use super::worth::Task;

/// A tour through one staircase.
#[derive(Clone, Debug, Default)]
pub struct Tour {
    /// Tasks in walking order.
    pub tasks: Vec<usize>,
    /// Sum of their values.
    pub value: f64,
    /// Minutes with the way there and the climb up.
    pub minutes: f64,
    /// Minutes to come down again.
    pub descent: f64,
    /// Where it ends.
    pub end: Spot,
}

impl Tour {
    /// Value per minute.
    pub fn score(&self) -> f64 {
        let minutes = self.minutes + self.descent;
        if minutes > 0.0 { self.value / minutes } else { 0.0 }
    }
}

/// Where and when a tour would start, and what a minute costs.
#[derive(Clone, Copy, Debug)]
pub struct Outset {
    /// Present place.
    pub from: Spot,
    /// Present minute.
    pub at: f64,
    /// No knock from this minute on.
    pub until: f64,
    /// Kind of day.
    pub kind: DayKind,
    /// Value a minute could bring elsewhere.
    pub price: f64,
}

/// One door on the way.
struct Step {
    task: usize,
    height: f64,
    value: f64,
    minutes: f64,
}

/// The best tour of a staircase over the tasks offered, which come in walking order with a factor on their value.
pub fn best(
    stair: usize,
    offered: &[(usize, f64)],
    tasks: &[Task],
    ground: &Ground,
    out: &Outset,
) -> Option<Tour> {
    let approach = ground.approach_min(out.from, stair);
    let lift = ground.building_of(stair).has_lift();
    let mut at = out.at + approach;
    let mut steps: Vec<Step> = Vec::new();
    for &(task, factor) in offered {
        let t = &tasks[task];
        if at >= out.until {
            break;
        }
        if t.not_before > at {
            continue;
        }
        let slot = Slot::at(out.kind, at).index();
        let (value, minutes) = (t.value[slot] * factor, t.minutes[slot]);
        if value - out.price * minutes > 0.0 || t.first {
            steps.push(Step { task, height: ground.height[t.door], value, minutes });
            at += minutes;
        }
    }
    let kept = if lift { worth_a_ride(steps, out.price) } else { worth_a_climb(steps, ground, out.price) };
    finish(stair, kept, ground, approach)
}

/// Stairs: the top floor up to which the doors pay for the climb.
fn worth_a_climb(mut steps: Vec<Step>, ground: &Ground, price: f64) -> Vec<Step> {
    let (mut sum, mut best, mut keep) = (0.0, 0.0, 0);
    for (k, s) in steps.iter().enumerate() {
        sum += s.value - price * s.minutes;
        let last_of_floor = steps.get(k + 1).is_none_or(|n| n.height > s.height);
        let total = sum - price * 2.0 * ground.stairs_per_floor() * s.height;
        if last_of_floor && total > best {
            (best, keep) = (total, k + 1);
        }
    }
    steps.truncate(keep);
    steps
}

/// Lift: every floor that pays for its stop.
fn worth_a_ride(steps: Vec<Step>, price: f64) -> Vec<Step> {
    let hop = LIFT_WAIT_MIN + 2.0 * LIFT_FLOOR_MIN;
    let mut floors: Vec<(f64, f64)> = Vec::new();
    for s in &steps {
        let net = s.value - price * s.minutes;
        match floors.last_mut() {
            Some((height, sum)) if is_same(*height, s.height) => *sum += net,
            _ => floors.push((s.height, net)),
        }
    }
    let pays =
        |height: f64| height < 0.5 || floors.iter().any(|(h, sum)| is_same(*h, height) && *sum > price * hop);
    steps.into_iter().filter(|s| pays(s.height)).collect()
}

/// Floors are whole numbers kept as decimals.
fn is_same(a: f64, b: f64) -> bool {
    (a - b).abs() < 0.5
}

fn finish(stair: usize, steps: Vec<Step>, ground: &Ground, approach: f64) -> Option<Tour> {
    let last = steps.last()?;
    let building = ground.building_of(stair);
    let minutes = ground.minutes();
    let (mut tour, mut height) =
        (Tour { end: Some((stair, last.height)), minutes: approach, ..Tour::default() }, 0.0);
    tour.descent = building.climb_min(last.height, minutes);
    for s in steps {
        tour.minutes += s.minutes + building.climb_min((s.height - height).abs(), minutes);
        height = s.height;
        tour.value += s.value;
        tour.tasks.push(s.task);
    }
    Some(tour)
}
