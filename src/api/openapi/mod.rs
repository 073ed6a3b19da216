//! The `OpenAPI` 3.1 document of the API, made from the descriptions of its calls.
//!
//! What a call takes and gives stands beside its handler, in `described`; closed sets of words come from the types that hold them. Tests compare the calls with the
//! routes, and every answer that any test gets with its description.

pub mod call;
mod records;
pub mod schema;
mod shared;

use std::sync::LazyLock;

use serde_json::{Map, Value, json};

use super::{
    assignments, attachments, audit, batches, bulk, cards, cases, changes, completion, devices, enrol,
    exports, forms, held, links, messages, pace, people, plan, problem_page, returns, self_response, shifts,
    slips, submissions, system,
};
use call::Call;
use schema::{Schema, date, int, refer, text, time, uuid};

/// What a description is written with.
pub mod prelude {
    pub use super::Named;
    pub use super::call::{Call, Who, delete, get, post, put};
    pub use super::schema::*;
}

/// A component with its name.
pub type Named = (&'static str, Schema);
/// What one file of calls says: its tag, its calls, the components that only they speak of.
type Family = (&'static str, fn() -> Vec<Call>, fn() -> Vec<Named>);

/// The files of calls.
const FAMILIES: [Family; 26] = [
    ("service", system::described::calls, system::described::schemas),
    ("service", problem_page::described::calls, Vec::new),
    ("access", enrol::described::calls, Vec::new),
    ("sync", batches::described::calls, batches::described::schemas),
    ("sync", changes::described::calls, changes::described::schemas),
    ("sync", attachments::described::calls, Vec::new),
    ("cases", cases::described::calls, cases::described::schemas),
    ("visits", returns::described::calls, returns::described::schemas),
    ("visits", plan::described::calls, plan::described::schemas),
    ("figures", completion::described::calls, completion::described::schemas),
    ("figures", people::described::calls, people::described::schemas),
    ("held", held::described::calls, held::described::schemas),
    ("held", bulk::described::calls, bulk::described::schemas),
    ("links", links::described::calls, links::described::schemas),
    ("devices", devices::described::calls, devices::described::schemas),
    ("visits", cards::described::calls, Vec::new),
    ("visits", self_response::described::calls, Vec::new),
    ("devices", messages::described::calls, messages::described::schemas),
    ("visits", assignments::described::calls, assignments::described::schemas),
    ("devices", audit::described::calls, Vec::new),
    ("visits", pace::described::calls, pace::described::schemas),
    ("visits", shifts::described::calls, shifts::described::schemas),
    ("visits", slips::described::calls, slips::described::schemas),
    ("forms", submissions::described::calls, submissions::described::schemas),
    ("figures", exports::described::calls, Vec::new),
    ("forms", forms::described::calls, forms::described::schemas),
];

/// The tags, in the order of the document.
const TAGS: [&str; 10] =
    ["service", "access", "sync", "cases", "visits", "links", "held", "devices", "figures", "forms"];

static DOCUMENT: LazyLock<String> = LazyLock::new(|| format!("{:#}", made()));

/// The document as JSON text.
pub fn document() -> &'static str {
    &DOCUMENT
}

fn made() -> Value {
    let mut paths = Map::new();
    let common = records::schemas().into_iter().chain(shared::schemas());
    let mut schemas: Map<String, Value> = common.map(named).collect();
    for (tag, calls, components) in FAMILIES {
        for call in calls() {
            let (path, method) = (call.path, call.method);
            let there = paths.entry(path).or_insert_with(|| json!({}));
            there[method] = call.operation(tag, failure);
        }
        schemas.extend(components().into_iter().map(named));
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Doorknock", "version": "1.0.0",
            "summary": "Field backend for door-to-door censuses and surveys",
            "description": include_str!("about.md").trim_end(),
            "license": {"name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": TAGS.map(|tag| json!({"name": tag})),
        "paths": paths,
        "components": {
            "schemas": schemas,
            "parameters": parameters(),
            "responses": FAILURES.iter().map(|(_, name, about)| (name.to_string(), problem(name, about))).collect::<Map<_, _>>(),
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer",
                    "description": "Of a device, or printed by the operator for a user; acts in one survey."},
                "session": {"type": "apiKey", "in": "cookie", "name": "doorknock_session",
                    "description": "Of the pages; good for GET only."},
            },
        },
    })
}

fn named((name, schema): Named) -> (String, Value) {
    (name.to_owned(), schema.value())
}

/// Parameters that several calls share.
fn parameters() -> Value {
    let query = |name: &str, about: &str, schema: Schema| json!({"name": name, "in": "query", "description": about, "schema": schema.value()});
    json!({
        "area": query("area", "Code of an area; its whole subtree is meant. The reader's own area when left out.", text().filled(200)),
        "limit": query("limit", "Page size; above the maximum it is lowered to it.", int().least(1)),
        "after": query("after", "`after` of the page before.", text().filled(2000)),
        "at": query("at", "An instant; now when left out.", time()),
        "on": query("on", "A day in the survey's time zone; tomorrow when left out.", date()),
        "id": {"name": "id", "in": "path", "description": "The id.", "schema": uuid().value(), "required": true},
    })
}

/// Answers that are no success: status, name, what it says.
const FAILURES: [(u16, &str, &str); 12] = [
    (400, "BadRequest", "A parameter, or the document itself, cannot be read."),
    (401, "Unauthorized", "No token or session, or one that is no longer valid."),
    (403, "Forbidden", "Not for this role, this device or this reach."),
    (404, "NotFound", "Not there or not in the reader's area; the two are not told apart."),
    (408, "TooSlow", "The body came in below 1 KiB/s."),
    (409, "Conflict", "It contradicts what is stored."),
    (413, "TooLarge", "Over a limit of size or number."),
    (415, "UnsupportedType", "Not application/json, or a packing other than gzip and zstd."),
    (422, "NotValid", "JSON, but not what this call takes; errors points at each place."),
    (
        429,
        "TooMany",
        "Too many at once, too many wrong tries, or the device has sent its share. `Retry-After` and `detail` say how long.",
    ),
    (500, "Internal", "A fault of the service."),
    (503, "Unavailable", "Database away, disk nearly full or service stopping; nothing was half done."),
];

/// The answer of this status as a call refers to it.
fn failure(status: u16) -> Value {
    let name = FAILURES.iter().find(|(s, ..)| *s == status).map_or("Internal", |(_, name, _)| name);
    json!({"$ref": format!("#/components/responses/{name}")})
}

fn problem(name: &str, about: &str) -> Value {
    let mut answer = json!({
        "description": about, "content": {"application/problem+json": {"schema": refer("Problem").value()}},
    });
    match name {
        "Unauthorized" => {
            answer["headers"] = json!({"WWW-Authenticate": {"schema": text().value(), "required": true}});
        }
        "UnsupportedType" => answer["headers"] = json!({"Accept-Encoding": {"schema": text().value()}}),
        "TooMany" | "Unavailable" => {
            answer["headers"] = json!({"Retry-After": {"schema": int().least(1).value(), "required": true}});
        }
        _ => {}
    }
    answer
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use serde_json::Value;

    use super::*;

    fn every_reference<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
        match value {
            Value::Object(members) => {
                found.extend(members.get("$ref").and_then(Value::as_str));
                members.values().for_each(|member| every_reference(member, found));
            }
            Value::Array(items) => items.iter().for_each(|item| every_reference(item, found)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    #[test]
    fn every_reference_leads_somewhere_and_every_component_is_used() {
        let document: Value = serde_json::from_str(document()).unwrap();
        let mut found = Vec::new();
        every_reference(&document, &mut found);
        for target in &found {
            assert!(document.pointer(target.strip_prefix('#').unwrap()).is_some(), "{target}");
        }
        for family in ["schemas", "parameters", "responses"] {
            for name in document["components"][family].as_object().unwrap().keys() {
                let target = format!("#/components/{family}/{name}");
                assert!(found.contains(&target.as_str()), "{target} is not used");
            }
        }
    }

    #[test]
    fn every_call_has_a_name_of_its_own_and_says_who_may_use_it() {
        let document: Value = serde_json::from_str(document()).unwrap();
        assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
        let mut names = HashSet::new();
        for (path, calls) in document["paths"].as_object().unwrap() {
            for (method, call) in calls.as_object().unwrap() {
                assert!(names.insert(call["operationId"].as_str().unwrap().to_owned()), "{method} {path}");
                assert!(call["security"].is_array(), "{method} {path}");
                assert!(["200", "201"].iter().any(|s| call["responses"][s].is_object()), "{method} {path}");
                let braces = path.matches('{').count();
                let listed = call["parameters"].as_array().into_iter().flatten().filter(|parameter| {
                    parameter["in"] == "path" || parameter["$ref"] == "#/components/parameters/id"
                });
                assert_eq!(listed.count(), braces, "{method} {path}");
            }
        }
    }
}
