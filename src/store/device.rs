//! Devices: when they were last heard, what they said, cutting them off.

use jiff::Timestamp;
use jiff::civil::Date;
use uuid::Uuid;

use super::tx::{Error, Outcome, Tx, statements};
use super::{Store, SurveyKey, audit};
use crate::domain::AreaRange;
use crate::store::sql_types::ReadRow;

/// Silent devices and the doors lent to their people when they were last heard or since. A lease that ended since then is one
/// they do not know to have ended.
macro_rules! silent_lent {
    () => {
        "
        with silent as (
            select d.user_name, min(greatest(d.enrolled_at, coalesce(c.last_at, d.enrolled_at))) as heard_at, a.lo, a.hi,
                   coalesce(s.since, '-infinity') as since
            from device d
            join staff s on s.district_id = d.district_id and s.survey_no = d.survey_no and s.user_name = d.user_name
            join area a on a.district_id = s.district_id and a.survey_no = s.survey_no and a.code = s.area
            left join device_contact c on c.district_id = d.district_id and c.survey_no = d.survey_no and c.device_id = d.id
            where d.district_id = $1 and d.survey_no = $2 and d.revoked_at is null and not coalesce(s.since > d.enrolled_at, false)
              and greatest(d.enrolled_at, coalesce(c.last_at, d.enrolled_at)) < $3
            group by d.user_name, a.lo, a.hi, s.since),
        lent as (
            select distinct g.case_id, g.enumerator from silent u
            join assignment g on g.district_id = $1 and g.survey_no = $2 and g.enumerator = u.user_name
            where g.assigned_at >= u.since and (g.ended_at is null or g.ended_at > u.heard_at))"
    };
}

statements! {
    /// $1 district, $2 survey, $3 device, $4 now.
    NOTE_CALL = "-- note_device_call
        insert into device_contact as c (district_id, survey_no, device_id, last_at) values ($1, $2, $3, $4)
        on conflict on constraint device_contact_pk do update set last_at = excluded.last_at
          where c.last_at < excluded.last_at - interval '1 minute'";
    /// $1 district, $2 survey, $3 lo, $4 hi, $5 device or null.
    DEVICES = "-- devices
        select d.id, d.user_name, d.model, d.enrolled_at, d.revoked_at, d.revoked_by, d.revoke_note, s.area, a.lo,
               case when s.since > d.enrolled_at then d.user_name else s.name end as name,
               c.last_at, c.last_batch_at, c.waiting, c.clock_offset_s, c.app_version, c.drafts, d.replaced_by, d.client,
               greatest(c.seq_last - c.seq_first + 1 - c.seq_count, 0) as batches_missing,
               (select min(g.until) from assignment g where g.district_id = d.district_id and g.survey_no = d.survey_no
                  and g.enumerator = d.user_name and g.ended_at is null and not coalesce(s.since > d.enrolled_at, false)) as lease_ends,
               (select count(*) from assignment g join survey_case k on k.district_id = g.district_id and k.survey_no = g.survey_no
                  and k.id = g.case_id and k.due_class is not null
                where g.district_id = d.district_id and g.survey_no = d.survey_no and g.enumerator = d.user_name
                  and g.ended_at is null and not coalesce(s.since > d.enrolled_at, false)) as doors_held
        from device d
        join staff s on s.district_id = d.district_id and s.survey_no = d.survey_no and s.user_name = d.user_name
        join area a on a.district_id = s.district_id and a.survey_no = s.survey_no and a.code = s.area
        left join device_contact c on c.district_id = d.district_id and c.survey_no = d.survey_no and c.device_id = d.id
        where d.district_id = $1 and d.survey_no = $2 and a.lo between $3 and $4 and ($5::uuid is null or d.id = $5)
        order by c.last_at nulls first, d.id";
    /// $1 district, $2 survey, $3 silent since, $4 lo, $5 hi.
    SILENT_DOORS = concat!("-- silent_doors", silent_lent!(), "
        select c.area_no, coalesce(c.holder, '') as holder, count(distinct c.id) as n from lent l
        join survey_case c on c.district_id = $1 and c.survey_no = $2 and c.id = l.case_id
        where c.due_class is not null and c.area_no between $4 and $5
        group by 1, 2");
    /// $1 district, $2 survey, $3 silent since, $4 lo, $5 hi.
    SILENT_UNLENT = concat!("-- silent_unlent", silent_lent!(), "
        select distinct u.lo, u.hi from silent u
        where u.lo <= $5 and u.hi >= $4 and not exists (select 1 from lent l where l.enumerator = u.user_name)");
    /// $1 district, $2 survey, $3 lo, $4 hi.
    LAST_SYNCS = "-- last_syncs
        select a.lo, a.hi, max(c.last_batch_at) as at from device_contact c
        join device d on d.district_id = c.district_id and d.survey_no = c.survey_no and d.id = c.device_id
        join staff s on s.district_id = d.district_id and s.survey_no = d.survey_no and s.user_name = d.user_name
        join area a on a.district_id = s.district_id and a.survey_no = s.survey_no and a.code = s.area
        where c.district_id = $1 and c.survey_no = $2 and a.lo <= $4 and a.hi >= $3 and c.last_batch_at is not null
        group by a.lo, a.hi";
    /// $1 district, $2 survey, $3 device, $4 now, $5 by, $6 note.
    REVOKE = "-- revoke_device
        update device set revoked_at = $4, revoked_by = $5, revoke_note = $6
        where district_id = $1 and survey_no = $2 and id = $3 and revoked_at is null";
    /// $1 district, $2 survey, $3 device, $4 the device that takes its place.
    REPLACE = "-- replace_device
        update device set replaced_by = $4 where district_id = $1 and survey_no = $2 and id = $3";
    /// $1 district, $2 survey, $3 device. The device and all whose place it took.
    LINEAGE = "-- device_lineage
        with recursive line as (
            select id from device where district_id = $1 and survey_no = $2 and id = $3
            union
            select d.id from device d join line l on d.replaced_by = l.id where d.district_id = $1 and d.survey_no = $2)
        select id from line";
    /// $1 token hash. Whether the token was one of a device that has been cut off.
    WAS_CUT_OFF = "-- was_cut_off
        select d.id from access_token t
        join device d on d.district_id = t.district_id and d.survey_no = t.survey_no and d.id = t.device_id
        where t.token_hash = $1 and d.revoked_at is not null";
    /// $1 district, $2 survey, $3 device, $4 now.
    REVOKE_TOKENS = "-- revoke_device_tokens
        update access_token set revoked_at = $4 where district_id = $1 and survey_no = $2 and device_id = $3 and revoked_at is null";
    /// $1 device. For files carried by hand, which name only the device.
    FIND_OWNER = "-- find_device_owner
        select d.district_id, d.survey_no, d.user_name, d.revoked_at, s.area, s.role, s.name, a.lo, a.hi, v.slug, v.policy_version
        from device d
        join survey v on v.district_id = d.district_id and v.survey_no = d.survey_no
        join staff s on s.district_id = d.district_id and s.survey_no = d.survey_no and s.user_name = d.user_name
        join area a on a.district_id = s.district_id and a.survey_no = s.survey_no and a.code = s.area
        where d.id = $1";
}

/// A device as supervisors see it.
#[derive(Clone, Debug)]
pub struct DeviceRow {
    /// Its id.
    pub id: Uuid,
    /// Enumerator.
    pub user: String,
    /// Enumerator's name; the login name where somebody else has it by now.
    pub name: String,
    /// Enumerator's area.
    pub area: String,
    /// Number of that area.
    pub area_no: i32,
    /// Model.
    pub model: Option<String>,
    /// What it runs: collect; `None` for the phone page and other programs.
    pub client: Option<String>,
    /// First enrolment.
    pub enrolled_at: Timestamp,
    /// Cut off since.
    pub revoked_at: Option<Timestamp>,
    /// By whom.
    pub revoked_by: Option<String>,
    /// Why.
    pub revoke_note: Option<String>,
    /// Last heard.
    pub last_at: Option<Timestamp>,
    /// Last batch.
    pub last_batch_at: Option<Timestamp>,
    /// Records waiting as last said.
    pub waiting: Option<i32>,
    /// Device minus server, seconds.
    pub clock_offset_s: Option<f64>,
    /// Program version.
    pub app_version: Option<String>,
    /// Interviews begun on it, as last said.
    pub drafts: Option<i32>,
    /// Open doors lent to its enumerator.
    pub doors_held: i64,
    /// When the first of those leases ends.
    pub lease_ends: Option<Timestamp>,
    /// Numbered batches that never came, between the first and the last that did.
    pub batches_missing: Option<i64>,
    /// The device that took its place.
    pub replaced_by: Option<Uuid>,
}

/// What a device said with a batch.
#[derive(Clone, Debug)]
pub struct Contact {
    /// The device.
    pub device: Uuid,
    /// Server time.
    pub at: Timestamp,
    /// Records left on it.
    pub waiting: Option<i32>,
    /// Device minus server, seconds; `None` where the batch did not come from the device itself, so that its time of sending
    /// says nothing of the device's clock.
    pub clock_offset_s: Option<f64>,
    /// Program version.
    pub app_version: Option<String>,
    /// Interviews begun on it.
    pub drafts: Option<i32>,
    /// The device's number of the batch.
    pub seq: Option<i64>,
    /// Day of the survey's time zone.
    pub day: Date,
}

/// The device and all whose place it took.
pub async fn lineage(tx: &Tx, key: SurveyKey, device: Uuid) -> Result<Vec<Uuid>, Error> {
    let rows = tx.query(&LINEAGE, &[&key.district, &key.no, &device]).await?;
    Ok(rows.iter().map(|r| r.get(0)).collect())
}

/// Cuts a device off; its tokens stop working at once. `false` when it was cut off before.
pub async fn revoke(
    tx: &Tx,
    key: SurveyKey,
    device: Uuid,
    by: &str,
    note: Option<&str>,
    now: Timestamp,
) -> Result<bool, Error> {
    let n = tx.execute(&REVOKE, &[&key.district, &key.no, &device, &now, &by, &note]).await?;
    tx.execute(&REVOKE_TOKENS, &[&key.district, &key.no, &device, &now]).await?;
    Ok(n == 1)
}

/// Says which device takes the place of another.
pub async fn replace(tx: &Tx, key: SurveyKey, old: Uuid, new: Uuid) -> Result<(), Error> {
    tx.execute(&REPLACE, &[&key.district, &key.no, &old, &new]).await?;
    Ok(())
}

impl DeviceRow {
    /// When it was last heard; enrolling is a word too.
    pub fn heard_at(&self) -> Timestamp {
        self.last_at.map_or(self.enrolled_at, |at| at.max(self.enrolled_at))
    }

    /// Whether it may still send and has not been heard since a moment.
    pub fn is_silent(&self, since: Timestamp) -> bool {
        self.revoked_at.is_none() && self.heard_at() < since
    }
}

/// Open doors that silent devices may have worked at without anybody knowing.
#[derive(Clone, Debug, Default)]
pub struct SilentWork {
    /// How many, by number of the area and present holder (empty for nobody).
    pub doors: Vec<(i32, String, i64)>,
    /// The areas of silent people to whom nothing is lent: they go by their area, so any open door there may be done.
    pub unlent: Vec<AreaRange>,
}

impl Store {
    /// What silent devices may have done at the open doors of a range of areas, whoever's area that is.
    pub async fn silent_work(
        &self,
        key: SurveyKey,
        range: AreaRange,
        since: Timestamp,
    ) -> Result<SilentWork, Error> {
        let doors = self.rows(&SILENT_DOORS, &[&key.district, &key.no, &since, &range.lo, &range.hi]).await?;
        let unlent =
            self.rows(&SILENT_UNLENT, &[&key.district, &key.no, &since, &range.lo, &range.hi]).await?;
        Ok(SilentWork {
            doors: doors.iter().map(|r| (r.get("area_no"), r.get("holder"), r.get("n"))).collect(),
            unlent: unlent.iter().map(|r| AreaRange { lo: r.get("lo"), hi: r.get("hi") }).collect(),
        })
    }

    /// The latest batch of the people of each area that holds a part of a range or lies in it.
    pub async fn last_syncs(
        &self,
        key: SurveyKey,
        range: AreaRange,
    ) -> Result<Vec<(AreaRange, Timestamp)>, Error> {
        let rows = self.rows(&LAST_SYNCS, &[&key.district, &key.no, &range.lo, &range.hi]).await?;
        Ok(rows.iter().map(|r| (AreaRange { lo: r.get("lo"), hi: r.get("hi") }, r.get("at"))).collect())
    }

    /// Whether the token with this hash was one of a device that has been cut off.
    pub async fn was_cut_off(&self, hash: &[u8]) -> Result<bool, Error> {
        Ok(self.row(&WAS_CUT_OFF, &[&hash]).await?.is_some())
    }

    /// Notes that a device called (to the minute).
    pub async fn note_call(&self, key: SurveyKey, device: Uuid, now: Timestamp) -> Result<(), Error> {
        self.run(&NOTE_CALL, &[&key.district, &key.no, &device, &now]).await?;
        Ok(())
    }

    /// Devices of enumerators whose area lies in the range; one device with `only`.
    pub async fn devices(
        &self,
        key: SurveyKey,
        range: AreaRange,
        only: Option<Uuid>,
    ) -> Result<Vec<DeviceRow>, Error> {
        let rows = self.rows(&DEVICES, &[&key.district, &key.no, &range.lo, &range.hi, &only]).await?;
        Ok(rows.iter().map(device_row).collect())
    }

    /// Cuts a device off on behalf of a supervisor. `false` when it was cut off before.
    pub async fn revoke_device(
        &self,
        caller: &super::access::Caller,
        device: Uuid,
        note: Option<String>,
        now: Timestamp,
    ) -> Result<bool, Error> {
        let caller = caller.clone();
        self.retrying("revoke_device", move |tx| {
            let (caller, note) = (caller.clone(), note.clone());
            Box::pin(async move {
                let done = revoke(tx, caller.key, device, &caller.user, note.as_deref(), now).await?;
                let noted = audit::Note::by(&caller, audit::Action::RevokeDevice, now).about(device);
                audit::note(tx, &noted).await?;
                Ok::<_, Error>(Outcome::Commit(done))
            })
        })
        .await
    }

    /// On whose behalf files of this device are taken: one entry per survey it is enrolled in.
    pub async fn device_owners(
        &self,
        device: Uuid,
    ) -> Result<Vec<(super::access::Caller, Option<Timestamp>)>, Error> {
        let rows = self.rows(&FIND_OWNER, &[&device]).await?;
        rows.iter().map(|r| Ok((owner(r, device)?, r.get("revoked_at")))).collect::<Result<_, Error>>()
    }
}

fn owner(r: &tokio_postgres::Row, device: Uuid) -> Result<super::access::Caller, Error> {
    Ok(super::access::Caller {
        key: SurveyKey { district: r.get("district_id"), no: r.get("survey_no") },
        survey: r.get("slug"),
        policy_version: r.get("policy_version"),
        user: r.get("user_name"),
        name: r.get("name"),
        role: r.read("staff", "role")?,
        area: r.get("area"),
        range: AreaRange { lo: r.get("lo"), hi: r.get("hi") },
        device: Some(device),
        kind: super::access::TokenKind::Device,
        csrf: None,
    })
}

fn device_row(r: &tokio_postgres::Row) -> DeviceRow {
    DeviceRow {
        id: r.get("id"),
        user: r.get("user_name"),
        name: r.get("name"),
        area: r.get("area"),
        area_no: r.get("lo"),
        model: r.get("model"),
        client: r.get("client"),
        enrolled_at: r.get("enrolled_at"),
        revoked_at: r.get("revoked_at"),
        revoked_by: r.get("revoked_by"),
        revoke_note: r.get("revoke_note"),
        last_at: r.get("last_at"),
        last_batch_at: r.get("last_batch_at"),
        waiting: r.get("waiting"),
        clock_offset_s: r.get("clock_offset_s"),
        app_version: r.get("app_version"),
        drafts: r.get("drafts"),
        doors_held: r.get("doors_held"),
        lease_ends: r.get("lease_ends"),
        batches_missing: r.get("batches_missing"),
        replaced_by: r.get("replaced_by"),
    }
}
