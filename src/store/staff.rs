//! The staff of a survey: who is who, what a set-up makes of the list, and what of a person ends when the person leaves.
//!
//! A login name is stored as it was first written and found by its value ([`UserName::key`]).

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::Value;
use uuid::Uuid;

use super::survey::{StaffRow, staff_row};
use super::tx::{Error, Tx, statements};
use super::{Store, SurveyKey};
use crate::domain::{CaseId, Role, UserName};
use crate::setup;
use crate::store::sql_types::ReadRow;

/// The stored writing of the login name in `$name`, whose compared form is `$key`; a name nobody has stays as it is.
macro_rules! spelling {
    ($name:literal, $key:literal) => {
        concat!(
            "coalesce((select k.user_name from staff k where k.user_name = ",
            $name,
            " or k.user_key = ",
            $key,
            " order by k.user_name = ",
            $name,
            " desc, k.is_active desc, k.user_name limit 1), ",
            $name,
            ")"
        )
    };
}
pub(super) use spelling;

statements! {
    /// $1 names, $2 their compared forms. In all surveys of the installation.
    SPELLINGS = "-- spellings
        select district_id, survey_no, user_name, user_key from staff where user_name = any($1) or user_key = any($2)
        order by is_active desc, user_name";
    /// $1 name, $2 compared form.
    SPELLED = concat!("-- spelled\n        select ", spelling!("$1", "$2"), " as user_name");
    /// $1 district, $2 survey.
    EVERYBODY = "-- everybody
        select user_name, name, role, area, is_active from staff where district_id = $1 and survey_no = $2 order by user_name";
    /// $1 district, $2 survey, $3 codes of the areas to come, $4 the root among them. People whose area goes belong to the nearest
    /// area above it that stays: what they left behind has to be somebody's.
    REHOME = "-- rehome_staff
        with recursive up as (
            select s.user_name, s.area as code, 0 as steps from staff s
            where s.district_id = $1 and s.survey_no = $2 and s.area <> all($3)
            union all
            select u.user_name, a.parent, u.steps + 1 from up u
            join area a on a.district_id = $1 and a.survey_no = $2 and a.code = u.code
            where a.parent is not null and u.code <> all($3)),
        homes as (select distinct on (user_name) user_name, code from up where code = any($3) order by user_name, steps)
        update staff s set area = coalesce((select h.code from homes h where h.user_name = s.user_name), $4)
        where s.district_id = $1 and s.survey_no = $2 and s.area <> all($3)";
    /// $1 district, $2 survey, $3 users as stored, $4 compared forms, $5 names, $6 roles, $7 areas, $8 shifts as JSON text, $9 now.
    /// Only what differs is written: a row is locked while its person gets doors or a phone.
    PUT_STAFF = "-- put_staff
        insert into staff as s (district_id, survey_no, user_name, user_key, name, role, area, shifts, is_active)
        select $1, $2, u.user_name,
               case when exists (select 1 from staff o where o.user_name <> u.user_name and lower(o.user_name) = lower(u.user_name))
                 then null else u.user_key end,
               u.name, u.role, u.area, u.shifts::jsonb, true
        from unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[])
          as u (user_name, user_key, name, role, area, shifts)
        on conflict on constraint staff_pk do update set user_key = excluded.user_key, name = excluded.name, role = excluded.role,
            area = excluded.area, shifts = excluded.shifts, is_active = true,
            since = case when s.is_active then s.since else $9 end
          where (s.user_key, s.name, s.role, s.area, s.shifts, s.is_active)
            is distinct from (excluded.user_key, excluded.name, excluded.role, excluded.area, excluded.shifts, true)
        returning user_name";
    /// $1 district, $2 survey, $3 users.
    RETIRE_STAFF = "-- retire_staff
        update staff set is_active = false where district_id = $1 and survey_no = $2 and user_name <> all($3) and is_active
        returning user_name";
    /// $1 district, $2 survey, $3 name, $4 compared form. The person cannot leave before this transaction ends.
    HOLD = "-- hold_staff
        select user_name, name, role, area, shifts from staff
        where district_id = $1 and survey_no = $2 and (user_name = $3 or user_key = $4) and is_active
        order by user_name = $3 desc limit 1 for share";
    /// $1 user. In any survey.
    HOLD_ANYWHERE = "-- hold_staff_anywhere
        select district_id, survey_no from staff where user_name = $1 and is_active order by survey_no for share";
    /// $1 district, $2 survey, $3 users, $4 limit. Doors these people hold or held, and those whose lease names them.
    DOORS_OF = "-- doors_of_people
        select id from survey_case where district_id = $1 and survey_no = $2 and holder = any($3)
        union
        select case_id from assignment where district_id = $1 and survey_no = $2 and enumerator = any($3) and ended_at is null
        order by 1 limit $4";
    /// $1 district, $2 survey, $3 cases (locked), $4 users, $5 now, $6 reason.
    END_LEASES = "-- end_leases_of_people
        update assignment set ended_at = $5, end_reason = $6
        where district_id = $1 and survey_no = $2 and case_id = any($3) and enumerator = any($4) and ended_at is null
        returning id, case_id, enumerator";
    /// $1 district, $2 survey. Doors lent to people in whose area they lie.
    LENT_AT_HOME = "-- lent_at_home
        select g.case_id from assignment g
        join survey_case c on c.district_id = g.district_id and c.survey_no = g.survey_no and c.id = g.case_id
        join staff s on s.district_id = g.district_id and s.survey_no = g.survey_no and s.user_name = g.enumerator
        join area a on a.district_id = s.district_id and a.survey_no = s.survey_no and a.code = s.area
        where g.district_id = $1 and g.survey_no = $2 and g.ended_at is null and c.area_no between a.lo and a.hi";
    /// $1 district, $2 survey, $3 cases. Those of them lent to people in whose area they do not lie: (case, enumerator).
    LENT_ABROAD = "-- lent_abroad
        select g.case_id, g.enumerator from assignment g
        join survey_case c on c.district_id = g.district_id and c.survey_no = g.survey_no and c.id = g.case_id
        join staff s on s.district_id = g.district_id and s.survey_no = g.survey_no and s.user_name = g.enumerator
        join area a on a.district_id = s.district_id and a.survey_no = s.survey_no and a.code = s.area
        where g.district_id = $1 and g.survey_no = $2 and g.case_id = any($3) and g.ended_at is null
          and not c.area_no between a.lo and a.hi order by g.case_id";
    /// $1 district, $2 survey, $3 people who are no enumerators, $4 people who are no supervisors, $5 now.
    CUT_TOKENS = "-- end_tokens_of_people
        update access_token set revoked_at = $5
        where district_id = $1 and survey_no = $2 and revoked_at is null
          and (kind in ('device', 'odk') and user_name = any($3) or kind in ('staff', 'session') and user_name = any($4))
        returning user_name";
    /// $1 district, $2 survey, $3 users, $4 now. Records that the devices still had, as they last said.
    CUT_DEVICES = "-- cut_devices_of_people
        with cut as (
            update device set revoked_at = $4, revoked_by = 'set-up', revoke_note = 'its enumerator is no longer listed'
            where district_id = $1 and survey_no = $2 and user_name = any($3) and revoked_at is null returning id, user_name)
        select c.user_name, coalesce(k.waiting, 0) as waiting from cut c
        left join device_contact k on k.district_id = $1 and k.survey_no = $2 and k.device_id = c.id";
    /// $1 district, $2 survey, $3 users.
    DROP_CODES = "-- drop_codes_of_people
        delete from enrol_code where district_id = $1 and survey_no = $2 and user_name = any($3)";
    /// $1 district, $2 survey, $3 users, $4 date, $5 now. Published sheets of that day and later.
    END_SHEETS = "-- end_sheets_of_people
        update plan_sheet set superseded_at = $5
        where district_id = $1 and survey_no = $2 and user_name = any($3) and on_date >= $4 and superseded_at is null
        returning id, user_name, on_date";
    /// $1 district, $2 survey, $3 plans, $4 date. Sheets of these plans that were withdrawn and that no later one replaces.
    WITHDRAWN = "-- withdrawn_sheets
        select document from plan_sheet p
        where district_id = $1 and survey_no = $2 and plan_id = any($3) and on_date = $4 and superseded_at is not null
          and not exists (select 1 from plan_sheet n where n.district_id = $1 and n.survey_no = $2 and n.user_name = p.user_name
                and n.on_date = $4 and n.superseded_at is null)
        order by user_name, made_at";
    /// $1 district, $2 survey, $3 users, $4 date.
    DROP_SHIFTS = "-- drop_shifts_of_people
        delete from shift_override where district_id = $1 and survey_no = $2 and user_name = any($3) and on_date >= $4";
    /// Passwords of people who are on no list any more.
    VOID_PASSWORDS = "-- void_passwords
        delete from account a where not exists (select 1 from staff s where s.user_name = a.user_name and s.is_active)
        returning user_name";
    /// $1 district, $2 survey, $3 user. Devices of the person who has the name now, not of somebody who had it before.
    OWN_DEVICES = "-- own_devices
        select d.id from device d
        join staff s on s.district_id = d.district_id and s.survey_no = d.survey_no and s.user_name = d.user_name
        where d.district_id = $1 and d.survey_no = $2 and d.user_name = $3 and (s.since is null or d.enrolled_at >= s.since)";
}

/// A person as the list has it.
#[derive(Clone, Debug)]
pub struct Person {
    /// Login name as stored.
    pub user: String,
    /// Name.
    pub name: String,
    /// Role.
    pub role: Role,
    /// Area code.
    pub area: String,
    /// On the list.
    pub is_active: bool,
}

/// How each of these names is stored: in this survey if it is there, else in any, else as it is written.
pub async fn spellings(tx: &Tx, key: SurveyKey, written: &[&str]) -> Result<Vec<String>, Error> {
    let names: Vec<UserName> = written.iter().map(|w| UserName::of(w)).collect();
    let all: Vec<&str> = names.iter().map(UserName::written).collect();
    let keys: Vec<&str> = names.iter().map(UserName::key).collect();
    let rows = tx.query(&SPELLINGS, &[&all, &keys]).await?;
    let is_here = |r: &tokio_postgres::Row| {
        r.get::<_, i32>("district_id") == key.district && r.get::<_, i32>("survey_no") == key.no
    };
    let mut found: HashMap<&str, (u8, String)> = HashMap::new();
    for name in &names {
        for r in &rows {
            let stored: String = r.get("user_name");
            let is_same = r.get::<_, Option<&str>>("user_key") == Some(name.key());
            let rank = match (is_here(r), stored == name.written()) {
                (true, true) => 4,
                (true, false) if is_same => 3,
                (false, true) => 2,
                (false, false) if is_same => 1,
                (true | false, false) => continue,
            };
            let best = found.entry(name.written()).or_insert((0, String::new()));
            if rank > best.0 {
                *best = (rank, stored);
            }
        }
    }
    Ok(names
        .iter()
        .map(|n| found.get(n.written()).map_or_else(|| n.written().to_owned(), |f| f.1.clone()))
        .collect())
}

/// Everybody who is or was on the list.
pub async fn everybody(tx: &Tx, key: SurveyKey) -> Result<Vec<Person>, Error> {
    let rows = tx.query(&EVERYBODY, &[&key.district, &key.no]).await?;
    rows.iter()
        .map(|r| {
            Ok(Person {
                user: r.get("user_name"),
                name: r.get("name"),
                role: r.read("staff", "role")?,
                area: r.get("area"),
                is_active: r.get("is_active"),
            })
        })
        .collect()
}

/// Before areas go: whoever stands in one of them stands in the nearest above it that stays.
pub async fn rehome(tx: &Tx, key: SurveyKey, areas: &[setup::AreaRow]) -> Result<(), Error> {
    let codes: Vec<&str> = areas.iter().map(|a| &*a.code).collect();
    let Some(root) = areas.iter().min_by_key(|a| a.lo) else { return Ok(()) };
    tx.execute(&REHOME, &[&key.district, &key.no, &codes, &&*root.code]).await?;
    Ok(())
}

/// Writes the list, each person under the `users` that [`spellings`] gave; who is not on it becomes inactive. Returns whose rows
/// changed.
pub async fn put(
    tx: &Tx,
    key: SurveyKey,
    staff: &[setup::StaffRow],
    users: &[String],
    now: Timestamp,
) -> Result<Vec<String>, Error> {
    let keys: Vec<String> = users.iter().map(|u| UserName::of(u).key().to_owned()).collect();
    let names: Vec<&str> = staff.iter().map(|s| s.name.as_str()).collect();
    let roles: Vec<Role> = staff.iter().map(|s| s.role).collect();
    let areas: Vec<&str> = staff.iter().map(|s| &*s.area).collect();
    let shifts: Vec<String> = staff
        .iter()
        .map(|s| serde_json::to_string(&s.shifts).map_err(|_| Error::Corrupt("shifts")))
        .collect::<Result<_, _>>()?;
    let mut changed = tx.query(&RETIRE_STAFF, &[&key.district, &key.no, &users]).await?;
    let params: [super::tx::Param<'_>; 9] =
        [&key.district, &key.no, &users, &keys, &names, &roles, &areas, &shifts, &now];
    changed.extend(tx.query(&PUT_STAFF, &params).await?);
    Ok(changed.iter().map(|r| r.get("user_name")).collect())
}

/// A person on the list, held there until the transaction ends.
pub async fn hold(tx: &Tx, key: SurveyKey, user: &str) -> Result<Option<StaffRow>, Error> {
    let name = UserName::of(user);
    let row = tx.query_opt(&HOLD, &[&key.district, &key.no, &name.written(), &name.key()]).await?;
    row.as_ref().map(staff_row).transpose()
}

/// The surveys on whose lists a person is, held there until the transaction ends; `user` as stored.
pub async fn hold_anywhere(tx: &Tx, user: &str) -> Result<Vec<SurveyKey>, Error> {
    let rows = tx.query(&HOLD_ANYWHERE, &[&user]).await?;
    Ok(rows.iter().map(|r| SurveyKey { district: r.get(0), no: r.get(1) }).collect())
}

/// How a name is stored in this installation.
pub async fn spelled(tx: &Tx, user: &str) -> Result<String, Error> {
    let name = UserName::of(user);
    Ok(tx.query_one(&SPELLED, &[&name.written(), &name.key()]).await?.get(0))
}

/// Doors that these people hold, held or are lent, by id, at most `limit`.
pub async fn doors_of(tx: &Tx, key: SurveyKey, users: &[String], limit: i64) -> Result<Vec<CaseId>, Error> {
    let rows = tx.query(&DOORS_OF, &[&key.district, &key.no, &users, &limit]).await?;
    Ok(rows.iter().map(|r| r.get(0)).collect())
}

/// Ends the leases that these people have of these locked cases; returns (assignment, case, enumerator).
pub async fn end_leases(
    tx: &Tx,
    key: SurveyKey,
    cases: &[CaseId],
    users: &[String],
    now: Timestamp,
    reason: &str,
) -> Result<Vec<(Uuid, CaseId, String)>, Error> {
    let rows = tx.query(&END_LEASES, &[&key.district, &key.no, &cases, &users, &now, &reason]).await?;
    Ok(rows.iter().map(|r| (r.get(0), r.get(1), r.get(2))).collect())
}

/// Doors lent to people in whose area they lie.
pub async fn lent_at_home(tx: &Tx, key: SurveyKey) -> Result<Vec<CaseId>, Error> {
    let rows = tx.query(&LENT_AT_HOME, &[&key.district, &key.no]).await?;
    Ok(rows.iter().map(|r| r.get(0)).collect())
}

/// Those of these doors that are lent to people in whose area they do not lie: (case, enumerator), by case.
pub async fn lent_abroad(tx: &Tx, key: SurveyKey, cases: &[CaseId]) -> Result<Vec<(CaseId, String)>, Error> {
    if cases.is_empty() {
        return Ok(Vec::new());
    }
    let rows = tx.query(&LENT_ABROAD, &[&key.district, &key.no, &cases]).await?;
    Ok(rows.iter().map(|r| (r.get(0), r.get(1))).collect())
}

/// What ended with people who left, by person.
#[derive(Clone, Debug, Default)]
pub struct Ended {
    /// Tokens and sessions: one entry each.
    pub tokens: Vec<String>,
    /// Devices: whose, and how many records it still had.
    pub devices: Vec<(String, i64)>,
    /// Passwords.
    pub passwords: Vec<String>,
}

/// Ends what lets people in who may not come in any more: `idle` are no enumerators, `outside` no supervisors.
pub async fn cut_off(
    tx: &Tx,
    key: SurveyKey,
    idle: &[String],
    outside: &[String],
    now: Timestamp,
) -> Result<Ended, Error> {
    let (district, no) = (&key.district, &key.no);
    let tokens = tx.query(&CUT_TOKENS, &[district, no, &idle, &outside, &now]).await?;
    let devices = tx.query(&CUT_DEVICES, &[district, no, &idle, &now]).await?;
    tx.execute(&DROP_CODES, &[district, no, &idle]).await?;
    let passwords = tx.query(&VOID_PASSWORDS, &[]).await?;
    Ok(Ended {
        tokens: tokens.iter().map(|r| r.get(0)).collect(),
        devices: devices.iter().map(|r| (r.get(0), i64::from(r.get::<_, i32>(1)))).collect(),
        passwords: passwords.iter().map(|r| r.get(0)).collect(),
    })
}

/// Withdraws the published sheets of these people from a day on: (sheet, person, day).
pub async fn end_sheets(
    tx: &Tx,
    key: SurveyKey,
    users: &[String],
    from: Date,
    now: Timestamp,
) -> Result<Vec<(Uuid, String, Date)>, Error> {
    let rows = tx.query(&END_SHEETS, &[&key.district, &key.no, &users, &from, &now]).await?;
    Ok(rows.iter().map(|r| (r.get(0), r.get(1), r.get(2))).collect())
}

/// Forgets the hours on duty of these people from a day on.
pub async fn drop_shifts(tx: &Tx, key: SurveyKey, users: &[String], from: Date) -> Result<(), Error> {
    tx.execute(&DROP_SHIFTS, &[&key.district, &key.no, &users, &from]).await?;
    Ok(())
}

impl Store {
    /// How a login name is stored: names are compared whatever the case of their letters.
    pub async fn spelled(&self, user: &str) -> Result<String, Error> {
        let user = user.to_owned();
        self.reading("spelled", move |tx| {
            let user = user.clone();
            Box::pin(async move { spelled(tx, &user).await })
        })
        .await
    }

    /// The sheets of these plans whose people left, so that nobody has them.
    pub async fn withdrawn_sheets(
        &self,
        key: SurveyKey,
        plans: &[Uuid],
        on: Date,
    ) -> Result<Vec<Value>, Error> {
        let rows = self.rows(&WITHDRAWN, &[&key.district, &key.no, &plans, &on]).await?;
        Ok(rows.iter().map(|r| r.get("document")).collect())
    }

    /// Devices of the person who has a login name now.
    pub async fn own_devices(&self, key: SurveyKey, user: &str) -> Result<HashSet<Uuid>, Error> {
        let rows = self.rows(&OWN_DEVICES, &[&key.district, &key.no, &user]).await?;
        Ok(rows.iter().map(|r| r.get(0)).collect())
    }
}
