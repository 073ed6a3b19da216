//! Answers to a form, submission by submission, for whoever takes them out or reads them as a table. Every reader shows a witness.

use jiff::Timestamp;
use tokio_postgres::Row;
use uuid::Uuid;

use super::batch::Status;
use super::submission::Stood;
use super::tx::{Error, Param, statements};
use super::{Store, SurveyKey, Witness};
use crate::domain::{AreaRange, CaseId};
use serde_json::{Value, json};

/// What is in force of a form, in an area: accepted, taken, and not corrected by a later one.
macro_rules! in_force {
    () => {
        "from submission s
        left join survey_case c on c.district_id = s.district_id and c.survey_no = s.survey_no and c.id = s.case_id
        left join dwelling d on d.district_id = c.district_id and d.survey_no = c.survey_no and d.id = c.dwelling_id
        left join staff p on p.district_id = s.district_id and p.survey_no = s.survey_no and p.user_name = s.enumerator
        left join area a on a.district_id = p.district_id and a.survey_no = p.survey_no and a.code = p.area
        where s.district_id = $1 and s.survey_no = $2 and s.form_id = $3 and coalesce(c.area_no, a.lo) between $4 and $5
          and s.status = 0 and not s.is_whole and not exists (
            select 1 from submission later where later.district_id = s.district_id and later.survey_no = s.survey_no
              and later.root_id = s.root_id and later.revision > s.revision and later.status = 0 and not later.is_whole)"
    };
}

statements! {
    /// $1 district, $2 survey, $3 form, $4 lo, $5 hi, $6 after received, $7 after id, $8 limit.
    ANSWERS = concat!("-- answers_of_form
        select s.id, s.revision, s.version, s.case_id, c.area, d.building, d.unit, d.room, s.enumerator, s.device_id, s.at,
               s.at_offset_min, s.ended_at, s.received_at, s.answers, s.parts ", in_force!(), "
          and (s.received_at, s.id) > ($6, $7)
        order by s.received_at, s.id limit $8");
    /// $1 district, $2 survey, $3 form, $4 lo, $5 hi, $6 id.
    ANSWER = concat!("-- answer_of_form
        select s.id, s.revision, s.version, s.case_id, c.area, d.building, d.unit, d.room, s.enumerator, s.device_id, s.at,
               s.at_offset_min, s.ended_at, s.received_at, s.answers, s.parts ", in_force!(), " and s.id = $6");
    /// $1 district, $2 survey, $3 form, $4 lo, $5 hi.
    COUNT = concat!("-- count_answers_of_form
        select count(*) as n ", in_force!());
}

/// The answers of one submission in force.
#[derive(Clone, Debug)]
pub struct AnswerRow {
    /// The submission as far as its standing depends on it.
    pub stood: Stood,
    /// The form's version.
    pub version: String,
    /// The case, if it is of one.
    pub case_id: Option<CaseId>,
    /// Area, building, unit and room of the door.
    pub door: Option<[String; 4]>,
    /// When filling it in began.
    pub at: Timestamp,
    /// UTC offset as sent, minutes.
    pub at_offset_min: i16,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// When it came.
    pub received_at: Timestamp,
    /// Answers, a JSON object; `None` after a purge.
    pub answers: Option<String>,
}

/// A place among the answers to a form.
pub type AnswerPlace = (Timestamp, Uuid);

/// Before the first.
pub const FIRST: AnswerPlace = (Timestamp::UNIX_EPOCH, Uuid::nil());

impl AnswerRow {
    /// Its place.
    pub fn place(&self) -> AnswerPlace {
        (self.received_at, self.stood.id)
    }

    /// What was answered, an object; empty after a purge.
    pub fn said(&self) -> Value {
        let text = self.answers.as_deref().unwrap_or("{}");
        serde_json::from_str(text).unwrap_or_else(|_| json!({}))
    }
}

fn answer_row(r: &Row) -> AnswerRow {
    let area: Option<String> = r.get("area");
    let part = |name: &str| r.get::<_, Option<String>>(name).unwrap_or_default();
    AnswerRow {
        stood: Stood {
            id: r.get("id"),
            revision: r.get("revision"),
            user: r.get("enumerator"),
            device: r.get("device_id"),
            status: Status::Accepted,
            held_reason: None,
            held_detail: None,
            is_whole: false,
            parts: r.get("parts"),
        },
        version: r.get("version"),
        case_id: r.get("case_id"),
        door: area.map(|area| [area, part("building"), part("unit"), part("room")]),
        at: r.get("at"),
        at_offset_min: r.get("at_offset_min"),
        ended_at: r.get("ended_at"),
        received_at: r.get("received_at"),
        answers: r.get("answers"),
    }
}

impl Store {
    /// Answers to a form in force after a place, oldest first.
    pub async fn form_answers(
        &self,
        _: &Witness,
        key: SurveyKey,
        form: &str,
        range: AreaRange,
        after: AnswerPlace,
        limit: i64,
    ) -> Result<Vec<AnswerRow>, Error> {
        let params: [Param<'_>; 8] =
            [&key.district, &key.no, &form, &range.lo, &range.hi, &after.0, &after.1, &limit];
        Ok(self.rows(&ANSWERS, &params).await?.iter().map(answer_row).collect())
    }

    /// One of the answers in force to a form.
    pub async fn form_answer(
        &self,
        _: &Witness,
        key: SurveyKey,
        form: &str,
        range: AreaRange,
        id: Uuid,
    ) -> Result<Option<AnswerRow>, Error> {
        let params: [Param<'_>; 6] = [&key.district, &key.no, &form, &range.lo, &range.hi, &id];
        Ok(self.row(&ANSWER, &params).await?.as_ref().map(answer_row))
    }

    /// How many answers to a form are in force.
    pub async fn count_form_answers(
        &self,
        key: SurveyKey,
        form: &str,
        range: AreaRange,
    ) -> Result<i64, Error> {
        let params: [Param<'_>; 5] = [&key.district, &key.no, &form, &range.lo, &range.hi];
        Ok(self.one(&COUNT, &params).await?.get("n"))
    }
}
