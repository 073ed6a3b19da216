//! Assignments, for supervisors.

use serde_json::{Value, json};
use warp::reply::Response;

use super::answer::{self, to_the_end};
use super::app::App;
use super::auth;
use super::body::FORM_LIMIT;
use super::json::{self as body, Form, Json};
use super::problem::Problem;
use super::request::Request;
use crate::ingest::assign::{Assigned, Doors, Item};

/// Most items of one order.
const MOST: usize = 5_000;

/// `POST /v1/assignments` `{assignments: [{case_id | area | building_id, enumerator, until}]}`: lends doors; a null
/// enumerator takes them back. One result per item. Problems: `body-not-valid`, `wrong-role`.
pub async fn post(app: App, mut request: Request) -> Result<Response, Problem> {
    let caller = auth::supervisor(&app, &request).await?;
    let document = body::read(&mut request, FORM_LIMIT).await?;
    let items = document.form(|f| f.objects("assignments", MOST, item))?;
    let results = to_the_end({
        let items = items.clone();
        async move { Ok::<_, Problem>(app.ingest.assign(&caller, items, app.now()).await?) }
    })
    .await?;
    let shown: Vec<Value> = results.iter().enumerate().map(|(i, r)| result(i, &items[i], *r)).collect();
    Ok(answer::json(&json!({"results": shown})))
}

fn item(f: &mut Form<'_>) -> Option<Item> {
    let (case, building) = (f.optional_uuid("case_id"), f.optional_uuid("building_id"));
    let area = f.optional_text("area", 200);
    let until = f.optional("until", "must be a time with an offset", |json| match json {
        Json::Text(text) => crate::ingest::time::parse_time(text).ok().map(|t| t.instant),
        _ => None,
    });
    let enumerator = f.optional_text("enumerator", 200).filter(|user| !user.is_empty());
    if !f.has("enumerator") {
        f.fault("enumerator", "must be a user, or null to take the door back");
    }
    let doors = match (case, area, building) {
        (Some(id), None, None) => Doors::Case(id),
        (None, Some(code), None) => Doors::Area(code),
        (None, None, Some(id)) => Doors::Building(id),
        _ => {
            f.fault("case_id", "exactly one of case_id, area and building_id is needed");
            return None;
        }
    };
    Some(Item { doors, enumerator, until })
}

fn result(index: usize, item: &Item, result: Assigned) -> Value {
    let (status, doors, reason, detail) = match result {
        Assigned::Done(n) if item.enumerator.is_some() => ("assigned", n, None, None),
        Assigned::Done(n) => ("withdrawn", n, None, None),
        Assigned::UnknownDoors => ("refused", 0, Some("not-found"), Some("There is no such door in your area.")),
        Assigned::UnknownEnumerator => {
            ("refused", 0, Some("unknown-enumerator"), Some("The survey has no such enumerator."))
        }
        Assigned::EndsInThePast => ("refused", 0, Some("ends-in-the-past"), Some("The lease ends before it begins.")),
        Assigned::NotOpen => ("refused", 0, Some("not-open"), Some("The door needs no visit any more.")),
    };
    let mut shown = json!({"index": index, "status": status, "doors": doors});
    if let (Some(reason), Some(detail), Some(object)) = (reason, detail, shown.as_object_mut()) {
        object.insert("reason".to_owned(), json!(reason));
        object.insert("detail".to_owned(), json!(detail));
        object.insert("pointer".to_owned(), json!(format!("/assignments/{index}")));
    }
    shown
}
