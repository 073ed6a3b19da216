//! Why a pair came to its decision: every comparison with its level, m, u and bits, down to the total.
//! IDs are shown as levels only; no value of a person is in it, so it may be logged and mailed.

use serde::Serialize;

use super::household::HouseholdLevels;
use super::model::{Model, PERSON_TABLE, Thresholds, person_indexes};
use super::prepared::Prepared;
use super::resolve::person_probability;
use super::score::{Decision, PersonMatch, Scored};

/// One line of a waterfall.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Step {
    /// Comparison.
    pub comparison: &'static str,
    /// Level reached.
    pub level: &'static str,
    /// P(level | one person); `None` for household levels, whose bits are fitted as such.
    pub m: Option<f64>,
    /// P(level | two persons).
    pub u: Option<f64>,
    /// Bits added.
    pub bits: f64,
}

/// Two persons assigned to each other.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PersonExplanation {
    /// Number in the first interview.
    pub a: u32,
    /// Number in the second interview.
    pub b: u32,
    /// Name, birth, ID, sex, relationship; missing ones are left out.
    pub steps: Vec<Step>,
    /// Term-frequency adjustment of the name, in bits.
    pub frequency_bits: f64,
    /// Total.
    pub weight: f64,
    /// Probability that they are one person, the household known.
    pub probability: f64,
}

/// The waterfall of a pair.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Explanation {
    /// Model version.
    pub model: String,
    /// Prior bits.
    pub prior: f64,
    /// Household comparisons; those worth nothing are left out.
    pub steps: Vec<Step>,
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

/// Explains a scored pair.
pub fn explain(model: &Model, a: &Prepared, b: &Prepared, scored: &Scored) -> Explanation {
    let parameters = model.parameters(a.script, b.script);
    let (prior, bits) = parameters.household_bits(&scored.levels);
    let indexes = scored.levels.indexes();
    let steps = HouseholdLevels::TABLE
        .iter()
        .enumerate()
        .map(|(c, (comparison, levels))| Step {
            comparison,
            level: levels[indexes[c]],
            m: None,
            u: None,
            bits: bits[c],
        })
        .filter(|step| step.bits != 0.0)
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
    let steps: Vec<Step> = person_indexes(person.levels)
        .into_iter()
        .enumerate()
        .filter_map(|(c, l)| {
            let (comparison, levels) = PERSON_TABLE[c];
            let odds = parameters.odds.get(comparison)?.get(levels[l])?;
            Some(Step { comparison, level: levels[l], m: Some(odds.m), u: Some(odds.u), bits: odds.weight() })
        })
        .collect();
    PersonExplanation {
        a: p.person_no,
        b: q.person_no,
        steps,
        frequency_bits: model.frequencies.name_adjustment(person.levels, &p.name, &q.name),
        weight: person.weight,
        probability: person_probability(parameters, scored, person, merged),
    }
}
