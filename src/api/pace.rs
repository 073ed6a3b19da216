//! Pace: how the field time goes on from here, and what the visits have taught the planner.

use std::collections::HashMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::app::planner::{compute, ready};
use crate::app::{App, auth, reach};
use crate::domain::Language;
use crate::net::answer::{self, Response};
use crate::net::problem::Problem;
use crate::net::request::Request;
use crate::plan::{Pace, heat_svg, view};
use crate::planning::Question;
use crate::store::survey::AreaRow;

/// `GET /v1/pace?area=`: expected completions by day, doors at risk, effort gaps by building, staffing.
/// Problems: `not-found`, `wrong-role`.
pub async fn pace(app: App, request: Request) -> Result<Response, Problem> {
    let caller = auth::supervisor(&app, &request).await?;
    let query = request.query()?;
    let survey = app.survey(&caller).await?;
    let area = reach::area(&app, &caller, &query).await?;
    let now = app.now();
    // After the last field day nothing is expected any more.
    let today = survey.rules.calendar.local_date(now).max(survey.starts_on);
    let question = Question { area: area.clone(), on: today, now, hours: HashMap::new() };
    let ready = ready(&app, survey, question).await?;
    let (pace, addresses) = compute(ready, |ready| {
        let pace = ready.pace();
        let addresses: Vec<String> = pace
            .warnings
            .iter()
            .map(|w| ready.door(w.case_id).map(|d| d.address.clone()).unwrap_or_default())
            .collect();
        (pace, addresses)
    })
    .await?;
    Ok(answer::json(&pace_view(&area, now, &pace, &addresses)))
}

fn pace_view(area: &AreaRow, now: Timestamp, pace: &Pace, addresses: &[String]) -> Value {
    let mut at_risk: Vec<Value> = pace.warnings.iter().map(|w| json!(w)).collect();
    for (item, address) in at_risk.iter_mut().zip(addresses) {
        if let Some(object) = item.as_object_mut() {
            object.insert("address".to_owned(), json!(address));
        }
    }
    json!({
        "as_of": now, "area": {"code": area.code, "name": area.name, "name_zh": area.name_zh, "level": area.level},
        "doors": pace.doors, "expected": pace.days, "at_risk": at_risk, "buildings": pace.buildings, "staffing": pace.staffing,
    })
}

/// `GET /v1/model?area=&format=json|svg&lang=en|zh`: what the visits so far have taught, as data or as a heat map.
/// Problems: `bad-parameter`, `not-found`, `wrong-role`.
pub async fn model(app: App, request: Request) -> Result<Response, Problem> {
    let caller = auth::supervisor(&app, &request).await?;
    let query = request.query()?;
    let is_svg = query.one_of("format", &["json", "svg"], |w| Some(w == "svg"))?.unwrap_or(false);
    let language = query
        .one_of("lang", &["en", "zh"], |w| Some(if w == "zh" { Language::Zh } else { Language::En }))?
        .unwrap_or(Language::En);
    let survey = app.survey(&caller).await?;
    let area = reach::area(&app, &caller, &query).await?;
    let now = app.now();
    let on = survey.rules.calendar.local_date(now);
    let question = Question { area, on, now, hours: HashMap::new() };
    let seen = compute(ready(&app, survey, question).await?, |ready| view(&ready.insight())).await?;
    if is_svg {
        return Ok(answer::text("image/svg+xml", heat_svg(&seen, language)));
    }
    let mut shown = json!(seen);
    if let Some(object) = shown.as_object_mut() {
        object.insert("made_at".to_owned(), json!(now));
    }
    Ok(answer::json(&shown))
}

/// What the `OpenAPI` document says of this file.
pub(super) mod described {
    use crate::api::openapi::prelude::*;
    use crate::domain::Language;

    /// The calls of this file.
    pub fn calls() -> Vec<Call> {
        vec![
            get("/v1/pace", "pace", "Expected completions and doors at risk")
                .about("For supervisors.")
                .who(Who::Reader)
                .shared(&["area"])
                .gives("Done.", refer("Pace")),
            get("/v1/model", "model", "When somebody is in, as learnt so far")
                .about("For supervisors.")
                .who(Who::Reader)
                .shared(&["area"])
                .query("format?", "", words(["json", "svg"]))
                .query("lang?", "", codes::<Language>())
                .gives_as("Done.", [("application/json", refer("Model")), ("image/svg+xml", text())]),
        ]
    }

    /// The components that they speak of.
    pub fn schemas() -> Vec<Named> {
        vec![
            (
                "Model",
                object([
                    ("version", text()),
                    ("made_at?", time()),
                    ("knocks?", count().about("Knocks it rests on.")),
                    ("success?", number()),
                    ("conversion?", number()),
                    ("proxy?", list(number())),
                    ("knock_minutes?", number()),
                    ("interview_minutes?", number()),
                    (
                        "slots",
                        list(object([
                            ("kind", words(["weekday", "weekend"])),
                            ("from", text()),
                            ("to", text()),
                        ])),
                    ),
                    (
                        "rows",
                        list(object([
                            ("area", text()),
                            ("building?", text().or_null()),
                            ("chance", list(number())),
                            ("knocks?", list(count())),
                            ("answered?", list(count())),
                        ])),
                    ),
                ])
                .about("When somebody is in, as learnt from the visits so far."),
            ),
            (
                "Pace",
                object([
                    ("as_of", time()),
                    ("area", refer("AreaName")),
                    ("doors?", count().about("Active doors, of which `expected` counts those done.")),
                    (
                        "expected",
                        list(object([
                            ("on", date()),
                            ("mean", number()),
                            ("low", number()),
                            ("high", number()),
                        ]))
                        .about("Cases done by the end of each day, with an 80 % interval; empty after the last field day."),
                    ),
                    (
                        "at_risk",
                        list(object([
                            ("case_id", uuid()),
                            ("address?", refer("Address")),
                            ("level", words(["red", "amber"])),
                            ("missing?", list(text())),
                            ("visits?", count()),
                            ("days_left?", count()),
                            ("reason", text()),
                            ("reason_zh", text()),
                        ]))
                        .about("Doors that will miss the deadline, or may."),
                    ),
                    (
                        "buildings",
                        list(object([
                            ("area", text()),
                            ("building", text()),
                            ("open", count()),
                            ("untried", count()),
                            ("appointments_today?", count()),
                            ("appointments_missed?", count()),
                            ("rule_met?", count().about("Doors at which the effort rule is met.")),
                            ("gaps?", list(object([("part", text()), ("cases", count())]))),
                            (
                                "answered?",
                                list(object([
                                    ("kind", words(["weekday", "weekend"])),
                                    ("from", count().about("Minutes since local midnight.")),
                                    ("to", count()),
                                    ("knocks", count()),
                                    ("answered", count()),
                                ])),
                            ),
                        ])),
                    ),
                    (
                        "staffing",
                        object([
                            ("staffed_minutes", number()),
                            ("needed_minutes", number()),
                            ("extra_shifts", count()),
                            ("done_at_end", number()),
                            ("unstaffed_appointments?", list(uuid())),
                        ]),
                    ),
                ]),
            ),
        ]
    }
}
