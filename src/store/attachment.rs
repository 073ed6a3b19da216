//! Attachments: how far an upload has come, its pieces until it is complete, and which visit names it.

use jiff::Timestamp;
use jiff::civil::Date;
use uuid::Uuid;

use super::access::Caller;
use super::evidence::Sender;
use super::sight::is_own;
use super::tx::{Error, Outcome, Tx, statements};
use super::wire::column;
use super::{Store, SurveyKey, quota};
use crate::domain::policy::Limits;
use crate::domain::quota::{Spent, Wanted, price};
use crate::domain::{AreaRange, CaseId, Quota};

statements! {
    /// $1 district, $2 survey, $3 id, $4 device, $5 user, $6 media type, $7 length, $8 now, $9 the id as sent.
    BEGIN = "-- begin_attachment
        insert into attachment (district_id, survey_no, id, device_id, enumerator, media_type, length, stored, started_at, sent_id, named_at)
        select $1::integer, $2::integer, $3::uuid, $4::uuid, $5::text, $6, $7::bigint, 0, $8::timestamptz, nullif($9::uuid, $3),
               case when exists (select 1 from attachment_link l
                   join visit v on v.district_id = l.district_id and v.survey_no = l.survey_no and v.id = l.visit_id
                   where l.district_id = $1 and l.survey_no = $2 and l.attachment_id = $9 and (v.device_id = $4 or v.enumerator = $5))
               then $8 end
        on conflict on constraint attachment_pk do nothing";
    /// $1 district, $2 survey, $3 id, $4 devices, $5 user; only where it is theirs.
    FIND_LOCKED = concat!("-- lock_attachment
        select id, device_id, enumerator, media_type, length, stored, sha256, complete_at, purged_at, swept_at from attachment t
        where district_id = $1 and survey_no = $2 and id = $3 and ", is_own!("t", "started_at"), " for update");
    /// $1 district, $2 survey, $3 ids, $4 devices, $5 user; the first of the ids that is theirs.
    FIND_OWN = concat!("-- find_own_attachment
        select id, device_id, enumerator, media_type, length, stored, sha256, complete_at, purged_at, swept_at from attachment t
        where district_id = $1 and survey_no = $2 and id = any($3::uuid[]) and ", is_own!("t", "started_at"), "
        order by array_position($3::uuid[], id) limit 1");
    /// $1 district, $2 survey, $3 id.
    FIND = "-- find_attachment
        select id, device_id, enumerator, media_type, length, stored, sha256, complete_at, purged_at, swept_at from attachment
        where district_id = $1 and survey_no = $2 and id = $3";
    /// $1 district, $2 survey, $3 id, $4 offset, $5 bytes.
    ADD_PART = "-- add_attachment_part
        insert into attachment_part (district_id, survey_no, id, at_byte, bytes) values ($1, $2, $3, $4, $5)";
    /// $1 district, $2 survey, $3 id, $4 stored.
    ADVANCE = "-- advance_attachment
        update attachment set stored = $4 where district_id = $1 and survey_no = $2 and id = $3";
    /// $1 district, $2 survey, $3 id.
    PARTS = "-- attachment_parts
        select bytes from attachment_part where district_id = $1 and survey_no = $2 and id = $3 order by at_byte";
    /// $1 district, $2 survey, $3 id, $4 digest, $5 now.
    COMPLETE = "-- complete_attachment
        update attachment set sha256 = $4, complete_at = $5 where district_id = $1 and survey_no = $2 and id = $3 and complete_at is null";
    /// $1 district, $2 survey, $3 id.
    DROP_PARTS = "-- drop_attachment_parts
        delete from attachment_part where district_id = $1 and survey_no = $2 and id = $3";
    /// $1 district, $2 survey, $3 id. What was sent is not what was announced, or its file is lost: it starts over.
    DROP = "-- drop_attachment
        delete from attachment where district_id = $1 and survey_no = $2 and id = $3";
    /// $1 district, $2 survey, $3 attachments, $4 visits, $5 now, $6 device, $7 user. Waits for whoever is about to remove one of them.
    LINK = "-- link_attachments
        with named as (
            update attachment set named_at = $5
            where district_id = $1 and survey_no = $2 and (id = any($3) or sent_id = any($3)) and named_at is null
              and (device_id = $6 or enumerator = $7))
        insert into attachment_link (district_id, survey_no, attachment_id, visit_id)
        select $1, $2, u.* from unnest($3::uuid[], $4::uuid[]) as u (attachment, visit) order by u.attachment, u.visit
        on conflict on constraint attachment_link_pk do nothing";
    /// $1 district, $2 survey, $3 the id that visits name, $4 lo, $5 hi, $6 ids under which it may be stored. Whether a reader of that
    /// range may see it: by the door of a visit that names it, or, while none does, by the area of who sent it. Only a visit of
    /// whoever sent the picture speaks for it.
    MAY_READ = "-- may_read_attachment
        with named as (
            select v.device_id, v.enumerator, v.case_id from attachment_link l
            join visit v on v.district_id = l.district_id and v.survey_no = l.survey_no and v.id = l.visit_id
            where l.district_id = $1 and l.survey_no = $2 and l.attachment_id = $3)
        select t.id, c.area, c.id as case_id from attachment t
        join named n on n.device_id = t.device_id or n.enumerator = t.enumerator
        join survey_case c on c.district_id = t.district_id and c.survey_no = t.survey_no and c.id = n.case_id
        where t.district_id = $1 and t.survey_no = $2 and t.id = any($6::uuid[]) and c.area_no between $4 and $5
        union all
        select t.id, s.area, null from attachment t
        join staff s on s.district_id = t.district_id and s.survey_no = t.survey_no and s.user_name = t.enumerator
        join area a on a.district_id = s.district_id and a.survey_no = s.survey_no and a.code = s.area
        where t.district_id = $1 and t.survey_no = $2 and t.id = any($6::uuid[]) and a.lo between $4 and $5
          and not exists (select 1 from named n where n.device_id = t.device_id or n.enumerator = t.enumerator)
        limit 1";
    /// $1 district, $2 survey, $3 the id that visits name, $4 lo, $5 hi. Whose pictures of that id a reader of the range may see:
    /// who names it at a door there, and who works there.
    SENDERS = "-- attachment_senders
        select v.enumerator from attachment_link l
        join visit v on v.district_id = l.district_id and v.survey_no = l.survey_no and v.id = l.visit_id
        join survey_case c on c.district_id = v.district_id and c.survey_no = v.survey_no and c.id = v.case_id
        where l.district_id = $1 and l.survey_no = $2 and l.attachment_id = $3 and c.area_no between $4 and $5
        union
        select s.user_name from staff s
        join area a on a.district_id = s.district_id and a.survey_no = s.survey_no and a.code = s.area
        where s.district_id = $1 and s.survey_no = $2 and a.lo between $4 and $5";
    /// $1 district, $2 survey, $3 ids, $4 devices, $5 users. Pictures that are here, of these devices or people: place in the lists.
    HERE = "-- attachments_here
        select u.n, t.media_type, t.length
        from unnest($3::uuid[], $4::uuid[], $5::text[]) with ordinality as u (id, device_id, enumerator, n)
        join attachment t on t.district_id = $1 and t.survey_no = $2 and t.id = u.id
          and (t.device_id = u.device_id or t.enumerator = u.enumerator)
        where t.complete_at is not null and t.purged_at is null and t.swept_at is null order by u.n";
}

/// An attachment as stored.
#[derive(Clone, Debug)]
pub struct AttachmentRow {
    /// Its id.
    pub id: Uuid,
    /// The device that uploads it.
    pub device: Uuid,
    /// Its person.
    pub enumerator: String,
    /// What its first bytes say.
    pub media_type: String,
    /// Bytes in all.
    pub length: i64,
    /// Bytes received.
    pub stored: i64,
    /// SHA-256 of the whole.
    pub sha256: Option<Vec<u8>>,
    /// When it was complete.
    pub complete_at: Option<Timestamp>,
    /// When its bytes were removed.
    pub purged_at: Option<Timestamp>,
    /// When somebody began to remove it because no visit names it: it counts as gone.
    pub swept_at: Option<Timestamp>,
}

fn row(r: &tokio_postgres::Row) -> AttachmentRow {
    AttachmentRow {
        id: r.get("id"),
        device: r.get("device_id"),
        enumerator: r.get("enumerator"),
        media_type: r.get("media_type"),
        length: r.get("length"),
        stored: r.get("stored"),
        sha256: r.get("sha256"),
        complete_at: r.get("complete_at"),
        purged_at: r.get("purged_at"),
        swept_at: r.get("swept_at"),
    }
}

/// A piece of an upload.
#[derive(Clone, Debug)]
pub struct Piece {
    /// The attachment.
    pub id: Uuid,
    /// The id under which it is stored where that one is somebody else's.
    pub stand_in: Uuid,
    /// What the first bytes of the whole say; `None` where the piece is not the first.
    pub media_type: Option<&'static str>,
    /// Bytes in all, as announced.
    pub length: i64,
    /// Offset of the first byte.
    pub at: i64,
    /// The bytes.
    pub bytes: bytes::Bytes,
}

/// A picture somebody is looked for to have sent.
#[derive(Clone, Debug)]
pub struct Named {
    /// The id it may be stored under.
    pub id: Uuid,
    /// The device that names it.
    pub device: Uuid,
    /// The person.
    pub user: String,
}

/// What came of a piece.
#[derive(Clone, Debug)]
pub enum Taken {
    /// Stored, or stored before: how far the upload has come.
    Yes(AttachmentRow),
    /// The upload is elsewhere: the next byte wanted is this one.
    WrongOffset(i64),
    /// Another length was announced before.
    OtherLength(i64),
    /// The first piece must come first.
    Unknown,
    /// It is being removed at this moment because no visit named it.
    Going,
    /// The device has reached a limit; what it has used, and what the piece is.
    Over(Quota, Spent, Wanted),
}

/// What a device may send, and the day it is counted on.
#[derive(Clone, Debug)]
pub struct Allowance {
    /// The survey's limits.
    pub limits: Limits,
    /// Today, in the survey's time zone.
    pub day: Date,
}

/// Notes which visits of a sender name which attachments: (attachment, visit).
pub async fn link(tx: &Tx, key: SurveyKey, sender: &Sender, pairs: &[(Uuid, Uuid)]) -> Result<(), Error> {
    if pairs.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = pairs.iter().map(|p| p.0).collect();
    let visits: Vec<Uuid> = pairs.iter().map(|p| p.1).collect();
    let user = sender.user.as_ref();
    let params: [super::tx::Param<'_>; 7] =
        [&key.district, &key.no, &ids, &visits, &sender.received_at, &sender.device, &user];
    tx.execute(&LINK, &params).await?;
    Ok(())
}

/// The upload a piece belongs to, begun if the piece is the first. An id that is somebody else's leads to the sender's own upload.
async fn own_upload(
    tx: &Tx,
    caller: &Caller,
    device: Uuid,
    p: &Piece,
    now: Timestamp,
) -> Result<Option<AttachmentRow>, Error> {
    let (district, no, devices) = (caller.key.district, caller.key.no, [device]);
    for id in [p.id, p.stand_in] {
        if let Some(media_type) = p.media_type {
            let params: [super::tx::Param<'_>; 9] =
                [&district, &no, &id, &device, &caller.user, &media_type, &p.length, &now, &p.id];
            tx.execute(&BEGIN, &params).await?;
        }
        let found =
            tx.query_opt(&FIND_LOCKED, &[&district, &no, &id, &devices.as_slice(), &caller.user]).await?;
        if let Some(found) = found.as_ref().map(row) {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

async fn take(
    tx: &Tx,
    caller: &Caller,
    device: Uuid,
    (p, allowance): (&Piece, &Allowance),
    now: Timestamp,
) -> Result<Taken, Error> {
    let (district, no) = (caller.key.district, caller.key.no);
    let Some(found) = own_upload(tx, caller, device, p, now).await? else {
        return Ok(Taken::Unknown);
    };
    if found.swept_at.is_some() {
        return Ok(Taken::Going);
    }
    if found.length != p.length {
        return Ok(Taken::OtherLength(found.length));
    }
    let end = p.at + i64::try_from(p.bytes.len()).unwrap_or(i64::MAX);
    if found.complete_at.is_some() || end <= found.stored {
        return Ok(Taken::Yes(found));
    }
    if p.at > found.stored {
        return Ok(Taken::WrongOffset(found.stored));
    }
    if let Some(over) = over(tx, caller.key, &found, end, allowance).await? {
        return Ok(over);
    }
    // What came twice is left out; the digest of the whole tells whether it was the same.
    let known = usize::try_from(found.stored - p.at).unwrap_or_default();
    let fresh: &[u8] = &p.bytes[known.min(p.bytes.len())..];
    tx.execute(&ADD_PART, &[&district, &no, &found.id, &found.stored, &fresh]).await?;
    tx.execute(&ADVANCE, &[&district, &no, &found.id, &end]).await?;
    Ok(Taken::Yes(AttachmentRow { stored: end, ..found }))
}

/// Counts the bytes up to `end` on the device's day; what stands against it.
async fn over(
    tx: &Tx,
    key: SurveyKey,
    found: &AttachmentRow,
    end: i64,
    allowance: &Allowance,
) -> Result<Option<Taken>, Error> {
    let price = price(end - found.stored);
    quota::spend(tx, key, found.device, allowance.day, price).await?;
    // Read under the row just written: another picture of the device waits, so both cannot take the same room.
    let used = quota::look(tx, key, found.device, allowance.day, &[found.id]).await?;
    let spent = Spent { today: used.spent.today - price, ..used.spent };
    let wanted = used.wanted(end);
    Ok(allowance.limits.exceeded(spent, wanted).map(|quota| Taken::Over(quota, spent, wanted)))
}

impl Store {
    /// Takes a piece of an upload on behalf of a device, within what it may send; the same piece again changes nothing.
    pub async fn take_piece(
        &self,
        caller: &Caller,
        device: Uuid,
        piece: Piece,
        allowance: Allowance,
        now: Timestamp,
    ) -> Result<Taken, Error> {
        let caller = caller.clone();
        self.retrying("take_piece", move |tx| {
            let (caller, piece, allowance) = (caller.clone(), piece.clone(), allowance.clone());
            Box::pin(async move {
                let taken = take(tx, &caller, device, (&piece, &allowance), now).await?;
                Ok::<_, Error>(match taken {
                    Taken::Yes(_) => Outcome::Commit(taken),
                    Taken::WrongOffset(_)
                    | Taken::OtherLength(_)
                    | Taken::Unknown
                    | Taken::Going
                    | Taken::Over(..) => Outcome::Rollback(taken),
                })
            })
        })
        .await
    }

    /// An attachment by id.
    pub async fn attachment(&self, key: SurveyKey, id: Uuid) -> Result<Option<AttachmentRow>, Error> {
        Ok(self.row(&FIND, &[&key.district, &key.no, &id]).await?.as_ref().map(row))
    }

    /// The first of these attachments that is the device's or its person's own.
    pub async fn own_attachment(
        &self,
        caller: &Caller,
        device: Uuid,
        ids: [Uuid; 2],
    ) -> Result<Option<AttachmentRow>, Error> {
        let (key, user) = (caller.key, caller.user.clone());
        let devices = [device];
        let found = self
            .row(&FIND_OWN, &[&key.district, &key.no, &ids.as_slice(), &devices.as_slice(), &user])
            .await?;
        Ok(found.as_ref().map(row))
    }

    /// The bytes of an upload whose pieces are all here.
    pub async fn attachment_bytes(&self, key: SurveyKey, id: Uuid) -> Result<Vec<u8>, Error> {
        let rows = self.rows(&PARTS, &[&key.district, &key.no, &id]).await?;
        Ok(rows.iter().flat_map(|r| r.get::<_, &[u8]>(0)).copied().collect())
    }

    /// Notes that the bytes lie outside the database now, and drops the pieces. `false` when the upload was removed
    /// meanwhile.
    pub async fn complete_attachment(
        &self,
        key: SurveyKey,
        id: Uuid,
        sha256: Vec<u8>,
        now: Timestamp,
    ) -> Result<bool, Error> {
        self.retrying("complete_attachment", move |tx| {
            let sha256 = sha256.clone();
            Box::pin(async move {
                tx.execute(&COMPLETE, &[&key.district, &key.no, &id, &sha256, &now]).await?;
                let row = tx.query_opt(&FIND, &[&key.district, &key.no, &id]).await?;
                if row.is_none_or(|r| r.get::<_, Option<Timestamp>>("swept_at").is_some()) {
                    return Ok::<_, Error>(Outcome::Rollback(false));
                }
                tx.execute(&DROP_PARTS, &[&key.district, &key.no, &id]).await?;
                Ok(Outcome::Commit(true))
            })
        })
        .await
    }

    /// Forgets an upload, so that it starts over; what visits say about it stays.
    pub async fn drop_attachment(&self, key: SurveyKey, id: Uuid) -> Result<(), Error> {
        self.retrying("drop_attachment", move |tx| {
            Box::pin(async move {
                tx.execute(&DROP_PARTS, &[&key.district, &key.no, &id]).await?;
                tx.execute(&DROP, &[&key.district, &key.no, &id]).await?;
                Ok::<_, Error>(Outcome::Commit(()))
            })
        })
        .await
    }

    /// Whether a reader of this range may see an attachment that visits name by `named` and that may be stored under `ids`: the id
    /// it is stored under, the area it belongs to, and the case when a visit names it.
    pub async fn may_read_attachment(
        &self,
        key: SurveyKey,
        (named, ids): (Uuid, &[Uuid]),
        range: AreaRange,
    ) -> Result<Option<(Uuid, String, Option<CaseId>)>, Error> {
        let params: [super::tx::Param<'_>; 6] = [&key.district, &key.no, &named, &range.lo, &range.hi, &ids];
        let found = self.row(&MAY_READ, &params).await?;
        Ok(found.map(|r| (r.get("id"), r.get("area"), r.get("case_id"))))
    }

    /// Whose pictures of that id a reader of this range may see.
    pub async fn attachment_senders(
        &self,
        key: SurveyKey,
        id: Uuid,
        range: AreaRange,
    ) -> Result<Vec<String>, Error> {
        let rows = self.rows(&SENDERS, &[&key.district, &key.no, &id, &range.lo, &range.hi]).await?;
        Ok(rows.iter().map(|r| r.get(0)).collect())
    }

    /// Which of these pictures are here, each one of the device or the person beside it: (place in the list, media type, bytes).
    pub async fn attachments_here(
        &self,
        key: SurveyKey,
        wanted: &[Named],
    ) -> Result<Vec<(usize, String, i64)>, Error> {
        let (ids, devices, users) = (
            column!(wanted, w => w.id),
            column!(wanted, w => w.device),
            column!(wanted, w => w.user.as_str()),
        );
        let rows = self.rows(&HERE, &[&key.district, &key.no, ids, devices, users]).await?;
        let place = |n: i64| usize::try_from(n - 1).unwrap_or(usize::MAX);
        Ok(rows.iter().map(|r| (place(r.get(0)), r.get(1), r.get(2))).collect())
    }
}
