//! Which door a door found in the field is: one known by this key or an earlier one, one of the office's number, or a new one. What
//! only looks like a listed door waits for a supervisor. Nothing beyond the collector's area is ever named.

use std::collections::HashMap;

use uuid::Uuid;

use super::super::Error;
use super::super::reason::Reason;
use super::super::record::DwellingRecord;
use crate::domain::ids::door_key;
use crate::domain::writing::building_form;
use crate::domain::{AreaRange, BuildingId, CaseId, DwellingId, Writing};
use crate::store::case::{self, FoundDoor, KnownDoor, ListedDoor};
use crate::store::{SurveyKey, Tx};
use crate::surveys::Survey;

/// Where a reported door belongs.
#[derive(Clone, Debug)]
pub(in crate::ingest) enum Place {
    /// This door, known or new.
    Door(Box<FoundDoor>),
    /// It looks like this one; somebody has to say.
    LooksLike(Uuid),
    /// It cannot be placed.
    Held(Reason),
}

impl Place {
    /// The door, where it is clear.
    pub(in crate::ingest) fn door(&self) -> Option<&FoundDoor> {
        match self {
            Self::Door(door) => Some(door),
            Self::LooksLike(_) | Self::Held(_) => None,
        }
    }

    /// Why it is held.
    pub(in crate::ingest) fn why_not(&self) -> Option<Reason> {
        match self {
            Self::Door(_) => None,
            Self::LooksLike(_) => Some(Reason::LooksLike),
            Self::Held(reason) => Some(*reason),
        }
    }

    /// The door it looks like.
    pub(in crate::ingest) fn looks_like(&self) -> Option<Uuid> {
        match self {
            Self::LooksLike(door) => Some(*door),
            Self::Door(_) | Self::Held(_) => None,
        }
    }
}

/// Whether a door that looks like a listed one waits for a supervisor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::ingest) enum Looks {
    /// It does.
    Judged,
    /// A supervisor has looked: it is a new door.
    Passed,
}

/// Places doors as reported, each in the area of its code and number; `range` is how far the collector sees.
pub(in crate::ingest) async fn place_doors(
    tx: &Tx,
    survey: &Survey,
    range: AreaRange,
    reported: &[(&DwellingRecord, (&str, i32))],
    looks: Looks,
) -> Result<Vec<Place>, Error> {
    let key = survey.key;
    let written: Vec<FoundDoor> = reported.iter().map(|(d, area)| found_door(survey, d, *area)).collect();
    let ids: Vec<Uuid> = written.iter().map(|d| d.written_id).collect();
    let known = case::doors_of_keys(tx, key, &ids).await?;
    let unknown: Vec<&FoundDoor> = written.iter().filter(|d| !known.contains_key(&d.written_id)).collect();
    let listed = match looks {
        Looks::Judged => candidates(tx, key, range, &unknown).await?,
        Looks::Passed => Vec::new(),
    };
    let place = |(door, (record, _)): (FoundDoor, &(&DwellingRecord, (&str, i32)))| match known
        .get(&door.written_id)
    {
        Some(known) => at_known(survey, range, door, record, known),
        None => among(survey, door, record, &listed),
    };
    Ok(written.into_iter().zip(reported).map(place).collect())
}

/// The door of a key that is known, unless it has come to stand beyond the collector's area.
fn at_known(
    survey: &Survey,
    range: AreaRange,
    door: FoundDoor,
    record: &DwellingRecord,
    known: &KnownDoor,
) -> Place {
    if !range.contains(known.area_no) {
        return Place::Held(Reason::UnknownArea);
    }
    Place::Door(Box::new(door.that_is(survey, record, known)))
}

/// The door of its number, one it looks like, or a new one. Two numbers that differ are two doors.
fn among(survey: &Survey, door: FoundDoor, record: &DwellingRecord, listed: &[ListedDoor]) -> Place {
    let writing = Writing::of(&door.building, &door.unit, door.floor, &door.room);
    let is_like = |l: &ListedDoor| {
        l.known.area == door.area && Writing::of(&l.building, &l.unit, l.floor, &l.room).is_like(&writing)
    };
    let number = door.external_id.as_ref();
    if let Some(named) = listed.iter().find(|l| number.is_some() && l.external_id.as_ref() == number) {
        return if is_like(named) {
            Place::Door(Box::new(door.that_is(survey, record, &named.known)))
        } else {
            Place::LooksLike(named.known.id)
        };
    }
    let is_other = |l: &ListedDoor| number.is_some() && l.external_id.is_some();
    match listed.iter().find(|l| l.is_listed && !is_other(l) && is_like(l)) {
        Some(like) => Place::LooksLike(like.known.id),
        None => Place::Door(Box::new(door)),
    }
}

/// Doors that these may be: those of the same buildings under any writing, and those of the numbers given.
async fn candidates(
    tx: &Tx,
    key: SurveyKey,
    range: AreaRange,
    doors: &[&FoundDoor],
) -> Result<Vec<ListedDoor>, Error> {
    if doors.is_empty() {
        return Ok(Vec::new());
    }
    let mut forms: HashMap<&str, Vec<String>> = HashMap::new();
    for door in doors {
        forms.entry(door.area.as_str()).or_default().push(building_form(&door.building));
    }
    let areas: Vec<&str> = forms.keys().copied().collect();
    let buildings: Vec<Uuid> = case::buildings_of_areas(tx, key, &areas)
        .await?
        .into_iter()
        .filter(|b| forms.get(b.area.as_str()).is_some_and(|f| f.contains(&building_form(&b.building))))
        .map(|b| b.id)
        .collect();
    let numbers: Vec<&str> = doors.iter().filter_map(|d| d.external_id.as_deref()).collect();
    Ok(case::listed_doors(tx, key, range, &buildings, &numbers).await?)
}

/// The door a dwelling record describes, in the area of this code and number.
fn found_door(survey: &Survey, d: &DwellingRecord, (area, area_no): (&str, i32)) -> FoundDoor {
    let district = survey.district();
    let key = door_key(&district, area, &d.building, &d.unit, &d.room);
    let dwelling = DwellingId::of_key(&key);
    let case = CaseId::of(dwelling, &survey.slug, d.household);
    FoundDoor {
        dwelling_id: dwelling.0,
        building_id: BuildingId::of(&district, area, &d.building).0,
        case_id: case,
        first_case: CaseId::of(dwelling, &survey.slug, 1),
        written_id: dwelling.0,
        written_case: case,
        household: i32::try_from(d.household).unwrap_or(1),
        area: area.to_owned(),
        written_area: area.to_owned(),
        area_no,
        building: d.building.clone(),
        building_name: d.building_name.clone(),
        unit: d.unit.clone(),
        floor: d.floor,
        room: d.room.clone(),
        kind: d.kind.slug().to_owned(),
        position: d.position.as_ref().map(|p| (p.lon, p.lat)),
        external_id: d.external_id.clone(),
        door_key: key,
    }
}

impl FoundDoor {
    /// The same, being a door that is known.
    fn that_is(self, survey: &Survey, record: &DwellingRecord, known: &KnownDoor) -> Self {
        let door = DwellingId(known.id);
        Self {
            dwelling_id: known.id,
            building_id: known.building_id,
            case_id: CaseId::of(door, &survey.slug, record.household),
            first_case: CaseId::of(door, &survey.slug, 1),
            area: known.area.clone(),
            area_no: known.area_no,
            ..self
        }
    }
}
