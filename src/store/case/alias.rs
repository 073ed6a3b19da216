//! Other names of doors and cases: keys a door has had, ids computed from them, ids of dwelling records. Whoever takes a case id
//! from outside asks [`resolved`] (or, with cases to lock, [`aliases`]); nothing else reads these tables for that.

use std::collections::HashMap;

use jiff::Timestamp;
use uuid::Uuid;

use super::super::tx::{Error, Tx, statements};
use super::super::wire::column;
use super::super::{Store, SurveyKey};
use super::{CaseRow, find_cases};
use crate::domain::CaseId;

statements! {
    /// $1 district, $2 survey, $3 ids that are no case. The cases they stand for.
    ALIASES = "-- case_aliases
        select id, case_id from dwelling_record
        where district_id = $1 and survey_no = $2 and id = any($3) and status = 0 and case_id is not null
        union
        select id, case_id from case_alias where district_id = $1 and survey_no = $2 and id = any($3)";
    /// $1 district, $2 survey, $3 ids computed from keys. The doors that have or had these keys.
    DOORS_OF_KEYS = "-- doors_of_keys
        select u.id as written, d.id, d.building_id, d.area, l.lo
        from unnest($3::uuid[]) as u (id)
        left join door_alias a on a.district_id = $1 and a.survey_no = $2 and a.id = u.id
        join dwelling d on d.district_id = $1 and d.survey_no = $2 and d.id = coalesce(a.dwelling_id, u.id)
        join area l on l.district_id = $1 and l.survey_no = $2 and l.code = d.area";
    /// $1 district, $2 survey, $3 ids computed from keys, $4 doors, $5 their first cases, $6 keys, $7 areas, $8 buildings, $9 units,
    /// $10 rooms, $11 now. A key that leads to a door already goes on leading there.
    ADD_DOOR_ALIASES = "-- add_door_aliases
        insert into door_alias (district_id, survey_no, id, dwelling_id, case_id, door_key, area, building, unit, room, made_at)
        select $1, $2, u.*, $11 from unnest($3::uuid[], $4::uuid[], $5::uuid[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[])
          as u (id, dwelling_id, case_id, door_key, area, building, unit, room)
        order by u.id on conflict on constraint door_alias_pk do nothing";
    /// $1 district, $2 survey, $3 doors, $4 their first cases, $5 now. The key each has now, before it gets another one.
    ADD_OWN_KEYS = "-- add_own_door_keys
        insert into door_alias (district_id, survey_no, id, dwelling_id, case_id, door_key, area, building, unit, room, made_at)
        select $1, $2, d.id, d.id, u.case_id, d.door_key, d.area, d.building, d.unit, d.room, $5
        from unnest($3::uuid[], $4::uuid[]) as u (id, case_id)
        join dwelling d on d.district_id = $1 and d.survey_no = $2 and d.id = u.id
        where not exists (select 1 from door_alias a where a.district_id = $1 and a.survey_no = $2 and a.dwelling_id = d.id)
        order by d.id on conflict on constraint door_alias_pk do nothing";
    /// $1 district, $2 survey, $3 ids, $4 cases.
    ADD_CASE_ALIASES = "-- add_case_aliases
        insert into case_alias as a (district_id, survey_no, id, case_id)
        select $1, $2, u.id, u.case_id from unnest($3::uuid[], $4::uuid[]) as u (id, case_id) where u.id <> u.case_id
        order by u.id on conflict on constraint case_alias_pk do update set case_id = excluded.case_id
          where a.case_id <> excluded.case_id";
    /// $1 district, $2 survey, $3 door. Its other writings, the latest first.
    OTHER_WRITINGS = "-- other_writings
        select a.area, a.building, a.unit, a.room from door_alias a
        join dwelling d on d.district_id = a.district_id and d.survey_no = a.survey_no and d.id = a.dwelling_id
        where a.district_id = $1 and a.survey_no = $2 and a.dwelling_id = $3 and a.door_key <> d.door_key
        order by a.made_at desc, a.door_key";
    /// $1 district, $2 survey, $3 building.
    BUILDING_NAME = "-- building_name
        select name from building where district_id = $1 and survey_no = $2 and id = $3";
}

/// A door found by one of its keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownDoor {
    /// The door.
    pub id: Uuid,
    /// Its building.
    pub building_id: Uuid,
    /// Code of its area.
    pub area: String,
    /// Number of its area.
    pub area_no: i32,
}

/// Another key by which a door is known.
#[derive(Clone, Debug)]
pub struct DoorAlias {
    /// Id computed from the key.
    pub id: Uuid,
    /// The door.
    pub dwelling_id: Uuid,
    /// Its first case.
    pub case_id: CaseId,
    /// The key.
    pub door_key: String,
    /// Area, building, unit and room as written.
    pub parts: [String; 4],
}

/// A writing of a door that is not the one in force.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct OtherWriting {
    /// Area code.
    pub area: String,
    /// Building.
    pub building: String,
    /// Unit; empty where there is none.
    pub unit: String,
    /// Room.
    pub room: String,
}

/// The cases that ids which are none stand for: (id, case).
pub async fn aliases(tx: &Tx, key: SurveyKey, ids: &[CaseId]) -> Result<Vec<(CaseId, CaseId)>, Error> {
    let rows = tx.query(&ALIASES, &[&key.district, &key.no, &ids]).await?;
    Ok(rows.iter().map(|r| (r.get(0), r.get(1))).collect())
}

/// The case an id from outside stands for; the id itself where nothing is known under it.
pub async fn resolved(tx: &Tx, key: SurveyKey, id: CaseId) -> Result<CaseId, Error> {
    if !find_cases(tx, key, &[id]).await?.is_empty() {
        return Ok(id);
    }
    Ok(aliases(tx, key, &[id]).await?.first().map_or(id, |found| found.1))
}

/// The doors that have or had the keys of which these ids were computed.
pub async fn doors_of_keys(tx: &Tx, key: SurveyKey, ids: &[Uuid]) -> Result<HashMap<Uuid, KnownDoor>, Error> {
    let rows = tx.query(&DOORS_OF_KEYS, &[&key.district, &key.no, &ids]).await?;
    let door = |r: &tokio_postgres::Row| KnownDoor {
        id: r.get("id"),
        building_id: r.get("building_id"),
        area: r.get("area"),
        area_no: r.get("lo"),
    };
    Ok(rows.iter().map(|r| (r.get("written"), door(r))).collect())
}

/// Notes other keys of doors, and the key each of these doors has now.
pub async fn add_door_aliases(
    tx: &Tx,
    key: SurveyKey,
    all: &[DoorAlias],
    now: Timestamp,
) -> Result<(), Error> {
    let own: [super::super::tx::Param<'_>; 5] =
        [&key.district, &key.no, column!(all, a => a.dwelling_id), column!(all, a => a.case_id), &now];
    tx.execute(&ADD_OWN_KEYS, &own).await?;
    tx.execute(
        &ADD_DOOR_ALIASES,
        &[
            &key.district,
            &key.no,
            column!(all, a => a.id),
            column!(all, a => a.dwelling_id),
            column!(all, a => a.case_id),
            column!(all, a => a.door_key.as_str()),
            column!(all, a => a.parts[0].as_str()),
            column!(all, a => a.parts[1].as_str()),
            column!(all, a => a.parts[2].as_str()),
            column!(all, a => a.parts[3].as_str()),
            &now,
        ],
    )
    .await?;
    Ok(())
}

/// Notes other ids of cases: (id, case).
pub async fn add_case_aliases(tx: &Tx, key: SurveyKey, all: &[(CaseId, CaseId)]) -> Result<(), Error> {
    if all.iter().all(|(id, case)| id == case) {
        return Ok(());
    }
    let (ids, cases) = (column!(all, a => a.0), column!(all, a => a.1));
    tx.execute(&ADD_CASE_ALIASES, &[&key.district, &key.no, ids, cases]).await?;
    Ok(())
}

impl Store {
    /// The case an id from outside stands for.
    pub async fn case_named(&self, key: SurveyKey, id: CaseId) -> Result<Option<CaseRow>, Error> {
        self.reading("case_named", move |tx| {
            Box::pin(async move {
                let id = resolved(tx, key, id).await?;
                Ok::<_, Error>(find_cases(tx, key, &[id]).await?.pop())
            })
        })
        .await
    }

    /// What else is known of a door: its other writings, the latest first, and the name of its building.
    pub async fn writings(
        &self,
        key: SurveyKey,
        door: Uuid,
        building: Uuid,
    ) -> Result<(Vec<OtherWriting>, Option<String>), Error> {
        self.reading("writings", move |tx| {
            Box::pin(async move {
                let rows = tx.query(&OTHER_WRITINGS, &[&key.district, &key.no, &door]).await?;
                let name = tx.query_opt(&BUILDING_NAME, &[&key.district, &key.no, &building]).await?;
                let writing = |r: &tokio_postgres::Row| OtherWriting {
                    area: r.get("area"),
                    building: r.get("building"),
                    unit: r.get("unit"),
                    room: r.get("room"),
                };
                Ok::<_, Error>((
                    rows.iter().map(writing).collect(),
                    name.and_then(|r| r.get::<_, Option<String>>(0)),
                ))
            })
        })
        .await
    }
}
