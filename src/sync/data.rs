//! The things of the feed as a device gets them.

use std::collections::{HashMap, HashSet};

use serde_json::{Value, json};
use uuid::Uuid;

use super::{Change, Op};
use crate::domain::{CaseId, State};
use crate::ingest::receipt::Receipt;
use crate::store::batch::{self, Known, RecordKind, Status, known_records};
use crate::store::case::{CasePlace, CaseRow, find_cases, list_lent_rows, list_rows};
use crate::store::feed::{self, AssignmentRow, Reader, assignments};
use crate::store::plan::{SheetRow, sheets_by_id};
use crate::store::submission::{self, Stood};
use crate::store::{Error, Sight, SurveyKey, Tx, Whose};
use crate::surveys::Survey;
use crate::visits::door::{Door, place};
use crate::visits::filled;

/// Policy and codes of a survey.
pub(super) fn survey(s: &Survey) -> Value {
    json!({
        "id": s.slug, "name": s.name, "name_zh": s.name_zh, "time_zone": s.time_zone, "reference_at": s.reference_at,
        "starts_on": s.starts_on, "ends_on": s.ends_on, "policy_version": s.policy_version, "policy": s.rules.policy,
        "codes": crate::domain::code::tables(),
        "limits": {"records": 5000, "bytes": 16 << 20, "record_bytes": 256 << 10},
    })
}

/// The door of a case.
fn dwelling(row: &CaseRow) -> Change {
    let data = json!({
        "id": row.dwelling_id, "building_id": row.building_id, "area": row.area, "building": row.building, "unit": row.unit,
        "floor": row.floor, "room": row.room, "lon": row.position.map(|p| p.0), "lat": row.position.map(|p| p.1),
        "external_id": row.external_id,
    });
    Change { kind: "dwelling", op: Op::Put, data }
}

/// A case as a device holds it: nothing that depends on the reading time.
fn case(row: &CaseRow) -> Change {
    let door = Door::of(row, None);
    let data = json!({
        "id": row.id, "case_id": row.id, "dwelling_id": row.dwelling_id, "area": row.area, "address": place(row),
        "household": row.household, "state": door.state, "visits": door.visits, "unmet": door.unmet, "last": door.last,
        "appointment": door.appointment, "holder": row.holder, "created_at": row.created_at,
    });
    Change { kind: "case", op: Op::Put, data }
}

fn dropped(kind: &'static str, id: Uuid) -> Change {
    Change { kind, op: Op::Drop, data: json!({"id": id}) }
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

/// Doors and cases; with room for one thing the door alone or, the second time, the case alone.
pub(super) fn doors(rows: &[CaseRow], half: Half) -> Vec<Change> {
    let mut all = Vec::with_capacity(rows.len() * 2);
    for row in rows {
        if half != Half::Case {
            all.push(dwelling(row));
        }
        if half != Half::Door {
            all.push(case(row));
        }
    }
    all
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
    Change { kind: "assignment", op: Op::Put, data }
}

/// Cases that changed, as they are now; `drop` when they left the device's reach.
pub(super) async fn changed_cases(
    tx: &Tx,
    key: SurveyKey,
    reader: &Reader,
    ids: &[Uuid],
) -> Result<Vec<Change>, Error> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let cases: Vec<CaseId> = ids.iter().copied().map(CaseId).collect();
    let rows = find_cases(tx, key, &cases).await?;
    let found: HashSet<CaseId> = rows.iter().map(|r| r.id).collect();
    let mut all: Vec<Change> =
        cases.iter().filter(|id| !found.contains(id)).map(|id| dropped("case", id.0)).collect();
    for row in &rows {
        all.push(if is_held(row, reader) { case(row) } else { dropped("case", row.id.0) });
    }
    Ok(all)
}

/// Doors that were found, changed, came or went; a door is held as long as one of its cases is.
pub(super) async fn changed_dwellings(
    tx: &Tx,
    key: SurveyKey,
    reader: &Reader,
    ids: &[Uuid],
) -> Result<Vec<Change>, Error> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows = crate::store::case::find_by_dwelling(tx, key, ids).await?;
    let held: HashMap<Uuid, &CaseRow> =
        rows.iter().filter(|r| is_held(r, reader)).map(|r| (r.dwelling_id, r)).collect();
    Ok(ids
        .iter()
        .map(|id| held.get(id).map_or_else(|| dropped("dwelling", *id), |row| dwelling(row)))
        .collect())
}

/// Assignments that changed; ended ones are dropped.
pub(super) async fn changed_assignments(
    tx: &Tx,
    key: SurveyKey,
    reader: &Reader,
    ids: &[Uuid],
) -> Result<Vec<Change>, Error> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows = assignments(tx, key, ids).await?;
    Ok(rows
        .iter()
        .filter(|a| a.enumerator == reader.user)
        .map(|a| if a.ended_at.is_some() { dropped("assignment", a.id) } else { assignment(a) })
        .collect())
}

/// A published sheet.
pub(super) fn sheet(s: &SheetRow) -> Change {
    let data = json!({"id": s.id, "plan_id": s.plan_id, "on": s.on, "made_at": s.made_at, "rule_version": s.rule_version,
        "model_version": s.model_version, "sheet": s.document});
    Change { kind: "sheet", op: Op::Put, data }
}

/// Sheets that changed; superseded ones are dropped.
pub(super) async fn changed_sheets(
    tx: &Tx,
    key: SurveyKey,
    reader: &Reader,
    ids: &[Uuid],
) -> Result<Vec<Change>, Error> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows = sheets_by_id(tx, key, ids).await?;
    let own = |id: &Uuid| rows.iter().find(|s| s.id == *id && s.user == reader.user);
    Ok(ids.iter().map(|id| own(id).map_or_else(|| dropped("sheet", *id), sheet)).collect())
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
            all.push(Change { kind: "receipt", op: Op::Put, data: receipt.clone() });
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
        all.push(Change { kind: "receipt", op: Op::Put, data });
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
