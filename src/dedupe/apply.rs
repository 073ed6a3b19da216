//! Reading what a settlement needs and writing what it plans: links, households, which interview counts, and the cases that
//! follow.

use std::collections::HashMap;
use std::sync::Arc;

use uuid::Uuid;

use super::settle::{Facts, Settlement, Work};
use crate::domain::CaseId;
use crate::ingest::refold::{At, refold};
use crate::store::case::{self, LockedCase};
use crate::store::link::{cluster, pair, text};
use crate::store::{Error, SurveyKey, Tx};
use crate::surveys::Survey;

/// Who brings a change about, and by which link or interview.
#[derive(Clone, Debug)]
pub(super) struct Cause {
    /// A user, or `worker`.
    pub(super) by: String,
    /// The link decided on, or the interview that was linked.
    pub(super) id: Uuid,
}

/// Reads what is stored of everything that `work` may change.
pub(super) async fn facts(tx: &Tx, key: SurveyKey, work: &Work<'_>) -> Result<Facts, Error> {
    let ends: Vec<Uuid> = work.sharing().flat_map(|l| [l.a, l.b]).collect();
    let mut ids = work.own();
    ids.extend(&ends);
    let households = cluster::households(tx, key, &ids).await?;
    ids.extend(households.iter().map(|m| m.interview));
    ids.sort_unstable();
    ids.dedup();
    let flags = cluster::flags(tx, key, &ids).await?;
    let mut cases: Vec<CaseId> = flags.iter().map(|f| f.case_id).collect();
    cases.sort_unstable();
    cases.dedup();
    if cases.is_empty() {
        return Ok(Facts { households, ..Facts::default() });
    }
    let away = pair::paired(tx, key, &cases).await?;
    let out_of_force = text::out_of_force(tx, key, &ends).await?;
    let is_alone = households.is_empty() && work.component.nodes.len() < 2;
    let doors = if is_alone { HashMap::new() } else { doors(tx, key, &cases).await? };
    Ok(Facts { households, flags, away, out_of_force, doors })
}

/// The case that goes on for each case: the survivor where a door was listed twice.
async fn doors(tx: &Tx, key: SurveyKey, cases: &[CaseId]) -> Result<HashMap<CaseId, CaseId>, Error> {
    let rows = case::find_cases(tx, key, cases).await?;
    Ok(rows.iter().map(|r| (r.id, r.merged_into.unwrap_or(r.id))).collect())
}

/// Writes what is planned and folds the cases whose interviews count otherwise. Returns whether there were any.
pub(super) async fn write(
    tx: &Tx,
    at: At,
    survey: &Survey,
    plan: &Settlement,
    cause: &Cause,
) -> Result<bool, Error> {
    if !plan.puts.is_empty() {
        pair::put(tx, at.key, &plan.puts).await?;
        pair::log(tx, at.key, &plan.events).await?;
    }
    cluster::write(tx, at.key, &plan.gone, &plan.kept).await?;
    cluster::log(tx, at.key, &plan.household_events, (cause.id, cause.by.as_str(), at.now)).await?;
    if plan.flags.is_empty() {
        return Ok(false);
    }
    let touched: Vec<CaseId> = plan.flags.iter().map(|f| f.case_id).collect();
    let rows = lock(tx, at.key, &touched).await?;
    cluster::set_flags(tx, at.key, &plan.flags).await?;
    refold(tx, at, survey, &rows).await?;
    Ok(true)
}

/// Locks cases together with the survivors of those merged as a door, all in id order.
pub(super) async fn lock(tx: &Tx, key: SurveyKey, cases: &[CaseId]) -> Result<Vec<Arc<LockedCase>>, Error> {
    let ids = with_survivors(tx, key, cases).await?;
    case::lock_cases(tx, key, &ids).await
}

/// Cases and the survivors of those merged as a door, in id order, each once.
pub(super) async fn with_survivors(tx: &Tx, key: SurveyKey, cases: &[CaseId]) -> Result<Vec<CaseId>, Error> {
    let mut ids = cases.to_vec();
    ids.extend(case::find_cases(tx, key, cases).await?.iter().filter_map(|r| r.merged_into));
    ids.sort_unstable();
    ids.dedup();
    Ok(ids)
}
