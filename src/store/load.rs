//! Loading a set-up: COPY into temporary tables, then set-based merges. One transaction, driven by `ingest`. Here stand the
//! survey and its areas; the doors in files of their own.

mod doors;
mod guard;
mod same;

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::Value;

use super::tx::{Error, Param, Tx, statements};
use super::{Statement, SurveyKey};
use crate::domain::CaseId;
use crate::setup::{AreaRow, Setup};

pub use doors::{
    CaseAt, Column, Frame, Lost, TABLES, copy_dwellings, find_lost, keep_column, new_cases, places_of_lost,
    put_cases, put_doors, settle_lost,
};
pub use guard::{
    active_staff, area_codes, count_doors, has_records, recorded_before, shared_doors, under_way,
};
pub use same::{
    Chosen, Doubtful, Elsewhere, Further, Written, choose, door_aliases, doubtful_rows, drop_keys,
    free_numbers, move_cases, note_keys, numbers_elsewhere, unmatched,
};

statements! {
    /// One set-up at a time in one database.
    LOCK = "-- lock_setup
        select pg_advisory_xact_lock(7236834511)";
    /// $1 slug.
    FIND = "-- find_survey
        select district_id, survey_no, time_zone, starts_on, policy, policy_version from survey where slug = $1";
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
    /// $1 district, $2 survey. Areas of doors that are no longer there.
    STRANDED_AREAS = "-- stranded_areas
        select distinct d.area from dwelling d where d.district_id = $1 and d.survey_no = $2 and not exists (
            select 1 from area a where a.district_id = $1 and a.survey_no = $2 and a.code = d.area)
        order by d.area limit 20";
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
    /// $1 district, $2 survey. A digest of the tree's shape, and one of its names.
    TREE = "-- tree_shape
        select coalesce(md5(string_agg(code || ':' || lo || ':' || hi, ',' order by code)), '') as shape,
               coalesce(md5(string_agg(code || ':' || name || ':' || name_zh, ',' order by code)), '') as names from area
        where district_id = $1 and survey_no = $2";
    /// $1 district, $2 survey. After the tree changed.
    RENUMBER = "-- renumber_cases
        update survey_case c set area_no = a.lo from area a
        where a.district_id = c.district_id and a.survey_no = c.survey_no and a.code = c.area
          and c.district_id = $1 and c.survey_no = $2 and c.area_no <> a.lo";
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

/// A survey found by its slug.
#[derive(Clone, Debug)]
pub struct Found {
    /// Its key.
    pub key: SurveyKey,
    /// IANA zone in force.
    pub time_zone: String,
    /// First field day in force.
    pub starts_on: Date,
    /// Policy in force.
    pub policy: Value,
    /// Its version.
    pub policy_version: i32,
}

/// The statements of this part of the room.
pub(super) fn all() -> Vec<&'static Statement> {
    [ALL, doors::ALL, guard::ALL, same::ALL].concat()
}

/// The survey of that slug, and the lock that lets one set-up run at a time.
pub async fn find_locked(tx: &Tx, slug: &str) -> Result<Option<Found>, Error> {
    tx.query(&LOCK, &[]).await?;
    Ok(tx.query_opt(&FIND, &[&slug]).await?.map(|r| Found {
        key: SurveyKey { district: r.get("district_id"), no: r.get("survey_no") },
        time_zone: r.get("time_zone"),
        starts_on: r.get("starts_on"),
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

/// Areas that are left out although doors still stand in them.
pub async fn stranded_areas(tx: &Tx, key: SurveyKey) -> Result<Vec<String>, Error> {
    Ok(tx.query(&STRANDED_AREAS, &[&key.district, &key.no]).await?.iter().map(|r| r.get(0)).collect())
}

/// What a set-up changed in the tree of areas of a survey that had one.
#[derive(Clone, Copy, Debug)]
pub struct TreeChange {
    /// Areas came, went or moved.
    pub shape: bool,
    /// Areas got other names.
    pub names: bool,
}

/// Writes the areas.
pub async fn put_areas(tx: &Tx, key: SurveyKey, areas: &[AreaRow]) -> Result<TreeChange, Error> {
    let before = tree(tx, key).await?;
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
    let after = tree(tx, key).await?;
    let is_old = !before.0.is_empty();
    Ok(TreeChange { shape: is_old && before.0 != after.0, names: is_old && before.1 != after.1 })
}

/// Digests of the tree's shape and of its names; empty without areas.
async fn tree(tx: &Tx, key: SurveyKey) -> Result<(String, String), Error> {
    let row = tx.query_one(&TREE, &[&key.district, &key.no]).await?;
    Ok((row.get("shape"), row.get("names")))
}

/// After the tree changed: the numbers that cases carry.
pub async fn renumber(tx: &Tx, key: SurveyKey) -> Result<(), Error> {
    tx.execute(&RENUMBER, &[&key.district, &key.no]).await?;
    Ok(())
}

/// Cases with evidence after `after`, by id, at most `limit`.
pub async fn touched_cases(tx: &Tx, key: SurveyKey, after: CaseId, limit: i64) -> Result<Vec<CaseId>, Error> {
    let rows = tx.query(&TOUCHED_CASES, &[&key.district, &key.no, &after, &limit]).await?;
    Ok(rows.iter().map(|r| r.get(0)).collect())
}

/// (cases, dwellings, buildings) of a survey.
pub async fn count_survey(tx: &Tx, key: SurveyKey) -> Result<(i64, i64, i64), Error> {
    let r = tx.query_one(&COUNT_ALL, &[&key.district, &key.no]).await?;
    Ok((r.get("cases"), r.get("dwellings"), r.get("buildings")))
}
