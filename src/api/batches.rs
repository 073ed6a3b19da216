//! Batches: taking them, and showing their receipts again.

use crate::net::answer::Response;
use serde_json::Value;
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::app::App;
use crate::app::auth;
use crate::ingest::receipt::{Answer, CaseAfter, Counts};
use crate::ingest::refold::unmet_parts;
use crate::net::answer::{self, to_the_end};
use crate::net::body::{BATCH_LIMIT, receive_json};
use crate::net::kind;
use crate::net::problem::Problem;
use crate::net::request::Request;
use crate::store::SurveyKey;
use crate::store::access::Caller;
use crate::store::batch::{Known, StoredBatch, known_records};
use crate::store::case::CaseRow;
use crate::sync::present;

/// `POST /v1/batches`: stores one batch; 200 with one receipt per record, in the order sent.
/// Problems: `body-too-large`, `not-json`, `body-not-valid`, `foreign-device`, `unknown-survey`, `batch-id-reused`,
/// `too-many-uploads`, `no-room`, `database-away`.
pub async fn post(app: App, mut request: Request) -> Result<Response, Problem> {
    let app = app.for_batches();
    let caller = auth::device(&app, &request).await?;
    let device = caller.device.ok_or_else(Problem::not_found)?;
    if app.room.as_ref().is_some_and(|room| !room.is_left()) {
        return Err(Problem::plain(&kind::NO_ROOM));
    }
    // A body that comes slowly is no reason to keep the device's other requests waiting.
    request.turn.take();
    let sent = receive_json(&mut request, BATCH_LIMIT, app.uploads.share(device)).await?;
    let slot = app.uploads.take(device).await?;
    let running = app.metrics.upload_begun();
    let body = sent.unpack().await?;
    let answer = to_the_end(async move {
        let accepted = app.ingest.accept(&caller, body, "http", app.now()).await?;
        note(&app, &accepted);
        drop((slot, running));
        Ok::<Answer, Problem>(accepted.answer)
    })
    .await?;
    Ok(answer::json(&answer))
}

fn note(app: &App, accepted: &crate::ingest::accept::Accepted) {
    app.metrics.observe_step("read", accepted.read.as_secs_f64());
    app.metrics.observe_step("store", accepted.store.as_secs_f64());
    if !accepted.answer.replayed {
        let counts = accepted.answer.counts;
        app.metrics.observe_batch(accepted.answer.receipts.len());
        app.metrics.count_receipts("accepted", counts.accepted);
        app.metrics.count_receipts("held", counts.held);
        app.metrics.count_receipts("refused", counts.refused);
    }
}

/// `GET /v1/batches/{id}`: the receipts again, for the batch's device and for supervisors of its enumerator; held
/// records show their present standing. Problems: `not-found`.
pub async fn get(app: App, request: Request) -> Result<Response, Problem> {
    let caller = auth::caller(&app, &request).await?;
    let id = request.param_uuid("id")?;
    let stored = app.store().batch(caller.key, id).await?.ok_or_else(Problem::not_found)?;
    if !may_read(&app, &caller, &stored).await? {
        return Err(Problem::not_found());
    }
    let mut receipts: Vec<Value> =
        serde_json::from_str(&stored.receipts).map_err(|_| Problem::plain(&kind::INTERNAL))?;
    bring_up_to_date(&app, &caller, &mut receipts).await?;
    let receipts: Vec<Box<RawValue>> = receipts
        .iter()
        .map(serde_json::value::to_raw_value)
        .collect::<Result<_, _>>()
        .map_err(|_| Problem::plain(&kind::INTERNAL))?;
    Ok(answer::json(&Answer {
        batch_id: id,
        replayed: true,
        received_at: stored.received_at,
        clock_offset_s: stored.clock_offset_s,
        counts: Counts::of(&receipts),
        warnings: Vec::new(),
        receipts,
    }))
}

async fn may_read(app: &App, caller: &Caller, stored: &StoredBatch) -> Result<bool, Problem> {
    if caller.device.is_some() {
        return Ok(caller.device == Some(stored.device));
    }
    if !auth::is_supervisor(caller) {
        return Ok(false);
    }
    let devices = app.store().devices(caller.key, caller.range, Some(stored.device)).await?;
    Ok(!devices.is_empty())
}

/// Replaces the receipts of held records by what became of them.
async fn bring_up_to_date(app: &App, caller: &Caller, receipts: &mut [Value]) -> Result<(), Problem> {
    let held: Vec<Uuid> = receipts.iter().filter(|r| is_held(r)).filter_map(id_of).collect();
    if held.is_empty() {
        return Ok(());
    }
    let known = known(app, caller.key, held).await?;
    let cases: Vec<Uuid> = known.iter().filter_map(|k| k.case_id).collect();
    let rows = app.store().cases(caller.key, &cases).await?;
    for receipt in receipts.iter_mut().filter(|r| is_held(r)) {
        let revision = receipt.get("revision").and_then(Value::as_i64).unwrap_or_default();
        let now = known.iter().find(|k| Some(k.id) == id_of(receipt) && i64::from(k.revision) == revision);
        if let Some(now) = now {
            *receipt = renewed(receipt, now, &rows, caller);
        }
    }
    Ok(())
}

async fn known(app: &App, key: SurveyKey, ids: Vec<Uuid>) -> Result<Vec<Known>, Problem> {
    Ok(app
        .store()
        .reading("known_records", move |tx| {
            let ids = ids.clone();
            Box::pin(async move { known_records(tx, key, &ids).await })
        })
        .await?)
}

fn is_held(receipt: &Value) -> bool {
    receipt.get("status").and_then(Value::as_str) == Some("held")
}

fn id_of(receipt: &Value) -> Option<Uuid> {
    receipt.get("id")?.as_str()?.parse().ok()
}

fn renewed(first: &Value, now: &Known, rows: &[CaseRow], caller: &Caller) -> Value {
    let mut receipt = present(now);
    receipt.replayed = first.get("replayed").and_then(Value::as_bool).unwrap_or_default();
    receipt.warnings = first.get("warnings").and_then(Value::as_array).cloned().unwrap_or_default();
    receipt.case = rows
        .iter()
        .find(|r| Some(r.id) == now.case_id)
        .filter(|r| {
            (caller.range.0..=caller.range.1).contains(&r.area_no)
                || r.holder.as_deref() == Some(caller.user.as_str())
        })
        .and_then(|r| {
            let state = crate::domain::State::from_number(r.state)?;
            Some(CaseAfter { id: r.id, state, visits: r.visits, unmet: unmet_parts(r.unmet) })
        });
    serde_json::to_value(receipt).unwrap_or_else(|_| first.clone())
}
