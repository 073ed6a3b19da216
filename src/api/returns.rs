//! The doors that need another visit.

use crate::net::answer::Response;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde_json::json;

use crate::app::App;
use crate::app::{auth, reach};
use crate::domain::{CaseId, Viewed};
use crate::net::answer;
use crate::net::problem::Problem;
use crate::net::request::Request;
use crate::store::case::DuePlace;
use crate::visits::returns::items;

/// `GET /v1/return-visits?area=&at=&after=&limit=`: most urgent first, each with its window and its reason.
/// Problems: `bad-parameter`, `not-found`.
pub async fn list(app: App, request: Request) -> Result<Response, Problem> {
    let caller = auth::caller(&app, &request).await?;
    let query = request.query()?;
    let limit = i64::from(query.limit(100, 500)?);
    let now = app.now();
    let at = query.timestamp("at")?.unwrap_or(now);
    let mut after =
        query.parsed("after", "must be one that this service gave out", parse)?.unwrap_or(DuePlace::START);
    let area = reach::area(&app, &caller, &query).await?;
    let survey = app.survey(&caller).await?;
    let mut all = Vec::new();
    let mut next = None;
    // A page whose doors all turn out to need nobody at that instant is not an empty page: go on to the next.
    for _ in 0..20 {
        let rows = app.store().list_due(caller.key, area.range, after, limit).await?;
        let is_full = i64::try_from(rows.len()).is_ok_and(|n| n >= limit);
        next = rows.last().filter(|_| is_full).and_then(DuePlace::of);
        all.extend(items(app.store(), &survey, &rows, Viewed { at, now }).await?);
        match next {
            Some(place) if all.is_empty() => after = place,
            Some(_) | None => break,
        }
    }
    let moments: Vec<(CaseId, Timestamp)> =
        all.iter().map(|item| (item.door.id, item.due.map_or(at, |window| window.from))).collect();
    let chances = app.chances.of(app.store(), &survey, &area, at, &moments).await?;
    for (item, chance) in all.iter_mut().zip(chances) {
        item.probability = chance;
    }
    Ok(answer::json(&json!({"as_of": at, "items": all, "after": next.map(text)})))
}

fn text(place: DuePlace) -> String {
    let DuePlace { area_no, class, at, id } = place;
    URL_SAFE_NO_PAD.encode(format!("{area_no}.{class}.{}.{}", at.as_microsecond(), id.0.simple()))
}

fn parse(text: &str) -> Option<DuePlace> {
    let plain = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
    let mut parts = plain.split('.');
    let area_no = parts.next()?.parse().ok()?;
    let class = parts.next()?.parse().ok()?;
    let at = Timestamp::from_microsecond(parts.next()?.parse().ok()?).ok()?;
    let id = parts.next()?.parse().ok()?;
    parts.next().is_none().then_some(DuePlace { area_no, class, at, id })
}

/// What the `OpenAPI` document says of this file.
pub(super) mod described {
    use crate::api::openapi::prelude::*;
    use crate::domain::{EffortPart, Flag};

    /// The calls of this file.
    pub fn calls() -> Vec<Call> {
        vec![
            get("/v1/return-visits", "return_visits", "Doors to go back to, most urgent first")
                .about(
                    "For devices and supervisors. In an area of more than 10,000 doors, appointments, \
                broken-off interviews, proxies and claims to confirm come first; behind them the doors \
                already met, one small area after the other, then those never met.",
                )
                .who(Who::Reader)
                .shared(&["area", "at", "after", "limit"])
                .gives(
                    "Done.",
                    object([
                        ("as_of", time()),
                        ("items", list(refer("ReturnVisit"))),
                        ("after", text().or_null()),
                    ]),
                ),
        ]
    }

    /// The components that they speak of.
    pub fn schemas() -> Vec<Named> {
        vec![
            (
                "Due",
                object([("from", time().or_null()), ("to", time().or_null())])
                    .about("When the next visit should fall."),
            ),
            (
                "ReturnVisit",
                object([
                    ("case_id", uuid()),
                    ("id?", uuid()),
                    ("address", refer("Address")),
                    ("state", refer("State")),
                    ("visits", count()),
                    ("last", refer_or_null("Last")),
                    ("appointment", refer_or_null("Window")),
                    (
                        "untried",
                        list(text().with("examples", vec!["weekday-evening"]))
                            .about("Cells weekday|weekend - band without a counted attempt."),
                    ),
                    ("due", refer_or_null("Due")),
                    (
                        "probability",
                        number().within(0, 1).or_null().about("Chance that a knock is answered."),
                    ),
                    ("unmet", list(codes::<EffortPart>()).about("Parts of the effort rule still missing.")),
                    ("next", refer("Next")),
                    ("flags?", list(codes::<Flag>())),
                    ("reason", text().about("One line, in plain words.")),
                    ("reason_zh", text()),
                    ("area?", text()),
                    ("building?", text()),
                    ("unit?", text()),
                    ("floor?", int().or_null()),
                    ("room?", text()),
                    ("dwelling_id?", uuid()),
                    ("building_id?", uuid()),
                    ("household?", int().least(1).about("1 for the listed household.")),
                    ("position?", refer_or_null("Position")),
                    ("external_id?", text().or_null()),
                    ("holder?", text().or_null().about("Who holds it.")),
                    (
                        "merged_into?",
                        uuid().about("The case that goes on, where this door was listed twice."),
                    ),
                ]),
            ),
        ]
    }
}
