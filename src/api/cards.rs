//! Cards printed ahead: making them, and what became of each.

use serde_json::{Value, json};

use crate::app::cards::{MOST_CARDS, card_address, make_cards};
use crate::app::{App, auth, reach};
use crate::net::answer::{self, Response};
use crate::net::body::FORM_LIMIT;
use crate::net::json as body;
use crate::net::problem::{FieldError, Problem};
use crate::net::request::Request;
use crate::store::card::CardRow;
use http::StatusCode;

/// `GET /v1/cards?area=&after=&limit=`: numbered cards of the area's people, and what became of them.
/// Problems: `bad-parameter`, `not-found`, `wrong-role`.
pub async fn list(app: App, request: Request) -> Result<Response, Problem> {
    let caller = auth::supervisor(&app, &request).await?;
    let query = request.query()?;
    let area = reach::area(&app, &caller, &query).await?;
    let limit = i64::from(query.limit(500, 5_000)?);
    let after = query.given("after").unwrap_or_default();
    let rows = app.store().cards(caller.key, area.range, after, limit).await?;
    let is_full = i64::try_from(rows.len()).is_ok_and(|n| n == limit);
    let after = rows.last().and_then(|c| c.number.clone()).filter(|_| is_full);
    let items: Vec<Value> = rows.iter().map(item).collect();
    Ok(answer::json(&json!({"items": items, "after": after})))
}

fn item(c: &CardRow) -> Value {
    json!({
        "number": c.number, "for": c.for_user, "made_at": c.made_at, "made_by": c.made_by, "case_id": c.case_id,
        "left_at": c.left_at, "started_at": c.started_at, "submitted_at": c.submitted_at, "killed_at": c.killed_at,
    })
}

/// `POST /v1/cards` `{count, for}`: makes cards for an enumerator. A code is shown only in this answer.
/// Problems: `body-not-valid`, `wrong-role`.
pub async fn make(app: App, mut request: Request) -> Result<Response, Problem> {
    let caller = auth::supervisor(&app, &request).await?;
    let document = body::read(&mut request, FORM_LIMIT).await?;
    let (count, user) = document.form(|f| {
        let count = f.integer("count", 1, i64::try_from(MOST_CARDS).unwrap_or(i64::MAX));
        let user = f.text("for", 200);
        Some((usize::try_from(count?).unwrap_or_default(), user?))
    })?;
    let person = reach::enumerator(&app, &caller, &user).await?.ok_or_else(|| {
        Problem::not_valid(vec![FieldError::at("/for", "must be an enumerator of your area")])
    })?;
    let cards = make_cards(app.store(), (caller.key, &caller.user), &person.user, count, app.now()).await?;
    let site = request.origin();
    let items: Vec<Value> = cards
        .iter()
        .map(|(number, code)| json!({"number": number, "code": code, "url": card_address(&site, code)}))
        .collect();
    Ok(answer::json_with(StatusCode::CREATED, &json!({"items": items, "after": null})))
}

/// What the `OpenAPI` document says of this file.
pub(super) mod described {
    use crate::api::openapi::prelude::*;

    /// The calls of this file.
    pub fn calls() -> Vec<Call> {
        vec![
            get("/v1/cards", "cards", "Cards printed ahead and what became of them")
                .about("For supervisors.")
                .who(Who::Reader)
                .shared(&["area", "after", "limit"])
                .gives(
                    "Done.",
                    page(object([
                        ("number", text()),
                        ("for", text().or_null()),
                        ("made_at", time()),
                        ("made_by", text()),
                        ("case_id", uuid().or_null().about("Where it was left.")),
                        ("left_at", time().or_null()),
                        ("started_at", time().or_null().about("When somebody began to answer.")),
                        ("submitted_at", time().or_null()),
                        ("killed_at", time().or_null().about("When its code was ended.")),
                    ])),
                ),
            post("/v1/cards", "make_cards", "Makes cards ahead")
                .about("For supervisors. A code is shown only in this answer.")
                .who(Who::Reader)
                .takes(object([
                    ("count", int().within(1, 2_000)),
                    ("for", text().filled(200).about("An enumerator.")),
                ]))
                .also_gives(
                    201,
                    "Made.",
                    page(object([
                        (
                            "number",
                            text().about(
                                "Printed outside; seven digits, the last a check digit (ISO 7064 MOD 11,10).",
                            ),
                        ),
                        ("code", text().about("Printed inside.")),
                        ("url", text().about("The page of the card, the code behind the #.")),
                    ])),
                ),
        ]
    }
}
