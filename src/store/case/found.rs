//! Doors found in the field, and the cases they get.

use std::collections::HashMap;

use jiff::Timestamp;
use tokio_postgres::Row;
use uuid::Uuid;

use super::super::SurveyKey;
use super::super::tx::{Error, Tx, statements};
use super::super::wire::column;
use super::KnownDoor;
use crate::domain::{AreaRange, CaseId, Class, State, Unmet};

statements! {
    /// $1 district, $2 survey, $3 ids, $4 building ids, $5 areas, $6 buildings, $7 units, $8 floors, $9 rooms, $10 kinds,
    /// $11 lons, $12 lats, $13 door keys, $14 now, $15 the office's numbers. Doors found in the field. A number that another door
    /// has is left out.
    ADD_DWELLINGS = "-- add_found_dwellings
        insert into dwelling (district_id, survey_no, id, building_id, area, building, unit, floor, room, kind, lon, lat, door_key,
            external_id, is_listed, created_at)
        select $1, $2, u.id, u.building_id, u.area, u.building, u.unit, u.floor, u.room, u.kind, u.lon, u.lat, u.door_key,
            case when not exists (select 1 from dwelling x where x.district_id = $1 and x.survey_no = $2
                and x.external_id = u.external_id) then u.external_id end, false, $14
        from unnest($3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::text[], $8::integer[], $9::text[],
            $10::text[], $11::float8[], $12::float8[], $13::text[], $15::text[])
          as u (id, building_id, area, building, unit, floor, room, kind, lon, lat, door_key, external_id)
        order by u.id on conflict on constraint dwelling_pk do nothing returning id";
    /// $1 district, $2 survey, $3 ids, $4 areas, $5 buildings, $6 lons, $7 lats, $8 names. The name of a building that has none is
    /// filled in.
    ADD_BUILDINGS = "-- add_found_buildings
        insert into building as b (district_id, survey_no, id, area, building, lon, lat, name)
        select distinct on (u.id) $1, $2, u.* from unnest($3::uuid[], $4::text[], $5::text[], $6::float8[], $7::float8[], $8::text[])
          as u (id, area, building, lon, lat, name)
        order by u.id, u.name nulls last on conflict on constraint building_pk do update set name = excluded.name
          where b.name is null and excluded.name is not null";
    /// $1 district, $2 survey, $3 areas.
    BUILDINGS_OF_AREAS = "-- buildings_of_areas
        select id, area, building from building where district_id = $1 and survey_no = $2 and area = any($3)";
    /// $1 district, $2 survey, $3 lo, $4 hi, $5 buildings, $6 numbers. Doors in a range of areas.
    LISTED_DOORS = "-- listed_doors
        select d.id, d.building_id, d.area, l.lo, d.building, d.unit, d.floor, d.room, d.external_id, d.is_listed
        from (select * from dwelling where district_id = $1 and survey_no = $2 and building_id = any($5)
              union
              select * from dwelling where district_id = $1 and survey_no = $2 and external_id = any($6)) d
        join area l on l.district_id = $1 and l.survey_no = $2 and l.code = d.area
        where l.lo between $3 and $4 order by d.id";
    /// $1 district, $2 survey, $3 ids, $4 dwellings, $5 buildings, $6 areas, $7 area numbers, $8 households, $9 now, $10 state,
    /// $11 class, $12 cell, $13 unmet, $14 due class, $15 microseconds of now.
    ADD_CASES = "-- add_found_cases
        insert into survey_case (district_id, survey_no, id, dwelling_id, building_id, area, area_no, household, is_baseline, created_at,
            state, class, cell, persons, unmet, due_class, due_at, event_at, event_cell, event_persons, received_at, received_cell,
            received_persons)
        select $1, $2, u.*, false, $9, $10, $11, $12, '{}', $13, $14, $9, array[$15::bigint], array[$12::integer],
            '{}', array[$15::bigint], array[$12::integer], '{}'
        from unnest($3::uuid[], $4::uuid[], $5::uuid[], $6::text[], $7::integer[], $8::integer[])
          as u (id, dwelling_id, building_id, area, area_no, household)
        order by u.id on conflict on constraint survey_case_pk do nothing returning id";
}

/// A door found in the field, with the case it gets.
#[derive(Clone, Debug)]
pub struct FoundDoor {
    /// Door id.
    pub dwelling_id: Uuid,
    /// Building id.
    pub building_id: Uuid,
    /// Case id.
    pub case_id: CaseId,
    /// Case id of the door's first household.
    pub first_case: CaseId,
    /// Door id computed from the key as reported; another one where the door is known by an earlier key.
    pub written_id: Uuid,
    /// Case id computed from that.
    pub written_case: CaseId,
    /// Household behind the door.
    pub household: i32,
    /// Area code.
    pub area: String,
    /// Area code as reported.
    pub written_area: String,
    /// Nested-set number of the area.
    pub area_no: i32,
    /// Building as written.
    pub building: String,
    /// What the building is called.
    pub building_name: Option<String>,
    /// Unit as written.
    pub unit: String,
    /// Storey.
    pub floor: Option<i32>,
    /// Door number.
    pub room: String,
    /// Kind slug.
    pub kind: String,
    /// Longitude and latitude, WGS-84.
    pub position: Option<(f64, f64)>,
    /// The office's own number.
    pub external_id: Option<String>,
    /// Key of the door.
    pub door_key: String,
}

/// A building of an area.
#[derive(Clone, Debug)]
pub struct AreaBuilding {
    /// Its id.
    pub id: Uuid,
    /// Code of its area.
    pub area: String,
    /// As written.
    pub building: String,
}

/// A door that a reported one may be.
#[derive(Clone, Debug)]
pub struct ListedDoor {
    /// The door.
    pub known: KnownDoor,
    /// Building as written.
    pub building: String,
    /// Unit as written.
    pub unit: String,
    /// Storey.
    pub floor: Option<i32>,
    /// Door number.
    pub room: String,
    /// The office's own number.
    pub external_id: Option<String>,
    /// It came with a list.
    pub is_listed: bool,
}

/// The buildings of areas.
pub async fn buildings_of_areas(tx: &Tx, key: SurveyKey, areas: &[&str]) -> Result<Vec<AreaBuilding>, Error> {
    let rows = tx.query(&BUILDINGS_OF_AREAS, &[&key.district, &key.no, &areas]).await?;
    let building =
        |r: &Row| AreaBuilding { id: r.get("id"), area: r.get("area"), building: r.get("building") };
    Ok(rows.iter().map(building).collect())
}

/// The doors of these buildings, and those of these numbers, as far as they stand in a range of areas; by id.
pub async fn listed_doors(
    tx: &Tx,
    key: SurveyKey,
    range: AreaRange,
    buildings: &[Uuid],
    numbers: &[&str],
) -> Result<Vec<ListedDoor>, Error> {
    let rows = tx
        .query(&LISTED_DOORS, &[&key.district, &key.no, &range.lo, &range.hi, &buildings, &numbers])
        .await?;
    Ok(rows
        .iter()
        .map(|r| ListedDoor {
            known: KnownDoor {
                id: r.get("id"),
                building_id: r.get("building_id"),
                area: r.get("area"),
                area_no: r.get("lo"),
            },
            building: r.get("building"),
            unit: r.get("unit"),
            floor: r.get("floor"),
            room: r.get("room"),
            external_id: r.get("external_id"),
            is_listed: r.get("is_listed"),
        })
        .collect())
}

/// What every case without evidence looks like.
#[derive(Clone, Copy, Debug)]
pub struct BlankCase {
    /// Where it stands.
    pub state: State,
    /// Class of no outcome at all.
    pub class: Option<Class>,
    /// Packed cell.
    pub cell: i32,
    /// Effort missing.
    pub unmet: Unmet,
    /// First part of the urgency order.
    pub due_class: i16,
}

/// Adds doors and cases found in the field; returns the ids of cases that were not there before.
pub async fn add_found(
    tx: &Tx,
    key: SurveyKey,
    now: Timestamp,
    blank: BlankCase,
    doors: &[FoundDoor],
) -> Result<Vec<CaseId>, Error> {
    tx.execute(
        &ADD_BUILDINGS,
        &[
            &key.district,
            &key.no,
            column!(doors, d => d.building_id),
            column!(doors, d => d.area.as_str()),
            column!(doors, d => d.building.as_str()),
            column!(doors, d => d.position.map(|p| p.0)),
            column!(doors, d => d.position.map(|p| p.1)),
            column!(doors, d => d.building_name.as_deref()),
        ],
    )
    .await?;
    // A number stands for one door; of several reported with it the first has it.
    let mut numbers: HashMap<&str, Uuid> = HashMap::new();
    for door in doors {
        if let Some(number) = &door.external_id {
            numbers.entry(number).or_insert(door.dwelling_id);
        }
    }
    let number = |d: &FoundDoor| {
        d.external_id.clone().filter(|number| numbers.get(number.as_str()) == Some(&d.dwelling_id))
    };
    tx.query(
        &ADD_DWELLINGS,
        &[
            &key.district,
            &key.no,
            column!(doors, d => d.dwelling_id),
            column!(doors, d => d.building_id),
            column!(doors, d => d.area.as_str()),
            column!(doors, d => d.building.as_str()),
            column!(doors, d => d.unit.as_str()),
            column!(doors, d => d.floor),
            column!(doors, d => d.room.as_str()),
            column!(doors, d => d.kind.as_str()),
            column!(doors, d => d.position.map(|p| p.0)),
            column!(doors, d => d.position.map(|p| p.1)),
            column!(doors, d => d.door_key.as_str()),
            &now,
            column!(doors, d => number(d)),
        ],
    )
    .await?;
    let rows = tx
        .query(
            &ADD_CASES,
            &[
                &key.district,
                &key.no,
                column!(doors, d => d.case_id),
                column!(doors, d => d.dwelling_id),
                column!(doors, d => d.building_id),
                column!(doors, d => d.area.as_str()),
                column!(doors, d => d.area_no),
                column!(doors, d => d.household),
                &now,
                &blank.state,
                &blank.class,
                &blank.cell,
                &blank.unmet,
                &blank.due_class,
                &now.as_microsecond(),
            ],
        )
        .await?;
    Ok(rows.iter().map(|r| r.get(0)).collect())
}
