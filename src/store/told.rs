//! What devices are told of doors beside the rows of their cases: names, notes, who made which interview. Read for many doors
//! at once.

use std::collections::HashMap;

use jiff::Timestamp;
use uuid::Uuid;

use super::sight::is_own;
use super::sql_types::ReadRow;
use super::tx::{Error, Tx, statements};
use super::{Sight, Store, SurveyKey, Witness};
use crate::domain::InterviewResult;

statements! {
    /// $1 district, $2 survey, $3 doors.
    NAMES = "-- names_of_doors
        select d.id, d.kind, d.households_expected, b.name as building_name, a.name as area_name, a.name_zh as area_name_zh
        from (select distinct id from unnest($3::uuid[]) as t (id)) u
        join dwelling d on d.district_id = $1 and d.survey_no = $2 and d.id = u.id
        join building b on b.district_id = $1 and b.survey_no = $2 and b.id = d.building_id
        join area a on a.district_id = $1 and a.survey_no = $2 and a.code = d.area";
    /// $1 district, $2 survey, $3 visits. Those of them that have a note.
    NOTED = "-- visits_with_notes
        select v.id from unnest($3::uuid[]) as u (id)
        cross join lateral (select id from visit
            where district_id = $1 and survey_no = $2 and id = u.id and note is not null offset 0) v";
    /// $1 district, $2 survey, $3 visits.
    NOTES = "-- notes_of_visits
        select v.id, v.note from unnest($3::uuid[]) as u (id)
        cross join lateral (select id, note from visit
            where district_id = $1 and survey_no = $2 and id = u.id and note is not null offset 0) v";
    /// $1 district, $2 survey, $3 interviews, $4 to $5 with whose eyes. Every accepted revision.
    MAKERS = concat!("-- makers_of_interviews
        select i.id, i.revision, i.enumerator, i.result, i.at, ", is_own!("i", "received_at"), " as is_own
        from (select distinct id from unnest($3::uuid[]) as t (id)) u
        cross join lateral (select id, revision, enumerator, device_id, received_at, result, at from interview
            where district_id = $1 and survey_no = $2 and id = u.id and status = 0 offset 0) i");
}

/// What a door is called, and what the list says of it.
#[derive(Clone, Debug)]
pub struct DoorNames {
    /// residential, collective, business, public or `under_construction`.
    pub kind: String,
    /// Households the list expects.
    pub households_expected: Option<i32>,
    /// What people call the building.
    pub building_name: Option<String>,
    /// The area in English.
    pub area_name: String,
    /// The area in Chinese.
    pub area_name_zh: String,
}

/// A revision of an interview and its maker.
#[derive(Clone, Debug)]
pub struct Made {
    /// The interview.
    pub id: Uuid,
    /// Its revision.
    pub revision: i32,
    /// Who interviewed.
    pub enumerator: String,
    /// The reader made it.
    pub is_own: bool,
    /// Complete or partial.
    pub result: InterviewResult,
    /// Device time.
    pub at: Timestamp,
}

/// What these doors are called.
pub async fn names(tx: &Tx, key: SurveyKey, doors: &[Uuid]) -> Result<HashMap<Uuid, DoorNames>, Error> {
    if doors.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = tx.query(&NAMES, &[&key.district, &key.no, &doors]).await?;
    let names = |r: &tokio_postgres::Row| DoorNames {
        kind: r.get("kind"),
        households_expected: r.get("households_expected"),
        building_name: r.get("building_name"),
        area_name: r.get("area_name"),
        area_name_zh: r.get("area_name_zh"),
    };
    Ok(rows.iter().map(|r| (r.get("id"), names(r))).collect())
}

/// Those of these visits that have a note.
pub async fn noted(tx: &Tx, key: SurveyKey, visits: &[Uuid]) -> Result<Vec<Uuid>, Error> {
    if visits.is_empty() {
        return Ok(Vec::new());
    }
    let rows = tx.query(&NOTED, &[&key.district, &key.no, &visits]).await?;
    Ok(rows.iter().map(|r| r.get(0)).collect())
}

/// Every accepted revision of these interviews, seen by `sight`.
pub async fn makers(tx: &Tx, key: SurveyKey, interviews: &[Uuid], sight: &Sight) -> Result<Vec<Made>, Error> {
    if interviews.is_empty() {
        return Ok(Vec::new());
    }
    let rows = tx.query(&MAKERS, &[&key.district, &key.no, &interviews, &sight.devices, &sight.user]).await?;
    rows.iter()
        .map(|r| {
            Ok(Made {
                id: r.get("id"),
                revision: r.get("revision"),
                enumerator: r.get("enumerator"),
                is_own: r.get("is_own"),
                result: r.read("interview", "result")?,
                at: r.get("at"),
            })
        })
        .collect()
}

impl Store {
    /// The notes of these visits, as they were written.
    pub async fn visit_notes(
        &self,
        _: &Witness,
        key: SurveyKey,
        visits: &[Uuid],
    ) -> Result<HashMap<Uuid, String>, Error> {
        let rows = self.rows(&NOTES, &[&key.district, &key.no, &visits]).await?;
        Ok(rows.iter().map(|r| (r.get(0), r.get(1))).collect())
    }
}
