//! Doors as people read them: lists, one door's whole history, the doors that need another visit. Reads only.

pub mod door;
pub mod filled;
pub mod history;
pub mod returns;

use std::collections::HashMap;

use crate::domain::{CaseId, Evidence, Standing, fold};
use crate::store::case::{CaseRow, absorbed};
use crate::store::evidence::load_evidence;
use crate::store::{Error, Store, SurveyKey, Tx};
use crate::surveys::Survey;

/// All evidence of these cases, with what cases merged into them as a door contribute.
pub async fn evidence_of(
    store: &Store,
    survey: &Survey,
    rows: &[CaseRow],
) -> Result<HashMap<CaseId, Evidence>, Error> {
    let key = survey.key;
    let ids: Vec<CaseId> = rows.iter().map(|r| r.id).collect();
    let survivors: Vec<CaseId> = rows.iter().filter(|r| r.absorbed > 0).map(|r| r.id).collect();
    store
        .reading("evidence_of", move |tx| {
            let (ids, survivors) = (ids.clone(), survivors.clone());
            Box::pin(async move { evidence_in(tx, key, ids, &survivors).await })
        })
        .await
}

/// The same inside a transaction; `survivors` are those of the cases into which others were merged.
pub async fn evidence_in(
    tx: &Tx,
    key: SurveyKey,
    mut cases: Vec<CaseId>,
    survivors: &[CaseId],
) -> Result<HashMap<CaseId, Evidence>, Error> {
    let losers = if survivors.is_empty() { Vec::new() } else { absorbed(tx, key, survivors).await? };
    cases.extend(losers.iter().map(|l| l.0));
    let mut all = load_evidence(tx, key, &cases).await?;
    for (loser, survivor) in losers {
        let taken = all.get(&loser).cloned().unwrap_or_default();
        all.entry(survivor).or_default().absorb(&taken);
    }
    Ok(all)
}

/// The standing of these cases, folded from what is stored.
pub async fn standings_of(
    store: &Store,
    survey: &Survey,
    rows: &[CaseRow],
) -> Result<HashMap<CaseId, Standing>, Error> {
    let evidence = evidence_of(store, survey, rows).await?;
    Ok(evidence.into_iter().map(|(id, e)| (id, fold(&e, &survey.rules))).collect())
}
