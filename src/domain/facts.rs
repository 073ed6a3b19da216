//! The evidence put in order: voided records gone, copies folded, local times taken once, decisions read in their order.
//!
//! Nothing is concluded here; the result is the same for every order and repetition of the evidence.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::case::Closing;
use super::code::{Confirmed, Informant, InterviewResult, Outcome};
use super::evidence::{Decision, DecisionKind, Evidence, Interview, Visit, Window};
use super::ids::{CaseId, VisitId};
use super::rules::{Local, Rules};

/// Visits of one enumerator with one outcome this close together are one visit sent by two devices.
const TWIN: SignedDuration = SignedDuration::from_mins(2);

/// Which part of the evidence is looked at.
#[derive(Clone, Copy, Debug)]
pub(super) enum Horizon {
    /// All of it.
    Everything,
    /// What had happened before a visit. What was voided or rejected later is no evidence here either.
    Before(Timestamp, VisitId),
    /// What had happened at a moment, that moment included.
    HappenedBy(Timestamp),
    /// What the server knew at a moment.
    KnownBy(Timestamp),
}

/// A visit that is evidence.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen<'a> {
    pub visit: &'a Visit,
    pub local: Local,
    pub informant: Informant,
    pub has_photo: bool,
    pub appointment: Option<Window>,
    pub has_interview: bool,
}

/// An interview that is evidence, in its current revision.
#[derive(Clone, Copy, Debug)]
pub(super) struct Taken<'a> {
    pub interview: &'a Interview,
    /// Its visit, an index into [`Facts::visits`].
    pub visit: Option<usize>,
    pub is_complete: bool,
}

/// What the decisions on the case itself come to.
#[derive(Clone, Debug, Default)]
pub(super) struct Rulings {
    pub merged_into: Option<CaseId>,
    pub cancelled_at: Option<Timestamp>,
    pub closing: Option<Closing>,
    pub reopened_at: Option<Timestamp>,
    pub reopenings: u32,
    pub is_confirmed: bool,
    pub denied_until: Option<Timestamp>,
}

/// The evidence in order.
#[derive(Debug, Default)]
pub(super) struct Facts<'a> {
    /// Visits not voided, copies folded, by time, then id.
    pub visits: Vec<Seen<'a>>,
    /// Interviews in force.
    pub interviews: Vec<Taken<'a>>,
    /// Whether any interview stands beside the door, in force or not, whose visit is not voided.
    pub has_interview: bool,
    pub rulings: Rulings,
    /// Visits stored, voided ones and copies included.
    pub stored: usize,
    twins: Vec<(VisitId, usize)>,
}

impl<'a> Facts<'a> {
    /// Puts the evidence in order, as far as the horizon reaches.
    pub fn collect(evidence: &'a Evidence, rules: &Rules, horizon: Horizon) -> Self {
        let decisions = in_order(evidence, horizon);
        let visits = in_time_order(evidence, horizon);
        let mut facts = Self {
            visits: Vec::with_capacity(visits.len()),
            rulings: Rulings::read(&decisions),
            stored: visits.len(),
            ..Self::default()
        };
        let voided = voided(&decisions);
        for visit in visits.into_iter().filter(|visit| !voided.contains(&visit.id)) {
            facts.take_visit(visit, rules);
        }
        facts.take_interviews(evidence, (&decisions, &voided), horizon);
        facts
    }

    /// The visit of that id, or the one it is a copy of.
    fn position(&self, id: VisitId) -> Option<usize> {
        let twin = || self.twins.iter().find(|(twin, _)| *twin == id).map(|(_, position)| *position);
        self.visits.iter().position(|seen| seen.visit.id == id).or_else(twin)
    }

    /// Takes the next visit in time order. A copy adds what the first record of the visit lacks: an informant, a photo, a corrected
    /// appointment.
    pub fn take_visit(&mut self, visit: &'a Visit, rules: &Rules) {
        let is_near = |seen: &&Seen| visit.at.duration_since(seen.visit.at) <= TWIN;
        let is_same = |seen: &Seen| {
            let first = seen.visit;
            first.outcome == visit.outcome
                && first.channel == visit.channel
                && first.enumerator == visit.enumerator
        };
        let near = self.visits.iter().rev().take_while(is_near).position(is_same);
        if let Some(back) = near {
            let position = self.visits.len() - 1 - back;
            self.twins.push((visit.id, position));
            let seen = &mut self.visits[position];
            seen.has_photo |= visit.has_photo;
            seen.appointment = visit.appointment.or(seen.appointment);
            if seen.informant == Informant::None {
                seen.informant = visit.informant;
            }
            return;
        }
        self.visits.push(Seen {
            visit,
            local: rules.calendar.local(visit.at),
            informant: visit.informant,
            has_photo: visit.has_photo,
            appointment: visit.appointment,
            has_interview: false,
        });
    }

    /// Takes the interviews afresh that the horizon reaches.
    pub fn take_interviews(
        &mut self,
        evidence: &'a Evidence,
        (decisions, voided): (&[&Decision], &BTreeSet<VisitId>),
        horizon: Horizon,
    ) {
        if evidence.interviews.is_empty() {
            return;
        }
        let mut all: Vec<&Interview> =
            evidence.interviews.iter().filter(|text| horizon.has_interview(text)).collect();
        let is_out = |text: &Interview| text.visit_id.is_some_and(|visit| voided.contains(&visit));
        all.retain(|text| !is_out(text));
        let stands_alone = all.iter().any(|text| text.visit_id.is_none());
        self.has_interview = !all.is_empty();
        for seen in &mut self.visits {
            seen.has_interview = stands_alone;
        }
        for visit in all.iter().filter_map(|text| text.visit_id) {
            if let Some(position) = self.position(visit) {
                self.visits[position].has_interview = true;
            }
        }
        self.interviews.clear();
        for interview in current_revisions(evidence, horizon) {
            let stands_elsewhere = interview.counted_elsewhere && !interview.persons.lists_only_absent();
            if is_out(interview) || stands_elsewhere || is_rejected(decisions, interview) {
                continue;
            }
            let visit = interview.visit_id.and_then(|id| self.position(id));
            let outcome = visit.map(|position| self.visits[position].visit.outcome);
            self.interviews.push(Taken { interview, visit, is_complete: is_complete(interview, outcome) });
        }
    }

    /// The time of an interview for comparing with a reopening or a proxy rule: its visit's, where that is here.
    pub fn event_of(&self, taken: &Taken) -> (Timestamp, VisitId) {
        let nil = VisitId(Uuid::nil());
        taken.visit.map_or((taken.interview.at, nil), |n| (self.visits[n].visit.at, self.visits[n].visit.id))
    }
}

/// The visits by time, then id, each once.
pub(super) fn in_time_order(evidence: &Evidence, horizon: Horizon) -> Vec<&Visit> {
    let mut visits: Vec<&Visit> = evidence.visits.iter().filter(|visit| horizon.has_visit(visit)).collect();
    visits.sort_unstable_by_key(|visit| (visit.id, visit.received_at, visit.at));
    visits.dedup_by_key(|visit| visit.id);
    visits.sort_unstable_by_key(|visit| (visit.at, visit.id));
    visits
}

impl Horizon {
    pub fn has_visit(self, visit: &Visit) -> bool {
        match self {
            Self::Everything => true,
            Self::Before(at, id) => (visit.at, visit.id) < (at, id),
            Self::HappenedBy(moment) => visit.at <= moment,
            Self::KnownBy(moment) => visit.received_at <= moment,
        }
    }

    pub fn has_interview(self, interview: &Interview) -> bool {
        match self {
            Self::Everything => true,
            Self::Before(at, _) => interview.at < at,
            Self::HappenedBy(moment) => interview.at <= moment,
            Self::KnownBy(moment) => interview.received_at <= moment,
        }
    }

    pub fn has_decision(self, decision: &Decision) -> bool {
        match self {
            Self::Everything => true,
            Self::Before(at, _) => decision.at <= at || decision.kind.speaks_of_a_record(),
            Self::HappenedBy(moment) | Self::KnownBy(moment) => decision.at <= moment,
        }
    }
}

impl DecisionKind {
    /// Whether the decision is about one visit or interview rather than about the case.
    pub const fn speaks_of_a_record(&self) -> bool {
        matches!(self, Self::Void { .. } | Self::Unvoid { .. } | Self::RejectInterview { .. })
    }

    /// A total order for decisions that carry one number (of two cases that became one).
    fn rank(&self) -> (u8, Uuid) {
        match self {
            Self::Close { class } => (0, Uuid::from_u128(u128::from(class.number().unsigned_abs()))),
            Self::Reopen => (1, Uuid::nil()),
            Self::Verify { confirmed: Confirmed::No } => (2, Uuid::nil()),
            Self::Verify { confirmed: Confirmed::Yes } => (3, Uuid::nil()),
            Self::Cancel => (4, Uuid::nil()),
            Self::Uncancel => (5, Uuid::nil()),
            Self::Void { visit } => (6, visit.0),
            Self::Unvoid { visit } => (7, visit.0),
            Self::RejectInterview { interview, .. } => (8, interview.0),
            Self::Merge { into } => (9, into.0),
            Self::Unmerge => (10, Uuid::nil()),
            Self::Undo { seq } => (11, Uuid::from_u128(u128::from(seq.unsigned_abs()))),
        }
    }
}

impl Rulings {
    fn read(decisions: &[&Decision]) -> Self {
        let mut rulings = Self::default();
        for decision in decisions {
            rulings.take(decision);
        }
        rulings
    }

    /// One more decision, in the server's order. The last answer to a claim holds: a confirmation after a denial takes
    /// the denial back.
    fn take(&mut self, decision: &Decision) {
        let at = decision.at;
        match &decision.kind {
            DecisionKind::Close { class } => {
                self.closing = Some(Closing { at, by: decision.by.clone(), class: *class });
            }
            DecisionKind::Reopen => {
                self.closing = None;
                self.reopened_at = self.reopened_at.max(Some(at));
                self.reopenings += 1;
                self.is_confirmed = false;
                self.denied_until = None;
            }
            DecisionKind::Verify { confirmed: Confirmed::Yes } => {
                self.is_confirmed = true;
                self.denied_until = None;
            }
            DecisionKind::Verify { confirmed: Confirmed::No } => {
                self.is_confirmed = false;
                self.denied_until = self.denied_until.max(Some(at));
            }
            DecisionKind::Cancel => self.cancelled_at = Some(at),
            DecisionKind::Uncancel => self.cancelled_at = None,
            DecisionKind::Merge { into } => self.merged_into = Some(*into),
            DecisionKind::Unmerge => self.merged_into = None,
            // An undo is left out with what it takes back before anything is folded.
            DecisionKind::Undo { .. }
            | DecisionKind::Void { .. }
            | DecisionKind::Unvoid { .. }
            | DecisionKind::RejectInterview { .. } => {}
        }
    }
}

/// The decisions in the server's order, each once.
fn in_order(evidence: &Evidence, horizon: Horizon) -> Vec<&Decision> {
    let mut decisions: Vec<&Decision> =
        evidence.decisions.iter().filter(|d| horizon.has_decision(d)).collect();
    decisions.sort_by_key(|decision| (decision.seq, decision.at, decision.kind.rank()));
    decisions.dedup_by(|a, b| a.seq == b.seq && a.kind == b.kind);
    decisions
}

/// The visits that a supervisor took out, by the last word on each; `decisions` in the server's order.
fn voided(decisions: &[&Decision]) -> BTreeSet<VisitId> {
    let mut out = BTreeSet::new();
    for decision in decisions {
        if let DecisionKind::Void { visit } = decision.kind {
            out.insert(visit);
        } else if let DecisionKind::Unvoid { visit } = decision.kind {
            out.remove(&visit);
        }
    }
    out
}

/// The visits of a case that a supervisor took out, by the last word on each.
pub fn voided_visits(evidence: &Evidence) -> BTreeSet<VisitId> {
    voided(&in_order(evidence, Horizon::Everything))
}

fn is_rejected(decisions: &[&Decision], text: &Interview) -> bool {
    decisions.iter().any(|decision| {
        matches!(decision.kind, DecisionKind::RejectInterview { interview, revision }
            if interview == text.id && text.revision <= revision)
    })
}

/// The highest revision of each interview.
fn current_revisions(evidence: &Evidence, horizon: Horizon) -> Vec<&Interview> {
    let mut texts: Vec<&Interview> =
        evidence.interviews.iter().filter(|text| horizon.has_interview(text)).collect();
    texts.sort_by_key(|text| (text.id, Reverse(text.revision), text.received_at, text.at));
    texts.dedup_by_key(|text| text.id);
    texts
}

fn is_complete(interview: &Interview, visit_outcome: Option<Outcome>) -> bool {
    let is_cut_short = matches!(visit_outcome, Some(Outcome::InterviewPartial | Outcome::BreakOff));
    interview.result == InterviewResult::Complete && !is_cut_short
}
