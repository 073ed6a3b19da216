//! Doors found in the field, and the cases they get.

use jiff::Timestamp;
use uuid::Uuid;

use super::super::SurveyKey;
use super::super::tx::{Error, Tx, statements};
use super::super::wire::column;

statements! {
    /// $1 district, $2 survey, $3 ids, $4 building ids, $5 areas, $6 buildings, $7 units, $8 floors, $9 rooms, $10 kinds,
    /// $11 lons, $12 lats, $13 door keys, $14 now. Doors found in the field.
    ADD_DWELLINGS = "-- add_found_dwellings
        insert into dwelling (district_id, survey_no, id, building_id, area, building, unit, floor, room, kind, lon, lat, door_key,
            is_listed, created_at)
        select $1, $2, u.*, false, $14 from unnest($3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::text[], $8::integer[], $9::text[],
            $10::text[], $11::float8[], $12::float8[], $13::text[])
          as u (id, building_id, area, building, unit, floor, room, kind, lon, lat, door_key)
        order by u.id on conflict on constraint dwelling_pk do nothing returning id";
    /// $1 district, $2 survey, $3 ids, $4 areas, $5 buildings, $6 lons, $7 lats.
    ADD_BUILDINGS = "-- add_found_buildings
        insert into building (district_id, survey_no, id, area, building, lon, lat)
        select $1, $2, u.* from unnest($3::uuid[], $4::text[], $5::text[], $6::float8[], $7::float8[]) as u (id, area, building, lon, lat)
        order by u.id on conflict on constraint building_pk do nothing";
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
    pub case_id: Uuid,
    /// Household behind the door.
    pub household: i32,
    /// Area code.
    pub area: String,
    /// Nested-set number of the area.
    pub area_no: i32,
    /// Building as written.
    pub building: String,
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
    /// Key of the door.
    pub door_key: String,
}

/// What every case without evidence looks like.
#[derive(Clone, Copy, Debug)]
pub struct BlankCase {
    /// State number of `new`.
    pub state: i16,
    /// Class number.
    pub class: Option<i16>,
    /// Packed cell.
    pub cell: i32,
    /// Bits of effort missing.
    pub unmet: i16,
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
) -> Result<Vec<Uuid>, Error> {
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
        ],
    )
    .await?;
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
