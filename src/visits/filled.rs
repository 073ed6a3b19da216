//! A filled-in form as it stands now: what came of it may have been freed, decided or corrected since it came.

use std::collections::HashMap;

use serde_json::Value;
use uuid::Uuid;

use crate::store::batch::Status;
use crate::store::submission::{PartNow, Stood};

/// How a filled-in form stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Now {
    /// The worst of its parts, or of the whole.
    pub status: Status,
    /// Why it is held or refused.
    pub reason: Option<String>,
    /// A sentence about that.
    pub detail: Option<String>,
    /// Its parts as they stand.
    pub parts: Vec<Value>,
}

/// The ids of the parts of these submissions.
pub fn part_ids(all: &[Stood]) -> Vec<Uuid> {
    let parts = all.iter().filter_map(|s| s.parts.as_array()).flatten();
    let mut ids: Vec<Uuid> = parts.filter_map(id_of).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

fn id_of(part: &Value) -> Option<Uuid> {
    Uuid::try_parse(part.get("id")?.as_str()?).ok()
}

/// Parts as they stand, by what they are, their id and their revision.
#[derive(Debug, Default)]
pub struct Parts(HashMap<(&'static str, Uuid, i32), PartNow>);

impl Parts {
    /// As read.
    pub fn of(all: Vec<PartNow>) -> Self {
        Self(all.into_iter().map(|part| ((part.kind.slug(), part.id, part.revision), part)).collect())
    }

    fn now(&self, told: &Value) -> Option<&PartNow> {
        let kind = told.get("type")?.as_str()?;
        let revision = told.get("revision").and_then(Value::as_i64).unwrap_or_default();
        let kind = ["visit", "interview", "dwelling", "answers"].into_iter().find(|k| *k == kind)?;
        self.0.get(&(kind, id_of(told)?, i32::try_from(revision).ok()?))
    }
}

/// How a submission stands, with its parts as they stand.
pub fn now(submission: &Stood, parts: &Parts) -> Now {
    let told = submission.parts.as_array().map(Vec::as_slice).unwrap_or_default();
    let parts: Vec<Value> = told.iter().map(|part| part_now(part, parts)).collect();
    if submission.is_whole {
        let (reason, detail) = (submission.held_reason.clone(), submission.held_detail.clone());
        return Now { status: submission.status, reason, detail, parts };
    }
    let says = |part: &Value, key: &str| part.get(key).and_then(Value::as_str).map(str::to_owned);
    let worst = [Status::Refused, Status::Held].into_iter().find_map(|status| {
        let is_it = |part: &&Value| says(part, "status").as_deref() == Some(status.slug());
        Some((status, parts.iter().find(is_it)?))
    });
    match worst {
        Some((status, part)) => {
            Now { status, reason: says(part, "reason"), detail: says(part, "detail"), parts: parts.clone() }
        }
        None => Now { status: Status::Accepted, reason: None, detail: None, parts },
    }
}

/// A part as it was told first, with its present standing.
fn part_now(told: &Value, parts: &Parts) -> Value {
    let Some(now) = parts.now(told) else { return told.clone() };
    // What was refused at once has no row of its own; one that is there is somebody else's.
    if told.get("status").and_then(Value::as_str) == Some(Status::Refused.slug()) {
        return told.clone();
    }
    let mut part = told.clone();
    part["status"] = Value::from(now.status.slug());
    let is_settled = now.status == Status::Accepted;
    for (key, value) in [("reason", &now.held_reason), ("detail", &now.held_detail)] {
        match value.as_ref().filter(|_| !is_settled) {
            Some(text) => part[key] = Value::from(text.as_str()),
            None => drop(part.as_object_mut().map(|members| members.remove(key))),
        }
    }
    if is_settled && let Some(members) = part.as_object_mut() {
        members.remove("pointer");
        members.remove("label");
    }
    part
}
