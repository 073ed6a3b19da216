//! Reads one record: what can be decided from the record alone, before anything stored is looked at.
//!
//! A record is taken, taken with warnings, held (implausible time, contradicting answers) or refused; which case,
//! area or visit it speaks of, and whether its id is new, is judged elsewhere. Citizen IDs end here: what is returned
//! holds digests, and every free text has been scrubbed. No detail quotes what was sent.

mod dwelling;
mod fields;
mod interview;
mod message_read;
mod person;
mod place;
mod submission;
mod visit;

use std::borrow::Cow;
use std::cell::RefCell;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};

pub use dwelling::DwellingRecord;
pub use interview::InterviewRecord;
pub use message_read::MessageReadRecord;
pub use person::{CitizenState, PersonRecord};
pub use place::Fix;
pub(in crate::ingest) use submission::reason_of;
pub use submission::{Body, SubmissionRecord};
pub use visit::VisitRecord;

use super::digest::{ContentDigest, Keys};
use super::json::{self, Fault, Json, What};
use super::reason::Reason;
use super::scrub::scrub_text;
use crate::domain::time::SentTime;
use fields::Fields;

/// Bytes of one record's text.
pub const MAX_RECORD_BYTES: usize = 256 * 1024;
/// Bytes of the text of a record that holds a filled-in form.
pub const MAX_SUBMISSION_BYTES: usize = 2 * 1024 * 1024;
/// Characters of a name: of people, houses, doors, areas. Other texts have [`json::MAX_STRING_CHARS`].
const LONGEST_NAME: usize = 200;
/// How far ahead of the corrected clock a time may lie.
const TOLERANCE: SignedDuration = SignedDuration::from_mins(10);

/// What a record is judged by.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// When the survey's first day begins in its zone.
    pub survey_from: Timestamp,
    /// When the day after the survey's last one begins.
    pub survey_to: Timestamp,
    /// The date of the reference moment in the survey's zone; nobody born later is registered.
    pub reference: Date,
    /// When the batch arrived.
    pub received_at: Timestamp,
    /// The device's clock less ours.
    pub clock_offset: SignedDuration,
    /// The keys of the digests.
    pub keys: &'a Keys,
}

impl Context<'_> {
    /// Whether a time lies in the future, also by the device's own clock.
    fn is_ahead(&self, at: SentTime) -> bool {
        at.instant.duration_since(self.received_at) > self.clock_offset.saturating_add(TOLERANCE)
    }
}

/// The kinds of records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RecordKind {
    /// A contact attempt.
    Visit,
    /// One revision of an interview.
    Interview,
    /// A door found in the field.
    Dwelling,
    /// A filled-in form, of which the others may come.
    Submission,
    /// A message that was read.
    MessageRead,
    /// A copy of another record that only this service can open.
    Sealed,
}

impl RecordKind {
    /// The word on the wire.
    pub const fn slug(self) -> &'static str {
        match self {
            Self::Visit => "visit",
            Self::Interview => "interview",
            Self::Dwelling => "dwelling",
            Self::Submission => "submission",
            Self::MessageRead => "message_read",
            Self::Sealed => "sealed",
        }
    }

    /// The kind of that word, if it is one.
    pub fn from_slug(slug: &str) -> Option<Self> {
        let all =
            [Self::Visit, Self::Interview, Self::Dwelling, Self::Submission, Self::MessageRead, Self::Sealed];
        all.into_iter().find(|kind| kind.slug() == slug)
    }
}

/// A record as read.
#[derive(Clone, Debug, PartialEq)]
pub struct Read {
    /// Digest of the whole content, citizen IDs included; of the bytes where they are no JSON.
    pub digest: ContentDigest,
    /// The record.
    pub parsed: Parsed,
    /// What was left out or looks unlikely; the record is taken all the same.
    pub warnings: Vec<Warning>,
    /// Why the record may not count yet, though it can be stored.
    pub held: Option<Held>,
}

/// What a record turned out to be.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the types say it")]
pub enum Parsed {
    Visit(Box<VisitRecord>),
    Interview(Box<InterviewRecord>),
    Dwelling(Box<DwellingRecord>),
    Submission(Box<SubmissionRecord>),
    MessageRead(MessageReadRecord),
    Refused(Refused),
}

/// A record that can never be used as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The id as sent, where it is a short plain word.
    pub id: Option<String>,
    /// The kind, where it is one.
    pub kind: Option<RecordKind>,
    /// Why.
    pub reason: Reason,
    /// The place in the batch, as `/records/3/outcome`.
    pub pointer: String,
    /// One sentence about the field.
    pub detail: String,
}

/// Something about a record that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// The place in the batch.
    pub pointer: String,
    /// What.
    pub reason: Reason,
    /// One sentence about the field.
    pub detail: String,
}

/// Detail of a record whose time is still to come.
pub const IN_FUTURE: &str = "the time lies in the future, also by the device's own clock";
/// Detail of a record that is older than the survey.
pub const BEFORE_SURVEY: &str = "the time lies before the first day of the survey";

/// Why a record that can be stored may not count yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// `implausible-time` or `form-error`; the latter where both hold, as a correction brings its own time.
    pub reason: Reason,
    /// One sentence.
    pub detail: String,
    /// The places in the batch.
    pub pointers: Vec<String>,
}

/// Reads the record at `index` of a batch from its text.
pub fn read_record(index: usize, text: &str, context: &Context<'_>) -> Read {
    let base = format!("/records/{index}");
    let parsed = if text.len() > MAX_RECORD_BYTES {
        parse_large(text)
    } else {
        json::parse_with(text, longest_text(text)).map_err(|fault| Refusal::of_fault(&fault))
    };
    match parsed {
        Ok(tree) => read_value(&tree, base, context),
        Err(refusal) => {
            let refused = refusal.into_refused(&base, json::label(text));
            Read::refused(context.keys.text_digest(&settled(text)), refused)
        }
    }
}

/// Only what holds a filled-in form may be larger than other records.
fn parse_large(text: &str) -> Result<Json<'_>, Refusal> {
    let is_submission = json::label(text).1 == Some(RecordKind::Submission.slug());
    let (most, says) = if is_submission {
        (MAX_SUBMISSION_BYTES, "has more than 2 MiB")
    } else {
        (MAX_RECORD_BYTES, "has more than 256 KiB")
    };
    if text.len() > most {
        return Err(Refusal::new(Reason::RecordTooLarge, String::new(), says));
    }
    json::parse_with(text, text.len()).map_err(|fault| Refusal::of_fault(&fault))
}

/// Characters that a text of this record may have: a filled-in form is one text of its own.
fn longest_text(text: &str) -> usize {
    let may_hold_form =
        text.len() > json::MAX_STRING_CHARS && json::label(text).1 == Some(RecordKind::Submission.slug());
    if may_hold_form { text.len() } else { json::MAX_STRING_CHARS }
}

/// Reads a record that is a part of a filled-in form, which has limits of its own. Pointers begin with `base`.
pub fn read_part(record: &str, base: String, context: &Context<'_>) -> Read {
    match json::parse_with(record, record.len()) {
        Ok(tree) => read_value(&tree, base, context),
        Err(fault) => {
            let refused = Refusal::of_fault(&fault).into_refused(&base, json::label(record));
            Read::refused(context.keys.text_digest(record), refused)
        }
    }
}

fn read_value(tree: &Json<'_>, base: String, context: &Context<'_>) -> Read {
    let digest = context.keys.content_digest(tree);
    let notes = Notes { base, ..Notes::default() };
    match read_tree(tree, context, &notes) {
        Ok(parsed) => {
            let digest = parsed.digest(context.keys).unwrap_or(digest);
            let Notes { warnings, held, .. } = notes;
            Read { digest, parsed, warnings: warnings.into_inner(), held: held.into_inner() }
        }
        Err(refusal) => {
            let text_of = |key| tree.get(key).and_then(Json::text);
            Read::refused(digest, refusal.into_refused(&notes.base, (text_of("id"), text_of("type"))))
        }
    }
}

impl Parsed {
    /// The digest of what has one that is not that of the record's whole content.
    fn digest(&self, keys: &Keys) -> Option<ContentDigest> {
        match self {
            Self::Submission(s) => Some(s.digest(keys)),
            Self::Visit(_)
            | Self::Interview(_)
            | Self::Dwelling(_)
            | Self::MessageRead(_)
            | Self::Refused(_) => None,
        }
    }
}

/// The record at `index` of a batch whose box cannot be opened, from its text.
pub fn refuse_sealed(index: usize, text: &str, context: &Context<'_>) -> Read {
    let refusal = Refusal::new(Reason::SealedUnreadable, "/box".to_owned(), "cannot be opened here");
    let refused = refusal.into_refused(&format!("/records/{index}"), json::label(text));
    Read::refused(context.keys.text_digest(&settled(text)), refused)
}

/// The text of a record that breaks our limits, as any program would write it again: spelling of escapes and blanks gone,
/// so that a device that serialises the record anew sends the same batch. What is no JSON at all stays as it is.
fn settled(text: &str) -> Cow<'_, str> {
    match serde_json::from_str::<serde_json::Value>(text) {
        Ok(value) => Cow::Owned(value.to_string()),
        Err(_) => Cow::Borrowed(text),
    }
}

impl Read {
    fn refused(digest: ContentDigest, refused: Refused) -> Self {
        Self { digest, parsed: Parsed::Refused(refused), warnings: Vec::new(), held: None }
    }
}

fn read_tree(tree: &Json<'_>, context: &Context<'_>, notes: &Notes) -> Result<Parsed, Refusal> {
    let Json::Obj(members) = tree else {
        return Err(Refusal::new(
            Reason::NotARecord,
            String::new(),
            "must be an object with a type and an id",
        ));
    };
    let fields = Fields::new(members, String::new(), notes);
    match fields.kind()? {
        RecordKind::Visit => visit::read(fields, context).map(|r| Parsed::Visit(Box::new(r))),
        RecordKind::Interview => interview::read(fields, context).map(|r| Parsed::Interview(Box::new(r))),
        RecordKind::Dwelling => dwelling::read(fields, context).map(|r| Parsed::Dwelling(Box::new(r))),
        RecordKind::Submission => submission::read(&fields).map(|r| Parsed::Submission(Box::new(r))),
        // Whoever reads a batch has opened what can be opened.
        RecordKind::Sealed => Err(fields.refuse(Reason::SealedUnreadable, "box", "cannot be opened here")),
        RecordKind::MessageRead => message_read::read(&fields, context).map(Parsed::MessageRead),
    }
}

/// Why reading a record stopped; the pointer is relative to the record.
#[derive(Debug)]
struct Refusal {
    reason: Reason,
    pointer: String,
    detail: String,
}

impl Refusal {
    /// `says` follows the name of the field: "must be a text".
    fn new(reason: Reason, pointer: String, says: &str) -> Self {
        let detail = sentence(&pointer, says);
        Self { reason, pointer, detail }
    }

    fn of_fault(fault: &Fault) -> Self {
        let reason = match fault.what {
            What::KeyTwice => Reason::DuplicateKey,
            What::Depth => Reason::TooDeep,
            What::Nul => Reason::NulCharacter,
            What::LongString => Reason::TextTooLong,
            What::Ends
            | What::Value
            | What::Key
            | What::Colon
            | What::Comma
            | What::Bracket
            | What::Trailing
            | What::Control
            | What::Escape
            | What::Surrogate
            | What::Number
            | What::NumberSize
            | What::Utf8 => Reason::UnreadableText,
        };
        let detail = format!("line {}, column {} of the record: {}", fault.line, fault.column, fault.what);
        let pointer = fault.pointer.clone();
        Self { reason, pointer, detail }
    }

    /// The refusal for a receipt; `id` and `kind` are as sent.
    fn into_refused(self, base: &str, (id, kind): (Option<&str>, Option<&str>)) -> Refused {
        Refused {
            id: id.filter(|id| is_harmless(id)).map(as_value),
            kind: kind.and_then(RecordKind::from_slug),
            reason: self.reason,
            pointer: format!("{base}{}", self.pointer),
            detail: self.detail,
        }
    }
}

/// Whether an id may be sent back: a short word without anything like a citizen ID, whole or in part.
fn is_harmless(id: &str) -> bool {
    let is_word = id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
    let longest_number = id.split(|c: char| !c.is_ascii_digit()).map(str::len).max();
    (1..=40).contains(&id.len()) && is_word && longest_number < Some(14) && scrub_text(id) == id
}

/// An id as receipts write it: a UUID in small letters, whatever it was sent in.
fn as_value(id: &str) -> String {
    json::read_uuid(id).map_or_else(|| id.to_owned(), |id| id.to_string())
}

/// What is noted about a record while it is read; pointers given are relative to the record.
#[derive(Debug, Default)]
struct Notes {
    base: String,
    warnings: RefCell<Vec<Warning>>,
    held: RefCell<Option<Held>>,
}

/// What is said of a field, with its place in the record before it.
fn sentence(pointer: &str, says: &str) -> String {
    match pointer.strip_prefix('/') {
        Some(place) => format!("{place} {says}"),
        None => format!("the record {says}"),
    }
}

impl Notes {
    /// Warns of a field; `says` follows its name: "was left out".
    fn warn(&self, reason: Reason, pointer: &str, says: &str) {
        self.warn_in_words(reason, pointer, sentence(pointer, says));
    }

    fn warn_in_words(&self, reason: Reason, pointer: &str, detail: String) {
        let pointer = format!("{}{pointer}", self.base);
        self.warnings.borrow_mut().push(Warning { pointer, reason, detail });
    }

    /// Holds the record; the last reason given stands.
    fn hold(&self, held: Held) {
        self.held.replace(Some(held));
    }

    /// Holds the record for its time if that lies in the future of the corrected clock, or before the survey.
    fn judge_time(&self, at: SentTime, context: &Context<'_>) {
        let detail = if context.is_ahead(at) {
            IN_FUTURE
        } else if at.instant < context.survey_from {
            BEFORE_SURVEY
        } else {
            return;
        };
        let pointers = vec![format!("{}/at", self.base)];
        self.hold(Held { reason: Reason::ImplausibleTime, detail: detail.to_owned(), pointers });
    }
}

#[cfg(test)]
mod tests;
