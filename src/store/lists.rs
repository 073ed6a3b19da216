//! Lists of doors for devices that keep copies of them: rows with the version by which a copy knows that they changed.

use jiff::Timestamp;
use uuid::Uuid;

use super::case::{CaseRow, case_columns};
use super::submission::Stood;
use super::tx::{Error, Tx, statements};
use super::{Store, SurveyKey};
use crate::domain::{AreaRange, CaseId, State};

/// Whether a case stands in somebody's list: $3 lo, $4 hi, $5 user, $6 states listed always, $7 states listed for a while,
/// $8 since when.
macro_rules! is_listed {
    ($case:literal) => {
        concat!(
            "(",
            $case,
            ".holder = $5 or ",
            $case,
            ".holder is null and ",
            $case,
            ".area_no between $3 and $4) and (",
            $case,
            ".state = any($6::smallint[]) or ",
            $case,
            ".state = any($7::smallint[]) and ",
            $case,
            ".last_at >= $8)"
        )
    };
}

/// The id under which a case stands in lists, where a device that keeps a list gave it one: that of the first door it reported.
macro_rules! own_id {
    ($case:literal) => {
        concat!(
            "(select r.id from dwelling_record r join batch b on b.district_id = r.district_id and b.survey_no = r.survey_no and \
             b.id = r.batch_id and b.via = 'openrosa' where r.district_id = ",
            $case, ".district_id and r.survey_no = ", $case, ".survey_no and r.case_id = ", $case,
            ".id and r.status = 0 order by r.received_at, r.id limit 1)"
        )
    };
}

statements! {
    /// $1 district, $2 survey, $3 lo, $4 hi, $5 user, $6 states listed always, $7 states listed for a while, $8 since when. Changes with
    /// every row of the list, and with the versions of all.
    MARK = concat!("-- list_mark
        select count(*) as n, coalesce(bit_xor(hashtextextended(c.id::text, c.list_version)), 0) as mark,
               (select list_epoch from survey where district_id = $1 and survey_no = $2) as epoch
        from survey_case c where c.district_id = $1 and c.survey_no = $2 and ", is_listed!("c"));
    /// The same parameters, $9 most, $10 whether only doors lent to the person. By area, building, unit, floor from above, room.
    ROWS = concat!("-- list_rows
        select ", case_columns!(), ", c.list_version, s.list_epoch, a.name as area_name, a.name_zh as area_name_zh,
               ", own_id!("c"), " as own_id,
               (select count(*) from visit v where v.district_id = c.district_id and v.survey_no = c.survey_no and v.case_id = c.id
                    and v.status = 1)
               + (select count(*) from interview i where i.district_id = c.district_id and i.survey_no = c.survey_no and i.case_id = c.id
                    and i.status = 1)
               + (select count(*) from submission w where w.district_id = c.district_id and w.survey_no = c.survey_no
                    and w.case_id = c.id and w.status = 1) as held
        from survey_case c
        join survey s on s.district_id = c.district_id and s.survey_no = c.survey_no
        join dwelling d on d.district_id = c.district_id and d.survey_no = c.survey_no and d.id = c.dwelling_id
        join area a on a.district_id = c.district_id and a.survey_no = c.survey_no and a.code = c.area
        where c.district_id = $1 and c.survey_no = $2 and ", is_listed!("c"), " and (not $10 or c.holder = $5)
        order by c.area_no, d.building, d.unit, d.floor desc nulls last, d.room, c.household limit $9");
    /// $1 district, $2 survey, $3 ids as lists have them or as they were reported. The cases they stand for.
    OF_IDS = concat!("-- cases_of_list_ids
        select u.id, c.id as case_id, ", own_id!("c"), " as own_id
        from unnest($3::uuid[], $4::uuid[]) as u (id, turned)
        join survey_case c on c.district_id = $1 and c.survey_no = $2 and (c.id = u.id or c.id = u.turned or c.id = (
            select r.case_id from dwelling_record r where r.district_id = $1 and r.survey_no = $2 and r.id = u.id and r.case_id is not null
            limit 1))");
    /// $1 district, $2 survey, $3 user, $4 since. What a person filled in lately.
    FILLED = "-- filled_in_lately
        select s.id, s.device_id, s.enumerator, s.status, s.held_reason, s.held_detail, s.is_whole, s.parts, s.form_id, s.at, s.case_id
        from submission s
        where s.district_id = $1 and s.survey_no = $2 and s.enumerator = $3 and s.received_at >= $4
        order by s.received_at desc, s.id limit 2000";
    /// $1 district, $2 survey, $3 device, $4 the id it calls itself by.
    HEARD = "-- note_client_id
        update device set client_ids = client_ids + case when client_id is distinct from $4 then 1 else 0 end, client_id = $4
        where district_id = $1 and survey_no = $2 and id = $3 and client_id is distinct from $4";
    /// $1 district, $2 survey, $3 by how much.
    RAISE = "-- raise_list_epoch
        update survey set list_epoch = list_epoch + $3 where district_id = $1 and survey_no = $2";
}

/// Whose list, and what stands in it.
#[derive(Clone, Debug)]
pub struct Listed {
    /// Range of the person's area.
    pub range: AreaRange,
    /// The person.
    pub user: String,
    /// Doors that are done stay for a while: since then.
    pub since: Timestamp,
}

/// A door of a list.
#[derive(Clone, Debug)]
pub struct ListRow {
    /// Its case.
    pub case: CaseRow,
    /// The version of the row.
    pub version: i64,
    /// The area's name in English and in Chinese.
    pub area: (String, String),
    /// The id a device gave it.
    pub own_id: Option<Uuid>,
    /// Records that wait for a supervisor.
    pub held: i64,
}

/// A filled-in form of a person.
#[derive(Clone, Debug)]
pub struct FilledLately {
    /// How it stands.
    pub stood: Stood,
    /// Its form.
    pub form: String,
    /// When it was filled in.
    pub at: Timestamp,
    /// Its case.
    pub case_id: Option<CaseId>,
}

/// States in which a door is listed as long as it lasts, and those in which it is for a while.
fn states() -> (Vec<State>, Vec<State>) {
    let (open, done): (Vec<State>, Vec<State>) = State::ALL.iter().partition(|state| state.is_open());
    (open, done.into_iter().filter(|state| state.is_active()).collect())
}

impl Store {
    /// What changes with every row of a list.
    pub async fn list_mark(&self, key: SurveyKey, l: &Listed) -> Result<(i64, i64, i32), Error> {
        let (open, done) = states();
        let row = self
            .one(&MARK, &[&key.district, &key.no, &l.range.lo, &l.range.hi, &l.user, &open, &done, &l.since])
            .await?;
        Ok((row.get("n"), row.get("mark"), row.get("epoch")))
    }

    /// The doors of a list, at most `most`; `is_lent`: only those lent to the person.
    pub async fn list_of_doors(
        &self,
        key: SurveyKey,
        l: &Listed,
        most: i64,
        is_lent: bool,
    ) -> Result<Vec<ListRow>, Error> {
        let (open, done) = states();
        let rows = self
            .rows(
                &ROWS,
                &[
                    &key.district,
                    &key.no,
                    &l.range.lo,
                    &l.range.hi,
                    &l.user,
                    &open,
                    &done,
                    &l.since,
                    &most,
                    &is_lent,
                ],
            )
            .await?;
        rows.iter()
            .map(|r| {
                Ok(ListRow {
                    case: CaseRow::of(r)?,
                    version: i64::from(r.get::<_, i32>("list_version"))
                        + i64::from(r.get::<_, i32>("list_epoch")),
                    area: (r.get("area_name"), r.get("area_name_zh")),
                    own_id: r.get("own_id"),
                    held: r.get("held"),
                })
            })
            .collect()
    }

    /// The cases that ids of lists stand for, each with the id a device gave the case; `turned` are the case ids they would be.
    pub async fn cases_of_list_ids(
        &self,
        key: SurveyKey,
        ids: &[Uuid],
        turned: &[Uuid],
    ) -> Result<Vec<(Uuid, CaseId, Option<Uuid>)>, Error> {
        let rows = self.rows(&OF_IDS, &[&key.district, &key.no, &ids, &turned]).await?;
        Ok(rows.iter().map(|r| (r.get("id"), r.get("case_id"), r.get("own_id"))).collect())
    }

    /// What a person filled in since a moment, the latest first.
    pub async fn filled_since(
        &self,
        key: SurveyKey,
        user: &str,
        since: Timestamp,
    ) -> Result<Vec<FilledLately>, Error> {
        let rows = self.rows(&FILLED, &[&key.district, &key.no, &user, &since]).await?;
        rows.iter()
            .map(|r| {
                Ok(FilledLately {
                    stood: super::submission::stood(r, 0)?,
                    form: r.get("form_id"),
                    at: r.get("at"),
                    case_id: r.get("case_id"),
                })
            })
            .collect()
    }

    /// Notes by which id a device calls itself.
    pub async fn note_client_id(&self, key: SurveyKey, device: Uuid, client: &str) -> Result<(), Error> {
        self.run(&HEARD, &[&key.district, &key.no, &device, &client]).await?;
        Ok(())
    }
}

/// Makes every row of every list of a survey newer than any copy of it: the copies may be newer than what is stored, or something
/// changed that every row says.
pub async fn raise_epoch(tx: &Tx, key: SurveyKey) -> Result<(), Error> {
    tx.execute(&RAISE, &[&key.district, &key.no, &1_000_000_i32]).await?;
    Ok(())
}
