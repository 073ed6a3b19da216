//! What is there already, by which a set-up is judged before it is applied.

use jiff::Timestamp;
use jiff::civil::Date;

use crate::domain::Role;
use crate::store::SurveyKey;
use crate::store::sql_types::ReadRow;
use crate::store::tx::{Error, Tx, statements};

statements! {
    /// $1 district, $2 survey.
    COUNT_DOORS = "-- count_doors
        select count(*) as n from dwelling where district_id = $1 and survey_no = $2";
    /// $1 district, $2 survey.
    ACTIVE_STAFF = "-- active_staff
        select user_name, role from staff where district_id = $1 and survey_no = $2 and is_active order by user_name";
    /// $1 district, $2 survey.
    AREA_CODES = "-- area_codes
        select code from area where district_id = $1 and survey_no = $2 order by lo";
    /// $1 district, $2 survey, $3 a moment. Accepted visits and interviews from before it.
    RECORDED_BEFORE = "-- recorded_before
        select (select count(*) from visit where district_id = $1 and survey_no = $2 and status = 0 and at < $3)
             + (select count(*) from interview where district_id = $1 and survey_no = $2 and status = 0 and at < $3) as n";
    /// $1 district, $2 survey.
    HAS_RECORDS = "-- has_records
        select exists (select 1 from batch where district_id = $1 and survey_no = $2) as has";
    /// $1 district, $2 first day, $3 last day. Surveys under way on these days.
    UNDER_WAY = "-- surveys_under_way
        select s.district_id, s.survey_no, s.slug from survey s
        where s.district_id = $1 and s.starts_on <= $3 and s.ends_on >= $2
          and exists (select 1 from batch b where b.district_id = s.district_id and b.survey_no = s.survey_no)
        order by s.survey_no";
    /// $1 district, $2 survey. Doors that the incoming list shares with it.
    SHARED_DOORS = "-- shared_doors
        select count(*) as n from incoming i join dwelling d on d.district_id = $1 and d.survey_no = $2 and d.id = i.id";
}

/// Doors of a survey, listed or found.
pub async fn count_doors(tx: &Tx, key: SurveyKey) -> Result<i64, Error> {
    Ok(tx.query_one(&COUNT_DOORS, &[&key.district, &key.no]).await?.get("n"))
}

/// Login name and role of everybody who works in a survey.
pub async fn active_staff(tx: &Tx, key: SurveyKey) -> Result<Vec<(String, Role)>, Error> {
    let rows = tx.query(&ACTIVE_STAFF, &[&key.district, &key.no]).await?;
    rows.iter().map(|r| Ok((r.get("user_name"), r.read("staff", "role")?))).collect()
}

/// Codes of the areas of a survey.
pub async fn area_codes(tx: &Tx, key: SurveyKey) -> Result<Vec<String>, Error> {
    Ok(tx.query(&AREA_CODES, &[&key.district, &key.no]).await?.iter().map(|r| r.get("code")).collect())
}

/// Accepted visits and interviews made before a moment.
pub async fn recorded_before(tx: &Tx, key: SurveyKey, at: Timestamp) -> Result<i64, Error> {
    Ok(tx.query_one(&RECORDED_BEFORE, &[&key.district, &key.no, &at]).await?.get("n"))
}

/// Whether any batch was stored.
pub async fn has_records(tx: &Tx, key: SurveyKey) -> Result<bool, Error> {
    Ok(tx.query_one(&HAS_RECORDS, &[&key.district, &key.no]).await?.get("has"))
}

/// Surveys of a district that have records and whose field days meet these: key and slug.
pub async fn under_way(
    tx: &Tx,
    district: i32,
    (from, to): (Date, Date),
) -> Result<Vec<(SurveyKey, String)>, Error> {
    let rows = tx.query(&UNDER_WAY, &[&district, &from, &to]).await?;
    let key = |r: &tokio_postgres::Row| SurveyKey { district: r.get("district_id"), no: r.get("survey_no") };
    Ok(rows.iter().map(|r| (key(r), r.get("slug"))).collect())
}

/// How many doors of the incoming list another survey has too.
pub async fn shared_doors(tx: &Tx, other: SurveyKey) -> Result<i64, Error> {
    Ok(tx.query_one(&SHARED_DOORS, &[&other.district, &other.no]).await?.get("n"))
}
