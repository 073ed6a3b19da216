//! Batches: taking them, and showing their receipts again.

use crate::domain::CaseId;
use crate::net::answer::Response;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::app::App;
use crate::app::auth;
use crate::ingest::accept::batch_stand_in;
use crate::ingest::receipt::{Answer, CaseAfter, Counts};
use crate::net::answer::{self, to_the_end};
use crate::net::body::{BATCH_LIMIT, receive_json};
use crate::net::kind;
use crate::net::problem::Problem;
use crate::net::request::Request;
use crate::store::access::Caller;
use crate::store::batch::{Known, StoredBatch, known_records};
use crate::store::case::CaseRow;
use crate::store::{Sight, SurveyKey, Whose};
use crate::sync::present;
use crate::visits::filled;

/// Set by `doorknock upload --url`: the batch comes from a file, not from its device.
pub const CARRIED: http::HeaderName = http::HeaderName::from_static("doorknock-carried");

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
    // A batch that somebody else carries here was not sent at the time it names.
    let via = if request.headers.contains_key(CARRIED) { "file" } else { "http" };
    // A body that comes slowly is no reason to keep the device's other requests waiting.
    request.turn.take();
    let sent = receive_json(&mut request, BATCH_LIMIT, app.uploads.share(device)).await?;
    let slot = app.uploads.take(device).await?;
    let running = app.metrics.upload_begun();
    let body = sent.unpack().await?;
    let answer = to_the_end(async move {
        let accepted = app.ingest.accept(&caller, body, via, app.now()).await?;
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
/// records show their present standing, supervisors no doors beyond their reach. Problems: `not-found`.
pub async fn get(app: App, request: Request) -> Result<Response, Problem> {
    let caller = auth::caller(&app, &request).await?;
    let id = request.param_uuid("id")?;
    let stored = find(&app, &caller, id).await?;
    let mut receipts: Vec<Value> =
        serde_json::from_str(&stored.receipts).map_err(|_| Problem::plain(&kind::INTERNAL))?;
    bring_up_to_date(&app, &caller, &stored, &mut receipts).await?;
    if caller.device.is_none() {
        cut_doors_beyond(&app, &caller, &mut receipts).await?;
    }
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

/// The batch of that id which the caller may read; a device's own may lie under another id.
async fn find(app: &App, caller: &Caller, id: Uuid) -> Result<StoredBatch, Problem> {
    let own = caller.device.map(|device| batch_stand_in(&app.ingest.keys, id, device));
    for id in std::iter::once(id).chain(own) {
        if let Some(stored) = app.store().batch(caller.key, id).await?
            && may_read(app, caller, &stored).await?
        {
            return Ok(stored);
        }
    }
    Err(Problem::not_found())
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
async fn bring_up_to_date(
    app: &App,
    caller: &Caller,
    stored: &StoredBatch,
    receipts: &mut [Value],
) -> Result<(), Problem> {
    let stand_in = |id: Uuid| app.ingest.keys.stand_in(id, &stored.user);
    let held: Vec<Uuid> = receipts.iter().filter(|r| is_held(r)).filter_map(id_of).collect();
    if held.is_empty() {
        return Ok(());
    }
    let ids = held.iter().flat_map(|id| [*id, stand_in(*id)]).collect();
    let sender = Sight { devices: vec![stored.device], user: stored.user.clone(), range: caller.range };
    renew_forms(app, caller.key, &held, receipts).await?;
    let known = known(app, caller.key, ids, sender).await?;
    let cases: Vec<CaseId> = known.iter().filter_map(|k| k.case_id).collect();
    let rows = app.store().cases(caller.key, &cases).await?;
    for receipt in receipts.iter_mut().filter(|r| is_held(r)) {
        let revision = receipt.get("revision").and_then(Value::as_i64).unwrap_or_default();
        let Some(id) = id_of(receipt) else { continue };
        let is_meant = |k: &&Known| (k.id == id || k.id == stand_in(id)) && i64::from(k.revision) == revision;
        let now = known.iter().filter(is_meant).filter(|k| k.whose != Whose::Foreign);
        if let Some(now) = now.min_by_key(|k| k.whose == Whose::Near) {
            *receipt = renewed(receipt, now, &rows, caller);
        }
    }
    Ok(())
}

/// The same of filled-in forms, which stand in a table of their own.
async fn renew_forms(
    app: &App,
    key: SurveyKey,
    held: &[Uuid],
    receipts: &mut [Value],
) -> Result<(), Problem> {
    let is_form = |r: &Value| r.get("type").and_then(Value::as_str) == Some("submission");
    if !receipts.iter().any(|r| is_form(r) && is_held(r)) {
        return Ok(());
    }
    let forms = app.store().submissions(key, held).await?;
    let parts = filled::Parts::of(app.store().parts_now(key, &filled::part_ids(&forms)).await?);
    for receipt in receipts.iter_mut().filter(|r| is_form(r) && is_held(r)) {
        let Some(form) = forms.iter().find(|s| Some(s.id) == id_of(receipt)) else { continue };
        let now = filled::now(form, &parts);
        receipt["status"] = json!(now.status.slug());
        receipt["parts"] = json!(now.parts);
        for (key, value) in [("reason", now.reason), ("detail", now.detail)] {
            match value {
                Some(text) => receipt[key] = json!(text),
                None => drop(receipt.as_object_mut().map(|members| members.remove(key))),
            }
        }
    }
    Ok(())
}

async fn known(app: &App, key: SurveyKey, ids: Vec<Uuid>, sight: Sight) -> Result<Vec<Known>, Problem> {
    Ok(app
        .store()
        .reading("known_records", move |tx| {
            let (ids, sight) = (ids.clone(), sight.clone());
            Box::pin(async move { known_records(tx, key, &ids, &sight).await })
        })
        .await?)
}

/// Takes doors out of receipts that lie beyond a supervisor's reach: they were lent to the device's person from elsewhere.
async fn cut_doors_beyond(app: &App, caller: &Caller, receipts: &mut [Value]) -> Result<(), Problem> {
    let mut cases: Vec<CaseId> = receipts.iter().filter_map(door_of).collect();
    cases.sort_unstable();
    cases.dedup();
    let mut rows = app.store().cases(caller.key, &cases).await?;
    let reach = caller.reach();
    rows.retain(|r| reach.sees(r));
    for receipt in receipts.iter_mut() {
        let is_seen = |case: CaseId| rows.iter().any(|r| r.id == case);
        if let (Some(case), Some(object)) = (door_of(receipt), receipt.as_object_mut())
            && !is_seen(case)
        {
            object.remove("case");
        }
    }
    Ok(())
}

fn door_of(receipt: &Value) -> Option<CaseId> {
    receipt.get("case")?.get("id")?.as_str()?.parse().ok()
}

fn is_held(receipt: &Value) -> bool {
    receipt.get("status").and_then(Value::as_str) == Some("held")
}

fn id_of(receipt: &Value) -> Option<Uuid> {
    receipt.get("id")?.as_str()?.parse().ok()
}

fn renewed(first: &Value, now: &Known, rows: &[CaseRow], caller: &Caller) -> Value {
    let mut receipt = present(now);
    receipt.id = first.get("id").and_then(Value::as_str).map(str::to_owned);
    receipt.replayed = first.get("replayed").and_then(Value::as_bool).unwrap_or_default();
    receipt.warnings = first.get("warnings").and_then(Value::as_array).cloned().unwrap_or_default();
    receipt.case = rows
        .iter()
        .find(|r| Some(r.id) == now.case_id)
        .filter(|r| caller.reach().knows(*r))
        .map(|r| CaseAfter { id: r.id, state: r.state, visits: r.visits, unmet: r.unmet.parts() });
    serde_json::to_value(receipt).unwrap_or_else(|_| first.clone())
}

/// What the `OpenAPI` document says of this file.
pub(super) mod described {
    use crate::api::openapi::prelude::*;
    use crate::domain::EffortPart;

    /// The calls of this file.
    pub fn calls() -> Vec<Call> {
        vec![
            post("/v1/batches", "send_batch", "Sends a batch of records")
                .about(
                    "For devices. One transaction: every receipt is durable or the batch never happened. \
                Send the same batch again after any answer but 200, and after none: it is safe any \
                number of times. One bad record never harms its neighbours. The body may be packed \
                with gzip or zstd. Problems: `batch-id-reused` (the id was used with other records), \
                `foreign-device`, `unknown-survey`, `too-many-records`, `body-too-large`, \
                `database-away`, `too-many-uploads`, `no-room`.",
                )
                .who(Who::Reader)
                .header("Content-Encoding?", "How the body is packed.", words(["identity", "gzip", "zstd"]))
                .takes(refer("Batch"))
                .gives(
                    "Every receipt is durable. The same batch again gives the same receipts.",
                    refer("BatchAnswer"),
                )
                .fails(&[409]),
            get("/v1/batches/{id}", "batch", "The receipts of a batch again")
                .about("For the batch's device and supervisors over its area.")
                .who(Who::Reader)
                .shared(&["id"])
                .gives("Records that were held show what became of them.", refer("BatchAnswer")),
        ]
    }

    /// The components that they speak of.
    pub fn schemas() -> Vec<Named> {
        vec![
        ("Batch", object([
            ("batch_id", uuid().about("Made by the device; not nil.")),
            ("survey", text().filled(100).about("Slug of the survey the token acts in.")),
            ("device_id", uuid().about("The device the token belongs to.")),
            ("sent_at", time().about("The device's clock at this try; compared with the server's. Belongs to the try, not to \
                the batch.")),
            ("waiting?", int().within(0, 2_147_483_647).or_null().about("Records left on the device after this batch.")),
            ("seq?", int().or_null().about("Rises with each batch of the device. Left out with a warning where it is no whole number.")),
            ("app_version?", text().up_to(200).or_null().about("Version of the program on the device. Left out with a warning where it is no short text.")),
            ("drafts?", int().within(0, 2_147_483_647).or_null().about("Interviews begun and not finished on the device. Left out with a warning where it is no number.")),
            ("records", list(any_of([refer("VisitRecord"), refer("InterviewRecord"), refer("DwellingRecord"), refer("SubmissionRecord"), refer("MessageReadRecord"), refer("SealedRecord"), anything()]).about("Any JSON value is taken; what is no valid record gets a receipt that says so.")).at_most(5000).about("In any order.")),
        ]).about("What a device sends: at most 5,000 records and 16 MiB, packed and unpacked. Unknown fields \
            are kept.")),
        ("BatchAnswer", object([
            ("batch_id", uuid()),
            ("replayed", flag().about("Whether this batch was stored before; then the first receipts come again word for word.")),
            ("received_at", time().about("UTC.")),
            ("clock_offset_s", number().about("The device's clock minus ours, in seconds.")),
            ("counts", object([
                ("accepted", count()),
                ("held", count()),
                ("refused", count()),
            ])),
            ("receipts", list(refer("Receipt")).about("One per record, in the order sent.")),
            ("warnings?", list(refer("Warning")).about("What was left out of the batch's own fields; of this try.")),
        ])),
        ("Receipt", object([
            ("id", text().or_null().about("The record's id, a UUID in small letters; null where it has none that can be repeated.")),
            ("type", text().or_null().about("visit, interview, dwelling, submission or message_read; null where it has none that can be read.")),
            ("status", words(["accepted", "held", "refused"]).about("accepted: stored and counted. held: stored, counts later. refused: cannot be used as \
                it is. Only refused is for the enumerator to mend.")),
            ("replayed", flag().about("Whether the record was stored before.")),
            ("reason?", text().about("Slug, where held or refused; explained at /problems/{slug}.")),
            ("pointer?", text().about("The place at fault, a JSON pointer into the batch.")),
            ("detail?", text().about("One sentence, without the value.")),
            ("pointers?", list(text()).about("All places, where there are several.")),
            ("label?", text().about("Of a submission: what the question at fault asks.")),
            ("parts?", list(refer("SubmissionPart")).about("What came of a submission.")),
            ("case?", refer_or_null("ReceiptCase")),
            ("warnings?", list(refer("Warning"))),
            ("revision?", int().least(1).about("Of an interview.")),
        ]).about("What became of one record; durable before the answer leaves.")),
        ("ReceiptCase", object([
            ("id", uuid()),
            ("state", refer("State")),
            ("visits", count().about("Visits stored.")),
            ("unmet", list(codes::<EffortPart>()).about("Parts of the effort rule still missing.")),
        ]).about("The door after this record; only for doors the device may see.")),
        ("Warning", object([
            ("pointer", text().about("JSON pointer into the batch; of a submission the path of the question.")),
            ("label?", text().about("Of a submission: what that question asks.")),
            ("reason", text().about("A slug of docs/problems.md, explained at /problems/{slug}.")),
            ("detail?", text()),
        ])),
    ]
    }
}
