//! First at-home model: chances by survey, area and building, shrunken towards each other, and a door's own
//! frailty that grows with every miss. It learns one knock at a time. No scheduling here.
//!
//! Empirical-Bayes levels with exposure (a knock at a door already missed is worth less than one), spread over
//! neighbouring slots. Worked check: chance .6 in the evening, two misses there: frailty .291, chance .174.

use super::ground::Ground;
use super::knock::{Knock, Met};
use super::model::{AtHome, Belief, CLIP, History, Memory, PRIOR};
use super::slot::{Group, PerSlot, SLOTS, Slot};

/// Weight of the level above, in knocks: survey (towards the prior), area, building.
pub const KAPPA: [f64; 3] = [30.0, 20.0, 10.0];
/// How slowly misses of any hour make a door frail.
const A: f64 = 1.2;
/// How fast misses in one group of hours make that group frail.
const S: f64 = 0.6;
/// What a claim of emptiness adds to the misses.
const CLAIM: f64 = 6.0;

/// Accepted and exposure per slot, already spread over neighbours.
#[derive(Clone, Debug)]
struct Level {
    answered: PerSlot,
    exposure: PerSlot,
}

impl Level {
    fn new() -> Self {
        Self { answered: [0.0; SLOTS], exposure: [0.0; SLOTS] }
    }

    fn add(&mut self, slot: Slot, answered: f64, exposure: f64) {
        for (s, w) in slot.neighbours() {
            self.answered[s.index()] += w * answered;
            self.exposure[s.index()] += w * exposure;
        }
    }

    fn over(&self, slot: Slot, above: f64, kappa: f64) -> f64 {
        let i = slot.index();
        (kappa * above + self.answered[i]) / (kappa + self.exposure[i])
    }
}

/// Misses of one door since somebody was last met, in expected answers.
#[derive(Clone, Copy, Debug, Default)]
pub struct Misses {
    all: f64,
    groups: [f64; 3],
}

impl Misses {
    fn theta(&self, slot: Slot) -> f64 {
        A / (A + self.all) / (1.0 + S * self.groups[group_no(slot)])
    }

    fn add(&mut self, slot: Slot, chance: f64, met: Met) {
        self.all += chance;
        self.groups[group_no(slot)] += chance;
        if met == Met::Emptiness {
            self.all += CLAIM;
        }
    }
}

fn group_no(slot: Slot) -> usize {
    match slot.group() {
        Group::Day => 0,
        Group::Evening => 1,
        Group::Weekend => 2,
    }
}

/// The model after all knocks it was shown.
#[derive(Clone, Debug)]
pub struct Frailty {
    survey: Level,
    areas: Vec<Level>,
    buildings: Vec<Level>,
    /// Area of each building.
    area_of: Vec<usize>,
    /// Building of each door.
    building_of: Vec<usize>,
    doors: Vec<Misses>,
}

impl Frailty {
    /// A model that has seen nothing: prior chances everywhere.
    pub fn blank(ground: &Ground) -> Self {
        Self {
            survey: Level::new(),
            areas: vec![Level::new(); ground.areas.len()],
            buildings: vec![Level::new(); ground.buildings.len()],
            area_of: ground.buildings.iter().map(|b| b.area_no).collect(),
            building_of: ground.stair_of.iter().map(|&s| ground.stairs[s].building).collect(),
            doors: vec![Misses::default(); ground.stair_of.len()],
        }
    }

    /// A model that has seen every knock of `history`, in order of time.
    pub fn fit(ground: &Ground, history: &History) -> Self {
        let mut model = Self::blank(ground);
        let mut all: Vec<(usize, &Knock)> = history
            .doors
            .iter()
            .enumerate()
            .flat_map(|(i, p)| p.knocks.iter().map(move |k| (i, k)))
            .collect();
        all.sort_by(|a, b| {
            (a.1.date, a.1.minute, a.0)
                .partial_cmp(&(b.1.date, b.1.minute, b.0))
                .unwrap_or(std::cmp::Ordering::Equal)
        });
        for (door, knock) in all {
            model.learn(door, knock);
        }
        model
    }

    /// A model with prior chances that knows each door's misses but learns nothing about hours.
    pub fn prior_only(ground: &Ground, history: &History) -> Self {
        let mut model = Self::blank(ground);
        for (door, past) in history.doors.iter().enumerate() {
            for k in &past.knocks {
                model.remember(door, k, PRIOR[k.slot.index()]);
            }
        }
        model
    }

    /// Takes in one knock; knocks must come in order of time per door.
    pub fn learn(&mut self, door: usize, knock: &Knock) {
        let building = self.building_of[door];
        let chance = self.level(building, knock.slot);
        let exposure = self.doors[door].theta(knock.slot);
        let answered = f64::from(u8::from(knock.met == Met::Somebody));
        self.survey.add(knock.slot, answered, exposure);
        self.areas[self.area_of[building]].add(knock.slot, answered, exposure);
        self.buildings[building].add(knock.slot, answered, exposure);
        self.remember(door, knock, chance);
    }

    fn remember(&mut self, door: usize, knock: &Knock, chance: f64) {
        match knock.met {
            Met::Somebody => self.doors[door] = Misses::default(),
            Met::Nobody | Met::Emptiness => self.doors[door].add(knock.slot, chance, knock.met),
        }
    }

    fn area_level(&self, area: usize, slot: Slot) -> f64 {
        let survey = self.survey.over(slot, PRIOR[slot.index()], KAPPA[0]);
        self.areas[area].over(slot, survey, KAPPA[1])
    }

    fn level(&self, building: usize, slot: Slot) -> f64 {
        self.buildings[building].over(slot, self.area_level(self.area_of[building], slot), KAPPA[2])
    }

    fn believe(&self, building: usize, misses: Misses) -> Belief {
        let mut answered = [0.0; SLOTS];
        for slot in Slot::all() {
            answered[slot.index()] = (self.level(building, slot) * misses.theta(slot)).clamp(CLIP.0, CLIP.1);
        }
        let claimed = misses.all / (misses.all + CLAIM);
        let empty = (0.1 + 0.8 * (misses.all / (misses.all + 3.0))).min(claimed.max(0.1) + 0.1);
        Belief { answered, empty, memory: Memory::Misses(building, misses) }
    }
}

impl AtHome for Frailty {
    fn belief(&self, door: usize) -> Belief {
        self.believe(self.building_of[door], self.doors[door])
    }

    fn after_miss(&self, belief: &Belief, slot: Slot) -> Belief {
        let Memory::Misses(building, mut misses) = belief.memory else {
            return belief.clone();
        };
        misses.add(slot, self.level(building, slot), Met::Nobody);
        self.believe(building, misses)
    }

    fn building(&self, building: usize) -> PerSlot {
        let mut level = [0.0; SLOTS];
        for slot in Slot::all() {
            level[slot.index()] = self.level(building, slot);
        }
        level
    }

    fn area(&self, area: usize) -> PerSlot {
        let mut level = [0.0; SLOTS];
        for slot in Slot::all() {
            level[slot.index()] = self.area_level(area, slot);
        }
        level
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::slot::DayKind;

    #[test]
    fn two_evening_misses_leave_a_chance_of_0174() {
        let evening = Slot::at(DayKind::Weekday, 1170.0);
        let mut misses = Misses::default();
        misses.add(evening, 0.6, Met::Nobody);
        misses.add(evening, 0.6, Met::Nobody);
        assert!((misses.theta(evening) - 0.2907).abs() < 1e-4);
        assert!((0.6 * misses.theta(evening) - 0.1744).abs() < 1e-4);
    }

    #[test]
    fn one_fresh_answer_moves_a_building_by_one_eleventh() {
        let slot = Slot::at(DayKind::Weekday, 600.0);
        let mut level = Level::new();
        level.add(slot, 1.0, 1.0);
        let moved = level.over(slot, 0.3, KAPPA[2]) - 0.3;
        assert!((moved - 0.7 / 11.0).abs() < 1e-9);
    }
}
