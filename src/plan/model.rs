//! When is somebody in? What every at-home model must answer, and the counts all of them share.
//! The models themselves are next door; this file holds no formula of theirs.

use super::ground::Ground;
use super::input::DayInput;
use super::knock::{Met, Past};
use super::slot::{DayKind, PER_DAY, PerSlot, SLOTS, Slot};
use serde::Serialize;

/// Chance that a first knock at an average door is answered, before anything was learnt: weekday, then weekend.
/// High from 18:30 to 21:00, as those who go from door to door report.
pub const PRIOR: PerSlot = [
    0.30, 0.30, 0.32, 0.28, 0.28, 0.36, 0.46, 0.58, 0.64, 0.66, 0.66, 0.64, 0.58, //
    0.48, 0.46, 0.48, 0.42, 0.42, 0.46, 0.50, 0.56, 0.60, 0.62, 0.62, 0.60, 0.58,
];
/// No chance is taken to be smaller or larger than this.
pub const CLIP: (f64, f64) = (0.005, 0.95);

/// What a model thinks of one door.
#[derive(Clone, Debug)]
pub struct Belief {
    /// Chance per slot that a knock is answered.
    pub answered: PerSlot,
    /// Chance that nobody lives there.
    pub empty: f64,
    /// What the model keeps to itself, to go on from here.
    pub memory: Memory,
}

/// A model's memory of one door.
#[derive(Clone, Debug)]
pub enum Memory {
    /// Share of each class of household.
    Shares(super::types::Shares),
    /// Building, and the misses there.
    Misses(usize, super::frailty::Misses),
}

/// A model of who is in when, fitted to the visits of one [`DayInput`]; doors and buildings by their index.
pub trait AtHome: Send + Sync {
    /// What is to be expected at a door.
    fn belief(&self, door: usize) -> Belief;
    /// What is to be expected after one more knock that nobody answers.
    fn after_miss(&self, belief: &Belief, slot: Slot) -> Belief;
    /// Chance that an average door of the building answers a first knock.
    fn building(&self, building: usize) -> PerSlot;
    /// The same for the area.
    fn area(&self, area: usize) -> PerSlot;
}

/// Knocks and answers per slot.
#[derive(Clone, Debug, Serialize)]
pub struct Counts {
    /// Knocks.
    pub knocks: PerSlot,
    /// Knocks that somebody answered.
    pub answered: PerSlot,
}

impl Default for Counts {
    fn default() -> Self {
        Self { knocks: [0.0; SLOTS], answered: [0.0; SLOTS] }
    }
}

impl Counts {
    /// Takes in one knock.
    pub fn add(&mut self, slot: Slot, met: Met) {
        self.knocks[slot.index()] += 1.0;
        self.answered[slot.index()] += f64::from(u8::from(met == Met::Somebody));
    }

    /// All knocks.
    pub fn total(&self) -> f64 {
        self.knocks.iter().sum()
    }
}

/// The visits of an input, read once: per door, and bare counts per building.
#[derive(Clone, Debug)]
pub struct History {
    /// One per door.
    pub doors: Vec<Past>,
    /// One per building of the [`Ground`].
    pub buildings: Vec<Counts>,
}

impl History {
    /// Reads all visits of `day`.
    pub fn new(day: &DayInput, ground: &Ground) -> Self {
        let doors: Vec<Past> = day.doors.iter().map(|d| Past::of(d, &day.rules.calendar)).collect();
        let mut buildings = vec![Counts::default(); ground.buildings.len()];
        for (i, past) in doors.iter().enumerate() {
            let building = ground.stairs[ground.stair_of[i]].building;
            for k in &past.knocks {
                buildings[building].add(k.slot, k.met);
            }
        }
        Self { doors, buildings }
    }
}

/// The stretch of two or three neighbouring slots with the highest mean chance, among the slots given.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct BestStretch {
    /// Kind of day.
    pub kind: DayKind,
    /// First minute.
    pub from: u16,
    /// Last minute (exclusive).
    pub to: u16,
    /// Mean chance in the stretch.
    pub chance: f64,
    /// Mean chance over the kind of day.
    pub mean: f64,
}

/// Finds the best stretch of a kind of day; slots for which `open` is 0 are not staffed and are left out.
pub fn best_stretch(level: &PerSlot, kind: DayKind, open: &PerSlot) -> Option<BestStretch> {
    let slots: Vec<Slot> = Slot::all().filter(|s| s.kind() == kind && open[s.index()] > 0.0).collect();
    if slots.len() < 3 {
        return None;
    }
    let mean = mean_of(level, &slots);
    let mut best: Option<BestStretch> = None;
    for len in [2, 3] {
        for run in slots.windows(len).filter(|r| r[len - 1].of_day() - r[0].of_day() == len - 1) {
            let chance = mean_of(level, run);
            if best.is_none_or(|b| chance > b.chance + 1e-9) {
                best = Some(BestStretch {
                    kind,
                    from: run[0].span().0,
                    to: run[len - 1].span().1,
                    chance,
                    mean,
                });
            }
        }
    }
    best
}

#[expect(clippy::cast_precision_loss, reason = "at most 13 slots")]
fn mean_of(level: &PerSlot, slots: &[Slot]) -> f64 {
    slots.iter().map(|s| level[s.index()]).sum::<f64>() / slots.len().max(1) as f64
}

/// The weekday half of a table.
pub fn weekday(level: &PerSlot) -> &[f64] {
    &level[..PER_DAY]
}
