//! Messages to phones: sending them, who has read them, withdrawing one.

use jiff::{Timestamp, ToSpan};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::app::{App, auth, reach};
use crate::domain::AreaRange;
use crate::ingest::scrub::scrub_text;
use crate::net::answer::{self, Response};
use crate::net::body::FORM_LIMIT;
use crate::net::json as body;
use crate::net::problem::{FieldError, Problem};
use crate::net::request::Request;
use crate::store::access::Caller;
use crate::store::message::{MessageRow, NewMessage, Reading, To};
use http::StatusCode;

/// Characters of a message.
const LONGEST: usize = 1_000;
/// Days after which phones forget a message that says nothing else.
const USUAL_DAYS: i64 = 7;

struct Order {
    user: Option<String>,
    device: Option<Uuid>,
    area: Option<String>,
    text: String,
    until: Option<Timestamp>,
}

/// `POST /v1/messages` `{to: {user|device_id|area}, text, until?}`: 201 with the message's id and how many phones get it.
/// Problems: `body-not-valid`, `wrong-role`.
pub async fn send(app: App, mut request: Request) -> Result<Response, Problem> {
    let caller = auth::supervisor(&app, &request).await?;
    let document = body::read(&mut request, FORM_LIMIT).await?;
    let order = document.form(|f| {
        let to = f.object("to", |to| {
            let (user, device) = (to.optional_text("user", 200), to.optional_uuid("device_id"));
            let area = to.optional_text("area", 200);
            if [user.is_some(), device.is_some(), area.is_some()].iter().filter(|given| **given).count() != 1
            {
                to.fault("user", "must be given alone, or device_id or area in its place");
            }
            Some((user, device, area))
        });
        let (text, until) = (f.text("text", LONGEST), f.optional_instant("until"));
        let (user, device, area) = to?;
        Some(Order { user, device, area, text: text?, until })
    })?;
    let now = app.now();
    let until = order.until.unwrap_or_else(|| usual_end(now));
    if until <= now {
        return Err(fault("/until", "must lie in the future"));
    }
    let (to, area, range) = addressee(&app, &caller, &order).await?;
    let id = Uuid::now_v7();
    let text = scrub_text(&order.text).into_owned();
    let message = NewMessage { id, to, area, range, text, until };
    let phones = app.store().send_message(&caller, message, now).await?;
    Ok(answer::json_with(StatusCode::CREATED, &json!({"id": id, "phones": phones})))
}

fn usual_end(now: Timestamp) -> Timestamp {
    now.checked_add((24 * USUAL_DAYS).hours()).unwrap_or(Timestamp::MAX)
}

fn fault(pointer: &str, says: &str) -> Problem {
    Problem::not_valid(vec![FieldError::at(pointer, says)])
}

/// Whom an order names, and the area that is sent into; what lies outside the caller's area does not exist.
async fn addressee(app: &App, caller: &Caller, order: &Order) -> Result<(To, String, AreaRange), Problem> {
    if let Some(user) = &order.user {
        let found = reach::enumerator(app, caller, user).await?;
        let found = found.ok_or_else(|| fault("/to/user", "must be an enumerator of your area"))?;
        return Ok((To::User(found.user), found.area, AreaRange::NONE));
    }
    if let Some(device) = order.device {
        let found = app.store().devices(caller.key, caller.range, Some(device)).await?.into_iter().next();
        let found = found.filter(|d| d.revoked_at.is_none());
        let found = found.ok_or_else(|| fault("/to/device_id", "must be a device of your area"))?;
        return Ok((To::Device(device), found.area, AreaRange::NONE));
    }
    let code = order.area.clone().unwrap_or_default();
    let area = reach::area_by_code(app, caller, code).await;
    let area = area.map_err(|_| fault("/to/area", "must be your area or one below it"))?;
    Ok((To::Area(area.code.clone()), area.code, area.range))
}

/// `GET /v1/messages?area=&after=&limit=`: messages sent into the area, the latest first, with who has read them.
/// Problems: `bad-parameter`, `not-found`, `wrong-role`.
pub async fn list(app: App, request: Request) -> Result<Response, Problem> {
    let caller = auth::supervisor(&app, &request).await?;
    let query = request.query()?;
    let area = reach::area(&app, &caller, &query).await?;
    let limit = i64::from(query.limit(100, 500)?);
    let before = query.uuid("after")?.unwrap_or(Uuid::max());
    let rows = app.store().messages(caller.key, area.range, before, limit).await?;
    let is_full = i64::try_from(rows.len()).is_ok_and(|n| n == limit);
    let after = rows.last().map(|m| m.id).filter(|_| is_full);
    Ok(answer::json(&json!({"items": items(&app, &caller, &rows).await?, "after": after})))
}

async fn items(app: &App, caller: &Caller, rows: &[MessageRow]) -> Result<Vec<Value>, Problem> {
    let ids: Vec<Uuid> = rows.iter().map(|m| m.id).collect();
    let readings = app.store().readings(caller.key, &ids).await?;
    Ok(rows.iter().map(|m| item(m, readings.get(&m.id).map_or(&[], Vec::as_slice))).collect())
}

fn item(m: &MessageRow, readings: &[Reading]) -> Value {
    let to = match &m.to {
        To::User(user) => json!({"user": user}),
        To::Device(device) => json!({"device_id": device}),
        To::Area(area) => json!({"area": area}),
    };
    let read: Vec<Value> =
        readings.iter().map(|r| json!({"user": r.user, "device_id": r.device, "at": r.at})).collect();
    json!({
        "id": m.id, "to": to, "text": m.text, "from": m.by, "from_name": m.from_name, "sent_at": m.sent_at, "until": m.until,
        "ended_at": m.ended_at, "end_reason": m.end_reason, "read": read,
    })
}

/// `DELETE /v1/messages/{id}`: phones forget it. Problems: `not-found`, `wrong-role`.
pub async fn withdraw(app: App, request: Request) -> Result<Response, Problem> {
    let caller = auth::supervisor(&app, &request).await?;
    let id = request.param_uuid("id")?;
    let store = app.store();
    store.message(caller.key, caller.range, id).await?.ok_or_else(Problem::not_found)?;
    store.withdraw_message(&caller, id, app.now()).await?;
    let row = store.message(caller.key, caller.range, id).await?.ok_or_else(Problem::not_found)?;
    let shown = items(&app, &caller, &[row]).await?;
    Ok(answer::json(&shown.first()))
}

/// What the `OpenAPI` document says of this file.
pub(super) mod described {
    use crate::api::openapi::prelude::*;

    /// The calls of this file.
    pub fn calls() -> Vec<Call> {
        let to = object([
            ("user?", text().or_null()),
            ("device_id?", uuid().or_null()),
            ("area?", text().or_null()),
        ]);
        vec![
            post("/v1/messages", "send_message", "Sends a message to phones")
                .about(
                    "For supervisors. Phones get it with their next pull and forget it at `until`, a week later when left \
                out. Whoever works in an area below the one named gets it too.",
                )
                .who(Who::Reader)
                .takes(object([
                    ("to", to.about("One of the three.")),
                    ("text", text().filled(1_000)),
                    ("until?", time().or_null()),
                ]))
                .also_gives(201, "Sent.", object([("id", uuid()), ("phones", count().about("Phones it is for."))])),
            get("/v1/messages", "messages", "Messages and who has read them")
                .about("For supervisors. The latest first.")
                .who(Who::Reader)
                .shared(&["area", "after", "limit"])
                .gives("Done.", page(refer("Message"))),
            delete("/v1/messages/{id}", "withdraw_message", "Withdraws a message")
                .about("For supervisors. Phones forget it with their next pull.")
                .who(Who::Reader)
                .shared(&["id"])
                .gives("As it stands now.", refer("Message")),
        ]
    }

    /// The components that they speak of.
    pub fn schemas() -> Vec<Named> {
        vec![(
            "Message",
            object([
                ("id", uuid()),
                (
                    "to",
                    object([("user?", text()), ("device_id?", uuid()), ("area?", text())])
                        .about("One of the three."),
                ),
                ("text", text()),
                ("from", text().about("Who sent it.")),
                ("from_name", text()),
                ("sent_at", time()),
                ("until", time()),
                ("ended_at", time().or_null().about("When phones were told to forget it.")),
                ("end_reason", words(["expired", "withdrawn", "purged"]).or_null()),
                (
                    "read",
                    list(object([("user", text()), ("device_id", uuid()), ("at", time())]))
                        .about("Each device once, by its own clock."),
                ),
            ]),
        )]
    }
}
