//! Deciding a reported door that is held: a new door, another writing of a listed one, or none.

use super::super::accept::{Looks, add_doors, note_keys, place_doors};
use super::super::refold::At;
use super::super::resolve::Cases;
use super::super::{Error, rows};
use super::{Verdict, free_and_fold, known_case};
use crate::domain::{CaseId, DwellingId};
use crate::store::access::Caller;
use crate::store::batch::Status;
use crate::store::case::{self, FoundDoor, LockedCase};
use crate::store::held::HeldRow;
use crate::store::survey::{Areas, find_areas};
use crate::store::{Tx, held};
use crate::surveys::Survey;

/// A door in an area nobody knew, or one that looks like a listed one: it is new, the door of the case named, or refused.
pub(super) async fn decide_dwelling(
    tx: &Tx,
    at: At,
    survey: &Survey,
    caller: &Caller,
    row: &HeldRow,
    verdict: Verdict,
) -> Result<HeldRow, Error> {
    let Verdict::Accept { case } = verdict else {
        held::settle_dwelling(tx, at.key, row.id, Status::Refused, None).await?;
        return Ok(HeldRow { status: Status::Refused, ..row.clone() });
    };
    let mut cases = Cases::default();
    let door = reported_door(tx, survey, caller, row, case.is_some()).await;
    let (target, keys) = if let Some(named) = case {
        // The door is known: what was written about it may have been removed.
        let target = known_case(tx, at, caller, &mut cases, named).await?;
        link_to(tx, at, survey, &target, door.ok().as_ref()).await?
    } else {
        let door = door?;
        let keys = vec![door.case_id, door.written_case];
        held::lock_targets(tx, at.key, &[&[CaseId(row.id)], keys.as_slice()].concat()).await?;
        add_doors(tx, at, survey, std::slice::from_ref(&door)).await?;
        (door.case_id, keys)
    };
    let targets = [&[CaseId(row.id)], keys.as_slice()].concat();
    held::settle_dwelling(tx, at.key, row.id, Status::Accepted, Some(target)).await?;
    free_and_fold(tx, at, survey, (&mut cases, &targets), &[target]).await?;
    Ok(HeldRow { status: Status::Accepted, case_id: Some(target), ..row.clone() })
}

/// The door that a held record describes, known or new.
async fn reported_door(
    tx: &Tx,
    survey: &Survey,
    caller: &Caller,
    row: &HeldRow,
    is_known: bool,
) -> Result<FoundDoor, Error> {
    let text = held::dwelling_content(tx, survey.key, row.id).await?.unwrap_or_default();
    let record = rows::dwelling_of(row.id, &text)
        .ok_or(Error::Unfit("What was written about this door has been removed; add it to the set-up."))?;
    let areas = find_areas(tx, survey.key, &Areas::One(record.area.clone())).await?;
    let area = areas
        .first()
        .filter(|a| caller.range.contains(a.range.lo))
        .ok_or(Error::Unfit("The area is still unknown; add it to the set-up first."))?;
    let reported = [(&record, (area.code.as_str(), area.range.lo))];
    let placed = place_doors(tx, survey, caller.range, &reported, Looks::Passed).await?;
    let beyond = Error::Unfit("The door has come to stand in another area; name the case it belongs to.");
    match placed.first().and_then(|place| place.door()) {
        Some(door) => Ok(door.clone()),
        None if is_known => Err(Error::NotFound),
        None => Err(beyond),
    }
}

/// Makes a reported door another writing of a known one; returns the case it stands for, and the ids that were waited for under it.
/// A further household behind it gets its case. A key that leads to another door goes on leading there.
async fn link_to(
    tx: &Tx,
    at: At,
    survey: &Survey,
    target: &LockedCase,
    door: Option<&FoundDoor>,
) -> Result<(CaseId, Vec<CaseId>), Error> {
    let Some(door) = door else { return Ok((target.id, Vec::new())) };
    let known = DwellingId(target.dwelling_id);
    let household = u32::try_from(door.household).unwrap_or(1);
    let is_further = household > 1;
    let linked = FoundDoor {
        dwelling_id: target.dwelling_id,
        building_id: target.building_id,
        area: target.area.clone(),
        area_no: target.area_no,
        first_case: CaseId::of(known, &survey.slug, 1),
        case_id: if is_further { CaseId::of(known, &survey.slug, household) } else { target.id },
        ..door.clone()
    };
    let case = linked.case_id;
    held::lock_targets(tx, at.key, &[case, linked.written_case]).await?;
    let keys = vec![case, linked.written_case];
    if is_further {
        add_doors(tx, at, survey, &[linked]).await?;
    } else if case::doors_of_keys(tx, at.key, &[linked.written_id]).await?.is_empty() {
        note_keys(tx, at, &[linked]).await?;
    }
    Ok((case, keys))
}
