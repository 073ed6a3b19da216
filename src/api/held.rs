//! Held records: what waits, why, and supervisors' decisions about it.

use crate::domain::CaseId;
use crate::net::answer::Response;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::HashMap;
use uuid::Uuid;

use crate::app::App;
use crate::app::{auth, reach};
use crate::ingest::held::{Corrected, Ruling, Verdict};
use crate::ingest::reason::Reason;
use crate::net::answer::{self, to_the_end};
use crate::net::body::FORM_LIMIT;
use crate::net::json as body;
use crate::net::problem::Problem;
use crate::net::request::Request;
use crate::store::case::CaseRow;
use crate::store::held::HeldRow;
use crate::visits::door::place;

/// `GET /v1/held?area=&after=&limit=`: held records of the area's enumerators, oldest first.
/// Problems: `bad-parameter`, `not-found`, `wrong-role`.
pub async fn list(app: App, request: Request) -> Result<Response, Problem> {
    let caller = auth::supervisor(&app, &request).await?;
    let query = request.query()?;
    let limit = i64::from(query.limit(100, 500)?);
    let after = query.parsed("after", "must be one that this service gave out", parse)?;
    let area = reach::area(&app, &caller, &query).await?;
    let from = after.unwrap_or((Timestamp::UNIX_EPOCH, Uuid::nil()));
    let rows = app.store().list_held(caller.key, area.range, from, limit).await?;
    let is_full = i64::try_from(rows.len()).is_ok_and(|n| n >= limit);
    let next = rows.last().filter(|_| is_full).map(|r| text((r.received_at, r.id)));
    let alike = reach::resembled(&app, &caller, &rows).await?;
    let items: Vec<Value> = rows.iter().map(|row| item(row, &alike)).collect();
    Ok(answer::json(&json!({"items": items, "after": next})))
}

/// A held record in words: what waits, why, for whom, since when, what would free it, and the door it looks like.
fn item(row: &HeldRow, alike: &HashMap<Uuid, CaseRow>) -> Value {
    let like = row.looks_like.and_then(|id| alike.get(&id));
    let reason = Reason::from_slug(&row.reason);
    let (frees, frees_zh) = Reason::freed_by(reason);
    json!({
        "id": row.id, "type": row.kind.slug(), "revision": row.revision, "status": row.status.slug(),
        "reason": row.reason, "detail": row.detail,
        "sentence": reason.map(Reason::sentence), "sentence_zh": reason.map(Reason::sentence_zh),
        "case_id": row.case_id, "enumerator": row.enumerator, "device_id": row.device_id, "batch_id": row.batch_id,
        "at": row.at, "at_offset_min": row.at_offset_min, "clock_offset_s": row.clock_offset_s, "version": row.version,
        "since": row.received_at, "freed_by": frees, "freed_by_zh": frees_zh,
        "looks_like": like.map(|c| json!({
            "case_id": c.id, "dwelling_id": c.dwelling_id, "area": c.area, "address": place(c), "external_id": c.external_id,
        })),
    })
}

fn text((at, id): (Timestamp, Uuid)) -> String {
    URL_SAFE_NO_PAD.encode(format!("{}.{}", at.as_microsecond(), id.simple()))
}

fn parse(text: &str) -> Option<(Timestamp, Uuid)> {
    let plain = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
    let (at, id) = plain.split_once('.')?;
    Some((Timestamp::from_microsecond(at.parse().ok()?).ok()?, Uuid::try_parse(id).ok()?))
}

/// `POST /v1/held/{id}/decision` `{decision: accept|refuse|undo, note, revision?, case_id?, at?, version?}`. Accepting a record with `case_id`
/// attaches it to that case; a reported door then is another writing of that case's door. Problems: `body-not-valid`, `not-found`, `not-possible-now`, `wrong-role`.
pub async fn decide(app: App, mut request: Request) -> Result<Response, Problem> {
    let caller = auth::supervisor(&app, &request).await?;
    let id = request.param_uuid("id")?;
    let document = body::read(&mut request, FORM_LIMIT).await?;
    let ruling = document.form(|f| {
        let words = ["accept", "refuse", "undo"];
        let word = f.one_of("decision", &words, |w| words.iter().find(|x| **x == w).copied());
        let note = f.optional_text("note", 2000).unwrap_or_default();
        let revision =
            f.optional_integer("revision", 1, i64::from(i32::MAX)).and_then(|n| i32::try_from(n).ok());
        let case = f.optional_uuid("case_id").map(CaseId);
        let time = f.optional_instant("at").map(Corrected::At);
        let version = f.optional_integer("version", 0, i64::MAX);
        let verdict = match word? {
            "accept" => Verdict::Accept { case },
            "refuse" => Verdict::Refuse,
            _ => Verdict::Undo,
        };
        Some(Ruling { revision, time, version, ..Ruling::new(id, verdict, note) })
    })?;
    let (service, by) = (app.clone(), caller.clone());
    let row =
        to_the_end(
            async move { Ok::<_, Problem>(service.ingest.decide_held(&by, ruling, service.now()).await?) },
        )
        .await?;
    let alike = reach::resembled(&app, &caller, std::slice::from_ref(&row)).await?;
    Ok(answer::json(&item(&row, &alike)))
}

/// What the `OpenAPI` document says of this file.
pub(super) mod described {
    use crate::api::openapi::prelude::*;

    /// The calls of this file.
    pub fn calls() -> Vec<Call> {
        vec![
            get("/v1/held", "held", "Records that wait")
                .about("For supervisors.")
                .who(Who::Reader)
                .shared(&["area", "after", "limit"])
                .gives("Done.", page(refer("Held"))),
            post("/v1/held/{id}/decision", "decide_held", "Accepts or refuses a record that waits")
                .about("For supervisors.")
                .who(Who::Reader)
                .shared(&["id"])
                .takes(refer("HeldVerdict"))
                .gives("The record as it stands now.", refer("Held"))
                .fails(&[409]),
        ]
    }

    /// The components that they speak of.
    pub fn schemas() -> Vec<Named> {
        vec![
        ("Held", object([
            ("id", uuid().about("Of the record.")),
            ("type", words(["visit", "interview", "dwelling", "submission", "answers"])),
            ("revision", count().about("Of an interview, else 0.")),
            ("status", words(["accepted", "held", "refused"])),
            ("reason", text().about("Slug, explained at /problems/{slug}.")),
            ("detail?", text().or_null()),
            ("sentence?", text().or_null()),
            ("sentence_zh?", text().or_null()),
            ("case_id", uuid().or_null().about("The case, or what the record names.")),
            ("enumerator", text()),
            ("device_id", uuid()),
            ("batch_id", uuid()),
            ("at", time().or_null()),
            ("at_offset_min?", int().or_null().about("UTC offset that the device wrote in `at`, minutes.")),
            ("clock_offset_s?", number().or_null().about("The device's clock less ours when it sent the record; null where it came by hand.")),
            ("version?", count().about("Rises with every decision about the record.")),
            ("since", time()),
            ("freed_by", text().about("What would free it, in words.")),
            ("freed_by_zh", text()),
            ("looks_like", one_of([object([
                ("case_id", uuid()),
                ("dwelling_id", uuid()),
                ("area", text()),
                ("address", text()),
                ("external_id", text().or_null()),
            ]), of("null")]).about("The listed door that a reported one looks like under another writing, or whose number \
                it has; null where there is none in reach.")),
        ])),
        ("HeldVerdict", object([
            ("decision", words(["accept", "refuse", "undo"]).about("undo: the last decision about it is taken back and it waits again.")),
            ("note?", text().up_to(2000).or_null()),
            ("revision?", int().least(1).or_null().about("Of an interview; the highest held one when left out.")),
            ("case_id?", uuid().or_null().about("To accept it at another case than it names.")),
            ("at?", time().or_null().about("The corrected time of a visit or interview that is accepted; the one sent is kept.")),
            ("version?", count().about("As read; an old one is a 409 stale-version.")),
        ])),
    ]
    }
}
