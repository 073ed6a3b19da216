//! Leases: those that end or go on, and the lists by which a supervisor keeps an eye on them.

use std::collections::HashMap;

use jiff::Timestamp;
use uuid::Uuid;

use super::case::CasePlace;
use super::feed::{AssignmentRow, assignment_row};
use super::tx::{Error, Tx, statements};
use super::{Store, SurveyKey};
use crate::domain::{AreaRange, CaseId};

statements! {
    /// $1 district, $2 survey, $3 now, $4 limit.
    ENDED_BY = "-- leases_ended_by
        select case_id from assignment
        where district_id = $1 and survey_no = $2 and ended_at is null and until <= $3 order by until, id limit $4";
    /// $1 district, $2 survey, $3 cases (locked), $4 now.
    EXPIRE = "-- expire_leases
        update assignment set ended_at = $4, end_reason = 'expired'
        where district_id = $1 and survey_no = $2 and case_id = any($3) and ended_at is null and until <= $4
        returning id, case_id, enumerator";
    /// $1 district, $2 survey, $3 cases. The latest assignment of each.
    LATEST = "-- latest_assignments
        select distinct on (case_id) id, case_id, enumerator, until, assigned_by, assigned_at, ended_at, end_reason from assignment
        where district_id = $1 and survey_no = $2 and case_id = any($3) order by case_id, assigned_at desc, id desc";
    /// $1 district, $2 survey, $3 users.
    RANGES = "-- staff_ranges
        select s.user_name, a.lo, a.hi from staff s
        join area a on a.district_id = s.district_id and a.survey_no = s.survey_no and a.code = s.area
        where s.district_id = $1 and s.survey_no = $2 and s.user_name = any($3)";
    /// $1 district, $2 survey, $3 cases, $4 user. Which of them were ever lent to this person, not to somebody who had the name before.
    EVER_LENT = "-- ever_lent
        select distinct case_id from assignment
        where district_id = $1 and survey_no = $2 and case_id = any($3) and enumerator = $4
          and assigned_at >= coalesce((select since from staff where district_id = $1 and survey_no = $2 and user_name = $4), '-infinity')";
    /// $1 district, $2 survey, $3 user. Open cases a person holds.
    HELD_BY = "-- cases_held_by
        select case_id from assignment where district_id = $1 and survey_no = $2 and enumerator = $3 and ended_at is null
        order by case_id limit $4";
    /// $1 district, $2 survey, $3 lo, $4 hi, $5 after id, $6 limit.
    LIST_OPEN = "-- list_open_assignments
        select g.id, g.case_id, g.enumerator, g.until, g.assigned_by, g.assigned_at, g.ended_at, g.end_reason
        from assignment g
        join survey_case c on c.district_id = g.district_id and c.survey_no = g.survey_no and c.id = g.case_id
        where g.district_id = $1 and g.survey_no = $2 and g.ended_at is null and c.area_no between $3 and $4 and g.id > $5
        order by g.id limit $6";
    /// The same; leases that ended by themselves or with their person, and whose door nobody has got since, though it still needs a visit.
    LIST_EXPIRED = "-- list_expired_assignments
        select g.id, g.case_id, g.enumerator, g.until, g.assigned_by, g.assigned_at, g.ended_at, g.end_reason
        from assignment g
        join survey_case c on c.district_id = g.district_id and c.survey_no = g.survey_no and c.id = g.case_id
        where g.district_id = $1 and g.survey_no = $2 and g.end_reason in ('expired', 'left', 'moved') and c.area_no between $3 and $4 and g.id > $5
          and c.holder is null and c.due_class is not null
          and not exists (select 1 from assignment l where l.district_id = $1 and l.survey_no = $2 and l.case_id = g.case_id
                and (l.assigned_at, l.id) > (g.assigned_at, g.id))
        order by g.id limit $6";
    /// $1 district, $2 survey, $3 lo, $4 hi, $5 after area, $6 after building, $7 after id, $8 limit. Doors that need a visit and have no holder.
    LIST_UNASSIGNED = "-- list_unassigned_cases
        select area_no, building_id, id from survey_case
        where district_id = $1 and survey_no = $2 and area_no between $3 and $4 and (area_no, building_id, id) > ($5, $6, $7)
          and holder is null and due_class is not null
        order by area_no, building_id, id limit $8";
    /// $1 district, $2 survey, $3 lo, $4 hi, $5 after id, $6 limit. Leases during which two or more people worked at the door.
    LIST_DOUBLE = "-- list_double_work
        with worked as (
            select g.id, w.enumerator, count(*) as records, min(w.at) as first_at, max(w.at) as last_at, bool_or(w.is_interview) as interviewed
            from assignment g
            join survey_case c on c.district_id = g.district_id and c.survey_no = g.survey_no and c.id = g.case_id
            join lateral (
                select v.enumerator, v.at, false as is_interview from visit v
                where v.district_id = g.district_id and v.survey_no = g.survey_no and v.case_id = g.case_id and v.status = 0
                  and v.at >= g.assigned_at and v.at < coalesce(g.ended_at, 'infinity')
                union all
                select i.enumerator, i.at, true from interview i
                where i.district_id = g.district_id and i.survey_no = g.survey_no and i.case_id = g.case_id and i.status = 0
                  and i.at >= g.assigned_at and i.at < coalesce(g.ended_at, 'infinity')) w on true
            where g.district_id = $1 and g.survey_no = $2 and c.area_no between $3 and $4 and g.id > $5
              and c.visits + c.interviews >= 2
            group by g.id, w.enumerator),
        double as (select id from worked group by id having count(*) >= 2 order by id limit $6)
        select g.id, g.case_id, g.enumerator, g.until, g.assigned_by, g.assigned_at, g.ended_at, g.end_reason,
               w.enumerator as worker, w.records, w.first_at, w.last_at, w.interviewed
        from double d
        join assignment g on g.district_id = $1 and g.survey_no = $2 and g.id = d.id
        join worked w on w.id = d.id
        order by g.id, w.first_at, w.enumerator";
}

/// Somebody's work at a door during one lease.
#[derive(Clone, Debug)]
pub struct Work {
    /// Who.
    pub enumerator: String,
    /// Visits and interview revisions.
    pub records: i64,
    /// Device time of the first.
    pub first_at: Timestamp,
    /// Device time of the last.
    pub last_at: Timestamp,
    /// Whether an interview is among them.
    pub interviewed: bool,
}

/// Which list of assignments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listed {
    /// Those that stand.
    Open,
    /// Those that ended by themselves, their door waiting since.
    Expired,
}

/// Cases whose lease has ended by `now`, earliest end first.
pub async fn ended_by(tx: &Tx, key: SurveyKey, now: Timestamp, limit: i64) -> Result<Vec<CaseId>, Error> {
    let rows = tx.query(&ENDED_BY, &[&key.district, &key.no, &now, &limit]).await?;
    Ok(rows.iter().map(|r| r.get(0)).collect())
}

/// Ends what leases of these locked cases are over; returns (assignment, case, enumerator).
pub async fn expire(
    tx: &Tx,
    key: SurveyKey,
    cases: &[CaseId],
    now: Timestamp,
) -> Result<Vec<(Uuid, CaseId, String)>, Error> {
    let rows = tx.query(&EXPIRE, &[&key.district, &key.no, &cases, &now]).await?;
    Ok(rows.iter().map(|r| (r.get(0), r.get(1), r.get(2))).collect())
}

/// The latest assignment of each of these cases.
pub async fn latest(tx: &Tx, key: SurveyKey, cases: &[CaseId]) -> Result<Vec<AssignmentRow>, Error> {
    let rows = tx.query(&LATEST, &[&key.district, &key.no, &cases]).await?;
    Ok(rows.iter().map(assignment_row).collect())
}

/// The range of each person's area.
pub async fn ranges(tx: &Tx, key: SurveyKey, users: &[String]) -> Result<HashMap<String, AreaRange>, Error> {
    let rows = tx.query(&RANGES, &[&key.district, &key.no, &users]).await?;
    Ok(rows.iter().map(|r| (r.get(0), AreaRange { lo: r.get(1), hi: r.get(2) })).collect())
}

/// Which of these cases were ever lent to a person.
pub async fn ever_lent(tx: &Tx, key: SurveyKey, cases: &[CaseId], user: &str) -> Result<Vec<CaseId>, Error> {
    let rows = tx.query(&EVER_LENT, &[&key.district, &key.no, &cases, &user]).await?;
    Ok(rows.iter().map(|r| r.get(0)).collect())
}

/// Cases lent to a person now.
pub async fn held_by(tx: &Tx, key: SurveyKey, user: &str, limit: i64) -> Result<Vec<CaseId>, Error> {
    let rows = tx.query(&HELD_BY, &[&key.district, &key.no, &user, &limit]).await?;
    Ok(rows.iter().map(|r| r.get(0)).collect())
}

impl Store {
    /// Assignments of an area's doors by id.
    pub async fn list_assignments(
        &self,
        key: SurveyKey,
        range: AreaRange,
        which: Listed,
        after: Uuid,
        limit: i64,
    ) -> Result<Vec<AssignmentRow>, Error> {
        let statement = match which {
            Listed::Open => &LIST_OPEN,
            Listed::Expired => &LIST_EXPIRED,
        };
        let rows =
            self.rows(statement, &[&key.district, &key.no, &range.lo, &range.hi, &after, &limit]).await?;
        Ok(rows.iter().map(assignment_row).collect())
    }

    /// Doors that need a visit and have no holder, in their order.
    pub async fn list_unassigned(
        &self,
        key: SurveyKey,
        range: AreaRange,
        after: CasePlace,
        limit: i64,
    ) -> Result<Vec<CasePlace>, Error> {
        let params: [super::tx::Param<'_>; 8] = [
            &key.district,
            &key.no,
            &range.lo,
            &range.hi,
            &after.area_no,
            &after.building,
            &after.id,
            &limit,
        ];
        let rows = self.rows(&LIST_UNASSIGNED, &params).await?;
        let place = |r: &tokio_postgres::Row| CasePlace {
            area_no: r.get("area_no"),
            building: r.get("building_id"),
            id: r.get("id"),
        };
        Ok(rows.iter().map(place).collect())
    }

    /// Leases during which two or more people worked at the door, with who did what; by assignment id.
    pub async fn list_double(
        &self,
        key: SurveyKey,
        range: AreaRange,
        after: Uuid,
        limit: i64,
    ) -> Result<Vec<(AssignmentRow, Vec<Work>)>, Error> {
        let rows =
            self.rows(&LIST_DOUBLE, &[&key.district, &key.no, &range.lo, &range.hi, &after, &limit]).await?;
        let mut all: Vec<(AssignmentRow, Vec<Work>)> = Vec::new();
        for r in &rows {
            let work = Work {
                enumerator: r.get("worker"),
                records: r.get("records"),
                first_at: r.get("first_at"),
                last_at: r.get("last_at"),
                interviewed: r.get("interviewed"),
            };
            match all.last_mut() {
                Some((row, works)) if row.id == r.get::<_, Uuid>("id") => works.push(work),
                Some(_) | None => all.push((assignment_row(r), vec![work])),
            }
        }
        Ok(all)
    }
}
