//! Held records: listing them, releasing them when what they wait for arrives, deciding them by hand.

use jiff::Timestamp;
use tokio_postgres::Row;
use uuid::Uuid;

use super::batch::{RecordKind, Status};
use super::tx::{Error, Tx, statements};
use super::wire::column;
use super::{Store, SurveyKey};
use crate::domain::{AreaRange, CaseId};
use crate::store::sql_types::ReadRow;

statements! {
    /// $1 lock number. Taken by both sides of "record waits for X" and "X arrives".
    LOCK_TARGET = "-- lock_target
        select pg_advisory_xact_lock(k) from unnest($1::bigint[]) k order by k";
    /// $1 lock number. Taken by everybody who takes single locks of [`LOCK_TARGET`].
    LOCK_SHARED = "-- lock_shared
        select pg_advisory_xact_lock_shared($1)";
    /// $1 lock number. Taken instead of very many single locks, and by interviews that came before their visits.
    LOCK_ALONE = "-- lock_alone
        select pg_advisory_xact_lock($1)";
    /// $1 district, $2 survey, $3 ids they wait for. Visits and interviews held because the case was unknown.
    WAITERS = "-- held_waiters
        select h.kind, h.id, h.revision, h.case_id, h.enumerator, h.device_id, h.batch_id, h.held_reason, h.held_detail, h.received_at,
               a.lo, a.hi
        from (
            select 1::smallint as kind, id, 0 as revision, case_id, enumerator, device_id, batch_id, held_reason, held_detail, received_at
              from visit where district_id = $1 and survey_no = $2 and case_id = any($3) and status = 1 and held_reason = 'unknown-case'
            union all
            select 2::smallint, id, revision, case_id, enumerator, device_id, batch_id, held_reason, held_detail, received_at
              from interview where district_id = $1 and survey_no = $2 and case_id = any($3) and status = 1
                and held_reason = 'unknown-case') h
        join staff s on s.district_id = $1 and s.survey_no = $2 and s.user_name = h.enumerator
        join area a on a.district_id = $1 and a.survey_no = $2 and a.code = s.area";
    /// $1 district, $2 survey. What records wait for that named an unknown door.
    AWAITED_DOORS = "-- awaited_doors
        select case_id from visit
        where district_id = $1 and survey_no = $2 and status = 1 and held_reason = 'unknown-case' and case_id is not null
        union
        select case_id from interview
        where district_id = $1 and survey_no = $2 and status = 1 and held_reason = 'unknown-case' and case_id is not null
        union
        select case_id from submission
        where district_id = $1 and survey_no = $2 and status = 1 and held_reason = 'unknown-case' and case_id is not null
        order by 1";
    /// $1 district, $2 survey, $3 interview ids. The cases of the visits they name; of visits that the interview's person may know of:
    /// made at the same door, by the same person, or at a door within that person's reach.
    VISITS_OF_INTERVIEWS = "-- visits_of_interviews
        select i.id, i.revision, v.case_id from interview i
        join visit v on v.district_id = i.district_id and v.survey_no = i.survey_no and v.id = i.visit_id and v.status = 0
        left join staff s on s.district_id = i.district_id and s.survey_no = i.survey_no and s.user_name = i.enumerator
        left join area a on a.district_id = s.district_id and a.survey_no = s.survey_no and a.code = s.area
        where i.district_id = $1 and i.survey_no = $2 and i.id = any($3)
          and (v.case_id = i.case_id or v.device_id = i.device_id or v.enumerator = i.enumerator
               or exists (select 1 from survey_case c where c.district_id = $1 and c.survey_no = $2 and c.id = v.case_id
                    and (c.area_no between a.lo and a.hi or c.holder = i.enumerator) offset 0))";
    /// $1 district, $2 survey, $3 user, $4 ids of dwelling records as sent, $5 the ids they are stored under.
    RENAME_WAITERS = "-- rename_waiters
        with names as (select unnest($4::uuid[]) as sent, unnest($5::uuid[]) as stored),
        visits as (
            update visit v set case_id = n.stored, sent_case_id = coalesce(v.sent_case_id, n.sent) from names n
            where v.district_id = $1 and v.survey_no = $2 and v.case_id = n.sent and v.enumerator = $3 and v.status = 1
              and v.held_reason = 'unknown-case')
        update interview i set case_id = n.stored, sent_case_id = coalesce(i.sent_case_id, n.sent) from names n
        where i.district_id = $1 and i.survey_no = $2 and i.case_id = n.sent and i.enumerator = $3 and i.status = 1
          and i.held_reason = 'unknown-case'";
    /// $1 district, $2 survey, $3 ids, $4 cases, $5 statuses, $6 reasons, $7 details.
    SET_VISITS = "-- settle_visits
        update visit v set status = u.status, case_id = u.case_id,
               sent_case_id = case when u.case_id <> v.case_id then coalesce(v.sent_case_id, v.case_id) else v.sent_case_id end,
               held_reason = coalesce(u.reason, v.held_reason), held_detail = coalesce(u.detail, v.held_detail)
        from unnest($3::uuid[], $4::uuid[], $5::smallint[], $6::text[], $7::text[]) as u (id, case_id, status, reason, detail)
        where v.district_id = $1 and v.survey_no = $2 and v.id = u.id";
    /// $1 district, $2 survey, $3 ids, $4 revisions, $5 cases, $6 statuses, $7 reasons, $8 details.
    SET_INTERVIEWS = "-- settle_interviews
        update interview v set status = u.status, case_id = u.case_id,
               sent_case_id = case when u.case_id <> v.case_id then coalesce(v.sent_case_id, v.case_id) else v.sent_case_id end,
               held_reason = coalesce(u.reason, v.held_reason), held_detail = coalesce(u.detail, v.held_detail)
        from unnest($3::uuid[], $4::integer[], $5::uuid[], $6::smallint[], $7::text[], $8::text[])
          as u (id, revision, case_id, status, reason, detail)
        where v.district_id = $1 and v.survey_no = $2 and v.id = u.id and v.revision = u.revision";
    /// $1 district, $2 survey, $3 interview ids. Lower revisions that wait only because their form was faulty.
    FAULTY_REVISIONS = "-- faulty_revisions
        select id, revision, case_id, enumerator, device_id from interview
        where district_id = $1 and survey_no = $2 and id = any($3) and status = 1 and held_reason = 'form-error'";
    /// $1 district, $2 survey, $3 lo, $4 hi, $5 after time, $6 after id, $7 limit. Oldest first, by the enumerator's area.
    LIST_HELD = "-- list_held
        select h.kind, h.id, h.revision, h.case_id, h.enumerator, h.device_id, h.batch_id, h.held_reason, h.held_detail, h.received_at, h.at,
               h.at_offset_min, h.looks_like, b.clock_offset_s,
               (select count(*) from held_decision d where d.district_id = $1 and d.survey_no = $2 and d.record_id = h.id
                  and d.revision = h.revision) as version
        from (
            select 1::smallint as kind, id, 0 as revision, case_id, enumerator, device_id, batch_id, held_reason, held_detail, received_at, at,
                   at_offset_min, null::uuid as looks_like
              from visit where district_id = $1 and survey_no = $2 and status = 1
            union all
            select 2::smallint, id, revision, case_id, enumerator, device_id, batch_id, held_reason, held_detail, received_at, at,
                   at_offset_min, null
              from interview where district_id = $1 and survey_no = $2 and status = 1
            union all
            select 3::smallint, id, 0, case_id, enumerator, device_id, batch_id, held_reason, held_detail, received_at, null, null, looks_like
              from dwelling_record where district_id = $1 and survey_no = $2 and status = 1
            union all
            select case when is_whole then 4::smallint else 5::smallint end, case when is_whole then id else sheet_id end, revision, case_id,
                   enumerator, device_id, batch_id, held_reason, held_detail, received_at, at, at_offset_min, null
              from submission where district_id = $1 and survey_no = $2 and status = 1) h
        left join staff s on s.district_id = $1 and s.survey_no = $2 and s.user_name = h.enumerator
        left join area a on a.district_id = $1 and a.survey_no = $2 and a.code = s.area
        left join survey_case c on h.enumerator = '' and c.district_id = $1 and c.survey_no = $2 and c.id = h.case_id
        left join batch b on b.district_id = $1 and b.survey_no = $2 and b.id = h.batch_id and b.via <> 'file'
        where coalesce(a.lo, c.area_no) between $3 and $4 and (h.received_at, h.id) > ($5, $6)
        order by h.received_at, h.id, h.revision limit $7";
    /// $1 district, $2 survey, $3 lo, $4 hi, $5 record id. All revisions, any status but accepted from the start.
    FIND_HELD = "-- find_held
        select h.kind, h.id, h.revision, h.case_id, h.enumerator, h.device_id, h.batch_id, h.held_reason, h.held_detail, h.received_at,
               h.at, h.at_offset_min, h.status, h.looks_like, b.clock_offset_s,
               (select count(*) from held_decision d where d.district_id = $1 and d.survey_no = $2 and d.record_id = h.id
                  and d.revision = h.revision) as version
        from (
            select 1::smallint as kind, id, 0 as revision, case_id, enumerator, device_id, batch_id, held_reason, held_detail, received_at,
                   at, at_offset_min, status, null::uuid as looks_like from visit where district_id = $1 and survey_no = $2 and id = $5
            union all
            select 2::smallint, id, revision, case_id, enumerator, device_id, batch_id, held_reason, held_detail, received_at, at,
                   at_offset_min, status, null
              from interview where district_id = $1 and survey_no = $2 and id = $5
            union all
            select 3::smallint, id, 0, case_id, enumerator, device_id, batch_id, held_reason, held_detail, received_at, null, null, status,
                   looks_like
              from dwelling_record where district_id = $1 and survey_no = $2 and id = $5
            union all
            select 4::smallint, id, revision, case_id, enumerator, device_id, batch_id, held_reason, held_detail, received_at, at,
                   at_offset_min, status, null
              from submission where district_id = $1 and survey_no = $2 and id = $5 and is_whole
            union all
            select 5::smallint, sheet_id, revision, case_id, enumerator, device_id, batch_id, held_reason, held_detail, received_at, at,
                   at_offset_min, status, null
              from submission where district_id = $1 and survey_no = $2 and sheet_id = $5 and not is_whole) h
        left join staff s on s.district_id = $1 and s.survey_no = $2 and s.user_name = h.enumerator
        left join area a on a.district_id = $1 and a.survey_no = $2 and a.code = s.area
        left join survey_case c on h.enumerator = '' and c.district_id = $1 and c.survey_no = $2 and c.id = h.case_id
        left join batch b on b.district_id = $1 and b.survey_no = $2 and b.id = h.batch_id and b.via <> 'file'
        where coalesce(a.lo, c.area_no) between $3 and $4 and h.held_reason is not null
        order by h.revision desc";
    /// $1 district, $2 survey, $3 lo, $4 hi.
    COUNT_HELD = "-- count_held
        select count(*) as n from (
            select enumerator, case_id from visit where district_id = $1 and survey_no = $2 and status = 1
            union all
            select enumerator, case_id from interview where district_id = $1 and survey_no = $2 and status = 1
            union all
            select enumerator, case_id from dwelling_record where district_id = $1 and survey_no = $2 and status = 1
            union all
            select enumerator, case_id from submission where district_id = $1 and survey_no = $2 and status = 1) h
        left join staff s on s.district_id = $1 and s.survey_no = $2 and s.user_name = h.enumerator
        left join area a on a.district_id = $1 and a.survey_no = $2 and a.code = s.area
        left join survey_case c on h.enumerator = '' and c.district_id = $1 and c.survey_no = $2 and c.id = h.case_id
        where coalesce(a.lo, c.area_no) between $3 and $4";
    /// $1 district, $2 survey, $3 record, $4 revision, $5 decision, $6 note, $7 by, $8 at, then what it was before: $9 reason, $10 detail,
    /// $11 case, $12 time; $13 call.
    INSERT_HELD_DECISION = "-- insert_held_decision
        insert into held_decision (district_id, survey_no, record_id, revision, seq, decision, note, decided_by, decided_at,
                                   was_reason, was_detail, was_case, was_at, call_id)
        select $1, $2, $3, $4, coalesce(max(seq), 0) + 1, $5, $6, $7, $8, $9, $10, $11, $12, $13 from held_decision
        where district_id = $1 and survey_no = $2 and record_id = $3 and revision = $4";
    /// $1 district, $2 survey, $3 records. Every decision on them, oldest first.
    HELD_DECISIONS = "-- held_decisions
        select record_id, revision, seq, decision, note, decided_by, decided_at, was_reason, was_detail, was_case, was_at, call_id
        from held_decision where district_id = $1 and survey_no = $2 and record_id = any($3) order by record_id, revision, seq";
    /// $1 district, $2 survey, $3 call. Records of the call whose last decision it still is.
    OF_CALL = "-- held_decisions_of_call
        select d.record_id, d.revision, d.seq = (select max(l.seq) from held_decision l where l.district_id = d.district_id
                  and l.survey_no = d.survey_no and l.record_id = d.record_id and l.revision = d.revision) as is_last
        from held_decision d where d.district_id = $1 and d.survey_no = $2 and d.call_id = $3 order by d.record_id";
    /// $1 district, $2 survey, $3 id, $4 time.
    CORRECT_VISIT = "-- correct_visit_time
        update visit set sent_time = coalesce(sent_time, at), at = $4 where district_id = $1 and survey_no = $2 and id = $3";
    /// $1 district, $2 survey, $3 id, $4 revision, $5 time.
    CORRECT_INTERVIEW = "-- correct_interview_time
        update interview set sent_time = coalesce(sent_time, at), at = $5
        where district_id = $1 and survey_no = $2 and id = $3 and revision = $4";
    /// $1 district, $2 survey, $3 id, $4 reason, $5 detail, $6 case, $7 time. It waits again as it did.
    RESTORE_VISIT = "-- restore_held_visit
        update visit set status = 1, held_reason = $4, held_detail = $5, case_id = coalesce($6, case_id), at = coalesce($7, at), sent_time = null
        where district_id = $1 and survey_no = $2 and id = $3";
    /// $1 district, $2 survey, $3 id, $4 revision, $5 reason, $6 detail, $7 case, $8 time.
    RESTORE_INTERVIEW = "-- restore_held_interview
        update interview set status = 1, held_reason = $5, held_detail = $6, case_id = coalesce($7, case_id), at = coalesce($8, at),
               sent_time = null
        where district_id = $1 and survey_no = $2 and id = $3 and revision = $4";
    /// $1 district, $2 survey, $3 visit or interview as text, $4 since, $5 case. A decision of somebody that speaks of the record.
    SPOKEN_OF = "-- record_spoken_of
        select 1 from decision where district_id = $1 and survey_no = $2 and case_id = $5 and decided_at >= $4
          and (detail->>'visit' = $3 or detail->>'interview' = $3) limit 1";
    /// $1 district, $2 survey, $3 id, $4 status, $5 case.
    SET_DWELLING = "-- settle_dwelling_record
        update dwelling_record set status = $4, case_id = coalesce($5, case_id) where district_id = $1 and survey_no = $2 and id = $3";
    /// $1 district, $2 survey, $3 id.
    DWELLING_CONTENT = "-- dwelling_record_content
        select content from dwelling_record where district_id = $1 and survey_no = $2 and id = $3";
}

/// A held record.
#[derive(Clone, Debug)]
pub struct HeldRow {
    /// Its kind.
    pub kind: RecordKind,
    /// Its id.
    pub id: Uuid,
    /// Revision of an interview, else 0.
    pub revision: i32,
    /// The case, or what it named.
    pub case_id: Option<CaseId>,
    /// Who collected it.
    pub enumerator: String,
    /// The device.
    pub device_id: Uuid,
    /// The batch.
    pub batch_id: Uuid,
    /// Why.
    pub reason: String,
    /// A sentence.
    pub detail: Option<String>,
    /// Since when.
    pub received_at: Timestamp,
    /// When it happened.
    pub at: Option<Timestamp>,
    /// Whether it counts.
    pub status: Status,
    /// Range of the collector's area, where it was asked for.
    pub reach: Option<AreaRange>,
    /// The door that a reported door looks like.
    pub looks_like: Option<Uuid>,
    /// UTC offset written in its time, minutes.
    pub at_offset_min: Option<i16>,
    /// The device's clock less ours when it was sent, seconds; `None` where it came by hand.
    pub clock_offset_s: Option<f64>,
    /// How often it was decided; rises with every decision.
    pub version: i64,
}

/// A change of a held record's standing.
#[derive(Clone, Debug)]
pub struct Settled {
    /// Visit or interview.
    pub kind: RecordKind,
    /// Its id.
    pub id: Uuid,
    /// Revision of an interview, else 0.
    pub revision: i32,
    /// The case it counts for from now on.
    pub case_id: CaseId,
    /// Whether it counts.
    pub status: Status,
    /// Why it is held from now on; `None`: as before.
    pub held: Option<(String, String)>,
}

fn held_row(r: &Row, status: Status) -> Result<HeldRow, Error> {
    Ok(HeldRow {
        kind: r.read("held record", "kind")?,
        id: r.get("id"),
        revision: r.get("revision"),
        case_id: r.get("case_id"),
        enumerator: r.get("enumerator"),
        device_id: r.get("device_id"),
        batch_id: r.get("batch_id"),
        reason: r.get::<_, Option<String>>("held_reason").unwrap_or_default(),
        detail: r.get("held_detail"),
        received_at: r.get("received_at"),
        at: r.try_get("at").unwrap_or_default(),
        status,
        reach: r.try_get::<_, i32>("lo").ok().zip(r.try_get("hi").ok()).map(AreaRange::from),
        looks_like: r.try_get("looks_like").unwrap_or_default(),
        at_offset_min: r.try_get("at_offset_min").unwrap_or_default(),
        clock_offset_s: r.try_get("clock_offset_s").unwrap_or_default(),
        version: r.try_get("version").unwrap_or_default(),
    })
}

/// Above this many single locks the table of locks would be filled: one lock for all is taken instead.
const SINGLE_LOCKS: usize = 100;

/// What a lock shared by many and taken alone by few stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Matter {
    /// Records that wait for doors, and doors that arrive.
    Doors = 1,
    /// Interviews that wait for visits, and visits that arrive.
    Visits = 2,
    /// Corrections of filled-in forms that wait for what they correct, and that arriving.
    Chains = 3,
}

/// How a lock is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hold {
    /// Beside others.
    Shared,
    /// Alone.
    Alone,
}

/// An advisory lock.
#[derive(Clone, Copy, Debug)]
pub struct Lock(i64);

impl Lock {
    /// The lock of arriving visits (see [`lock_arrivals`]).
    pub fn arrivals(key: SurveyKey) -> Self {
        Self::of(key, Matter::Visits)
    }

    fn of(key: SurveyKey, matter: Matter) -> Self {
        Self((0x646f_6f72_i64 << 32) | (i64::from(key.no) << 8) | matter as i64)
    }

    /// Its number in the database.
    pub(super) fn number(self) -> i64 {
        self.0
    }
}

async fn lock_matter(tx: &Tx, key: SurveyKey, matter: Matter, hold: Hold) -> Result<(), Error> {
    let number = Lock::of(key, matter).number();
    let statement = match hold {
        Hold::Shared => &LOCK_SHARED,
        Hold::Alone => &LOCK_ALONE,
    };
    tx.query(statement, &[&number]).await?;
    Ok(())
}

/// Takes the locks on these ids, which both a waiting record and the arriving thing take, in one order.
pub async fn lock_targets(tx: &Tx, key: SurveyKey, ids: &[CaseId]) -> Result<(), Error> {
    lock_each(tx, key, Matter::Doors, ids.iter().map(|id| id.0)).await
}

/// Takes the lock on whatever a record may wait for: nobody else makes a record wait for a door, or a door arrive, until this
/// transaction ends.
pub async fn lock_all_targets(tx: &Tx, key: SurveyKey) -> Result<(), Error> {
    lock_matter(tx, key, Matter::Doors, Hold::Alone).await
}

/// Ids that records wait for, since they were no door's when the records came.
pub async fn awaited_doors(tx: &Tx, key: SurveyKey) -> Result<Vec<CaseId>, Error> {
    let rows = tx.query(&AWAITED_DOORS, &[&key.district, &key.no]).await?;
    Ok(rows.iter().map(|r| r.get(0)).collect())
}

/// Takes the locks on these submissions, which both a correction and what it corrects take, in one order.
pub async fn lock_chains(tx: &Tx, key: SurveyKey, ids: &[Uuid]) -> Result<(), Error> {
    lock_each(tx, key, Matter::Chains, ids.iter().copied()).await
}

async fn lock_each(
    tx: &Tx,
    key: SurveyKey,
    matter: Matter,
    ids: impl ExactSizeIterator<Item = Uuid>,
) -> Result<(), Error> {
    if ids.len() > SINGLE_LOCKS {
        return lock_matter(tx, key, matter, Hold::Alone).await;
    }
    lock_matter(tx, key, matter, Hold::Shared).await?;
    let salt = u64::from(key.no.unsigned_abs()) ^ ((matter as u64) << 32);
    let locks: Vec<i64> = ids
        .map(|id| {
            let (high, low) = id.as_u64_pair();
            i64::from_ne_bytes((high ^ low.rotate_left(17) ^ salt).to_ne_bytes())
        })
        .collect();
    tx.query(&LOCK_TARGET, &[&locks]).await?;
    Ok(())
}

/// Visits arrive beside each other; an interview that came before the visit it names looks for it alone, so that the two
/// cannot miss each other. To be taken before any case is locked.
pub async fn lock_arrivals(tx: &Tx, key: SurveyKey, hold: Hold) -> Result<(), Error> {
    lock_matter(tx, key, Matter::Visits, hold).await
}

/// Records held because they named one of these ids when it was not known.
pub async fn waiters(tx: &Tx, key: SurveyKey, ids: &[CaseId]) -> Result<Vec<HeldRow>, Error> {
    let rows = tx.query(&WAITERS, &[&key.district, &key.no, &ids]).await?;
    rows.iter().map(|r| held_row(r, Status::Held)).collect()
}

/// Lower revisions that wait only because their form was faulty, with the device that sent them.
pub async fn faulty_revisions(tx: &Tx, key: SurveyKey, ids: &[Uuid]) -> Result<Vec<(Settled, Uuid)>, Error> {
    let rows = tx.query(&FAULTY_REVISIONS, &[&key.district, &key.no, &ids]).await?;
    Ok(rows
        .iter()
        .map(|r| {
            let lower = Settled {
                kind: RecordKind::Interview,
                id: r.get("id"),
                revision: r.get("revision"),
                case_id: r.get("case_id"),
                status: Status::Held,
                held: None,
            };
            (lower, r.get("device_id"))
        })
        .collect())
}

/// A person's records that wait for these doors wait for them under the ids they are stored under: (sent, stored).
pub async fn rename_waiters(
    tx: &Tx,
    key: SurveyKey,
    user: &str,
    names: &[(Uuid, Uuid)],
) -> Result<(), Error> {
    let (sent, stored) = (column!(names, n => n.0), column!(names, n => n.1));
    tx.execute(&RENAME_WAITERS, &[&key.district, &key.no, &user, sent, stored]).await?;
    Ok(())
}

/// The cases of the visits that interviews name, of those their person may know of: ((interview, revision), case).
pub async fn visits_of_interviews(
    tx: &Tx,
    key: SurveyKey,
    interviews: &[Uuid],
) -> Result<Vec<((Uuid, i32), CaseId)>, Error> {
    let rows = tx.query(&VISITS_OF_INTERVIEWS, &[&key.district, &key.no, &interviews]).await?;
    Ok(rows.iter().map(|r| ((r.get(0), r.get(1)), r.get(2))).collect())
}

/// Writes what became of held records.
pub async fn settle(tx: &Tx, key: SurveyKey, all: &[Settled]) -> Result<(), Error> {
    let of = |kind: RecordKind| all.iter().filter(move |s| s.kind == kind).collect::<Vec<_>>();
    let (visits, interviews) = (of(RecordKind::Visit), of(RecordKind::Interview));
    if !visits.is_empty() {
        tx.execute(
            &SET_VISITS,
            &[
                &key.district,
                &key.no,
                column!(visits, r => r.id),
                column!(visits, r => r.case_id),
                column!(visits, r => r.status),
                column!(visits, r => r.held.as_ref().map(|h| h.0.as_str())),
                column!(visits, r => r.held.as_ref().map(|h| h.1.as_str())),
            ],
        )
        .await?;
    }
    if !interviews.is_empty() {
        tx.execute(
            &SET_INTERVIEWS,
            &[
                &key.district,
                &key.no,
                column!(interviews, r => r.id),
                column!(interviews, r => r.revision),
                column!(interviews, r => r.case_id),
                column!(interviews, r => r.status),
                column!(interviews, r => r.held.as_ref().map(|h| h.0.as_str())),
                column!(interviews, r => r.held.as_ref().map(|h| h.1.as_str())),
            ],
        )
        .await?;
    }
    Ok(())
}

/// Held or formerly held revisions of a record collected in a range of areas, highest revision first.
pub async fn find_held(tx: &Tx, key: SurveyKey, range: AreaRange, id: Uuid) -> Result<Vec<HeldRow>, Error> {
    let rows = tx.query(&FIND_HELD, &[&key.district, &key.no, &range.lo, &range.hi, &id]).await?;
    rows.iter().map(|r| held_row(r, r.read("held record", "status")?)).collect()
}

/// How a record stood before it was decided.
#[derive(Clone, Debug, Default)]
pub struct Before {
    /// Why it was held.
    pub reason: Option<String>,
    /// A sentence about that.
    pub detail: Option<String>,
    /// The case it named.
    pub case: Option<CaseId>,
    /// Its device time.
    pub at: Option<Timestamp>,
}

/// A decision on a held record.
#[derive(Clone, Debug)]
pub struct HeldDecision {
    /// The record.
    pub id: Uuid,
    /// Revision of an interview, else 0.
    pub revision: i32,
    /// `accept`, `refuse` or `undo`.
    pub decision: String,
    /// In the supervisor's words.
    pub note: String,
    /// Who.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// How it stood until then.
    pub before: Before,
    /// The call that decided several at once.
    pub call: Option<Uuid>,
}

/// Appends a decision on a held record.
pub async fn insert_held_decision(tx: &Tx, key: SurveyKey, d: &HeldDecision) -> Result<(), Error> {
    let b = &d.before;
    tx.execute(
        &INSERT_HELD_DECISION,
        &[
            &key.district,
            &key.no,
            &d.id,
            &d.revision,
            &d.decision,
            &d.note,
            &d.by,
            &d.at,
            &b.reason,
            &b.detail,
            &b.case,
            &b.at,
            &d.call,
        ],
    )
    .await?;
    Ok(())
}

/// Every decision on these records, oldest first.
pub async fn held_decisions(tx: &Tx, key: SurveyKey, records: &[Uuid]) -> Result<Vec<HeldDecision>, Error> {
    let rows = tx.query(&HELD_DECISIONS, &[&key.district, &key.no, &records]).await?;
    Ok(rows.iter().map(held_decision).collect())
}

fn held_decision(r: &Row) -> HeldDecision {
    HeldDecision {
        id: r.get("record_id"),
        revision: r.get("revision"),
        decision: r.get("decision"),
        note: r.get("note"),
        by: r.get("decided_by"),
        at: r.get("decided_at"),
        before: Before {
            reason: r.get("was_reason"),
            detail: r.get("was_detail"),
            case: r.get("was_case"),
            at: r.get("was_at"),
        },
        call: r.get("call_id"),
    }
}

/// The records that a call decided: (record, revision, whether nothing was decided about it since).
pub async fn of_call(tx: &Tx, key: SurveyKey, call: Uuid) -> Result<Vec<(Uuid, i32, bool)>, Error> {
    let rows = tx.query(&OF_CALL, &[&key.district, &key.no, &call]).await?;
    Ok(rows.iter().map(|r| (r.get("record_id"), r.get("revision"), r.get("is_last"))).collect())
}

/// Gives a visit or an interview a corrected time; the one that was sent is kept beside it.
pub async fn correct_time(tx: &Tx, key: SurveyKey, row: &HeldRow, at: Timestamp) -> Result<(), Error> {
    if row.kind == RecordKind::Visit {
        tx.execute(&CORRECT_VISIT, &[&key.district, &key.no, &row.id, &at]).await?;
    } else {
        tx.execute(&CORRECT_INTERVIEW, &[&key.district, &key.no, &row.id, &row.revision, &at]).await?;
    }
    Ok(())
}

/// Makes a visit or an interview wait again as it did before it was decided.
pub async fn restore(tx: &Tx, key: SurveyKey, row: &HeldRow, b: &Before) -> Result<(), Error> {
    if row.kind == RecordKind::Visit {
        tx.execute(&RESTORE_VISIT, &[&key.district, &key.no, &row.id, &b.reason, &b.detail, &b.case, &b.at])
            .await?;
    } else {
        tx.execute(
            &RESTORE_INTERVIEW,
            &[&key.district, &key.no, &row.id, &row.revision, &b.reason, &b.detail, &b.case, &b.at],
        )
        .await?;
    }
    Ok(())
}

/// Whether somebody has decided something about this visit or interview at its case since a moment.
pub async fn is_spoken_of(
    tx: &Tx,
    key: SurveyKey,
    record: Uuid,
    case: CaseId,
    since: Timestamp,
) -> Result<bool, Error> {
    let text = record.to_string();
    Ok(tx.query_opt(&SPOKEN_OF, &[&key.district, &key.no, &text, &since, &case]).await?.is_some())
}

/// Sets the standing of a dwelling record.
pub async fn settle_dwelling(
    tx: &Tx,
    key: SurveyKey,
    id: Uuid,
    status: Status,
    case: Option<CaseId>,
) -> Result<(), Error> {
    tx.execute(&SET_DWELLING, &[&key.district, &key.no, &id, &status, &case]).await?;
    Ok(())
}

/// The stored text of a dwelling record.
pub async fn dwelling_content(tx: &Tx, key: SurveyKey, id: Uuid) -> Result<Option<String>, Error> {
    Ok(tx.query_opt(&DWELLING_CONTENT, &[&key.district, &key.no, &id]).await?.map(|r| r.get(0)))
}

impl Store {
    /// Every decision on these records, oldest first.
    pub async fn held_decisions(&self, key: SurveyKey, records: &[Uuid]) -> Result<Vec<HeldDecision>, Error> {
        let rows = self.rows(&HELD_DECISIONS, &[&key.district, &key.no, &records]).await?;
        Ok(rows.iter().map(held_decision).collect())
    }

    /// One page of held records of enumerators of a range of areas, oldest first.
    pub async fn list_held(
        &self,
        key: SurveyKey,
        range: AreaRange,
        after: (Timestamp, Uuid),
        limit: i64,
    ) -> Result<Vec<HeldRow>, Error> {
        let rows = self
            .rows(&LIST_HELD, &[&key.district, &key.no, &range.lo, &range.hi, &after.0, &after.1, &limit])
            .await?;
        rows.iter().map(|r| held_row(r, Status::Held)).collect()
    }

    /// How many records are held in a range of areas.
    pub async fn count_held(&self, key: SurveyKey, range: AreaRange) -> Result<i64, Error> {
        let row = self.one(&COUNT_HELD, &[&key.district, &key.no, &range.lo, &range.hi]).await?;
        Ok(row.get("n"))
    }
}
