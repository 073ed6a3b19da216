//! Batches and the identity of their records: what was sent, what was answered, what is already known.

use std::cell::RefCell;
use std::collections::HashMap;

use jiff::Timestamp;
use uuid::Uuid;

use super::device::Contact;
use super::held::Lock;
use super::sight::{Sight, Whose, is_near, is_own};
use super::tx::{Error, Tx, statements};
use super::wire::{InOrder, Stamp};
use super::{Store, SurveyKey};
use crate::domain::CaseId;
use crate::domain::quota::BATCH_BYTES;

statements! {
    /// $1 district, $2 survey, $3 id, $4 device, $5 user, $6 digest, $7 received, $8 sent, $9 offset, $10 waiting, $11 seq, $12 records, $13 via,
    /// $14 number of an advisory lock to be taken beside others once the row stands, or null.
    INSERT_BATCH = "-- insert_batch
        with mine as (
            insert into batch (district_id, survey_no, id, device_id, user_name, digest, received_at, sent_at, clock_offset_s,
                               waiting, seq, records, via)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
            on conflict on constraint batch_pk do nothing returning id)
        select id, case when $14::bigint is not null then pg_advisory_xact_lock_shared($14)::text end from mine";
    /// $1 district, $2 survey, $3 batch, $4 raw, $5 length, $6 receipts; then of its device: $7 id, $8 now, $9 waiting, $10 offset,
    /// $11 app version, $12 number of the batch, $13 day, $14 what a batch counts as beside its text, $15 drafts.
    INSERT_CONTENT = "-- insert_batch_content
        with kept as (
            insert into batch_content (district_id, survey_no, batch_id, raw, raw_length, receipts)
            values ($1, $2, $3, $4, $5, $6))
        insert into device_contact as c (district_id, survey_no, device_id, last_at, last_batch_at, waiting, clock_offset_s, app_version,
            seq_first, seq_last, seq_count, day, day_bytes, drafts)
        values ($1, $2, $7, $8, $8, $9, $10, $11, $12, $12, case when $12::bigint is null then 0 else 1 end, $13, $5 + $14::bigint, $15)
        on conflict on constraint device_contact_pk do update set last_at = greatest(c.last_at, excluded.last_at),
            last_batch_at = excluded.last_batch_at, waiting = excluded.waiting, clock_offset_s = coalesce(excluded.clock_offset_s, c.clock_offset_s),
            app_version = coalesce(excluded.app_version, c.app_version), drafts = coalesce(excluded.drafts, c.drafts), seq_first = least(c.seq_first, excluded.seq_first),
            seq_last = greatest(c.seq_last, excluded.seq_last), seq_count = c.seq_count + excluded.seq_count, day = excluded.day,
            day_bytes = excluded.day_bytes + case when c.day = excluded.day then c.day_bytes else 0 end";
    /// $1 district, $2 survey, $3 id.
    FIND_BATCH = "-- find_batch
        select b.device_id, b.user_name, b.digest, b.received_at, b.clock_offset_s, c.receipts
        from batch b join batch_content c on c.district_id = b.district_id and c.survey_no = b.survey_no and c.batch_id = b.id
        where b.district_id = $1 and b.survey_no = $2 and b.id = $3";
    /// $1 district, $2 survey, $3 user, $4 lo, $5 hi.
    IS_COLLEAGUE = "-- is_colleague
        select 1 from staff s
        join area a on a.district_id = s.district_id and a.survey_no = s.survey_no and a.code = s.area
        where s.district_id = $1 and s.survey_no = $2 and s.user_name = $3 and a.lo between $4 and $5";
    /// $1 district, $2 survey, $3 batch ids.
    RECEIPTS = "-- batch_receipts
        select batch_id, receipts from batch_content
        where district_id = $1 and survey_no = $2 and batch_id = any($3)";
    /// $1 district, $2 survey, $3 record ids, each once, $4 to $7 with whose eyes. `offset 0` keeps it a look-up for each id: as
    /// long as a table has no statistics, the whole of it seems as cheap as ten rows.
    KNOWN_RECORDS = concat!("-- known_records
        select k.kind, k.id, k.revision, k.digest, k.batch_id, k.batch_index, k.status, k.held_reason, k.held_detail, k.case_id,
               ", is_own!("k", "received_at"), ", ", is_near!("k"), "
        from (select unnest($3::uuid[]) as id offset 0) u
        cross join lateral (
            select 1::smallint as kind, id, 0 as revision, digest, batch_id, batch_index, status, held_reason, held_detail, case_id,
                   device_id, enumerator, received_at
              from visit where district_id = $1 and survey_no = $2 and id = u.id
            union all
            select 2::smallint, id, revision, digest, batch_id, batch_index, status, held_reason, held_detail, case_id, device_id, enumerator,
                   received_at
              from interview where district_id = $1 and survey_no = $2 and id = u.id
            union all
            select 3::smallint, id, 0, digest, batch_id, batch_index, status, held_reason, held_detail, case_id, device_id, enumerator,
                   received_at
              from dwelling_record where district_id = $1 and survey_no = $2 and id = u.id
            union all
            select 6::smallint, id, 0, digest, batch_id, batch_index, 0::smallint, null, null, null, device_id, enumerator, received_at
              from message_read where district_id = $1 and survey_no = $2 and id = u.id
            offset 0) k");
}

/// What a batch says about itself.
#[derive(Clone, Debug)]
pub struct BatchHead {
    /// Made by the device.
    pub id: Uuid,
    /// The device that collected it.
    pub device: Uuid,
    /// The enumerator it acts for.
    pub user: String,
    /// Keyed digest of survey, device and records.
    pub digest: Vec<u8>,
    /// Server time.
    pub received_at: Timestamp,
    /// Device time of this try.
    pub sent_at: Timestamp,
    /// `sent_at` minus `received_at`, seconds.
    pub clock_offset_s: f64,
    /// Records left on the device.
    pub waiting: Option<i32>,
    /// The device's rising batch number.
    pub seq: Option<i64>,
    /// Number of records.
    pub records: i32,
    /// `http` or `file`.
    pub via: &'static str,
}

/// A batch stored before.
#[derive(Clone, Debug)]
pub struct StoredBatch {
    /// The device that collected it.
    pub device: Uuid,
    /// The enumerator.
    pub user: String,
    /// Digest of its content.
    pub digest: Vec<u8>,
    /// When it was first received.
    pub received_at: Timestamp,
    /// Offset at that time, seconds.
    pub clock_offset_s: f64,
    /// The receipts, a JSON array.
    pub receipts: String,
}

/// Which table a record stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RecordKind {
    /// A visit.
    Visit,
    /// One revision of an interview.
    Interview,
    /// A door found in the field.
    Dwelling,
    /// A filled-in form that waits as a whole.
    Submission,
    /// A sheet of answers.
    Answers,
    /// A message that was read.
    MessageRead,
}

impl RecordKind {
    /// The word on the wire.
    pub fn slug(self) -> &'static str {
        match self {
            Self::Visit => "visit",
            Self::Interview => "interview",
            Self::Dwelling => "dwelling",
            Self::Submission => "submission",
            Self::Answers => "answers",
            Self::MessageRead => "message_read",
        }
    }

    /// Number in the statements that look into several tables.
    pub fn number(self) -> i16 {
        match self {
            Self::Visit => 1,
            Self::Interview => 2,
            Self::Dwelling => 3,
            Self::Submission => 4,
            Self::Answers => 5,
            Self::MessageRead => 6,
        }
    }

    /// Back from the database.
    pub fn from_number(number: i16) -> Option<Self> {
        let all = [
            Self::Visit,
            Self::Interview,
            Self::Dwelling,
            Self::Submission,
            Self::Answers,
            Self::MessageRead,
        ];
        all.into_iter().find(|kind| kind.number() == number)
    }
}

/// Whether a record counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Counts.
    Accepted,
    /// Waits for something or somebody.
    Held,
    /// A supervisor refused it after it was held.
    Refused,
}

impl Status {
    /// Number in the database.
    pub fn number(self) -> i16 {
        match self {
            Self::Accepted => 0,
            Self::Held => 1,
            Self::Refused => 2,
        }
    }

    /// Back from the database.
    pub fn from_number(number: i16) -> Option<Self> {
        [Self::Accepted, Self::Held, Self::Refused].into_iter().find(|status| status.number() == number)
    }

    /// The word on the wire.
    pub fn slug(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Held => "held",
            Self::Refused => "refused",
        }
    }
}

/// A record stored before.
#[derive(Clone, Debug)]
pub struct Known {
    /// Its table.
    pub kind: RecordKind,
    /// Its id.
    pub id: Uuid,
    /// Revision of an interview, else 0.
    pub revision: i32,
    /// Digest of its content.
    pub digest: Vec<u8>,
    /// The batch that first brought it.
    pub batch_id: Uuid,
    /// Its place in that batch.
    pub batch_index: i32,
    /// Whether it counts now.
    pub status: Status,
    /// Why it is or was held.
    pub held_reason: Option<String>,
    /// A sentence about that.
    pub held_detail: Option<String>,
    /// The case it counts for, if known.
    pub case_id: Option<CaseId>,
    /// Whose it is to whoever looks.
    pub whose: Whose,
}

/// Writes the batch's row, and then takes a lock beside others; `false` when a batch of that id is there (after waiting for a
/// concurrent sender's commit).
/// It is stored under `id`.
pub async fn insert_batch(
    tx: &Tx,
    key: SurveyKey,
    id: Uuid,
    b: &BatchHead,
    lock: Option<Lock>,
) -> Result<bool, Error> {
    let row = tx
        .query_opt(
            &INSERT_BATCH,
            &[
                &key.district,
                &key.no,
                &id,
                &b.device,
                &b.user,
                &b.digest,
                &b.received_at,
                &b.sent_at,
                &b.clock_offset_s,
                &b.waiting,
                &b.seq,
                &b.records,
                &b.via,
                &lock.map(Lock::number),
            ],
        )
        .await?;
    Ok(row.is_some())
}

/// Keeps the raw text (compressed, citizen IDs taken out) and the receipts, and notes that the device was heard.
pub async fn insert_content(
    tx: &Tx,
    key: SurveyKey,
    batch: Uuid,
    (raw, raw_length): (&[u8], i32),
    receipts: &str,
    c: &Contact,
) -> Result<(), Error> {
    let receipts = packed(receipts.as_bytes())?;
    tx.execute(
        &INSERT_CONTENT,
        &[
            &key.district,
            &key.no,
            &batch,
            &raw,
            &raw_length,
            &receipts,
            &c.device,
            &Stamp(c.at),
            &c.waiting,
            &c.clock_offset_s,
            &c.app_version,
            &c.seq,
            &c.day,
            &BATCH_BYTES,
            &c.drafts,
        ],
    )
    .await?;
    Ok(())
}

/// The stored batch of that id.
pub async fn find_batch(tx: &Tx, key: SurveyKey, id: Uuid) -> Result<Option<StoredBatch>, Error> {
    let row = tx.query_opt(&FIND_BATCH, &[&key.district, &key.no, &id]).await?;
    let Some(r) = row else { return Ok(None) };
    Ok(Some(StoredBatch {
        device: r.get("device_id"),
        user: r.get("user_name"),
        digest: r.get("digest"),
        received_at: r.get("received_at"),
        clock_offset_s: r.get("clock_offset_s"),
        receipts: unpacked(r.get("receipts"))?,
    }))
}

/// Whether a batch of this person is no foreign one to `sight`: the person works in that area.
pub async fn is_colleague(tx: &Tx, key: SurveyKey, user: &str, sight: &Sight) -> Result<bool, Error> {
    Ok(tx
        .query_opt(&IS_COLLEAGUE, &[&key.district, &key.no, &user, &sight.range.lo, &sight.range.hi])
        .await?
        .is_some())
}

/// Text as it is stored: zstd at its fastest. Each thread keeps its compressor, whose tables cost more than a batch.
pub fn packed(text: &[u8]) -> Result<Vec<u8>, Error> {
    thread_local! {
        static COMPRESSOR: RefCell<Option<zstd::bulk::Compressor<'static>>> =
            RefCell::new(zstd::bulk::Compressor::new(1).ok());
    }
    COMPRESSOR.with_borrow_mut(|compressor| {
        let bytes = compressor.as_mut().and_then(|c| c.compress(text).ok());
        bytes.ok_or(Error::Corrupt("packed text"))
    })
}

/// Text as it was before it was stored.
pub fn unpacked(packed: &[u8]) -> Result<String, Error> {
    let bytes = zstd::stream::decode_all(packed).map_err(|_| Error::Corrupt("packed text"))?;
    String::from_utf8(bytes).map_err(|_| Error::Corrupt("packed text"))
}

/// The receipts (JSON arrays) of several batches.
pub async fn receipts_of(tx: &Tx, key: SurveyKey, batches: &[Uuid]) -> Result<HashMap<Uuid, String>, Error> {
    let rows = tx.query(&RECEIPTS, &[&key.district, &key.no, &batches]).await?;
    rows.iter().map(|r| Ok((r.get("batch_id"), unpacked(r.get("receipts"))?))).collect()
}

/// What is stored under these record ids, all revisions of interviews included, and whose it is to `sight`.
pub async fn known_records(
    tx: &Tx,
    key: SurveyKey,
    ids: &[Uuid],
    sight: &Sight,
) -> Result<Vec<Known>, Error> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let Sight { devices, user, range } = sight;
    let rows = tx
        .query(&KNOWN_RECORDS, &[&key.district, &key.no, &ids, devices, user, &range.lo, &range.hi])
        .await?;
    rows.iter()
        .map(|row| {
            let mut r = InOrder::of(row);
            Ok(Known {
                kind: r.read("known record")?,
                id: r.take(),
                revision: r.take(),
                digest: r.take(),
                batch_id: r.take(),
                batch_index: r.take(),
                status: r.read("known record")?,
                held_reason: r.take(),
                held_detail: r.take(),
                case_id: r.take(),
                whose: Whose::of(r.take(), r.take()),
            })
        })
        .collect()
}

impl Store {
    /// The stored batch of that id, read outside any upload.
    pub async fn batch(&self, key: SurveyKey, id: Uuid) -> Result<Option<StoredBatch>, Error> {
        self.reading("batch", move |tx| Box::pin(find_batch(tx, key, id))).await
    }
}
