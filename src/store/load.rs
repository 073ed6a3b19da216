//! Loading a set-up: COPY into temporary tables, then set-based merges. One transaction, driven by `ingest`.

use std::pin::pin;

use jiff::Timestamp;
use serde_json::Value;
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::Type;
use uuid::Uuid;

use super::SurveyKey;
use super::case::BlankCase;
use super::tx::{Error, Param, Tx, statements};
use crate::setup::{AreaRow, DwellingRow, Setup};

statements! {
    /// One set-up at a time in one database.
    LOCK = "-- lock_setup
        select pg_advisory_xact_lock(7236834511)";
    /// $1 slug.
    FIND = "-- find_survey
        select district_id, survey_no, time_zone, policy, policy_version from survey where slug = $1";
    /// Next survey number.
    NEXT_NO = "-- next_survey_no
        select coalesce(max(survey_no), 0) + 1 as no from survey";
    /// Columns of survey.
    PUT_SURVEY = "-- put_survey
        insert into survey (district_id, survey_no, slug, name, name_zh, time_zone, reference_at, starts_on, ends_on, policy,
            policy_version, created_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
        on conflict on constraint survey_pk do update set name = excluded.name, name_zh = excluded.name_zh,
            time_zone = excluded.time_zone, reference_at = excluded.reference_at, starts_on = excluded.starts_on,
            ends_on = excluded.ends_on, policy = excluded.policy, policy_version = excluded.policy_version";
    /// $1 district, $2 survey, $3 version, $4 document, $5 now.
    PUT_POLICY = "-- put_policy_version
        insert into policy_version (district_id, survey_no, version, document, loaded_at) values ($1, $2, $3, $4, $5)
        on conflict on constraint policy_version_pk do nothing";
    /// $1 district, $2 survey, $3 codes. Areas left out although doors with evidence stand in them.
    STRANDED_AREAS = "-- stranded_areas
        select distinct c.area from survey_case c where c.district_id = $1 and c.survey_no = $2 and c.area <> all($3)
          and (c.visits > 0 or c.interviews > 0 or c.decisions > 0) order by c.area limit 20";
    /// $1 district, $2 survey, $3 codes.
    DROP_AREAS = "-- drop_areas
        delete from area where district_id = $1 and survey_no = $2 and code <> all($3)";
    /// Columns of area as parallel arrays. Returns the areas whose place in the tree changed.
    PUT_AREAS = "-- put_areas
        insert into area as a (district_id, survey_no, code, parent, level, name, name_zh, lo, hi, depth)
        select $1, $2, u.* from unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::integer[], $9::integer[], $10::integer[])
          as u (code, parent, level, name, name_zh, lo, hi, depth)
        on conflict on constraint area_pk do update set parent = excluded.parent, level = excluded.level, name = excluded.name,
            name_zh = excluded.name_zh, lo = excluded.lo, hi = excluded.hi, depth = excluded.depth";
    /// $1 district, $2 survey. A digest of the tree's shape.
    TREE = "-- tree_shape
        select coalesce(md5(string_agg(code || ':' || lo || ':' || hi, ',' order by code)), '') as shape from area
        where district_id = $1 and survey_no = $2";
    /// $1 district, $2 survey. After the tree changed.
    RENUMBER = "-- renumber_cases
        update survey_case c set area_no = a.lo from area a
        where a.district_id = c.district_id and a.survey_no = c.survey_no and a.code = c.area
          and c.district_id = $1 and c.survey_no = $2 and c.area_no <> a.lo";
    /// $1 district, $2 survey. From the temporary table of incoming doors.
    PUT_BUILDINGS = "-- put_buildings
        insert into building as b (district_id, survey_no, id, area, building, name, lon, lat)
        select $1, $2, building_id, min(area), min(building), max(building_name), avg(lon), avg(lat)
        from incoming group by building_id order by building_id
        on conflict on constraint building_pk do update set name = excluded.name, lon = excluded.lon, lat = excluded.lat
          where (b.name, b.lon, b.lat) is distinct from (excluded.name, excluded.lon, excluded.lat)";
    /// $1 district, $2 survey, $3 now. Returns counts of added and changed doors.
    PUT_DWELLINGS = "-- put_dwellings
        with put as (
            insert into dwelling as d (district_id, survey_no, id, building_id, area, building, unit, floor, room, kind, lon, lat,
                external_id, households_expected, door_key, is_listed, created_at)
            select $1, $2, id, building_id, area, building, unit, floor, room, kind, lon, lat, external_id, households_expected, door_key,
                true, $3
            from incoming order by id
            on conflict on constraint dwelling_pk do update set floor = excluded.floor, room = excluded.room, unit = excluded.unit,
                building = excluded.building, kind = excluded.kind, lon = excluded.lon, lat = excluded.lat,
                external_id = excluded.external_id, households_expected = excluded.households_expected, is_listed = true, left_list_at = null
              where (d.floor, d.room, d.unit, d.building, d.kind, d.lon, d.lat, d.external_id, d.households_expected, d.is_listed, d.left_list_at)
                is distinct from (excluded.floor, excluded.room, excluded.unit, excluded.building, excluded.kind, excluded.lon, excluded.lat,
                excluded.external_id, excluded.households_expected, true, null)
            returning id, (xmax = 0) as is_new)
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
    /// $1 district, $2 survey, $3 now. Doors that left the list: how many were removed and kept.
    KEEP_TOUCHED = "-- keep_touched_doors
        with lost as (
            select d.id, bool_or(c.visits > 0 or c.interviews > 0 or c.decisions > 0 or c.holder is not null or c.merged_into is not null
                     or c.absorbed > 0
                     or exists (select 1 from visit v where v.district_id = $1 and v.survey_no = $2 and v.case_id = c.id)
                     or exists (select 1 from interview v where v.district_id = $1 and v.survey_no = $2 and v.case_id = c.id)) as touched
            from dwelling d
            left join survey_case c on c.district_id = $1 and c.survey_no = $2 and c.dwelling_id = d.id
            where d.district_id = $1 and d.survey_no = $2 and d.is_listed
              and not exists (select 1 from incoming i where i.id = d.id and i.kind = 'residential')
              and (c.id is not null or not exists (select 1 from incoming i where i.id = d.id))
            group by d.id),
        kept as (
            update dwelling d set left_list_at = $3 from lost l
            where d.district_id = $1 and d.survey_no = $2 and d.id = l.id and l.touched and d.left_list_at is null),
        removed_cases as (
            delete from survey_case c using lost l
            where c.district_id = $1 and c.survey_no = $2 and c.dwelling_id = l.id and not coalesce(l.touched, false)
            returning c.id, c.dwelling_id, c.area, c.area_no, c.building_id, coalesce(c.holder, '') as holder, c.cell),
        counted as (
            insert into completion_delta (district_id, survey_no, area, building_id, holder, measure, amount)
            select $1, $2, area, building_id, holder, array[cell], array[-count(*)::integer] from removed_cases group by 3, 4, 5, cell),
        removed as (
            delete from dwelling d using lost l
            where d.district_id = $1 and d.survey_no = $2 and d.id = l.id and not coalesce(l.touched, false)
              and not exists (select 1 from incoming i where i.id = d.id))
        select (select count(*) from lost where coalesce(touched, false)) as kept,
               (select count(*) from lost where not coalesce(touched, false)) as removed,
               (select coalesce(array_agg(id), '{}') from removed_cases) as cases,
               (select coalesce(array_agg(dwelling_id), '{}') from removed_cases) as dwellings,
               (select coalesce(array_agg(area_no), '{}') from removed_cases) as areas";
    /// $1 district, $2 survey, $3 now, $4 most.
    NEW_CASES = "-- new_cases
        select id, dwelling_id, area_no from survey_case where district_id = $1 and survey_no = $2 and created_at = $3 limit $4";
    /// $1 district, $2 survey. Buildings without doors.
    DROP_BUILDINGS = "-- drop_empty_buildings
        delete from building b where b.district_id = $1 and b.survey_no = $2 and not exists (
            select 1 from dwelling d where d.district_id = $1 and d.survey_no = $2 and d.building_id = b.id)";
    /// $1 district, $2 survey, $3 after, $4 limit. Cases with evidence, for folding again.
    TOUCHED_CASES = "-- touched_cases
        select id from survey_case where district_id = $1 and survey_no = $2 and id > $3
          and (visits > 0 or interviews > 0 or decisions > 0) order by id limit $4";
    /// $1 district, $2 survey.
    COUNT_ALL = "-- count_survey
        select (select count(*) from survey_case where district_id = $1 and survey_no = $2) as cases,
               (select count(*) from dwelling where district_id = $1 and survey_no = $2) as dwellings,
               (select count(*) from building where district_id = $1 and survey_no = $2) as buildings";
}

/// The temporary table that COPY fills.
const INCOMING: &str = "set local statement_timeout = 0; set local idle_in_transaction_session_timeout = 0;
    set local work_mem = '128MB';
    create temporary table incoming (id uuid, case_id uuid, building_id uuid, area text, building text, building_name text, unit text,
        floor integer, room text, kind text, lon double precision, lat double precision, external_id text, households_expected integer,
        door_key text) on commit drop";

const COPY: &str = "copy incoming from stdin (format binary)";

/// A survey found by its slug.
#[derive(Clone, Debug)]
pub struct Found {
    /// Its key.
    pub key: SurveyKey,
    /// IANA zone in force.
    pub time_zone: String,
    /// Policy in force.
    pub policy: Value,
    /// Its version.
    pub policy_version: i32,
}

/// The survey of that slug, and the lock that lets one set-up run at a time.
pub async fn find_locked(tx: &Tx, slug: &str) -> Result<Option<Found>, Error> {
    tx.query(&LOCK, &[]).await?;
    Ok(tx.query_opt(&FIND, &[&slug]).await?.map(|r| Found {
        key: SurveyKey { district: r.get("district_id"), no: r.get("survey_no") },
        time_zone: r.get("time_zone"),
        policy: r.get("policy"),
        policy_version: r.get("policy_version"),
    }))
}

/// A number for a new survey.
pub async fn next_no(tx: &Tx) -> Result<i32, Error> {
    Ok(tx.query_one(&NEXT_NO, &[]).await?.get("no"))
}

/// Writes the survey's row and the policy under its version.
pub async fn put_survey(
    tx: &Tx,
    key: SurveyKey,
    setup: &Setup,
    policy: &Value,
    version: i32,
    now: Timestamp,
) -> Result<(), Error> {
    let s = &setup.survey;
    let params: [Param<'_>; 12] = [
        &key.district,
        &key.no,
        &s.slug,
        &s.name,
        &s.name_zh,
        &s.time_zone,
        &s.reference_at,
        &s.starts_on,
        &s.ends_on,
        policy,
        &version,
        &now,
    ];
    tx.execute(&PUT_SURVEY, &params).await?;
    tx.execute(&PUT_POLICY, &[&key.district, &key.no, &version, policy, &now]).await?;
    Ok(())
}

/// Areas that the set-up leaves out although doors with evidence stand in them.
pub async fn stranded_areas(tx: &Tx, key: SurveyKey, areas: &[AreaRow]) -> Result<Vec<String>, Error> {
    let codes: Vec<&str> = areas.iter().map(|a| &*a.code).collect();
    Ok(tx.query(&STRANDED_AREAS, &[&key.district, &key.no, &codes]).await?.iter().map(|r| r.get(0)).collect())
}

/// Writes the areas; returns whether the shape of the tree changed.
pub async fn put_areas(tx: &Tx, key: SurveyKey, areas: &[AreaRow]) -> Result<bool, Error> {
    let shape: String = tx.query_one(&TREE, &[&key.district, &key.no]).await?.get("shape");
    let codes: Vec<&str> = areas.iter().map(|a| &*a.code).collect();
    tx.execute(&DROP_AREAS, &[&key.district, &key.no, &codes]).await?;
    let parents: Vec<Option<&str>> = areas.iter().map(|a| a.parent.as_deref()).collect();
    let levels: Vec<&str> = areas.iter().map(|a| a.level.as_str()).collect();
    let names: Vec<&str> = areas.iter().map(|a| a.name.as_str()).collect();
    let names_zh: Vec<&str> = areas.iter().map(|a| a.name_zh.as_str()).collect();
    let los: Vec<i32> = areas.iter().map(|a| a.lo).collect();
    let his: Vec<i32> = areas.iter().map(|a| a.hi).collect();
    let depths: Vec<i32> = areas.iter().map(|a| i32::from(a.depth)).collect();
    tx.execute(
        &PUT_AREAS,
        &[&key.district, &key.no, &codes, &parents, &levels, &names, &names_zh, &los, &his, &depths],
    )
    .await?;
    tx.batch("analyse_areas", "analyse area").await?;
    let after: String = tx.query_one(&TREE, &[&key.district, &key.no]).await?.get("shape");
    Ok(!shape.is_empty() && shape != after)
}

/// After the tree changed: the numbers that cases carry.
pub async fn renumber(tx: &Tx, key: SurveyKey) -> Result<(), Error> {
    tx.execute(&RENUMBER, &[&key.district, &key.no]).await?;
    Ok(())
}

/// Copies the doors into the temporary table. `case_of` gives the id of a door's case.
pub async fn copy_dwellings(
    tx: &Tx,
    setup: &Setup,
    case_of: impl Fn(&DwellingRow) -> Uuid,
    mut progress: impl FnMut(usize),
) -> Result<(), Error> {
    tx.batch("create_incoming", INCOMING).await?;
    let client = tx.raw()?;
    let sink = client.copy_in(COPY).await.map_err(|e| Error::of("copy_dwellings", &e))?;
    let types = [
        Type::UUID,
        Type::UUID,
        Type::UUID,
        Type::TEXT,
        Type::TEXT,
        Type::TEXT,
        Type::TEXT,
        Type::INT4,
        Type::TEXT,
        Type::TEXT,
        Type::FLOAT8,
        Type::FLOAT8,
        Type::TEXT,
        Type::INT4,
        Type::TEXT,
    ];
    let mut writer = pin!(BinaryCopyInWriter::new(sink, &types));
    for (n, d) in setup.dwellings.iter().enumerate() {
        let expected = d.households_expected.map(i32::from);
        let row: [Param<'_>; 15] = [
            &d.id.0,
            &case_of(d),
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
        ];
        writer.as_mut().write(&row).await.map_err(|e| Error::of("copy_dwellings", &e))?;
        if n % 5000 == 0 {
            progress(n);
        }
    }
    writer.as_mut().finish().await.map_err(|e| Error::of("copy_dwellings", &e))?;
    tx.batch("analyse_incoming", "create index on incoming (id); analyse incoming").await
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
pub type CaseAt = (Uuid, Uuid, i32);

/// What became of the doors.
#[derive(Clone, Debug, Default)]
pub struct Doors {
    /// New doors.
    pub added: i64,
    /// Doors whose attributes changed.
    pub changed: i64,
    /// New cases.
    pub cases: i64,
    /// Doors no longer listed and removed, nobody having touched them.
    pub removed: i64,
    /// Doors no longer listed and kept, because something is known about them.
    pub kept: i64,
    /// Cases that went, with their doors and the numbers of their areas.
    pub gone: Vec<CaseAt>,
}

/// Merges the copied doors: buildings, doors, cases, counters. Each table is analysed as soon as it is filled: every row
/// carries the same district and survey, and a planner that does not know this takes any index for a selective one.
pub async fn merge_dwellings(
    tx: &Tx,
    key: SurveyKey,
    now: Timestamp,
    blank: BlankCase,
    frame: Frame,
) -> Result<Doors, Error> {
    tx.execute(&PUT_BUILDINGS, &[&key.district, &key.no]).await?;
    let doors = tx.query_one(&PUT_DWELLINGS, &[&key.district, &key.no, &now]).await?;
    tx.batch("analyse_doors", "analyse building, dwelling").await?;
    // A door that a batch visits at this very moment is seen as visited once its case is locked.
    tx.execute(&LOCK_LOST, &[&key.district, &key.no]).await?;
    let left = tx.query_one(&KEEP_TOUCHED, &[&key.district, &key.no, &now]).await?;
    let is_baseline = matches!(frame, Frame::Frozen { .. });
    let counts_from = match frame {
        Frame::Frozen { from } => from,
        Frame::Later => now,
    };
    let params: [Param<'_>; 11] = [
        &key.district,
        &key.no,
        &now,
        &is_baseline,
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
    let gone: Vec<Uuid> = left.get("cases");
    let doors_gone: Vec<Uuid> = left.get("dwellings");
    let areas: Vec<i32> = left.get("areas");
    Ok(Doors {
        added: doors.get("added"),
        changed: doors.get("changed"),
        cases,
        removed: left.get("removed"),
        kept: left.get("kept"),
        gone: gone
            .into_iter()
            .zip(doors_gone)
            .zip(areas)
            .map(|((case, door), area)| (case, door, area))
            .collect(),
    })
}

/// Cases created at `now`, at most `most`.
pub async fn new_cases(tx: &Tx, key: SurveyKey, now: Timestamp, most: i64) -> Result<Vec<CaseAt>, Error> {
    let rows = tx.query(&NEW_CASES, &[&key.district, &key.no, &now, &most]).await?;
    Ok(rows.iter().map(|r| (r.get(0), r.get(1), r.get(2))).collect())
}

/// Cases with evidence after `after`, by id, at most `limit`.
pub async fn touched_cases(tx: &Tx, key: SurveyKey, after: Uuid, limit: i64) -> Result<Vec<Uuid>, Error> {
    let rows = tx.query(&TOUCHED_CASES, &[&key.district, &key.no, &after, &limit]).await?;
    Ok(rows.iter().map(|r| r.get(0)).collect())
}

/// (cases, dwellings, buildings) of a survey.
pub async fn count_survey(tx: &Tx, key: SurveyKey) -> Result<(i64, i64, i64), Error> {
    let r = tx.query_one(&COUNT_ALL, &[&key.district, &key.no]).await?;
    Ok((r.get("cases"), r.get("dwellings"), r.get("buildings")))
}
