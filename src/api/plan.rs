//! Plans: the sheets of a day, and what they would be with other people or hours.

use std::collections::HashMap;
use std::sync::Arc;

use crate::domain::CaseId;
use crate::net::answer::Response;
use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::app::App;
use crate::app::planner::{compute, ready};
use crate::app::{auth, reach};
use crate::domain::rules::Span;
use crate::net::answer::{self, to_the_end};
use crate::net::body::FORM_LIMIT;
use crate::net::json::{self as body, Form, Json};
use crate::net::problem::Problem;
use crate::net::request::Request;
use crate::planning::{DayPlan, Question, Ready, publish};
use crate::store::access::Caller;
use crate::store::plan::SheetRow;
use crate::store::survey::AreaRow;
use crate::surveys::Survey;
use crate::visits::door::{Door, doors};

/// `GET /v1/plan?area=&on=&enumerator=`: the sheets of a day. A device gets its own enumerator's sheet; where a plan was
/// published for the day, that one. Judged as of the day's start in the survey's zone, for today as of now.
/// Problems: `bad-parameter`, `not-found`.
pub async fn get(app: App, request: Request) -> Result<Response, Problem> {
    let caller = auth::caller(&app, &request).await?;
    let query = request.query()?;
    let survey = app.survey(&caller).await?;
    let now = app.now();
    let on = query.date("on")?.unwrap_or_else(|| survey.rules.calendar.local_date(now));
    let area = reach::area(&app, &caller, &query).await?;
    let only = if caller.device.is_some() {
        Some(caller.user.clone())
    } else if let Some(user) = query.given("enumerator") {
        Some(app.store().spelled(user).await?)
    } else {
        None
    };
    let published = app.store().sheets(caller.key, only.as_ref().map(std::slice::from_ref), on).await?;
    let own: Vec<SheetRow> =
        published.into_iter().filter(|s| caller.device.is_some() || s.area == area.code).collect();
    if !own.is_empty() {
        let left =
            if caller.device.is_some() { Vec::new() } else { unmanned(&app, &caller, &own, on).await? };
        return Ok(answer::json(&shown_published(&own, on, &left)));
    }
    let question = Question { area, on, now, hours: HashMap::new() };
    let mut plan = compute(ready(&app, survey, question).await?, Ready::plan).await?;
    if let Some(user) = only {
        plan.enumerators.retain(|sheet| sheet.user == user);
    }
    Ok(answer::json(&plan))
}

/// A published plan as the planner would show it.
fn shown_published(sheets: &[SheetRow], on: Date, unmanned: &[Door]) -> Value {
    let first = sheets.first();
    let documents: Vec<&Value> = sheets.iter().map(|s| &s.document).collect();
    json!({
        "on": on, "plan_id": first.map(|s| s.plan_id), "made_at": first.map(|s| s.made_at),
        "rule_version": first.map(|s| s.rule_version), "model_version": first.map(|s| &s.model_version),
        "enumerators": documents, "unmanned": unmanned,
    })
}

/// Doors of a published plan that nobody has any more, because their person left.
async fn unmanned(app: &App, caller: &Caller, sheets: &[SheetRow], on: Date) -> Result<Vec<Door>, Problem> {
    let mut plans: Vec<Uuid> = sheets.iter().map(|s| s.plan_id).collect();
    plans.sort_unstable();
    plans.dedup();
    let gone = app.store().withdrawn_sheets(caller.key, &plans, on).await?;
    let stops = gone.iter().filter_map(|sheet| sheet.get("stops")?.as_array()).flatten();
    let cases: Vec<CaseId> = stops.filter_map(|stop| stop.get("case_id")?.as_str()?.parse().ok()).collect();
    if cases.is_empty() {
        return Ok(Vec::new());
    }
    let survey = app.survey(caller).await?;
    let mut rows = app.store().cases(caller.key, &cases).await?;
    rows.retain(|r| r.holder.is_none() && r.due.is_some());
    Ok(doors(app.store(), &survey, &rows).await?)
}

struct WhatIf {
    area: Option<String>,
    on: Date,
    hours: HashMap<String, Vec<Span>>,
    publish: bool,
}

/// `POST /v1/plan` `{area?, on, shifts?: [{user, from, to}], exclude?: [user], publish?}`: the sheets with other people or
/// hours. Nothing is stored unless `publish` is true: then the sheets go to the devices.
/// Problems: `body-not-valid`, `not-found`, `wrong-role`.
pub async fn what_if(app: App, mut request: Request) -> Result<Response, Problem> {
    let caller = auth::supervisor(&app, &request).await?;
    let survey = app.survey(&caller).await?;
    let document = body::read(&mut request, FORM_LIMIT).await?;
    let asked = document.form(|f| what_if_form(f, &survey))?;
    let area = reach::area_by_code(&app, &caller, asked.area.unwrap_or_else(|| caller.area.clone())).await?;
    let now = app.now();
    let mut hours = HashMap::new();
    for (user, spans) in asked.hours {
        hours.insert(app.store().spelled(&user).await?, spans);
    }
    let question = Question { area: area.clone(), on: asked.on, now, hours };
    let mut plan = compute(ready(&app, Arc::clone(&survey), question).await?, Ready::plan).await?;
    if asked.publish {
        plan = published(&app, &survey, &caller, &area, plan, now).await?;
    }
    Ok(answer::json(&plan))
}

async fn published(
    app: &App,
    survey: &Arc<Survey>,
    caller: &Caller,
    area: &AreaRow,
    mut plan: DayPlan,
    now: Timestamp,
) -> Result<DayPlan, Problem> {
    let (store, survey) = (app.store().clone(), Arc::clone(survey));
    let (code, by, made) = (area.code.clone(), caller.user.clone(), plan.clone());
    let id = to_the_end(async move {
        Ok::<Uuid, Problem>(publish::publish(&store, &survey, &code, &made, &by, now).await?)
    })
    .await?;
    plan.plan_id = Some(id);
    Ok(plan)
}

fn what_if_form(f: &mut Form<'_>, survey: &Survey) -> Option<WhatIf> {
    let area = f.optional_text("area", 200);
    let on = f.required("on", "must be a date", |json| json.as_text()?.parse::<Date>().ok());
    let shifts = match f.raw("shifts") {
        None | Some(Json::Null) => Vec::new(),
        Some(_) => f.objects("shifts", 2_000, |item| {
            let (user, from, to) = (item.text("user", 200), item.instant("from"), item.instant("to"));
            let (from, to) = (from?, to?);
            if from >= to || to.duration_since(from).as_hours() >= 24 {
                item.fault("to", "must be after from, within a day");
                return None;
            }
            Some((user?, from, to))
        })?,
    };
    let excluded = f.optional("exclude", "must be a list of users", |json| {
        json.as_list()?.iter().map(|user| user.as_text().map(str::to_owned)).collect::<Option<Vec<String>>>()
    });
    let publish = f.raw("publish").is_some() && f.boolean("publish")?;
    let mut hours: HashMap<String, Vec<Span>> = HashMap::new();
    for (user, from, to) in shifts {
        let spans = hours.entry(user).or_default();
        spans.push(Span { from: minute(survey, from), to: minute(survey, to) });
    }
    for spans in hours.values_mut() {
        spans.sort_unstable_by_key(|s| s.from);
    }
    hours.extend(excluded.unwrap_or_default().into_iter().map(|user| (user, Vec::new())));
    Some(WhatIf { area, on: on?, hours, publish })
}

/// Minutes since local midnight.
fn minute(survey: &Survey, at: Timestamp) -> u16 {
    let time = at.to_zoned(survey.rules.calendar.tz.clone()).time();
    u16::try_from(i32::from(time.hour()) * 60 + i32::from(time.minute())).unwrap_or_default()
}

/// What the `OpenAPI` document says of this file.
pub(super) mod described {
    use crate::api::openapi::prelude::*;

    /// The calls of this file.
    pub fn calls() -> Vec<Call> {
        vec![
            get("/v1/plan", "plan", "A day's sheets")
                .about(
                    "For devices and supervisors. Where sheets were published for the day, those; else made \
                on the spot, judged as of the day's start in the survey's time zone, for today as of \
                now.",
                )
                .who(Who::Reader)
                .shared(&["area", "on"])
                .query("enumerator?", "Only this user's sheet; a device gets its own.", text().filled(200))
                .gives("Done.", refer("Plan")),
            post("/v1/plan", "plan_what_if", "A day's sheets with other shifts")
                .about(
                    "For supervisors. With `publish` the sheets go to the devices and supersede those of \
                the same people and day.",
                )
                .who(Who::Reader)
                .takes(refer("PlanQuestion"))
                .gives("Nothing is stored.", refer("Plan")),
        ]
    }

    /// The components that they speak of.
    pub fn schemas() -> Vec<Named> {
        vec![
        ("Plan", object([
            ("on", date()),
            ("plan_id?", uuid().or_null().about("Null where nothing was published.")),
            ("made_at?", time()),
            ("rule_version?", int()),
            ("model_version?", text()),
            ("enumerators", list(refer("Sheet"))),
            ("unmanned?", list(refer("CaseItem")).about("Doors with an appointment nobody is on duty for; of a published plan the doors whose \
                person has left.")),
        ])),
        ("PlanQuestion", object([
            ("area?", text().up_to(200).about("Code of the area.")),
            ("on", date()),
            ("shifts?", list(object([
                ("user", text().filled(200)),
                ("from", time()),
                ("to", time()),
            ])).at_most(2000).about("Hours to plan with instead of those on file; `to` is later than `from` by less than a \
                day, and what overlaps is one shift.")),
            ("exclude?", list(text().up_to(200)).at_most(2000).about("Users not to plan for.")),
            ("publish?", flag().about("Store the sheets and send them to the devices.")),
        ]).about("Other people or hours. Nothing is stored unless `publish` is true.")),
        ("Sheet", object([
            ("user", text()),
            ("name?", text()),
            ("minutes", number().least(0).about("Planned work.")),
            ("shift?", list(refer("Window"))),
            ("stops", list(refer("Stop"))),
        ])),
        ("Stop", object([
            ("seq", int().least(1)),
            ("case_id", uuid()),
            ("address", refer("Address")),
            ("area?", text()),
            ("building", text()),
            ("unit", text()),
            ("floor", int().or_null()),
            ("room", text()),
            ("action", refer("Action")),
            ("from", time().or_null()),
            ("to", time().or_null()),
            ("pinned", flag().about("An appointment, kept by the clock.")),
            ("spare?", flag().about("Only if time is left.")),
            ("expected_at?", time().about("About when, if all goes as planned.")),
            ("nth_visit?", int().least(1).about("Which visit this is.")),
            ("probability", number().within(0, 1).or_null()),
            ("reason", text()),
            ("reason_zh", text()),
        ])),
    ]
    }
}
