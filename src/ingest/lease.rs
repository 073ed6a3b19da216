//! Leases: what ends them besides a supervisor's order. A door that is finished ends its lease, a door that opens again
//! goes back to who held it while the lease lasts, if that person still works here, and a lease that is over leaves the door to
//! nobody.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use jiff::Timestamp;
use uuid::Uuid;

use super::assign::moved;
use super::refold::At;
use super::staff::hold_enumerator;
use super::{Error, Ingest};
use crate::domain::CaseId;
use crate::store::case::{self, CaseUpdate, LockedCase};
use crate::store::feed::{self, AssignmentRow, ChangeKind, Mark};
use crate::store::{Outcome, SurveyKey, Tx, completion, lease};

/// Leases ended in one transaction.
const AT_ONCE: i64 = 500;

/// A case whose lease a fold touches.
struct Turned<'a> {
    row: &'a Arc<LockedCase>,
    update: &'a CaseUpdate,
    holder: &'a str,
}

/// After a fold of these rows: ends the leases of doors that need no visit any more, and lends those that opened again to
/// who held them. The rows are as they were before the fold, the updates in the same order.
pub(super) async fn follow(
    tx: &Tx,
    at: At,
    rows: &[Arc<LockedCase>],
    updates: &[CaseUpdate],
) -> Result<(), crate::store::Error> {
    let turned = |before: bool| {
        rows.iter()
            .zip(updates)
            .filter(move |(r, u)| r.state.is_open() == before && u.state.is_open() != before)
            .filter_map(|(row, update)| Some(Turned { row, update, holder: row.holder.as_deref()? }))
    };
    finish(tx, at, &turned(true).collect::<Vec<_>>()).await?;
    resume(tx, at, &turned(false).collect::<Vec<_>>()).await
}

async fn finish(tx: &Tx, at: At, turned: &[Turned<'_>]) -> Result<(), crate::store::Error> {
    if turned.is_empty() {
        return Ok(());
    }
    let ids: Vec<CaseId> = turned.iter().map(|t| t.row.id).collect();
    let ended = feed::end_assignments(tx, at.key, &ids, at.now, "finished").await?;
    let marks: Vec<Mark> = ended.into_iter().map(|(id, user)| of_user(id, user)).collect();
    feed::mark(tx, at.key, at.tag, ChangeKind::Assignment, &marks).await?;
    let left: Vec<(&Arc<LockedCase>, &str)> = turned.iter().map(|t| (t.row, t.holder)).collect();
    mark_strangers(tx, at, &left).await
}

async fn resume(tx: &Tx, at: At, turned: &[Turned<'_>]) -> Result<(), crate::store::Error> {
    if turned.is_empty() {
        return Ok(());
    }
    let ids: Vec<CaseId> = turned.iter().map(|t| t.row.id).collect();
    let latest: HashMap<CaseId, AssignmentRow> =
        lease::latest(tx, at.key, &ids).await?.into_iter().map(|a| (a.case_id, a)).collect();
    let here = still_here(tx, at.key, turned).await?;
    let lasts = |t: &Turned<'_>| {
        let last = latest.get(&t.row.id).filter(|_| here.contains(t.holder))?;
        last.until.is_none_or(|until| until > at.now).then_some(last)
    };
    let again: Vec<AssignmentRow> = turned
        .iter()
        .filter_map(|t| {
            let last = lasts(t)?;
            let fresh = AssignmentRow {
                id: Uuid::now_v7(),
                at: at.now,
                ended_at: None,
                end_reason: None,
                ..last.clone()
            };
            Some(AssignmentRow { enumerator: t.holder.to_owned(), ..fresh })
        })
        .collect();
    feed::add_assignments(tx, at.key, &again).await?;
    let marks: Vec<Mark> = again.iter().map(|a| of_user(a.id, a.enumerator.clone())).collect();
    feed::mark(tx, at.key, at.tag, ChangeKind::Assignment, &marks).await?;
    let back: Vec<(&Arc<LockedCase>, &str)> =
        turned.iter().filter(|t| lasts(t).is_some()).map(|t| (t.row, t.holder)).collect();
    mark_strangers(tx, at, &back).await?;
    // The lease ran out, or its holder left, while the door was closed.
    let over: Vec<Arc<LockedCase>> = turned.iter().filter(|t| lasts(t).is_none()).map(as_folded).collect();
    let over_ids: Vec<CaseId> = over.iter().map(|r| r.id).collect();
    if !over.is_empty() {
        feed::clear_holders(tx, at.key, &over_ids).await?;
        completion::append_deltas(tx, at.key, &moved(&over, "")).await?;
    }
    Ok(())
}

/// Those of the holders who still work in the survey; they cannot leave before the transaction ends.
async fn still_here<'a>(
    tx: &Tx,
    key: SurveyKey,
    turned: &[Turned<'a>],
) -> Result<HashSet<&'a str>, crate::store::Error> {
    let mut here = HashSet::new();
    for holder in turned.iter().map(|t| t.holder).collect::<BTreeSet<_>>() {
        if hold_enumerator(tx, key, holder).await?.is_some() {
            here.insert(holder);
        }
    }
    Ok(here)
}

/// The row as the fold left it: what the counters hold for its present holder.
fn as_folded(t: &Turned<'_>) -> Arc<LockedCase> {
    let mut row = LockedCase::clone(t.row);
    row.cell = t.update.cell;
    row.persons.clone_from(&t.update.persons);
    Arc::new(row)
}

fn of_user(id: Uuid, user: String) -> Mark {
    Mark { id, area_no: None, device: None, user: Some(user) }
}

/// Marks the doors of cases lent to people who work elsewhere: the door comes and goes with the lease. Who works in the
/// area has the door anyway.
pub(super) async fn mark_strangers(
    tx: &Tx,
    at: At,
    lent: &[(&Arc<LockedCase>, &str)],
) -> Result<(), crate::store::Error> {
    if lent.is_empty() {
        return Ok(());
    }
    let mut users: Vec<String> = lent.iter().map(|l| l.1.to_owned()).collect();
    users.sort_unstable();
    users.dedup();
    let ranges = lease::ranges(tx, at.key, &users).await?;
    let is_stranger =
        |row: &LockedCase, user: &str| ranges.get(user).is_none_or(|range| !range.contains(row.area_no));
    let mut marks: Vec<Mark> = lent
        .iter()
        .filter(|(row, user)| is_stranger(row, user))
        .map(|(row, _)| Mark { id: row.dwelling_id, area_no: Some(row.area_no), device: None, user: None })
        .collect();
    marks.sort_unstable_by_key(|m| m.id);
    marks.dedup_by_key(|m| m.id);
    feed::mark(tx, at.key, at.tag, ChangeKind::Dwelling, &marks).await
}

impl Ingest {
    /// Ends every lease that is over by `now`, in all surveys; returns how many. Several processes may do it at once.
    pub async fn end_leases(&self, now: Timestamp) -> Result<usize, Error> {
        let mut all = 0;
        for key in self.store.survey_keys().await? {
            loop {
                let ended = self
                    .store
                    .retrying("end_leases", move |tx| Box::pin(async move { end_some(tx, key, now).await }))
                    .await?;
                all += ended.0;
                if !ended.1 {
                    break;
                }
            }
        }
        Ok(all)
    }
}

/// Ends some leases; how many, and whether there may be more.
async fn end_some(tx: &Tx, key: SurveyKey, now: Timestamp) -> Result<Outcome<(usize, bool)>, Error> {
    let mut ids = lease::ended_by(tx, key, now, AT_ONCE).await?;
    if ids.is_empty() {
        return Ok(Outcome::Rollback((0, false)));
    }
    let is_full = i64::try_from(ids.len()).is_ok_and(|n| n >= AT_ONCE);
    ids.sort_unstable();
    ids.dedup();
    let rows = case::lock_cases(tx, key, &ids).await?;
    // Asked again under the locks: an order may have come first.
    let ended = lease::expire(tx, key, &ids, now).await?;
    if ended.is_empty() {
        return Ok(Outcome::Rollback((0, false)));
    }
    let at = At::new(key, now);
    let over: HashMap<CaseId, &str> = ended.iter().map(|e| (e.1, e.2.as_str())).collect();
    let freed: Vec<Arc<LockedCase>> =
        rows.into_iter().filter(|r| r.holder.as_deref() == over.get(&r.id).copied()).collect();
    let_go(tx, at, &freed, &ended).await?;
    Ok(Outcome::Stamp((ended.len(), is_full), key, at.tag))
}

/// Leaves locked doors to nobody, and tells of the leases that `ended` there: (assignment, case, enumerator).
pub(super) async fn let_go(
    tx: &Tx,
    at: At,
    freed: &[Arc<LockedCase>],
    ended: &[(Uuid, CaseId, String)],
) -> Result<(), crate::store::Error> {
    let ids: Vec<CaseId> = freed.iter().map(|r| r.id).collect();
    feed::clear_holders(tx, at.key, &ids).await?;
    completion::append_deltas(tx, at.key, &moved(freed, "")).await?;
    let marks: Vec<Mark> = ended.iter().map(|e| of_user(e.0, e.2.clone())).collect();
    feed::mark(tx, at.key, at.tag, ChangeKind::Assignment, &marks).await?;
    let cases: Vec<Mark> = freed
        .iter()
        .map(|r| Mark { id: r.id.into(), area_no: Some(r.area_no), device: None, user: None })
        .collect();
    feed::mark(tx, at.key, at.tag, ChangeKind::Case, &cases).await?;
    let left: Vec<(&Arc<LockedCase>, &str)> =
        freed.iter().filter_map(|r| Some((r, r.holder.as_deref()?))).collect();
    mark_strangers(tx, at, &left).await
}
