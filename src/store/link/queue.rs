//! The queue of interviews to be linked. Lines are only added and removed, never changed in place, so an upload never waits
//! for the linking job and neither can block the other.

use uuid::Uuid;

use crate::domain::CaseId;
use crate::store::tx::{Error, Tx, statements};
use crate::store::{Store, SurveyKey};

statements! {
    /// $1 district, $2 survey, $3 interview ids.
    ADD = "-- queue_links
        insert into link_outbox (district_id, survey_no, interview, queued_at, not_before)
        select $1, $2, u, now(), now() from unnest($3::uuid[]) u";
    /// $1 district, $2 survey, $3 visit.
    ADD_OF_VISIT = "-- queue_links_of_visit
        insert into link_outbox (district_id, survey_no, interview, queued_at, not_before)
        select distinct $1::integer, $2::integer, i.id, now(), now() from interview i join visit v
          on v.district_id = i.district_id and v.survey_no = i.survey_no and v.case_id = i.case_id
        where i.district_id = $1 and i.survey_no = $2 and v.id = $3 and i.visit_id = $3";
    /// $1 district, $2 survey, $3 cases.
    ADD_OF_CASES = "-- queue_links_of_cases
        insert into link_outbox (district_id, survey_no, interview, queued_at, not_before)
        select distinct $1::integer, $2::integer, i.id, now(), now() from interview i
        where i.district_id = $1 and i.survey_no = $2 and i.case_id = any($3) and i.status = 0";
    /// $1 district, $2 survey. Everything once more.
    ADD_ALL = "-- queue_all_links
        insert into link_outbox (district_id, survey_no, interview, queued_at, not_before)
        select distinct $1::integer, $2::integer, i.id, now(), now() from interview i
        where i.district_id = $1 and i.survey_no = $2 and i.status = 0";
    /// $1 district, $2 survey, $3 most.
    NEXT = "-- next_links
        select id, interview, tries from link_outbox
        where district_id = $1 and survey_no = $2 and not_before <= now() order by id limit $3";
    /// $1 district, $2 survey, $3 line ids.
    DONE = "-- links_done
        delete from link_outbox where district_id = $1 and survey_no = $2 and id = any($3)";
    /// $1 district, $2 survey, $3 line ids. Later and later, an hour at most.
    POSTPONE = "-- postpone_links
        update link_outbox set tries = tries + 1, not_before = now() + least(3600, 2 ^ least(tries, 12)) * interval '1 second'
        where district_id = $1 and survey_no = $2 and id = any($3)";
    /// $1 district, $2 survey.
    LENGTH = "-- links_waiting
        select count(*) as n, coalesce(extract(epoch from now() - min(queued_at)), 0)::float8 as oldest from link_outbox
        where district_id = $1 and survey_no = $2";
}

/// A line of the queue.
#[derive(Clone, Copy, Debug)]
pub struct Line {
    /// Tells lines apart.
    pub id: i64,
    /// The interview.
    pub interview: Uuid,
    /// Failures so far.
    pub tries: i32,
}

/// Queues interviews in the transaction that changed them.
pub async fn add(tx: &Tx, key: SurveyKey, interviews: &[Uuid]) -> Result<(), Error> {
    if !interviews.is_empty() {
        tx.execute(&ADD, &[&key.district, &key.no, &interviews]).await?;
    }
    Ok(())
}

/// Queues the interviews taken at a visit.
pub async fn add_of_visit(tx: &Tx, key: SurveyKey, visit: Uuid) -> Result<(), Error> {
    tx.execute(&ADD_OF_VISIT, &[&key.district, &key.no, &visit]).await?;
    Ok(())
}

/// Queues every accepted interview of these cases.
pub async fn add_of_cases(tx: &Tx, key: SurveyKey, cases: &[CaseId]) -> Result<(), Error> {
    tx.execute(&ADD_OF_CASES, &[&key.district, &key.no, &cases]).await?;
    Ok(())
}

/// Queues every accepted interview of the survey; returns how many.
pub async fn add_all(tx: &Tx, key: SurveyKey) -> Result<u64, Error> {
    tx.execute(&ADD_ALL, &[&key.district, &key.no]).await
}

/// The lines that may be taken now, oldest first.
pub async fn next(tx: &Tx, key: SurveyKey, most: i64) -> Result<Vec<Line>, Error> {
    let rows = tx.query(&NEXT, &[&key.district, &key.no, &most]).await?;
    Ok(rows
        .iter()
        .map(|r| Line { id: r.get("id"), interview: r.get("interview"), tries: r.get("tries") })
        .collect())
}

/// Removes lines that were seen to.
pub async fn done(tx: &Tx, key: SurveyKey, lines: &[i64]) -> Result<(), Error> {
    tx.execute(&DONE, &[&key.district, &key.no, &lines]).await?;
    Ok(())
}

/// Puts lines back that failed.
pub async fn postpone(tx: &Tx, key: SurveyKey, lines: &[i64]) -> Result<(), Error> {
    tx.execute(&POSTPONE, &[&key.district, &key.no, &lines]).await?;
    Ok(())
}

impl Store {
    /// Lines waiting, and the age of the oldest in seconds.
    pub async fn links_waiting(&self, key: SurveyKey) -> Result<(i64, f64), Error> {
        let row = self.one(&LENGTH, &[&key.district, &key.no]).await?;
        Ok((row.get("n"), row.get("oldest")))
    }
}
