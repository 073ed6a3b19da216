//! Devices as supervisors see them, and cutting one off.

use crate::net::answer::Response;
use http::header::CONTENT_TYPE;
use serde_json::{Value, json};

use crate::app::App;
use crate::app::{auth, reach};
use crate::domain::{AreaRange, Quota};
use crate::ingest::scrub::scrub_text;
use crate::net::answer;
use crate::net::body::FORM_LIMIT;
use crate::net::json as body;
use crate::net::problem::Problem;
use crate::net::request::Request;
use crate::store::access::Caller;
use crate::store::device::DeviceRow;
use crate::store::quota::DeviceDay;
use crate::surveys::Survey;
use crate::sync::silent_before;
use std::collections::HashMap;
use uuid::Uuid;

/// `GET /v1/devices?area=`: devices of the area's enumerators, those never or longest not heard first.
/// Problems: `not-found`, `wrong-role`.
pub async fn list(app: App, request: Request) -> Result<Response, Problem> {
    let caller = auth::supervisor(&app, &request).await?;
    let query = request.query()?;
    let area = reach::area(&app, &caller, &query).await?;
    let survey = app.survey(&caller).await?;
    let since = silent_before(&survey, app.now());
    let rows = app.store().devices(caller.key, area.range, None).await?;
    let today = Today::read(&app, &caller, &survey, area.range).await?;
    let items: Vec<Value> = rows.iter().map(|d| item(d, since, &today)).collect();
    Ok(answer::json(&json!({"items": items, "after": null})))
}

/// What devices used today of what one device may send.
struct Today {
    on: jiff::civil::Date,
    used: HashMap<Uuid, DeviceDay>,
}

impl Today {
    async fn read(app: &App, caller: &Caller, survey: &Survey, range: AreaRange) -> Result<Self, Problem> {
        let on = survey.rules.calendar.local_date(app.now());
        let used = app.store().device_days(caller.key, range, on).await?;
        Ok(Self { on, used: used.into_iter().map(|used| (used.device, used)).collect() })
    }

    fn of(&self, device: Uuid) -> Value {
        let used = self.used.get(&device).copied().unwrap_or_default();
        let limits = [
            (Quota::Pictures, used.pictures_over_at),
            (Quota::Unnamed, used.unnamed_over_at),
            (Quota::Refused, used.refused_over_at),
        ];
        let reached: Vec<Value> = limits
            .into_iter()
            .filter_map(|(quota, at)| Some(json!({"quota": quota.slug(), "at": at?})))
            .collect();
        json!({
            "on": self.on, "record_bytes": used.records, "picture_bytes": used.pictures, "unnamed_bytes": used.unnamed,
            "refused": used.refused, "refused_left_out": used.left_out, "reached": reached,
        })
    }
}

fn item(d: &DeviceRow, silent_before: jiff::Timestamp, today: &Today) -> Value {
    json!({
        "id": d.id, "device_id": d.id, "enumerator": d.user, "name": d.name, "area": d.area, "model": d.model,
        "enrolled_at": d.enrolled_at, "last_heard": d.last_at, "last_sync": d.last_batch_at, "waiting": d.waiting,
        "drafts": d.drafts,
        "clock_offset_s": d.clock_offset_s, "app_version": d.app_version, "client": d.client, "doors_held": d.doors_held,
        "silent": d.is_silent(silent_before),
        "lease_ends": d.lease_ends, "batches_missing": d.batches_missing, "replaced_by": d.replaced_by,
        "revoked_at": d.revoked_at, "revoked_by": d.revoked_by, "revoke_note": d.revoke_note,
        "today": today.of(d.id),
    })
}

/// `POST /v1/devices/{id}/revoke` `{note?}`: cuts a device off at once. Problems: `not-found`, `wrong-role`.
pub async fn revoke(app: App, mut request: Request) -> Result<Response, Problem> {
    let caller = auth::supervisor(&app, &request).await?;
    let id = request.param_uuid("id")?;
    let known = app.store().devices(caller.key, caller.range, Some(id)).await?;
    if known.is_empty() {
        return Err(Problem::not_found());
    }
    let note = if request.headers.contains_key(CONTENT_TYPE) {
        let document = body::read(&mut request, FORM_LIMIT).await?;
        document.form(|f| Some(f.optional_text("note", 2000)))?
    } else {
        None
    };
    let note = note.map(|text| scrub_text(&text).into_owned());
    let now = app.now();
    app.store().revoke_device(&caller, id, note, now).await?;
    let row = app.store().devices(caller.key, caller.range, Some(id)).await?.into_iter().next();
    let survey = app.survey(&caller).await?;
    let today = Today::read(&app, &caller, &survey, caller.range).await?;
    Ok(answer::json(&row.map(|d| item(&d, silent_before(&survey, now), &today))))
}

/// What the `OpenAPI` document says of this file.
pub(super) mod described {
    use crate::api::openapi::prelude::*;

    /// The calls of this file.
    pub fn calls() -> Vec<Call> {
        vec![
            get("/v1/devices", "devices", "Devices and when they were last heard of")
                .about("For supervisors.")
                .who(Who::Reader)
                .shared(&["area", "after", "limit"])
                .gives("Done.", page(refer("Device"))),
            post("/v1/devices/{id}/revoke", "revoke", "Cuts a device off, at once")
                .about(
                    "For supervisors. What it sent before stays; what it still holds may come as a file and \
                is held for review.",
                )
                .who(Who::Reader)
                .shared(&["id"])
                .takes(object([("note?", text().up_to(2000).or_null())]))
                .gives("As it stands now.", refer("Device")),
        ]
    }

    /// The components that they speak of.
    pub fn schemas() -> Vec<Named> {
        vec![(
            "Device",
            object([
                ("id", uuid()),
                ("device_id", uuid().about("The same as id.")),
                ("enumerator", text()),
                ("name?", text()),
                ("area?", text()),
                ("model?", text().or_null()),
                ("app_version?", text().or_null()),
                (
                    "client?",
                    text()
                        .or_null()
                        .about("What it runs: collect; null for the phone page and other programs."),
                ),
                ("enrolled_at?", time()),
                ("last_sync", time().or_null()),
                ("clock_offset_s", number().or_null()),
                ("waiting", count().or_null().about("As it last said.")),
                ("drafts", count().or_null().about("Interviews begun on it, as it last said.")),
                ("doors_held?", count()),
                ("silent?", flag()),
                ("revoked_at?", time().or_null()),
                ("last_heard?", time().or_null()),
                ("batches_missing?", count().or_null().about("Numbers of batches never received.")),
                ("lease_ends?", time().or_null()),
                ("replaced_by?", uuid().or_null()),
                ("revoked_by?", text().or_null()),
                ("revoke_note?", text().or_null()),
                (
                    "today?",
                    object([
                        ("on", date()),
                        ("record_bytes", count().about("Of batches, each with 512 for its rows.")),
                        ("picture_bytes", count().about("A piece counts as 4 KiB at least.")),
                        ("unnamed_bytes", count().about("Of pictures that no visit names yet, of any day.")),
                        ("refused", count().about("Refused records.")),
                        ("refused_left_out", count().about("Those of them of which no copy is kept.")),
                        (
                            "reached",
                            list(object([
                                ("quota", words(["picture_mib", "unnamed_mib", "refused"])),
                                ("at", time()),
                            ]))
                            .about("The limits that were reached, and when first."),
                        ),
                    ])
                    .about(
                        "What the device used today, in the survey's time zone, of what one device may send \
                (`[limits]`). Records are counted and never stopped.",
                    ),
                ),
            ]),
        )]
    }
}
