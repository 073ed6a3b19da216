//! A visit as sent.

use jiff::SignedDuration;
use uuid::Uuid;

use super::fields::{Fields, is_unsent};
use super::place::{Fix, read_position};
use super::{Context, Refusal};
use crate::domain::time::SentTime;
use crate::domain::{CardNumber, CaseId, Channel, Informant, Outcome, VisitId, Window};
use crate::ingest::json::{MAX_STRING_CHARS, read_uuid};
use crate::ingest::reason::Reason;

/// Pictures that one visit can name.
const MOST_PHOTOS: usize = 100;
/// How long an appointment lasts that says no end.
const USUAL_APPOINTMENT: SignedDuration = SignedDuration::from_mins(60);

/// A visit that can be stored; whether its case is known is not judged.
#[derive(Clone, Debug, PartialEq)]
pub struct VisitRecord {
    /// The visit's id.
    pub id: VisitId,
    /// The case as the device names it: a case's id, or that of a dwelling record.
    pub case: CaseId,
    /// When it began.
    pub at: SentTime,
    /// When it ended; never before it began.
    pub ended_at: Option<SentTime>,
    /// What came of it.
    pub outcome: Outcome,
    /// How; in person unless said.
    pub channel: Channel,
    /// Who else said so or was asked; nobody unless said.
    pub informant: Informant,
    /// The appointment agreed on: not reversed, not past at the visit, not after the survey.
    pub appointment: Option<Window>,
    /// Its pictures, each once.
    pub photos: Vec<Uuid>,
    /// Where the device was.
    pub position: Option<Fix>,
    /// The enumerator's note, without citizen IDs.
    pub note: Option<String>,
    /// The card that was left.
    pub card: Option<CardNumber>,
    /// The device's monotonic seconds at `at`.
    pub mono_s: Option<f64>,
    /// Whether the device says that its position was made up.
    pub mock_location: Option<bool>,
    /// JSON object of fields not known here and of those left out with a warning, without citizen IDs.
    pub extra: Option<String>,
}

pub(super) fn read(fields: Fields<'_, '_>, context: &Context<'_>) -> Result<VisitRecord, Refusal> {
    let at = fields.needed_time("at")?;
    let outcome = fields.code_or("outcome", Reason::UnknownOutcome)?;
    fields.notes().judge_time(at, context);
    Ok(VisitRecord {
        id: VisitId(fields.needed_uuid("id")?),
        case: CaseId(fields.needed_uuid("case_id")?),
        at,
        ended_at: read_end(&fields, at, context)?,
        outcome: outcome.ok_or_else(|| fields.missing("outcome"))?,
        channel: fields.code("channel")?.unwrap_or(Channel::InPerson),
        informant: fields.code("informant")?.unwrap_or(Informant::None),
        appointment: read_appointment(&fields, at, context)?,
        photos: read_photos(&fields),
        position: read_position(&fields),
        note: fields.text("note", MAX_STRING_CHARS)?,
        card: read_card(&fields),
        mono_s: fields.seconds("mono_s")?,
        mock_location: fields.bool("mock_location")?,
        extra: fields.rest(),
    })
}

/// When the visit ended: not before it began, nor in the future unless it began there too.
fn read_end(
    fields: &Fields<'_, '_>,
    at: SentTime,
    context: &Context<'_>,
) -> Result<Option<SentTime>, Refusal> {
    let Some(end) = fields.time("ended_at")? else {
        return Ok(None);
    };
    let says = if end.instant < at.instant {
        "lies before the visit's beginning and was left out"
    } else if context.is_ahead(end) && !context.is_ahead(at) {
        "lies in the future and was left out"
    } else {
        return Ok(Some(end));
    };
    fields.leave_out("ended_at", Reason::FieldDropped, says);
    Ok(None)
}

/// The appointment; one that says no end lasts [`USUAL_APPOINTMENT`].
fn read_appointment(
    fields: &Fields<'_, '_>,
    at: SentTime,
    context: &Context<'_>,
) -> Result<Option<Window>, Refusal> {
    let Some(inner) = fields.object("appointment")? else {
        return Ok(None);
    };
    let (from, to) = (inner.time("from")?, inner.time("to")?);
    let Some(from) = from.map(|from| from.instant) else {
        fields.leave_out("appointment", Reason::AppointmentDropped, "does not say when it begins");
        return Ok(None);
    };
    let to = to.map_or(from + USUAL_APPOINTMENT, |to| to.instant);
    let says = if to < from {
        "ends before it begins"
    } else if to < at.instant {
        "was past already when the visit was made"
    } else if from >= context.survey_to {
        "lies after the last day of the survey"
    } else {
        if inner.rest().is_some() {
            fields.give_back("appointment");
        }
        return Ok(Some(Window { from, to }));
    };
    fields.leave_out("appointment", Reason::AppointmentDropped, says);
    Ok(None)
}

/// The number of the card left, written as a text or a number. One that is mistyped is kept as it was sent.
fn read_card(fields: &Fields<'_, '_>) -> Option<CardNumber> {
    let value = fields.raw("card")?;
    let number = match (value.text(), value.integer()) {
        (Some(text), _) => text.trim().parse().ok(),
        (None, Some(number)) => format!("{number:07}").parse().ok(),
        (None, None) => None,
    };
    if number.is_none() {
        fields.leave_out("card", Reason::CardInvalid, "is no number of a card and was left out");
    }
    number
}

/// Reads the ids of pictures. No picture ever costs a visit: what is no id is left out with a warning.
fn read_photos(fields: &Fields<'_, '_>) -> Vec<Uuid> {
    let Some(value) = fields.raw("photo") else {
        return Vec::new();
    };
    let items = value.items().unwrap_or(std::slice::from_ref(value));
    let named: Vec<_> = items.iter().filter(|item| !is_unsent(item)).collect();
    let mut photos: Vec<Uuid> = named.iter().filter_map(|item| item.text().and_then(read_uuid)).collect();
    if photos.len() < named.len() {
        fields.leave_out("photo", Reason::FieldDropped, "holds something that is no id of a picture");
    }
    photos.sort_unstable();
    photos.dedup();
    if photos.len() > MOST_PHOTOS {
        fields.leave_out("photo", Reason::FieldDropped, "names more than 100 pictures");
        photos.truncate(MOST_PHOTOS);
    }
    photos
}
