//! A record that came of a filled-in form, read like any other; what is said of its fields names the form's questions.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use uuid::Uuid;

use super::super::reason::{Reason, sentence};
use super::super::record::{CitizenState, Context, Held, InterviewRecord, Parsed, Read, read_part};
use super::filled::Taken;
use crate::domain::citizen_id::check_before;
use crate::forms::submission::{Filled, Mapped, Part, PartKind};

/// A part as a record.
pub(super) struct PartRead {
    /// The record.
    pub(super) read: Read,
    /// What it is.
    pub(super) kind: PartKind,
    /// Its id.
    pub(super) id: Uuid,
}

/// Reads a part. Of a form that waited, `digests` tell the citizen IDs that are no longer in its text, by node.
pub(super) fn read(
    part: &Part,
    mapped: &Mapped,
    taken: &Taken,
    digests: Option<&HashMap<String, String>>,
    context: &Context<'_>,
) -> PartRead {
    let mut record = part.record.clone();
    // Answers have limits of their own, which the form's reader has held them to.
    let answers = if part.kind == PartKind::Interview { take(&mut record, "answers") } else { None };
    let known = digests.map(|digests| take_ids(&mut record, part, digests)).unwrap_or_default();
    let mut read = read_part(&record.to_string(), String::new(), context);
    if let Parsed::Interview(interview) = &mut read.parsed {
        complete(interview, answers.is_some(), taken, &known);
        if !mapped.has_roster {
            spare_household(&mut read);
        }
    }
    name_questions(&mut read, part);
    PartRead { read, kind: part.kind, id: part.id }
}

/// Holds a record for a reason of its own, unless it is held already.
pub(super) fn hold(read: &mut Read, reason: Reason) {
    let (_, detail) = sentence(reason);
    read.held.get_or_insert(Held { reason, detail, pointers: Vec::new() });
}

/// What the record itself does not say of an interview.
fn complete(interview: &mut InterviewRecord, has_answers: bool, taken: &Taken, known: &[(usize, Vec<u8>)]) {
    interview.form = Some((taken.new.form.clone(), taken.new.version.clone()));
    if has_answers {
        interview.answers.clone_from(&taken.new.taken.answers);
    }
    for (n, digest) in known {
        let Some(person) = interview.persons.get_mut(*n) else { continue };
        if let Ok(digest) = <[u8; 32]>::try_from(digest.as_slice()) {
            person.citizen = Some(digest);
            person.citizen_state = CitizenState::Valid;
        }
    }
}

/// A form that lists nobody says nothing of a household's members: the checks of a household do not apply.
fn spare_household(read: &mut Read) {
    if read.held.as_ref().is_some_and(|held| held.reason == Reason::FormError) {
        read.held = None;
    }
    read.warnings.retain(|warning| !warning.pointer.starts_with("/persons"));
}

fn take(record: &mut Value, key: &str) -> Option<Value> {
    record.as_object_mut().and_then(|members| members.remove(key))
}

/// Takes out what stands for citizen IDs, and gives the digests of those that are known: place in the list, digest.
fn take_ids(record: &mut Value, part: &Part, digests: &HashMap<String, String>) -> Vec<(usize, Vec<u8>)> {
    let mut known = Vec::new();
    let persons = record.get_mut("persons").and_then(Value::as_array_mut);
    for (n, person) in persons.into_iter().flatten().enumerate() {
        let path = part.place(&format!("/persons/{n}/citizen_id")).map(numbered);
        let digest = path.and_then(|path| digests.get(&path)).and_then(|text| STANDARD.decode(text).ok());
        if let Some(digest) = digest {
            take(person, "citizen_id");
            known.push((n, digest));
        }
    }
    known
}

/// Pointers into the record become nodes of the form.
fn name_questions(read: &mut Read, part: &Part) {
    let name = |pointer: &mut String| {
        if let Some(path) = part.place(pointer) {
            path.clone_into(pointer);
        }
    };
    read.warnings.iter_mut().for_each(|warning| name(&mut warning.pointer));
    if let Some(held) = &mut read.held {
        held.pointers.iter_mut().for_each(name);
    }
    if let Parsed::Refused(refused) = &mut read.parsed {
        name(&mut refused.pointer);
    }
}

/// A path in which every step has its position: `/data/person[2]/name` as `/data[1]/person[2]/name[1]`.
fn numbered(path: &str) -> String {
    let step = |step: &str| {
        if step.is_empty() || step.ends_with(']') { step.to_owned() } else { format!("{step}[1]") }
    };
    path.split('/').map(step).collect::<Vec<_>>().join("/")
}

/// Digests of the citizen IDs that a filled-in form of an unknown form holds, by node, as JSON; `None` where there are none.
pub(super) fn id_digests(data: &Filled, context: &Context<'_>) -> Option<String> {
    let mut found = serde_json::Map::new();
    gather(data, &format!("/{}[1]", data.name), context, &mut found);
    (!found.is_empty()).then(|| Value::Object(found).to_string())
}

fn gather(data: &Filled, path: &str, context: &Context<'_>, found: &mut serde_json::Map<String, Value>) {
    if let Some(text) = &data.text
        && let Ok(id) = check_before(text, context.reference)
    {
        let digest = STANDARD.encode(context.keys.id_digest(&id));
        found.insert(path.to_owned(), Value::from(digest));
    }
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for child in &data.children {
        let n = counts.entry(&child.name).or_default();
        *n += 1;
        gather(child, &format!("{path}/{}[{n}]", child.name), context, found);
    }
}
