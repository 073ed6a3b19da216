//! Devices: when they were last heard, what they said, cutting them off.

use jiff::Timestamp;
use jiff::civil::Date;
use uuid::Uuid;

use super::tx::{Error, Outcome, Tx, statements};
use super::{Store, SurveyKey, audit};
use crate::domain::AreaRange;
use crate::store::sql_types::ReadRow;

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
    /// Device minus server, seconds.
    pub clock_offset_s: f64,
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

impl Store {
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
