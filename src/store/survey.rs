//! Surveys, their policy, areas and staff, as the rest of the program reads them.

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::Value;
use tokio_postgres::Row;

use super::sql_types::ReadRow;
use super::tx::{Error, Tx, statements};
use super::{Store, SurveyKey};
use crate::domain::ids::key_part;
use crate::domain::{AreaRange, Role};

statements! {
    /// All surveys.
    SURVEYS = "-- surveys
        select district_id, survey_no, slug, name, name_zh, time_zone, reference_at, starts_on, ends_on, policy, policy_version
        from survey order by survey_no";
    /// Keys of all surveys.
    KEYS = "-- survey_keys
        select district_id, survey_no from survey order by survey_no";
    /// $1 district, $2 survey. From the first area to the last.
    WHOLE = "-- whole_survey
        select min(lo) as lo, max(hi) as hi from area where district_id = $1 and survey_no = $2";
    /// Whether any batch was ever stored.
    HAS_BATCHES = "-- has_batches
        select exists (select 1 from batch) as has";
    /// $1 district, $2 survey.
    SURVEY = "-- survey
        select district_id, survey_no, slug, name, name_zh, time_zone, reference_at, starts_on, ends_on, policy, policy_version
        from survey where district_id = $1 and survey_no = $2";
    /// $1 district, $2 survey, $3 code.
    AREA = "-- area
        select code, parent, level, name, name_zh, lo, hi, depth from area where district_id = $1 and survey_no = $2 and code = $3";
    /// $1 district, $2 survey, $3 code as [`crate::domain::ids::key_part`] writes it.
    AREA_BY_VALUE = "-- area_by_value
        select code, parent, level, name, name_zh, lo, hi, depth from area
        where district_id = $1 and survey_no = $2 and upper(normalize(code, nfkc)) = $3";
    /// $1 district, $2 survey, $3 code.
    CHILDREN = "-- area_children
        select code, parent, level, name, name_zh, lo, hi, depth from area
        where district_id = $1 and survey_no = $2 and parent = $3 order by lo";
    /// $1 district, $2 survey, $3 lo, $4 hi.
    SUBTREE = "-- area_subtree
        select code, parent, level, name, name_zh, lo, hi, depth from area
        where district_id = $1 and survey_no = $2 and lo between $3 and $4 order by lo";
    /// $1 district, $2 survey, $3 lo. The area and all above it.
    ANCESTORS = "-- area_ancestors
        select code, parent, level, name, name_zh, lo, hi, depth from area
        where district_id = $1 and survey_no = $2 and $3 between lo and hi order by lo";
    /// $1 district, $2 survey, $3 lo, $4 hi.
    STAFF = "-- staff_of_range
        select s.user_name, s.name, s.role, s.area, s.shifts from staff s
        join area a on a.district_id = s.district_id and a.survey_no = s.survey_no and a.code = s.area
        where s.district_id = $1 and s.survey_no = $2 and s.is_active and (a.lo between $3 and $4 or $3 between a.lo and a.hi)
        order by s.user_name";
    /// $1 district, $2 survey, $3 codes.
    AREAS_BY_CODE = "-- areas_by_code
        select code, parent, level, name, name_zh, lo, hi, depth from area
        where district_id = $1 and survey_no = $2 and code = any($3)";
}

/// A survey as stored.
#[derive(Clone, Debug)]
pub struct SurveyRow {
    /// Its key.
    pub key: SurveyKey,
    /// Name on the wire.
    pub slug: String,
    /// English title.
    pub name: String,
    /// Chinese title.
    pub name_zh: String,
    /// IANA zone.
    pub time_zone: String,
    /// Reference moment.
    pub reference_at: Timestamp,
    /// First field day.
    pub starts_on: Date,
    /// Last field day.
    pub ends_on: Date,
    /// Policy as JSON.
    pub policy: Value,
    /// Version of the policy.
    pub policy_version: i32,
}

/// An area as stored.
#[derive(Clone, Debug)]
pub struct AreaRow {
    /// Code.
    pub code: String,
    /// Parent code.
    pub parent: Option<String>,
    /// Level word.
    pub level: String,
    /// English name.
    pub name: String,
    /// Chinese name.
    pub name_zh: String,
    /// Nested-set range; `lo` is the area's own number.
    pub range: AreaRange,
    /// Steps from the root.
    pub depth: i32,
}

/// A member of staff.
#[derive(Clone, Debug)]
pub struct StaffRow {
    /// Login name.
    pub user: String,
    /// Name.
    pub name: String,
    /// Role.
    pub role: Role,
    /// Area code.
    pub area: String,
    /// Hours on duty, JSON.
    pub shifts: Value,
}

pub(super) fn staff_row(r: &Row) -> Result<StaffRow, Error> {
    Ok(StaffRow {
        user: r.get("user_name"),
        name: r.get("name"),
        role: r.read("staff", "role")?,
        area: r.get("area"),
        shifts: r.get("shifts"),
    })
}

fn survey_row(r: &Row) -> SurveyRow {
    SurveyRow {
        key: SurveyKey { district: r.get("district_id"), no: r.get("survey_no") },
        slug: r.get("slug"),
        name: r.get("name"),
        name_zh: r.get("name_zh"),
        time_zone: r.get("time_zone"),
        reference_at: r.get("reference_at"),
        starts_on: r.get("starts_on"),
        ends_on: r.get("ends_on"),
        policy: r.get("policy"),
        policy_version: r.get("policy_version"),
    }
}

fn area_row(r: &Row) -> AreaRow {
    AreaRow {
        code: r.get("code"),
        parent: r.get("parent"),
        level: r.get("level"),
        name: r.get("name"),
        name_zh: r.get("name_zh"),
        range: AreaRange { lo: r.get("lo"), hi: r.get("hi") },
        depth: r.get("depth"),
    }
}

/// Which areas to read.
#[derive(Clone, Debug)]
pub enum Areas {
    /// One by code; the case of its letters does not matter.
    One(String),
    /// The children of one.
    ChildrenOf(String),
    /// A whole subtree by its range.
    Subtree(AreaRange),
    /// The area of this number and all above it, root first.
    Above(i32),
    /// Several by code.
    Codes(Vec<String>),
}

/// Areas, read inside a transaction.
pub async fn find_areas(tx: &Tx, key: SurveyKey, which: &Areas) -> Result<Vec<AreaRow>, Error> {
    let rows = match which {
        Areas::One(code) => {
            let exact = tx.query(&AREA, &[&key.district, &key.no, code]).await?;
            // No set-up has two areas that differ in this only.
            if exact.is_empty() {
                tx.query(&AREA_BY_VALUE, &[&key.district, &key.no, &key_part(code)]).await?
            } else {
                exact
            }
        }
        Areas::ChildrenOf(code) => tx.query(&CHILDREN, &[&key.district, &key.no, code]).await?,
        Areas::Subtree(r) => tx.query(&SUBTREE, &[&key.district, &key.no, &r.lo, &r.hi]).await?,
        Areas::Codes(codes) => tx.query(&AREAS_BY_CODE, &[&key.district, &key.no, codes]).await?,
        Areas::Above(lo) => tx.query(&ANCESTORS, &[&key.district, &key.no, lo]).await?,
    };
    Ok(rows.iter().map(area_row).collect())
}

/// Staff whose area lies in the range or above it, read inside a transaction.
pub async fn find_staff(tx: &Tx, key: SurveyKey, range: AreaRange) -> Result<Vec<StaffRow>, Error> {
    let rows = tx.query(&STAFF, &[&key.district, &key.no, &range.lo, &range.hi]).await?;
    rows.iter().map(staff_row).collect()
}

impl Store {
    /// All surveys of the installation.
    pub async fn surveys(&self) -> Result<Vec<SurveyRow>, Error> {
        Ok(self.rows(&SURVEYS, &[]).await?.iter().map(survey_row).collect())
    }

    /// Keys of all surveys.
    pub async fn survey_keys(&self) -> Result<Vec<SurveyKey>, Error> {
        let rows = self.rows(&KEYS, &[]).await?;
        Ok(rows
            .iter()
            .map(|r| SurveyKey { district: r.get("district_id"), no: r.get("survey_no") })
            .collect())
    }

    /// Whether any batch was ever stored: then digests exist and the key they were made with must be there.
    pub async fn has_batches(&self) -> Result<bool, Error> {
        Ok(self.one(&HAS_BATCHES, &[]).await?.get("has"))
    }

    /// One survey.
    pub async fn survey(&self, key: SurveyKey) -> Result<Option<SurveyRow>, Error> {
        Ok(self.row(&SURVEY, &[&key.district, &key.no]).await?.as_ref().map(survey_row))
    }

    /// The range of the whole survey; an empty one when it has no areas.
    pub async fn whole(&self, key: SurveyKey) -> Result<AreaRange, Error> {
        let r = self.one(&WHOLE, &[&key.district, &key.no]).await?;
        let ends = r.get::<_, Option<i32>>("lo").zip(r.get::<_, Option<i32>>("hi"));
        Ok(ends.map_or(AreaRange::NONE, AreaRange::from))
    }

    /// Areas of a survey.
    pub async fn areas(&self, key: SurveyKey, which: Areas) -> Result<Vec<AreaRow>, Error> {
        self.reading("areas", move |tx| {
            let which = which.clone();
            Box::pin(async move { find_areas(tx, key, &which).await })
        })
        .await
    }

    /// Staff whose area lies in the range or above it.
    pub async fn staff(&self, key: SurveyKey, range: AreaRange) -> Result<Vec<StaffRow>, Error> {
        let rows = self.rows(&STAFF, &[&key.district, &key.no, &range.lo, &range.hi]).await?;
        rows.iter().map(staff_row).collect()
    }
}
