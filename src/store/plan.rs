//! Plans: hours that differ from the staff file, published sheets, residents' wishes.

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::Value;
use uuid::Uuid;

use super::feed::{self, AssignmentRow, ChangeKind, Mark};
use super::tx::{Error, Outcome, Tx, new_tag, statements};
use super::{Store, SurveyKey, Witness};
use crate::domain::{AreaRange, CaseId};

statements! {
    /// $1 district, $2 survey, $3 from, $4 to.
    OVERRIDES = "-- shift_overrides
        select user_name, on_date, spans from shift_override
        where district_id = $1 and survey_no = $2 and on_date between $3 and $4 order by on_date, user_name";
    /// $1 district, $2 survey, $3 users, $4 dates, $5 spans as JSON text, $6 by, $7 now.
    PUT_OVERRIDES = "-- put_shift_overrides
        insert into shift_override (district_id, survey_no, user_name, on_date, spans, set_by, set_at)
        select $1, $2, u.user_name, u.on_date, u.spans::jsonb, $6, $7 from unnest($3::text[], $4::date[], $5::text[]) as u (user_name, on_date, spans)
        on conflict on constraint shift_override_pk do update set spans = excluded.spans, set_by = excluded.set_by, set_at = excluded.set_at";
    /// $1 district, $2 survey, $3 case ids. Assignments that stand.
    STANDING = "-- standing_assignments
        select id, case_id, enumerator, until, assigned_by, assigned_at, ended_at, end_reason from assignment
        where district_id = $1 and survey_no = $2 and case_id = any($3) and ended_at is null";
    /// $1 district, $2 survey, $3 users, $4 date, $5 now. Those of the same day, and those long past.
    SUPERSEDE = "-- supersede_sheets
        update plan_sheet set superseded_at = $5
        where district_id = $1 and survey_no = $2 and user_name = any($3) and (on_date = $4 or on_date < $4 - 1)
          and superseded_at is null
        returning id, user_name";
    /// $1 district, $2 survey, $3 ids, $4 plan, $5 users, $6 date, $7 area, $8 now, $9 by, $10 rule version, $11 model version, $12 documents.
    PUT_SHEETS = "-- put_sheets
        insert into plan_sheet (district_id, survey_no, id, plan_id, user_name, on_date, area, made_at, made_by, rule_version,
            model_version, document)
        select $1, $2, u.id, $4, u.user_name, $6, $7, $8, $9, $10, $11, u.document::jsonb
        from unnest($3::uuid[], $5::text[], $12::text[]) as u (id, user_name, document)";
    /// $1 district, $2 survey, $3 users or null, $4 date. Sheets in force.
    SHEETS = "-- sheets_in_force
        select id, plan_id, user_name, on_date, area, made_at, made_by, rule_version, model_version, document from plan_sheet
        where district_id = $1 and survey_no = $2 and ($3::text[] is null or user_name = any($3)) and on_date = $4
          and superseded_at is null order by user_name";
    /// $1 district, $2 survey, $3 lo, $4 hi, $5 most. Counts no further than that.
    COUNT_CASES = "-- count_cases
        select count(*) as n from (select 1 from survey_case
            where district_id = $1 and survey_no = $2 and area_no between $3 and $4 limit $5) t";
    /// $1 district, $2 survey, $3 user, $4 after id, $5 limit. A person's sheets in force.
    OWN_SHEETS = "-- own_sheets
        select id, plan_id, user_name, on_date, area, made_at, made_by, rule_version, model_version, document from plan_sheet
        where district_id = $1 and survey_no = $2 and user_name = $3 and superseded_at is null and id > $4 order by id limit $5";
    /// $1 district, $2 survey, $3 ids. Sheets in force among these.
    SHEETS_BY_ID = "-- sheets_by_id
        select id, plan_id, user_name, on_date, area, made_at, made_by, rule_version, model_version, document from plan_sheet
        where district_id = $1 and survey_no = $2 and id = any($3) and superseded_at is null";
    /// $1 hash.
    FIND_SLIP = "-- find_slip
        select district_id, survey_no, case_id from slip where code_hash = $1 and case_id is not null and killed_at is null";
    /// $1 hashes, $2 district, $3 survey, $4 cases, $5 by, $6 now.
    PUT_SLIPS = "-- put_slips
        insert into slip (code_hash, district_id, survey_no, case_id, made_by, made_at)
        select u.hash, $2, $3, u.case_id, $5, $6 from unnest($1::bytea[], $4::uuid[]) as u (hash, case_id)
        on conflict on constraint slip_pk do nothing";
    /// $1 district, $2 survey, $3 ids, $4 case, $5 froms, $6 tos, $7 note, $8 now.
    PUT_WISHES = "-- put_wishes
        insert into slip_wish (district_id, survey_no, id, case_id, wish_from, wish_to, note, made_at)
        select $1, $2, u.id, $4, u.wish_from, u.wish_to, $7, $8
        from unnest($3::uuid[], $5::timestamptz[], $6::timestamptz[]) as u (id, wish_from, wish_to)";
    /// $1 district, $2 survey, $3 case. How many wishes a door has had since $4.
    COUNT_WISHES = "-- count_wishes
        select count(*) as n from slip_wish where district_id = $1 and survey_no = $2 and case_id = $3 and made_at > $4";
    /// $1 district, $2 survey, $3 case.
    AREA_OF_CASE = "-- area_of_case
        select area_no from survey_case where district_id = $1 and survey_no = $2 and id = $3";
    /// $1 district, $2 survey, $3 cases, $4 now. Wishes whose window has not passed.
    WISHES = "-- wishes_of_cases
        select id, case_id, wish_from, wish_to, note, made_at from slip_wish
        where district_id = $1 and survey_no = $2 and case_id = any($3) and wish_to > $4 order by wish_from";
}

/// Hours of one person on one day.
#[derive(Clone, Debug)]
pub struct Override {
    /// The enumerator.
    pub user: String,
    /// Local date.
    pub on: Date,
    /// List of {from, to} in minutes; empty for an absence.
    pub spans: Value,
}

/// A published sheet.
#[derive(Clone, Debug)]
pub struct SheetRow {
    /// Its id.
    pub id: Uuid,
    /// Its plan.
    pub plan_id: Uuid,
    /// The enumerator.
    pub user: String,
    /// The day.
    pub on: Date,
    /// The area planned.
    pub area: String,
    /// When it was made.
    pub made_at: Timestamp,
    /// By whom.
    pub made_by: String,
    /// Policy version.
    pub rule_version: i32,
    /// Model version.
    pub model_version: String,
    /// Stops.
    pub document: Value,
}

/// A resident's wish.
#[derive(Clone, Debug)]
pub struct Wish {
    /// Its id.
    pub id: Uuid,
    /// The case.
    pub case_id: CaseId,
    /// Start.
    pub from: Timestamp,
    /// End.
    pub to: Timestamp,
    /// Words.
    pub note: Option<String>,
    /// When it was made.
    pub made_at: Timestamp,
}

/// Publishes the sheets of one plan; earlier sheets of the same people and day are superseded and returned.
pub async fn publish(
    tx: &Tx,
    key: SurveyKey,
    now: Timestamp,
    sheets: &[SheetRow],
) -> Result<Vec<(Uuid, String)>, Error> {
    let Some(first) = sheets.first() else {
        return Ok(Vec::new());
    };
    let users: Vec<&str> = sheets.iter().map(|s| s.user.as_str()).collect();
    let gone = tx.query(&SUPERSEDE, &[&key.district, &key.no, &users, &first.on, &now]).await?;
    let ids: Vec<Uuid> = sheets.iter().map(|s| s.id).collect();
    let documents: Vec<String> = sheets.iter().map(|s| s.document.to_string()).collect();
    tx.execute(
        &PUT_SHEETS,
        &[
            &key.district,
            &key.no,
            &ids,
            &first.plan_id,
            &users,
            &first.on,
            &first.area,
            &now,
            &first.made_by,
            &first.rule_version,
            &first.model_version,
            &documents,
        ],
    )
    .await?;
    Ok(gone.iter().map(|r| (r.get(0), r.get(1))).collect())
}

/// A person's sheets in force after an id.
pub async fn own_sheets(
    tx: &Tx,
    key: SurveyKey,
    user: &str,
    after: Uuid,
    limit: i64,
) -> Result<Vec<SheetRow>, Error> {
    let rows = tx.query(&OWN_SHEETS, &[&key.district, &key.no, &user, &after, &limit]).await?;
    Ok(rows.iter().map(sheet_row).collect())
}

/// Those of these sheets that are in force.
pub async fn sheets_by_id(tx: &Tx, key: SurveyKey, ids: &[Uuid]) -> Result<Vec<SheetRow>, Error> {
    let rows = tx.query(&SHEETS_BY_ID, &[&key.district, &key.no, &ids]).await?;
    Ok(rows.iter().map(sheet_row).collect())
}

impl Store {
    /// Hours that differ from the staff file, by day and person.
    pub async fn overrides(&self, key: SurveyKey, from: Date, to: Date) -> Result<Vec<Override>, Error> {
        let rows = self.rows(&OVERRIDES, &[&key.district, &key.no, &from, &to]).await?;
        Ok(rows
            .iter()
            .map(|r| Override { user: r.get("user_name"), on: r.get("on_date"), spans: r.get("spans") })
            .collect())
    }

    /// Sets hours of people on days.
    pub async fn set_overrides(
        &self,
        key: SurveyKey,
        all: &[Override],
        by: &str,
        now: Timestamp,
    ) -> Result<(), Error> {
        let users: Vec<&str> = all.iter().map(|o| o.user.as_str()).collect();
        let dates: Vec<Date> = all.iter().map(|o| o.on).collect();
        let spans: Vec<String> = all.iter().map(|o| o.spans.to_string()).collect();
        self.run(&PUT_OVERRIDES, &[&key.district, &key.no, &users, &dates, &spans, &by, &now]).await?;
        Ok(())
    }

    /// Assignments of these cases that stand.
    pub async fn standing_assignments(
        &self,
        key: SurveyKey,
        cases: &[CaseId],
    ) -> Result<Vec<AssignmentRow>, Error> {
        let rows = self.rows(&STANDING, &[&key.district, &key.no, &cases]).await?;
        Ok(rows.iter().map(super::feed::assignment_row).collect())
    }

    /// Sheets in force on a day; of these people, or of all.
    pub async fn sheets(
        &self,
        key: SurveyKey,
        users: Option<&[String]>,
        on: Date,
    ) -> Result<Vec<SheetRow>, Error> {
        let rows = self.rows(&SHEETS, &[&key.district, &key.no, &users, &on]).await?;
        Ok(rows.iter().map(sheet_row).collect())
    }

    /// How many cases a range of areas holds, counted up to `most`.
    pub async fn count_cases(&self, key: SurveyKey, range: AreaRange, most: i64) -> Result<i64, Error> {
        let row = self.one(&COUNT_CASES, &[&key.district, &key.no, &range.lo, &range.hi, &most]).await?;
        Ok(row.get("n"))
    }

    /// The case a slip's code stands for.
    pub async fn slip(&self, hash: &[u8]) -> Result<Option<(SurveyKey, CaseId)>, Error> {
        let row = self.row(&FIND_SLIP, &[&hash]).await?;
        Ok(row.map(|r| {
            (SurveyKey { district: r.get("district_id"), no: r.get("survey_no") }, r.get("case_id"))
        }))
    }

    /// Stores codes of cards.
    pub async fn add_slips(
        &self,
        key: SurveyKey,
        slips: &[(Vec<u8>, CaseId)],
        by: &str,
        now: Timestamp,
    ) -> Result<(), Error> {
        let hashes: Vec<&[u8]> = slips.iter().map(|s| s.0.as_slice()).collect();
        let cases: Vec<CaseId> = slips.iter().map(|s| s.1).collect();
        self.run(&PUT_SLIPS, &[&hashes, &key.district, &key.no, &cases, &by, &now]).await?;
        Ok(())
    }

    /// Stores a resident's wishes unless the door has had `most` since `since`; `false` then.
    pub async fn add_wishes(
        &self,
        key: SurveyKey,
        wishes: Vec<Wish>,
        since: Timestamp,
        most: i64,
    ) -> Result<bool, Error> {
        self.retrying("add_wishes", move |tx| {
            let wishes = wishes.clone();
            Box::pin(async move {
                let Some(first) = wishes.first() else {
                    return Ok(Outcome::Rollback(true));
                };
                let n: i64 = tx
                    .query_one(&COUNT_WISHES, &[&key.district, &key.no, &first.case_id, &since])
                    .await?
                    .get("n");
                if n >= most {
                    return Ok(Outcome::Rollback(false));
                }
                let ids: Vec<Uuid> = wishes.iter().map(|w| w.id).collect();
                let froms: Vec<Timestamp> = wishes.iter().map(|w| w.from).collect();
                let tos: Vec<Timestamp> = wishes.iter().map(|w| w.to).collect();
                let (case, note, made_at) = (first.case_id, first.note.clone(), first.made_at);
                tx.execute(
                    &PUT_WISHES,
                    &[&key.district, &key.no, &ids, &case, &froms, &tos, &note, &made_at],
                )
                .await?;
                let tag = new_tag(made_at);
                let row = tx.query_opt(&AREA_OF_CASE, &[&key.district, &key.no, &case]).await?;
                let area_no = row.map(|r| r.get("area_no"));
                let mark = Mark { id: case.into(), area_no, ..Mark::default() };
                feed::mark(tx, key, tag, ChangeKind::Case, &[mark]).await?;
                Ok::<_, Error>(Outcome::Stamp(true, key, tag))
            })
        })
        .await
    }

    /// Wishes of these cases whose window has not passed, in the residents' words.
    pub async fn wishes(
        &self,
        _: &Witness,
        key: SurveyKey,
        cases: &[CaseId],
        now: Timestamp,
    ) -> Result<Vec<Wish>, Error> {
        let rows = self.rows(&WISHES, &[&key.district, &key.no, &cases, &now]).await?;
        Ok(rows
            .iter()
            .map(|r| Wish {
                id: r.get("id"),
                case_id: r.get("case_id"),
                from: r.get("wish_from"),
                to: r.get("wish_to"),
                note: r.get("note"),
                made_at: r.get("made_at"),
            })
            .collect())
    }
}

fn sheet_row(r: &tokio_postgres::Row) -> SheetRow {
    SheetRow {
        id: r.get("id"),
        plan_id: r.get("plan_id"),
        user: r.get("user_name"),
        on: r.get("on_date"),
        area: r.get("area"),
        made_at: r.get("made_at"),
        made_by: r.get("made_by"),
        rule_version: r.get("rule_version"),
        model_version: r.get("model_version"),
        document: r.get("document"),
    }
}
