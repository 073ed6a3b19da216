//! What the people of an area did on a day.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::app::{App, auth, reach};
use crate::domain::Role;
use crate::net::answer::{self, Response};
use crate::net::problem::Problem;
use crate::net::request::Request;
use crate::report::people::{Day, day};
use crate::store::device::DeviceRow;
use crate::sync::silent_before;

/// `GET /v1/people?area=&on=`: the enumerators of the subtree and whoever worked in it that day.
/// Problems: `bad-parameter`, `not-found`, `wrong-role`.
pub async fn list(app: App, request: Request) -> Result<Response, Problem> {
    let caller = auth::supervisor(&app, &request).await?;
    let query = request.query()?;
    let area = reach::area(&app, &caller, &query).await?;
    let survey = app.survey(&caller).await?;
    let now = app.now();
    let on = query.date("on")?.unwrap_or_else(|| survey.rules.calendar.local_date(now));
    let mut days = day(app.store(), &survey, area.range, on).await?;
    let staff = app.store().staff(caller.key, area.range).await?;
    let devices = app.store().devices(caller.key, area.range, None).await?;
    let home: BTreeMap<&str, &str> = staff
        .iter()
        .filter(|s| s.role == Role::Enumerator)
        .map(|s| (s.user.as_str(), s.area.as_str()))
        .collect();
    for device in &devices {
        days.entry(device.user.clone()).or_default();
    }
    for user in home.keys() {
        days.entry((*user).to_owned()).or_default();
    }
    let users: Vec<String> = days.keys().cloned().collect();
    let names = app.store().names_of(caller.key, &users).await?;
    let since = silent_before(&survey, now);
    let mut total = Day::default();
    let items: Vec<Value> = days
        .iter()
        .map(|(user, day)| {
            total.add(day);
            let own: Vec<&DeviceRow> =
                devices.iter().filter(|d| d.user == *user && d.revoked_at.is_none()).collect();
            let name = names.get(user).unwrap_or(user);
            let area = home.get(user.as_str());
            let mut item = counts(day);
            if let Some(object) = item.as_object_mut() {
                object.insert("user".to_owned(), json!(user));
                object.insert("name".to_owned(), json!(name));
                object.insert("area".to_owned(), json!(area));
                object.insert("first_at".to_owned(), json!(day.first_at));
                object.insert("last_at".to_owned(), json!(day.last_at));
                let last = own.iter().filter_map(|d| d.last_batch_at).max();
                object.insert("last_sync".to_owned(), json!(last));
                let waiting: i64 = own.iter().filter_map(|d| d.waiting).map(i64::from).sum();
                object.insert("waiting".to_owned(), json!(waiting));
                let drafts: i64 = own.iter().filter_map(|d| d.drafts).map(i64::from).sum();
                object.insert("drafts".to_owned(), json!(drafts));
                let held = own.iter().map(|d| d.doors_held).max().unwrap_or_default();
                object.insert("doors_held".to_owned(), json!(held));
                object.insert("silent".to_owned(), json!(own.iter().any(|d| d.is_silent(since))));
            }
            item
        })
        .collect();
    Ok(answer::json(&json!({"as_of": now, "on": on, "items": items, "total": counts(&total)})))
}

fn counts(d: &Day) -> Value {
    json!({
        "knocks": d.knocks, "contacts": d.contacts, "interviews": d.interviews, "completed": d.completed,
        "refusals": d.refusals, "minutes": d.minutes,
    })
}

/// What the `OpenAPI` document says of this file.
pub(super) mod described {
    use crate::api::openapi::prelude::*;

    /// The calls of this file.
    pub fn calls() -> Vec<Call> {
        vec![
            get("/v1/people", "people", "What people did on a day")
                .about("For supervisors. The enumerators of the area and whoever worked in it that day.")
                .who(Who::Reader)
                .shared(&["area"])
                .query("on?", "Day of the survey's time zone; today when left out.", date())
                .gives(
                    "Done.",
                    object([
                        ("as_of", time()),
                        ("on", date()),
                        ("items", list(refer("PersonDay"))),
                        ("total", refer("DayCounts")),
                    ]),
                ),
        ]
    }

    /// The components that they speak of.
    pub fn schemas() -> Vec<Named> {
        let counts = || {
            [
                ("knocks", count().about("Visits in person in force.")),
                ("contacts", count().about("Knocks at which somebody was met.")),
                ("interviews", count().about("In force, by their time.")),
                ("completed", count().about("Doors that these interviews complete now.")),
                ("refusals", count()),
                ("minutes", count().about("First to last knock, less pauses over 60 minutes.")),
            ]
        };
        let mut person = counts().to_vec();
        person.extend([
            ("user", text()),
            ("name", text()),
            ("area", text().or_null().about("Where the person is at home; null outside the area asked for.")),
            ("first_at", time().or_null()),
            ("last_at", time().or_null()),
            ("last_sync", time().or_null()),
            ("waiting", count()),
            ("drafts", count()),
            ("doors_held", count().about("Open doors lent.")),
            ("silent", flag()),
        ]);
        vec![("DayCounts", object(counts())), ("PersonDay", object(person))]
    }
}
