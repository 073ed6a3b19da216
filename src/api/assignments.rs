//! Assignments, for supervisors.

use std::collections::HashMap;

use crate::domain::CaseId;
use crate::net::answer::Response;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::app::App;
use crate::app::{auth, reach};
use crate::ingest::assign::{Assigned, Doors, Item};
use crate::net::answer::{self, to_the_end};
use crate::net::body::FORM_LIMIT;
use crate::net::json::{self as body, Form};
use crate::net::problem::Problem;
use crate::net::request::Request;
use crate::store::access::Caller;
use crate::store::case::CasePlace;
use crate::store::feed::AssignmentRow;
use crate::store::lease::{Listed, Work};
use crate::visits::door::{Door, doors};

/// Most items of one order.
const MOST: usize = 5_000;

/// What a supervisor asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    Lent(Listed),
    Unassigned,
    Double,
}

const LISTS: [&str; 4] = ["open", "expired", "unassigned", "double"];

/// `GET /v1/assignments?state=open|expired|unassigned|double&area=&after=&limit=`: leases that stand; leases that ended by
/// themselves and whose doors wait since; doors without a holder; leases during which two or more people worked at the
/// door. Problems: `bad-parameter`, `not-found`, `wrong-role`.
pub async fn list(app: App, request: Request) -> Result<Response, Problem> {
    let caller = auth::supervisor(&app, &request).await?;
    let query = request.query()?;
    let limit = i64::from(query.limit(100, 1000)?);
    let asked = query.one_of("state", &LISTS, |word| match word {
        "open" => Some(Asked::Lent(Listed::Open)),
        "expired" => Some(Asked::Lent(Listed::Expired)),
        "unassigned" => Some(Asked::Unassigned),
        "double" => Some(Asked::Double),
        _ => None,
    })?;
    let after = query.parsed("after", "must be one that this service gave out", parse_after)?;
    let area = reach::area(&app, &caller, &query).await?;
    let from = after.unwrap_or(CasePlace::START);
    let (key, range) = (caller.key, area.range);
    let (items, next) = match asked.unwrap_or(Asked::Lent(Listed::Open)) {
        Asked::Lent(which) => {
            let rows = app.store().list_assignments(key, range, which, from.id.0, limit).await?;
            let next = rows.last().map(|r| CasePlace { id: CaseId(r.id), ..CasePlace::START });
            (lent_items(&app, &caller, rows.into_iter().map(|r| (r, Vec::new())).collect()).await?, next)
        }
        Asked::Double => {
            let rows = app.store().list_double(key, range, from.id.0, limit).await?;
            let next = rows.last().map(|r| CasePlace { id: CaseId(r.0.id), ..CasePlace::START });
            (lent_items(&app, &caller, rows).await?, next)
        }
        Asked::Unassigned => {
            let found = app.store().list_unassigned(key, range, from, limit).await?;
            let next = found.last().copied();
            (free_items(&app, &caller, &found).await?, next)
        }
    };
    let is_full = i64::try_from(items.len()).is_ok_and(|n| n >= limit);
    let next = next.filter(|_| is_full).map(|place| URL_SAFE_NO_PAD.encode(place.to_text()));
    Ok(answer::json(&json!({"items": items, "after": next})))
}

fn parse_after(text: &str) -> Option<CasePlace> {
    CasePlace::parse(&String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?)
}

async fn lent_items(
    app: &App,
    caller: &Caller,
    rows: Vec<(AssignmentRow, Vec<Work>)>,
) -> Result<Vec<Value>, Problem> {
    let ids: Vec<CaseId> = rows.iter().map(|r| r.0.case_id).collect();
    let shown = shown_doors(app, caller, &ids).await?;
    Ok(rows
        .iter()
        .map(|(a, works)| {
            let door = shown.get(&a.case_id);
            let mut item = json!({
                "id": a.id, "case_id": a.case_id, "address": door.map(|d| &d.address), "area": door.map(|d| &d.area),
                "state": door.map(|d| d.state), "enumerator": a.enumerator, "until": a.until, "assigned_by": a.by,
                "assigned_at": a.at, "ended_at": a.ended_at, "end_reason": a.end_reason,
            });
            if let (Some(object), false) = (item.as_object_mut(), works.is_empty()) {
                let works: Vec<Value> = works
                    .iter()
                    .map(|w| {
                        json!({"enumerator": w.enumerator, "records": w.records, "first_at": w.first_at,
                            "last_at": w.last_at, "interviewed": w.interviewed})
                    })
                    .collect();
                object.insert("worked".to_owned(), Value::Array(works));
            }
            item
        })
        .collect())
}

async fn free_items(app: &App, caller: &Caller, found: &[CasePlace]) -> Result<Vec<Value>, Problem> {
    let ids: Vec<CaseId> = found.iter().map(|f| f.id).collect();
    let shown = shown_doors(app, caller, &ids).await?;
    Ok(ids
        .iter()
        .map(|id| {
            let door = shown.get(id);
            json!({"id": id, "case_id": id, "address": door.map(|d| &d.address), "area": door.map(|d| &d.area),
                "state": door.map(|d| d.state), "enumerator": null, "until": null, "assigned_by": null, "assigned_at": null,
                "ended_at": null, "end_reason": null})
        })
        .collect())
}

async fn shown_doors(app: &App, caller: &Caller, ids: &[CaseId]) -> Result<HashMap<CaseId, Door>, Problem> {
    let survey = app.survey(caller).await?;
    let rows = app.store().cases(caller.key, ids).await?;
    Ok(doors(app.store(), &survey, &rows).await?.into_iter().map(|d| (d.id, d)).collect())
}

/// `POST /v1/assignments` `{assignments: [{case_id | area | building_id | held_by, enumerator, until}]}`: lends doors; a null
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
    let (area, holder) = (f.optional_text("area", 200), f.optional_text("held_by", 200));
    let until = f.optional_instant("until");
    let enumerator = f.optional_text("enumerator", 200).filter(|user| !user.is_empty());
    if !f.has("enumerator") {
        f.fault("enumerator", "must be a user, or null to take the door back");
    }
    let doors = match (case, area, building, holder) {
        (Some(id), None, None, None) => Doors::Case(CaseId(id)),
        (None, Some(code), None, None) => Doors::Area(code),
        (None, None, Some(id), None) => Doors::Building(id),
        (None, None, None, Some(user)) => Doors::HeldBy(user),
        _ => {
            f.fault("case_id", "exactly one of case_id, area, building_id and held_by is needed");
            return None;
        }
    };
    Some(Item { doors, enumerator, until })
}

fn result(index: usize, item: &Item, result: Assigned) -> Value {
    let (status, doors, reason, detail) = match result {
        Assigned::Done(n) if item.enumerator.is_some() => ("assigned", n, None, None),
        Assigned::Done(n) => ("withdrawn", n, None, None),
        Assigned::UnknownDoors => {
            ("refused", 0, Some("not-found"), Some("There is no such door in your area."))
        }
        Assigned::UnknownEnumerator => {
            ("refused", 0, Some("unknown-enumerator"), Some("The survey has no such enumerator."))
        }
        Assigned::EndsInThePast => {
            ("refused", 0, Some("ends-in-the-past"), Some("The lease ends before it begins."))
        }
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

/// What the `OpenAPI` document says of this file.
pub(super) mod described {
    use crate::api::openapi::prelude::*;

    /// The calls of this file.
    pub fn calls() -> Vec<Call> {
        vec![
            get("/v1/assignments", "assignments", "Leases and doors without one")
                .about("For supervisors.")
                .who(Who::Reader)
                .query(
                    "state?",
                    "open: leases that stand. expired: ended by themselves, their doors wait since. \
                unassigned: doors without a holder. double: leases during which several people worked \
                at the door.",
                    words(["open", "expired", "unassigned", "double"]),
                )
                .shared(&["area", "after", "limit"])
                .gives(
                    "Done.",
                    page(object([
                        ("id", uuid()),
                        ("case_id", uuid()),
                        ("address?", text().or_null()),
                        ("area?", text().or_null()),
                        ("state?", refer_or_null("State")),
                        ("enumerator", text().or_null()),
                        ("until?", time().or_null()),
                        ("assigned_by?", text().or_null()),
                        ("assigned_at?", time().or_null()),
                        ("ended_at?", time().or_null()),
                        ("end_reason?", text().or_null()),
                        (
                            "worked?",
                            list(object([
                                ("enumerator", text()),
                                ("records", count()),
                                ("first_at", time()),
                                ("last_at", time()),
                                ("interviewed", flag()),
                            ]))
                            .about("Who worked at the door during the lease, where that were several."),
                        ),
                    ])),
                ),
            post("/v1/assignments", "assign", "Assigns cases to enumerators")
                .about("For supervisors.")
                .who(Who::Reader)
                .takes(object([("assignments", list(refer("AssignmentOrder")).some_of(5000))]))
                .gives(
                    "Done.",
                    object([("results", list(refer("AssignmentResult")).about("In the order sent."))]),
                ),
        ]
    }

    /// The components that they speak of.
    pub fn schemas() -> Vec<Named> {
        vec![
            (
                "AssignmentOrder",
                object([
                    ("case_id?", uuid()),
                    ("area?", text().filled(200).about("All open cases of this area instead of one case.")),
                    ("enumerator", text().up_to(200).or_null().about("null takes the cases back.")),
                    (
                        "until?",
                        time()
                            .or_null()
                            .about("End of the assignment; by the survey's policy when left out."),
                    ),
                    ("building_id?", uuid().about("All open cases of this building.")),
                    ("held_by?", text().filled(200).about("All open cases that this enumerator holds.")),
                ])
                .about("Exactly one of case_id, area, building_id and held_by."),
            ),
            (
                "AssignmentResult",
                object([
                    ("index", count()),
                    ("status", words(["assigned", "withdrawn", "refused"])),
                    ("doors", count().about("Doors it applied to.")),
                    ("reason?", text().about("Why it was refused, as a word.")),
                    ("detail?", text().about("The same as a sentence.")),
                    ("pointer?", text()),
                ]),
            ),
        ]
    }
}
