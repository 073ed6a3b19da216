//! What residents do under the code of a card. The code stands in the body, never in an address; nothing stored of a household is
//! shown.

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::slips::{noted, wishes};
use crate::app::App;
use crate::app::cards::door_of_card;
use crate::app::self_response::{self, OpenCard};
use crate::ingest::self_response::{Answer, TypedDoor};
use crate::net::answer::{self, Response};
use crate::net::body::FORM_LIMIT;
use crate::net::json::{self as body, Form, Json};
use crate::net::problem::Problem;
use crate::net::request::Request;

/// Most characters of a code, with the marks people put into it.
const LONGEST_CODE: usize = 64;
/// Most households behind one door that a resident can name.
const MOST_HOUSEHOLDS: i64 = 9;

/// `POST /v1/self/open` `{code, pin?}`: what the page of a card shows. Problems: `not-found`, `wrong-pin`, `too-many-tries`.
pub async fn open(app: App, mut request: Request) -> Result<Response, Problem> {
    let document = body::read(&mut request, FORM_LIMIT).await?;
    let (code, pin) = document.form(|f| {
        let (code, pin) = (f.text("code", LONGEST_CODE), pin(f));
        Some((code?, pin))
    })?;
    let opened = self_response::open(&app, &request, &code, pin.as_deref()).await?;
    let survey = app.surveys().reread(opened.card.key).await?;
    let policy = &survey.rules.policy.self_response;
    let OpenCard { card, door, draft } = opened;
    let door = door.map(|row| json!({"building": row.building, "unit": row.unit, "room": row.room}));
    Ok(answer::json(&json!({
        "door": door, "until": policy.until, "help": policy.help, "form": "short", "started": card.started_at.is_some(),
        "submitted": card.submitted_at.is_some(), "draft": draft,
    })))
}

/// `POST /v1/self/save` `{code, pin, draft}`: keeps answers begun; the first PIN given counts from then on.
/// Problems: `not-found`, `wrong-pin`, `too-many-tries`, `not-possible-now`.
pub async fn save(app: App, mut request: Request) -> Result<Response, Problem> {
    let document = body::read(&mut request, FORM_LIMIT).await?;
    let (code, pin, draft) = document.form(|f| {
        let code = f.text("code", LONGEST_CODE);
        let pin = f.required("pin", PIN_RULE, read_pin);
        let draft = f.required("draft", "must be a JSON object", object);
        Some((code?, pin?, draft?))
    })?;
    let at = self_response::save(&app, &request, &code, &pin, &draft).await?;
    Ok(answer::json(&json!({"saved_at": at})))
}

/// `POST /v1/self/submit` `{code, pin?, interview, household?, door?}`: 201 with what became of the answer.
/// Problems: `not-found`, `wrong-pin`, `too-many-tries`, `not-possible-now`, `body-not-valid`.
pub async fn submit(app: App, mut request: Request) -> Result<Response, Problem> {
    let document = body::read(&mut request, FORM_LIMIT).await?;
    let (code, pin, answer) = document.form(|f| {
        let (code, pin) = (f.text("code", LONGEST_CODE), pin(f));
        let interview = f.required("interview", "must be a JSON object", object);
        let household = f.optional_integer("household", 1, MOST_HOUSEHOLDS).unwrap_or(1);
        let door = if f.raw("door").is_some() { f.object("door", typed_door) } else { None };
        let household = u32::try_from(household).unwrap_or(1);
        Some((code?, pin, Answer { interview: interview?, household, door }))
    })?;
    let taken = self_response::submit(&app, &request, &code, pin.as_deref(), answer).await?;
    let mut said = json!({"reference": taken.reference, "status": "accepted"});
    if let Some(reason) = taken.held {
        said["status"] = "held".into();
        said["reason"] = reason.slug().into();
    }
    Ok(answer::json_with(StatusCode::CREATED, &said))
}

/// `POST /v1/self/when` `{code, when: [{from, to}], note?}`: when a visit would suit.
/// Problems: `not-found`, `body-not-valid`, `too-many-tries`.
pub async fn when(app: App, mut request: Request) -> Result<Response, Problem> {
    let document = body::read(&mut request, FORM_LIMIT).await?;
    let code = document.form(|f| f.text("code", LONGEST_CODE))?;
    let (key, case) = door_of_card(&app, &request, &code).await?;
    let survey = app.surveys().reread(key).await?;
    let now = app.now();
    let wishes = document.form(|f| wishes(f, &survey, case, now))?;
    noted(&app, key, wishes).await
}

const PIN_RULE: &str = "must be six digits";

fn pin(f: &mut Form<'_>) -> Option<String> {
    f.optional("pin", PIN_RULE, read_pin)
}

fn read_pin(value: &Json) -> Option<String> {
    let pin = value.as_text()?;
    (pin.len() == 6 && pin.bytes().all(|b| b.is_ascii_digit())).then(|| pin.to_owned())
}

fn typed_door(f: &mut Form<'_>) -> Option<TypedDoor> {
    let (building, room) = (f.text("building", 200), f.text("room", 200));
    let unit = f.optional_text("unit", 200).unwrap_or_default();
    Some(TypedDoor { building: building?, unit, room: room? })
}

fn object(value: &Json) -> Option<Value> {
    let value = value_of(value);
    value.is_object().then_some(value)
}

fn value_of(json: &Json) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(flag) => Value::Bool(*flag),
        Json::Number(number) => Value::Number(number.clone()),
        Json::Text(text) => Value::String(text.clone()),
        Json::List(items) => items.iter().map(value_of).collect(),
        Json::Object(members) => {
            members.iter().map(|(key, value)| (key.clone(), value_of(value))).collect::<Map<_, _>>().into()
        }
    }
}

/// What the `OpenAPI` document says of this file.
pub(super) mod described {
    use crate::api::openapi::prelude::*;

    fn code() -> Schema {
        text().filled(64).about("The code inside the card.")
    }

    fn pin() -> Schema {
        text().pattern("^[0-9]{6}$")
    }

    fn door() -> Schema {
        object([
            ("building", text().filled(200)),
            ("unit?", text().up_to(200).or_null()),
            ("room", text().filled(200)),
        ])
    }

    /// The calls of this file.
    pub fn calls() -> Vec<Call> {
        const ENDS: [u16; 4] = [400, 404, 429, 503];
        vec![
            post("/v1/self/open", "open_card", "What a resident may see under the code of a card")
                .about("Open, under the code of a card. The draft comes with the right PIN only.")
                .who(Who::Anybody)
                .takes(object([("code", code()), ("pin?", pin().or_null())]))
                .gives(
                    "The card.",
                    object([
                        (
                            "door",
                            object([("building", text()), ("unit", text()), ("room", text())])
                                .or_null()
                                .about("Null for a card that was not reported from a door yet."),
                        ),
                        ("until", date().or_null().about("The date before which nobody visits.")),
                        (
                            "help",
                            object([("phone", text()), ("hours", text())]).or_null().about("Whom residents may ask."),
                        ),
                        ("form", only("short").about("Which form is filled in.")),
                        ("started", flag()),
                        ("submitted", flag()),
                        ("draft", any_object().or_null()),
                    ]),
                )
                .fails(&[403])
                .fails(&ENDS),
            post("/v1/self/save", "save_card", "Keeps answers begun")
                .about(
                    "Open, under the code of a card. The first PIN given counts from then on. Kept for 14 days, sealed with a \
                key made from the code.",
                )
                .who(Who::Anybody)
                .takes(object([("code", code()), ("pin", pin()), ("draft", any_object())]))
                .gives("Kept.", object([("saved_at", time())]))
                .fails(&[403, 409])
                .fails(&ENDS),
            post("/v1/self/submit", "submit_card", "Sends an answer")
                .about(
                    "Open, under the code of a card. The same code again with its PIN is the next revision, without it the \
                answer waits for a supervisor.",
                )
                .who(Who::Anybody)
                .takes(object([
                    ("code", code()),
                    ("pin?", pin().or_null()),
                    ("interview", any_object().about("`household`, `persons` and `answers` as in an interview record.")),
                    ("household?", int().within(1, 9).or_null().about("2: a second household behind the door.")),
                    ("door?", door().or_null().about("As typed; needed while the card's `door` is null.")),
                ]))
                .also_gives(
                    201,
                    "Taken.",
                    object([
                        ("reference", text()),
                        ("status", words(["accepted", "held"])),
                        ("reason?", words(["self-second", "card-unbound"])),
                    ]),
                )
                .fails(&[403, 409])
                .fails(&ENDS),
            post("/v1/self/when", "when_card", "Says when a visit would suit")
                .about("Open, under the code of a card that was left at a door.")
                .who(Who::Anybody)
                .takes(object([
                    ("code", code()),
                    ("when", list(refer("Window")).some_of(8)),
                    ("note?", text().up_to(500).or_null()),
                ]))
                .gives("Noted.", object([("status", only("noted"))]))
                .fails(&ENDS),
        ]
    }
}
