//! The doors of a set-up: copied into a temporary table, then merged set by set. Each table is analysed as soon as it is
//! filled: every row carries the same district and survey, and a planner that does not know this takes any index for a
//! selective one.

use std::collections::HashMap;
use std::pin::pin;

use jiff::Timestamp;
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::Type;
use uuid::Uuid;

use crate::domain::CaseId;
use crate::setup::{DwellingRow, Setup};
use crate::store::SurveyKey;
use crate::store::case::BlankCase;
use crate::store::tx::{Error, Param, Tx, statements};

/// Whether anything is known about the door of a case `c`, which may be null.
macro_rules! is_touched {
    () => {
        "coalesce(c.visits > 0 or c.interviews > 0 or c.decisions > 0 or c.holder is not null or c.merged_into is not null
            or c.absorbed > 0 or c.id in (select r.case_id from dwelling_record r where r.district_id = $1 and r.survey_no = $2)
            or exists (select 1 from visit v where v.district_id = $1 and v.survey_no = $2 and v.case_id = c.id)
            or exists (select 1 from interview v where v.district_id = $1 and v.survey_no = $2 and v.case_id = c.id), false)"
    };
}

statements! {
    /// $1 district, $2 survey. From the temporary table of incoming doors.
    PUT_BUILDINGS = "-- put_buildings
        insert into building as b (district_id, survey_no, id, area, building, name, lon, lat)
        select $1, $2, building_id, min(area), min(building), max(building_name), avg(lon), avg(lat)
        from incoming group by building_id order by building_id
        on conflict on constraint building_pk do update set name = excluded.name, lon = excluded.lon, lat = excluded.lat
          where (b.name, b.lon, b.lat) is distinct from (excluded.name, excluded.lon, excluded.lat)";
    /// $1 district, $2 survey. Whether a building known before gets another name.
    RENAMED = "-- renames_a_building
        select exists (select 1 from (select building_id, max(building_name) as name from incoming group by building_id) i
            join building b on b.district_id = $1 and b.survey_no = $2 and b.id = i.building_id
            where b.name is distinct from i.name) as is_renamed";
    /// $1 district, $2 survey, $3 now. Returns counts of added and changed doors. Lists show a changed door anew.
    PUT_DWELLINGS = "-- put_dwellings
        with put as (
            insert into dwelling as d (district_id, survey_no, id, building_id, area, building, unit, floor, room, kind, lon, lat,
                external_id, households_expected, door_key, is_listed, created_at)
            select $1, $2, id, building_id, area, building, unit, floor, room, kind, lon, lat, external_id, households_expected, door_key,
                true, $3
            from incoming order by id
            on conflict on constraint dwelling_pk do update set building_id = excluded.building_id, area = excluded.area,
                door_key = excluded.door_key, floor = excluded.floor, room = excluded.room, unit = excluded.unit,
                building = excluded.building, kind = excluded.kind, lon = excluded.lon, lat = excluded.lat,
                external_id = excluded.external_id, households_expected = excluded.households_expected, is_listed = true,
                left_list_at = case when excluded.kind = 'residential' then null else d.left_list_at end
              where (d.floor, d.room, d.unit, d.building, d.kind, d.lon, d.lat, d.external_id, d.households_expected, d.door_key, d.is_listed,
                  d.left_list_at is not null and excluded.kind = 'residential')
                is distinct from (excluded.floor, excluded.room, excluded.unit, excluded.building, excluded.kind, excluded.lon,
                  excluded.lat, excluded.external_id, excluded.households_expected, excluded.door_key, true, false)
            returning id, (xmax = 0) as is_new),
        listed as (
            update survey_case c set list_version = c.list_version + 1 from put p
            where c.district_id = $1 and c.survey_no = $2 and c.dwelling_id = p.id and not p.is_new)
        select count(*) filter (where is_new) as added, count(*) filter (where not is_new) as changed from put";
    /// $1 district, $2 survey, $3 now, $4 baseline, $5 state, $6 class, $7 cell, $8 unmet, $9 due class, $10 microseconds of now, $11 of the start by the event clock.
    PUT_CASES = "-- put_cases
        with new as (
            insert into survey_case (district_id, survey_no, id, dwelling_id, building_id, area, area_no, household, is_baseline, created_at,
                state, class, cell, persons, unmet, due_class, due_at, event_at, event_cell, event_persons, received_at, received_cell,
                received_persons)
            select $1, $2, i.case_id, i.id, i.building_id, i.area, a.lo, 1, $4, $3, $5, $6, $7, '{}', $8, $9, $3,
                array[$11::bigint], array[$7::integer], '{}', array[$10::bigint], array[$7::integer], '{}'
            from incoming i join area a on a.district_id = $1 and a.survey_no = $2 and a.code = i.area
            where i.kind = 'residential'
            order by a.lo, i.case_id
            on conflict on constraint survey_case_pk do nothing returning area, building_id, cell),
        counted as (
            insert into completion_delta (district_id, survey_no, area, building_id, holder, measure, amount)
            select $1, $2, area, building_id, '', array[cell], array[count(*)::integer] from new group by area, building_id, cell)
        select count(*) as cases from new";
    /// $1 district, $2 survey. Cases of listed doors that the incoming list lacks.
    LOCK_LOST = "-- lock_lost_cases
        select c.id from survey_case c
        join dwelling d on d.district_id = c.district_id and d.survey_no = c.survey_no and d.id = c.dwelling_id
        where c.district_id = $1 and c.survey_no = $2 and d.is_listed
          and not exists (select 1 from incoming i where i.id = d.id and i.kind = 'residential')
        order by c.id for update of c";
    /// $1 district, $2 survey. Doors that the incoming list lacks, or lists as none where people live.
    FIND_LOST = concat!("-- find_lost_doors
        insert into lost (id, area, building, is_touched, is_new)
        select d.id, d.area, d.building, bool_or(", is_touched!(), "), d.left_list_at is null
        from dwelling d
        left join survey_case c on c.district_id = $1 and c.survey_no = $2 and c.dwelling_id = d.id
        where d.district_id = $1 and d.survey_no = $2 and d.is_listed
          and not exists (select 1 from incoming i where i.id = d.id and i.kind = 'residential')
          and (c.id is not null or not exists (select 1 from incoming i where i.id = d.id))
        group by d.id, d.area, d.building, d.left_list_at");
    /// How many lost doors are removed, kept, and kept for the first time.
    COUNT_LOST = "-- count_lost_doors
        select count(*) filter (where not is_touched) as removed, count(*) filter (where is_touched) as kept,
               count(*) filter (where is_touched and is_new) as kept_now from lost";
    /// $1 most. Where most of the doors are that leave the list now.
    PLACES_OF_LOST = "-- places_of_lost_doors
        select area, building, count(*) as n from lost where is_new or not is_touched
        group by area, building order by n desc, area, building limit $1";
    /// $1 district, $2 survey, $3 now.
    KEEP_LOST = "-- keep_touched_doors
        update dwelling d set left_list_at = $3 from lost l
        where d.district_id = $1 and d.survey_no = $2 and d.id = l.id and l.is_touched and l.is_new";
    /// $1 district, $2 survey. Removes the lost doors nobody has touched, with their cases.
    REMOVE_LOST = "-- remove_lost_doors
        with removed_cases as (
            delete from survey_case c using lost l
            where c.district_id = $1 and c.survey_no = $2 and c.dwelling_id = l.id and not l.is_touched
            returning c.id, c.dwelling_id, c.area, c.area_no, c.building_id, coalesce(c.holder, '') as holder, c.cell),
        counted as (
            insert into completion_delta (district_id, survey_no, area, building_id, holder, measure, amount)
            select $1, $2, area, building_id, holder, array[cell], array[-count(*)::integer] from removed_cases group by 3, 4, 5, cell),
        removed as (
            delete from dwelling d using lost l
            where d.district_id = $1 and d.survey_no = $2 and d.id = l.id and not l.is_touched
              and not exists (select 1 from incoming i where i.id = d.id))
        select (select coalesce(array_agg(id), '{}') from removed_cases) as cases,
               (select coalesce(array_agg(dwelling_id), '{}') from removed_cases) as dwellings,
               (select coalesce(array_agg(area_no), '{}') from removed_cases) as areas";
    /// $1 district, $2 survey, $3 now, $4 most.
    NEW_CASES = "-- new_cases
        select id, dwelling_id, area_no from survey_case where district_id = $1 and survey_no = $2 and created_at = $3 limit $4";
    /// $1 district, $2 survey. Buildings without doors.
    DROP_BUILDINGS = "-- drop_empty_buildings
        delete from building b where b.district_id = $1 and b.survey_no = $2 and not exists (
            select 1 from dwelling d where d.district_id = $1 and d.survey_no = $2 and d.building_id = b.id)";
    /// $1 district, $2 survey. The storey as known, where the list says none of any door.
    KEEP_FLOORS = "-- keep_floors
        update incoming i set floor = d.floor from dwelling d
        where d.district_id = $1 and d.survey_no = $2 and d.id = i.id and d.floor is not null";
    /// $1 district, $2 survey. The same of positions.
    KEEP_POSITIONS = "-- keep_positions
        update incoming i set lon = d.lon, lat = d.lat from dwelling d
        where d.district_id = $1 and d.survey_no = $2 and d.id = i.id and d.lon is not null";
    /// $1 district, $2 survey. The same of the office's own numbers.
    KEEP_NUMBERS = "-- keep_numbers
        update incoming i set external_id = d.external_id from dwelling d
        where d.district_id = $1 and d.survey_no = $2 and d.id = i.id and d.external_id is not null";
    /// $1 district, $2 survey. The same of the households expected.
    KEEP_HOUSEHOLDS = "-- keep_households
        update incoming i set households_expected = d.households_expected from dwelling d
        where d.district_id = $1 and d.survey_no = $2 and d.id = i.id and d.households_expected is not null";
    /// $1 district, $2 survey. The same of the names of buildings.
    KEEP_NAMES = "-- keep_building_names
        update incoming i set building_name = b.name from building b
        where b.district_id = $1 and b.survey_no = $2 and b.id = i.building_id and b.name is not null";
}

/// The temporary tables: `incoming`, which COPY fills, `same_door`, rows that are a door of another key, `moved_door`, doors that
/// come to stand in another building, and `lost`, the doors that the list lacks.
pub const TABLES: &str = "create temporary table incoming (id uuid, case_id uuid, building_id uuid, area text, building text,
        building_name text, unit text, floor integer, room text, kind text, lon double precision, lat double precision,
        external_id text, households_expected integer, door_key text, written_id uuid, written_case uuid) on commit drop;
    create temporary table same_door (written_id uuid, id uuid, case_id uuid) on commit drop;
    create temporary table moved_door (id uuid, area text, building_id uuid) on commit drop;
    create temporary table lost (id uuid, area text, building text, is_touched boolean, is_new boolean) on commit drop";

const PATIENCE: &str = "set local statement_timeout = 0; set local idle_in_transaction_session_timeout = 0;
    set local work_mem = '128MB'";

const COPY: &str = "copy incoming from stdin (format binary)";

/// Ids computed from keys, with the door and the first case that they lead to.
pub type DoorsByKey = HashMap<Uuid, (Uuid, CaseId)>;

/// Copies the doors into the temporary table. `door_of` says which door and case have the key of a row, `case_of` the id of the
/// case that the key would give.
pub async fn copy_dwellings(
    tx: &Tx,
    setup: &Setup,
    door_of: &DoorsByKey,
    case_of: impl Fn(&DwellingRow) -> CaseId,
    mut progress: impl FnMut(usize),
) -> Result<(), Error> {
    tx.batch("be_patient", PATIENCE).await?;
    tx.batch("create_incoming", TABLES).await?;
    let client = tx.raw()?;
    let sink = client.copy_in(COPY).await.map_err(|e| Error::of("copy_dwellings", &e))?;
    let ids = [Type::UUID, Type::UUID, Type::UUID];
    let place = [Type::TEXT, Type::TEXT, Type::TEXT, Type::TEXT, Type::INT4, Type::TEXT, Type::TEXT];
    let rest = [Type::FLOAT8, Type::FLOAT8, Type::TEXT, Type::INT4, Type::TEXT, Type::UUID, Type::UUID];
    let types = [ids.as_slice(), &place, &rest].concat();
    let mut writer = pin!(BinaryCopyInWriter::new(sink, &types));
    for (n, d) in setup.dwellings.iter().enumerate() {
        let expected = d.households_expected.map(i32::from);
        let written_case = case_of(d);
        let (id, case) = door_of.get(&d.id.0).copied().unwrap_or((d.id.0, written_case));
        let row: [Param<'_>; 17] = [
            &id,
            &case,
            &d.building_id.0,
            &&*d.area,
            &&*d.building,
            &d.building_name.as_deref(),
            &&*d.unit,
            &d.floor,
            &&*d.room,
            &d.kind.slug(),
            &d.lon,
            &d.lat,
            &d.external_id.as_deref(),
            &expected,
            &setup.key(d),
            &d.id.0,
            &written_case,
        ];
        writer.as_mut().write(&row).await.map_err(|e| Error::of("copy_dwellings", &e))?;
        if n % 5000 == 0 {
            progress(n);
        }
    }
    writer.as_mut().finish().await.map_err(|e| Error::of("copy_dwellings", &e))?;
    tx.batch("analyse_incoming", "create index on incoming (id); analyse incoming").await
}

/// An optional column of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    /// `floor`.
    Floor,
    /// `lon` and `lat`.
    Position,
    /// `external_id`.
    Number,
    /// `households_expected`.
    Households,
    /// `building_name`.
    BuildingName,
}

impl Column {
    /// The columns that hold no value in any row of the list.
    pub fn empty(rows: &[DwellingRow]) -> Vec<Self> {
        let is_empty = |column: &Self| match column {
            Self::Floor => rows.iter().all(|d| d.floor.is_none()),
            Self::Position => rows.iter().all(|d| d.lon.is_none()),
            Self::Number => rows.iter().all(|d| d.external_id.is_none()),
            Self::Households => rows.iter().all(|d| d.households_expected.is_none()),
            Self::BuildingName => rows.iter().all(|d| d.building_name.is_none()),
        };
        let all = [Self::Floor, Self::Position, Self::Number, Self::Households, Self::BuildingName];
        all.into_iter().filter(is_empty).collect()
    }

    /// Its name in the file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Floor => "floor",
            Self::Position => "lon, lat",
            Self::Number => "external_id",
            Self::Households => "households_expected",
            Self::BuildingName => "building_name",
        }
    }
}

/// A column that is empty throughout says nothing about the doors: their values stay. Returns how many rows keep one.
pub async fn keep_column(tx: &Tx, key: SurveyKey, column: Column) -> Result<u64, Error> {
    let statement = match column {
        Column::Floor => &KEEP_FLOORS,
        Column::Position => &KEEP_POSITIONS,
        Column::Number => &KEEP_NUMBERS,
        Column::Households => &KEEP_HOUSEHOLDS,
        Column::BuildingName => &KEEP_NAMES,
    };
    tx.execute(statement, &[&key.district, &key.no]).await
}

/// Whether new doors belong to the frame frozen at the start of the survey.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frame {
    /// They do, and count from this moment by the event clock.
    Frozen {
        /// Start of the survey, or now if that is earlier.
        from: Timestamp,
    },
    /// They were added later.
    Later,
}

/// A case of a set-up as the feed needs it: case, door, number of the area.
pub type CaseAt = (CaseId, Uuid, i32);

/// Adds and changes buildings and doors; returns how many doors are new, how many changed, and whether a building got another
/// name.
pub async fn put_doors(tx: &Tx, key: SurveyKey, now: Timestamp) -> Result<(i64, i64, bool), Error> {
    let is_renamed = tx.query_one(&RENAMED, &[&key.district, &key.no]).await?.get("is_renamed");
    tx.execute(&PUT_BUILDINGS, &[&key.district, &key.no]).await?;
    let doors = tx.query_one(&PUT_DWELLINGS, &[&key.district, &key.no, &now]).await?;
    tx.batch("analyse_doors", "analyse building, dwelling").await?;
    Ok((doors.get("added"), doors.get("changed"), is_renamed))
}

/// Doors that the list lacks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lost {
    /// Nobody has touched them: they may go.
    pub removed: i64,
    /// Something is known about them: they stay.
    pub kept: i64,
    /// Of those kept, how many were on the list before.
    pub kept_now: i64,
}

/// Finds the doors that the list lacks. A door that a batch visits at this very moment is seen as visited once its case is
/// locked.
pub async fn find_lost(tx: &Tx, key: SurveyKey) -> Result<Lost, Error> {
    tx.execute(&LOCK_LOST, &[&key.district, &key.no]).await?;
    tx.execute(&FIND_LOST, &[&key.district, &key.no]).await?;
    let r = tx.query_one(&COUNT_LOST, &[]).await?;
    Ok(Lost { removed: r.get("removed"), kept: r.get("kept"), kept_now: r.get("kept_now") })
}

/// Area, building, how many: where most of the doors are that leave the list now.
pub async fn places_of_lost(tx: &Tx, most: i64) -> Result<Vec<(String, String, i64)>, Error> {
    let rows = tx.query(&PLACES_OF_LOST, &[&most]).await?;
    Ok(rows.iter().map(|r| (r.get("area"), r.get("building"), r.get("n"))).collect())
}

/// Marks the lost doors that stay, and removes the others; returns the cases that went.
pub async fn settle_lost(tx: &Tx, key: SurveyKey, now: Timestamp) -> Result<Vec<CaseAt>, Error> {
    tx.execute(&KEEP_LOST, &[&key.district, &key.no, &now]).await?;
    let gone = tx.query_one(&REMOVE_LOST, &[&key.district, &key.no]).await?;
    let cases: Vec<CaseId> = gone.get("cases");
    let doors: Vec<Uuid> = gone.get("dwellings");
    let areas: Vec<i32> = gone.get("areas");
    let at = cases.into_iter().zip(doors).zip(areas);
    Ok(at.map(|((case, door), area)| (case, door, area)).collect())
}

/// Gives every residential door of the list its case; returns how many are new. Buildings without doors go.
pub async fn put_cases(
    tx: &Tx,
    key: SurveyKey,
    now: Timestamp,
    blank: BlankCase,
    frame: Frame,
) -> Result<i64, Error> {
    let counts_from = match frame {
        Frame::Frozen { from } => from,
        Frame::Later => now,
    };
    let params: [Param<'_>; 11] = [
        &key.district,
        &key.no,
        &now,
        &matches!(frame, Frame::Frozen { .. }),
        &blank.state,
        &blank.class,
        &blank.cell,
        &blank.unmet,
        &blank.due_class,
        &now.as_microsecond(),
        &counts_from.as_microsecond(),
    ];
    let cases: i64 = tx.query_one(&PUT_CASES, &params).await?.get("cases");
    tx.batch("analyse_cases", "analyse survey_case").await?;
    tx.execute(&DROP_BUILDINGS, &[&key.district, &key.no]).await?;
    Ok(cases)
}

/// Cases created at `now`, at most `most`.
pub async fn new_cases(tx: &Tx, key: SurveyKey, now: Timestamp, most: i64) -> Result<Vec<CaseAt>, Error> {
    let rows = tx.query(&NEW_CASES, &[&key.district, &key.no, &now, &most]).await?;
    Ok(rows.iter().map(|r| (r.get(0), r.get(1), r.get(2))).collect())
}
