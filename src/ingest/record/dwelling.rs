//! A door found in the field, as sent.

use uuid::Uuid;

use super::fields::Fields;
use super::place::{Fix, read_fix, read_position};
use super::{Context, LONGEST_NAME, Refusal};
use crate::domain::DwellingKind;
use crate::domain::time::SentTime;
use crate::ingest::json::MAX_STRING_CHARS;
use crate::ingest::reason::Reason;
use crate::ingest::scrub::scrub_code;

/// A door that can be stored; whether its area is known, and whether the door is listed already, is not judged.
#[derive(Clone, Debug, PartialEq)]
pub struct DwellingRecord {
    /// The record's own id; visits may name it instead of a case.
    pub id: Uuid,
    /// The area's code, not empty.
    pub area: String,
    /// The building, not empty.
    pub building: String,
    /// The unit or staircase; empty = none.
    pub unit: String,
    /// The floor.
    pub floor: Option<i32>,
    /// The room, not empty.
    pub room: String,
    /// What it is; a dwelling unless said.
    pub kind: DwellingKind,
    /// Which household behind the door, from 1.
    pub household: u32,
    /// Where it is.
    pub position: Option<Fix>,
    /// What the building is called.
    pub building_name: Option<String>,
    /// The door's number in another register.
    pub external_id: Option<String>,
    /// When it was found.
    pub at: Option<SentTime>,
    /// The enumerator's note, without citizen IDs.
    pub note: Option<String>,
    /// JSON object of fields not known here and of those left out with a warning, without citizen IDs.
    pub extra: Option<String>,
}

pub(super) fn read(fields: Fields<'_, '_>, context: &Context<'_>) -> Result<DwellingRecord, Refusal> {
    Ok(DwellingRecord {
        id: fields.needed_uuid("id")?,
        area: read_area(&fields)?,
        building: needed_label(&fields, "building", LONGEST_NAME)?,
        unit: read_unit(&fields)?,
        floor: fields.integer("floor", -99..=999)?.and_then(|floor| i32::try_from(floor).ok()),
        room: needed_label(&fields, "room", LONGEST_NAME)?,
        kind: fields.code("kind")?.unwrap_or(DwellingKind::Residential),
        household: fields.ordinal("household", 999)?.unwrap_or(1),
        position: read_place(&fields),
        building_name: fields.text("building_name", LONGEST_NAME)?,
        external_id: fields.label("external_id", LONGEST_NAME)?,
        at: read_at(&fields, context)?,
        note: fields.text("note", MAX_STRING_CHARS)?,
        extra: fields.rest(),
    })
}

/// The position, given as a visit's or as `lon` and `lat` of the record itself.
fn read_place(fields: &Fields<'_, '_>) -> Option<Fix> {
    let position = read_position(fields);
    if position.is_some() || fields.raw("lon").or(fields.raw("lat")).is_none() {
        return position;
    }
    let fix = read_fix(fields);
    if fix.is_none() {
        for key in ["lon", "lat", "accuracy_m", "datum"] {
            fields.give_back(key);
        }
    }
    fix
}

/// When the door was found; it stands there whatever a clock says.
fn read_at(fields: &Fields<'_, '_>, context: &Context<'_>) -> Result<Option<SentTime>, Refusal> {
    let at = fields.time("at")?;
    if at.is_some_and(|at| context.is_ahead(at)) {
        fields.leave_out("at", Reason::FieldDropped, "lies in the future and was left out");
        return Ok(None);
    }
    Ok(at)
}

/// A part of the door's address that may not be empty.
fn needed_label(fields: &Fields<'_, '_>, key: &str, longest: usize) -> Result<String, Refusal> {
    let text = fields.label(key, longest)?.ok_or_else(|| fields.missing(key))?;
    check_part(fields, key, text)
}

/// The staircase, which a door need not have.
fn read_unit(fields: &Fields<'_, '_>) -> Result<String, Refusal> {
    match fields.label("unit", LONGEST_NAME)? {
        Some(unit) => check_part(fields, "unit", unit),
        None => Ok(String::new()),
    }
}

/// The area's code; codes of 15 digits are no citizen IDs here.
fn read_area(fields: &Fields<'_, '_>) -> Result<String, Refusal> {
    let code = fields.raw("area").and_then(|value| value.text()).filter(|code| code.len() <= LONGEST_NAME);
    match code {
        Some(code) => check_part(fields, "area", scrub_code(code).into_owned()),
        None => needed_label(fields, "area", LONGEST_NAME),
    }
}

/// A bar or a control character would make the key of this door look like that of another one.
fn check_part(fields: &Fields<'_, '_>, key: &str, text: String) -> Result<String, Refusal> {
    if text.contains('|') || text.chars().any(char::is_control) {
        return Err(fields.refuse(Reason::BadField, key, "must not hold a bar or a control character"));
    }
    Ok(text)
}
