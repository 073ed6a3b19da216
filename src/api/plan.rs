//! Plans, pace, what the model has learnt, hours on duty.

use std::collections::HashMap;
use std::sync::Arc;

use crate::net::answer::Response;
use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::app::App;
use crate::app::planner::{compute, ready};
use crate::app::{auth, reach};
use crate::domain::rules::Span;
use crate::domain::{Language, UserName};
use crate::net::answer::{self, to_the_end};
use crate::net::body::FORM_LIMIT;
use crate::net::json::{self as body, Form, Json};
use crate::net::problem::{FieldError, Problem};
use crate::net::request::Request;
use crate::plan::{Pace, heat_svg, view};
use crate::planning::{DayPlan, Question, Ready, publish};
use crate::store::access::Caller;
use crate::store::plan::{Override, SheetRow};
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
    let published = app.store().sheets(caller.key, only.clone().map(|u| vec![u]), on).await?;
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
    let cases: Vec<Uuid> = stops.filter_map(|stop| stop.get("case_id")?.as_str()?.parse().ok()).collect();
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
            let (user, from, to) = (item.text("user", 200), instant(item, "from"), instant(item, "to"));
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

pub(super) fn instant(f: &mut Form<'_>, name: &str) -> Option<Timestamp> {
    f.required(name, "must be a time with an offset", |json| {
        crate::ingest::time::parse_time(json.as_text()?).ok().map(|t| t.instant)
    })
}

/// Minutes since local midnight.
fn minute(survey: &Survey, at: Timestamp) -> u16 {
    let time = at.to_zoned(survey.rules.calendar.tz.clone()).time();
    u16::try_from(i32::from(time.hour()) * 60 + i32::from(time.minute())).unwrap_or_default()
}

/// `GET /v1/pace?area=`: expected completions by day, doors at risk, effort gaps by building, staffing.
/// Problems: `not-found`, `wrong-role`.
pub async fn pace(app: App, request: Request) -> Result<Response, Problem> {
    let caller = auth::supervisor(&app, &request).await?;
    let query = request.query()?;
    let survey = app.survey(&caller).await?;
    let area = reach::area(&app, &caller, &query).await?;
    let now = app.now();
    let today = survey.rules.calendar.local_date(now).clamp(survey.starts_on, survey.ends_on);
    let question = Question { area: area.clone(), on: today, now, hours: HashMap::new() };
    let ready = ready(&app, survey, question).await?;
    let (pace, addresses) = compute(ready, |ready| {
        let pace = ready.pace();
        let addresses: Vec<String> = pace
            .warnings
            .iter()
            .map(|w| ready.door(w.case_id.0).map(|d| d.address.clone()).unwrap_or_default())
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
        "expected": pace.days, "at_risk": at_risk, "buildings": pace.buildings, "staffing": pace.staffing,
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

/// `GET /v1/shifts?area=&on=`: hours that differ from the staff file, from `on` (today) for two weeks.
/// Problems: `bad-parameter`, `not-found`, `wrong-role`.
pub async fn shifts(app: App, request: Request) -> Result<Response, Problem> {
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
pub async fn set_shifts(app: App, mut request: Request) -> Result<Response, Problem> {
    let caller = auth::supervisor(&app, &request).await?;
    let survey = app.survey(&caller).await?;
    let area = reach::area_by_code(&app, &caller, caller.area.clone()).await?;
    let document = body::read(&mut request, FORM_LIMIT).await?;
    let orders = document.form(|f| f.objects("shifts", 2_000, shift_order))?;
    let staff = app.store().staff(caller.key, area.range).await?;
    let named = |user: &str| staff.iter().find(|s| UserName::of(&s.user) == UserName::of(user));
    let is_enumerator = |user: &str| named(user).is_some_and(|s| s.role == "enumerator");
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
    app.store().set_overrides(caller.key, orders, &caller.user, app.now()).await?;
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
