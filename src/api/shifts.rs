//! Hours on duty that differ from the staff file.

use jiff::civil::Date;
use serde_json::{Value, json};

use crate::app::{App, auth, reach};
use crate::domain::rules::Span;
use crate::domain::{Role, UserName};
use crate::net::answer::{self, Response};
use crate::net::body::FORM_LIMIT;
use crate::net::json::{self as body, Form, Json};
use crate::net::problem::{FieldError, Problem};
use crate::net::request::Request;
use crate::store::access::Caller;
use crate::store::plan::Override;
use crate::store::survey::AreaRow;
use crate::surveys::Survey;

/// `GET /v1/shifts?area=&on=`: hours that differ from the staff file, from `on` (today) for two weeks.
/// Problems: `bad-parameter`, `not-found`, `wrong-role`.
pub async fn list(app: App, request: Request) -> Result<Response, Problem> {
    let caller = auth::supervisor(&app, &request).await?;
    let query = request.query()?;
    let survey = app.survey(&caller).await?;
    let area = reach::area(&app, &caller, &query).await?;
    let on = query.date("on")?.unwrap_or_else(|| survey.rules.calendar.local_date(app.now()));
    Ok(answer::json(&shift_list(&app, &caller, &survey, &area, on).await?))
}

async fn shift_list(
    app: &App,
    caller: &Caller,
    survey: &Survey,
    area: &AreaRow,
    on: Date,
) -> Result<Value, Problem> {
    let to = on.saturating_add(jiff::ToSpan::days(14));
    let staff = app.store().staff(caller.key, area.range).await?;
    let all = app.store().overrides(caller.key, on, to).await?;
    let items: Vec<Value> = all
        .iter()
        .filter(|o| staff.iter().any(|s| s.user == o.user))
        .flat_map(|o| {
            let spans: Vec<Span> = serde_json::from_value(o.spans.clone()).unwrap_or_default();
            if spans.is_empty() {
                return vec![json!({"user": o.user, "on": o.on, "from": null, "to": null, "absent": true})];
            }
            let moment = |m: u16| survey.rules.calendar.moment(o.on, m);
            spans
                .iter()
                .map(|s| json!({"user": o.user, "on": o.on, "from": moment(s.from), "to": moment(s.to), "absent": false}))
                .collect()
        })
        .collect();
    Ok(json!({"items": items, "after": null}))
}

/// `POST /v1/shifts` `{shifts: [{user, on, spans: [{from, to}]}]}`: replaces these people's hours on these days; no spans is an
/// absence. Problems: `body-not-valid`, `wrong-role`.
pub async fn set(app: App, mut request: Request) -> Result<Response, Problem> {
    let caller = auth::supervisor(&app, &request).await?;
    let survey = app.survey(&caller).await?;
    let area = reach::area_by_code(&app, &caller, caller.area.clone()).await?;
    let document = body::read(&mut request, FORM_LIMIT).await?;
    let orders = document.form(|f| f.objects("shifts", 2_000, shift_order))?;
    let staff = app.store().staff(caller.key, area.range).await?;
    let named = |user: &str| staff.iter().find(|s| UserName::of(&s.user) == UserName::of(user));
    let is_enumerator = |user: &str| named(user).is_some_and(|s| s.role == Role::Enumerator);
    let unknown: Vec<FieldError> = orders
        .iter()
        .enumerate()
        .filter(|(_, o)| !is_enumerator(&o.user))
        .map(|(i, _)| FieldError::at(format!("/shifts/{i}/user"), "must be an enumerator of your area"))
        .collect();
    if !unknown.is_empty() {
        return Err(Problem::not_valid(unknown));
    }
    let first = orders.iter().map(|o| o.on).min().unwrap_or(survey.starts_on);
    let stored = |user: String| named(&user).map_or(user.clone(), |s| s.user.clone());
    let orders: Vec<Override> = orders.into_iter().map(|o| Override { user: stored(o.user), ..o }).collect();
    app.store().set_overrides(caller.key, &orders, &caller.user, app.now()).await?;
    Ok(answer::json(&shift_list(&app, &caller, &survey, &area, first).await?))
}

fn shift_order(f: &mut Form<'_>) -> Option<Override> {
    let user = f.text("user", 200);
    let on = f.required("on", "must be a date", |json| json.as_text()?.parse::<Date>().ok());
    let is_absence = matches!(f.raw("spans"), Some(Json::List(all)) if all.is_empty());
    let spans = if is_absence { Some(Vec::new()) } else { f.objects("spans", 8, span) };
    Some(Override { user: user?, on: on?, spans: json!(spans?) })
}

fn span(s: &mut Form<'_>) -> Option<Span> {
    let (from, to) = (s.text("from", 5), s.text("to", 5));
    let text = format!("{}-{}", from?, to?);
    let read = crate::setup::parse_hours(&text).ok();
    if read.is_none() {
        s.fault("to", "must be a time of day HH:MM after from");
    }
    read?.into_iter().next()
}

/// What the `OpenAPI` document says of this file.
pub(super) mod described {
    use crate::api::openapi::prelude::*;

    /// The calls of this file.
    pub fn calls() -> Vec<Call> {
        vec![
            get("/v1/shifts", "shifts", "Hours on duty")
                .about("For supervisors.")
                .who(Who::Reader)
                .shared(&["area", "on"])
                .gives("Done.", page(refer("Shift"))),
            post("/v1/shifts", "set_shifts", "Sets hours on duty")
                .about("For supervisors.")
                .who(Who::Reader)
                .takes(refer("ShiftOrder"))
                .gives("As they stand now.", page(refer("Shift"))),
        ]
    }

    /// The components that they speak of.
    pub fn schemas() -> Vec<Named> {
        vec![
            (
                "Shift",
                object([
                    ("user", text().filled(200)),
                    ("on", date()),
                    ("from", time().or_null()),
                    ("to", time().or_null()),
                    ("absent", flag().about("Not on duty at all that day.")),
                ]),
            ),
            (
                "ShiftOrder",
                object([(
                    "shifts",
                    list(object([
                        ("user", text().filled(200)),
                        ("on", date()),
                        (
                            "spans",
                            list(object([
                                (
                                    "from",
                                    text().pattern(r"^[0-2][0-9]:[0-5][0-9]$").about("Local time HH:MM."),
                                ),
                                ("to", text().pattern(r"^[0-2][0-9]:[0-5][0-9]$")),
                            ]))
                            .at_most(8)
                            .about("Empty: off duty that day."),
                        ),
                    ]))
                    .some_of(2000),
                )])
                .about("Replaces the hours of these users on these days."),
            ),
        ]
    }
}
