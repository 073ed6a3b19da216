//! Evidence: visits, interviews and their persons, dwelling records. What is to be stored, and one file each for writing it,
//! for reading what a fold needs, and for the short form of it that a case carries.

mod pack;
mod read;
mod write;

use std::sync::Arc;

use jiff::Timestamp;
use uuid::Uuid;

use super::Statement;
use super::batch::Status;
use crate::domain::CaseId;
use crate::domain::code::{
    Channel, ClosedSet, Datum, Informant, InterviewResult, Outcome, Relationship, ResidenceStatus,
    Respondent, Sex,
};
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::domain::evidence::{Interview, PersonCounts, Visit, Window};
use crate::domain::ids::{InterviewId, VisitId};

pub use pack::{Pack, Taken};
pub use read::{
    Awaiting, awaiting_interviews, cases_of_other_revisions, load_counted, load_evidence, load_interviews,
    load_visits, people_of, rename_awaited, set_people, visit_arrived, visit_cases,
};
pub use write::{Others, insert_dwelling_records, insert_interviews, insert_visits};

/// The statements of this part of the room.
pub(super) fn all() -> Vec<&'static Statement> {
    [read::ALL, write::ALL].concat()
}

/// A visit to be stored.
#[derive(Clone, Debug)]
pub struct NewVisit {
    /// Made by the device.
    pub id: Uuid,
    /// The case it counts for, or the id as sent while held.
    pub case_id: CaseId,
    /// The id as sent where it differs.
    pub sent_case_id: Option<CaseId>,
    /// Whether it counts.
    pub status: Status,
    /// Why it is held.
    pub held_reason: Option<String>,
    /// A sentence about that.
    pub held_detail: Option<String>,
    /// Place in the batch.
    pub batch_index: i32,
    /// Keyed digest.
    pub digest: Vec<u8>,
    /// Device time.
    pub at: Timestamp,
    /// UTC offset as sent, minutes.
    pub at_offset_min: i16,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// Outcome.
    pub outcome: Outcome,
    /// Channel.
    pub channel: Channel,
    /// Informant.
    pub informant: Informant,
    /// Agreed window.
    pub appointment: Option<Window>,
    /// Pictures named.
    pub photo: Vec<Uuid>,
    /// WGS-84 degrees.
    pub position: Option<(f64, f64)>,
    /// Metres.
    pub accuracy_m: Option<f32>,
    /// Degrees as sent and their datum.
    pub sent_position: Option<(f64, f64, Datum)>,
    /// Note.
    pub note: Option<String>,
    /// Number of the card left.
    pub card: Option<String>,
    /// Unknown fields, JSON.
    pub extra: Option<String>,
}

/// An interview revision to be stored.
#[derive(Clone, Debug)]
pub struct NewInterview {
    /// Made by the device.
    pub id: Uuid,
    /// 1 and up.
    pub revision: i32,
    /// The case, or the id as sent while held.
    pub case_id: CaseId,
    /// The id as sent where it differs.
    pub sent_case_id: Option<CaseId>,
    /// The visit it names.
    pub visit_id: Option<Uuid>,
    /// That visit has not arrived.
    pub is_visit_awaited: bool,
    /// Whether it counts.
    pub status: Status,
    /// Why it is held.
    pub held_reason: Option<String>,
    /// A sentence about that.
    pub held_detail: Option<String>,
    /// Place in the batch.
    pub batch_index: i32,
    /// Keyed digest.
    pub digest: Vec<u8>,
    /// Device time.
    pub at: Timestamp,
    /// UTC offset as sent, minutes.
    pub at_offset_min: i16,
    /// Complete or partial.
    pub result: InterviewResult,
    /// Who answered.
    pub respondent: Respondent,
    /// Person figures.
    pub persons: PersonCounts,
    /// The people on the form.
    pub people: Vec<NewPerson>,
    /// Household items, JSON.
    pub household: String,
    /// Digits only.
    pub phone: Option<String>,
    /// As written.
    pub address_text: Option<String>,
    /// Survey's own items, JSON.
    pub answers: Option<String>,
    /// Unknown fields, JSON.
    pub extra: Option<String>,
    /// The form and its version, where it came of a filled-in form.
    pub form: Option<(String, String)>,
}

/// A person of an interview to be stored: an object of `interview.people`, under the names that the view `person` reads.
#[derive(Clone, Debug, Serialize)]
pub struct NewPerson {
    /// Number on the form.
    pub person_no: i32,
    /// As written.
    pub name: String,
    /// Given apart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub surname: Option<String>,
    /// Given apart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub given_name: Option<String>,
    /// Sex, by its number.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "by_number")]
    pub sex: Option<Sex>,
    /// Year of birth.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub birth_year: Option<i16>,
    /// Month of birth.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub birth_month: Option<i16>,
    /// Day of birth.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub birth_day: Option<i16>,
    /// Relationship, by its number.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "by_number")]
    pub relationship: Option<Relationship>,
    /// Residence status, by its number.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "by_number")]
    pub residence_status: Option<ResidenceStatus>,
    /// Keyed hash, in base 64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub citizen_id_hash: Option<String>,
    /// The name of its key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub citizen_id_key: Option<String>,
    /// Whose digest it keeps as soon as that revision is here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub citizen_id_from: Option<KeptFrom>,
    /// Mended before hashing.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_id_repaired: bool,
    /// Where else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub other_address: Option<String>,
    /// The other items of the form, a JSON object.
    pub items: Box<RawValue>,
}

/// A person of an earlier revision of the same interview.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct KeptFrom {
    /// The revision.
    pub revision: i32,
    /// Number on the form.
    pub person_no: u32,
}

/// A stored revision and its people.
#[derive(Clone, Debug)]
pub struct StoredPeople {
    /// The interview.
    pub id: Uuid,
    /// The revision.
    pub revision: i32,
    /// The case it counts for, or would.
    pub case_id: CaseId,
    /// Whether it counts.
    pub status: Status,
    /// Why it is or was held.
    pub held_reason: Option<String>,
    /// The device that sent it.
    pub device_id: Uuid,
    /// Objects under the names of [`NewPerson`].
    pub people: Vec<Value>,
}

/// A code as the view `person` reads it: its number.
#[expect(clippy::ref_option, reason = "serde gives a field by reference")]
fn by_number<T: ClosedSet, S: serde::Serializer>(code: &Option<T>, serializer: S) -> Result<S::Ok, S::Error> {
    code.map(ClosedSet::code_number).serialize(serializer)
}

/// A door found in the field, to be stored.
#[derive(Clone, Debug)]
pub struct NewDwellingRecord {
    /// Made by the device.
    pub id: Uuid,
    /// Whether it counts.
    pub status: Status,
    /// Why it is held.
    pub held_reason: Option<String>,
    /// A sentence about that.
    pub held_detail: Option<String>,
    /// The case it stands for.
    pub case_id: Option<CaseId>,
    /// Place in the batch.
    pub batch_index: i32,
    /// Keyed digest.
    pub digest: Vec<u8>,
    /// Area as sent.
    pub area: String,
    /// The record, JSON.
    pub content: String,
    /// The door it looks like under another writing.
    pub looks_like: Option<Uuid>,
}

/// Who sent the rows and when; the same for a whole batch.
#[derive(Clone, Debug)]
pub struct Sender {
    /// The batch.
    pub batch: Uuid,
    /// The device.
    pub device: Uuid,
    /// The enumerator.
    pub user: Arc<str>,
    /// Server time.
    pub received_at: Timestamp,
}

impl NewVisit {
    /// The visit as evidence, as it will be read back.
    pub fn evidence(&self, sender: &Sender) -> Visit {
        Visit {
            id: VisitId(self.id),
            at: self.at,
            received_at: sender.received_at,
            outcome: self.outcome,
            enumerator: Arc::clone(&sender.user),
            channel: self.channel,
            informant: self.informant,
            has_photo: !self.photo.is_empty(),
            appointment: self.appointment,
        }
    }
}

impl NewInterview {
    /// The first revision to come of an interview as evidence, as it will be read back.
    pub fn evidence(&self, sender: &Sender) -> Interview {
        Interview {
            id: InterviewId(self.id),
            revision: self.revision,
            visit_id: self.visit_id.map(VisitId),
            result: self.result,
            respondent: self.respondent,
            at: self.at,
            received_at: sender.received_at,
            counted_elsewhere: false,
            persons: self.persons,
        }
    }
}

/// Person figures in the order the database keeps them; the seventh, paired people, is the links' to set.
pub fn person_numbers(p: &PersonCounts) -> [i32; 6] {
    [p.recorded, p.resident, p.here_registered, p.here_elsewhere, p.absent_registered, p.here_pending]
        .map(|n| i32::try_from(n).unwrap_or(i32::MAX))
}

fn person_counts(numbers: &[i32]) -> PersonCounts {
    let n = |i: usize| numbers.get(i).map_or(0, |n| u32::try_from(*n).unwrap_or_default());
    PersonCounts {
        recorded: n(0),
        resident: n(1),
        here_registered: n(2),
        here_elsewhere: n(3),
        absent_registered: n(4),
        here_pending: n(5),
    }
}
