//! The parameters: what a level is worth. Read from JSON, checked, and never changed while in use.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::codes::{DoorClass, HouseholdLevels, PersonLevels};
use super::context::ContextLevels;
use super::frequency::Frequencies;
use super::prepared::{NORM_VERSION, Script};

/// The parameters shipped with the program.
const SHIPPED: &str = include_str!("model.json");

/// What can be wrong with a model file.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// Not JSON of the expected shape.
    #[error("the model file cannot be read: {0}")]
    Unreadable(#[from] serde_json::Error),
    /// Made for other normalisation rules.
    #[error("the model was made for normalisation version {found}, this program has {NORM_VERSION}")]
    OtherNormalisation {
        /// Version in the file.
        found: u16,
    },
    /// A comparison or level is not in the file.
    #[error("the model says nothing of level \"{level}\" of comparison \"{comparison}\"")]
    LevelMissing {
        /// Comparison.
        comparison: String,
        /// Level.
        level: String,
    },
    /// A probability outside (0, 1), or thresholds out of order.
    #[error("{what} in the model is out of range")]
    OutOfRange {
        /// Where.
        what: String,
    },
}

/// Probabilities of one level: m = P(level | same person), u = P(level | two persons).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct LevelOdds {
    /// Among pairs of one person.
    pub m: f64,
    /// Among pairs of two persons.
    pub u: f64,
}

impl LevelOdds {
    /// Match weight log2(m/u), in bits.
    pub fn weight(self) -> f64 {
        (self.m / self.u).log2()
    }
}

/// m and u of the levels of each person comparison, by name. A missing value has none: its weight is 0.
pub type PersonOdds = BTreeMap<String, BTreeMap<String, LevelOdds>>;
/// Bits of each level of each household comparison, at the same door and across doors.
pub type HouseholdBits = BTreeMap<String, BTreeMap<String, [f64; 2]>>;
/// Bits of each level of each context comparison.
pub type ContextBits = BTreeMap<String, BTreeMap<String, f64>>;

/// The parameters for names of one script, as in the file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ParameterFile {
    /// Lines between decisions.
    pub thresholds: Thresholds,
    /// Person comparisons.
    pub person: PersonOdds,
    /// Prior bits of a candidate pair of interviews: same door, across doors.
    pub household_prior: [f64; 2],
    /// Household comparisons.
    pub household: HouseholdBits,
    /// Prior bits of an assigned pair of persons.
    pub context_prior: f64,
    /// What the household says of a pair of persons, once it is scored.
    pub context: ContextBits,
}

/// Lines between decisions, as probabilities.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Thresholds {
    /// Merge from here on, at one door.
    pub upper: f64,
    /// Merge from here on, across doors.
    pub upper_across_doors: f64,
    /// Review from here on.
    pub lower: f64,
    /// No two members of a cluster may be less likely than this; `None`: the line of review.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub together: Option<f64>,
    /// Two persons are one from here on.
    pub person: f64,
    /// Bits that the matched people must bring before anything is merged automatically: door, phone and
    /// number of people alone never merge.
    pub people_bits: f64,
    /// The same across doors: more than one person can bring, since a single person with a wrong residence
    /// status looks exactly like one who moved.
    pub people_bits_across_doors: f64,
}

/// A model file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelFile {
    /// Name and version, stored with every decision.
    pub version: String,
    /// The normalisation it was estimated under.
    pub norm_version: u16,
    /// For Han names.
    pub han: ParameterFile,
    /// For Latin names.
    pub latin: ParameterFile,
}

/// Weights of one script, looked up by level position.
#[derive(Clone, Debug)]
pub struct Parameters {
    /// Lines between decisions.
    pub thresholds: Thresholds,
    person: [Vec<f64>; PersonLevels::COUNT],
    odds: [Vec<Option<LevelOdds>>; PersonLevels::COUNT],
    household_prior: [f64; 2],
    household: [Vec<[f64; 2]>; HouseholdLevels::COUNT],
    context_prior: f64,
    context: Vec<Vec<f64>>,
}

/// Position of the level of a person comparison that says a value is missing. It weighs nothing and stands in no file.
pub const MISSING: usize = 0;

impl Parameters {
    fn of(file: &ParameterFile) -> Result<Self, ModelError> {
        let mut odds: [Vec<Option<LevelOdds>>; PersonLevels::COUNT] = Default::default();
        for (slot, (comparison, levels)) in odds.iter_mut().zip(PersonLevels::TABLE) {
            *slot = person_odds(&file.person, comparison, levels)?;
        }
        let weight = |o: &Option<LevelOdds>| o.map_or(0.0, LevelOdds::weight);
        let mut household: [Vec<[f64; 2]>; HouseholdLevels::COUNT] = Default::default();
        for (slot, (comparison, levels)) in household.iter_mut().zip(HouseholdLevels::TABLE) {
            *slot = levels
                .iter()
                .map(|level| find(&file.household, comparison, level))
                .collect::<Result<_, _>>()?;
        }
        let context = ContextLevels::TABLE
            .iter()
            .map(|(comparison, levels)| levels.iter().map(|l| find(&file.context, comparison, l)).collect())
            .collect::<Result<_, _>>()?;
        file.thresholds.check()?;
        Ok(Self {
            thresholds: file.thresholds,
            person: std::array::from_fn(|c| odds[c].iter().map(weight).collect()),
            odds,
            household_prior: file.household_prior,
            household,
            context_prior: file.context_prior,
            context,
        })
    }

    /// Weight of a person pair without the term-frequency adjustment, in bits.
    pub fn person_weight(&self, levels: PersonLevels) -> f64 {
        levels.indexes().iter().zip(&self.person).map(|(level, weights)| weights[*level]).sum()
    }

    /// m and u of the level each person comparison reached; none where a value is missing.
    pub fn person_odds(&self, levels: PersonLevels) -> [Option<LevelOdds>; PersonLevels::COUNT] {
        let indexes = levels.indexes();
        std::array::from_fn(|c| self.odds[c][indexes[c]])
    }

    /// Bits of the prior and of every level of a household pair.
    pub fn household_bits(&self, levels: &HouseholdLevels) -> (f64, [f64; HouseholdLevels::COUNT]) {
        let class = match levels.door.class() {
            DoorClass::Same => 0,
            DoorClass::Other => 1,
        };
        let indexes = levels.indexes();
        (self.household_prior[class], std::array::from_fn(|i| self.household[i][indexes[i]][class]))
    }

    /// Weight of a household pair, in bits.
    pub fn household_weight(&self, levels: &HouseholdLevels) -> f64 {
        let (prior, bits) = self.household_bits(levels);
        prior + bits.iter().sum::<f64>()
    }

    /// Weight of an assigned person pair once its household is scored, in bits.
    pub fn context_weight(&self, levels: &ContextLevels) -> f64 {
        let bits: f64 = levels.indexes().iter().zip(&self.context).map(|(level, bits)| bits[*level]).sum();
        self.context_prior + bits
    }
}

fn find<T: Copy>(
    map: &BTreeMap<String, BTreeMap<String, T>>,
    comparison: &str,
    level: &str,
) -> Result<T, ModelError> {
    map.get(comparison).and_then(|levels| levels.get(level)).copied().ok_or_else(|| {
        ModelError::LevelMissing { comparison: comparison.to_owned(), level: level.to_owned() }
    })
}

fn person_odds(
    odds: &PersonOdds,
    comparison: &str,
    levels: &[&str],
) -> Result<Vec<Option<LevelOdds>>, ModelError> {
    let read = |(place, level): (usize, &&str)| {
        if place == MISSING {
            return Ok(None);
        }
        let odds = find(odds, comparison, level)?;
        if [odds.m, odds.u].iter().all(|p| *p > 0.0 && *p < 1.0) {
            Ok(Some(odds))
        } else {
            Err(ModelError::OutOfRange { what: format!("level \"{level}\" of \"{comparison}\"") })
        }
    };
    levels.iter().enumerate().map(read).collect()
}

/// A checked model and the round's frequencies.
#[derive(Clone, Debug)]
pub struct Model {
    /// Name and version.
    pub version: String,
    /// Tables of the round the model is frozen with.
    pub frequencies: Frequencies,
    han: Parameters,
    latin: Parameters,
}

impl Model {
    /// The model compiled in.
    pub fn shipped() -> Self {
        Self::from_json(SHIPPED).expect("the shipped model is read by a test")
    }

    /// Reads a model file.
    pub fn from_json(text: &str) -> Result<Self, ModelError> {
        Self::from_file(&serde_json::from_str(text)?)
    }

    /// Checks a model file.
    pub fn from_file(file: &ModelFile) -> Result<Self, ModelError> {
        if file.norm_version != NORM_VERSION {
            return Err(ModelError::OtherNormalisation { found: file.norm_version });
        }
        Ok(Self {
            version: file.version.clone(),
            frequencies: Frequencies::default(),
            han: Parameters::of(&file.han)?,
            latin: Parameters::of(&file.latin)?,
        })
    }

    /// The same model with the tables of a round.
    #[must_use]
    pub fn with_frequencies(mut self, frequencies: Frequencies) -> Self {
        self.frequencies = frequencies;
        self
    }

    /// The parameters for a pair: Latin only when both records are.
    pub fn parameters(&self, a: Script, b: Script) -> &Parameters {
        match (a, b) {
            (Script::Latin, Script::Latin) => &self.latin,
            (Script::Han, _) | (_, Script::Han) => &self.han,
        }
    }
}

/// The model file compiled in, for callers who change a part of it.
pub fn shipped_file() -> ModelFile {
    serde_json::from_str(SHIPPED).expect("the shipped model is read by a test")
}

impl Thresholds {
    /// The least probability two members of a cluster may have.
    pub fn complete_link(&self) -> f64 {
        self.together.unwrap_or(self.lower)
    }

    /// Probabilities, and lower at or below both upper lines.
    pub fn check(&self) -> Result<(), ModelError> {
        let all = [self.upper, self.upper_across_doors, self.lower, self.person];
        let in_range = all.iter().all(|t| *t > 0.0 && *t <= 1.0)
            && (self.people_bits + self.people_bits_across_doors).is_finite();
        if in_range && self.lower <= self.upper && self.lower <= self.upper_across_doors {
            Ok(())
        } else {
            Err(ModelError::OutOfRange { what: "a threshold".to_owned() })
        }
    }
}
