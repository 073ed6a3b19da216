//! From records as read to rows as stored.

use std::collections::HashSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::accept::Numbers;
use super::digest::Keys;
use super::json::Json;
use super::record::{CitizenState, DwellingRecord, Fix, InterviewRecord, PersonRecord, VisitRecord};
use crate::domain::{CaseId, Datum, DwellingKind};
use crate::store::batch::Status;
use crate::store::evidence::{KeptFrom, NewInterview, NewPerson, NewVisit};

/// Standing of a record to be stored: whether it counts, and why not.
#[derive(Clone, Debug)]
pub(super) struct Standing {
    /// The case it counts for, or the id as sent while that is unknown.
    pub(super) case_id: CaseId,
    /// Whether it counts.
    pub(super) status: Status,
    /// Reason slug and sentence when held.
    pub(super) held: Option<(String, String)>,
}

/// The row of a visit.
pub(super) fn visit_row(index: usize, digest: &[u8], v: &VisitRecord, standing: &Standing) -> NewVisit {
    let fix = v.position.as_ref();
    #[expect(clippy::cast_possible_truncation, reason = "metres are kept in single precision")]
    let accuracy_m = fix.and_then(|f| f.accuracy_m).map(|m| m as f32);
    NewVisit {
        id: v.id.0,
        case_id: standing.case_id,
        sent_case_id: (v.case != standing.case_id).then_some(v.case),
        status: standing.status,
        held_reason: standing.held.as_ref().map(|h| h.0.clone()),
        held_detail: standing.held.as_ref().map(|h| h.1.clone()),
        batch_index: place_in_batch(index),
        digest: digest.to_vec(),
        at: v.at.instant,
        at_offset_min: v.at.offset_minutes,
        ended_at: v.ended_at.as_ref().map(|t| t.instant),
        outcome: v.outcome,
        channel: v.channel,
        informant: v.informant,
        appointment: v.appointment,
        photo: v.photos.clone(),
        position: fix.map(|f| (f.lon, f.lat)),
        accuracy_m,
        sent_position: fix.map(|f| (f.sent_lon, f.sent_lat, f.datum)),
        note: v.note.clone(),
        card: v.card.map(|card| card.to_string()),
        extra: visit_extra(v),
    }
}

/// Unknown fields, and the evidence about the device that only quality checks read.
fn visit_extra(v: &VisitRecord) -> Option<String> {
    if v.mono_s.is_none() && v.mock_location.is_none() {
        return v.extra.clone();
    }
    let mut all: Map<String, Value> =
        v.extra.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    if let Some(mono) = v.mono_s {
        all.insert("mono_s".to_owned(), json!(mono));
    }
    if let Some(mock) = v.mock_location {
        all.insert("mock_location".to_owned(), json!(mock));
    }
    Some(Value::Object(all).to_string())
}

/// The row of an interview revision.
pub(super) fn interview_row(
    index: usize,
    digest: &[u8],
    i: &InterviewRecord,
    standing: &Standing,
    is_visit_awaited: bool,
    (numbers, keys): (&Numbers, &Keys),
) -> NewInterview {
    NewInterview {
        id: i.id.0,
        revision: i.revision,
        case_id: standing.case_id,
        sent_case_id: (i.case != standing.case_id).then_some(i.case),
        visit_id: i.visit.map(|v| v.0),
        is_visit_awaited,
        status: standing.status,
        held_reason: standing.held.as_ref().map(|h| h.0.clone()),
        held_detail: standing.held.as_ref().map(|h| h.1.clone()),
        batch_index: place_in_batch(index),
        digest: digest.to_vec(),
        at: i.at.instant,
        at_offset_min: i.at.offset_minutes,
        result: i.result,
        respondent: i.respondent,
        persons: i.counts,
        people: people(i, numbers, keys),
        household: to_text(&i.household),
        phone: i.household.phone.clone(),
        address_text: i.address_text.clone(),
        answers: i.answers.clone(),
        extra: i.extra.clone(),
        form: i.form.clone(),
    }
}

/// An interview's people; of two with one number, which no form may have, the first.
fn people(i: &InterviewRecord, numbers: &Numbers, keys: &Keys) -> Vec<NewPerson> {
    let mut seen = HashSet::with_capacity(i.persons.len());
    i.persons
        .iter()
        .filter(|p| seen.insert(p.form.person_no))
        .map(|p| {
            // Where the revision has to wait, what it keeps is written when that one comes.
            let from = p.citizen_from.filter(|_| numbers.waits(i.id.0, i.revision));
            let citizen = if from.is_some() { Digested::of(p, keys) } else { numbers.digest(i, p, keys) };
            person(p, citizen, from)
        })
        .collect()
}

/// The digest of a citizen ID, as it is stored.
#[derive(Clone, Debug)]
pub(super) struct Digested {
    hash: String,
    key: String,
    is_repaired: bool,
}

impl Digested {
    /// Of a person who comes.
    pub(super) fn of(p: &PersonRecord, keys: &Keys) -> Option<Self> {
        p.citizen.as_ref().map(|hash| Self {
            hash: STANDARD.encode(hash),
            key: keys.key_id().to_owned(),
            is_repaired: p.citizen_state == CitizenState::Repaired,
        })
    }

    /// Of a person who is stored, with the number on the form.
    pub(super) fn read(person: &Map<String, Value>) -> Option<(u32, Self)> {
        let text = |key: &str| person.get(key).and_then(Value::as_str).map(str::to_owned);
        let no = person.get("person_no").and_then(Value::as_u64).and_then(|no| u32::try_from(no).ok())?;
        let is_repaired = person.get("is_id_repaired").and_then(Value::as_bool).unwrap_or_default();
        Some((no, Self { hash: text("citizen_id_hash")?, key: text("citizen_id_key")?, is_repaired }))
    }

    /// Gives it to a person who is stored.
    pub(super) fn write(&self, person: &mut Map<String, Value>) {
        person.insert("citizen_id_hash".to_owned(), json!(self.hash));
        person.insert("citizen_id_key".to_owned(), json!(self.key));
        if self.is_repaired {
            person.insert("is_id_repaired".to_owned(), json!(true));
        }
    }
}

fn person(p: &PersonRecord, citizen: Option<Digested>, from: Option<(i32, u32)>) -> NewPerson {
    let f = &p.form;
    let birth = f.birth.unwrap_or_default();
    NewPerson {
        person_no: i32::try_from(f.person_no).unwrap_or(i32::MAX),
        name: f.name.clone(),
        surname: p.surname.clone(),
        given_name: p.given_name.clone(),
        sex: f.sex,
        birth_year: birth.y,
        birth_month: birth.m.map(i16::from),
        birth_day: birth.d.map(i16::from),
        relationship: f.relationship,
        residence_status: p.status,
        is_id_repaired: citizen.as_ref().is_some_and(|c| c.is_repaired),
        citizen_id_key: citizen.as_ref().map(|c| c.key.clone()),
        citizen_id_hash: citizen.map(|c| c.hash),
        citizen_id_from: from.map(|(revision, person_no)| KeptFrom { revision, person_no }),
        other_address: p.other_address.clone(),
        items: serde_json::value::to_raw_value(f).unwrap_or_default(),
    }
}

/// A dwelling record as JSON; [`dwelling_of`] reads it back.
pub(super) fn dwelling_text(d: &DwellingRecord) -> String {
    json!({
        "area": d.area, "building": d.building, "unit": d.unit, "floor": d.floor, "room": d.room,
        "kind": d.kind.slug(), "household": d.household, "note": d.note,
        "lon": d.position.as_ref().map(|p| p.lon), "lat": d.position.as_ref().map(|p| p.lat),
        "building_name": d.building_name, "external_id": d.external_id,
    })
    .to_string()
}

/// The dwelling record out of its text: everything that a door is made of, so that one accepted later is the same door. `None`
/// for a text that was removed.
pub(super) fn dwelling_of(id: Uuid, text: &str) -> Option<DwellingRecord> {
    let read = super::json::parse(text).ok()?;
    let word = |key: &str| read.given(key).and_then(|value| value.text()).map(str::to_owned);
    let whole = |key: &str| read.given(key).and_then(Json::integer);
    let degrees = |key: &str| read.given(key).and_then(Json::number);
    let position = degrees("lon").zip(degrees("lat")).map(|(lon, lat)| Fix {
        lon,
        lat,
        accuracy_m: None,
        datum: Datum::Wgs84,
        sent_lon: lon,
        sent_lat: lat,
    });
    Some(DwellingRecord {
        id,
        area: word("area")?,
        building: word("building")?,
        unit: word("unit")?,
        floor: whole("floor").and_then(|floor| i32::try_from(floor).ok()),
        room: word("room")?,
        kind: DwellingKind::from_slug(&word("kind")?)?,
        household: u32::try_from(whole("household")?).ok()?,
        position,
        building_name: word("building_name"),
        external_id: word("external_id"),
        at: None,
        note: word("note"),
        extra: None,
    })
}

/// JSON text of something that always has one.
fn to_text<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_else(|_| "{}".to_owned())
}

pub(super) fn place_in_batch(index: usize) -> i32 {
    i32::try_from(index).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn degrees() -> impl Strategy<Value = Option<(f64, f64)>> {
        prop::option::of((-180.0..180.0, -90.0..90.0))
    }

    proptest! {
        #[test]
        fn a_door_is_the_same_when_it_is_read_back(
            parts in prop::array::uniform4("\\PC{1,12}"), floor in prop::option::of(-99..=999), household in 1..=999_u32,
            kind in prop::sample::select(DwellingKind::ALL), place in degrees(), more in prop::array::uniform3(prop::option::of("\\PC{1,12}")),
        ) {
            let [area, building, unit, room] = parts;
            let [building_name, external_id, note] = more;
            let position = place.map(|(lon, lat)| Fix {
                lon, lat, accuracy_m: None, datum: Datum::Wgs84, sent_lon: lon, sent_lat: lat,
            });
            let record = DwellingRecord {
                id: Uuid::from_u128(7), area, building, unit, floor, room, kind, household, position, building_name, external_id,
                at: None, note, extra: None,
            };
            prop_assert_eq!(dwelling_of(record.id, &dwelling_text(&record)), Some(record));
        }
    }

    #[test]
    fn of_a_text_that_was_removed_no_door_is_made() {
        assert_eq!(dwelling_of(Uuid::from_u128(7), "{}"), None);
    }
}
