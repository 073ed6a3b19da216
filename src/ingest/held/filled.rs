//! Decisions on filled-in forms that wait as a whole, on sheets of answers, and on visits that a correction tells otherwise.

use std::sync::Arc;

use super::super::accept::{Word, go_on};
use super::super::decide::{Request, decide_in};
use super::super::digest::Keys;
use super::super::models::Models;
use super::super::reason::{Reason, sentence};
use super::super::refold::{At, refold};
use super::super::resolve::Cases;
use super::super::{Error, sheets};
use super::{Verdict, target_case};
use crate::domain::{CaseId, DecisionKind, VisitId};
use crate::store::access::Caller;
use crate::store::batch::Status;
use crate::store::held::HeldRow;
use crate::store::{Tx, submission};
use crate::surveys::Survey;

/// Decides on a form of which nothing has come yet.
pub(super) async fn decide_whole(
    tx: &Tx,
    at: At,
    (survey, keys, models): (&Arc<Survey>, &Keys, &Models),
    row: &HeldRow,
    verdict: Verdict,
) -> Result<HeldRow, Error> {
    let mut decided = row.clone();
    match verdict {
        Verdict::Refuse => {
            let held = sentence(Reason::RefusedByPerson);
            submission::settle(tx, at.key, row.id, Status::Refused, Some(&held), None).await?;
            decided.status = Status::Refused;
        }
        Verdict::Undo => return Err(Error::Unfit("It cannot be made to wait again.")),
        Verdict::Accept { case: Some(_) } => {
            return Err(Error::Unfit("A form names its door itself; accept it without a case."));
        }
        Verdict::Accept { case: None } => {
            let can_be = [Reason::EditForked.slug(), Reason::FormClosed.slug()];
            if !can_be.contains(&row.reason.as_str()) {
                return Err(Error::Unfit("It counts by itself once the form, or what it corrects, is here."));
            }
            if !go_on(tx, at, survey, (keys, models), row.id, Word::Accepted).await? {
                return Err(Error::Unfit("It still waits for the form, or for what it corrects."));
            }
            decided.status = Status::Accepted;
        }
    }
    Ok(decided)
}

/// Decides on a sheet of answers.
pub(super) async fn decide_sheet(
    tx: &Tx,
    at: At,
    survey: &Survey,
    caller: &Caller,
    row: &HeldRow,
    verdict: Verdict,
) -> Result<HeldRow, Error> {
    let mut decided = row.clone();
    let id = submission::of_sheet(tx, at.key, row.id, row.revision).await?.ok_or(Error::NotFound)?;
    let Verdict::Accept { case } = verdict else {
        let held = sentence(Reason::RefusedByPerson);
        submission::settle(tx, at.key, id, Status::Refused, Some(&held), None).await?;
        decided.status = Status::Refused;
        return Ok(decided);
    };
    let mut cases = Cases::default();
    let target = match case.or(row.case_id) {
        None => None,
        Some(wanted) => Some(target_case(tx, at, caller, &mut cases, (case, wanted)).await?.id),
    };
    submission::settle(tx, at.key, id, Status::Accepted, None, target).await?;
    if let Some(case) = target {
        sheets::note(tx, at.key, &mut cases, &[case]).await?;
        let locked: Vec<_> = cases.rows().filter(|c| c.id == case).cloned().collect();
        refold(tx, at, survey, &locked).await?;
    }
    (decided.status, decided.case_id) = (Status::Accepted, target);
    Ok(decided)
}

/// A visit that a correction tells otherwise takes the place of the one that was told first.
pub(super) async fn void_corrected(
    tx: &Tx,
    at: At,
    survey: &Survey,
    caller: &Caller,
    row: &HeldRow,
    case: CaseId,
) -> Result<(), Error> {
    let Some(before) = submission::visit_before(tx, at.key, case, row.id).await? else { return Ok(()) };
    let kind = DecisionKind::Void { visit: VisitId(before) };
    let reason = "corrected by whoever made the visit".to_owned();
    decide_in(tx, at, survey, caller, &Request::new(case, kind, reason)).await?;
    Ok(submission::set_visit(tx, at.key, case, row.id).await?)
}
