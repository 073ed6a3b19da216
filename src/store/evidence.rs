//! Evidence: visits, interviews and their persons, dwelling records. Set-based inserts, and loading what a fold needs.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use tokio_postgres::Row;
use uuid::Uuid;

use super::batch::Status;
use super::tx::{Error, Tx, statements};
use super::{Store, SurveyKey};
use crate::domain::code::{Channel, Informant, InterviewResult, Outcome, Respondent};
use crate::domain::evidence::{Evidence, Interview, PersonCounts, Visit, Window};
use crate::domain::ids::{CaseId, InterviewId, VisitId};

statements! {
    /// Columns of `NewVisit` as parallel arrays; photo as array literals.
    INSERT_VISITS = "-- insert_visits
        insert into visit (district_id, survey_no, id, case_id, sent_case_id, status, held_reason, held_detail, batch_id, batch_index,
            digest, device_id, enumerator, at, at_offset_min, received_at, ended_at, outcome, channel, informant, appointment_from,
            appointment_to, photo, lon, lat, accuracy_m, sent_lon, sent_lat, sent_datum, distance_m, note, extra)
        select $1, $2, u.id, u.case_id, u.sent_case_id, u.status, u.held_reason, u.held_detail, $3, u.batch_index, u.digest, $4, $5,
            u.at, u.at_offset_min, $6, u.ended_at, u.outcome, u.channel, u.informant, u.appointment_from, u.appointment_to,
            u.photo::uuid[], u.lon, u.lat, u.accuracy_m, u.sent_lon, u.sent_lat, u.sent_datum, u.distance_m, u.note, u.extra
        from unnest($7::uuid[], $8::uuid[], $9::uuid[], $10::smallint[], $11::text[], $12::text[], $13::integer[], $14::bytea[],
            $15::timestamptz[], $16::smallint[], $17::timestamptz[], $18::smallint[], $19::smallint[], $20::smallint[],
            $21::timestamptz[], $22::timestamptz[], $23::text[], $24::float8[], $25::float8[], $26::float4[], $27::float8[],
            $28::float8[], $29::smallint[], $30::float4[], $31::text[], $32::text[])
          as u (id, case_id, sent_case_id, status, held_reason, held_detail, batch_index, digest, at, at_offset_min, ended_at, outcome,
            channel, informant, appointment_from, appointment_to, photo, lon, lat, accuracy_m, sent_lon, sent_lat, sent_datum,
            distance_m, note, extra)
        order by u.id
        on conflict on constraint visit_pk do nothing returning id";
    /// Columns of `NewInterview` as parallel arrays; persons as array literals.
    INSERT_INTERVIEWS = "-- insert_interviews
        insert into interview (district_id, survey_no, id, revision, case_id, sent_case_id, visit_id, is_visit_awaited, status,
            held_reason, held_detail, batch_id, batch_index, digest, device_id, enumerator, at, at_offset_min, received_at, result,
            respondent, persons, household, phone, address_text, answers, extra, counted_elsewhere, paired)
        select $1, $2, u.id, u.revision, u.case_id, u.sent_case_id, u.visit_id, u.is_visit_awaited, u.status, u.held_reason,
            u.held_detail, $3, u.batch_index, u.digest, $4, $5, u.at, u.at_offset_min, $6, u.result, u.respondent,
            u.persons::integer[], u.household, u.phone, u.address_text, u.answers, u.extra,
            coalesce(known.counted_elsewhere, false), coalesce(known.paired, 0)
        from unnest($7::uuid[], $8::integer[], $9::uuid[], $10::uuid[], $11::uuid[], $12::boolean[], $13::smallint[], $14::text[],
            $15::text[], $16::integer[], $17::bytea[], $18::timestamptz[], $19::smallint[], $20::smallint[], $21::smallint[],
            $22::text[], $23::text[], $24::text[], $25::text[], $26::text[], $27::text[])
          as u (id, revision, case_id, sent_case_id, visit_id, is_visit_awaited, status, held_reason, held_detail, batch_index, digest,
            at, at_offset_min, result, respondent, persons, household, phone, address_text, answers, extra)
        left join lateral (select i.counted_elsewhere, i.paired from interview i where i.district_id = $1 and i.survey_no = $2
            and i.id = u.id limit 1) known on true
        order by u.id, u.revision
        on conflict on constraint interview_pk do nothing returning id, revision";
    /// Columns of `NewPerson` as parallel arrays.
    INSERT_PERSONS = "-- insert_persons
        insert into person (district_id, survey_no, interview_id, revision, person_no, name, surname, given_name, sex, birth_year,
            birth_month, birth_day, relationship, residence_status, citizen_id_hash, citizen_id_key, is_id_repaired, other_address, items)
        select $1, $2, u.* from unnest($3::uuid[], $4::integer[], $5::integer[], $6::text[], $7::text[], $8::text[], $9::smallint[],
            $10::smallint[], $11::smallint[], $12::smallint[], $13::smallint[], $14::smallint[], $15::bytea[], $16::text[],
            $17::boolean[], $18::text[], $19::text[])
          as u (interview_id, revision, person_no, name, surname, given_name, sex, birth_year, birth_month, birth_day, relationship,
            residence_status, citizen_id_hash, citizen_id_key, is_id_repaired, other_address, items)
        on conflict on constraint person_pk do nothing";
    /// Columns of a dwelling record as parallel arrays.
    INSERT_DWELLING_RECORDS = "-- insert_dwelling_records
        insert into dwelling_record (district_id, survey_no, id, status, held_reason, held_detail, case_id, batch_id, batch_index,
            digest, device_id, enumerator, received_at, area, content)
        select $1, $2, u.id, u.status, u.held_reason, u.held_detail, u.case_id, $3, u.batch_index, u.digest, $4, $5, $6, u.area, u.content
        from unnest($7::uuid[], $8::smallint[], $9::text[], $10::text[], $11::uuid[], $12::integer[], $13::bytea[], $14::text[], $15::text[])
          as u (id, status, held_reason, held_detail, case_id, batch_index, digest, area, content)
        order by u.id
        on conflict on constraint dwelling_record_pk do nothing returning id";
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
    /// $1 district, $2 survey, $3 visit ids.
    VISIT_CASES = "-- visit_cases
        select v.id, v.case_id from (select distinct id from unnest($3::uuid[]) as t (id)) u
        cross join lateral (
            select id, case_id from visit where district_id = $1 and survey_no = $2 and id = u.id and status = 0 offset 0) v";
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
}

/// A visit to be stored.
#[derive(Clone, Debug)]
pub struct NewVisit {
    /// Made by the device.
    pub id: Uuid,
    /// The case it counts for, or the id as sent while held.
    pub case_id: Uuid,
    /// The id as sent where it differs.
    pub sent_case_id: Option<Uuid>,
    /// Whether it counts.
    pub status: Status,
    /// Why it is held.
    pub held_reason: Option<String>,
    /// A sentence about that.
    pub held_detail: Option<String>,
    /// Place in the batch.
    pub batch_index: i32,
    /// Keyed digest.
    pub digest: Vec<u8>,
    /// Device time.
    pub at: Timestamp,
    /// UTC offset as sent, minutes.
    pub at_offset_min: i16,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// Outcome.
    pub outcome: Outcome,
    /// Channel.
    pub channel: Channel,
    /// Informant.
    pub informant: Informant,
    /// Agreed window.
    pub appointment: Option<Window>,
    /// Pictures named.
    pub photo: Vec<Uuid>,
    /// WGS-84 degrees.
    pub position: Option<(f64, f64)>,
    /// Metres.
    pub accuracy_m: Option<f32>,
    /// Degrees as sent and datum number.
    pub sent_position: Option<(f64, f64, i16)>,
    /// Metres to the door.
    pub distance_m: Option<f32>,
    /// Note.
    pub note: Option<String>,
    /// Unknown fields, JSON.
    pub extra: Option<String>,
}

/// An interview revision to be stored.
#[derive(Clone, Debug)]
pub struct NewInterview {
    /// Made by the device.
    pub id: Uuid,
    /// 1 and up.
    pub revision: i32,
    /// The case, or the id as sent while held.
    pub case_id: Uuid,
    /// The id as sent where it differs.
    pub sent_case_id: Option<Uuid>,
    /// The visit it names.
    pub visit_id: Option<Uuid>,
    /// That visit has not arrived.
    pub is_visit_awaited: bool,
    /// Whether it counts.
    pub status: Status,
    /// Why it is held.
    pub held_reason: Option<String>,
    /// A sentence about that.
    pub held_detail: Option<String>,
    /// Place in the batch.
    pub batch_index: i32,
    /// Keyed digest.
    pub digest: Vec<u8>,
    /// Device time.
    pub at: Timestamp,
    /// UTC offset as sent, minutes.
    pub at_offset_min: i16,
    /// Complete or partial.
    pub result: InterviewResult,
    /// Who answered.
    pub respondent: Respondent,
    /// Person figures.
    pub persons: PersonCounts,
    /// Household items, JSON.
    pub household: String,
    /// Digits only.
    pub phone: Option<String>,
    /// As written.
    pub address_text: Option<String>,
    /// Survey's own items, JSON.
    pub answers: Option<String>,
    /// Unknown fields, JSON.
    pub extra: Option<String>,
}

/// A person of an interview to be stored.
#[derive(Clone, Debug)]
pub struct NewPerson {
    /// The interview.
    pub interview_id: Uuid,
    /// Its revision.
    pub revision: i32,
    /// Number on the form.
    pub person_no: i32,
    /// As written.
    pub name: String,
    /// Given apart.
    pub surname: Option<String>,
    /// Given apart.
    pub given_name: Option<String>,
    /// Sex number.
    pub sex: Option<i16>,
    /// Year, month, day of birth, each may be missing.
    pub birth: [Option<i16>; 3],
    /// Relationship number.
    pub relationship: Option<i16>,
    /// Residence status number.
    pub residence_status: Option<i16>,
    /// Keyed hash and the key's name.
    pub citizen_id: Option<(Vec<u8>, String)>,
    /// Mended before hashing.
    pub is_id_repaired: bool,
    /// Where else.
    pub other_address: Option<String>,
    /// Other items, JSON.
    pub items: String,
}

/// A door found in the field, to be stored.
#[derive(Clone, Debug)]
pub struct NewDwellingRecord {
    /// Made by the device.
    pub id: Uuid,
    /// Whether it counts.
    pub status: Status,
    /// Why it is held.
    pub held_reason: Option<String>,
    /// A sentence about that.
    pub held_detail: Option<String>,
    /// The case it stands for.
    pub case_id: Option<Uuid>,
    /// Place in the batch.
    pub batch_index: i32,
    /// Keyed digest.
    pub digest: Vec<u8>,
    /// Area as sent.
    pub area: String,
    /// The record, JSON.
    pub content: String,
}

/// Who sent the rows and when; the same for a whole batch.
#[derive(Clone, Debug)]
pub struct Sender {
    /// The batch.
    pub batch: Uuid,
    /// The device.
    pub device: Uuid,
    /// The enumerator.
    pub user: String,
    /// Server time.
    pub received_at: Timestamp,
}

/// Most rows of one statement; more are split (`p99` grows to seconds above it).
const ROWS: usize = 1000;

macro_rules! column {
    ($rows:expr, $row:ident => $value:expr) => {
        &$rows.iter().map(|$row| $value).collect::<Vec<_>>()
    };
}

/// Stores visits; returns the ids that were not there before.
pub async fn insert_visits(
    tx: &Tx,
    key: SurveyKey,
    s: &Sender,
    all: &[NewVisit],
) -> Result<Vec<Uuid>, Error> {
    let mut new = Vec::with_capacity(all.len());
    for v in all.chunks(ROWS) {
        let photo = |p: &[Uuid]| {
            (!p.is_empty())
                .then(|| format!("{{{}}}", p.iter().map(Uuid::to_string).collect::<Vec<_>>().join(",")))
        };
        let rows = tx
            .query(
                &INSERT_VISITS,
                &[
                    &key.district,
                    &key.no,
                    &s.batch,
                    &s.device,
                    &s.user,
                    &s.received_at,
                    column!(v, r => r.id),
                    column!(v, r => r.case_id),
                    column!(v, r => r.sent_case_id),
                    column!(v, r => r.status.number()),
                    column!(v, r => r.held_reason.as_deref()),
                    column!(v, r => r.held_detail.as_deref()),
                    column!(v, r => r.batch_index),
                    column!(v, r => r.digest.as_slice()),
                    column!(v, r => r.at),
                    column!(v, r => r.at_offset_min),
                    column!(v, r => r.ended_at),
                    column!(v, r => r.outcome.number()),
                    column!(v, r => r.channel.number()),
                    column!(v, r => r.informant.number()),
                    column!(v, r => r.appointment.as_ref().map(|w| w.from)),
                    column!(v, r => r.appointment.as_ref().map(|w| w.to)),
                    column!(v, r => photo(&r.photo)),
                    column!(v, r => r.position.map(|p| p.0)),
                    column!(v, r => r.position.map(|p| p.1)),
                    column!(v, r => r.accuracy_m),
                    column!(v, r => r.sent_position.map(|p| p.0)),
                    column!(v, r => r.sent_position.map(|p| p.1)),
                    column!(v, r => r.sent_position.map(|p| p.2)),
                    column!(v, r => r.distance_m),
                    column!(v, r => r.note.as_deref()),
                    column!(v, r => r.extra.as_deref()),
                ],
            )
            .await?;
        new.extend(rows.iter().map(|r| r.get::<_, Uuid>(0)));
    }
    Ok(new)
}

/// Stores interview revisions; returns those that were not there before.
pub async fn insert_interviews(
    tx: &Tx,
    key: SurveyKey,
    s: &Sender,
    all: &[NewInterview],
) -> Result<Vec<(Uuid, i32)>, Error> {
    let mut new = Vec::with_capacity(all.len());
    for v in all.chunks(ROWS) {
        let rows = tx
            .query(
                &INSERT_INTERVIEWS,
                &[
                    &key.district,
                    &key.no,
                    &s.batch,
                    &s.device,
                    &s.user,
                    &s.received_at,
                    column!(v, r => r.id),
                    column!(v, r => r.revision),
                    column!(v, r => r.case_id),
                    column!(v, r => r.sent_case_id),
                    column!(v, r => r.visit_id),
                    column!(v, r => r.is_visit_awaited),
                    column!(v, r => r.status.number()),
                    column!(v, r => r.held_reason.as_deref()),
                    column!(v, r => r.held_detail.as_deref()),
                    column!(v, r => r.batch_index),
                    column!(v, r => r.digest.as_slice()),
                    column!(v, r => r.at),
                    column!(v, r => r.at_offset_min),
                    column!(v, r => r.result.number()),
                    column!(v, r => r.respondent.number()),
                    column!(v, r => super::completion::array_text(person_numbers(&r.persons).into_iter().map(i64::from))),
                    column!(v, r => r.household.as_str()),
                    column!(v, r => r.phone.as_deref()),
                    column!(v, r => r.address_text.as_deref()),
                    column!(v, r => r.answers.as_deref()),
                    column!(v, r => r.extra.as_deref()),
                ],
            )
            .await?;
        new.extend(rows.iter().map(|r| (r.get::<_, Uuid>(0), r.get::<_, i32>(1))));
    }
    Ok(new)
}

/// Stores persons.
pub async fn insert_persons(tx: &Tx, key: SurveyKey, all: &[NewPerson]) -> Result<(), Error> {
    for v in all.chunks(ROWS) {
        tx.execute(
            &INSERT_PERSONS,
            &[
                &key.district,
                &key.no,
                column!(v, r => r.interview_id),
                column!(v, r => r.revision),
                column!(v, r => r.person_no),
                column!(v, r => r.name.as_str()),
                column!(v, r => r.surname.as_deref()),
                column!(v, r => r.given_name.as_deref()),
                column!(v, r => r.sex),
                column!(v, r => r.birth[0]),
                column!(v, r => r.birth[1]),
                column!(v, r => r.birth[2]),
                column!(v, r => r.relationship),
                column!(v, r => r.residence_status),
                column!(v, r => r.citizen_id.as_ref().map(|c| c.0.as_slice())),
                column!(v, r => r.citizen_id.as_ref().map(|c| c.1.as_str())),
                column!(v, r => r.is_id_repaired),
                column!(v, r => r.other_address.as_deref()),
                column!(v, r => r.items.as_str()),
            ],
        )
        .await?;
    }
    Ok(())
}

/// Stores dwelling records; returns the ids that were not there before.
pub async fn insert_dwelling_records(
    tx: &Tx,
    key: SurveyKey,
    s: &Sender,
    v: &[NewDwellingRecord],
) -> Result<Vec<Uuid>, Error> {
    let rows = tx
        .query(
            &INSERT_DWELLING_RECORDS,
            &[
                &key.district,
                &key.no,
                &s.batch,
                &s.device,
                &s.user,
                &s.received_at,
                column!(v, r => r.id),
                column!(v, r => r.status.number()),
                column!(v, r => r.held_reason.as_deref()),
                column!(v, r => r.held_detail.as_deref()),
                column!(v, r => r.case_id),
                column!(v, r => r.batch_index),
                column!(v, r => r.digest.as_slice()),
                column!(v, r => r.area.as_str()),
                column!(v, r => r.content.as_str()),
            ],
        )
        .await?;
    Ok(rows.iter().map(|r| r.get(0)).collect())
}

/// Person figures in the order the database keeps them; the seventh, paired people, is the links' to set.
pub fn person_numbers(p: &PersonCounts) -> [i32; 6] {
    [p.recorded, p.resident, p.here_registered, p.here_elsewhere, p.absent_registered, p.here_pending]
        .map(|n| i32::try_from(n).unwrap_or(i32::MAX))
}

fn person_counts(numbers: &[i32]) -> PersonCounts {
    let n = |i: usize| numbers.get(i).map_or(0, |n| u32::try_from(*n).unwrap_or_default());
    PersonCounts {
        recorded: n(0),
        resident: n(1),
        here_registered: n(2),
        here_elsewhere: n(3),
        absent_registered: n(4),
        here_pending: n(5),
    }
}

/// The accepted visits of cases, as evidence.
pub async fn load_visits(tx: &Tx, key: SurveyKey, cases: &[Uuid]) -> Result<Vec<(CaseId, Visit)>, Error> {
    let rows = tx.query(&LOAD_VISITS, &[&key.district, &key.no, &cases]).await?;
    let mut names: HashMap<String, Arc<str>> = HashMap::new();
    rows.iter().map(|r| visit_evidence(r, &mut names)).collect()
}

fn visit_evidence(r: &Row, names: &mut HashMap<String, Arc<str>>) -> Result<(CaseId, Visit), Error> {
    let name: String = r.get("enumerator");
    let enumerator = Arc::clone(names.entry(name).or_insert_with_key(|k| Arc::from(k.as_str())));
    let visit = Visit {
        id: VisitId(r.get("id")),
        at: r.get("at"),
        received_at: r.get("received_at"),
        outcome: Outcome::from_number(r.get("outcome")).ok_or(Error::Corrupt("outcome"))?,
        enumerator,
        channel: Channel::from_number(r.get("channel")).ok_or(Error::Corrupt("channel"))?,
        informant: Informant::from_number(r.get("informant")).ok_or(Error::Corrupt("informant"))?,
        has_photo: r.get("has_photo"),
        appointment: r
            .get::<_, Option<Timestamp>>("appointment_from")
            .zip(r.get("appointment_to"))
            .map(|(from, to)| Window { from, to }),
    };
    Ok((CaseId(r.get("case_id")), visit))
}

/// Other cases at which revisions of the interviews of `cases` stand: what counts there depends on what counts here.
pub async fn cases_of_other_revisions(tx: &Tx, key: SurveyKey, cases: &[Uuid]) -> Result<Vec<Uuid>, Error> {
    let rows = tx.query(&MOVED_CASES, &[&key.district, &key.no, &cases]).await?;
    Ok(rows.iter().map(|r| r.get(0)).collect())
}

/// The accepted interviews of cases, as evidence.
pub async fn load_interviews(
    tx: &Tx,
    key: SurveyKey,
    cases: &[Uuid],
) -> Result<Vec<(CaseId, Interview)>, Error> {
    Ok(load_counted(tx, key, cases)
        .await?
        .into_iter()
        .map(|(case, interview, _)| (case, interview))
        .collect())
}

/// The accepted interviews of cases, as evidence, each with the number of its people who are counted at another household.
pub async fn load_counted(
    tx: &Tx,
    key: SurveyKey,
    cases: &[Uuid],
) -> Result<Vec<(CaseId, Interview, i32)>, Error> {
    let rows = tx.query(&LOAD_INTERVIEWS, &[&key.district, &key.no, &cases]).await?;
    rows.iter()
        .map(|r| {
            let interview = Interview {
                id: InterviewId(r.get("id")),
                revision: r.get("revision"),
                visit_id: r.get::<_, Option<Uuid>>("visit_id").map(VisitId),
                result: InterviewResult::from_number(r.get("result")).ok_or(Error::Corrupt("result"))?,
                respondent: Respondent::from_number(r.get("respondent"))
                    .ok_or(Error::Corrupt("respondent"))?,
                at: r.get("at"),
                received_at: r.get("received_at"),
                counted_elsewhere: r.get("counted_elsewhere"),
                persons: person_counts(&r.get::<_, Vec<i32>>("persons")),
            };
            Ok((CaseId(r.get("case_id")), interview, r.get("paired")))
        })
        .collect()
}

/// All evidence of cases, for reading: visits, interviews, decisions.
pub async fn load_evidence(
    tx: &Tx,
    key: SurveyKey,
    cases: &[Uuid],
) -> Result<HashMap<CaseId, Evidence>, Error> {
    let mut all: HashMap<CaseId, Evidence> =
        cases.iter().map(|c| (CaseId(*c), Evidence::default())).collect();
    for (case, visit) in load_visits(tx, key, cases).await? {
        all.entry(case).or_default().visits.push(visit);
    }
    for (case, interview) in load_interviews(tx, key, cases).await? {
        all.entry(case).or_default().interviews.push(interview);
    }
    for (case, decision) in super::decision::load_decisions(tx, key, cases).await? {
        all.entry(case).or_default().decisions.push(decision);
    }
    Ok(all)
}

/// The cases of accepted visits.
pub async fn visit_cases(tx: &Tx, key: SurveyKey, visits: &[Uuid]) -> Result<HashMap<Uuid, Uuid>, Error> {
    if visits.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = tx.query(&VISIT_CASES, &[&key.district, &key.no, &visits]).await?;
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
    pub case_id: Uuid,
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
    Ok(rows
        .iter()
        .map(|r| Awaiting {
            id: r.get("id"),
            revision: r.get("revision"),
            visit_id: r.get("visit_id"),
            case_id: r.get("case_id"),
            device_id: r.get("device_id"),
            status: Status::of(r.get("status")),
            held: None,
        })
        .collect())
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
            column!(rows, r => r.status.number()),
            column!(rows, r => r.held.as_ref().map(|h| h.0.as_str())),
            column!(rows, r => r.held.as_ref().map(|h| h.1.as_str())),
        ],
    )
    .await?;
    Ok(())
}

impl Store {
    /// All evidence of cases, read in one snapshot.
    pub async fn evidence(&self, key: SurveyKey, cases: &[Uuid]) -> Result<HashMap<CaseId, Evidence>, Error> {
        let cases = cases.to_vec();
        self.reading("evidence", move |tx| {
            let cases = cases.clone();
            Box::pin(async move { load_evidence(tx, key, &cases).await })
        })
        .await
    }
}
