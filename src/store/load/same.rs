//! Which doors the rows of a list are: by the office's number, by a key the door has or had, by looks. Here stands only what is
//! read and written for that; `ingest` decides. After it every row of `incoming` has the id of its door.

use jiff::Timestamp;
use tokio_postgres::Row;
use uuid::Uuid;

use crate::domain::{CaseId, State};
use crate::store::SurveyKey;
use crate::store::tx::{Error, Param, Tx, statements};
use crate::store::wire::column;

statements! {
    /// $1 district, $2 survey. Ids of doors by every key they have had, for doors that have had several.
    DOOR_ALIASES = "-- door_aliases
        select id, dwelling_id, case_id from door_alias where district_id = $1 and survey_no = $2";
    /// $1 district, $2 survey. Rows whose number is that of another door than the one at their address. It is taken when that
    /// door is listed or known there, and claimed when another row has the address of the number's door.
    NUMBERS_ELSEWHERE = "-- numbers_elsewhere
        select i.written_id, d.id as door, i.external_id, i.area, i.building, i.unit, i.floor, i.room,
               d.area as old_area, d.building as old_building, d.unit as old_unit, d.floor as old_floor, d.room as old_room,
               b.id is not null as is_taken,
               exists (select 1 from incoming p where p.id = d.id and p.door_key = d.door_key) as is_claimed
        from incoming i
        join dwelling d on d.district_id = $1 and d.survey_no = $2 and d.external_id = i.external_id and d.id <> i.id
        left join dwelling b on b.district_id = $1 and b.survey_no = $2 and b.id = i.id and b.door_key = i.door_key
        order by i.door_key";
    /// $1 district, $2 survey. Rows that are one door with another row, and rows at an earlier address of a door with another number.
    DOUBTFUL_ROWS = "-- doubtful_rows
        with twice as (select id from incoming group by id having count(*) > 1)
        select i.written_id, i.id, i.external_id, i.door_key, t.id is not null as is_twice, coalesce(d.door_key = i.door_key, false) as is_current,
               s.written_id is not null as is_chosen
        from incoming i
        left join twice t on t.id = i.id
        left join dwelling d on d.district_id = $1 and d.survey_no = $2 and d.id = i.id
        left join same_door s on s.written_id = i.written_id
        where t.id is not null or (s.written_id is null and d.door_key <> i.door_key and d.external_id <> i.external_id)
        order by i.id, i.door_key";
    /// $1 district, $2 survey. Rows that are no door yet.
    NEW_ROWS = "-- new_rows
        select i.written_id as id, i.area, i.building, i.unit, i.floor, i.room, i.external_id is not null as has_number
        from incoming i where not exists (
            select 1 from dwelling d where d.district_id = $1 and d.survey_no = $2 and d.id = i.id) order by i.door_key";
    /// $1 district, $2 survey. Doors, listed or found, that no row is.
    ROWLESS_DOORS = "-- rowless_doors
        select d.id, d.area, d.building, d.unit, d.floor, d.room, d.external_id is not null as has_number
        from dwelling d where d.district_id = $1 and d.survey_no = $2 and not exists (
            select 1 from incoming i where i.id = d.id) order by d.door_key";
    /// $1 ids of rows, $2 doors, $3 their first cases.
    CHOOSE = "-- choose_doors
        insert into same_door (written_id, id, case_id) select * from unnest($1::uuid[], $2::uuid[], $3::uuid[])";
    /// Gives rows the door chosen for them.
    APPLY = "-- apply_chosen_doors
        update incoming i set id = s.id, case_id = s.case_id from same_door s where i.written_id = s.written_id and i.id <> s.id";
    /// $1 district, $2 survey. A number that a row gives to a door is taken from the door that has it.
    FREE_NUMBERS = "-- free_numbers
        update dwelling d set external_id = null from incoming i
        where d.district_id = $1 and d.survey_no = $2 and d.external_id = i.external_id and d.id <> i.id";
    /// $1 district, $2 survey, $3 now. The present key of each door that gets another one.
    KEEP_KEYS = "-- keep_door_keys
        insert into door_alias (district_id, survey_no, id, dwelling_id, case_id, door_key, area, building, unit, room, made_at)
        select $1, $2, d.id, d.id, s.case_id, d.door_key, d.area, d.building, d.unit, d.room, $3
        from same_door s join dwelling d on d.district_id = $1 and d.survey_no = $2 and d.id = s.id
        where not exists (select 1 from door_alias a where a.district_id = $1 and a.survey_no = $2 and a.dwelling_id = d.id)
        order by d.id on conflict on constraint door_alias_pk do nothing";
    /// $1 district, $2 survey, $3 now. The key it gets; a key leads to one door.
    ADD_KEYS = "-- add_door_keys
        insert into door_alias (district_id, survey_no, id, dwelling_id, case_id, door_key, area, building, unit, room, made_at)
        select $1, $2, i.written_id, i.id, i.case_id, i.door_key, i.area, i.building, i.unit, i.room, $3
        from same_door s join incoming i on i.written_id = s.written_id
        order by i.written_id on conflict on constraint door_alias_pk do update set dwelling_id = excluded.dwelling_id,
            case_id = excluded.case_id, area = excluded.area, building = excluded.building, unit = excluded.unit, room = excluded.room";
    /// $1 district, $2 survey. The case ids computed from these keys. What is a case stands for itself.
    ADD_CASE_KEYS = "-- add_case_keys
        insert into case_alias (district_id, survey_no, id, case_id)
        select $1, $2, i.written_case, i.case_id from same_door s join incoming i on i.written_id = s.written_id
        where i.written_case <> i.case_id and not exists (
            select 1 from survey_case c where c.district_id = $1 and c.survey_no = $2 and c.id = i.written_case)
        order by i.written_case on conflict on constraint case_alias_pk do update set case_id = excluded.case_id";
    /// $1 district, $2 survey. Further households behind these doors.
    FURTHER_HOUSEHOLDS = "-- further_households
        select s.written_id, c.id, c.household from same_door s
        join survey_case c on c.district_id = $1 and c.survey_no = $2 and c.dwelling_id = s.id and c.household > 1";
    /// $1 district, $2 survey. Doors that come to stand in another building.
    FIND_MOVED = "-- find_moved_doors
        insert into moved_door (id, area, building_id)
        select i.id, i.area, i.building_id from incoming i
        join dwelling d on d.district_id = $1 and d.survey_no = $2 and d.id = i.id and d.building_id <> i.building_id";
    /// $1 district, $2 survey, $3 1 or -1, $4 the state of completed cases. Counts the cases of moved doors where they stand, or takes them out there.
    COUNT_MOVED = "-- count_moved_cases
        insert into completion_delta (district_id, survey_no, area, building_id, holder, measure, amount)
        select $1, $2, area, building_id, holder, array_agg(measure), array_agg(amount) from (
            select c.area, c.building_id, coalesce(c.holder, '') as holder, m.measure, ($3::integer * sum(m.amount))::integer as amount
            from survey_case c join moved_door v on v.id = c.dwelling_id
            cross join lateral (select c.cell as measure, 1 as amount
                                union all
                                select -i, c.persons[i] from generate_subscripts(c.persons, 1) i
                                union all
                                select -20 - b, 1 from generate_series(0, 7) b
                                where c.forms_done <> 0 and (c.forms_done >> b) & 1 = 1 and c.state = $4) m
            where c.district_id = $1 and c.survey_no = $2 group by 1, 2, 3, 4 having sum(m.amount) <> 0) t
        group by area, building_id, holder";
    /// $1 district, $2 survey.
    MOVE_CASES = "-- move_cases
        update survey_case c set area = v.area, area_no = a.lo, building_id = v.building_id
        from moved_door v join area a on a.district_id = $1 and a.survey_no = $2 and a.code = v.area
        where c.district_id = $1 and c.survey_no = $2 and c.dwelling_id = v.id";
    /// $1 district, $2 survey. Keys of doors that are gone.
    DROP_KEYS = "-- drop_door_keys
        delete from door_alias a using lost l
        where a.district_id = $1 and a.survey_no = $2 and a.dwelling_id = l.id and not exists (
            select 1 from dwelling d where d.district_id = $1 and d.survey_no = $2 and d.id = l.id)";
    /// $1 district, $2 survey, $3 cases that are gone.
    DROP_CASE_KEYS = "-- drop_case_keys
        delete from case_alias where district_id = $1 and survey_no = $2 and case_id = any($3)";
}

/// A door as written: in a row of the list, or as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// Id computed from the row's key, or of the stored door.
    pub id: Uuid,
    /// Area code.
    pub area: String,
    /// Building.
    pub building: String,
    /// Unit.
    pub unit: String,
    /// Storey.
    pub floor: Option<i32>,
    /// Room.
    pub room: String,
    /// Whether the office has a number for it.
    pub has_number: bool,
}

/// A row whose number is that of another door than its address.
#[derive(Clone, Debug)]
pub struct Elsewhere {
    /// The row.
    pub row: Written,
    /// The number.
    pub number: String,
    /// The door of that number.
    pub door: Written,
    /// Another door stands at the row's address.
    pub is_taken: bool,
    /// Another row has the address of the number's door.
    pub is_claimed: bool,
}

/// A row that cannot be the door it seems to be, or is one with another row.
#[derive(Clone, Debug)]
pub struct Doubtful {
    /// Id computed from the row's key.
    pub row: Uuid,
    /// The door it seems to be.
    pub door: Uuid,
    /// Its number.
    pub number: Option<String>,
    /// Its key.
    pub door_key: String,
    /// Another row seems to be the same door.
    pub is_twice: bool,
    /// The key is the one the door has now.
    pub is_current: bool,
    /// The door was chosen by its number.
    pub is_chosen: bool,
}

/// A row, its door and the door's first case.
pub type Chosen = (Uuid, Uuid, CaseId);

/// A row and a further household's case behind its door, with its number.
pub type Further = (Uuid, CaseId, i32);

fn written(r: &Row, id: &str, prefix: &str) -> Written {
    let name = |part: &str| format!("{prefix}{part}");
    Written {
        id: r.get(id),
        area: r.get(name("area").as_str()),
        building: r.get(name("building").as_str()),
        unit: r.get(name("unit").as_str()),
        floor: r.get(name("floor").as_str()),
        room: r.get(name("room").as_str()),
        has_number: r.try_get("has_number").unwrap_or(true),
    }
}

/// Doors by every key they have had: (id computed from the key, door, its first case).
pub async fn door_aliases(tx: &Tx, key: SurveyKey) -> Result<Vec<Chosen>, Error> {
    let rows = tx.query(&DOOR_ALIASES, &[&key.district, &key.no]).await?;
    Ok(rows.iter().map(|r| (r.get(0), r.get(1), r.get(2))).collect())
}

/// Rows whose number is that of another door than the one at their address.
pub async fn numbers_elsewhere(tx: &Tx, key: SurveyKey) -> Result<Vec<Elsewhere>, Error> {
    let rows = tx.query(&NUMBERS_ELSEWHERE, &[&key.district, &key.no]).await?;
    Ok(rows
        .iter()
        .map(|r| Elsewhere {
            row: written(r, "written_id", ""),
            number: r.get("external_id"),
            door: written(r, "door", "old_"),
            is_taken: r.get("is_taken"),
            is_claimed: r.get("is_claimed"),
        })
        .collect())
}

/// Rows that are one door with another row, or at an earlier address of a door that has another number; those of one door follow
/// one another.
pub async fn doubtful_rows(tx: &Tx, key: SurveyKey) -> Result<Vec<Doubtful>, Error> {
    let rows = tx.query(&DOUBTFUL_ROWS, &[&key.district, &key.no]).await?;
    Ok(rows
        .iter()
        .map(|r| Doubtful {
            row: r.get("written_id"),
            door: r.get("id"),
            number: r.get("external_id"),
            door_key: r.get("door_key"),
            is_twice: r.get("is_twice"),
            is_current: r.get("is_current"),
            is_chosen: r.get("is_chosen"),
        })
        .collect())
}

/// Rows that are no door yet, and doors that no row is; nothing where one of them is empty.
pub async fn unmatched(tx: &Tx, key: SurveyKey) -> Result<(Vec<Written>, Vec<Written>), Error> {
    let all = |rows: Vec<Row>| rows.iter().map(|r| written(r, "id", "")).collect::<Vec<_>>();
    let rows = all(tx.query(&NEW_ROWS, &[&key.district, &key.no]).await?);
    if rows.is_empty() {
        return Ok((Vec::new(), Vec::new()));
    }
    Ok((rows, all(tx.query(&ROWLESS_DOORS, &[&key.district, &key.no]).await?)))
}

/// Makes rows the doors chosen for them.
pub async fn choose(tx: &Tx, all: &[Chosen]) -> Result<(), Error> {
    if all.is_empty() {
        return Ok(());
    }
    let params: [Param<'_>; 3] = [column!(all, c => c.0), column!(all, c => c.1), column!(all, c => c.2)];
    tx.execute(&CHOOSE, &params).await?;
    tx.batch("analyse_chosen", "analyse same_door").await?;
    tx.execute(&APPLY, &[]).await?;
    Ok(())
}

/// Takes numbers that rows give to a door from the doors that have them.
pub async fn free_numbers(tx: &Tx, key: SurveyKey) -> Result<(), Error> {
    tx.execute(&FREE_NUMBERS, &[&key.district, &key.no]).await?;
    Ok(())
}

/// Notes the keys that doors have and get; returns the further households behind them.
pub async fn note_keys(tx: &Tx, key: SurveyKey, now: Timestamp) -> Result<Vec<Further>, Error> {
    tx.execute(&KEEP_KEYS, &[&key.district, &key.no, &now]).await?;
    tx.execute(&ADD_KEYS, &[&key.district, &key.no, &now]).await?;
    tx.execute(&ADD_CASE_KEYS, &[&key.district, &key.no]).await?;
    let rows = tx.query(&FURTHER_HOUSEHOLDS, &[&key.district, &key.no]).await?;
    Ok(rows.iter().map(|r| (r.get(0), r.get(1), r.get(2))).collect())
}

/// Takes the cases of doors that come to stand in another building along, in the counters too.
pub async fn move_cases(tx: &Tx, key: SurveyKey) -> Result<(), Error> {
    if tx.execute(&FIND_MOVED, &[&key.district, &key.no]).await? == 0 {
        return Ok(());
    }
    tx.batch("analyse_moved", "analyse moved_door").await?;
    tx.execute(&COUNT_MOVED, &[&key.district, &key.no, &-1_i32, &State::Completed]).await?;
    tx.execute(&MOVE_CASES, &[&key.district, &key.no]).await?;
    tx.execute(&COUNT_MOVED, &[&key.district, &key.no, &1_i32, &State::Completed]).await?;
    Ok(())
}

/// Forgets the keys of doors that are gone with these cases.
pub async fn drop_keys(tx: &Tx, key: SurveyKey, cases: &[CaseId]) -> Result<(), Error> {
    tx.execute(&DROP_KEYS, &[&key.district, &key.no]).await?;
    tx.execute(&DROP_CASE_KEYS, &[&key.district, &key.no, &cases]).await?;
    Ok(())
}
