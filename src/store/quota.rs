//! What devices use of their limits: pictures of a day and those without a visit, refused records. Counted where it is used,
//! in the same transaction; what it means is said by `domain::quota`.

use jiff::Timestamp;
use jiff::civil::Date;
use uuid::Uuid;

use super::sight::is_named;
use super::tx::{Error, Tx, statements};
use super::{Store, SurveyKey};
use crate::domain::quota::{LEAST, Spent, Wanted};
use crate::domain::{AreaRange, Quota};

statements! {
    /// $1 district, $2 survey, $3 device, $4 day, $5 ids the picture may be stored under, $6 the least a picture counts as. The visits are those of
    /// the device, or of whoever sent the picture.
    LOOK = concat!("-- look_at_picture_quota
        select coalesce((select amount from device_day
                   where district_id = $1 and survey_no = $2 and day = $4 and device_id = $3 and kind = 1), 0) as today,
               coalesce((select sum(greatest(a.stored, $6)) from attachment a
                   where a.district_id = $1 and a.survey_no = $2 and a.device_id = $3 and a.named_at is null and a.purged_at is null
                     and a.swept_at is null and a.stored > 0
                     and not ", is_named!("a"), "), 0)::bigint as unnamed,
               exists (select 1 from attachment_link l
                   join visit v on v.district_id = l.district_id and v.survey_no = l.survey_no and v.id = l.visit_id
                   where l.district_id = $1 and l.survey_no = $2 and l.attachment_id = any($5::uuid[]) and v.device_id = $3)
               or exists (select 1 from attachment a where a.district_id = $1 and a.survey_no = $2 and a.id = any($5::uuid[])
                   and a.device_id = $3 and ", is_named!("a"), ") as is_named,
               coalesce((select case when a.complete_at is null then a.stored else a.length end from attachment a
                   where a.district_id = $1 and a.survey_no = $2 and a.id = any($5::uuid[]) and a.device_id = $3 and a.swept_at is null
                   limit 1), 0) as stored");
    /// $1 district, $2 survey, $3 day, $4 device, $5 bytes. Holds the row, so that a device's pictures are judged one by one.
    SPEND = "-- spend_picture_quota
        insert into device_day as d (district_id, survey_no, day, device_id, kind, amount) values ($1, $2, $3, $4, 1, $5)
        on conflict on constraint device_day_pk do update set amount = d.amount + excluded.amount";
    /// $1 district, $2 survey, $3 day, $4 device, $5 kind, $6 now. One write a day, however often it is reached.
    NOTE_OVER = "-- note_quota_reached
        insert into device_day as d (district_id, survey_no, day, device_id, kind, amount, over_at) values ($1, $2, $3, $4, $5, 0, $6)
        on conflict on constraint device_day_pk do update set over_at = excluded.over_at where d.over_at is null";
    /// $1 district, $2 survey, $3 device, $4 bytes that have to go, $5 the least a picture counts as. Since when the last picture of those waits that
    /// go first and make so much room.
    FREED_BY = concat!("-- quota_freed_by
        select u.since from (
            select w.since, w.id, sum(w.bytes) over (order by w.since, w.id) as freed from (
                select a.id, greatest(a.stored, $5) as bytes, greatest(coalesce(a.complete_at, a.started_at), f.restored_at) as since
                from attachment a
                join feed f on f.district_id = a.district_id and f.survey_no = a.survey_no
                where a.district_id = $1 and a.survey_no = $2 and a.device_id = $3 and a.named_at is null and a.purged_at is null
                  and a.swept_at is null and a.stored > 0
                  and not ", is_named!("a"), ") w) u
        where u.freed >= $4::bigint order by u.since, u.id limit 1");
    /// $1 district, $2 survey, $3 day, $4 device. Holds the row of its refused records.
    HOLD_REFUSED = "-- hold_refused_quota
        insert into device_day as d (district_id, survey_no, day, device_id, kind, amount) values ($1, $2, $3, $4, 3, 0)
        on conflict on constraint device_day_pk do update set amount = d.amount returning d.amount - d.left_out as kept";
    /// $1 district, $2 survey, $3 day, $4 device, $5 refused, $6 of which no copy is kept, $7 now.
    COUNT_REFUSED = "-- count_refused
        update device_day set amount = amount + $5, left_out = left_out + $6,
            over_at = case when $6::bigint > 0 then coalesce(over_at, $7::timestamptz) else over_at end
        where district_id = $1 and survey_no = $2 and day = $3 and device_id = $4 and kind = 3";
    /// $1 district, $2 survey, $3 lo, $4 hi, $5 day, $6 the least a picture counts as.
    DAYS = concat!("-- device_days
        select d.id as device_id, case when c.day = $5 then c.day_bytes else 0 end as records,
               coalesce(p.amount, 0) as pictures, p.over_at as pictures_over_at, u.over_at as unnamed_over_at,
               coalesce(r.amount, 0) as refused, coalesce(r.left_out, 0) as left_out, r.over_at as refused_over_at,
               coalesce((select sum(greatest(a.stored, $6)) from attachment a
                   where a.district_id = d.district_id and a.survey_no = d.survey_no and a.device_id = d.id and a.named_at is null
                     and a.purged_at is null and a.swept_at is null and a.stored > 0
                     and not ", is_named!("a"), "), 0)::bigint as unnamed
        from device d
        join staff s on s.district_id = d.district_id and s.survey_no = d.survey_no and s.user_name = d.user_name
        join area a on a.district_id = s.district_id and a.survey_no = s.survey_no and a.code = s.area
        left join device_contact c on c.district_id = d.district_id and c.survey_no = d.survey_no and c.device_id = d.id
        left join device_day p on p.district_id = d.district_id and p.survey_no = d.survey_no and p.day = $5 and p.device_id = d.id and p.kind = 1
        left join device_day u on u.district_id = d.district_id and u.survey_no = d.survey_no and u.day = $5 and u.device_id = d.id and u.kind = 2
        left join device_day r on r.district_id = d.district_id and r.survey_no = d.survey_no and r.day = $5 and r.device_id = d.id and r.kind = 3
        where d.district_id = $1 and d.survey_no = $2 and a.lo between $3 and $4");
}

/// What a device has used when a piece of a picture comes.
#[derive(Clone, Copy, Debug)]
pub struct Use {
    /// Of its limits.
    pub spent: Spent,
    /// Bytes of the picture that are here.
    pub stored: i64,
    /// Whether a visit that is here names the picture.
    pub is_named: bool,
}

impl Use {
    /// The piece that ends at byte `end`, as the limits see it.
    pub fn wanted(&self, end: i64) -> Wanted {
        Wanted { stored: self.stored, fresh: (end - self.stored).max(0), is_named: self.is_named }
    }
}

/// What a device used on one day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeviceDay {
    /// The device.
    pub device: Uuid,
    /// Bytes of batches.
    pub records: i64,
    /// Bytes of pictures.
    pub pictures: i64,
    /// When it reached that limit.
    pub pictures_over_at: Option<Timestamp>,
    /// Bytes of pictures that no visit names, of any day.
    pub unnamed: i64,
    /// When it reached that limit on the day.
    pub unnamed_over_at: Option<Timestamp>,
    /// Refused records.
    pub refused: i64,
    /// Those of them of which no copy is kept.
    pub left_out: i64,
    /// When it reached that limit.
    pub refused_over_at: Option<Timestamp>,
}

/// What the device of a picture has used.
pub(super) async fn look(
    tx: &Tx,
    key: SurveyKey,
    device: Uuid,
    day: Date,
    picture: &[Uuid],
) -> Result<Use, Error> {
    let r = tx.query_one(&LOOK, &[&key.district, &key.no, &device, &day, &picture, &LEAST]).await?;
    Ok(Use {
        spent: Spent { today: r.get("today"), unnamed: r.get("unnamed") },
        stored: r.get("stored"),
        is_named: r.get("is_named"),
    })
}

/// Adds bytes of pictures to the day of a device, and holds its count until the transaction ends.
pub(super) async fn spend(tx: &Tx, key: SurveyKey, device: Uuid, day: Date, bytes: i64) -> Result<(), Error> {
    tx.execute(&SPEND, &[&key.district, &key.no, &day, &device, &bytes]).await?;
    Ok(())
}

/// How many refused records of the day a copy is kept of; held until the transaction ends.
pub async fn hold_refused(tx: &Tx, key: SurveyKey, device: Uuid, day: Date) -> Result<i64, Error> {
    Ok(tx.query_one(&HOLD_REFUSED, &[&key.district, &key.no, &day, &device]).await?.get("kept"))
}

/// Counts refused records, and those among them of which no copy is kept.
pub async fn count_refused(
    tx: &Tx,
    key: SurveyKey,
    device: Uuid,
    (day, now): (Date, Timestamp),
    (refused, left_out): (usize, usize),
) -> Result<(), Error> {
    let number = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    let (refused, left_out) = (number(refused), number(left_out));
    tx.execute(&COUNT_REFUSED, &[&key.district, &key.no, &day, &device, &refused, &left_out, &now]).await?;
    Ok(())
}

impl Store {
    /// What a device has used of its limits for pictures, before a piece of this picture.
    pub async fn picture_use(
        &self,
        key: SurveyKey,
        device: Uuid,
        day: Date,
        picture: [Uuid; 2],
    ) -> Result<Use, Error> {
        self.reading("picture_use", move |tx| {
            Box::pin(async move { look(tx, key, device, day, &picture).await })
        })
        .await
    }

    /// Notes that a device has reached a limit on this day.
    pub async fn note_over(
        &self,
        key: SurveyKey,
        device: Uuid,
        quota: Quota,
        (day, now): (Date, Timestamp),
    ) -> Result<(), Error> {
        self.run(&NOTE_OVER, &[&key.district, &key.no, &day, &device, &quota, &now]).await?;
        Ok(())
    }

    /// Since when the last picture of those has been waiting for a visit that have to go before so many bytes are free; `None`
    /// when not so many wait.
    pub async fn freed_by(
        &self,
        key: SurveyKey,
        device: Uuid,
        bytes: i64,
    ) -> Result<Option<Timestamp>, Error> {
        let params: [super::tx::Param<'_>; 5] = [&key.district, &key.no, &device, &bytes, &LEAST];
        Ok(self.row(&FREED_BY, &params).await?.map(|r| r.get("since")))
    }

    /// What the devices of enumerators whose area lies in the range used on this day.
    pub async fn device_days(
        &self,
        key: SurveyKey,
        range: AreaRange,
        day: Date,
    ) -> Result<Vec<DeviceDay>, Error> {
        let params: [super::tx::Param<'_>; 6] = [&key.district, &key.no, &range.lo, &range.hi, &day, &LEAST];
        Ok(self.rows(&DAYS, &params).await?.iter().map(device_day).collect())
    }
}

fn device_day(r: &tokio_postgres::Row) -> DeviceDay {
    DeviceDay {
        device: r.get("device_id"),
        records: r.get("records"),
        pictures: r.get("pictures"),
        pictures_over_at: r.get("pictures_over_at"),
        unnamed: r.get("unnamed"),
        unnamed_over_at: r.get("unnamed_over_at"),
        refused: r.get("refused"),
        left_out: r.get("left_out"),
        refused_over_at: r.get("refused_over_at"),
    }
}
