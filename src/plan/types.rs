//! Second at-home model: every door is one of a few kinds of household, and its knocks tell which.
//! A small latent-class model fitted anew from all knocks; no scheduling here.
//!
//! Sharesture by expectation-maximisation. Kinds of household carry three shades (seldom, average, often in) on the
//! logit scale; hours are moved away from their start values by penalised scoring steps, shared by all kinds and
//! by each kind alone; the mix of kinds is shrunken from survey to area to building.

use super::ground::Ground;
use super::kinds::{CLASSES, EMPTY_KIND, KINDS, SHADES, START, kind_of};
use super::knock::{Met, Past};
use super::model::{AtHome, Belief, CLIP, History, Memory};
use super::slot::{PerSlot, SLOTS, Slot};

/// Strengths of the model, in knocks or doors.
#[derive(Clone, Copy, Debug, serde::Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Rounds of expectation and maximisation.
    pub rounds: usize,
    /// Pseudo-knocks that hold the hours common to all kinds.
    pub common: f64,
    /// Pseudo-knocks that hold the hours of one kind.
    pub own: f64,
    /// Pseudo-doors behind the survey's mix, the area's and the building's.
    pub mix: [f64; 3],
    /// Weight of a knock as evidence; below 1 because knocks at one door resemble each other.
    pub temper: f64,
    /// Chance that an unanswered knock looks like an empty dwelling: where nobody lives, and elsewhere.
    pub looks_empty: (f64, f64),
    /// Likelihood of a word that nobody lives there, where somebody does.
    pub told_wrongly: f64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            rounds: 4,
            common: 40.0,
            own: 40.0,
            mix: [25.0, 20.0, 6.0],
            temper: 0.9,
            looks_empty: (0.45, 0.015),
            told_wrongly: 0.03,
        }
    }
}

/// A share for every class of household.
pub type Shares = [f64; CLASSES];

/// The fitted model.
#[derive(Clone, Debug)]
pub struct Types {
    settings: Settings,
    /// Chance of an answer per class and slot.
    chance: Vec<PerSlot>,
    /// Tempered chance of no answer per slot and class.
    missed: Vec<Shares>,
    areas: Vec<Shares>,
    buildings: Vec<Shares>,
    area_of: Vec<usize>,
    building_of: Vec<usize>,
    /// Share of each class at each door.
    doors: Vec<Shares>,
}

impl Types {
    /// Fits the model to every knock of `history`.
    pub fn fit(ground: &Ground, history: &History, settings: Settings) -> Self {
        let start = start_mix();
        let mut model = Self {
            settings,
            chance: Vec::new(),
            missed: Vec::new(),
            areas: vec![start; ground.areas.len()],
            buildings: vec![start; ground.buildings.len()],
            area_of: ground.buildings.iter().map(|b| b.area_no).collect(),
            building_of: ground.stair_of.iter().map(|&s| ground.stairs[s].building).collect(),
            doors: vec![start; history.doors.len()],
        };
        let mut hours = Hours::default();
        model.chance = hours.chances();
        for _ in 0..settings.rounds {
            model.expect(history);
            model.mix();
            hours.step(&model, history);
            model.chance = hours.chances();
        }
        model.expect(history);
        let miss = |c: usize, slot: Slot| (1.0 - model.chance[c][slot.index()]).powf(settings.temper);
        model.missed = Slot::all().map(|slot| std::array::from_fn(|c| miss(c, slot))).collect();
        model
    }

    /// Share of every class at every door, from its building's mix and its own knocks.
    fn expect(&mut self, history: &History) {
        let table = self.likelihoods();
        for (door, past) in history.doors.iter().enumerate() {
            let mut share = self.buildings[self.building_of[door]];
            for k in &past.knocks {
                for (r, l) in share.iter_mut().zip(&table[k.met as usize][k.slot.index()]) {
                    *r *= l;
                }
                normalise(&mut share);
            }
            if past.told_empty {
                for (class, r) in share.iter_mut().enumerate() {
                    *r *= if kind_of(class) == EMPTY_KIND { 1.0 } else { self.settings.told_wrongly };
                }
                normalise(&mut share);
            }
            self.doors[door] = share;
        }
    }

    /// Tempered likelihoods by what was met, slot and class.
    fn likelihoods(&self) -> Vec<Vec<Shares>> {
        [Met::Somebody, Met::Nobody, Met::Emptiness]
            .into_iter()
            .map(|met| {
                let of =
                    |slot| std::array::from_fn(|c| self.likelihood(c, slot, met).powf(self.settings.temper));
                Slot::all().map(of).collect()
            })
            .collect()
    }

    fn likelihood(&self, class: usize, slot: Slot, met: Met) -> f64 {
        let p = self.chance[class][slot.index()];
        let (empty, lived_in) = self.settings.looks_empty;
        let looks = if kind_of(class) == EMPTY_KIND { empty } else { lived_in };
        match met {
            Met::Somebody => p,
            Met::Nobody => (1.0 - p) * (1.0 - looks),
            Met::Emptiness => (1.0 - p) * looks,
        }
    }

    /// Shares of classes by survey, area and building, each leaning on the one above.
    fn mix(&mut self) {
        let mut survey = Lean::default();
        let mut areas = vec![Lean::default(); self.areas.len()];
        let mut buildings = vec![Lean::default(); self.buildings.len()];
        for (door, share) in self.doors.iter().enumerate() {
            let b = self.building_of[door];
            survey.add(share);
            areas[self.area_of[b]].add(share);
            buildings[b].add(share);
        }
        let top = survey.over(&start_mix(), self.settings.mix[0]);
        for (a, lean) in areas.iter().enumerate() {
            self.areas[a] = lean.over(&top, self.settings.mix[1]);
        }
        for (b, lean) in buildings.iter().enumerate() {
            self.buildings[b] = lean.over(&self.areas[self.area_of[b]], self.settings.mix[2]);
        }
    }

    fn believe(&self, share: &Shares) -> Belief {
        let empty = (0..CLASSES).filter(|&c| kind_of(c) == EMPTY_KIND).map(|c| share[c]).sum();
        Belief { answered: self.level(share), empty, memory: Memory::Shares(*share) }
    }

    fn level(&self, share: &Shares) -> PerSlot {
        let mut level = [0.0; SLOTS];
        for (class, r) in share.iter().enumerate() {
            for (p, q) in level.iter_mut().zip(&self.chance[class]) {
                *p += r * q;
            }
        }
        level.map(|p| p.clamp(CLIP.0, CLIP.1))
    }
}

impl AtHome for Types {
    fn belief(&self, door: usize) -> Belief {
        self.believe(&self.doors[door])
    }

    fn after_miss(&self, belief: &Belief, slot: Slot) -> Belief {
        let Memory::Shares(mut share) = belief.memory else {
            return belief.clone();
        };
        for (r, miss) in share.iter_mut().zip(&self.missed[slot.index()]) {
            *r *= miss;
        }
        normalise(&mut share);
        self.believe(&share)
    }

    fn building(&self, building: usize) -> PerSlot {
        self.level(&self.buildings[building])
    }

    fn area(&self, area: usize) -> PerSlot {
        self.level(&self.areas[area])
    }
}

/// Sum of class shares over doors.
#[derive(Clone, Debug)]
struct Lean {
    sum: Shares,
    doors: f64,
}

impl Default for Lean {
    fn default() -> Self {
        Self { sum: [0.0; CLASSES], doors: 0.0 }
    }
}

impl Lean {
    fn add(&mut self, share: &Shares) {
        self.doors += 1.0;
        for (s, r) in self.sum.iter_mut().zip(share) {
            *s += r;
        }
    }

    fn over(&self, above: &Shares, kappa: f64) -> Shares {
        let mut mix = [0.0; CLASSES];
        for (m, (s, a)) in mix.iter_mut().zip(self.sum.iter().zip(above)) {
            *m = (kappa * a + s) / (kappa + self.doors);
        }
        mix
    }
}

/// How far hours have moved from their start values, on the logit scale.
#[derive(Clone, Debug)]
struct Hours {
    common: PerSlot,
    own: [PerSlot; KINDS],
}

impl Default for Hours {
    fn default() -> Self {
        Self { common: [0.0; SLOTS], own: [[0.0; SLOTS]; KINDS] }
    }
}

impl Hours {
    fn chances(&self) -> Vec<PerSlot> {
        (0..CLASSES)
            .map(|class| {
                let (kind, shade) = (kind_of(class), SHADES[class % SHADES.len()].0);
                let mut p = START[kind].1;
                if kind != EMPTY_KIND {
                    for (i, q) in p.iter_mut().enumerate() {
                        *q = expit(logit(*q) + shade + self.common[i] + self.own[kind][i]);
                    }
                }
                p
            })
            .collect()
    }

    /// One penalised scoring step: observed less expected answers over information, spread over neighbours.
    fn step(&mut self, model: &Types, history: &History) {
        let mut score = [[0.0; SLOTS]; KINDS];
        let mut weight = [[0.0; SLOTS]; KINDS];
        for (past, share) in history.doors.iter().zip(&model.doors) {
            gather(past, share, &model.chance, &mut score, &mut weight);
        }
        let (settings, v) = (model.settings, 0.2);
        for i in 0..SLOTS {
            let (s, w) = (0..EMPTY_KIND).fold((0.0, 0.0), |(s, w), k| (s + score[k][i], w + weight[k][i]));
            self.common[i] += (s - settings.common * v * self.common[i]) / (w + settings.common * v);
            for k in 0..EMPTY_KIND {
                let own = &mut self.own[k][i];
                *own += (score[k][i] - settings.own * v * *own) / (weight[k][i] + settings.own * v) * 0.5;
            }
        }
    }
}

fn gather(
    past: &Past,
    share: &Shares,
    chance: &[PerSlot],
    score: &mut [PerSlot; KINDS],
    weight: &mut [PerSlot; KINDS],
) {
    for knock in &past.knocks {
        let answered = f64::from(u8::from(knock.met == Met::Somebody));
        for (class, r) in share.iter().enumerate().filter(|(c, r)| kind_of(*c) != EMPTY_KIND && **r > 1e-6) {
            let p = chance[class][knock.slot.index()];
            for (slot, w) in knock.slot.neighbours() {
                score[kind_of(class)][slot.index()] += w * r * (answered - p);
                weight[kind_of(class)][slot.index()] += w * r * p * (1.0 - p);
            }
        }
    }
}

fn start_mix() -> Shares {
    let mut mix = [0.0; CLASSES];
    for (class, m) in mix.iter_mut().enumerate() {
        *m = START[kind_of(class)].0 * SHADES[class % SHADES.len()].1;
    }
    mix
}

fn normalise(share: &mut Shares) {
    let sum: f64 = share.iter().sum();
    if sum > 0.0 {
        for r in share.iter_mut() {
            *r /= sum;
        }
    }
}

fn logit(p: f64) -> f64 {
    (p / (1.0 - p)).ln()
}

fn expit(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}
