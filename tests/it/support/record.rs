//! Records as a phone sends them. Ids come from a counter of the test's own thread, so a test always sends the same.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};
use uuid::Uuid;

use super::app::OPENING;

thread_local! {
    static NEXT: Cell<u64> = Cell::new(first_of_thread());
}

/// Tests count from 1; the workers of a runtime with several threads must not count alike.
fn first_of_thread() -> u64 {
    static WORKERS: AtomicU64 = AtomicU64::new(1);
    let is_worker = std::thread::current().name().is_none_or(|name| name.starts_with("tokio"));
    if is_worker { (WORKERS.fetch_add(1, Ordering::Relaxed) << 32) + 1 } else { 1 }
}

/// A new id of version 7.
pub fn id() -> Uuid {
    let n = NEXT.with(|next| {
        let n = next.get();
        next.set(n + 1);
        n
    });
    Uuid::from_u128((0x0175_b0ff_0000_u128 << 80) | (7 << 76) | (2 << 62) | u128::from(n))
}

/// A time of the field: `day` of November 2020, `clock` like `19:05`, in Shanghai.
pub fn at(day: u32, clock: &str) -> String {
    format!("2020-11-{day:02}T{clock}:00+08:00")
}

/// A visit of the day before the test's opening hour.
pub fn visit(case: Uuid, outcome: &str) -> Value {
    visit_at(case, outcome, &at(9, "10:00"))
}

/// A visit at a time.
pub fn visit_at(case: Uuid, outcome: &str, at: &str) -> Value {
    json!({"type": "visit", "id": id(), "case_id": case, "at": at, "outcome": outcome})
}

/// A complete interview of one woman who lives there.
pub fn interview(case: Uuid) -> Value {
    interview_with(case, vec![person(1, "王秀英", "head")])
}

/// A complete interview of these people.
pub fn interview_with(case: Uuid, persons: Vec<Value>) -> Value {
    json!({
        "type": "interview", "id": id(), "case_id": case, "revision": 1, "result": "complete",
        "at": at(9, "10:10"), "respondent": "member",
        "household": {
            "household_type": "family", "phone": "10800000001", "n_stayed": persons.len(), "n_registered_absent": 0,
            "births_m": 0, "births_f": 0, "deaths_m": 0, "deaths_f": 0, "dwelling_kind": 1, "floor_area_m2": 89.5,
            "rooms": 3, "tenure": "own",
        },
        "persons": persons, "answers": {"gas": "yes"},
    })
}

/// A person who lives and is registered there.
pub fn person(no: u32, name: &str, relationship: &str) -> Value {
    json!({
        "person_no": no, "name": name, "sex": "f", "birth": {"y": 1984, "m": 5, "d": null},
        "relationship": relationship, "stayed_here": true, "stayed_at": 1, "registered_at": 1, "time_away": 1,
        "residence_status": "here_registered",
    })
}

/// A door found in the field.
pub fn dwelling(area: &str, room: &str) -> Value {
    json!({"type": "dwelling", "id": id(), "area": area, "building": "99", "unit": "1", "floor": 3, "room": room})
}

/// The record with another value of one field.
pub fn with(mut record: Value, field: &str, value: impl Into<Value>) -> Value {
    record[field] = value.into();
    record
}

/// The id a record carries.
pub fn id_of(record: &Value) -> Uuid {
    record["id"].as_str().and_then(|t| t.parse().ok()).expect("the record has an id")
}

/// A batch of these records as `device` sends it.
pub fn batch(survey: &str, device: Uuid, records: &[Value]) -> Value {
    json!({"batch_id": id(), "survey": survey, "device_id": device, "sent_at": OPENING, "records": records})
}

/// The statuses of an answer's receipts, in their order.
pub fn statuses(answer: &Value) -> Vec<&str> {
    let receipts = answer["receipts"].as_array().expect("an answer to a batch");
    receipts.iter().map(|r| r["status"].as_str().expect("a receipt has a status")).collect()
}

/// The reasons of an answer's receipts, empty where there is none.
pub fn reasons(answer: &Value) -> Vec<&str> {
    let receipts = answer["receipts"].as_array().expect("an answer to a batch");
    receipts.iter().map(|r| r["reason"].as_str().unwrap_or_default()).collect()
}
