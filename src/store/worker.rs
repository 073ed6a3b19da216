//! Who worked at which door: the evidence of cases page by page, for a count by whoever did the work.

use std::collections::HashMap;

use jiff::Timestamp;
use uuid::Uuid;

use super::case::CasePlace;
use super::evidence::{Pack, Taken};
use super::sql_types::ReadRow;
use super::tx::{Error, statements};
use super::{Store, SurveyKey};
use crate::domain::{AreaRange, CaseId, State};

statements! {
    /// $1 district, $2 survey, $3 lo, $4 hi, $5 after area, $6 after building, $7 after id, $8 limit.
    WORKED_CASES = "-- worked_cases
        select id, area_no, building_id, state, cell, persons, forms_done, visits, interviews, decisions, absorbed, evidence
        from survey_case
        where district_id = $1 and survey_no = $2 and area_no between $3 and $4 and (area_no, building_id, id) > ($5, $6, $7)
        order by area_no, building_id, id limit $8";
    /// $1 district, $2 survey, $3 lo, $4 hi, $5 after area, $6 after building, $7 after id, $8 limit, $9 since. Those at which something
    /// happened since, a visit or anything that changed what the case counts as.
    ACTIVE_CASES = "-- active_cases
        select id, area_no, building_id, state, cell, persons, forms_done, visits, interviews, decisions, absorbed, evidence
        from survey_case
        where district_id = $1 and survey_no = $2 and area_no between $3 and $4 and (area_no, building_id, id) > ($5, $6, $7)
          and (last_at >= $9 or event_at[cardinality(event_at)] >= extract(epoch from $9::timestamptz) * 1000000)
        order by area_no, building_id, id limit $8";
    /// $1 district, $2 survey, $3 interview ids.
    INTERVIEWERS = "-- interviewers
        select id, revision, enumerator from interview where district_id = $1 and survey_no = $2 and id = any($3)";
    /// $1 district, $2 survey, $3 users. Names of staff, also of those who left.
    NAMES = "-- names_of_staff
        select user_name, name from staff where district_id = $1 and survey_no = $2 and user_name = any($3)";
}

/// A case with what it counts as and what tells who worked there.
#[derive(Clone, Debug)]
pub struct WorkedCase {
    /// The case.
    pub id: CaseId,
    /// Where it stands in the order of the list.
    pub place: CasePlace,
    /// Where the case stands.
    pub state: State,
    /// Packed cell.
    pub cell: i32,
    /// Person figures, empty or seven.
    pub persons: Vec<i32>,
    /// Bits of the extra forms of which it has a complete sheet.
    pub forms_done: i16,
    /// Decisions taken.
    pub decisions: i32,
    /// Cases merged into it.
    pub absorbed: i32,
    /// Its own evidence but for decisions; `None`: read the tables.
    pub taken: Option<Taken>,
}

fn worked_case(r: &tokio_postgres::Row) -> Result<WorkedCase, Error> {
    let id: CaseId = r.get("id");
    let pack: Pack = r.get("evidence");
    let is_untouched = r.get::<_, i32>("visits") == 0 && r.get::<_, i32>("interviews") == 0;
    Ok(WorkedCase {
        id,
        place: CasePlace { area_no: r.get("area_no"), building: r.get("building_id"), id },
        state: r.read("survey_case", "state")?,
        cell: r.get("cell"),
        persons: r.get("persons"),
        forms_done: r.get("forms_done"),
        decisions: r.get("decisions"),
        absorbed: r.get("absorbed"),
        taken: match pack {
            Some(bytes) => Taken::unpack(&bytes),
            None => is_untouched.then(Taken::default),
        },
    })
}

impl Store {
    /// One page of the cases of a range of areas with their evidence, by area, building and id.
    pub async fn worked_cases(
        &self,
        key: SurveyKey,
        range: AreaRange,
        after: CasePlace,
        limit: i64,
    ) -> Result<Vec<WorkedCase>, Error> {
        let CasePlace { area_no, building, id } = after;
        let rows = self
            .rows(
                &WORKED_CASES,
                &[&key.district, &key.no, &range.lo, &range.hi, &area_no, &building, &id, &limit],
            )
            .await?;
        rows.iter().map(worked_case).collect()
    }

    /// The same of cases at which something happened since a moment.
    pub async fn active_cases(
        &self,
        key: SurveyKey,
        range: AreaRange,
        since: Timestamp,
        after: CasePlace,
        limit: i64,
    ) -> Result<Vec<WorkedCase>, Error> {
        let CasePlace { area_no, building, id } = after;
        let rows = self
            .rows(
                &ACTIVE_CASES,
                &[&key.district, &key.no, &range.lo, &range.hi, &area_no, &building, &id, &limit, &since],
            )
            .await?;
        rows.iter().map(worked_case).collect()
    }

    /// Who made each revision of these interviews.
    pub async fn interviewers(
        &self,
        key: SurveyKey,
        interviews: &[Uuid],
    ) -> Result<HashMap<(Uuid, i32), String>, Error> {
        let rows = self.rows(&INTERVIEWERS, &[&key.district, &key.no, &interviews]).await?;
        Ok(rows.iter().map(|r| ((r.get("id"), r.get("revision")), r.get("enumerator"))).collect())
    }

    /// Names of users of any role.
    pub async fn names_of(&self, key: SurveyKey, users: &[String]) -> Result<HashMap<String, String>, Error> {
        let rows = self.rows(&NAMES, &[&key.district, &key.no, &users]).await?;
        Ok(rows.iter().map(|r| (r.get("user_name"), r.get("name"))).collect())
    }
}
