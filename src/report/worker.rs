//! Counts by whoever did the work: a completed door by its counted interview, a closed one by the decision, any other by
//! its last visit in force. Rows by present holder say who has a door now; these say who worked there.

use std::collections::{BTreeMap, HashMap};

use uuid::Uuid;

use super::{Groups, add};
use crate::domain::rates::{Tally, form_counter};
use crate::domain::{AreaRange, CaseId, Evidence, Standing, State, fold};
use crate::store::case::{CasePlace, absorbed};
use crate::store::evidence::load_evidence;
use crate::store::worker::WorkedCase;
use crate::store::{Error, Store, SurveyKey};
use crate::surveys::Survey;

/// Cases read at once.
const PAGE: usize = 2_000;
/// The row of doors that answered by themselves.
pub const SELF: &str = "self";

/// Tallies by worker over an area as it now stands.
pub(super) async fn groups(store: &Store, survey: &Survey, range: AreaRange) -> Result<Groups, Error> {
    let mut rows: BTreeMap<String, Tally> = BTreeMap::new();
    let mut after = CasePlace::START;
    loop {
        let page =
            store.worked_cases(survey.key, range, after, i64::try_from(PAGE).unwrap_or(i64::MAX)).await?;
        let workers = workers(store, survey, &page).await?;
        for case in &page {
            let worker = workers.get(&case.id).cloned().unwrap_or_default();
            count(rows.entry(worker).or_default(), case);
        }
        match page.last() {
            Some(last) if page.len() == PAGE => after = last.place,
            Some(_) | None => return Ok(Groups { rows, total: None }),
        }
    }
}

fn count(tally: &mut Tally, case: &WorkedCase) {
    add(tally, case.cell, 1);
    for (i, n) in (1..=7).zip(&case.persons) {
        add(tally, -i, i64::from(*n));
    }
    if case.state == State::Completed {
        for place in (0..8).filter(|place| case.forms_done >> place & 1 == 1) {
            add(tally, form_counter(place), 1);
        }
    }
}

/// Who did the work at each of these cases; those where nobody has been are left out.
async fn workers(
    store: &Store,
    survey: &Survey,
    page: &[WorkedCase],
) -> Result<HashMap<CaseId, String>, Error> {
    let mut standings: Vec<(CaseId, Standing)> = Vec::new();
    let mut unread: Vec<CaseId> = Vec::new();
    let mut survivors: Vec<CaseId> = Vec::new();
    for case in page {
        match &case.taken {
            Some(taken) if case.decisions == 0 && case.absorbed == 0 => {
                if taken.visits.is_empty() && taken.interviews.is_empty() {
                    continue;
                }
                let interviews = taken.interviews.iter().map(|(i, _)| i.clone()).collect();
                let evidence = Evidence { visits: taken.visits.clone(), interviews, decisions: Vec::new() };
                standings.push((case.id, fold(&evidence, &survey.rules)));
            }
            Some(_) | None => {
                unread.push(case.id);
                survivors.extend((case.absorbed > 0).then_some(case.id));
            }
        }
    }
    for (case, evidence) in whole_evidence(store, survey.key, unread, survivors).await? {
        standings.push((case, fold(&evidence, &survey.rules)));
    }
    let ids: Vec<Uuid> = standings.iter().filter_map(|(_, s)| s.current.map(|c| c.0.0)).collect();
    let interviewers = store.interviewers(survey.key, &ids).await?;
    Ok(standings
        .into_iter()
        .filter_map(|(case, standing)| Some((case, worker(&standing, &interviewers)?)))
        .collect())
}

/// All evidence of cases, decisions and doors merged into them included.
async fn whole_evidence(
    store: &Store,
    key: SurveyKey,
    cases: Vec<CaseId>,
    survivors: Vec<CaseId>,
) -> Result<Vec<(CaseId, Evidence)>, Error> {
    if cases.is_empty() {
        return Ok(Vec::new());
    }
    store
        .reading("evidence_of_workers", move |tx| {
            let (cases, survivors) = (cases.clone(), survivors.clone());
            Box::pin(async move {
                let losers =
                    if survivors.is_empty() { Vec::new() } else { absorbed(tx, key, &survivors).await? };
                let all: Vec<CaseId> = cases.iter().copied().chain(losers.iter().map(|l| l.0)).collect();
                let mut read = load_evidence(tx, key, &all).await?;
                for (loser, survivor) in losers {
                    let taken = read.get(&loser).cloned().unwrap_or_default();
                    read.entry(survivor).or_default().absorb(&taken);
                }
                Ok(cases.into_iter().filter_map(|id| Some((id, read.remove(&id)?))).collect())
            })
        })
        .await
}

fn worker(standing: &Standing, interviewers: &HashMap<(Uuid, i32), String>) -> Option<String> {
    let last = || standing.last_by.as_deref().map(str::to_owned);
    match standing.state {
        State::Completed => {
            if standing.completed_by == Some(crate::domain::case::CompletedBy::SelfResponse) {
                return Some(SELF.to_owned());
            }
            let (id, revision) = standing.current?;
            interviewers.get(&(id.0, revision)).cloned().or_else(last)
        }
        State::Closed => standing.closing.as_ref().map(|c| c.by.as_ref().to_owned()),
        State::New
        | State::InProgress
        | State::Appointment
        | State::Proxy
        | State::Exhausted
        | State::Partial
        | State::Refused
        | State::Verify
        | State::NotEligible
        | State::Merged
        | State::Cancelled => last(),
    }
}
