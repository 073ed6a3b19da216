//! A filled-in form becomes records: one mapper for whoever filled it in.
//!
//! First the *envelope* is read, which needs no form: ids, form and version, the tree of what was filled in. Then, once the form
//! is known, [`map`] makes the parts a submission has (found door, visit, interview, answers) in the shapes that a batch's
//! records have. What the parts are worth is judged where any record is judged; nothing is evaluated or repaired here.
//!
//! Citizen IDs: the interview's record carries the number of a bound question to where it is digested, and nothing else does.
//! Answers and the copy of the XML come without them.

mod answers;
mod bound;
mod door;
mod envelope;
mod json;
mod record;
mod scrub;
mod typed;

use std::borrow::Cow;

use serde_json::Value;
use uuid::Uuid;

pub use answers::holds_answers;
pub use door::{DoorName, case_of_entity, entity_of_case};
pub use envelope::{Entity, Envelope, Filled, read_xml};
pub use json::read_json;
pub use scrub::scrubbed_xml;
pub use typed::{Typed, cell_text, typed};

use super::binding::Binding;
use super::model::{FormModel, FormRole, Labels};

/// Takes what is shaped like a citizen ID out of a text; the rule itself is the caller's.
pub type Scrub<'s> = &'s dyn for<'t> Fn(&'t str) -> Cow<'t, str>;

/// Why a submission as a whole cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Why {
    /// It cannot be read as a filled-in form.
    NotAForm,
    /// It has more bytes or elements than allowed.
    TooLarge,
    /// It has more levels than allowed.
    TooDeep,
    /// One answer is longer than allowed.
    TextTooLong,
    /// Nothing in it can be used.
    NoBinding,
}

impl Why {
    /// The reason on the wire.
    pub const fn slug(self) -> &'static str {
        match self {
            Self::NotAForm => "not-a-form",
            Self::TooLarge => "record-too-large",
            Self::TooDeep => "too-deep",
            Self::TextTooLong => "text-too-long",
            Self::NoBinding => "no-binding",
        }
    }
}

/// A submission that is refused as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The reason.
    pub why: Why,
    /// The node, where one is at fault.
    pub path: Option<String>,
    /// One sentence that quotes nothing.
    pub detail: String,
}

impl Refused {
    fn new(why: Why, detail: &str) -> Self {
        Self { why, path: None, detail: detail.to_owned() }
    }
}

/// Something about an answer that is kept all the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnswerWarning {
    /// `answer-not-typed` or `answer-not-listed`.
    pub reason: &'static str,
    /// The node, with positions of repeats: `/data/child[2]/age`.
    pub path: String,
    /// The question.
    pub labels: Labels,
}

/// What is known of a submission beside its content.
#[derive(Clone, Copy, Debug)]
pub struct Given<'a> {
    /// The form's role when it was sent.
    pub role: FormRole,
    /// The instance that began the chain of edits; the submission's own if it is no edit.
    pub root: Uuid,
    /// Which revision of that chain, from 1.
    pub revision: u32,
    /// The case that was named beside the form.
    pub case_id: Option<Uuid>,
    /// The visit that was named beside the form.
    pub visit_id: Option<Uuid>,
    /// RFC 3339; stands for times that the form does not say.
    pub received_at: &'a str,
    /// How long filling it in was interrupted, seconds.
    pub paused_s: Option<f64>,
    /// Empty questions for citizen IDs keep what the revision before said.
    pub keep_ids: bool,
}

/// The kinds of parts, in the order in which they are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the words of the wire")]
pub enum PartKind {
    Dwelling,
    Visit,
    Interview,
    Answers,
}

impl PartKind {
    /// The word of the wire.
    pub const fn slug(self) -> &'static str {
        match self {
            Self::Dwelling => "dwelling",
            Self::Visit => "visit",
            Self::Interview => "interview",
            Self::Answers => "answers",
        }
    }
}

/// One record that a submission became.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// What it is.
    pub kind: PartKind,
    /// Its id.
    pub id: Uuid,
    /// The record as a batch would hold it. An interview's may hold citizen IDs: it is read and digested, never stored.
    pub record: Value,
    /// Which node gave which field: pointer into the record, path with positions.
    pub places: Vec<(String, String)>,
}

impl Part {
    /// The node that a pointer into the record speaks of: its own, else the nearest above it.
    pub fn place(&self, pointer: &str) -> Option<&str> {
        let mut pointer = pointer;
        loop {
            if let Some((_, path)) = self.places.iter().find(|(known, _)| known == pointer) {
                return Some(path);
            }
            pointer = pointer.rsplit_once('/')?.0;
        }
    }
}

/// A file that a submission names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedFile {
    /// As the submission names it; this is how the file itself comes.
    pub name: String,
    /// The id under which it is kept.
    pub id: Uuid,
    /// The node.
    pub path: String,
}

/// What became of a submission.
#[derive(Clone, Debug, PartialEq)]
pub struct Mapped {
    /// The door as the form names it; `None` where it names none.
    pub door: Option<DoorName>,
    /// When filling it in began: RFC 3339 as the phone wrote it.
    pub started: Option<String>,
    /// When it ended.
    pub ended: Option<String>,
    /// Not said to be partial.
    pub is_complete: bool,
    /// The interview, if there is one, lists persons by a bound roster.
    pub has_roster: bool,
    /// In the order dwelling, visit, interview, answers.
    pub parts: Vec<Part>,
    /// Unbound answers as a JSON object, without citizen IDs.
    pub answers: Value,
    /// What is odd about answers.
    pub warnings: Vec<AnswerWarning>,
    /// Files named, in order.
    pub files: Vec<NamedFile>,
}

impl Mapped {
    /// The part of a kind.
    pub fn part(&self, kind: PartKind) -> Option<&Part> {
        self.parts.iter().find(|part| part.kind == kind)
    }

    /// Names the case in every part that needs one.
    pub fn set_case(&mut self, case: Uuid) {
        for part in &mut self.parts {
            if part.kind != PartKind::Dwelling {
                part.record["case_id"] = Value::from(case.to_string());
            }
        }
    }

    /// Leaves the visit out, as for an edit that does not change it; the interview names `visit` instead.
    pub fn without_visit(&mut self, visit: Option<Uuid>) {
        self.parts.retain(|part| part.kind != PartKind::Visit);
        for part in self.parts.iter_mut().filter(|part| part.kind == PartKind::Interview) {
            if let Some(record) = part.record.as_object_mut() {
                record.remove("visit_id");
                record.extend(visit.map(|id| ("visit_id".to_owned(), Value::from(id.to_string()))));
            }
        }
    }
}

/// Whether two visit records of one chain say the same; their ids differ always.
pub fn is_same_visit(a: &Value, b: &Value) -> bool {
    let told = |value: &Value| {
        let mut told = value.clone();
        if let Some(record) = told.as_object_mut() {
            record.remove("id");
            record.remove("case_id");
        }
        told
    };
    told(a) == told(b)
}

/// Ids of a submission's parts and files.
pub fn part_id(instance: Uuid, name: &str) -> Uuid {
    Uuid::new_v5(&instance, name.as_bytes())
}

/// Makes records and answers of what was filled in.
pub fn map(
    envelope: &Envelope,
    model: &FormModel,
    given: &Given<'_>,
    scrub: Scrub<'_>,
) -> Result<Mapped, Refused> {
    let found = bound::gather(model, &envelope.data);
    let mut files = answers::files(model, &envelope.data, given.root);
    let (answers, warnings) = answers::read(model, &envelope.data, given.root, scrub);
    let maker = record::Maker { envelope, given, found: &found };
    let mut parts: Vec<Part> =
        [maker.dwelling(), maker.visit(), maker.interview(&answers)].into_iter().flatten().collect();
    let is_complete = found.text("interview.result").is_none_or(|result| result.trim() != "partial");
    if matches!(given.role, FormRole::Extra | FormRole::Free) {
        parts.push(maker.answers(&answers, is_complete));
    }
    let binds_fields = || {
        let bindings = model.walk().into_iter().filter_map(|node| node.binding.as_deref());
        bindings.filter_map(Binding::parse).any(Binding::is_field)
    };
    if parts.is_empty() && (given.role != FormRole::Visit || binds_fields()) {
        return Err(Refused::new(
            Why::NoBinding,
            "nothing in it is a visit, an interview, a door or a sheet of answers",
        ));
    }
    files.dedup_by(|a, b| a.name == b.name);
    Ok(Mapped {
        door: found.text("case").map(DoorName::read),
        started: found.started.as_deref().and_then(typed::moment),
        ended: found.ended.as_deref().and_then(typed::moment),
        is_complete,
        has_roster: found.has_roster,
        parts,
        answers,
        warnings,
        files,
    })
}

#[cfg(test)]
mod tests;
