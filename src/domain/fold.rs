//! The law of case states: a pure function of all evidence on a case. The best evidence wins, not the latest.
//!
//! The first line that holds decides: merged, cancelled, a complete interview, closed, a claim that nobody is to be
//! registered (confirmed or not), partial, refused, an open appointment, visits used up, a proxy allowed, any visit.

use jiff::Timestamp;

use super::case::{CompletedBy, Standing, Tallied};
use super::code::{Channel, Class, EffortPart, Flag, Outcome, State};
use super::effort::{Effort, unmet};
use super::evidence::{Evidence, PersonCounts};
use super::facts::{Facts, Horizon, Taken};
use super::reading::Reading;
use super::rules::Rules;

/// Folds the evidence on one case into its standing. Any order and any repetition of the same evidence give the same
/// value; the time of reading plays no part.
pub fn fold(evidence: &Evidence, rules: &Rules) -> Standing {
    let facts = Facts::collect(evidence, rules, Horizon::Everything);
    let effort = Effort::measure(&facts.visits, rules);
    let reading = Reading::of(&facts, &effort, rules);
    let tallied = tally(&facts, &effort, &reading);
    let mut standing = Standing::of(tallied);
    standing.marks = marks(evidence, &facts, &reading, tallied.state, rules);
    let closing = facts.rulings.closing.as_ref();
    standing.close_class = closing.map(|closing| closing.class);
    standing.closed_unmet = closing.map(|closing| unmet_by(evidence, rules, Horizon::KnownBy(closing.at)));
    put_visits(&mut standing, &facts, &effort, rules);
    put_reading(&mut standing, reading);
    standing.closing = facts.rulings.closing;
    standing.reopened_at = facts.rulings.reopened_at;
    standing.merged_into = facts.rulings.merged_into;
    standing
}

/// What a case with these facts counts as.
pub(super) fn tally(facts: &Facts, effort: &Effort, reading: &Reading) -> Tallied {
    let state = reading.state(facts);
    let current = current(facts);
    let counted = current.filter(|_| state == State::Completed);
    Tallied {
        state,
        class: class(state, facts),
        is_attempted: !facts.visits.is_empty() || facts.has_interview || state != State::New,
        has_counted_attempt: effort.counted.attempts > 0,
        is_first_visit_complete: counted.is_some() && is_first_visit_complete(facts, effort),
        completed_by: counted.map(|taken| completed_by(facts, taken)),
        current: current.map(|taken| (taken.interview.id, taken.interview.revision)),
        persons: counted.map_or(PersonCounts::NONE, counted_persons),
    }
}

fn put_visits(standing: &mut Standing, facts: &Facts, effort: &Effort, rules: &Rules) {
    standing.counted = effort.counted;
    standing.counted_visits = effort.attempts.iter().map(|n| facts.visits[*n].visit.id).collect();
    standing.visits_stored = u32::try_from(facts.stored).unwrap_or(u32::MAX);
    standing.untried = effort.untried(rules);
    standing.last_counted = effort.last_at;
    if let Some(seen) = facts.visits.last() {
        standing.last = Some((seen.visit.at, seen.visit.outcome));
        standing.last_by = Some(seen.visit.enumerator.clone());
    }
    standing.interview_missing_since = missing_interview(facts);
}

/// The earliest visit that took answers and whose interview has not arrived. Once a complete interview stands at the door,
/// none is missing, whichever visit it was taken at.
fn missing_interview(facts: &Facts) -> Option<Timestamp> {
    if facts.interviews.iter().any(|taken| taken.is_complete) {
        return None;
    }
    let mut visits = facts.visits.iter();
    let missing = visits.find(|seen| seen.visit.outcome.is_interview() && !seen.has_interview);
    missing.map(|seen| seen.visit.at)
}

fn put_reading(standing: &mut Standing, reading: Reading) {
    standing.appointment = reading.appointment;
    standing.last_refusal = reading.last_refusal;
    standing.refusals = reading.refusals;
    standing.cap = reading.cap;
    standing.asked_in_vain = reading.asked_in_vain;
    standing.proxy_now = reading.proxy_now;
    standing.partial_by = reading.partial_by.cloned();
    standing.unmet = reading.unmet;
    standing.claim = reading.claim;
    standing.refused_by = reading.refused_by;
    standing.language_by = reading.language_by;
}

/// What a case counts as by the part of the evidence that a horizon reaches.
pub(super) fn tallied_at(evidence: &Evidence, rules: &Rules, horizon: Horizon) -> Tallied {
    let facts = Facts::collect(evidence, rules, horizon);
    let effort = Effort::measure(&facts.visits, rules);
    tally(&facts, &effort, &Reading::of(&facts, &effort, rules))
}

fn unmet_by(evidence: &Evidence, rules: &Rules, horizon: Horizon) -> Vec<EffortPart> {
    let facts = Facts::collect(evidence, rules, horizon);
    unmet(Effort::measure(&facts.visits, rules).counted, rules)
}

/// The interview that speaks for the door: complete before partial, counted here before counted elsewhere, taken from the
/// household before one it sent by itself, that before a proxy's, then the one with more persons, then the later one.
fn current<'a, 'b>(facts: &'b Facts<'a>) -> Option<&'b Taken<'a>> {
    facts.interviews.iter().max_by_key(|taken| {
        let text = taken.interview;
        let worth = match completed_by(facts, taken) {
            CompletedBy::Own => 2,
            CompletedBy::SelfResponse => 1,
            CompletedBy::Proxy => 0,
        };
        (taken.is_complete, !text.counted_elsewhere, worth, text.persons.recorded, text.at, text.id)
    })
}

/// A form that stays here only for its door is counted where the household is counted.
fn counted_persons(taken: &Taken) -> PersonCounts {
    if taken.interview.counted_elsewhere { PersonCounts::default() } else { taken.interview.persons }
}

fn is_proxy(facts: &Facts, taken: &Taken) -> bool {
    let visit_says_so = taken.visit.is_some_and(|n| facts.visits[n].visit.outcome == Outcome::InterviewProxy);
    visit_says_so || taken.interview.respondent.is_proxy()
}

fn completed_by(facts: &Facts, taken: &Taken) -> CompletedBy {
    let is_self = |n: usize| {
        let visit = facts.visits[n].visit;
        visit.outcome == Outcome::SelfResponse || visit.channel == Channel::Online
    };
    let is_promised = || facts.visits.iter().any(|seen| seen.visit.outcome == Outcome::SelfResponse);
    if is_proxy(facts, taken) {
        CompletedBy::Proxy
    } else if taken.visit.map_or_else(|| taken.interview.visit_id.is_none() && is_promised(), is_self) {
        CompletedBy::SelfResponse
    } else {
        CompletedBy::Own
    }
}

fn is_first_visit_complete(facts: &Facts, effort: &Effort) -> bool {
    let first = effort.attempts.first().copied();
    first.is_some() && facts.interviews.iter().any(|taken| taken.is_complete && taken.visit == first)
}

/// The class for rates. An open case takes the best class of its visits, a class I visit without a counted interview
/// standing for "other"; claims that were denied leave nothing.
fn class(state: State, facts: &Facts) -> Option<Class> {
    let best = || {
        let has = |class: Class| facts.visits.iter().any(|seen| seen.visit.outcome.class() == class);
        let order = [Class::R, Class::O, Class::NC, Class::UO, Class::UH];
        let found = order.into_iter().find(|class| has(*class) || (*class == Class::O && has(Class::I)));
        found.unwrap_or(Class::UH)
    };
    match state {
        State::Merged | State::Cancelled => None,
        State::Completed => Some(Class::I),
        State::NotEligible => Some(Class::NE),
        State::Closed => facts.rulings.closing.as_ref().map(|closing| closing.class),
        State::Partial => Some(Class::P),
        State::Refused => Some(Class::R),
        State::Verify | State::New => Some(Class::UH),
        State::InProgress | State::Appointment | State::Proxy | State::Exhausted => Some(best()),
    }
}

/// The flags that do not depend on the reading time, sorted. A merged case has none: they stand at the survivor.
fn marks(evidence: &Evidence, facts: &Facts, reading: &Reading, state: State, rules: &Rules) -> Vec<Flag> {
    let mut marks = Vec::new();
    if state == State::Merged {
        return marks;
    }
    if missing_interview(facts).is_some() {
        marks.push(Flag::InterviewMissing);
    }
    if is_evidence_late(facts) {
        marks.push(Flag::LateEvidence);
    }
    let may_conflict = matches!(state, State::Verify | State::NotEligible | State::Completed);
    if may_conflict && reading.claim.is_some() && reading.has_contact {
        marks.push(Flag::OccupancyConflict);
    }
    if is_proxy_too_early(evidence, facts, rules) {
        marks.push(Flag::ProxyTooEarly);
    }
    marks
}

/// Whether evidence worth a review came in after the closing or cancelling in force.
fn is_evidence_late(facts: &Facts) -> bool {
    let closed_at = facts.rulings.closing.as_ref().map(|closing| closing.at);
    let Some(since) = closed_at.into_iter().chain(facts.rulings.cancelled_at).min() else {
        return false;
    };
    let is_weighty = |outcome: Outcome| matches!(outcome.class(), Class::I | Class::P | Class::NE);
    let visits =
        facts.visits.iter().any(|seen| is_weighty(seen.visit.outcome) && seen.visit.received_at > since);
    visits || facts.interviews.iter().any(|taken| taken.interview.received_at > since)
}

/// Whether a proxy answered before one was allowed, judged by what had happened up to that visit. Where the household has
/// answered for itself since, no proxy's word counts.
fn is_proxy_too_early(evidence: &Evidence, facts: &Facts, rules: &Rules) -> bool {
    if current(facts).is_some_and(|taken| taken.is_complete && !is_proxy(facts, taken)) {
        return false;
    }
    let visits = facts.visits.iter().filter(|seen| seen.visit.outcome == Outcome::InterviewProxy);
    let visits = visits.map(|seen| (seen.visit.at, seen.visit.id));
    let texts = facts.interviews.iter().filter(|taken| taken.interview.respondent.is_proxy());
    let texts = texts.map(|taken| facts.event_of(taken));
    visits.chain(texts).any(|(at, id)| {
        let before = tallied_at(evidence, rules, Horizon::Before(at, id)).state;
        !matches!(before, State::Proxy | State::Exhausted)
    })
}
