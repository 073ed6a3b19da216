//! Sheets of answers and the cases they belong to: which forms a case has a complete sheet of, and what of that is counted.

use std::collections::{BTreeMap, HashMap};

use uuid::Uuid;

use super::resolve::Cases;
use crate::domain::rates::form_counter;
use crate::domain::{CaseId, Reach, State};
use crate::store::batch::Status;
use crate::store::case::LockedCase;
use crate::store::completion::{self, Delta};
use crate::store::{Error, SurveyKey, Tx, case, submission};

/// Writes of which forms these locked cases have a complete sheet in force, and counts what changed. Returns those that changed.
pub(super) async fn note(
    tx: &Tx,
    key: SurveyKey,
    cases: &mut Cases,
    ids: &[CaseId],
) -> Result<Vec<CaseId>, Error> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    cases.find(tx, key, ids).await?;
    let known: Vec<CaseId> = ids.iter().filter_map(|id| cases.any(*id)).map(|row| row.id).collect();
    let done: HashMap<CaseId, i16> = submission::sheets_done(tx, key, &known).await?.into_iter().collect();
    let mut changed = Vec::new();
    let mut deltas = Vec::new();
    for id in known {
        let Some(row) = cases.any(id).cloned() else { continue };
        let bits = done.get(&id).copied().unwrap_or_default();
        if bits == row.forms_done {
            continue;
        }
        if row.state == State::Completed {
            deltas.extend(delta(&row, bits_between(row.forms_done, bits)));
        }
        cases.replace(LockedCase { forms_done: bits, ..LockedCase::clone(&row) });
        changed.push((id, bits));
    }
    case::set_forms_done(tx, key, &changed).await?;
    completion::append_deltas(tx, key, &deltas).await?;
    Ok(changed.into_iter().map(|c| c.0).collect())
}

/// How the counters of forms change from one set of bits to another.
fn bits_between(before: i16, after: i16) -> Vec<(i32, i32)> {
    changes(before, -1).chain(changes(after, 1)).fold(BTreeMap::new(), add).into_iter().collect()
}

fn add(mut sums: BTreeMap<i32, i32>, (measure, n): (i32, i32)) -> BTreeMap<i32, i32> {
    *sums.entry(measure).or_default() += n;
    sums
}

/// The counters of the forms whose bits are set, each with `n`.
pub(super) fn changes(bits: i16, n: i32) -> impl Iterator<Item = (i32, i32)> {
    (0..8).filter(move |place| bits >> place & 1 == 1).map(move |place| (form_counter(place), n))
}

fn delta(row: &LockedCase, changes: Vec<(i32, i32)>) -> Option<Delta> {
    let changes: Vec<(i32, i32)> = changes.into_iter().filter(|c| c.1 != 0).collect();
    (!changes.is_empty()).then(|| Delta {
        area: row.area.clone(),
        building: row.building_id,
        holder: row.holder.clone().unwrap_or_default(),
        changes,
    })
}

/// Sheets that waited for a door count once it is here: sets them accepted, and returns their cases and what their devices hear.
pub(super) async fn free(
    tx: &Tx,
    key: SurveyKey,
    cases: &mut Cases,
    targets: &[CaseId],
) -> Result<(Vec<CaseId>, Vec<(Uuid, Uuid)>), Error> {
    let waiting = submission::waiting_sheets(tx, key, targets).await?;
    if waiting.is_empty() {
        return Ok((Vec::new(), Vec::new()));
    }
    let refs: Vec<CaseId> = waiting.iter().map(|w| w.case_id).collect();
    cases.find(tx, key, &refs).await?;
    let (mut freed, mut marks) = (Vec::new(), Vec::new());
    for w in &waiting {
        let reach = Reach { range: w.range, user: w.user.clone() };
        let Some(row) = cases.any(w.case_id).filter(|row| reach.knows(row.as_ref())).cloned() else {
            continue;
        };
        submission::settle(tx, key, w.id, Status::Accepted, None, Some(row.id)).await?;
        freed.push(row.id);
        marks.push((w.id, w.device));
    }
    note(tx, key, cases, &freed).await?;
    Ok((freed, marks))
}
