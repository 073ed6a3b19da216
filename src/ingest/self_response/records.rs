//! The two records that an answer becomes, written as a phone would write them and read by the same rules, under ids made from the
//! card's code: so the same answer twice is one.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::super::accept::Numbers;
use super::super::digest::{ContentDigest, Keys};
use super::super::reason::Reason;
use super::super::record::{Context, InterviewRecord, Parsed, Read, VisitRecord, read_record};
use super::super::rows::{Standing, interview_row, visit_row};
use super::{Again, Answer, Work};
use crate::domain::CaseId;
use crate::store::card::CardRow;
use crate::store::evidence::{NewInterview, NewVisit};

/// What of an answer goes into the interview.
const PARTS: [&str; 4] = ["household", "persons", "answers", "address_text"];

/// An answer as records, still to be placed.
pub(super) struct Made {
    /// What stands for a batch.
    pub(super) batch: Uuid,
    /// What stands for a device.
    pub(super) device: Uuid,
    /// The visit; only of a first answer.
    visit: Option<(ContentDigest, Box<VisitRecord>)>,
    interview: (ContentDigest, Box<InterviewRecord>),
}

impl Made {
    /// The rows of visit and interview.
    pub(super) fn rows(&self, standing: &Standing, keys: &Keys) -> (Vec<NewVisit>, NewInterview) {
        let visits = self.visit.iter().map(|(digest, v)| visit_row(0, digest, v, standing)).collect();
        let (digest, interview) = &self.interview;
        (visits, interview_row(1, digest, interview, standing, false, (&Numbers::default(), keys)))
    }
}

/// Pointers into an answer, each with a sentence.
pub(super) type Faults = Vec<(String, String)>;

/// The records of an answer to a case, given at a moment as this revision. Errors: the places at which the form cannot be used.
pub(super) fn made(
    work: &Work<'_>,
    card: &CardRow,
    case: CaseId,
    again: &Again<'_>,
    answer: &Answer,
    (revision, at): (i32, Timestamp),
) -> Result<Made, Faults> {
    let id = |what: &str| work.keys.card_id(&card.hash, &format!("{what} {}", answer.household));
    let second = again.is_second().then(|| id(&format!("second {:?}", again.digest)));
    let names = Names {
        visit: id("visit"),
        interview: second.unwrap_or_else(|| id("interview")),
        batch: id(&format!("batch {revision}")),
        device: id("device"),
    };
    let outcome = (revision == 1 && !again.is_second()).then_some(("self_response", "online"));
    written(work, &names, case, answer, (revision, at, outcome))
}

/// The ids of what is written.
pub(super) struct Names {
    pub(super) visit: Uuid,
    pub(super) interview: Uuid,
    pub(super) batch: Uuid,
    pub(super) device: Uuid,
}

/// An answer as records under these ids: as this revision, at a moment, with a visit of this outcome and channel or without one.
pub(super) fn written(
    work: &Work<'_>,
    names: &Names,
    case: CaseId,
    answer: &Answer,
    (revision, at, visited): (i32, Timestamp, Option<(&str, &str)>),
) -> Result<Made, Faults> {
    let context = Context {
        survey_from: work.survey.opens_at(),
        survey_to: work.survey.closes_at(),
        reference: work.survey.reference_date(),
        received_at: work.at.now,
        clock_offset: SignedDuration::ZERO,
        keys: work.keys,
    };
    let mut form: Map<String, Value> = PARTS
        .iter()
        .filter_map(|part| Some(((*part).to_owned(), answer.interview.get(part)?.clone())))
        .collect();
    let head = json!({"type": "interview", "id": names.interview, "case_id": case, "visit_id": names.visit,
        "revision": revision, "result": "complete", "at": at, "respondent": "member"});
    form.extend(head.as_object().cloned().unwrap_or_default());
    let interview = interview_of(read_record(0, &Value::Object(form).to_string(), &context))?;
    let visit = visited.and_then(|(outcome, channel)| {
        let visit = json!({"type": "visit", "id": names.visit, "case_id": case, "at": at, "outcome": outcome, "channel": channel});
        visit_of(read_record(1, &visit.to_string(), &context))
    });
    Ok(Made { batch: names.batch, device: names.device, visit, interview })
}

fn visit_of(read: Read) -> Option<(ContentDigest, Box<VisitRecord>)> {
    if let Parsed::Visit(visit) = read.parsed { Some((read.digest, visit)) } else { None }
}

fn interview_of(read: Read) -> Result<(ContentDigest, Box<InterviewRecord>), Faults> {
    let place =
        |pointer: &str| format!("/interview{}", pointer.strip_prefix("/records/0").unwrap_or_default());
    if let Some(held) = read.held.filter(|held| held.reason == Reason::FormError) {
        let places = held.pointers.iter().map(|pointer| (place(pointer), held.detail.clone()));
        return Err(places.collect());
    }
    match read.parsed {
        Parsed::Interview(interview) => Ok((read.digest, interview)),
        Parsed::Refused(refused) => Err(vec![(place(&refused.pointer), refused.detail)]),
        Parsed::Visit(_) | Parsed::Dwelling(_) | Parsed::MessageRead(_) | Parsed::Submission(_) => {
            Err(vec![("/interview".to_owned(), "must be an interview".to_owned())])
        }
    }
}
