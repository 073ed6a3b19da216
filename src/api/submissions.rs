//! Filled-in forms: one with its chain of corrections, what came of it, its answers and files.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::app::App;
use crate::app::auth;
use crate::net::answer::{self, Response};
use crate::net::problem::Problem;
use crate::net::request::Request;
use crate::store::Disclosure;
use crate::store::access::Caller;
use crate::store::submission::SubmissionRow;
use crate::visits::filled;

/// `GET /v1/submissions/{id}`, `/{id}.xml`: a filled-in form as it stands now; its text without citizen ids, for supervisors.
/// Problems: `not-found`, `wrong-role`.
pub async fn get(app: App, request: Request) -> Result<Response, Problem> {
    let caller = auth::caller(&app, &request).await?;
    let name = request.param("id");
    let (id, is_text) = name.strip_suffix(".xml").map_or((name, false), |id| (id, true));
    let id = Uuid::try_parse(id).map_err(|_| Problem::not_found())?;
    let row = find(&app, &caller, id).await?;
    if is_text {
        if !auth::is_supervisor(&caller) {
            return Err(Problem::not_found());
        }
        return Ok(answer::text("text/xml; charset=utf-8", row.text));
    }
    Ok(answer::json(&shown(&app, &caller, &row).await?))
}

/// The submission of that id which the caller may read: a supervisor by its door, or by the area of whoever sent it where no door
/// is known; an enumerator the own ones.
async fn find(app: &App, caller: &Caller, id: Uuid) -> Result<SubmissionRow, Problem> {
    let own = app.ingest.keys.stand_in(id, &caller.user);
    for id in [id, own] {
        let Some(row) = app.store().submission(caller.key, id).await? else { continue };
        if auth::is_supervisor(caller) {
            let place = row.area_no.or(row.home);
            if !place.is_some_and(|no| caller.range.contains(no)) {
                continue;
            }
            let read = Disclosure::Submission { id: row.id, area: Some(caller.area.clone()) };
            auth::witness(app, caller, read).await?;
            return Ok(row);
        }
        if caller.device == Some(row.device) || (caller.device.is_some() && row.user == caller.user) {
            auth::witness(
                app,
                caller,
                Disclosure::Submission { id: row.id, area: Some(caller.area.clone()) },
            )
            .await?;
            return Ok(row);
        }
    }
    Err(Problem::not_found())
}

async fn shown(app: &App, caller: &Caller, row: &SubmissionRow) -> Result<Value, Problem> {
    let store = app.store();
    let mut chain = store.chain(caller.key, row.root).await?;
    if row.is_whole {
        chain = store.submissions(caller.key, &[row.id]).await?;
    }
    let parts = filled::Parts::of(store.parts_now(caller.key, &filled::part_ids(&chain)).await?);
    let links: Vec<(Uuid, i32, filled::Now)> =
        chain.iter().map(|s| (s.id, s.revision, filled::now(s, &parts))).collect();
    let now = links.iter().find(|l| l.0 == row.id).map(|l| l.2.clone()).ok_or_else(Problem::not_found)?;
    let files = store.submission_files(caller.key, row.root).await?;
    let answers: Option<Value> = row.answers.as_deref().and_then(|text| serde_json::from_str(text).ok());
    Ok(json!({
        "id": row.id, "root": row.root, "revision": row.revision, "status": now.status.slug(), "reason": now.reason,
        "detail": now.detail, "form": {"id": row.form, "version": row.version}, "case_id": row.case_id,
        "visit_id": row.visit_id, "enumerator": row.user, "device_id": row.device, "batch_id": row.batch_id,
        "client": row.client, "started": row.at, "ended": row.ended_at, "received_at": row.received_at,
        "complete": row.is_complete, "deprecated": row.deprecated,
        "chain": links.iter().map(|(id, revision, now)| json!({"id": id, "revision": revision, "status": now.status.slug()}))
            .collect::<Vec<_>>(),
        "parts": now.parts, "answers": answers,
        "files": files.iter().map(|f| json!({"name": f.name, "id": f.id, "here": f.here, "length": f.length}))
            .collect::<Vec<_>>(),
    }))
}

/// What the `OpenAPI` document says of this file.
pub(super) mod described {
    use crate::api::openapi::prelude::*;

    /// The calls of this file.
    pub fn calls() -> Vec<Call> {
        vec![
            get("/v1/submissions/{id}", "submission", "One filled-in form with all that came of it")
                .about(
                    "For its own device and for supervisors. With `.xml` behind the id a supervisor gets the copy \
                that is kept, without citizen ids.",
                )
                .who(Who::Reader)
                .shared(&["id"])
                .gives("Done.", refer("Submission")),
        ]
    }

    /// The components that they speak of.
    pub fn schemas() -> Vec<Named> {
        vec![
            (
                "Submission",
                object([
                    ("id", uuid().about("The instance.")),
                    ("root", uuid().about("The first of its chain of corrections.")),
                    ("revision", count().about("Its number in the chain; 0 while it waits as a whole.")),
                    ("status", words(["accepted", "held", "refused"]).about("The worst of its parts.")),
                    ("reason", text().or_null()),
                    ("detail", text().or_null()),
                    ("form", object([("id", text()), ("version", text())])),
                    ("case_id", uuid().or_null()),
                    ("visit_id", uuid().or_null()),
                    ("enumerator", text()),
                    ("device_id", uuid()),
                    ("batch_id", uuid()),
                    ("client", text().or_null().about("collect where it came by OpenRosa.")),
                    ("started", time()),
                    ("ended", time().or_null()),
                    ("received_at", time()),
                    ("complete", flag()),
                    ("deprecated", uuid().or_null().about("The instance it corrects.")),
                    (
                        "chain",
                        list(object([
                            ("id", uuid()),
                            ("revision", count()),
                            ("status", words(["accepted", "held", "refused"])),
                        ])),
                    ),
                    ("parts", list(refer("SubmissionPart"))),
                    (
                        "answers",
                        anything()
                            .about("Unbound answers in the shape of the form; null while the whole waits."),
                    ),
                    (
                        "files",
                        list(object([
                            ("name", text()),
                            ("id", uuid()),
                            ("here", flag()),
                            ("length", count().or_null()),
                        ])),
                    ),
                ]),
            ),
            (
                "SubmissionPart",
                object([
                    ("type", words(["dwelling", "visit", "interview", "answers"])),
                    ("id", uuid()),
                    ("revision?", count()),
                    ("status", words(["accepted", "held", "refused"])),
                    ("reason?", text()),
                    ("detail?", text()),
                    ("pointer?", text().about("The question: a path in the form.")),
                    ("label?", text().about("What the question asks.")),
                ]),
            ),
        ]
    }
}
