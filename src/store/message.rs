//! Messages to phones: sending and withdrawing them, what a device gets, who has read them.

use std::collections::HashMap;

use jiff::Timestamp;
use tokio_postgres::Row;
use uuid::Uuid;

use super::access::Caller;
use super::evidence::Sender;
use super::feed::{self, ChangeKind, Mark, Reader};
use super::tx::{Error, Outcome, Tx, new_tag, statements};
use super::{Store, SurveyKey, audit};
use crate::domain::AreaRange;

/// The columns of [`MessageRow`], of a message `m`.
macro_rules! select_messages {
    () => {
        "select m.id, m.to_user, m.to_device, m.to_area, m.text, m.sent_by, m.from_name, m.sent_at, m.until, m.ended_at, m.end_reason
        from message m"
    };
}

/// Whether a message `m` is for a reader: $4 user, $5 devices, $6 number of the own area. Not for somebody who had the login name
/// before.
macro_rules! is_for {
    () => {
        "(m.to_user = $4 and m.sent_at >= coalesce((select s.since from staff s
                where s.district_id = $1 and s.survey_no = $2 and s.user_name = $4), '-infinity')
            or m.to_device = any($5)
            or exists (select 1 from area a where a.district_id = $1 and a.survey_no = $2 and a.code = m.to_area
                and $6 between a.lo and a.hi))"
    };
}

statements! {
    /// $1 district, $2 survey, $3 id, $4 user, $5 device, $6 area it is for, $7 area it is sent into, $8 text, $9 by, $10 name, $11 now,
    /// $12 until.
    SEND = "-- send_message
        insert into message (district_id, survey_no, id, to_user, to_device, to_area, area, text, sent_by, from_name, sent_at, until)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    /// $1 district, $2 survey, $3 user, $4 device, $5 lo, $6 hi of an area. Phones that are not cut off and whose person is still the
    /// one who enrolled them.
    PHONES = "-- count_phones_addressed
        select count(*) as n from device d
        join staff s on s.district_id = d.district_id and s.survey_no = d.survey_no and s.user_name = d.user_name and s.is_active
        join area a on a.district_id = s.district_id and a.survey_no = s.survey_no and a.code = s.area
        where d.district_id = $1 and d.survey_no = $2 and d.revoked_at is null and (s.since is null or d.enrolled_at >= s.since)
          and (d.user_name = $3 or d.id = $4 or a.lo between $5 and $6)";
    /// $1 district, $2 survey, $3 lo, $4 hi, $5 before id, $6 limit. Sent into these areas, the latest first.
    LIST = concat!("-- list_messages\n", select_messages!(), "
        join area a on a.district_id = m.district_id and a.survey_no = m.survey_no and a.code = m.area
        where m.district_id = $1 and m.survey_no = $2 and a.lo between $3 and $4 and m.id < $5 order by m.id desc limit $6");
    /// $1 district, $2 survey, $3 lo, $4 hi, $5 id.
    FIND = concat!("-- find_message\n", select_messages!(), "
        join area a on a.district_id = m.district_id and a.survey_no = m.survey_no and a.code = m.area
        where m.district_id = $1 and m.survey_no = $2 and a.lo between $3 and $4 and m.id = $5");
    /// $1 district, $2 survey, $3 messages. The first reading of each device.
    READINGS = "-- readings_of_messages
        select distinct on (message_id, device_id) message_id, enumerator, device_id, at from message_read
        where district_id = $1 and survey_no = $2 and message_id = any($3) order by message_id, device_id, at";
    /// $1 district, $2 survey, $3 ids, $4 to $6 the reader.
    FOR_READER = concat!("-- messages_for_reader\n", select_messages!(), "
        where m.district_id = $1 and m.survey_no = $2 and m.id = any($3) and ", is_for!());
    /// $1 district, $2 survey, $3 after id, $4 to $6 the reader, $7 limit. Those that stand.
    STANDING = concat!("-- standing_messages_for_reader\n", select_messages!(), "
        where m.district_id = $1 and m.survey_no = $2 and m.ended_at is null and m.id > $3 and ", is_for!(), "
        order by m.id limit $7");
    /// $1 district, $2 survey, $3 id, $4 now.
    WITHDRAW = "-- withdraw_message
        update message set ended_at = $4, end_reason = 'withdrawn'
        where district_id = $1 and survey_no = $2 and id = $3 and ended_at is null returning id";
    /// $1 district, $2 survey, $3 now.
    EXPIRE = "-- expire_messages
        update message set ended_at = $3, end_reason = 'expired'
        where district_id = $1 and survey_no = $2 and ended_at is null and until <= $3 returning id";
    /// $1 district, $2 survey, $3 batch, $4 device, $5 user, $6 received, then arrays: $7 ids, $8 messages, $9 times, $10 places in the
    /// batch, $11 digests.
    INSERT_READS = "-- insert_message_reads
        insert into message_read (district_id, survey_no, id, message_id, at, batch_id, batch_index, digest, device_id, enumerator, received_at)
        select $1, $2, u.id, u.message_id, u.at, $3, u.place, u.digest, $4, $5, $6
        from unnest($7::uuid[], $8::uuid[], $9::timestamptz[], $10::integer[], $11::bytea[]) as u (id, message_id, at, place, digest)
        order by u.id on conflict on constraint message_read_pk do nothing returning id";
}

/// Whom a message is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum To {
    /// A person, on all phones.
    User(String),
    /// One phone.
    Device(Uuid),
    /// Everybody whose area lies in this one.
    Area(String),
}

/// A message to be sent.
#[derive(Clone, Debug)]
pub struct NewMessage {
    /// Its id, version 7.
    pub id: Uuid,
    /// Whom it is for.
    pub to: To,
    /// Code of the area it is sent into.
    pub area: String,
    /// The numbers of that area, where it is for everybody there.
    pub range: AreaRange,
    /// The text.
    pub text: String,
    /// When phones forget it.
    pub until: Timestamp,
}

/// A message as stored.
#[derive(Clone, Debug)]
pub struct MessageRow {
    /// Its id.
    pub id: Uuid,
    /// Whom it is for.
    pub to: To,
    /// The text.
    pub text: String,
    /// Who sent it.
    pub by: String,
    /// The name of that person.
    pub from_name: String,
    /// Server time.
    pub sent_at: Timestamp,
    /// When phones forget it.
    pub until: Timestamp,
    /// When they were told to.
    pub ended_at: Option<Timestamp>,
    /// Why: expired, withdrawn or purged.
    pub end_reason: Option<String>,
}

/// Somebody has read a message.
#[derive(Clone, Debug)]
pub struct Reading {
    /// Who.
    pub user: String,
    /// On which device.
    pub device: Uuid,
    /// When, by its clock.
    pub at: Timestamp,
}

/// A reading to be stored.
#[derive(Clone, Debug)]
pub struct NewReading {
    /// Made by the device.
    pub id: Uuid,
    /// The message.
    pub message: Uuid,
    /// Device time.
    pub at: Timestamp,
    /// Place in the batch.
    pub batch_index: i32,
    /// Keyed digest.
    pub digest: Vec<u8>,
}

fn message_row(r: &Row) -> Result<MessageRow, Error> {
    let to = match (r.get("to_user"), r.get("to_device"), r.get("to_area")) {
        (Some(user), _, _) => To::User(user),
        (None, Some(device), _) => To::Device(device),
        (None, None, Some(area)) => To::Area(area),
        (None, None, None) => return Err(Error::Corrupt("addressee of a message")),
    };
    Ok(MessageRow {
        id: r.get("id"),
        to,
        text: r.get("text"),
        by: r.get("sent_by"),
        from_name: r.get("from_name"),
        sent_at: r.get("sent_at"),
        until: r.get("until"),
        ended_at: r.get("ended_at"),
        end_reason: r.get("end_reason"),
    })
}

fn marks(ids: impl IntoIterator<Item = Uuid>) -> Vec<Mark> {
    ids.into_iter().map(|id| Mark { id, ..Mark::default() }).collect()
}

/// Those of these messages that are for the reader, ended ones too.
pub async fn for_reader(
    tx: &Tx,
    key: SurveyKey,
    reader: &Reader,
    ids: &[Uuid],
) -> Result<Vec<MessageRow>, Error> {
    let rows = tx
        .query(&FOR_READER, &[&key.district, &key.no, &ids, &reader.user, &reader.devices, &reader.range.lo])
        .await?;
    rows.iter().map(message_row).collect()
}

/// Messages for the reader that stand, by id.
pub async fn standing(
    tx: &Tx,
    key: SurveyKey,
    reader: &Reader,
    after: Uuid,
    limit: i64,
) -> Result<Vec<MessageRow>, Error> {
    let rows = tx
        .query(
            &STANDING,
            &[&key.district, &key.no, &after, &reader.user, &reader.devices, &reader.range.lo, &limit],
        )
        .await?;
    rows.iter().map(message_row).collect()
}

/// Stores readings; returns the ids that were new.
pub async fn insert_readings(
    tx: &Tx,
    key: SurveyKey,
    sender: &Sender,
    all: &[NewReading],
) -> Result<Vec<Uuid>, Error> {
    let ids: Vec<Uuid> = all.iter().map(|r| r.id).collect();
    let messages: Vec<Uuid> = all.iter().map(|r| r.message).collect();
    let times: Vec<Timestamp> = all.iter().map(|r| r.at).collect();
    let places: Vec<i32> = all.iter().map(|r| r.batch_index).collect();
    let digests: Vec<&[u8]> = all.iter().map(|r| r.digest.as_slice()).collect();
    let rows = tx
        .query(
            &INSERT_READS,
            &[
                &key.district,
                &key.no,
                &sender.batch,
                &sender.device,
                &&*sender.user,
                &sender.received_at,
                &ids,
                &messages,
                &times,
                &places,
                &digests,
            ],
        )
        .await?;
    Ok(rows.iter().map(|r| r.get(0)).collect())
}

impl Store {
    /// Sends a message on behalf of a supervisor; returns to how many phones.
    pub async fn send_message(
        &self,
        caller: &Caller,
        message: NewMessage,
        now: Timestamp,
    ) -> Result<i64, Error> {
        let caller = caller.clone();
        self.retrying("send_message", move |tx| {
            let (caller, message) = (caller.clone(), message.clone());
            Box::pin(async move {
                let phones = send(tx, &caller, &message, now).await?;
                let tag = new_tag(now);
                feed::mark(tx, caller.key, tag, ChangeKind::Message, &marks([message.id])).await?;
                let note = audit::Note::by(&caller, audit::Action::SendMessage, now).about(message.id);
                audit::note(tx, &note).await?;
                Ok::<_, Error>(Outcome::Stamp(phones, caller.key, tag))
            })
        })
        .await
    }

    /// Messages sent into a range of areas, the latest first, from before `before`.
    pub async fn messages(
        &self,
        key: SurveyKey,
        range: AreaRange,
        before: Uuid,
        limit: i64,
    ) -> Result<Vec<MessageRow>, Error> {
        let rows = self.rows(&LIST, &[&key.district, &key.no, &range.lo, &range.hi, &before, &limit]).await?;
        rows.iter().map(message_row).collect()
    }

    /// A message sent into a range of areas.
    pub async fn message(
        &self,
        key: SurveyKey,
        range: AreaRange,
        id: Uuid,
    ) -> Result<Option<MessageRow>, Error> {
        let row = self.row(&FIND, &[&key.district, &key.no, &range.lo, &range.hi, &id]).await?;
        row.as_ref().map(message_row).transpose()
    }

    /// Who has read these messages, each device once.
    pub async fn readings(
        &self,
        key: SurveyKey,
        messages: &[Uuid],
    ) -> Result<HashMap<Uuid, Vec<Reading>>, Error> {
        let rows = self.rows(&READINGS, &[&key.district, &key.no, &messages]).await?;
        let mut all: HashMap<Uuid, Vec<Reading>> = HashMap::new();
        for r in &rows {
            let reading = Reading { user: r.get("enumerator"), device: r.get("device_id"), at: r.get("at") };
            all.entry(r.get("message_id")).or_default().push(reading);
        }
        Ok(all)
    }

    /// Withdraws a message on behalf of a supervisor; one that has ended stays as it is.
    pub async fn withdraw_message(&self, caller: &Caller, id: Uuid, now: Timestamp) -> Result<(), Error> {
        let caller = caller.clone();
        self.retrying("withdraw_message", move |tx| {
            let caller = caller.clone();
            Box::pin(async move {
                let key = caller.key;
                if tx.query_opt(&WITHDRAW, &[&key.district, &key.no, &id, &now]).await?.is_none() {
                    return Ok(Outcome::Rollback(()));
                }
                let tag = new_tag(now);
                feed::mark(tx, key, tag, ChangeKind::Message, &marks([id])).await?;
                let note = audit::Note::by(&caller, audit::Action::WithdrawMessage, now).about(id);
                audit::note(tx, &note).await?;
                Ok::<_, Error>(Outcome::Stamp((), key, tag))
            })
        })
        .await
    }

    /// Ends the messages whose time is over, so that phones forget them; how many.
    pub async fn end_messages(&self, key: SurveyKey, now: Timestamp) -> Result<usize, Error> {
        self.retrying("end_messages", move |tx| {
            Box::pin(async move {
                let ended = tx.query(&EXPIRE, &[&key.district, &key.no, &now]).await?;
                if ended.is_empty() {
                    return Ok(Outcome::Rollback(0));
                }
                let tag = new_tag(now);
                let ids = ended.iter().map(|r| r.get(0));
                feed::mark(tx, key, tag, ChangeKind::Message, &marks(ids)).await?;
                Ok::<_, Error>(Outcome::Stamp(ended.len(), key, tag))
            })
        })
        .await
    }
}

async fn send(tx: &Tx, caller: &Caller, m: &NewMessage, now: Timestamp) -> Result<i64, Error> {
    let key = caller.key;
    let (user, device, area) = match &m.to {
        To::User(user) => (Some(user.as_str()), None, None),
        To::Device(device) => (None, Some(*device), None),
        To::Area(area) => (None, None, Some(area.as_str())),
    };
    tx.execute(
        &SEND,
        &[
            &key.district,
            &key.no,
            &m.id,
            &user,
            &device,
            &area,
            &m.area,
            &m.text,
            &caller.user,
            &caller.name,
            &now,
            &m.until,
        ],
    )
    .await?;
    let range = if area.is_some() { m.range } else { AreaRange::NONE };
    let phones =
        tx.query_one(&PHONES, &[&key.district, &key.no, &user, &device, &range.lo, &range.hi]).await?;
    Ok(phones.get("n"))
}
