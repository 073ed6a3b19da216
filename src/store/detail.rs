//! Whole rows of visits, interviews and persons of given cases: for a door's history, for exports, for linkage.

use jiff::Timestamp;
use tokio_postgres::Row;
use uuid::Uuid;

use super::batch::Status;
use super::sql_types::ReadRow;
use super::tx::{Error, Tx, statements};
use super::{Store, SurveyKey, Witness};
use crate::domain::{
    CaseId, Channel, Datum, Informant, InterviewResult, Outcome, Relationship, ResidenceStatus, Respondent,
    Sex, place,
};

statements! {
    /// $1 district, $2 survey, $3 case ids. Accepted visits, oldest first.
    VISITS = "-- visits_of_cases
        select id, case_id, status, batch_id, device_id, enumerator, at, at_offset_min, received_at, ended_at, outcome, channel, informant,
               appointment_from, appointment_to, photo, lon, lat, accuracy_m, sent_datum, note, extra
        from visit where district_id = $1 and survey_no = $2 and case_id = any($3) and status = 0 order by case_id, at, id";
    /// $1 district, $2 survey, $3 case ids. Every accepted revision, oldest first.
    INTERVIEWS = "-- interviews_of_cases
        select id, revision, case_id, visit_id, status, held_reason, batch_id, device_id, enumerator, at, at_offset_min, received_at, result,
               respondent, counted_elsewhere, household, phone, address_text, answers, form_id, form_version
        from interview where district_id = $1 and survey_no = $2 and case_id = any($3) and status = 0
        order by case_id, at, id, revision";
    /// $1 district, $2 survey, $3 interview ids.
    PERSONS = "-- persons_of_interviews
        select interview_id, revision, person_no, name, surname, given_name, sex, birth_year, birth_month, birth_day, relationship,
               residence_status, citizen_id_hash is not null as has_citizen_id, is_id_repaired, other_address, items
        from person where district_id = $1 and survey_no = $2 and interview_id = any($3) order by interview_id, revision, person_no";
}

/// A visit with everything that is kept of it.
#[derive(Clone, Debug)]
pub struct VisitRow {
    /// Its id.
    pub id: Uuid,
    /// Its case.
    pub case_id: CaseId,
    /// Batch that brought it.
    pub batch_id: Uuid,
    /// Device.
    pub device_id: Uuid,
    /// Who knocked.
    pub enumerator: String,
    /// Device time as sent.
    pub at: Timestamp,
    /// UTC offset as sent, minutes.
    pub at_offset_min: i16,
    /// When the server knew.
    pub received_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// What came of it.
    pub outcome: Outcome,
    /// How contact was made.
    pub channel: Channel,
    /// Who said it.
    pub informant: Informant,
    /// Agreed window.
    pub appointment: Option<(Timestamp, Timestamp)>,
    /// Pictures named.
    pub photo: Vec<Uuid>,
    /// WGS-84 degrees.
    pub position: Option<(f64, f64)>,
    /// Metres.
    pub accuracy_m: Option<f32>,
    /// Datum as sent.
    pub sent_datum: Option<Datum>,
    /// Note.
    pub note: Option<String>,
    /// Unknown fields, JSON.
    pub extra: Option<String>,
}

impl VisitRow {
    /// Metres from the fix to a door, given as longitude and latitude; to a decimetre.
    pub fn distance_m(&self, door: Option<(f64, f64)>) -> Option<f64> {
        let metres = place::distance_m(self.position?, door?);
        Some((metres * 10.0).round() / 10.0)
    }
}

/// An interview revision with everything that is kept of it.
#[derive(Clone, Debug)]
pub struct InterviewRow {
    /// Its id.
    pub id: Uuid,
    /// Revision.
    pub revision: i32,
    /// Its case.
    pub case_id: CaseId,
    /// The visit it names.
    pub visit_id: Option<Uuid>,
    /// Whether it counts.
    pub status: Status,
    /// Batch.
    pub batch_id: Uuid,
    /// Device.
    pub device_id: Uuid,
    /// Who interviewed.
    pub enumerator: String,
    /// Device time as sent.
    pub at: Timestamp,
    /// UTC offset as sent, minutes.
    pub at_offset_min: i16,
    /// When the server knew.
    pub received_at: Timestamp,
    /// How much of the form it covers.
    pub result: InterviewResult,
    /// Who answered.
    pub respondent: Respondent,
    /// Another interview counts instead.
    pub counted_elsewhere: bool,
    /// A form that could not be used and was corrected by a higher revision.
    pub is_faulty: bool,
    /// Household items, JSON.
    pub household: String,
    /// Digits.
    pub phone: Option<String>,
    /// As written.
    pub address_text: Option<String>,
    /// Survey's own items, JSON.
    pub answers: Option<String>,
    /// The form and its version, where it came of a filled-in form.
    pub form: Option<(String, String)>,
}

/// A person of an interview revision.
#[derive(Clone, Debug)]
pub struct PersonRow {
    /// The interview.
    pub interview_id: Uuid,
    /// Its revision.
    pub revision: i32,
    /// Number on the form.
    pub person_no: i32,
    /// As written.
    pub name: String,
    /// Surname.
    pub surname: Option<String>,
    /// Given name.
    pub given_name: Option<String>,
    /// Sex.
    pub sex: Option<Sex>,
    /// Year, month, day.
    pub birth: [Option<i16>; 3],
    /// Relationship to the head.
    pub relationship: Option<Relationship>,
    /// Where the person lives and is registered.
    pub residence_status: Option<ResidenceStatus>,
    /// A keyed hash is stored.
    pub has_citizen_id: bool,
    /// Mended before hashing.
    pub is_id_repaired: bool,
    /// Where else.
    pub other_address: Option<String>,
    /// Other items, JSON.
    pub items: String,
}

fn visit_row(r: &Row) -> Result<VisitRow, Error> {
    Ok(VisitRow {
        id: r.get("id"),
        case_id: r.get("case_id"),
        batch_id: r.get("batch_id"),
        device_id: r.get("device_id"),
        enumerator: r.get("enumerator"),
        at: r.get("at"),
        at_offset_min: r.get("at_offset_min"),
        received_at: r.get("received_at"),
        ended_at: r.get("ended_at"),
        outcome: r.read("visit", "outcome")?,
        channel: r.read("visit", "channel")?,
        informant: r.read("visit", "informant")?,
        appointment: r.get::<_, Option<Timestamp>>("appointment_from").zip(r.get("appointment_to")),
        photo: r.get::<_, Option<Vec<Uuid>>>("photo").unwrap_or_default(),
        position: r.get::<_, Option<f64>>("lon").zip(r.get("lat")),
        accuracy_m: r.get("accuracy_m"),
        sent_datum: r.read("visit", "sent_datum")?,
        note: r.get("note"),
        extra: r.get("extra"),
    })
}

fn interview_row(r: &Row) -> Result<InterviewRow, Error> {
    Ok(InterviewRow {
        id: r.get("id"),
        revision: r.get("revision"),
        case_id: r.get("case_id"),
        visit_id: r.get("visit_id"),
        status: r.read("interview", "status")?,
        batch_id: r.get("batch_id"),
        device_id: r.get("device_id"),
        enumerator: r.get("enumerator"),
        at: r.get("at"),
        at_offset_min: r.get("at_offset_min"),
        received_at: r.get("received_at"),
        result: r.read("interview", "result")?,
        respondent: r.read("interview", "respondent")?,
        counted_elsewhere: r.get("counted_elsewhere"),
        is_faulty: r.get::<_, Option<&str>>("held_reason") == Some("form-error"),
        household: r.get("household"),
        phone: r.get("phone"),
        address_text: r.get("address_text"),
        answers: r.get("answers"),
        form: r.get::<_, Option<String>>("form_id").zip(r.get("form_version")),
    })
}

fn person_row(r: &Row) -> Result<PersonRow, Error> {
    Ok(PersonRow {
        interview_id: r.get("interview_id"),
        revision: r.get("revision"),
        person_no: r.get("person_no"),
        name: r.get("name"),
        surname: r.get("surname"),
        given_name: r.get("given_name"),
        sex: r.read("person", "sex")?,
        birth: [r.get("birth_year"), r.get("birth_month"), r.get("birth_day")],
        relationship: r.read("person", "relationship")?,
        residence_status: r.read("person", "residence_status")?,
        has_citizen_id: r.get("has_citizen_id"),
        is_id_repaired: r.get("is_id_repaired"),
        other_address: r.get("other_address"),
        items: r.get("items"),
    })
}

/// The history of cases: visits, interviews, persons, in one snapshot.
#[derive(Clone, Debug, Default)]
pub struct Detail {
    /// Visits by case and time.
    pub visits: Vec<VisitRow>,
    /// Interview revisions by case and time.
    pub interviews: Vec<InterviewRow>,
    /// Their persons.
    pub persons: Vec<PersonRow>,
}

async fn load_detail(tx: &Tx, key: SurveyKey, cases: &[CaseId]) -> Result<Detail, Error> {
    let visits = tx.query(&VISITS, &[&key.district, &key.no, &cases]).await?;
    let interviews: Vec<InterviewRow> = tx
        .query(&INTERVIEWS, &[&key.district, &key.no, &cases])
        .await?
        .iter()
        .map(interview_row)
        .collect::<Result<_, _>>()?;
    let mut ids: Vec<Uuid> = interviews.iter().map(|i| i.id).collect();
    ids.dedup();
    let persons = if ids.is_empty() {
        Vec::new()
    } else {
        tx.query(&PERSONS, &[&key.district, &key.no, &ids])
            .await?
            .iter()
            .map(person_row)
            .collect::<Result<_, _>>()?
    };
    Ok(Detail { visits: visits.iter().map(visit_row).collect::<Result<_, _>>()?, interviews, persons })
}

impl Store {
    /// The history of cases.
    pub async fn detail(&self, _: &Witness, key: SurveyKey, cases: &[CaseId]) -> Result<Detail, Error> {
        let cases = cases.to_vec();
        self.reading("detail", move |tx| {
            let cases = cases.clone();
            Box::pin(async move { load_detail(tx, key, &cases).await })
        })
        .await
    }
}
