//! Interviews in the form in which they are compared, and their blocking keys.

use jiff::Timestamp;
use tokio_postgres::Row;
use uuid::Uuid;

use crate::domain::{CaseId, InterviewResult, Relationship, ResidenceStatus, Respondent, Sex, State};
use crate::store::SurveyKey;
use crate::store::sql_types::ReadRow;
use crate::store::tx::{Error, Tx, statements};

statements! {
    /// $1 district, $2 survey, $3 interviews. Those that residents sent by themselves.
    SENT_BY_RESIDENTS = "-- interviews_sent_by_residents
        select distinct id from interview where district_id = $1 and survey_no = $2 and id = any($3) and enumerator = ''";
    /// $1 district, $2 survey, $3 interview. The case of an accepted interview.
    CASE_OF = "-- case_of_interview
        select case_id from interview where district_id = $1 and survey_no = $2 and id = $3 and status = 0
          and held_reason is distinct from 'form-error'
        order by revision desc limit 1";
    /// $1 district, $2 survey, $3 interviews. Those that are no evidence any more.
    OUT_OF_FORCE = "-- interviews_out_of_force
        select interview from link_interview
        where district_id = $1 and survey_no = $2 and interview = any($3) and not is_in_force";
    /// $1 district, $2 survey, $3 interviews, $4 revisions. What a form says, with its door.
    FORMS = "-- forms_to_link
        select i.id, i.revision, i.case_id, i.at, i.at_offset_min, i.enumerator, i.respondent, i.result, i.household, i.phone,
               i.address_text, i.persons, i.counted_elsewhere, c.area_no, c.state, d.id as dwelling_id, d.area, d.building, d.unit,
               d.floor, d.room, d.is_listed, a.name as area_name_en, a.name_zh as area_name, a.level as area_level
        from unnest($3::uuid[], $4::integer[]) as u (id, revision)
        join interview i on i.district_id = $1 and i.survey_no = $2 and i.id = u.id and i.revision = u.revision
        join survey_case c on c.district_id = $1 and c.survey_no = $2 and c.id = i.case_id
        join dwelling d on d.district_id = $1 and d.survey_no = $2 and d.id = c.dwelling_id
        left join area a on a.district_id = $1 and a.survey_no = $2 and a.code = d.area";
    /// $1 district, $2 survey, $3 interviews, $4 revisions.
    PEOPLE = "-- people_to_link
        select p.interview_id, p.person_no, p.name, p.surname, p.given_name, p.sex, p.birth_year, p.birth_month, p.birth_day,
               p.relationship, p.residence_status, p.citizen_id_hash, p.citizen_id_key, p.is_id_repaired, p.other_address
        from unnest($3::uuid[], $4::integer[]) as u (id, revision)
        join person p on p.district_id = $1 and p.survey_no = $2 and p.interview_id = u.id and p.revision = u.revision
        order by p.interview_id, p.person_no";
    /// $1 district, $2 survey, $3 interviews.
    LOAD = "-- load_linked_interviews
        select interview, revision, case_id, is_in_force, is_complete, is_proxy, recorded, living, at, norm_version, prepared, keys,
               key_kinds, skipped
        from link_interview where district_id = $1 and survey_no = $2 and interview = any($3)";
    /// $1 district, $2 survey, $3 after, $4 most. All in force, by id.
    PAGE = "-- page_of_linked_interviews
        select interview, revision, case_id, is_in_force, is_complete, is_proxy, recorded, living, at, norm_version, prepared, keys,
               key_kinds, skipped
        from link_interview where district_id = $1 and survey_no = $2 and interview > $3 and is_in_force order by interview limit $4";
    /// Columns of `link_interview`.
    PUT = "-- put_linked_interview
        insert into link_interview (district_id, survey_no, interview, revision, case_id, is_in_force, is_complete, is_proxy, recorded,
            living, at, norm_version, prepared, keys, key_kinds, skipped)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
        on conflict on constraint link_interview_pk do update set revision = excluded.revision, case_id = excluded.case_id,
            is_in_force = excluded.is_in_force, is_complete = excluded.is_complete, is_proxy = excluded.is_proxy,
            recorded = excluded.recorded, living = excluded.living, at = excluded.at, norm_version = excluded.norm_version,
            prepared = excluded.prepared, keys = excluded.keys, key_kinds = excluded.key_kinds, skipped = excluded.skipped";
    /// $1 district, $2 survey, $3 interview.
    END = "-- end_linked_interview
        update link_interview set is_in_force = false, keys = '{}', key_kinds = '{}', skipped = '{}'
        where district_id = $1 and survey_no = $2 and interview = $3";
    /// $1 district, $2 survey, $3 keys, $4 kinds, $5 interview.
    ADD_KEYS = "-- add_link_keys
        insert into link_key (district_id, survey_no, key, kind, interview)
        select $1, $2, u.key, u.kind, $5 from unnest($3::bigint[], $4::smallint[]) as u (key, kind)
        on conflict on constraint link_key_pk do nothing";
    /// $1 district, $2 survey, $3 keys, $4 kinds, $5 interview.
    DROP_KEYS = "-- drop_link_keys
        delete from link_key k using unnest($3::bigint[], $4::smallint[]) as u (key, kind)
        where k.district_id = $1 and k.survey_no = $2 and k.key = u.key and k.kind = u.kind and k.interview = $5";
    /// $1 district, $2 survey, $3 keys, $4 how many. Keys that more interviews than that have.
    CROWDED = "-- crowded_link_keys
        select u.key from unnest($3::bigint[]) as u (key)
        where (select count(*) from (select from link_key where district_id = $1 and survey_no = $2 and key = u.key
            limit $4::bigint + 1) k) > $4";
    /// $1 district, $2 survey, $3 keys, $4 how many of each are read at most.
    SHARING = "-- interviews_sharing_keys
        select u.key, k.kind, k.interview from unnest($3::bigint[], $4::integer[]) as u (key, most)
        cross join lateral (select kind, interview from link_key
            where district_id = $1 and survey_no = $2 and key = u.key limit u.most) k";
}

/// Those of these interviews that residents sent by themselves.
pub async fn sent_by_residents(tx: &Tx, key: SurveyKey, interviews: &[Uuid]) -> Result<Vec<Uuid>, Error> {
    let rows = tx.query(&SENT_BY_RESIDENTS, &[&key.district, &key.no, &interviews]).await?;
    Ok(rows.iter().map(|r| r.get(0)).collect())
}

/// An interview in the form in which it is compared.
#[derive(Clone, Debug)]
pub struct LinkedInterview {
    /// The interview.
    pub interview: Uuid,
    /// Revision it was derived from.
    pub revision: i32,
    /// Its case.
    pub case_id: CaseId,
    /// Evidence at all.
    pub is_in_force: bool,
    /// Complete.
    pub is_complete: bool,
    /// A proxy's answer.
    pub is_proxy: bool,
    /// People listed.
    pub recorded: i32,
    /// Of them, living at the door.
    pub living: i32,
    /// Device time.
    pub at: Timestamp,
    /// Version of the normalising rules.
    pub norm_version: i32,
    /// JSON of the normalised interview.
    pub prepared: String,
    /// Blocking keys.
    pub keys: Vec<i64>,
    /// Their kinds.
    pub key_kinds: Vec<i16>,
    /// Kinds of keys that were not searched.
    pub skipped: Vec<i16>,
}

impl LinkedInterview {
    fn of(r: &Row) -> Self {
        Self {
            interview: r.get("interview"),
            revision: r.get("revision"),
            case_id: r.get("case_id"),
            is_in_force: r.get("is_in_force"),
            is_complete: r.get("is_complete"),
            is_proxy: r.get("is_proxy"),
            recorded: r.get("recorded"),
            living: r.get("living"),
            at: r.get("at"),
            norm_version: r.get("norm_version"),
            prepared: r.get("prepared"),
            keys: r.get("keys"),
            key_kinds: r.get("key_kinds"),
            skipped: r.get("skipped"),
        }
    }
}

/// What a form says, with its door.
#[derive(Clone, Debug)]
pub struct FormRow {
    /// The interview.
    pub interview: Uuid,
    /// Its revision.
    pub revision: i32,
    /// Its case.
    pub case_id: CaseId,
    /// Device time.
    pub at: Timestamp,
    /// UTC offset as sent, minutes.
    pub at_offset_min: i16,
    /// Who interviewed.
    pub enumerator: String,
    /// Who answered.
    pub respondent: Respondent,
    /// How much of the form it covers.
    pub result: InterviewResult,
    /// Another interview counts instead, at another door.
    pub counted_elsewhere: bool,
    /// Nested-set number of the area.
    pub area_no: i32,
    /// Where the case stands.
    pub state: State,
    /// Household items, JSON.
    pub household: String,
    /// Contact number, digits.
    pub phone: Option<String>,
    /// Address as written by the enumerator.
    pub address_text: Option<String>,
    /// Person figures.
    pub persons: Vec<i32>,
    /// The door.
    pub dwelling_id: Uuid,
    /// Its area.
    pub area: String,
    /// Building as listed.
    pub building: String,
    /// Unit as listed.
    pub unit: String,
    /// Storey.
    pub floor: Option<i32>,
    /// Room as listed.
    pub room: String,
    /// Comes from the list of doors.
    pub is_listed: bool,
    /// Name of the area, Chinese.
    pub area_name: Option<String>,
    /// Name of the area, English.
    pub area_name_en: Option<String>,
    /// Level of the area.
    pub area_level: Option<String>,
    /// The people listed.
    pub people: Vec<FormPerson>,
}

/// A person of a form.
#[derive(Clone, Debug)]
pub struct FormPerson {
    /// Number on the form.
    pub person_no: i32,
    /// Name as written.
    pub name: String,
    /// Surname given apart.
    pub surname: Option<String>,
    /// Given name given apart.
    pub given_name: Option<String>,
    /// Sex.
    pub sex: Option<Sex>,
    /// Year, month, day.
    pub birth: [Option<i16>; 3],
    /// Relationship to the head.
    pub relationship: Option<Relationship>,
    /// Where the person lives and is registered.
    pub residence_status: Option<ResidenceStatus>,
    /// Keyed hash of the ID and the key's name.
    pub citizen: Option<(Vec<u8>, String)>,
    /// Mended before hashing.
    pub is_id_repaired: bool,
    /// Where else.
    pub other_address: Option<String>,
}

fn form_person(r: &Row) -> Result<FormPerson, Error> {
    Ok(FormPerson {
        person_no: r.get("person_no"),
        name: r.get("name"),
        surname: r.get("surname"),
        given_name: r.get("given_name"),
        sex: r.read("person", "sex")?,
        birth: [r.get("birth_year"), r.get("birth_month"), r.get("birth_day")],
        relationship: r.read("person", "relationship")?,
        residence_status: r.read("person", "residence_status")?,
        citizen: r.get::<_, Option<Vec<u8>>>("citizen_id_hash").zip(r.get("citizen_id_key")),
        is_id_repaired: r.get("is_id_repaired"),
        other_address: r.get("other_address"),
    })
}

fn form(r: &Row, people: Vec<FormPerson>) -> Result<FormRow, Error> {
    Ok(FormRow {
        interview: r.get("id"),
        revision: r.get("revision"),
        case_id: r.get("case_id"),
        at: r.get("at"),
        at_offset_min: r.get("at_offset_min"),
        enumerator: r.get("enumerator"),
        respondent: r.read("interview", "respondent")?,
        result: r.read("interview", "result")?,
        counted_elsewhere: r.get("counted_elsewhere"),
        area_no: r.get("area_no"),
        state: r.read("survey_case", "state")?,
        household: r.get("household"),
        phone: r.get("phone"),
        address_text: r.get("address_text"),
        persons: r.get("persons"),
        dwelling_id: r.get("dwelling_id"),
        area: r.get("area"),
        building: r.get("building"),
        unit: r.get("unit"),
        floor: r.get("floor"),
        room: r.get("room"),
        is_listed: r.get("is_listed"),
        area_name: r.get("area_name"),
        area_name_en: r.get("area_name_en"),
        area_level: r.get("area_level"),
        people,
    })
}

/// The case of an accepted interview; `None` while no revision of it is accepted.
pub async fn case_of(tx: &Tx, key: SurveyKey, interview: Uuid) -> Result<Option<CaseId>, Error> {
    Ok(tx.query_opt(&CASE_OF, &[&key.district, &key.no, &interview]).await?.map(|r| r.get("case_id")))
}

/// Forms by interview and revision.
pub async fn forms(tx: &Tx, key: SurveyKey, wanted: &[(Uuid, i32)]) -> Result<Vec<FormRow>, Error> {
    let ids: Vec<Uuid> = wanted.iter().map(|w| w.0).collect();
    let revisions: Vec<i32> = wanted.iter().map(|w| w.1).collect();
    let forms = tx.query(&FORMS, &[&key.district, &key.no, &ids, &revisions]).await?;
    let people = tx.query(&PEOPLE, &[&key.district, &key.no, &ids, &revisions]).await?;
    forms
        .iter()
        .map(|r| {
            let id: Uuid = r.get("id");
            let own = people.iter().filter(|p| p.get::<_, Uuid>("interview_id") == id).map(form_person);
            form(r, own.collect::<Result<_, _>>()?)
        })
        .collect()
}

/// Those of these interviews that are no evidence any more.
pub async fn out_of_force(tx: &Tx, key: SurveyKey, interviews: &[Uuid]) -> Result<Vec<Uuid>, Error> {
    if interviews.is_empty() {
        return Ok(Vec::new());
    }
    let rows = tx.query(&OUT_OF_FORCE, &[&key.district, &key.no, &interviews]).await?;
    Ok(rows.iter().map(|r| r.get("interview")).collect())
}

/// Interviews as they are compared, by id; those never linked are left out.
pub async fn load(tx: &Tx, key: SurveyKey, interviews: &[Uuid]) -> Result<Vec<LinkedInterview>, Error> {
    if interviews.is_empty() {
        return Ok(Vec::new());
    }
    let rows = tx.query(&LOAD, &[&key.district, &key.no, &interviews]).await?;
    Ok(rows.iter().map(LinkedInterview::of).collect())
}

/// A page of all interviews in force, by id.
pub async fn page(tx: &Tx, key: SurveyKey, after: Uuid, most: i64) -> Result<Vec<LinkedInterview>, Error> {
    let rows = tx.query(&PAGE, &[&key.district, &key.no, &after, &most]).await?;
    Ok(rows.iter().map(LinkedInterview::of).collect())
}

/// Stores an interview in force, and brings its keys in line with `known`, the keys stored before.
pub async fn put(tx: &Tx, key: SurveyKey, i: &LinkedInterview, known: &[(i64, i16)]) -> Result<(), Error> {
    let wanted: Vec<(i64, i16)> = i.keys.iter().copied().zip(i.key_kinds.iter().copied()).collect();
    let gone: Vec<(i64, i16)> = known.iter().filter(|k| !wanted.contains(k)).copied().collect();
    let new: Vec<(i64, i16)> = wanted.iter().filter(|k| !known.contains(k)).copied().collect();
    drop_keys(tx, key, i.interview, &gone).await?;
    if !new.is_empty() {
        let (keys, kinds): (Vec<i64>, Vec<i16>) = new.into_iter().unzip();
        tx.execute(&ADD_KEYS, &[&key.district, &key.no, &keys, &kinds, &i.interview]).await?;
    }
    tx.execute(
        &PUT,
        &[
            &key.district,
            &key.no,
            &i.interview,
            &i.revision,
            &i.case_id,
            &i.is_in_force,
            &i.is_complete,
            &i.is_proxy,
            &i.recorded,
            &i.living,
            &i.at,
            &i.norm_version,
            &i.prepared,
            &i.keys,
            &i.key_kinds,
            &i.skipped,
        ],
    )
    .await?;
    Ok(())
}

async fn drop_keys(tx: &Tx, key: SurveyKey, interview: Uuid, gone: &[(i64, i16)]) -> Result<(), Error> {
    if gone.is_empty() {
        return Ok(());
    }
    let (keys, kinds): (Vec<i64>, Vec<i16>) = gone.iter().copied().unzip();
    tx.execute(&DROP_KEYS, &[&key.district, &key.no, &keys, &kinds, &interview]).await?;
    Ok(())
}

/// Takes an interview out: it has no keys any more and meets nobody.
pub async fn end(tx: &Tx, key: SurveyKey, interview: Uuid, known: &[(i64, i16)]) -> Result<(), Error> {
    drop_keys(tx, key, interview, known).await?;
    tx.execute(&END, &[&key.district, &key.no, &interview]).await?;
    Ok(())
}

/// A key shared with another interview.
#[derive(Clone, Copy, Debug)]
pub struct Sharing {
    /// The key.
    pub key: i64,
    /// The kind it has there.
    pub kind: i16,
    /// The other interview.
    pub interview: Uuid,
}

/// Interviews that have one of these keys; of each key no more than its limit.
pub async fn sharing(tx: &Tx, key: SurveyKey, keys: &[(i64, i32)]) -> Result<Vec<Sharing>, Error> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let (keys, most): (Vec<i64>, Vec<i32>) = keys.iter().copied().unzip();
    let rows = tx.query(&SHARING, &[&key.district, &key.no, &keys, &most]).await?;
    Ok(rows
        .iter()
        .map(|r| Sharing { key: r.get("key"), kind: r.get("kind"), interview: r.get("interview") })
        .collect())
}

/// The keys among these that more than `most` interviews have.
pub async fn crowded(tx: &Tx, key: SurveyKey, keys: &[i64], most: i64) -> Result<Vec<i64>, Error> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let rows = tx.query(&CROWDED, &[&key.district, &key.no, &keys, &most]).await?;
    Ok(rows.iter().map(|r| r.get(0)).collect())
}
