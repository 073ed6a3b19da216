//! One revision of an interview, as sent: the household's items, its persons, the checks of the form.

use super::fields::Fields;
use super::person::{self, PersonRecord};
use super::{Context, Held, Notes, Refusal};
use crate::domain::form::{Asked, FormIssue, FormReason, Household, Person, Severity, check_form};
use crate::domain::time::SentTime;
use crate::domain::{CaseId, InterviewId, InterviewResult, PersonCounts, Respondent, VisitId, phone};
use crate::ingest::json::MAX_STRING_CHARS;
use crate::ingest::reason::Reason;

/// An interview that can be stored; whether its case and visit are known is not judged.
#[derive(Clone, Debug, PartialEq)]
pub struct InterviewRecord {
    /// The interview's id, the same through all its revisions.
    pub id: InterviewId,
    /// The case as the device names it: a case's id, or that of a dwelling record.
    pub case: CaseId,
    /// The visit it was taken at.
    pub visit: Option<VisitId>,
    /// From 1.
    pub revision: i32,
    /// When it was taken.
    pub at: SentTime,
    /// Complete unless said.
    pub result: InterviewResult,
    /// Who answered; a member of the household unless said.
    pub respondent: Respondent,
    /// The household's items; the telephone number as written.
    pub household: Household,
    /// The telephone number in its one form, where it is one.
    pub phone: Option<String>,
    /// The persons listed.
    pub persons: Vec<PersonRecord>,
    /// The persons, counted by kind.
    pub counts: PersonCounts,
    /// The address as the enumerator wrote it.
    pub address_text: Option<String>,
    /// JSON object of the answers to the survey's own items, without citizen IDs.
    pub answers: Option<String>,
    /// The form it was taken with and the version of that, where it is not the short form sent as it is.
    pub form: Option<(String, String)>,
    /// Seconds for which the interview was interrupted.
    pub paused_s: Option<f64>,
    /// JSON object of the household's fields not known here, without citizen IDs.
    pub household_extra: Option<String>,
    /// JSON object of fields not known here and of those left out, without citizen IDs.
    pub extra: Option<String>,
}

pub(super) fn read(fields: Fields<'_, '_>, context: &Context<'_>) -> Result<InterviewRecord, Refusal> {
    let notes = fields.notes();
    let at = fields.needed_time("at")?;
    let result = fields.code("result")?.unwrap_or(InterviewResult::Complete);
    let (household, household_extra) = read_household(&fields)?;
    let mut persons = read_persons(&fields, context)?;
    notes.judge_time(at, context);
    let asked = Asked { result, reference: context.reference };
    let counts = judge_form(&household, &mut persons, asked, notes);
    Ok(InterviewRecord {
        id: InterviewId(fields.needed_uuid("id")?),
        case: CaseId(fields.needed_uuid("case_id")?),
        visit: fields.uuid("visit_id")?.map(VisitId),
        revision: read_revision(&fields)?,
        at,
        result,
        respondent: fields.code("respondent")?.unwrap_or(Respondent::Member),
        phone: read_phone(&household, notes),
        household,
        persons,
        counts,
        address_text: fields.text("address_text", MAX_STRING_CHARS)?,
        answers: fields.object_text("answers")?,
        form: None,
        paused_s: fields.seconds("paused_s")?,
        household_extra,
        extra: fields.rest(),
    })
}

fn read_persons(fields: &Fields<'_, '_>, context: &Context<'_>) -> Result<Vec<PersonRecord>, Refusal> {
    let items = fields.list("persons")?.unwrap_or_default();
    items.iter().enumerate().map(|(n, item)| person::read(n, item, context, fields.notes())).collect()
}

fn read_phone(household: &Household, notes: &Notes) -> Option<String> {
    let written = household.phone.as_deref()?;
    let phone = phone::normalise(written);
    if phone.is_none() {
        notes.warn(Reason::Unlikely, "/household/phone", "does not look like a telephone number");
    }
    phone
}

/// The revision; a record without one is the first.
fn read_revision(fields: &Fields<'_, '_>) -> Result<i32, Refusal> {
    let Some(value) = fields.raw("revision") else {
        return Ok(1);
    };
    let revision = value.integer().and_then(|n| i32::try_from(n).ok()).filter(|n| *n >= 1);
    revision.ok_or_else(|| fields.refuse(Reason::BadRevision, "revision", "must be a whole number from 1 on"))
}

fn read_household(fields: &Fields<'_, '_>) -> Result<(Household, Option<String>), Refusal> {
    let Some(inner) = fields.object("household")? else {
        return Ok((Household::default(), None));
    };
    let household = Household {
        household_type: inner.code("household_type")?,
        household_no: inner.count("household_no", 0)?,
        phone: inner.digits_or_text("phone", MAX_STRING_CHARS)?,
        n_stayed: inner.count("n_stayed", 0)?,
        n_registered_absent: inner.count("n_registered_absent", 0)?,
        births_m: inner.count("births_m", 0)?,
        births_f: inner.count("births_f", 0)?,
        deaths_m: inner.count("deaths_m", 0)?,
        deaths_f: inner.count("deaths_f", 0)?,
        dwelling_kind: inner.small("dwelling_kind")?,
        floor_area_m2: inner.number("floor_area_m2", is_area, "is no floor area and was left out")?,
        rooms: inner.count("rooms", 1)?,
        tenure: inner.code("tenure")?,
    };
    Ok((household, inner.rest()))
}

/// Square metres that a dwelling, or quarters for many, can have.
fn is_area(square_metres: f64) -> bool {
    square_metres > 0.0 && square_metres <= 1_000_000.0
}

/// Checks the form as a whole, holds the record for errors, warns of the rest, and takes the citizen IDs away.
fn judge_form(
    household: &Household,
    persons: &mut [PersonRecord],
    asked: Asked,
    notes: &Notes,
) -> PersonCounts {
    let forms: Vec<Person> = persons.iter().map(|person| person.form.clone()).collect();
    for person in persons {
        person.form.citizen_id = None;
    }
    let (errors, warnings): (Vec<FormIssue>, Vec<FormIssue>) =
        check_form(household, &forms, asked).into_iter().partition(|issue| issue.severity == Severity::Error);
    for issue in warnings {
        notes.warn_in_words(warned_as(issue.reason), &issue.pointer, issue.detail);
    }
    if let Some(first) = errors.first() {
        let pointers = errors.iter().map(|issue| format!("{}{}", notes.base, issue.pointer)).collect();
        notes.hold(Held { reason: Reason::FormError, detail: first.detail.clone(), pointers });
    }
    PersonCounts::of(&forms)
}

/// The reason on the wire for a form's warning.
fn warned_as(slug: &str) -> Reason {
    match FormReason::from_slug(slug) {
        Some(FormReason::StatusDiffers) => Reason::ResidenceDiffers,
        Some(FormReason::TimeAwayDiffers) => Reason::TimeAwayDiffers,
        Some(FormReason::CountsDiffer) => Reason::CountsDiffer,
        Some(FormReason::BirthDiffers | FormReason::SexDiffers) => Reason::CitizenIdDisagrees,
        Some(
            FormReason::NobodyListed
            | FormReason::PersonTwice
            | FormReason::NoHead
            | FormReason::TwoHeads
            | FormReason::CodeUnknown
            | FormReason::BirthImpossible
            | FormReason::HeadNotFirst
            | FormReason::RelationshipMissing
            | FormReason::NotOfThisDoor
            | FormReason::StayDiffers
            | FormReason::AwayNotRegistered
            | FormReason::BornLater
            | FormReason::VeryOld
            | FormReason::NotAsked
            | FormReason::NameEmpty
            | FormReason::NumberMisused
            | FormReason::PersonNoImpossible
            | FormReason::VeryMany,
        )
        | None => Reason::Unlikely,
    }
}
