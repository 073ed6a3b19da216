//! One person of an interview, as sent.

use super::fields::Fields;
use super::{Context, Notes, Refusal};
use crate::domain::citizen_id::{Repair, repair_before};
use crate::domain::form::{Birth, Person};
use crate::domain::{ResidenceStatus, Sex};
use crate::ingest::digest::IdDigest;
use crate::ingest::json::Json;
use crate::ingest::reason::Reason;

/// Characters of a name.
pub(super) const LONGEST_NAME: usize = 200;
/// Characters of an address.
pub(super) const LONGEST_ADDRESS: usize = 1_000;

/// A person of an interview.
#[derive(Clone, Debug, PartialEq)]
pub struct PersonRecord {
    /// The items of the form, without the citizen ID; the residence status as stated.
    pub form: Person,
    /// Digest of the citizen ID.
    pub citizen: Option<IdDigest>,
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
    notes: &mut Notes,
) -> Result<PersonRecord, Refusal> {
    let at = format!("/persons/{n}");
    let Json::Obj(members) = item else {
        return Err(Refusal::new(Reason::BadField, at, "must be an object"));
    };
    let fields = Fields::new(members, at);
    let form = read_form(&fields)?;
    let mut person = PersonRecord {
        status: form.status(),
        form,
        citizen: None,
        citizen_state: CitizenState::Absent,
        given_name: fields.text("given_name", LONGEST_NAME)?,
        surname: fields.text("surname", LONGEST_NAME)?,
        other_address: fields.text("other_address", LONGEST_ADDRESS)?,
        extra: None,
    };
    read_citizen_id(&fields, &mut person, context, notes);
    person.extra = fields.rest();
    Ok(person)
}

/// The items of the form but for the citizen ID.
fn read_form(fields: &Fields<'_, '_>) -> Result<Person, Refusal> {
    let person_no = fields.integer("person_no", 1, 9_999)?.and_then(|no| u32::try_from(no).ok());
    if fields.raw("name").is_none() {
        return Err(fields.missing("name"));
    }
    let sex: Sex = fields.code("sex")?.ok_or_else(|| fields.missing("sex"))?;
    Ok(Person {
        person_no: person_no.ok_or_else(|| fields.missing("person_no"))?,
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
        reason_away: fields.text("reason_away", 100)?,
        education: fields.small("education")?,
        literate: fields.small("literate")?,
        residence_status: fields.code("residence_status")?,
    })
}

fn read_birth(fields: &Fields<'_, '_>) -> Result<Option<Birth>, Refusal> {
    let Some(parts) = fields.object("birth")? else {
        return Ok(None);
    };
    let part = |key| parts.integer(key, -99, 99).map(|part| part.and_then(|part| i8::try_from(part).ok()));
    let year = parts.integer("y", -9999, 9999)?.and_then(|year| i16::try_from(year).ok());
    let birth = Birth { y: year, m: part("m")?, d: part("d")? };
    if parts.rest().is_some() {
        fields.give_back("birth");
    }
    Ok(Some(birth).filter(|birth| *birth != Birth::default()))
}

/// Two digits; a number is written with its leading zero.
fn read_ethnicity(fields: &Fields<'_, '_>) -> Result<Option<String>, Refusal> {
    match fields.raw("ethnicity").and_then(Json::integer) {
        Some(code) if (0..100).contains(&code) => Ok(Some(format!("{code:02}"))),
        _ => fields.text("ethnicity", 100),
    }
}

/// Checks and digests the citizen ID; what cannot be right is left out with a warning. The number itself goes no further
/// than `person.form`, from where it is taken after the form's checks.
fn read_citizen_id(
    fields: &Fields<'_, '_>,
    person: &mut PersonRecord,
    context: &Context<'_>,
    notes: &mut Notes,
) {
    let Some(value) = fields.raw("citizen_id") else {
        return;
    };
    let text = match value {
        Json::Str(text) => text.trim(),
        Json::Num(text) => text,
        Json::Null | Json::Bool(_) | Json::Arr(_) | Json::Obj(_) => "?",
    };
    if text.is_empty() {
        return;
    }
    let pointer = fields.pointer("citizen_id");
    let birth = person.form.birth.and_then(Birth::year_month);
    let (id, state) = match repair_before(text, birth, person.form.sex, context.reference) {
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
    person.citizen = Some(context.keys.id_digest(&id));
    person.citizen_state = state;
    person.form.citizen_id = Some(id);
}
