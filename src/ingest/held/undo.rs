//! Taking back the last decision about a held record: it waits again, as if nobody had decided.

use super::super::refold::{At, refold};
use super::super::resolve::Cases;
use super::super::{Error, reason::Reason};
use crate::domain::CaseId;
use crate::store::batch::{RecordKind, Status};
use crate::store::held::{self, HeldRow};
use crate::store::{Tx, submission};
use crate::surveys::Survey;

/// Makes a record wait again. What rests on the decision forbids it: a door that was made, a form on its way, a later
/// decision that speaks of the record.
pub(super) async fn undo(tx: &Tx, at: At, survey: &Survey, row: &HeldRow) -> Result<HeldRow, Error> {
    let key = at.key;
    let all = held::held_decisions(tx, key, &[row.id]).await?;
    let last = all.iter().rfind(|d| d.revision == row.revision && d.decision != "undo");
    let (last, before) = match last {
        Some(last) if last.before.reason.is_some() => (last, &last.before),
        Some(_) | None => return Err(Error::Unfit("It was decided by an earlier version of this service.")),
    };
    let mut restored = HeldRow {
        status: Status::Held,
        reason: before.reason.clone().unwrap_or_default(),
        detail: before.detail.clone(),
        case_id: before.case.or(row.case_id),
        at: before.at.or(row.at),
        ..row.clone()
    };
    match (row.kind, row.status) {
        (RecordKind::Visit | RecordKind::Interview, _) => {
            let case = row.case_id.unwrap_or_default();
            let is_resting = row.status == Status::Accepted
                && (restored.reason == Reason::VisitCorrected.slug()
                    || held::is_spoken_of(tx, key, row.id, case, last.at).await?);
            if is_resting {
                return Err(Error::Unfit("A later decision rests on it; take that back first."));
            }
            held::restore(tx, key, row, before).await?;
            if row.status == Status::Accepted {
                fold(tx, at, survey, row, case).await?;
            }
        }
        (RecordKind::Dwelling, Status::Refused) => {
            held::settle_dwelling(tx, key, row.id, Status::Held, None).await?;
        }
        (RecordKind::Answers, Status::Refused) => {
            let id = submission::of_sheet(tx, key, row.id, row.revision).await?.ok_or(Error::NotFound)?;
            let held = (restored.reason.clone(), restored.detail.clone().unwrap_or_default());
            submission::settle(tx, key, id, Status::Held, Some(&held), None).await?;
        }
        (RecordKind::Submission, Status::Refused) => {
            let held = (restored.reason.clone(), restored.detail.clone().unwrap_or_default());
            submission::settle(tx, key, row.id, Status::Held, Some(&held), None).await?;
        }
        (RecordKind::Dwelling | RecordKind::Answers | RecordKind::Submission, _) => {
            return Err(Error::Unfit("What was accepted is in use; it cannot be made to wait again."));
        }
        (RecordKind::MessageRead, _) => return Err(Error::NotFound),
    }
    restored.version = row.version;
    Ok(restored)
}

/// The door folds without the record.
async fn fold(tx: &Tx, at: At, survey: &Survey, row: &HeldRow, case: CaseId) -> Result<(), Error> {
    if row.kind == RecordKind::Interview {
        crate::store::link::queue::add(tx, at.key, &[row.id]).await?;
    }
    let mut cases = Cases::default();
    cases.find(tx, at.key, &[case]).await?;
    let locked: Vec<_> = cases.rows().filter(|c| c.id == case).cloned().collect();
    refold(tx, at, survey, &locked).await?;
    Ok(())
}
