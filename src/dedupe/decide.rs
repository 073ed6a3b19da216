//! What people decide about a link: recorded, never overwritten, never overturned by the linking job; and what a decision
//! would change, found by taking it and going back.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::apply::{Cause, Work, lock, settle};
use super::component::{Component, load};
use super::effects::{Changes, Choice, Effect, Effects};
use super::{Dedupe, Error};
use crate::domain::{CaseId, DecisionKind, LinkEventKind, LinkState, MergedAs, Verdict};
use crate::ingest::decide::{Request, decide_in};
use crate::ingest::refold::At;
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

    /// What each decision would change now.
    pub async fn effects(&self, caller: &Caller, link: Uuid, now: Timestamp) -> Result<Effects, Error> {
        let survey = self.ingest.surveys.get(caller.key, caller.policy_version).await?;
        let (own, caller) = (self.clone(), caller.clone());
        self.ingest
            .store
            .retrying("link_effects", move |tx| {
                let (own, survey, caller) = (own.clone(), Arc::clone(&survey), caller.clone());
                Box::pin(async move {
                    let at = At::new(survey.key, now);
                    link::lock(tx, at.key).await?;
                    let found = find(tx, at, &caller, link).await?;
                    let mut all = Vec::with_capacity(5);
                    for choice in Choice::ALL {
                        let (verdict, merged_as) = choice.ruling();
                        let version = found.version;
                        let note = String::new();
                        let ruling = Ruling { link, verdict, merged_as, version, note, is_proposal: false };
                        link::mark_place(tx).await?;
                        all.push(effect(
                            own.rule(tx, at, (&survey, &caller), found.clone(), &ruling).await,
                            &caller,
                        )?);
                        link::go_back(tx).await?;
                    }
                    let mut all = all.into_iter();
                    let mut next = || all.next().ok_or(Error::NotFound);
                    Ok(Outcome::Rollback(Effects {
                        merge_household: next()?,
                        merge_door: next()?,
                        pair: next()?,
                        apart: next()?,
                        undo: next()?,
                    }))
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
        check(&found, ruling)?;
        let after = decided(&found, ruling, (caller, at));
        let fresh = BTreeMap::from([(found.id, after.clone())]);
        let nothing = HashMap::new();
        let roots = load(tx, at.key, &[found.a, found.b], &nothing).await?;
        if ruling.verdict == Verdict::Merge && roots.len() < 2 {
            return Err(Error::Unfit("One of the two interviews is no evidence any more."));
        }
        let component = Component::grow(tx, at.key, roots, &fresh, &nothing).await?;
        let judge = self.judge(tx, survey).await?;
        let settled = component.households(&judge);
        if settled.broken.is_some() {
            let why = "Another decision on these interviews says the opposite; take that one back first.";
            return Err(Error::Unfit(why));
        }
        let before = lock(tx, at.key, &cases_of(&component, &found)).await?;
        let taken_in = self.doors(tx, at, (survey, caller), (&found, &after), ruling).await?;
        let mut stored = component.stored.clone();
        stored.insert(found.id, found.clone());
        let mut links = component.links.clone();
        links.insert(found.id, after);
        let work = Work {
            component: &component,
            found: &settled,
            before: &stored,
            links,
            evidence: &HashMap::new(),
            also: &[found.a, found.b],
            decided: Some(found.id),
        };
        let cause = Cause { by: caller.user.clone(), id: found.id };
        let mut done = settle(tx, at, survey, work, &cause).await?;
        let link = done.links.remove(&found.id).ok_or(Error::NotFound)?;
        let ids: Vec<Uuid> = before.iter().map(|r| r.id).collect();
        let changes = Changes::between(&before, &lock_cases(tx, at.key, &ids).await?);
        log(tx, at, &link, (caller, ruling), Some(told(&changes, taken_in))).await?;
        Ok(Decided { link, changes })
    }

    /// Makes two cases one, or two again, as the decision says. Returns the case that was taken in.
    async fn doors(
        &self,
        tx: &Tx,
        at: At,
        (survey, caller): (&Survey, &Caller),
        (was, is): (&LinkRow, &LinkRow),
        ruling: &Ruling,
    ) -> Result<Option<Uuid>, Error> {
        let wants_door = is.merged_as == Some(MergedAs::Door);
        let had_door = was.state == LinkState::Merged && was.merged_as == Some(MergedAs::Door);
        let rows = find_cases(tx, at.key, &[was.a_case, was.b_case]).await?;
        // Reach is judged by what changes, afterwards; the case's own decision must not hide behind "not found".
        let mut whole = caller.clone();
        whole.range = (i32::MIN, i32::MAX);
        if had_door && !wants_door {
            let loser = pair::taken_in(tx, at.key, was.id).await?;
            if let Some(row) = rows.iter().find(|r| Some(r.id) == loser && r.merged_into.is_some()) {
                let reason = reason(ruling);
                let request = Request { case: row.id, kind: DecisionKind::Unmerge, reason };
                decide_in(tx, at, survey, &whole, &request).await?;
            }
        }
        if !wants_door || had_door {
            return Ok(if wants_door { pair::taken_in(tx, at.key, was.id).await? } else { None });
        }
        let ends: Vec<Uuid> = rows.iter().map(|r| r.merged_into.unwrap_or(r.id)).collect();
        let mut doors: Vec<CaseRow> = find_cases(tx, at.key, &ends).await?;
        doors.sort_by_key(|r| (r.created_at, r.id));
        let [survivor, loser] = doors.as_slice() else { return Ok(None) };
        let kind = DecisionKind::Merge { into: CaseId(survivor.id) };
        let request = Request { case: loser.id, kind, reason: reason(ruling) };
        decide_in(tx, at, survey, &whole, &request).await?;
        Ok(Some(loser.id))
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

/// Every case that a decision may change.
fn cases_of(component: &Component, link: &LinkRow) -> Vec<Uuid> {
    let mut ids: Vec<Uuid> = component.nodes.iter().map(|n| n.row.case_id).collect();
    ids.extend([link.a_case, link.b_case]);
    ids.sort_unstable();
    ids.dedup();
    ids
}

fn reason(ruling: &Ruling) -> String {
    if ruling.note.is_empty() { format!("link {}", ruling.link) } else { ruling.note.clone() }
}

/// The link, if one of its sides is in the caller's reach.
async fn find(tx: &Tx, at: At, caller: &Caller, id: Uuid) -> Result<LinkRow, Error> {
    let link = pair::by_id(tx, at.key, &[id]).await?.into_iter().next().ok_or(Error::NotFound)?;
    let rows = find_cases(tx, at.key, &[link.a_case, link.b_case]).await?;
    let is_in_reach = rows.iter().any(|r| (caller.range.0..=caller.range.1).contains(&r.area_no));
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

fn told(changes: &Changes, taken_in: Option<Uuid>) -> Value {
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

fn effect(taken: Result<Decided, Error>, caller: &Caller) -> Result<Effect, Error> {
    let cannot = |why: String| Effect { possible: false, why: Some(why), beyond_reach: 0, changes: None };
    match taken {
        Ok(decided) => {
            let beyond = decided.changes.beyond(caller.range);
            let why = (beyond > 0).then(|| Error::BeyondReach.to_string());
            let changes = Some(decided.changes.seen_from(caller.range));
            Ok(Effect { possible: beyond == 0, why, beyond_reach: beyond, changes })
        }
        Err(Error::Unfit(why) | Error::Ingest(crate::ingest::Error::Unfit(why))) => {
            Ok(cannot(why.to_owned()))
        }
        Err(error) => Err(error),
    }
}
