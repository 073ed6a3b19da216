//! Scoring one pair of interviews: persons one to one, then the household, then a decision.
//! Pure and symmetric; the same function serves the offline file and the arrival of a single interview.

use serde::{Deserialize, Serialize};

use super::assign::assign;
use super::codes::{AbsentLevel, DoorClass, HouseholdLevels, IdLevel, IdsLevel, PersonLevels};
use super::compare::compare_person;
use super::household_compare::{STRONG, compare_door, compare_household, people_bits};
use super::model::{Model, Parameters, Thresholds};
use super::prepared::Prepared;

/// What a person pair must be worth, in bits, before the household's evidence is known. Behind one door two
/// people are one person far more often than elsewhere, so less is asked there.
struct Floors {
    /// To be assigned at all: the household may still explain it.
    assigned: f64,
    /// To count as evidence for the household.
    counted: f64,
}

impl Floors {
    fn of(class: DoorClass) -> Self {
        match class {
            DoorClass::Same => Self { assigned: -6.0, counted: -3.0 },
            DoorClass::Other => Self { assigned: -3.0, counted: 0.0 },
        }
    }
}

/// Two persons assigned to each other.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PersonMatch {
    /// Position in the first interview.
    pub a: usize,
    /// Position in the second interview.
    pub b: usize,
    /// Bits from name, birth, sex, ID and role alone.
    pub weight: f64,
    /// Levels reached.
    pub levels: PersonLevels,
    /// Counts as evidence for the household: worth enough, and the names do not say otherwise.
    pub is_evidence: bool,
}

/// What happens to a pair of interviews.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// One household: merged automatically, reversible.
    Merge,
    /// A supervisor decides.
    Review,
    /// Two households that share a person.
    Pair,
    /// Nothing in common.
    Apart,
}

impl Decision {
    /// As written to files.
    pub fn slug(self) -> &'static str {
        match self {
            Self::Merge => "merge",
            Self::Review => "review",
            Self::Pair => "pair",
            Self::Apart => "apart",
        }
    }
}

/// A scored pair.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scored {
    /// Household weight in bits, prior included.
    pub weight: f64,
    /// 1 / (1 + 2^-weight).
    pub probability: f64,
    /// Bits by which chance agreement between the two areas exceeds that of the model's round.
    pub chance: f64,
    /// Household levels.
    pub levels: HouseholdLevels,
    /// Persons assigned to each other, in the order of the first interview.
    pub people: Vec<PersonMatch>,
    /// What follows.
    pub decision: Decision,
}

impl Scored {
    /// A match between two persons that stands without the household.
    pub fn shares_a_person(&self) -> bool {
        self.people.iter().any(|m| m.weight >= STRONG * 1.5 && m.levels.citizen != IdLevel::Conflict)
    }
}

/// Probability of a weight in bits.
pub fn probability(weight: f64) -> f64 {
    1.0 / (1.0 + (-weight).exp2())
}

/// Weight in bits of a probability.
pub fn bits(probability: f64) -> f64 {
    (probability / (1.0 - probability)).log2()
}

/// Persons of two interviews, assigned one to one.
pub fn match_people(model: &Model, a: &Prepared, b: &Prepared, class: DoorClass) -> Vec<PersonMatch> {
    let parameters = model.parameters(a.script, b.script);
    let mut weights = Vec::with_capacity(a.persons.len() * b.persons.len());
    let mut levels = Vec::with_capacity(weights.capacity());
    for p in &a.persons {
        for q in &b.persons {
            let reached = compare_person(p, q);
            weights.push(weigh(model, parameters, reached, (p, q)));
            levels.push(reached);
        }
    }
    let columns = b.persons.len();
    let floors = Floors::of(class);
    let matched = |(i, j): (usize, usize)| {
        let (weight, levels) = (weights[i * columns + j], levels[i * columns + j]);
        let is_evidence = weight > floors.counted && !levels.names_contradict();
        PersonMatch { a: i, b: j, weight, levels, is_evidence }
    };
    assign(&weights, a.persons.len(), columns, floors.assigned).into_iter().map(matched).collect()
}

fn weigh(
    model: &Model,
    parameters: &Parameters,
    levels: PersonLevels,
    (p, q): (&super::person::PreparedPerson, &super::person::PreparedPerson),
) -> f64 {
    parameters.person_weight(levels) + model.frequencies.name_adjustment(levels, &p.name, &q.name)
}

/// Scores a pair of interviews.
pub fn score_pair(model: &Model, a: &Prepared, b: &Prepared) -> Scored {
    let door = compare_door(a, b);
    let people = match_people(model, a, b, door.class());
    let levels = compare_household(a, b, door, &people, &model.frequencies);
    let weight = model.parameters(a.script, b.script).household_weight(&levels);
    let chance = model.frequencies.chance_bits(&a.area, &b.area);
    let mut scored = Scored {
        weight,
        probability: probability(weight),
        chance,
        levels,
        people,
        decision: Decision::Apart,
    };
    scored.decision = decide(&model.parameters(a.script, b.script).thresholds, &scored);
    scored
}

/// The decision a score leads to, constraints of clustering aside.
pub fn decide(thresholds: &Thresholds, scored: &Scored) -> Decision {
    let (upper, least_bits) = match scored.levels.door.class() {
        DoorClass::Same => (thresholds.upper, thresholds.people_bits),
        DoorClass::Other => (thresholds.upper_across_doors, thresholds.people_bits_across_doors),
    };
    let carried_by_people = people_bits(&scored.people) >= least_bits;
    let ids_conflict = scored.levels.ids == IdsLevel::Conflict;
    if scored.probability >= upper && carried_by_people && !ids_conflict && !is_registration_only(scored) {
        Decision::Merge
    } else if scored.probability >= thresholds.lower {
        Decision::Review
    } else if scored.shares_a_person() {
        Decision::Pair
    } else {
        Decision::Apart
    }
}

/// A record of people who all live elsewhere, against another door: never merged without a person's word.
fn is_registration_only(scored: &Scored) -> bool {
    scored.levels.door.class() == DoorClass::Other && scored.levels.absent != AbsentLevel::Neither
}
