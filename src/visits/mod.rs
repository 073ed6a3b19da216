//! Doors as people read them: lists, one door's whole history, the doors that need another visit. Reads only.

pub mod door;
pub mod filled;
pub mod history;
pub mod returns;

use std::collections::HashMap;

use crate::domain::{CaseId, Evidence, Standing, fold};
use crate::store::case::{CaseRow, absorbed};
use crate::store::evidence::load_evidence;
use crate::store::{Error, Store};
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
            let (mut ids, survivors) = (ids.clone(), survivors.clone());
            Box::pin(async move {
                let losers =
                    if survivors.is_empty() { Vec::new() } else { absorbed(tx, key, &survivors).await? };
                ids.extend(losers.iter().map(|l| l.0));
                let known = load_evidence(tx, key, &ids).await?;
                let mut all = known;
                for (loser, survivor) in losers {
                    let taken = all.get(&loser).cloned().unwrap_or_default();
                    all.entry(survivor).or_default().absorb(&taken);
                }
                Ok::<_, Error>(all)
            })
        })
        .await
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
