//! The change feed: marking what a transaction changed, and reading what changed since a number.

use std::collections::{BTreeMap, HashSet};

use jiff::Timestamp;
use uuid::Uuid;

use super::tx::{Error, Outcome, Param, Tx, statements};
use super::{Store, SurveyKey, lists};
use crate::domain::{AreaRange, CaseId, Reach};

statements! {
    /// $1 district, $2 survey, $3 kind, $4 ids, $5 tag, $6 area numbers, $7 devices, $8 users.
    MARK = "-- mark_changes
        insert into change as c (district_id, survey_no, kind, id, tag, area_no, device_id, user_name)
        select $1, $2, $3, u.id, $5, u.area_no, u.device_id, u.user_name
        from unnest($4::uuid[], $6::integer[], $7::uuid[], $8::text[]) as u (id, area_no, device_id, user_name)
        order by u.id
        on conflict on constraint change_pk do update set tag = excluded.tag, area_no = excluded.area_no,
            device_id = excluded.device_id, user_name = excluded.user_name";
    /// $1 district, $2 survey.
    FEED = "-- feed
        select epoch, last_seq, full_before, restored_to from feed where district_id = $1 and survey_no = $2";
    /// $1 district, $2 survey.
    SOME_WAIT = "-- some_tags_wait
        select 1 from change_waiting where district_id = $1 and survey_no = $2 limit 1";
    /// $1 district, $2 survey. One at a time.
    LOCK_FEED = "-- lock_feed
        select 1 from feed where district_id = $1 and survey_no = $2 for update";
    /// $1 district, $2 survey. Numbers every tag that has committed, under the lock: a statement after it sees whatever committed
    /// before it was had. Should two transactions ever have drawn one tag, one before and one after it was numbered, what both
    /// changed is told of again.
    NUMBER = "-- number_tags
        with gone as (delete from change_waiting where district_id = $1 and survey_no = $2 returning tag),
        numbered as (
            insert into change_stamp (district_id, survey_no, seq, tag)
            select $1, $2, f.last_seq + row_number() over (order by g.tag), g.tag from gone g
            join feed f on f.district_id = $1 and f.survey_no = $2
            on conflict on constraint change_stamp_tag_once do update set seq = excluded.seq)
        update feed set last_seq = last_seq + (select count(*) from gone) where district_id = $1 and survey_no = $2";
    /// $1 district, $2 survey, $3 epoch.
    CREATE = "-- create_feed
        insert into feed (district_id, survey_no, epoch, last_seq, full_before) values ($1, $2, $3, 1, 0)
        on conflict on constraint feed_pk do nothing";
    /// $1 district, $2 survey, $3 the epoch in which changes were told of that are gone, $4 the new epoch, $5 now. The batches
    /// stored last may be gone as well: what was sent since ten minutes before the last one that is left is to be sent again.
    LOST_TAIL = "-- renew_epoch_after_lost_tail
        update feed f set epoch = $4, restored_at = $5, restored_to = coalesce(
            (select max(b.received_at) from batch b where b.district_id = $1 and b.survey_no = $2),
            (select s.created_at from survey s where s.district_id = $1 and s.survey_no = $2)) - interval '10 minutes'
        where f.district_id = $1 and f.survey_no = $2 and f.epoch = $3";
    /// $1 district, $2 survey. Too much changed for a delta: older cursors get a full pull.
    REQUIRE_FULL = "-- require_full_pull
        update feed set full_before = last_seq + 1 where district_id = $1 and survey_no = $2";
    /// $1 district, $2 survey, $3 after seq, $4 after kind, $5 after id, $6 limit, $7 lo, $8 hi, $9 devices, $10 user.
    /// `lent` are the cases that the enumerator ever had from outside the own area. A case that was folded and marked for another
    /// reason may come twice.
    SINCE = "-- changes_since
        with lent as materialized (
            select coalesce(array_agg(distinct g.case_id), '{}') as ids from assignment g
            join survey_case k on k.district_id = g.district_id and k.survey_no = g.survey_no and k.id = g.case_id
            where g.district_id = $1 and g.survey_no = $2 and g.enumerator = $10 and not k.area_no between $7 and $8
              and g.assigned_at >= coalesce((select t.since from staff t
                    where t.district_id = $1 and t.survey_no = $2 and t.user_name = $10), '-infinity'))
        select s.seq, c.kind, c.id from change_stamp s
        cross join lateral (
            select m.kind, m.id, m.area_no, m.device_id, m.user_name from change m
            where m.district_id = $1 and m.survey_no = $2 and m.tag = s.tag
            union all
            select 1::smallint, f.id, f.area_no, null, null from change_cases b
            cross join lateral unnest(b.cases) as u (id)
            join survey_case f on f.district_id = $1 and f.survey_no = $2 and f.id = u.id and f.changed_tag = s.tag
            where b.district_id = $1 and b.survey_no = $2 and b.tag = s.tag
              and (b.area_from <= $8 and b.area_to >= $7 or b.cases && (select ids from lent))) c
        where s.district_id = $1 and s.survey_no = $2 and s.seq >= $3 and (s.seq, c.kind, c.id) > ($3, $4, $5)
          and (c.kind in (5, 7, 8, 9) or c.area_no between $7 and $8 or c.device_id = any($9) or c.user_name = $10
               or (c.kind = 1 and c.id = any((select ids from lent)::uuid[]))
               or (c.kind = 2 and exists (select 1 from dwelling d
                     join area a on a.district_id = d.district_id and a.survey_no = d.survey_no and a.code = d.area
                     join survey_case k on k.district_id = d.district_id and k.survey_no = d.survey_no and k.area_no = a.lo
                       and k.building_id = d.building_id and k.dwelling_id = d.id
                     where d.district_id = $1 and d.survey_no = $2 and d.id = c.id and k.id = any((select ids from lent)::uuid[]))))
        order by s.seq, c.kind, c.id limit $6";
    /// $1 district, $2 survey, $3 user, $4 after id, $5 limit.
    OPEN_ASSIGNMENTS = "-- open_assignments_of
        select id, case_id, enumerator, until, assigned_by, assigned_at, ended_at, end_reason from assignment
        where district_id = $1 and survey_no = $2 and enumerator = $3 and ended_at is null and id > $4 order by id limit $5";
    /// $1 district, $2 survey, $3 devices, $4 after id, $5 limit. Held records of a device whose standing changed, for a full pull.
    RECEIPTS_OF = "-- receipts_of_device
        select id from change where district_id = $1 and survey_no = $2 and device_id = any($3) and kind = 4 and id > $4 order by id limit $5";
    /// $1 district, $2 survey, $3 ids, $4 devices.
    HAND_RECEIPTS = "-- hand_receipts
        select record_id, receipt from hand_receipt
        where district_id = $1 and survey_no = $2 and record_id = any($3) and device_id = any($4)";
    /// $1 district, $2 survey, $3 device, $4 ids, $5 receipts.
    ADD_HAND_RECEIPTS = "-- add_hand_receipts
        insert into hand_receipt (district_id, survey_no, device_id, record_id, receipt)
        select $1, $2, $3, u.* from unnest($4::uuid[], $5::text[]) as u (id, receipt) order by u.id
        on conflict on constraint hand_receipt_pk do update set receipt = excluded.receipt, device_id = excluded.device_id";
    /// $1 district, $2 survey, $3 ids.
    ASSIGNMENTS = "-- assignments_by_id
        select id, case_id, enumerator, until, assigned_by, assigned_at, ended_at, end_reason from assignment
        where district_id = $1 and survey_no = $2 and id = any($3)";
    /// $1 district, $2 survey, $3 case ids.
    ASSIGNMENTS_OF_CASES = "-- assignments_of_cases
        select id, case_id, enumerator, until, assigned_by, assigned_at, ended_at, end_reason from assignment
        where district_id = $1 and survey_no = $2 and case_id = any($3) order by assigned_at, id";
    /// $1 district, $2 survey, $3 cases, $4 user. Those that were lent to the person and did not end by a move.
    WERE_LENT = "-- cases_once_lent
        select g.case_id from (select distinct on (case_id) case_id, end_reason from assignment
            where district_id = $1 and survey_no = $2 and case_id = any($3) and enumerator = $4
            order by case_id, assigned_at desc, id desc) g
        where g.end_reason is distinct from 'moved'";
    /// $1 district, $2 survey, $3 cases, $4 now, $5 reason.
    END_ASSIGNMENTS = "-- end_assignments
        update assignment set ended_at = $4, end_reason = $5
        where district_id = $1 and survey_no = $2 and case_id = any($3) and ended_at is null
        returning id, enumerator";
    /// $1 district, $2 survey, $3 ids, $4 cases, $5 users, $6 untils, $7 by, $8 at.
    ADD_ASSIGNMENTS = "-- add_assignments
        insert into assignment (district_id, survey_no, id, case_id, enumerator, until, assigned_by, assigned_at)
        select $1, $2, u.*
        from unnest($3::uuid[], $4::uuid[], $5::text[], $6::timestamptz[], $7::text[], $8::timestamptz[])
          as u (id, case_id, enumerator, until, assigned_by, assigned_at)";
    /// $1 district, $2 survey, $3 cases, $4 holders (null for nobody).
    SET_HOLDERS = "-- set_holders
        update survey_case c set holder = u.holder from unnest($3::uuid[], $4::text[]) as u (id, holder)
        where c.district_id = $1 and c.survey_no = $2 and c.id = u.id";
}

/// What a change is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ChangeKind {
    /// A case.
    Case,
    /// A door.
    Dwelling,
    /// An assignment.
    Assignment,
    /// The standing of a held record.
    Receipt,
    /// The survey's policy and codes.
    Survey,
    /// A published sheet.
    Sheet,
    /// A form.
    Form,
    /// A member of the staff.
    Person,
    /// A message.
    Message,
}

impl ChangeKind {
    /// Every kind.
    pub const ALL: [Self; 9] = [
        Self::Case,
        Self::Dwelling,
        Self::Assignment,
        Self::Receipt,
        Self::Survey,
        Self::Sheet,
        Self::Form,
        Self::Person,
        Self::Message,
    ];

    /// Number in the database.
    pub fn number(self) -> i16 {
        match self {
            Self::Case => 1,
            Self::Dwelling => 2,
            Self::Assignment => 3,
            Self::Receipt => 4,
            Self::Survey => 5,
            Self::Sheet => 6,
            Self::Form => 7,
            Self::Person => 8,
            Self::Message => 9,
        }
    }

    /// Back from the database.
    pub fn from_number(number: i16) -> Option<Self> {
        Self::ALL.into_iter().find(|k| k.number() == number)
    }

    /// The word on the wire.
    pub fn slug(self) -> &'static str {
        match self {
            Self::Case => "case",
            Self::Dwelling => "dwelling",
            Self::Assignment => "assignment",
            Self::Receipt => "receipt",
            Self::Survey => "survey",
            Self::Sheet => "sheet",
            Self::Form => "form",
            Self::Person => "person",
            Self::Message => "message",
        }
    }
}

/// One changed thing, with what decides who hears of it.
#[derive(Clone, Debug, Default)]
pub struct Mark {
    /// Its id.
    pub id: Uuid,
    /// Number of its area.
    pub area_no: Option<i32>,
    /// The device it is for.
    pub device: Option<Uuid>,
    /// The enumerator it is for.
    pub user: Option<String>,
}

/// Where a survey's feed stands.
#[derive(Clone, Copy, Debug)]
pub struct Feed {
    /// Epoch.
    pub epoch: Uuid,
    /// Last number drawn.
    pub last_seq: i64,
    /// Older cursors need a full pull.
    pub full_before: i64,
    /// The moment a restored backup was taken at.
    pub restored_to: Option<Timestamp>,
}

/// A place in the feed.
pub type Place = (i64, i16, Uuid);

/// Whose feed is read.
#[derive(Clone, Debug)]
pub struct Reader {
    /// Range of the enumerator's area.
    pub range: AreaRange,
    /// The device and those it took the place of.
    pub devices: Vec<Uuid>,
    /// The enumerator.
    pub user: String,
}

impl Reader {
    /// How far the enumerator sees.
    pub fn reach(&self) -> Reach {
        Reach { range: self.range, user: self.user.clone() }
    }
}

/// An assignment as stored.
#[derive(Clone, Debug)]
pub struct AssignmentRow {
    /// Its id.
    pub id: Uuid,
    /// The case.
    pub case_id: CaseId,
    /// Who holds it.
    pub enumerator: String,
    /// End of the lease.
    pub until: Option<Timestamp>,
    /// Supervisor.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Ended when.
    pub ended_at: Option<Timestamp>,
    /// Ended why.
    pub end_reason: Option<String>,
}

pub(super) fn assignment_row(r: &tokio_postgres::Row) -> AssignmentRow {
    AssignmentRow {
        id: r.get("id"),
        case_id: r.get("case_id"),
        enumerator: r.get("enumerator"),
        until: r.get("until"),
        by: r.get("assigned_by"),
        at: r.get("assigned_at"),
        ended_at: r.get("ended_at"),
        end_reason: r.get("end_reason"),
    }
}

/// Marks things as changed under the transaction's tag; one that is named several times is marked once.
pub async fn mark(tx: &Tx, key: SurveyKey, tag: i64, kind: ChangeKind, all: &[Mark]) -> Result<(), Error> {
    if all.is_empty() {
        return Ok(());
    }
    let once: BTreeMap<Uuid, &Mark> = all.iter().map(|m| (m.id, m)).collect();
    let ids: Vec<Uuid> = once.keys().copied().collect();
    let areas: Vec<Option<i32>> = once.values().map(|m| m.area_no).collect();
    let devices: Vec<Option<Uuid>> = once.values().map(|m| m.device).collect();
    let users: Vec<Option<&str>> = once.values().map(|m| m.user.as_deref()).collect();
    tx.execute(&MARK, &[&key.district, &key.no, &kind, &ids, &tag, &areas, &devices, &users]).await?;
    Ok(())
}

/// Starts the feed of a new survey.
pub async fn create(tx: &Tx, key: SurveyKey, epoch: Uuid) -> Result<(), Error> {
    tx.execute(&CREATE, &[&key.district, &key.no, &epoch]).await?;
    Ok(())
}

/// Makes every cursor drawn so far ask for a full pull.
pub async fn require_full(tx: &Tx, key: SurveyKey) -> Result<(), Error> {
    tx.execute(&REQUIRE_FULL, &[&key.district, &key.no]).await?;
    Ok(())
}

/// Where the feed stands.
pub async fn feed(tx: &Tx, key: SurveyKey) -> Result<Feed, Error> {
    let r = tx.query_one(&FEED, &[&key.district, &key.no]).await?;
    Ok(Feed {
        epoch: r.get("epoch"),
        last_seq: r.get("last_seq"),
        full_before: r.get("full_before"),
        restored_to: r.get("restored_to"),
    })
}

/// What changed after `after` and concerns `reader`, in order, at most `limit`.
pub async fn changes_since(
    tx: &Tx,
    key: SurveyKey,
    reader: &Reader,
    after: Place,
    limit: i64,
) -> Result<Vec<(Place, ChangeKind)>, Error> {
    let rows = tx
        .query(
            &SINCE,
            &[
                &key.district,
                &key.no,
                &after.0,
                &after.1,
                &after.2,
                &limit,
                &reader.range.lo,
                &reader.range.hi,
                &reader.devices,
                &reader.user,
            ],
        )
        .await?;
    Ok(rows
        .iter()
        .filter_map(|r| {
            let number: i16 = r.get("kind");
            ChangeKind::from_number(number).map(|kind| ((r.get("seq"), number, r.get("id")), kind))
        })
        .collect())
}

/// Open assignments of an enumerator, by id.
pub async fn open_assignments(
    tx: &Tx,
    key: SurveyKey,
    user: &str,
    after: Uuid,
    limit: i64,
) -> Result<Vec<AssignmentRow>, Error> {
    let rows = tx.query(&OPEN_ASSIGNMENTS, &[&key.district, &key.no, &user, &after, &limit]).await?;
    Ok(rows.iter().map(assignment_row).collect())
}

/// Assignments by id.
pub async fn assignments(tx: &Tx, key: SurveyKey, ids: &[Uuid]) -> Result<Vec<AssignmentRow>, Error> {
    let rows = tx.query(&ASSIGNMENTS, &[&key.district, &key.no, &ids]).await?;
    Ok(rows.iter().map(assignment_row).collect())
}

/// Those of these cases whose last lease of this person did not end because the door moved.
pub async fn once_lent(
    tx: &Tx,
    key: SurveyKey,
    cases: &[CaseId],
    user: &str,
) -> Result<HashSet<CaseId>, Error> {
    if cases.is_empty() {
        return Ok(HashSet::new());
    }
    let rows = tx.query(&WERE_LENT, &[&key.district, &key.no, &cases, &user]).await?;
    Ok(rows.iter().map(|r| r.get(0)).collect())
}

/// All assignments of cases, oldest first.
pub async fn assignments_of(tx: &Tx, key: SurveyKey, cases: &[CaseId]) -> Result<Vec<AssignmentRow>, Error> {
    let rows = tx.query(&ASSIGNMENTS_OF_CASES, &[&key.district, &key.no, &cases]).await?;
    Ok(rows.iter().map(assignment_row).collect())
}

/// Ends what assignments of these cases stand; returns (assignment, enumerator).
pub async fn end_assignments(
    tx: &Tx,
    key: SurveyKey,
    cases: &[CaseId],
    now: Timestamp,
    reason: &str,
) -> Result<Vec<(Uuid, String)>, Error> {
    let rows = tx.query(&END_ASSIGNMENTS, &[&key.district, &key.no, &cases, &now, &reason]).await?;
    Ok(rows.iter().map(|r| (r.get(0), r.get(1))).collect())
}

/// Adds assignments and makes their enumerators the holders.
pub async fn add_assignments(tx: &Tx, key: SurveyKey, all: &[AssignmentRow]) -> Result<(), Error> {
    let ids: Vec<Uuid> = all.iter().map(|a| a.id).collect();
    let cases: Vec<CaseId> = all.iter().map(|a| a.case_id).collect();
    let users: Vec<&str> = all.iter().map(|a| a.enumerator.as_str()).collect();
    let untils: Vec<Option<Timestamp>> = all.iter().map(|a| a.until).collect();
    let by: Vec<&str> = all.iter().map(|a| a.by.as_str()).collect();
    let at: Vec<Timestamp> = all.iter().map(|a| a.at).collect();
    if all.is_empty() {
        return Ok(());
    }
    tx.execute(&ADD_ASSIGNMENTS, &[&key.district, &key.no, &ids, &cases, &users, &untils, &by, &at]).await?;
    let holders: Vec<Option<&str>> = all.iter().map(|a| Some(a.enumerator.as_str())).collect();
    tx.execute(&SET_HOLDERS, &[&key.district, &key.no, &cases, &holders]).await?;
    Ok(())
}

/// Takes the holder off these cases.
pub async fn clear_holders(tx: &Tx, key: SurveyKey, cases: &[CaseId]) -> Result<(), Error> {
    let nobody: Vec<Option<&str>> = cases.iter().map(|_| None).collect();
    tx.execute(&SET_HOLDERS, &[&key.district, &key.no, &cases, &nobody]).await?;
    Ok(())
}

/// Held records of a device whose standing changed at least once, by id.
pub async fn receipts_of(
    tx: &Tx,
    key: SurveyKey,
    devices: &[Uuid],
    after: Uuid,
    limit: i64,
) -> Result<Vec<Uuid>, Error> {
    let rows = tx.query(&RECEIPTS_OF, &[&key.district, &key.no, &devices, &after, &limit]).await?;
    Ok(rows.iter().map(|r| r.get(0)).collect())
}

/// Receipts of these devices' refused records that came by hand, as JSON text.
pub async fn hand_receipts(
    tx: &Tx,
    key: SurveyKey,
    ids: &[Uuid],
    devices: &[Uuid],
) -> Result<Vec<(Uuid, String)>, Error> {
    let rows = tx.query(&HAND_RECEIPTS, &[&key.district, &key.no, &ids, &devices]).await?;
    Ok(rows.iter().map(|r| (r.get(0), r.get(1))).collect())
}

/// Keeps receipts of refused records that came by hand, each id once.
pub async fn add_hand_receipts(
    tx: &Tx,
    key: SurveyKey,
    device: Uuid,
    all: &[(Uuid, String)],
) -> Result<(), Error> {
    if all.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = all.iter().map(|r| r.0).collect();
    let texts: Vec<&str> = all.iter().map(|r| r.1.as_str()).collect();
    tx.execute(&ADD_HAND_RECEIPTS, &[&key.district, &key.no, &device, &ids, &texts]).await?;
    Ok(())
}

impl Store {
    /// Gives the next numbers of a survey's feed to all that has committed and has none. Whoever reads the feed does so first.
    pub async fn number_changes(&self, key: SurveyKey) -> Result<(), Error> {
        self.retrying("number_changes", move |tx| {
            Box::pin(async move {
                if tx.query_opt(&SOME_WAIT, &[&key.district, &key.no]).await?.is_none() {
                    return Ok(Outcome::Rollback(()));
                }
                tx.query(&LOCK_FEED, &[&key.district, &key.no]).await?;
                tx.execute(&NUMBER, &[&key.district, &key.no]).await?;
                Ok::<_, Error>(Outcome::Commit(()))
            })
        })
        .await
    }

    /// Begins a new epoch, unless somebody else has: a device knows of changes after the last one stored, so some were lost.
    pub async fn renew_epoch(&self, key: SurveyKey, lost: Uuid, now: Timestamp) -> Result<(), Error> {
        let epoch = Uuid::new_v4();
        self.retrying("renew_epoch", move |tx| {
            Box::pin(async move {
                let renewed: [Param<'_>; 5] = [&key.district, &key.no, &lost, &epoch, &now];
                if tx.execute(&LOST_TAIL, &renewed).await? > 0 {
                    lists::raise_epoch(tx, key).await?;
                }
                Ok::<_, Error>(Outcome::Commit(()))
            })
        })
        .await
    }

    /// Where a survey's feed stands.
    pub async fn feed(&self, key: SurveyKey) -> Result<Feed, Error> {
        self.reading("feed", move |tx| Box::pin(feed(tx, key))).await
    }
}
