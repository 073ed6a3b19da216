//! A pair as a link: the score under the model in force, beside what people decided about it.

use jiff::Timestamp;
use uuid::Uuid;

use super::component::Node;
use super::judge::Judge;
use super::settle::WORKER;
use crate::domain::{LinkState, Proposal};
use crate::store::link::pair::LinkRow;

/// The link of a pair as the score has it, and its waterfall where the evidence is new. `None`: no link and none needed.
pub(super) fn score(
    judge: &Judge,
    now: Timestamp,
    (id, a, b): (Uuid, &Node, &Node),
    was: Option<&LinkRow>,
) -> Option<(LinkRow, Option<String>)> {
    let judged = judge.judge(&a.prepared, &b.prepared);
    if judged.proposal == Proposal::Apart && was.is_none() {
        return None;
    }
    let mut row = was.cloned().unwrap_or_else(|| blank(judge, now, (id, a, b)));
    (row.a_case, row.b_case) = (a.row.case_id, b.row.case_id);
    row.proposal = judged.proposal;
    row.refusal = judged.refusal;
    row.bar = judged.bar;
    row.weight = judged.scored.weight;
    row.probability = judged.scored.probability;
    row.a_away.clone_from(&judged.a_away);
    row.b_away.clone_from(&judged.b_away);
    row.revisions = (a.row.revision, b.row.revision);
    row.model_version = judge.version;
    row.model_name.clone_from(&judge.name);
    row.policy_version = judge.policy_version;
    let same = |w: &LinkRow| w.weight.to_bits() == row.weight.to_bits();
    let made_by = |l: &LinkRow| (l.model_version, l.policy_version);
    let is_new = was.is_none_or(|w| w.revisions != row.revisions || made_by(w) != made_by(&row) || !same(w));
    let is_other = |w: &LinkRow| !same(w) || w.a_away != row.a_away || w.b_away != row.b_away;
    // Another model or policy is no new evidence.
    let has_changed = was.is_some_and(|w| made_by(w) == made_by(&row) && is_other(w));
    if row.verdict.is_some() && has_changed {
        row.evidence_changed = true;
    }
    Some((row, is_new.then(|| judge.evidence(&a.prepared, &b.prepared, &judged))))
}

/// A link not scored yet.
fn blank(judge: &Judge, now: Timestamp, (id, a, b): (Uuid, &Node, &Node)) -> LinkRow {
    LinkRow {
        id,
        a: a.row.interview,
        b: b.row.interview,
        a_case: a.row.case_id,
        b_case: b.row.case_id,
        state: LinkState::Review,
        merged_as: None,
        refusal: None,
        proposal: Proposal::Apart,
        bar: None,
        weight: 0.0,
        probability: 0.0,
        revisions: (a.row.revision, b.row.revision),
        a_away: Vec::new(),
        b_away: Vec::new(),
        model_version: judge.version,
        model_name: judge.name.clone(),
        policy_version: judge.policy_version,
        verdict: None,
        evidence_changed: false,
        decided_by: WORKER.to_owned(),
        decided_at: now,
        made_at: now,
        version: 0,
    }
}
