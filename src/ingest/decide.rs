//! Supervisors' decisions on cases: appended with a reason, kept for ever, and followed by a new fold.

use std::sync::Arc;

use jiff::Timestamp;
use uuid::Uuid;

use super::refold::{At, Folded, refold};
use super::{Error, Ingest, scrub};
use crate::domain::{CaseId, Class, DecisionKind, State};
use crate::store::access::Caller;
use crate::store::case::{self, LockedCase};
use crate::store::decision::{self, NewDecision};
use crate::store::link::queue;
use crate::store::{Outcome, Sight, SurveyKey, Tx, audit, evidence};
use crate::surveys::Survey;

/// What is to be decided.
#[derive(Clone, Debug)]
pub struct Request {
    /// The case.
    pub case: CaseId,
    /// The decision.
    pub kind: DecisionKind,
    /// Why, in the supervisor's words.
    pub reason: String,
    /// The version of the case that was looked at; no check when left out.
    pub version: Option<i32>,
    /// The call that decides several cases at once.
    pub call: Option<Uuid>,
}

impl Request {
    /// A decision on one case, without a look at its version.
    pub fn new(case: CaseId, kind: DecisionKind, reason: impl Into<String>) -> Self {
        Self { case, kind, reason: reason.into(), version: None, call: None }
    }
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Decided {
    /// Order of the decision on its case.
    pub seq: i32,
    /// State before.
    pub before: State,
    /// Standing after.
    pub after: Folded,
}

/// The word of a decision on the wire and in the database.
pub fn slug(kind: &DecisionKind) -> &'static str {
    match kind {
        DecisionKind::Close { .. } => "close",
        DecisionKind::Reopen => "reopen",
        DecisionKind::Verify { .. } => "verify",
        DecisionKind::Cancel => "cancel",
        DecisionKind::Uncancel => "uncancel",
        DecisionKind::Void { .. } => "void",
        DecisionKind::Unvoid { .. } => "unvoid",
        DecisionKind::RejectInterview { .. } => "reject_interview",
        DecisionKind::Merge { .. } => "merge",
        DecisionKind::Unmerge => "unmerge",
        DecisionKind::Undo { .. } => "undo",
    }
}

impl Ingest {
    /// Takes a decision on behalf of a supervisor. Errors: no such case in reach, or a decision that does not fit it.
    pub async fn decide(&self, caller: &Caller, request: Request, now: Timestamp) -> Result<Decided, Error> {
        let survey = self.surveys.get(caller.key, caller.policy_version).await?;
        let caller = caller.clone();
        self.store
            .retrying("decide_case", move |tx| {
                let (survey, caller, request) = (survey.clone(), caller.clone(), request.clone());
                Box::pin(async move { decide(tx, &survey, &caller, &request, now).await })
            })
            .await
    }
}

async fn decide(
    tx: &Tx,
    survey: &Survey,
    caller: &Caller,
    request: &Request,
    now: Timestamp,
) -> Result<Outcome<Decided>, Error> {
    let at = At::new(survey.key, now);
    let decided = decide_in(tx, at, survey, caller, request).await?;
    Ok(Outcome::Stamp(decided, at.key, at.tag))
}

/// Takes a decision inside a transaction, whose commit must stamp the feed under `at.tag`. Interviews whose evidence it
/// changes are queued for linking.
pub async fn decide_in(
    tx: &Tx,
    at: At,
    survey: &Survey,
    caller: &Caller,
    request: &Request,
) -> Result<Decided, Error> {
    let (key, now) = (at.key, at.now);
    let other = match request.kind {
        DecisionKind::Merge { into } => Some(into),
        DecisionKind::Close { .. }
        | DecisionKind::Reopen
        | DecisionKind::Verify { .. }
        | DecisionKind::Cancel
        | DecisionKind::Uncancel
        | DecisionKind::Void { .. }
        | DecisionKind::Unvoid { .. }
        | DecisionKind::RejectInterview { .. }
        | DecisionKind::Unmerge
        | DecisionKind::Undo { .. } => None,
    };
    let other = match other {
        Some(id) => Some(case::resolved(tx, key, id).await?),
        None => None,
    };
    let wanted: Vec<CaseId> = std::iter::once(request.case).chain(other).collect();
    let rows = case::lock_cases(tx, key, &wanted).await?;
    let find = |id: CaseId| {
        rows.iter().find(|r| r.id == id && caller.reach().sees(r.as_ref())).ok_or(Error::NotFound)
    };
    let row = find(request.case)?;
    if let Some(version) = request.version
        && decision::case_version(tx, key, row.id).await? != Some(version)
    {
        return Err(Error::Stale);
    }
    let into = other.map(find).transpose()?;
    check_fit(tx, (survey, caller), row, into.map(Arc::as_ref), &request.kind).await?;
    let new = NewDecision {
        case_id: row.id,
        kind: request.kind.clone(),
        slug: slug(&request.kind),
        reason: scrub::scrub_text(&request.reason).into_owned(),
        by: caller.user.clone(),
        at: now,
        policy_version: survey.policy_version,
        unmet: row.unmet,
        call: request.call,
    };
    let seq = decision::insert_decision(tx, key, &new).await?;
    let noted = audit::Note::by(caller, audit::Action::DecideCase, now).in_area(&row.area).about(row.id);
    audit::note(tx, &noted.with(serde_json::json!({"decision": new.slug, "seq": seq}))).await?;
    let mut decided = LockedCase::clone(row);
    decided.decisions += 1;
    let before = row.state;
    let after = fold_with_survivor(tx, at, survey, &decided, into.map(|r| r.id).or(row.merged_into)).await?;
    queue_links(tx, key, row.id, &request.kind).await?;
    Ok(Decided { seq, before, after })
}

/// Queues the interviews whose evidence a decision changes for linking.
async fn queue_links(tx: &Tx, key: SurveyKey, case: CaseId, kind: &DecisionKind) -> Result<(), Error> {
    match kind {
        DecisionKind::RejectInterview { interview, .. } => queue::add(tx, key, &[interview.0]).await?,
        DecisionKind::Void { visit } | DecisionKind::Unvoid { visit } => {
            queue::add_of_visit(tx, key, visit.0).await?;
        }
        DecisionKind::Merge { .. }
        | DecisionKind::Unmerge
        | DecisionKind::Cancel
        | DecisionKind::Uncancel
        | DecisionKind::Undo { .. } => {
            queue::add_of_cases(tx, key, &[case]).await?;
        }
        DecisionKind::Close { .. } | DecisionKind::Reopen | DecisionKind::Verify { .. } => {}
    }
    Ok(())
}

/// Folds the case; where it was or is merged as a door, the other case too, after its share is counted again.
async fn fold_with_survivor(
    tx: &Tx,
    at: At,
    survey: &Survey,
    row: &LockedCase,
    survivor: Option<CaseId>,
) -> Result<Folded, Error> {
    let mut own = row.clone();
    // The survivor is folded once the loser's row says where it belongs.
    own.merged_into = None;
    let mut folded = refold(tx, at, survey, &[Arc::new(own)]).await?;
    if let Some(survivor) = survivor {
        case::set_absorbed(tx, at.key, &[survivor]).await?;
        let rows = case::lock_cases(tx, at.key, &[survivor]).await?;
        refold(tx, at, survey, &rows).await?;
    }
    folded.remove(&row.id).ok_or(Error::NotFound)
}

/// Refuses decisions that can mean nothing here.
async fn check_fit(
    tx: &Tx,
    (survey, caller): (&Survey, &Caller),
    row: &LockedCase,
    into: Option<&LockedCase>,
    kind: &DecisionKind,
) -> Result<(), Error> {
    let key = survey.key;
    match kind {
        DecisionKind::Close { class } => match class {
            Class::R | Class::NC | Class::O | Class::UH => Ok(()),
            Class::I | Class::P | Class::UO | Class::NE => {
                Err(Error::Unfit("A case is closed as R, NC, O or UH."))
            }
        },
        DecisionKind::Void { visit } | DecisionKind::Unvoid { visit } => {
            let cases = evidence::visit_cases(tx, key, &[visit.0], &Sight::of(caller)).await?;
            if cases.get(&visit.0) == Some(&row.id) {
                Ok(())
            } else {
                Err(Error::Unfit("The case has no such visit."))
            }
        }
        DecisionKind::RejectInterview { interview, revision } => {
            let known = evidence::load_interviews(tx, key, &[row.id]).await?;
            let fits = known.iter().any(|(_, i)| i.id == *interview && i.revision >= *revision);
            if fits { Ok(()) } else { Err(Error::Unfit("The case has no such interview revision.")) }
        }
        DecisionKind::Merge { .. } => check_merge(row, into.ok_or(Error::NotFound)?),
        DecisionKind::Unmerge => {
            if row.merged_into.is_some() {
                Ok(())
            } else {
                Err(Error::Unfit("The case is not merged."))
            }
        }
        DecisionKind::Undo { seq } => check_undo(tx, key, row.id, *seq).await,
        DecisionKind::Reopen
        | DecisionKind::Verify { .. }
        | DecisionKind::Cancel
        | DecisionKind::Uncancel => Ok(()),
    }
}

/// A decision can be taken back once, by its number. To merge again after an undone unmerge is a decision of its own.
async fn check_undo(tx: &Tx, key: SurveyKey, case: CaseId, seq: i64) -> Result<(), Error> {
    let standing = decision::load_decisions(tx, key, &[case]).await?;
    match standing.iter().find(|(_, d)| d.seq == seq).map(|(_, d)| &d.kind) {
        Some(DecisionKind::Unmerge) => Err(Error::Unfit("Merge the case again instead.")),
        Some(_) => Ok(()),
        None => Err(Error::Unfit("The case has no such decision, or it has been taken back.")),
    }
}

/// Refuses to merge a case into another where that can mean nothing.
pub(super) fn check_merge(row: &LockedCase, into: &LockedCase) -> Result<(), Error> {
    if into.id == row.id {
        Err(Error::Unfit("A case cannot be merged into itself."))
    } else if into.merged_into.is_some() {
        Err(Error::Unfit("The other case is itself merged; name the case that goes on."))
    } else if row.merged_into.is_some() {
        Err(Error::Unfit("The case is merged already."))
    } else if row.absorbed > 0 {
        Err(Error::Unfit("Another case was merged into this one; take that back first."))
    } else {
        Ok(())
    }
}
