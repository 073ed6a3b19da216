//! What people decide about a link: recorded, never overwritten, never overturned by the linking job.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::apply::{Cause, facts, lock, write};
use super::component::{Component, Node, load};
use super::effects::Changes;
use super::household::Households;
use super::judge::Judge;
use super::settle::{Work, settle};
use super::{Dedupe, Error};
use crate::domain::{AreaRange, CaseId, LinkEventKind, LinkState, MergedAs, Verdict};
use crate::ingest::decide::{Request, decide_in};
use crate::ingest::refold::{At, DoorChange};
use crate::store::access::Caller;
use crate::store::case::{CaseRow, find_cases, lock_cases};
use crate::store::link::pair::{self, LinkEvent, LinkPut, LinkRow};
use crate::store::{Outcome, Tx, audit, link};
use crate::surveys::Survey;

/// A decision on a link.
#[derive(Clone, Debug)]
pub struct Ruling {
    /// The link.
    pub link: Uuid,
    /// What is decided.
    pub verdict: Verdict,
    /// What a merge means.
    pub merged_as: MergedAs,
    /// The version that was judged.
    pub version: i32,
    /// In the supervisor's words.
    pub note: String,
    /// Only proposed to whoever may decide it.
    pub is_proposal: bool,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Decided {
    /// The link as it stands.
    pub link: LinkRow,
    /// What changed in numbers.
    pub changes: Changes,
}

impl Dedupe {
    /// Decides a link on behalf of a supervisor. Errors: no such link in reach, another version, a decision that does not fit
    /// or that changes a case out of reach.
    pub async fn decide(&self, caller: &Caller, ruling: Ruling, now: Timestamp) -> Result<Decided, Error> {
        let survey = self.ingest.surveys.get(caller.key, caller.policy_version).await?;
        let (own, caller) = (self.clone(), caller.clone());
        self.ingest
            .store
            .retrying("decide_link", move |tx| {
                let (own, survey) = (own.clone(), Arc::clone(&survey));
                let (caller, ruling) = (caller.clone(), ruling.clone());
                Box::pin(async move {
                    let at = At::new(survey.key, now);
                    link::lock(tx, at.key).await?;
                    let found = find(tx, at, &caller, ruling.link).await?;
                    if found.version != ruling.version {
                        return Err(Error::Stale);
                    }
                    if ruling.is_proposal {
                        return propose(tx, at, &caller, found, &ruling).await.map(Outcome::Commit);
                    }
                    let decided = own.rule(tx, at, (&survey, &caller), found, &ruling).await?;
                    if decided.changes.beyond(caller.range) > 0 {
                        return Err(Error::BeyondReach);
                    }
                    Ok(Outcome::Stamp(decided, at.key, at.tag))
                })
            })
            .await
    }

    /// Takes a decision inside a transaction that holds the linking lock. Reach is the caller's business.
    async fn rule(
        &self,
        tx: &Tx,
        at: At,
        (survey, caller): (&Survey, &Caller),
        found: LinkRow,
        ruling: &Ruling,
    ) -> Result<Decided, Error> {
        let ground = self.ground(tx, at, survey, &found).await?;
        let weighed = ground.weigh(tx, at, caller, found, ruling).await?;
        let before = lock(tx, at.key, &weighed.cases()).await?;
        let step = weighed.doors(tx, at).await?;
        if let Some(change) = step.change {
            // Reach is judged by what changes, afterwards; the case's own decision must not hide behind "not found".
            let whole = Caller { range: AreaRange::ALL, ..caller.clone() };
            let request = Request::new(change.case(), change.kind(), reason(ruling));
            decide_in(tx, at, survey, &whole, &request).await?;
        }
        let facts = facts(tx, at.key, &weighed.work()).await?;
        let mut plan = settle(weighed.work(), &facts, at.now);
        let cause = Cause { by: caller.user.clone(), id: weighed.was.id };
        write(tx, at, survey, &plan, &cause).await?;
        let link = plan.links.remove(&weighed.was.id).ok_or(Error::NotFound)?;
        let ids: Vec<CaseId> = before.iter().map(|r| r.id).collect();
        let changes = Changes::between(&before, &lock_cases(tx, at.key, &ids).await?);
        log(tx, at, &link, (caller, ruling), Some(told(&changes, step.taken_in))).await?;
        Ok(Decided { link, changes })
    }

    /// What every decision on a link is weighed on.
    pub(super) async fn ground(
        &self,
        tx: &Tx,
        at: At,
        survey: &Survey,
        link: &LinkRow,
    ) -> Result<Ground, Error> {
        let roots = load(tx, at.key, &[link.a, link.b], &HashMap::new()).await?;
        Ok(Ground { judge: self.judge(tx, survey).await?, roots })
    }
}

/// What every decision on a link is weighed on: its interviews in force, and the judge.
pub(super) struct Ground {
    judge: Arc<Judge>,
    roots: Vec<Node>,
}

impl Ground {
    /// Weighs a decision: what hangs together under it, and into which households. Only reads. Errors: one that does not fit.
    pub(super) async fn weigh(
        &self,
        tx: &Tx,
        at: At,
        caller: &Caller,
        was: LinkRow,
        ruling: &Ruling,
    ) -> Result<Weighed, Error> {
        check(&was, ruling)?;
        let is = decided(&was, ruling, (caller, at));
        if ruling.verdict == Verdict::Merge && self.roots.len() < 2 {
            return Err(Error::Unfit("One of the two interviews is no evidence any more."));
        }
        let fresh = BTreeMap::from([(was.id, is.clone())]);
        let component = Component::grow(tx, at.key, self.roots.clone(), &fresh, &HashMap::new()).await?;
        let households = component.households(&self.judge);
        if households.broken.is_some() {
            let why = "Another decision on these interviews says the opposite; take that one back first.";
            return Err(Error::Unfit(why));
        }
        let ends = [was.a, was.b];
        Ok(Weighed { was, is, ends, component, households, scored: HashMap::new() })
    }
}

/// A decision weighed, and nothing done yet.
pub(super) struct Weighed {
    was: LinkRow,
    is: LinkRow,
    ends: [Uuid; 2],
    component: Component,
    households: Households,
    scored: HashMap<Uuid, String>,
}

/// What a decision does to the doors of the two interviews.
pub(super) struct DoorStep {
    /// What is to be decided on a case.
    pub(super) change: Option<DoorChange>,
    /// The case that the merge took in.
    taken_in: Option<CaseId>,
}

impl Weighed {
    /// What is to be settled.
    pub(super) fn work(&self) -> Work<'_> {
        let (mut before, mut links) = (self.component.stored.clone(), self.component.links.clone());
        before.insert(self.was.id, self.was.clone());
        links.insert(self.was.id, self.is.clone());
        Work {
            component: &self.component,
            found: &self.households,
            before,
            links,
            evidence: &self.scored,
            also: &self.ends,
            decided: Some(self.was.id),
        }
    }

    /// Every case that the decision may change.
    pub(super) fn cases(&self) -> Vec<CaseId> {
        let mut ids: Vec<CaseId> = self.component.nodes.iter().map(|n| n.row.case_id).collect();
        ids.extend([self.was.a_case, self.was.b_case]);
        ids.sort_unstable();
        ids.dedup();
        ids
    }

    /// Whether two cases become one, or two again.
    pub(super) async fn doors(&self, tx: &Tx, at: At) -> Result<DoorStep, Error> {
        let (was, is) = (&self.was, &self.is);
        let wants_door = is.merged_as == Some(MergedAs::Door);
        let had_door = was.state == LinkState::Merged && was.merged_as == Some(MergedAs::Door);
        match (had_door, wants_door) {
            (false, false) => Ok(DoorStep { change: None, taken_in: None }),
            (true, true) => {
                Ok(DoorStep { change: None, taken_in: pair::taken_in(tx, at.key, was.id).await? })
            }
            (true, false) => {
                let case = pair::taken_in(tx, at.key, was.id).await?;
                let rows = find_cases(tx, at.key, &[was.a_case, was.b_case]).await?;
                let row = rows.iter().find(|r| Some(r.id) == case);
                let from = row.and_then(|r| Some((r.id, r.merged_into?)));
                let change = from.map(|(case, from)| DoorChange::Unmerge { case, from });
                Ok(DoorStep { change, taken_in: None })
            }
            (false, true) => {
                let rows = find_cases(tx, at.key, &[was.a_case, was.b_case]).await?;
                let ends: Vec<CaseId> = rows.iter().map(|r| r.merged_into.unwrap_or(r.id)).collect();
                let mut doors: Vec<CaseRow> = find_cases(tx, at.key, &ends).await?;
                doors.sort_by_key(|r| (r.created_at, r.id));
                let [survivor, loser] = doors.as_slice() else {
                    return Ok(DoorStep { change: None, taken_in: None });
                };
                let change = DoorChange::Merge { case: loser.id, into: survivor.id };
                Ok(DoorStep { change: Some(change), taken_in: Some(loser.id) })
            }
        }
    }
}

/// The link as the decision wants it.
fn decided(found: &LinkRow, ruling: &Ruling, (caller, at): (&Caller, At)) -> LinkRow {
    LinkRow {
        verdict: Some(ruling.verdict),
        merged_as: (ruling.verdict == Verdict::Merge).then_some(ruling.merged_as),
        evidence_changed: false,
        decided_by: caller.user.clone(),
        decided_at: at.now,
        ..found.clone()
    }
}

fn reason(ruling: &Ruling) -> String {
    if ruling.note.is_empty() { format!("link {}", ruling.link) } else { ruling.note.clone() }
}

/// The link, if one of its sides is in the caller's reach.
pub(super) async fn find(tx: &Tx, at: At, caller: &Caller, id: Uuid) -> Result<LinkRow, Error> {
    let link = pair::by_id(tx, at.key, &[id]).await?.into_iter().next().ok_or(Error::NotFound)?;
    let rows = find_cases(tx, at.key, &[link.a_case, link.b_case]).await?;
    let reach = caller.reach();
    let is_in_reach = rows.iter().any(|r| reach.sees(r));
    if is_in_reach { Ok(link) } else { Err(Error::NotFound) }
}

/// Refuses decisions that can mean nothing here.
fn check(link: &LinkRow, ruling: &Ruling) -> Result<(), Error> {
    if link.state == LinkState::Withdrawn {
        return Err(Error::Unfit("The evidence for this link is gone; there is nothing to decide."));
    }
    match ruling.verdict {
        Verdict::Pair if link.a_away.is_empty() && link.b_away.is_empty() => {
            Err(Error::Unfit("No person of one form is found on the other, so there is nobody to pair."))
        }
        Verdict::Undo if link.verdict == Some(Verdict::Undo) || link.state == LinkState::Review => {
            Err(Error::Unfit("The link waits for a decision; there is nothing to take back."))
        }
        Verdict::Merge | Verdict::Apart | Verdict::Pair | Verdict::Undo => Ok(()),
    }
}

async fn log(
    tx: &Tx,
    at: At,
    link: &LinkRow,
    (caller, ruling): (&Caller, &Ruling),
    changed: Option<Value>,
) -> Result<(), Error> {
    let kind = if ruling.is_proposal { LinkEventKind::Propose } else { ruling.verdict.into() };
    let (by, note) = (caller.user.clone(), ruling.note.clone());
    let event = LinkEvent { link: link.clone(), kind, by, at: at.now, note, changed };
    pair::log(tx, at.key, &[event]).await?;
    let noted = audit::Note::by(caller, audit::Action::DecideLink, at.now).about(link.id);
    audit::note(tx, &noted.with(json!({"decision": kind, "version": link.version}))).await?;
    Ok(())
}

fn told(changes: &Changes, taken_in: Option<CaseId>) -> Value {
    let mut all = serde_json::to_value(changes).unwrap_or_default();
    if let (Some(object), Some(case)) = (all.as_object_mut(), taken_in) {
        object.insert("taken_in".to_owned(), json!(case));
    }
    all
}

/// Records what somebody who may not decide proposes. Nothing else changes.
async fn propose(
    tx: &Tx,
    at: At,
    caller: &Caller,
    mut link: LinkRow,
    ruling: &Ruling,
) -> Result<Decided, Error> {
    check(&link, ruling)?;
    link.version += 1;
    pair::put(tx, at.key, &[LinkPut { row: link.clone(), evidence: None }]).await?;
    let what = json!({"decision": ruling.verdict, "as": (ruling.verdict == Verdict::Merge).then_some(ruling.merged_as)});
    log(tx, at, &link, (caller, ruling), Some(what)).await?;
    Ok(Decided { link, changes: Changes::default() })
}
