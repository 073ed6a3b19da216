//! Reading back evidence: what a fold needs, and what waits for what.

use std::collections::HashMap;
use std::sync::Arc;

use tokio_postgres::Row;
use uuid::Uuid;

use super::super::batch::Status;
use super::super::sight::{Sight, is_near, is_own};
use super::super::sql_types::ReadRow;
use super::super::tx::{Error, Tx, statements};
use super::super::wire::{InOrder, column};
use super::super::{Store, SurveyKey};
use super::{StoredPeople, person_counts};
use crate::domain::evidence::{Evidence, Interview, Visit, Window};
use crate::domain::ids::{CaseId, InterviewId, VisitId};

statements! {
    /// $1 district, $2 survey, $3 interview ids. All revisions with their people.
    PEOPLE_OF = "-- people_of_interviews
        select id, revision, case_id, status, held_reason, device_id, people from interview
        where district_id = $1 and survey_no = $2 and id = any($3)";
    /// $1 district, $2 survey, then ids, revisions, people.
    SET_PEOPLE = "-- set_people
        update interview v set people = u.people
        from unnest($3::uuid[], $4::integer[], $5::text[]) as u (id, revision, people)
        where v.district_id = $1 and v.survey_no = $2 and v.id = u.id and v.revision = u.revision";
    /// $1 district, $2 survey, $3 case ids. `offset 0`: as in `known_records`.
    LOAD_VISITS = "-- load_visits
        select v.* from (select distinct id from unnest($3::uuid[]) as t (id)) u
        cross join lateral (
            select id, case_id, at, received_at, outcome, enumerator, channel, informant, photo is not null as has_photo,
                   appointment_from, appointment_to
            from visit where district_id = $1 and survey_no = $2 and case_id = u.id and status = 0
            offset 0) v";
    /// $1 district, $2 survey, $3 case ids. Neither faulty forms that were corrected, nor what a later revision moved to
    /// another door.
    LOAD_INTERVIEWS = "-- load_interviews
        select v.* from (select distinct id from unnest($3::uuid[]) as t (id)) u
        cross join lateral (
            select id, revision, case_id, visit_id, result, respondent, at, received_at, counted_elsewhere, paired, persons
            from interview i where district_id = $1 and survey_no = $2 and case_id = u.id and status = 0
              and held_reason is distinct from 'form-error'
              and not exists (select 1 from interview h where h.district_id = $1 and h.survey_no = $2 and h.id = i.id
                    and h.revision > i.revision and h.case_id <> i.case_id and h.status = 0
                    and h.held_reason is distinct from 'form-error' offset 0)
            offset 0) v";
    /// $1 district, $2 survey, $3 case ids. Other cases at which revisions of these cases' interviews stand.
    MOVED_CASES = "-- cases_of_other_revisions
        select distinct o.case_id from unnest($3::uuid[]) as u (id)
        cross join lateral (
            select id from interview where district_id = $1 and survey_no = $2 and case_id = u.id offset 0) i
        cross join lateral (
            select case_id from interview where district_id = $1 and survey_no = $2 and id = i.id and case_id <> u.id and status = 0
            offset 0) o
        where o.case_id <> all($3)";
    /// $1 district, $2 survey, $3 visit ids, $4 to $7 with whose eyes.
    VISIT_CASES = concat!("-- visit_cases
        select v.id, v.case_id from (select distinct id from unnest($3::uuid[]) as t (id)) u
        cross join lateral (
            select id, case_id, device_id, enumerator, received_at from visit
            where district_id = $1 and survey_no = $2 and id = u.id and status = 0 offset 0) v
        where ", is_own!("v", "received_at"), " or ", is_near!("v"));
    /// $1 district, $2 survey, $3 visit ids. Interviews that named a visit before it came.
    AWAITING_INTERVIEWS = "-- awaiting_interviews
        select id, revision, visit_id, case_id, status, device_id from interview
        where district_id = $1 and survey_no = $2 and visit_id = any($3) and is_visit_awaited";
    /// $1 district, $2 survey, $3 ids, $4 revisions, $5 statuses, $6 reasons, $7 details. The awaited visit is here.
    VISIT_ARRIVED = "-- visit_arrived
        update interview i set is_visit_awaited = false, status = u.status, held_reason = coalesce(u.reason, i.held_reason),
               held_detail = coalesce(u.detail, i.held_detail)
        from unnest($3::uuid[], $4::integer[], $5::smallint[], $6::text[], $7::text[]) as u (id, revision, status, reason, detail)
        where i.district_id = $1 and i.survey_no = $2 and i.id = u.id and i.revision = u.revision";
    /// $1 district, $2 survey, $3 user, $4 visit ids as sent, $5 the ids they are stored under.
    RENAME_AWAITED = "-- rename_awaited_visits
        update interview i set visit_id = u.stored from unnest($4::uuid[], $5::uuid[]) as u (sent, stored)
        where i.district_id = $1 and i.survey_no = $2 and i.visit_id = u.sent and i.is_visit_awaited and i.enumerator = $3";
}

/// The accepted visits of cases, as evidence.
pub async fn load_visits(tx: &Tx, key: SurveyKey, cases: &[CaseId]) -> Result<Vec<(CaseId, Visit)>, Error> {
    let rows = tx.query(&LOAD_VISITS, &[&key.district, &key.no, &cases]).await?;
    let mut names: HashMap<String, Arc<str>> = HashMap::new();
    rows.iter().map(|r| visit_evidence(r, &mut names)).collect()
}

fn visit_evidence(row: &Row, names: &mut HashMap<String, Arc<str>>) -> Result<(CaseId, Visit), Error> {
    let mut r = InOrder::of(row);
    let (id, case, at, received_at) = (r.take(), r.take(), r.time(), r.time());
    let outcome = r.read("visit")?;
    let enumerator = Arc::clone(names.entry(r.take()).or_insert_with_key(|k| Arc::from(k.as_str())));
    let visit = Visit {
        id: VisitId(id),
        at,
        received_at,
        outcome,
        enumerator,
        channel: r.read("visit")?,
        informant: r.read("visit")?,
        has_photo: r.take(),
        appointment: r.maybe_time().zip(r.maybe_time()).map(|(from, to)| Window { from, to }),
    };
    Ok((case, visit))
}

/// Other cases at which revisions of the interviews of `cases` stand: what counts there depends on what counts here.
pub async fn cases_of_other_revisions(
    tx: &Tx,
    key: SurveyKey,
    cases: &[CaseId],
) -> Result<Vec<CaseId>, Error> {
    let rows = tx.query(&MOVED_CASES, &[&key.district, &key.no, &cases]).await?;
    Ok(rows.iter().map(|r| r.get(0)).collect())
}

/// The accepted interviews of cases, as evidence.
pub async fn load_interviews(
    tx: &Tx,
    key: SurveyKey,
    cases: &[CaseId],
) -> Result<Vec<(CaseId, Interview)>, Error> {
    Ok(load_counted(tx, key, cases)
        .await?
        .into_iter()
        .map(|(case, interview, _)| (case, interview))
        .collect())
}

/// All stored revisions of these interviews with their people.
pub async fn people_of(tx: &Tx, key: SurveyKey, interviews: &[Uuid]) -> Result<Vec<StoredPeople>, Error> {
    let rows = tx.query(&PEOPLE_OF, &[&key.district, &key.no, &interviews]).await?;
    rows.iter()
        .map(|r| {
            Ok(StoredPeople {
                id: r.get("id"),
                revision: r.get("revision"),
                case_id: r.get("case_id"),
                status: r.read("interview", "status")?,
                held_reason: r.get("held_reason"),
                device_id: r.get("device_id"),
                people: serde_json::from_str(r.get("people")).map_err(|_| Error::Corrupt("people"))?,
            })
        })
        .collect()
}

/// Writes the people of these revisions.
pub async fn set_people(tx: &Tx, key: SurveyKey, all: &[StoredPeople]) -> Result<(), Error> {
    if all.is_empty() {
        return Ok(());
    }
    let people = all.iter().map(|row| serde_json::to_string(&row.people)).collect::<Result<Vec<_>, _>>();
    let people = people.map_err(|_| Error::Corrupt("people"))?;
    let (ids, revisions) = (column!(all, row => row.id), column!(all, row => row.revision));
    tx.execute(&SET_PEOPLE, &[&key.district, &key.no, ids, revisions, &people]).await?;
    Ok(())
}

/// The accepted interviews of cases, as evidence, each with the number of its people who are counted at another household.
pub async fn load_counted(
    tx: &Tx,
    key: SurveyKey,
    cases: &[CaseId],
) -> Result<Vec<(CaseId, Interview, i32)>, Error> {
    let rows = tx.query(&LOAD_INTERVIEWS, &[&key.district, &key.no, &cases]).await?;
    rows.iter()
        .map(|r| {
            let interview = Interview {
                id: InterviewId(r.get("id")),
                revision: r.get("revision"),
                visit_id: r.get::<_, Option<Uuid>>("visit_id").map(VisitId),
                result: r.read("interview", "result")?,
                respondent: r.read("interview", "respondent")?,
                at: r.get("at"),
                received_at: r.get("received_at"),
                counted_elsewhere: r.get("counted_elsewhere"),
                persons: person_counts(&r.get::<_, Vec<i32>>("persons")),
            };
            Ok((r.get("case_id"), interview, r.get("paired")))
        })
        .collect()
}

/// All evidence of cases, for reading: visits, interviews, decisions.
pub async fn load_evidence(
    tx: &Tx,
    key: SurveyKey,
    cases: &[CaseId],
) -> Result<HashMap<CaseId, Evidence>, Error> {
    let mut all: HashMap<CaseId, Evidence> = cases.iter().map(|c| (*c, Evidence::default())).collect();
    for (case, visit) in load_visits(tx, key, cases).await? {
        all.entry(case).or_default().visits.push(visit);
    }
    for (case, interview) in load_interviews(tx, key, cases).await? {
        all.entry(case).or_default().interviews.push(interview);
    }
    for (case, decision) in super::super::decision::load_decisions(tx, key, cases).await? {
        all.entry(case).or_default().decisions.push(decision);
    }
    Ok(all)
}

/// The cases of accepted visits, of those that are not foreign to `sight`.
pub async fn visit_cases(
    tx: &Tx,
    key: SurveyKey,
    visits: &[Uuid],
    sight: &Sight,
) -> Result<HashMap<Uuid, CaseId>, Error> {
    if visits.is_empty() {
        return Ok(HashMap::new());
    }
    let Sight { devices, user, range } = sight;
    let rows = tx
        .query(&VISIT_CASES, &[&key.district, &key.no, &visits, devices, user, &range.lo, &range.hi])
        .await?;
    Ok(rows.iter().map(|r| (r.get(0), r.get(1))).collect())
}

/// An interview that named a visit before it arrived.
#[derive(Clone, Debug)]
pub struct Awaiting {
    /// The interview.
    pub id: Uuid,
    /// Its revision.
    pub revision: i32,
    /// The visit it named.
    pub visit_id: Uuid,
    /// The interview's case.
    pub case_id: CaseId,
    /// The device that sent it.
    pub device_id: Uuid,
    /// Whether it counts.
    pub status: Status,
    /// Why it is held from now on, with a sentence; `None`: unchanged.
    pub held: Option<(String, String)>,
}

/// Interviews that wait for one of these visits.
pub async fn awaiting_interviews(tx: &Tx, key: SurveyKey, visits: &[Uuid]) -> Result<Vec<Awaiting>, Error> {
    if visits.is_empty() {
        return Ok(Vec::new());
    }
    let rows = tx.query(&AWAITING_INTERVIEWS, &[&key.district, &key.no, &visits]).await?;
    rows.iter()
        .map(|r| {
            Ok(Awaiting {
                id: r.get("id"),
                revision: r.get("revision"),
                visit_id: r.get("visit_id"),
                case_id: r.get("case_id"),
                device_id: r.get("device_id"),
                status: r.read("interview", "status")?,
                held: None,
            })
        })
        .collect()
}

/// Interviews of a person that wait for these visits wait for them under the ids they are stored under: (sent, stored).
pub async fn rename_awaited(
    tx: &Tx,
    key: SurveyKey,
    user: &str,
    names: &[(Uuid, Uuid)],
) -> Result<(), Error> {
    let (sent, stored) = (column!(names, n => n.0), column!(names, n => n.1));
    tx.execute(&RENAME_AWAITED, &[&key.district, &key.no, &user, sent, stored]).await?;
    Ok(())
}

/// Notes that the awaited visits have arrived.
pub async fn visit_arrived(tx: &Tx, key: SurveyKey, rows: &[Awaiting]) -> Result<(), Error> {
    tx.execute(
        &VISIT_ARRIVED,
        &[
            &key.district,
            &key.no,
            column!(rows, r => r.id),
            column!(rows, r => r.revision),
            column!(rows, r => r.status),
            column!(rows, r => r.held.as_ref().map(|h| h.0.as_str())),
            column!(rows, r => r.held.as_ref().map(|h| h.1.as_str())),
        ],
    )
    .await?;
    Ok(())
}

impl Store {
    /// All evidence of cases, read in one snapshot.
    pub async fn evidence(
        &self,
        key: SurveyKey,
        cases: &[CaseId],
    ) -> Result<HashMap<CaseId, Evidence>, Error> {
        let cases = cases.to_vec();
        self.reading("evidence", move |tx| {
            let cases = cases.clone();
            Box::pin(async move { load_evidence(tx, key, &cases).await })
        })
        .await
    }
}
