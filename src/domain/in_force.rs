//! Which records of a case are evidence at all: its visits, and its interviews wherever they are counted.

use super::code::Outcome;
use super::evidence::{Evidence, Visit};
use super::facts::{Facts, Horizon};
use super::ids::InterviewId;
use super::rules::Rules;

/// An interview that is evidence: its highest revision is not rejected and its visit not voided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InForce {
    /// The interview.
    pub id: InterviewId,
    /// The revision that speaks.
    pub revision: i32,
    /// Complete, as its own text and its visit say together.
    pub is_complete: bool,
    /// Somebody else answered for the household.
    pub is_proxy: bool,
}

/// The interviews of a case that are evidence, those counted elsewhere included, by id. A cancelled case has none: what does
/// not count itself must not keep another interview of the household from counting.
pub fn interviews_in_force(evidence: &Evidence, rules: &Rules) -> Vec<InForce> {
    let mut all = evidence.clone();
    for interview in &mut all.interviews {
        interview.counted_elsewhere = false;
    }
    let facts = Facts::collect(&all, rules, Horizon::Everything);
    if facts.rulings.cancelled_at.is_some() {
        return Vec::new();
    }
    let mut found: Vec<InForce> = facts
        .interviews
        .iter()
        .map(|taken| {
            let visit_says_so =
                taken.visit.is_some_and(|n| facts.visits[n].visit.outcome == Outcome::InterviewProxy);
            InForce {
                id: taken.interview.id,
                revision: taken.interview.revision,
                is_complete: taken.is_complete,
                is_proxy: visit_says_so || taken.interview.respondent.is_proxy(),
            }
        })
        .collect();
    found.sort_by_key(|f| f.id);
    found
}

/// The visits of a case that are evidence, in time order: voided ones are left out, and a visit that two devices sent stands once.
pub fn visits_in_force<'a>(evidence: &'a Evidence, rules: &Rules) -> Vec<&'a Visit> {
    Facts::collect(evidence, rules, Horizon::Everything).visits.into_iter().map(|seen| seen.visit).collect()
}
