//! The things of the feed as a device gets them.

use std::collections::{HashMap, HashSet};

use serde_json::{Value, json};
use uuid::Uuid;

use super::{Change, case};
use crate::domain::{CaseId, StaffId, State};
use crate::ingest::digest::Keys;
use crate::ingest::receipt::Receipt;
use crate::store::batch::{self, Known, RecordKind, Status, known_records};
use crate::store::case::{CasePlace, CaseRow, find_by_dwelling, find_cases, list_lent_rows, list_rows};
use crate::store::feed::{self, AssignmentRow, Reader, assignments};
use crate::store::message::{self, MessageRow};
use crate::store::plan::{SheetRow, sheets_by_id};
use crate::store::submission::{self, Stood};
use crate::store::survey::{StaffRow, find_staff};
use crate::store::told::{self, DoorNames};
use crate::store::{Error, Sight, SurveyKey, Tx, Whose};
use crate::surveys::Survey;
use crate::visits::filled;

/// Policy and codes of a survey, and the key for sealing records.
pub(super) fn survey(s: &Survey, keys: &Keys) -> Change {
    let data = json!({
        "id": s.slug, "name": s.name, "name_zh": s.name_zh, "time_zone": s.time_zone, "reference_at": s.reference_at,
        "starts_on": s.starts_on, "ends_on": s.ends_on, "policy_version": s.policy_version, "policy": s.rules.policy,
        "self_response": s.rules.policy.self_response, "codes": crate::domain::code::tables(),
        "seal": {"key": keys.key_id(), "p256": keys.seal().public()},
        "limits": {"records": 5000, "bytes": 16 << 20, "record_bytes": 256 << 10},
    });
    Change::put("survey", data)
}

/// Colleagues and supervisors of the reader's area, by id.
pub(super) async fn people(tx: &Tx, key: SurveyKey, reader: &Reader) -> Result<Vec<(Uuid, Change)>, Error> {
    let staff = find_staff(tx, key, reader.range).await?;
    let mut all: Vec<(Uuid, Change)> = staff.iter().map(person).collect();
    all.sort_by_key(|p| p.0);
    Ok(all)
}

fn person(s: &StaffRow) -> (Uuid, Change) {
    let id = Uuid::from(StaffId::of(&s.user));
    (id, Change::put("person", json!({"id": id, "user": s.user, "name": s.name, "role": s.role})))
}

/// People who came, changed or left the area.
pub(super) async fn changed_people(
    tx: &Tx,
    key: SurveyKey,
    reader: &Reader,
    ids: &[Uuid],
) -> Result<Vec<Change>, Error> {
    let mut here: HashMap<Uuid, Change> = people(tx, key, reader).await?.into_iter().collect();
    Ok(ids.iter().map(|id| here.remove(id).unwrap_or_else(|| Change::drop("person", *id))).collect())
}

/// The doors of these cases, in their order.
pub(super) async fn dwellings(tx: &Tx, key: SurveyKey, rows: &[CaseRow]) -> Result<Vec<Change>, Error> {
    let doors: Vec<Uuid> = rows.iter().map(|r| r.dwelling_id).collect();
    let names = told::names(tx, key, &doors).await?;
    rows.iter()
        .map(|row| {
            let door = names.get(&row.dwelling_id).ok_or(Error::Corrupt("door"))?;
            Ok(dwelling(row, door))
        })
        .collect()
}

/// The door of a case.
fn dwelling(row: &CaseRow, named: &DoorNames) -> Change {
    let data = json!({
        "id": row.dwelling_id, "building_id": row.building_id, "area": row.area, "area_name": named.area_name,
        "area_name_zh": named.area_name_zh, "building": row.building, "building_name": named.building_name,
        "unit": row.unit, "floor": row.floor, "room": row.room, "kind": named.kind,
        "lon": row.position.map(|p| p.0), "lat": row.position.map(|p| p.1),
        "households_expected": named.households_expected, "external_id": row.external_id,
    });
    Change::put("dwelling", data)
}

/// Whether a device should hold the case: in its area or lent to its person, and neither merged nor cancelled.
fn is_held(row: &CaseRow, reader: &Reader) -> bool {
    reader.reach().sees(row) && row.state.is_active()
}

/// Cases of the own area after a place.
pub(super) async fn own_cases(
    tx: &Tx,
    key: SurveyKey,
    reader: &Reader,
    after: CasePlace,
    limit: i64,
) -> Result<Vec<CaseRow>, Error> {
    list_rows(tx, key, reader.range, &Some(held_states()), after, limit).await
}

/// Cases lent from outside the own area after an id.
pub(super) async fn lent_cases(
    tx: &Tx,
    key: SurveyKey,
    reader: &Reader,
    after: CaseId,
    limit: i64,
) -> Result<Vec<CaseRow>, Error> {
    list_lent_rows(tx, key, reader.range, &reader.user, &Some(held_states()), after, limit).await
}

fn held_states() -> Vec<State> {
    State::ALL.iter().filter(|s| s.is_active()).copied().collect()
}

/// What of a door fits the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Half {
    /// Door and case.
    Both,
    /// Only the door.
    Door,
    /// Only the case.
    Case,
}

/// An open assignment.
pub(super) fn assignment(a: &AssignmentRow) -> Change {
    let data = json!({"id": a.id, "case_id": a.case_id, "enumerator": a.enumerator, "until": a.until,
        "assigned_by": a.by, "assigned_at": a.at});
    Change::put("assignment", data)
}

/// Cases that changed, as they are now; `drop` when they left the device's reach.
pub(super) async fn changed_cases(
    tx: &Tx,
    survey: &Survey,
    reader: &Reader,
    ids: &[Uuid],
) -> Result<Vec<Change>, Error> {
    let ids: Vec<CaseId> = ids.iter().copied().map(CaseId).collect();
    let (held, gone): (Vec<CaseRow>, Vec<CaseRow>) =
        find_cases(tx, survey.key, &ids).await?.into_iter().partition(|row| is_held(row, reader));
    let away: Vec<CaseId> = gone.iter().filter(|row| row.state.is_active()).map(|row| row.id).collect();
    let lent = feed::once_lent(tx, survey.key, &away, &reader.user).await?;
    let mut all = case::cases(tx, survey, reader, &held).await?;
    let known: HashSet<CaseId> = held.iter().chain(&gone).map(|row| row.id).collect();
    all.extend(gone.iter().map(|row| forget(row.id, why_gone(row, lent.contains(&row.id)))));
    // The set-up took these doors off the list.
    all.extend(ids.iter().filter(|id| !known.contains(id)).map(|id| forget(*id, "cancelled")));
    Ok(all)
}

/// Why a case left the device's reach.
fn why_gone(row: &CaseRow, was_lent: bool) -> &'static str {
    match row.state {
        State::Merged => "merged",
        State::Cancelled => "cancelled",
        State::New
        | State::InProgress
        | State::Appointment
        | State::Proxy
        | State::Exhausted
        | State::Partial
        | State::Refused
        | State::Verify
        | State::NotEligible
        | State::Closed
        | State::Completed => {
            if was_lent {
                "reassigned"
            } else {
                "moved"
            }
        }
    }
}

fn forget(id: CaseId, why: &'static str) -> Change {
    let mut change = Change::drop("case", id.0);
    change.data["why"] = why.into();
    change
}

/// Doors that were found, changed, came or went; a door is held as long as one of its cases is.
pub(super) async fn changed_dwellings(
    tx: &Tx,
    key: SurveyKey,
    reader: &Reader,
    ids: &[Uuid],
) -> Result<Vec<Change>, Error> {
    let mut rows = find_by_dwelling(tx, key, ids).await?;
    rows.retain(|row| is_held(row, reader));
    let doors = dwellings(tx, key, &rows).await?;
    let mut held: HashMap<Uuid, Change> = rows.iter().map(|row| row.dwelling_id).zip(doors).collect();
    Ok(ids.iter().map(|id| held.remove(id).unwrap_or_else(|| Change::drop("dwelling", *id))).collect())
}

/// Assignments that changed; ended ones are dropped.
pub(super) async fn changed_assignments(
    tx: &Tx,
    key: SurveyKey,
    reader: &Reader,
    ids: &[Uuid],
) -> Result<Vec<Change>, Error> {
    let rows = assignments(tx, key, ids).await?;
    Ok(rows
        .iter()
        .filter(|a| a.enumerator == reader.user)
        .map(|a| if a.ended_at.is_some() { Change::drop("assignment", a.id) } else { assignment(a) })
        .collect())
}

/// A published sheet.
pub(super) fn sheet(s: &SheetRow) -> Change {
    let mut data = json!({"id": s.id, "plan_id": s.plan_id, "on": s.on, "made_at": s.made_at,
        "rule_version": s.rule_version, "model_version": s.model_version});
    if let (Some(all), Some(sheet)) = (data.as_object_mut(), s.document.as_object()) {
        all.extend(sheet.clone());
    }
    Change::put("sheet", data)
}

/// A message.
pub(super) fn message(m: &MessageRow) -> Change {
    let data = json!({"id": m.id, "from": m.by, "from_name": m.from_name, "text": m.text, "sent_at": m.sent_at,
        "until": m.until, "needs": null});
    Change::put("message", data)
}

/// Messages for the reader that came or ended; of others nothing is told.
pub(super) async fn changed_messages(
    tx: &Tx,
    key: SurveyKey,
    reader: &Reader,
    ids: &[Uuid],
) -> Result<Vec<Change>, Error> {
    let rows = message::for_reader(tx, key, reader, ids).await?;
    let change =
        |m: &MessageRow| if m.ended_at.is_some() { Change::drop("message", m.id) } else { message(m) };
    Ok(rows.iter().map(change).collect())
}

/// Sheets that changed; superseded ones are dropped.
pub(super) async fn changed_sheets(
    tx: &Tx,
    key: SurveyKey,
    reader: &Reader,
    ids: &[Uuid],
) -> Result<Vec<Change>, Error> {
    let rows = sheets_by_id(tx, key, ids).await?;
    let own = |id: &Uuid| rows.iter().find(|s| s.id == *id && s.user == reader.user);
    Ok(ids.iter().map(|id| own(id).map_or_else(|| Change::drop("sheet", *id), sheet)).collect())
}

/// Records that were held or came by hand, as they stand now.
pub(super) async fn changed_receipts(
    tx: &Tx,
    key: SurveyKey,
    reader: &Reader,
    ids: &[Uuid],
) -> Result<Vec<Change>, Error> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let sight = Sight { devices: reader.devices.clone(), user: reader.user.clone(), range: reader.range };
    let mut known = known_records(tx, key, ids, &sight).await?;
    known.retain(|k| k.whose != Whose::Foreign);
    let sent = sent_ids(tx, key, &known).await?;
    let by_hand: HashMap<Uuid, String> =
        feed::hand_receipts(tx, key, ids, &reader.devices).await?.into_iter().collect();
    let filled = filled_receipts(tx, key, reader, ids).await?;
    let mut all = Vec::with_capacity(known.len());
    for id in ids {
        if let Some(receipt) = filled.get(id) {
            all.push(Change::put("receipt", receipt.clone()));
            continue;
        }
        // Of several revisions the highest that was ever held speaks for the record, else the highest.
        let last = known.iter().filter(|k| k.id == *id).max_by_key(|k| (k.held_reason.is_some(), k.revision));
        let data = match (last, by_hand.get(id)) {
            (Some(known), _) => {
                let mut receipt = present(known);
                receipt.id = sent.get(id).cloned().or(receipt.id);
                serde_json::to_value(receipt).map_err(|_| Error::Corrupt("receipt"))?
            }
            (None, Some(text)) => serde_json::from_str(text).map_err(|_| Error::Corrupt("receipt"))?,
            (None, None) => continue,
        };
        all.push(Change::put("receipt", data));
    }
    Ok(all)
}

/// Receipts of the person's filled-in forms, as they stand now.
async fn filled_receipts(
    tx: &Tx,
    key: SurveyKey,
    reader: &Reader,
    ids: &[Uuid],
) -> Result<HashMap<Uuid, Value>, Error> {
    let mut own = submission::of_ids(tx, key, ids).await?;
    own.retain(|s| s.user == reader.user || reader.devices.contains(&s.device));
    if own.is_empty() {
        return Ok(HashMap::new());
    }
    let parts = filled::Parts::of(submission::parts_now(tx, key, &filled::part_ids(&own)).await?);
    own.iter().map(|s| Ok((s.id, filled_receipt(s, &parts)?))).collect()
}

/// The receipt of a filled-in form as it would be given now, without its case.
fn filled_receipt(s: &Stood, parts: &filled::Parts) -> Result<Value, Error> {
    let now = filled::now(s, parts);
    let mut receipt = Receipt::stored(s.id, RecordKind::Submission.slug(), now.status);
    receipt.reason = now.reason.map(Into::into);
    receipt.detail = now.detail.map(Into::into);
    receipt.parts = now.parts;
    serde_json::to_value(receipt).map_err(|_| Error::Corrupt("receipt"))
}

/// The ids with which records were sent whose own id may be one that stands for it: as their first receipts say.
async fn sent_ids(tx: &Tx, key: SurveyKey, known: &[Known]) -> Result<HashMap<Uuid, String>, Error> {
    let made: Vec<&Known> = known.iter().filter(|k| k.id.get_version_num() == 8).collect();
    if made.is_empty() {
        return Ok(HashMap::new());
    }
    let batches: Vec<Uuid> = made.iter().map(|k| k.batch_id).collect();
    let mut sent = HashMap::new();
    for (batch, text) in batch::receipts_of(tx, key, &batches).await? {
        let receipts: Vec<Receipt> = serde_json::from_str(&text).map_err(|_| Error::Corrupt("receipt"))?;
        for k in made.iter().filter(|k| k.batch_id == batch) {
            let first = usize::try_from(k.batch_index).ok().and_then(|index| receipts.get(index));
            sent.extend(first.and_then(|r| r.id.clone()).map(|id| (k.id, id)));
        }
    }
    Ok(sent)
}

/// The receipt of a record as it would be given now, without its case.
pub fn present(known: &Known) -> Receipt {
    let mut receipt = Receipt::stored(known.id, known.kind.slug(), known.status);
    receipt.revision = (known.kind == RecordKind::Interview).then_some(known.revision);
    receipt.reason = known.held_reason.clone().map(Into::into).filter(|_| known.status != Status::Accepted);
    receipt.detail = known.held_detail.clone().map(Into::into).filter(|_| known.status != Status::Accepted);
    receipt
}
