//! One person of an interview, as sent.

use jiff::civil::Date;

use super::fields::Fields;
use super::{Context, LONGEST_NAME, Notes, Refusal};
use crate::domain::citizen_id::{CitizenIdFault, Repair, check_before, repair_before};
use crate::domain::form::{Birth, Person};
use crate::domain::{ResidenceStatus, Sex};
use crate::ingest::digest::IdDigest;
use crate::ingest::json::{Json, MAX_STRING_CHARS};
use crate::ingest::reason::Reason;

/// A person of an interview.
#[derive(Clone, Debug, PartialEq)]
pub struct PersonRecord {
    /// The items of the form, without the citizen ID; the residence status as stated.
    pub form: Person,
    /// Digest of the citizen ID.
    pub citizen: Option<IdDigest>,
    /// Revision and person number of this interview whose digest it keeps; only without a number of its own.
    pub citizen_from: Option<(i32, u32)>,
    /// What became of the citizen ID.
    pub citizen_state: CitizenState,
    /// The residence status: derived where the answers allow it, else as stated.
    pub status: Option<ResidenceStatus>,
    /// The given name, where it was written apart.
    pub given_name: Option<String>,
    /// The surname, where it was written apart.
    pub surname: Option<String>,
    /// Where registered or living when elsewhere.
    pub other_address: Option<String>,
    /// JSON object of fields not known here, without citizen IDs.
    pub extra: Option<String>,
}

/// What became of a person's citizen ID.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CitizenState {
    /// None was given.
    Absent,
    /// It is right as given.
    Valid,
    /// It had one slip that could be mended without doubt.
    Repaired,
    /// It cannot be right and was left out.
    Dropped,
}

/// Reads the person at place `n` of the list. `form.citizen_id` is still there, for the checks of the whole form.
pub(super) fn read(
    n: usize,
    item: &Json<'_>,
    context: &Context<'_>,
    notes: &Notes,
) -> Result<PersonRecord, Refusal> {
    let at = format!("/persons/{n}");
    let Json::Obj(members) = item else {
        return Err(Refusal::new(Reason::BadField, at, "must be an object"));
    };
    let fields = Fields::new(members, at, notes);
    let form = read_form(&fields)?;
    let mut person = PersonRecord {
        status: form.status(),
        form,
        citizen: None,
        citizen_from: None,
        citizen_state: CitizenState::Absent,
        given_name: fields.text("given_name", LONGEST_NAME)?,
        surname: fields.text("surname", LONGEST_NAME)?,
        other_address: fields.text("other_address", MAX_STRING_CHARS)?,
        extra: None,
    };
    read_citizen_id(&fields, &mut person, context);
    let kept = read_kept(&fields)?;
    person.citizen_from = kept.filter(|_| person.citizen_state == CitizenState::Absent);
    person.extra = fields.rest();
    Ok(person)
}

/// The items of the form but for the citizen ID. A name that is not there is judged with the form.
fn read_form(fields: &Fields<'_, '_>) -> Result<Person, Refusal> {
    let sex: Sex = fields.code("sex")?.ok_or_else(|| fields.missing("sex"))?;
    Ok(Person {
        person_no: read_number(fields)?,
        name: fields.text("name", LONGEST_NAME)?.unwrap_or_default(),
        relationship: fields.code("relationship")?,
        citizen_id: None,
        sex: Some(sex),
        birth: read_birth(fields)?,
        ethnicity: read_ethnicity(fields)?,
        stayed_here: fields.bool("stayed_here")?,
        stayed_at: fields.small("stayed_at")?,
        registered_at: fields.small("registered_at")?,
        time_away: fields.small("time_away")?,
        reason_away: fields.text("reason_away", MAX_STRING_CHARS)?,
        education: fields.small("education")?,
        literate: fields.small("literate")?,
        residence_status: fields.code("residence_status")?,
    })
}

/// The number in the list; whether a list can have it is judged with the form.
fn read_number(fields: &Fields<'_, '_>) -> Result<u32, Refusal> {
    let number = fields.whole("person_no")?.ok_or_else(|| fields.missing("person_no"))?;
    Ok(u32::try_from(number).unwrap_or_else(|_| {
        fields.give_back("person_no");
        if number < 0 { 0 } else { u32::MAX }
    }))
}

/// The parts of a date of birth as written; whether there is such a date is judged with the form. A part that no calendar has
/// is kept as sent too.
fn read_birth(fields: &Fields<'_, '_>) -> Result<Option<Birth>, Refusal> {
    let Some(parts) = fields.object("birth")? else {
        return Ok(None);
    };
    let part = |key| {
        let number = parts.whole(key)?.map(|number| i16::try_from(number).unwrap_or(i16::MAX));
        Ok::<_, Refusal>(number)
    };
    let day = |key| Ok::<_, Refusal>(part(key)?.map(|number| i8::try_from(number).unwrap_or(i8::MAX)));
    let birth = Birth { y: part("y")?, m: day("m")?, d: day("d")? };
    if parts.rest().is_some() || !birth.is_possible() {
        fields.give_back("birth");
    }
    Ok(Some(birth).filter(|birth| *birth != Birth::default()))
}

/// Two digits; a number is written with its leading zero. Whether there is such a code is judged with the form.
fn read_ethnicity(fields: &Fields<'_, '_>) -> Result<Option<String>, Refusal> {
    match fields.raw("ethnicity").and_then(Json::whole) {
        Some(code) => Ok(Some(format!("{code:02}"))),
        None => fields.text("ethnicity", MAX_STRING_CHARS),
    }
}

/// Checks and digests the citizen ID; what cannot be right is left out with a warning. The number itself goes no further
/// than `person.form`, from where it is taken after the form's checks.
fn read_citizen_id(fields: &Fields<'_, '_>, person: &mut PersonRecord, context: &Context<'_>) {
    let Some(value) = fields.raw("citizen_id") else {
        return;
    };
    let (pointer, notes) = (fields.pointer("citizen_id"), fields.notes());
    let birth = person.form.birth.and_then(Birth::year_month);
    let (id, state) = match judge_citizen_id(value, birth, person.form.sex, context.reference) {
        Repair::Valid(id) => (id, CitizenState::Valid),
        Repair::Repaired(id) => {
            notes.warn(Reason::CitizenIdRepaired, &pointer, "had one slip, which was mended");
            (id, CitizenState::Repaired)
        }
        Repair::Impossible(fault) => {
            notes.warn_in_words(Reason::CitizenIdDropped, &pointer, fault.to_string());
            person.citizen_state = CitizenState::Dropped;
            return;
        }
    };
    if matches!(value, Json::Num(_)) {
        notes.warn(Reason::Unlikely, &pointer, "was sent as a number; send it as a text, or digits get lost");
    }
    person.citizen = Some(context.keys.id_digest(&id));
    person.citizen_state = state;
    person.form.citizen_id = Some(id);
}

/// Whose number is kept: `{revision, person_no}` of this interview.
fn read_kept(fields: &Fields<'_, '_>) -> Result<Option<(i32, u32)>, Refusal> {
    let Some(from) = fields.object("citizen_id_from")? else { return Ok(None) };
    let (revision, no) =
        (from.integer("revision", 1..=i64::from(i32::MAX))?, from.integer("person_no", 1..=999)?);
    Ok(revision.zip(no).and_then(|(r, n)| Some((i32::try_from(r).ok()?, u32::try_from(n).ok()?))))
}

/// What becomes of a citizen ID as sent. One sent as a JSON number is not mended: most programs change its last digits, so
/// that what looks like one slip may be the number of somebody else.
fn judge_citizen_id(
    value: &Json<'_>,
    birth: Option<(i16, Option<i8>)>,
    sex: Option<Sex>,
    reference: Date,
) -> Repair {
    match value {
        Json::Str(text) => repair_before(text, birth, sex, reference),
        Json::Num(text) => check_before(text, reference).map_or_else(Repair::Impossible, Repair::Valid),
        Json::Null | Json::Bool(_) | Json::Arr(_) | Json::Obj(_) => Repair::Impossible(CitizenIdFault::Shape),
    }
}
