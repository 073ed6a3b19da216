//! Why a pair came to its decision: every comparison with its level, m, u and bits, down to the total.
//! IDs are shown as levels only; no value of a person is in it, so it may be logged and mailed. This is what is stored of a
//! pair: names of comparisons and levels are codes, and reading one that is not known fails.

use serde::{Deserialize, Serialize};

use super::codes::{AbsentLevel, DoorLevel, HouseholdFound, PersonFound};
use super::model::{Model, Thresholds};
use super::prepared::Prepared;
use super::resolve::person_probability;
use super::score::{Decision, PersonMatch, Scored};

/// One line of a waterfall: a comparison of households or of persons with the level it reached, and what that is worth.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step<Found> {
    /// Comparison and level.
    #[serde(flatten)]
    pub found: Found,
    /// P(level | one person); `None` for household levels, whose bits are fitted as such.
    pub m: Option<f64>,
    /// P(level | two persons).
    pub u: Option<f64>,
    /// Bits added.
    pub bits: f64,
}

/// Two persons assigned to each other.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PersonExplanation {
    /// Number in the first interview.
    pub a: u32,
    /// Number in the second interview.
    pub b: u32,
    /// Name, birth, ID, sex, relationship; missing ones are left out.
    pub steps: Vec<Step<PersonFound>>,
    /// Term-frequency adjustment of the name, in bits.
    pub frequency_bits: f64,
    /// Total.
    pub weight: f64,
    /// Probability that they are one person, the household known.
    pub probability: f64,
}

impl PersonExplanation {
    /// More likely one person than not by chance.
    pub fn is_likely(&self) -> bool {
        self.weight > 0.0
    }
}

/// The waterfall of a pair.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Explanation {
    /// Model version.
    pub model: String,
    /// Prior bits.
    pub prior: f64,
    /// Household comparisons; those worth nothing are left out.
    pub steps: Vec<Step<HouseholdFound>>,
    /// Total.
    pub weight: f64,
    /// Probability.
    pub probability: f64,
    /// Lines between decisions.
    pub thresholds: Thresholds,
    /// Decision.
    pub decision: Decision,
    /// Persons one to one.
    pub people: Vec<PersonExplanation>,
}

impl Explanation {
    /// How the doors compare, if that was worth anything.
    pub fn door(&self) -> Option<DoorLevel> {
        let level = |s: &Step<_>| if let HouseholdFound::Door(level) = s.found { Some(level) } else { None };
        self.steps.iter().find_map(level)
    }

    /// Whether people live at the doors, if that was worth anything.
    pub fn absent(&self) -> Option<AbsentLevel> {
        let level =
            |s: &Step<_>| if let HouseholdFound::Absent(level) = s.found { Some(level) } else { None };
        self.steps.iter().find_map(level)
    }

    /// How many people of one interview are likely people of the other.
    pub fn in_common(&self) -> usize {
        self.people.iter().filter(|p| p.is_likely()).count()
    }
}

/// Explains a scored pair.
pub fn explain(model: &Model, a: &Prepared, b: &Prepared, scored: &Scored) -> Explanation {
    let parameters = model.parameters(a.script, b.script);
    let (prior, bits) = parameters.household_bits(&scored.levels);
    let steps = scored
        .levels
        .found()
        .into_iter()
        .zip(bits)
        .filter(|(_, bits)| *bits != 0.0)
        .map(|(found, bits)| Step { found, m: None, u: None, bits })
        .collect();
    let merged = scored.decision == Decision::Merge;
    let people = scored.people.iter().map(|m| explain_person(model, (a, b), scored, m, merged)).collect();
    Explanation {
        model: model.version.clone(),
        prior,
        steps,
        weight: scored.weight,
        probability: scored.probability,
        thresholds: parameters.thresholds,
        decision: scored.decision,
        people,
    }
}

fn explain_person(
    model: &Model,
    (a, b): (&Prepared, &Prepared),
    scored: &Scored,
    person: &PersonMatch,
    merged: bool,
) -> PersonExplanation {
    let parameters = model.parameters(a.script, b.script);
    let (p, q) = (&a.persons[person.a], &b.persons[person.b]);
    let odds = parameters.person_odds(person.levels);
    let steps = person.levels.found().into_iter().zip(odds).filter_map(|(found, odds)| {
        let odds = odds?;
        Some(Step { found, m: Some(odds.m), u: Some(odds.u), bits: odds.weight() })
    });
    PersonExplanation {
        a: p.person_no,
        b: q.person_no,
        steps: steps.collect(),
        frequency_bits: model.frequencies.name_adjustment(person.levels, &p.name, &q.name),
        weight: person.weight,
        probability: person_probability(parameters, scored, person, merged),
    }
}
