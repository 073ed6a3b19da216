//! Counting afresh, case by case: every case folded again from its records as they are stored, compared with what stands on it.

use std::sync::Arc;

use super::refold::{Gains, Refold};
use super::{Error, Ingest};
use crate::domain::CaseId;
use crate::store::case::{self, CaseUpdate, LockedCase, Span};
use crate::store::evidence::Taken;
use crate::store::{Outcome, Tx};
use crate::surveys::Survey;

/// Cases looked at in one transaction; they are locked meanwhile.
const AT_ONCE: i64 = 500;

/// A case that does not say what its records say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Differs {
    /// The case.
    pub case_id: CaseId,
    /// What differs, by the columns' names.
    pub columns: Vec<&'static str>,
}

impl Ingest {
    /// Folds every case of a survey again and returns those whose stored state, figures, evidence or history is another. Changes
    /// nothing. `progress` hears how many cases have been looked at.
    pub async fn recount_cases(
        &self,
        survey: &Arc<Survey>,
        progress: impl Fn(usize),
    ) -> Result<Vec<Differs>, Error> {
        let (mut all, mut after, mut done) = (Vec::new(), CaseId::default(), 0);
        loop {
            let shared = Arc::clone(survey);
            let (ids, found) = self
                .store
                .retrying("recount_cases", move |tx| {
                    let survey = Arc::clone(&shared);
                    Box::pin(async move { recount_some(tx, &survey, after).await.map(Outcome::Rollback) })
                })
                .await?;
            let Some(last) = ids.last() else { return Ok(all) };
            after = *last;
            done += ids.len();
            all.extend(found);
            progress(done);
        }
    }
}

async fn recount_some(tx: &Tx, survey: &Survey, after: CaseId) -> Result<(Vec<CaseId>, Vec<Differs>), Error> {
    let ids = case::ids_after(tx, survey.key, after, AT_ONCE).await?;
    let rows = case::lock_cases(tx, survey.key, &ids).await?;
    let histories = case::event_histories(tx, survey.key, &ids).await?;
    let mut found = Vec::new();
    let refold = Refold::read(tx, survey.key, survey, &rows, &Gains::new()).await?;
    for (row, update) in refold.pairs() {
        let stored = histories.get(&row.id).map_or(&[][..], Vec::as_slice);
        let columns = differences(row, update, stored);
        if ids.binary_search(&row.id).is_ok() && !columns.is_empty() {
            found.push(Differs { case_id: row.id, columns });
        }
    }
    Ok((ids, found))
}

fn differences(row: &LockedCase, update: &CaseUpdate, history: &[Span]) -> Vec<&'static str> {
    let has_evidence = update.visits > 0 || update.interviews > 0 || update.decisions > 0 || row.absorbed > 0;
    let columns = [
        ("state", row.state == update.state),
        ("cell", row.cell == update.cell),
        ("persons", row.persons == update.persons),
        ("visits", row.visits == update.visits),
        ("interviews", row.interviews == update.interviews),
        ("decisions", row.decisions == update.decisions),
        ("unmet", row.unmet == update.unmet),
        ("merged_into", row.merged_into == update.merged_into),
        ("evidence", same_evidence(row, update)),
        // A case that never had any evidence began to count when it was listed, whatever the survey's dates became since.
        ("event_at", !has_evidence || history == update.history.spans()),
    ];
    columns.into_iter().filter(|(_, is_same)| !is_same).map(|(name, _)| name).collect()
}

/// Whether a case has the evidence of the tables on it, in whatever order, or rightly none.
fn same_evidence(row: &LockedCase, update: &CaseUpdate) -> bool {
    let sorted = |mut taken: Taken| {
        taken.visits.sort_by_key(|v| v.id);
        taken.interviews.sort_by_key(|(i, _)| (i.id, i.revision));
        taken
    };
    match (row.taken(), &update.evidence) {
        (Some(stored), Some(fresh)) => Taken::unpack(fresh).map(sorted) == Some(sorted(stored)),
        (None, _) => row.evidence.is_none() && update.evidence.is_none(),
        (Some(_), None) => false,
    }
}
