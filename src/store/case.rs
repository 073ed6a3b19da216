//! Cases: locking them for an upload, writing what the fold says, and the lists of doors.

use jiff::Timestamp;
use tokio_postgres::Row;
use uuid::Uuid;

use super::completion::array_text;
use super::tx::{Error, Tx, statements};
use super::{Store, SurveyKey};

statements! {
    /// $1 district, $2 survey, $3 case ids. Locks them in id order.
    LOCK_CASES = "-- lock_cases
        select c.id, c.dwelling_id, c.building_id, c.area, c.area_no, c.household, c.is_baseline, c.created_at, c.state, c.class, c.cell,
               c.persons, c.visits, c.interviews, c.decisions, c.absorbed, c.unmet, c.last_at, c.last_outcome, c.appointment_from,
               c.appointment_to, c.due_class, c.due_at, c.merged_into, c.holder, d.building, d.unit, d.floor, d.room, d.lon, d.lat,
               d.external_id
        from survey_case c
        join dwelling d on d.district_id = c.district_id and d.survey_no = c.survey_no and d.id = c.dwelling_id
        where c.district_id = $1 and c.survey_no = $2 and c.id = any($3) order by c.id for no key update of c";
    /// $1 district, $2 survey, $3 ids of dwelling records.
    ALIASES = "-- case_aliases
        select id, case_id from dwelling_record
        where district_id = $1 and survey_no = $2 and id = any($3) and status = 0 and case_id is not null";
    /// $1 district, $2 survey, $3 survivors.
    ABSORBED = "-- absorbed_cases
        select id, merged_into from survey_case where district_id = $1 and survey_no = $2 and merged_into = any($3)";
    /// Parallel arrays of CaseUpdate; $23 microseconds of now, $25 tag for the feed.
    UPDATE_CASES = "-- update_cases
        update survey_case c set state = u.state, class = u.class, cell = u.cell, persons = u.persons::integer[], visits = u.visits,
            interviews = u.interviews, decisions = u.decisions, unmet = u.unmet, last_at = u.last_at, last_outcome = u.last_outcome,
            appointment_from = u.appointment_from, appointment_to = u.appointment_to, due_class = u.due_class, due_at = u.due_at,
            merged_into = u.merged_into, event_at = u.event_at::bigint[], event_cell = u.event_cell::integer[],
            event_persons = u.event_persons::integer[], changed_tag = $25,
            received_at = case when u.recounted then
                c.received_at || greatest($23::bigint, c.received_at[cardinality(c.received_at)] + 1) else c.received_at end,
            received_cell = case when u.recounted then c.received_cell || u.cell else c.received_cell end,
            received_persons = case when u.recounted then c.received_persons || u.figures::integer[] else c.received_persons end
        from unnest($3::uuid[], $4::smallint[], $5::smallint[], $6::integer[], $7::text[], $8::integer[], $9::integer[], $10::integer[],
                    $11::smallint[], $12::timestamptz[], $13::smallint[], $14::timestamptz[], $15::timestamptz[], $16::smallint[],
                    $17::timestamptz[], $18::uuid[], $19::text[], $20::text[], $21::text[], $22::text[], $24::boolean[])
          as u (id, state, class, cell, persons, visits, interviews, decisions, unmet, last_at, last_outcome, appointment_from,
                appointment_to, due_class, due_at, merged_into, event_at, event_cell, event_persons, figures, recounted)
        where c.district_id = $1 and c.survey_no = $2 and c.id = u.id";
    /// $1 district, $2 survey, $3 lo, $4 hi, $5 states or null, $6 after area, $7 after id, $8 limit.
    LIST_CASES = "-- list_cases
        select c.id, c.dwelling_id, c.building_id, c.area, c.area_no, c.household, c.is_baseline, c.created_at, c.state, c.class, c.cell,
               c.persons, c.visits, c.interviews, c.decisions, c.absorbed, c.unmet, c.last_at, c.last_outcome, c.appointment_from,
               c.appointment_to, c.due_class, c.due_at, c.merged_into, c.holder, d.building, d.unit, d.floor, d.room, d.lon, d.lat,
               d.external_id
        from survey_case c
        join dwelling d on d.district_id = c.district_id and d.survey_no = c.survey_no and d.id = c.dwelling_id
        where c.district_id = $1 and c.survey_no = $2 and c.area_no between $3 and $4
          and ($5::smallint[] is null or c.state = any($5)) and (c.area_no, c.id) > ($6, $7)
        order by c.area_no, c.id limit $8";
    /// $1 district, $2 survey, $3 lo, $4 hi of the own area, $5 user, $6 states or null, $7 after id, $8 limit. Doors lent from outside.
    LIST_LENT = "-- list_lent_cases
        select c.id, c.dwelling_id, c.building_id, c.area, c.area_no, c.household, c.is_baseline, c.created_at, c.state, c.class, c.cell,
               c.persons, c.visits, c.interviews, c.decisions, c.absorbed, c.unmet, c.last_at, c.last_outcome, c.appointment_from,
               c.appointment_to, c.due_class, c.due_at, c.merged_into, c.holder, d.building, d.unit, d.floor, d.room, d.lon, d.lat,
               d.external_id
        from survey_case c
        join dwelling d on d.district_id = c.district_id and d.survey_no = c.survey_no and d.id = c.dwelling_id
        where c.district_id = $1 and c.survey_no = $2 and c.holder = $5 and not c.area_no between $3 and $4
          and exists (select 1 from assignment g where g.district_id = $1 and g.survey_no = $2 and g.case_id = c.id
                and g.enumerator = $5 and g.ended_at is null)
          and ($6::smallint[] is null or c.state = any($6)) and c.id > $7
        order by c.id limit $8";
    /// $1 district, $2 survey, $3 lo, $4 hi, $5 after class, $6 after time, $7 after id, $8 limit. Most urgent first.
    LIST_DUE = "-- list_due_cases
        select c.id, c.dwelling_id, c.building_id, c.area, c.area_no, c.household, c.is_baseline, c.created_at, c.state, c.class, c.cell,
               c.persons, c.visits, c.interviews, c.decisions, c.absorbed, c.unmet, c.last_at, c.last_outcome, c.appointment_from,
               c.appointment_to, c.due_class, c.due_at, c.merged_into, c.holder, d.building, d.unit, d.floor, d.room, d.lon, d.lat,
               d.external_id
        from survey_case c
        join dwelling d on d.district_id = c.district_id and d.survey_no = c.survey_no and d.id = c.dwelling_id
        where c.district_id = $1 and c.survey_no = $2 and c.due_class is not null and c.area_no between $3 and $4
          and (c.due_class, c.due_at, c.id) > ($5, $6, $7)
        order by c.due_class, c.due_at, c.id limit $8";
    /// $1 district, $2 survey, $3 ids.
    FIND_CASES = "-- find_cases
        select c.id, c.dwelling_id, c.building_id, c.area, c.area_no, c.household, c.is_baseline, c.created_at, c.state, c.class, c.cell,
               c.persons, c.visits, c.interviews, c.decisions, c.absorbed, c.unmet, c.last_at, c.last_outcome, c.appointment_from,
               c.appointment_to, c.due_class, c.due_at, c.merged_into, c.holder, d.building, d.unit, d.floor, d.room, d.lon, d.lat,
               d.external_id
        from survey_case c
        join dwelling d on d.district_id = c.district_id and d.survey_no = c.survey_no and d.id = c.dwelling_id
        where c.district_id = $1 and c.survey_no = $2 and c.id = any($3)";
    /// $1 district, $2 survey, $3 door ids. Goes by the building, which has an index; a door has none of its own.
    FIND_BY_DWELLING = "-- find_by_dwelling
        select c.id, c.dwelling_id, c.building_id, c.area, c.area_no, c.household, c.is_baseline, c.created_at, c.state, c.class, c.cell,
               c.persons, c.visits, c.interviews, c.decisions, c.absorbed, c.unmet, c.last_at, c.last_outcome, c.appointment_from,
               c.appointment_to, c.due_class, c.due_at, c.merged_into, c.holder, d.building, d.unit, d.floor, d.room, d.lon, d.lat,
               d.external_id
        from dwelling d
        join survey_case c on c.district_id = d.district_id and c.survey_no = d.survey_no and c.building_id = d.building_id
          and c.dwelling_id = d.id
        where d.district_id = $1 and d.survey_no = $2 and d.id = any($3)";
    /// $1 district, $2 survey, $3 lo, $4 hi, $5 most. Every case of an area, for planning.
    OPEN_CASES = "-- open_cases
        select c.id, c.dwelling_id, c.building_id, c.area, c.area_no, c.household, c.is_baseline, c.created_at, c.state, c.class, c.cell,
               c.persons, c.visits, c.interviews, c.decisions, c.absorbed, c.unmet, c.last_at, c.last_outcome, c.appointment_from,
               c.appointment_to, c.due_class, c.due_at, c.merged_into, c.holder, d.building, d.unit, d.floor, d.room, d.lon, d.lat,
               d.external_id
        from survey_case c
        join dwelling d on d.district_id = c.district_id and d.survey_no = c.survey_no and d.id = c.dwelling_id
        where c.district_id = $1 and c.survey_no = $2 and c.area_no between $3 and $4
        order by c.area_no, c.id limit $5";
    /// $1 district, $2 survey, $3 ids, $4 building ids, $5 areas, $6 buildings, $7 units, $8 floors, $9 rooms, $10 kinds,
    /// $11 lons, $12 lats, $13 door keys, $14 now. Doors found in the field.
    ADD_DWELLINGS = "-- add_found_dwellings
        insert into dwelling (district_id, survey_no, id, building_id, area, building, unit, floor, room, kind, lon, lat, door_key,
            is_listed, created_at)
        select $1, $2, u.*, false, $14 from unnest($3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::text[], $8::integer[], $9::text[],
            $10::text[], $11::float8[], $12::float8[], $13::text[])
          as u (id, building_id, area, building, unit, floor, room, kind, lon, lat, door_key)
        order by u.id on conflict on constraint dwelling_pk do nothing returning id";
    /// $1 district, $2 survey, $3 ids, $4 areas, $5 buildings, $6 lons, $7 lats.
    ADD_BUILDINGS = "-- add_found_buildings
        insert into building (district_id, survey_no, id, area, building, lon, lat)
        select $1, $2, u.* from unnest($3::uuid[], $4::text[], $5::text[], $6::float8[], $7::float8[]) as u (id, area, building, lon, lat)
        order by u.id on conflict on constraint building_pk do nothing";
    /// $1 district, $2 survey, $3 ids, $4 dwellings, $5 buildings, $6 areas, $7 area numbers, $8 households, $9 now, $10 state,
    /// $11 class, $12 cell, $13 unmet, $14 due class, $15 microseconds of now.
    ADD_CASES = "-- add_found_cases
        insert into survey_case (district_id, survey_no, id, dwelling_id, building_id, area, area_no, household, is_baseline, created_at,
            state, class, cell, persons, unmet, due_class, due_at, event_at, event_cell, event_persons, received_at, received_cell,
            received_persons)
        select $1, $2, u.*, false, $9, $10, $11, $12, '{}', $13, $14, $9, array[$15::bigint], array[$12::integer],
            array_fill(0, array[7]), array[$15::bigint], array[$12::integer], array_fill(0, array[7])
        from unnest($3::uuid[], $4::uuid[], $5::uuid[], $6::text[], $7::integer[], $8::integer[])
          as u (id, dwelling_id, building_id, area, area_no, household)
        order by u.id on conflict on constraint survey_case_pk do nothing returning id";
    /// $1 district, $2 survey, $3 lo, $4 hi, $5 building or null, $6 most. Cases that need a visit.
    OPEN_IDS = "-- open_case_ids
        select id from survey_case where district_id = $1 and survey_no = $2 and area_no between $3 and $4
          and ($5::uuid is null or building_id = $5) and due_class is not null order by id limit $6";
    /// $1 district, $2 survey, $3 ids of cases. Highest household number behind the same doors.
    SET_ABSORBED = "-- set_absorbed
        update survey_case c set absorbed = (select count(*) from survey_case l
            where l.district_id = c.district_id and l.survey_no = c.survey_no and l.merged_into = c.id)
        where c.district_id = $1 and c.survey_no = $2 and c.id = any($3)";
}

/// A case with its door, as stored.
#[derive(Clone, Debug)]
pub struct CaseRow {
    /// Case id.
    pub id: Uuid,
    /// The door.
    pub dwelling_id: Uuid,
    /// The building.
    pub building_id: Uuid,
    /// Area code.
    pub area: String,
    /// Nested-set number of the area.
    pub area_no: i32,
    /// 1 for the listed household.
    pub household: i32,
    /// Belongs to the frozen frame.
    pub is_baseline: bool,
    /// When it entered the workload.
    pub created_at: Timestamp,
    /// State number.
    pub state: i16,
    /// Class number.
    pub class: Option<i16>,
    /// Packed cell.
    pub cell: i32,
    /// Person figures, empty or seven.
    pub persons: Vec<i32>,
    /// Visits stored.
    pub visits: i32,
    /// Interview revisions stored.
    pub interviews: i32,
    /// Decisions taken.
    pub decisions: i32,
    /// Cases merged into it.
    pub absorbed: i32,
    /// Bits of effort missing.
    pub unmet: i16,
    /// Latest visit.
    pub last_at: Option<Timestamp>,
    /// Its outcome number.
    pub last_outcome: Option<i16>,
    /// Appointment not used up.
    pub appointment: Option<(Timestamp, Timestamp)>,
    /// Urgency order.
    pub due: Option<(i16, Timestamp)>,
    /// Surviving case.
    pub merged_into: Option<Uuid>,
    /// Who holds it.
    pub holder: Option<String>,
    /// Building as written.
    pub building: String,
    /// Unit as written.
    pub unit: String,
    /// Storey.
    pub floor: Option<i32>,
    /// Door number.
    pub room: String,
    /// Door's longitude and latitude.
    pub position: Option<(f64, f64)>,
    /// The office's own number.
    pub external_id: Option<String>,
}

impl CaseRow {
    /// Reads a row that holds the columns of the lists of doors.
    pub(super) fn of(r: &Row) -> Self {
        Self {
            id: r.get("id"),
            dwelling_id: r.get("dwelling_id"),
            building_id: r.get("building_id"),
            area: r.get("area"),
            area_no: r.get("area_no"),
            household: r.get("household"),
            is_baseline: r.get("is_baseline"),
            created_at: r.get("created_at"),
            state: r.get("state"),
            class: r.get("class"),
            cell: r.get("cell"),
            persons: r.get("persons"),
            visits: r.get("visits"),
            interviews: r.get("interviews"),
            decisions: r.get("decisions"),
            absorbed: r.get("absorbed"),
            unmet: r.get("unmet"),
            last_at: r.get("last_at"),
            last_outcome: r.get("last_outcome"),
            appointment: r.get::<_, Option<Timestamp>>("appointment_from").zip(r.get("appointment_to")),
            due: r.get::<_, Option<i16>>("due_class").zip(r.get("due_at")),
            merged_into: r.get("merged_into"),
            holder: r.get("holder"),
            building: r.get("building"),
            unit: r.get("unit"),
            floor: r.get("floor"),
            room: r.get("room"),
            position: r.get::<_, Option<f64>>("lon").zip(r.get("lat")),
            external_id: r.get("external_id"),
        }
    }
}

/// What the fold says about a case, to be written.
#[derive(Clone, Debug)]
pub struct CaseUpdate {
    /// The case.
    pub id: Uuid,
    /// State number.
    pub state: i16,
    /// Class number.
    pub class: Option<i16>,
    /// Packed cell.
    pub cell: i32,
    /// Person figures: empty or seven.
    pub persons: Vec<i32>,
    /// Visits stored.
    pub visits: i32,
    /// Interview revisions stored.
    pub interviews: i32,
    /// Decisions taken.
    pub decisions: i32,
    /// Bits of effort missing.
    pub unmet: i16,
    /// Latest visit.
    pub last: Option<(Timestamp, i16)>,
    /// Appointment not used up.
    pub appointment: Option<(Timestamp, Timestamp)>,
    /// Urgency order; `None` when no visit is due.
    pub due: Option<(i16, Timestamp)>,
    /// Surviving case.
    pub merged_into: Option<Uuid>,
    /// Event clock: (microseconds, cell, seven figures) in time order.
    pub history: Vec<(i64, i32, [i32; 7])>,
    /// The cell or the person figures differ from what was stored.
    pub recounted: Recounted,
}

/// Whether a fold changed what a case counts as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recounted {
    /// It did.
    Yes,
    /// It did not.
    No,
}

/// Locks cases in id order and returns them; ids that are no case of the survey are left out.
pub async fn lock_cases(tx: &Tx, key: SurveyKey, ids: &[Uuid]) -> Result<Vec<CaseRow>, Error> {
    let rows = tx.query(&LOCK_CASES, &[&key.district, &key.no, &ids]).await?;
    Ok(rows.iter().map(CaseRow::of).collect())
}

/// Case ids of accepted dwelling records.
pub async fn aliases(tx: &Tx, key: SurveyKey, ids: &[Uuid]) -> Result<Vec<(Uuid, Uuid)>, Error> {
    let rows = tx.query(&ALIASES, &[&key.district, &key.no, &ids]).await?;
    Ok(rows.iter().map(|r| (r.get(0), r.get(1))).collect())
}

/// The cases merged into these: (loser, survivor).
pub async fn absorbed(tx: &Tx, key: SurveyKey, survivors: &[Uuid]) -> Result<Vec<(Uuid, Uuid)>, Error> {
    let rows = tx.query(&ABSORBED, &[&key.district, &key.no, &survivors]).await?;
    Ok(rows.iter().map(|r| (r.get(0), r.get(1))).collect())
}

/// Writes what the fold says, and marks the cases as changed under `tag`. `now` stamps the received clock of those that
/// were recounted.
pub async fn update_cases(
    tx: &Tx,
    key: SurveyKey,
    (now, tag): (Timestamp, i64),
    all: &[CaseUpdate],
) -> Result<(), Error> {
    macro_rules! column {
        ($rows:expr, $row:ident => $value:expr) => {
            &$rows.iter().map(|$row| $value).collect::<Vec<_>>()
        };
    }
    let micros = now.as_microsecond();
    let figures = |p: &[i32]| array_text((0..7).map(|i| i64::from(p.get(i).copied().unwrap_or_default())));
    for v in all.chunks(1000) {
        tx.execute(
            &UPDATE_CASES,
            &[
                &key.district,
                &key.no,
                column!(v, r => r.id),
                column!(v, r => r.state),
                column!(v, r => r.class),
                column!(v, r => r.cell),
                column!(v, r => array_text(r.persons.iter().copied().map(i64::from))),
                column!(v, r => r.visits),
                column!(v, r => r.interviews),
                column!(v, r => r.decisions),
                column!(v, r => r.unmet),
                column!(v, r => r.last.map(|l| l.0)),
                column!(v, r => r.last.map(|l| l.1)),
                column!(v, r => r.appointment.map(|a| a.0)),
                column!(v, r => r.appointment.map(|a| a.1)),
                column!(v, r => r.due.map(|d| d.0)),
                column!(v, r => r.due.map(|d| d.1)),
                column!(v, r => r.merged_into),
                column!(v, r => array_text(r.history.iter().map(|h| h.0))),
                column!(v, r => array_text(r.history.iter().map(|h| i64::from(h.1)))),
                column!(v, r => array_text(r.history.iter().flat_map(|h| h.2).map(i64::from))),
                column!(v, r => figures(&r.persons)),
                &micros,
                column!(v, r => r.recounted == Recounted::Yes),
                &tag,
            ],
        )
        .await?;
    }
    Ok(())
}

/// A door found in the field, with the case it gets.
#[derive(Clone, Debug)]
pub struct FoundDoor {
    /// Door id.
    pub dwelling_id: Uuid,
    /// Building id.
    pub building_id: Uuid,
    /// Case id.
    pub case_id: Uuid,
    /// Household behind the door.
    pub household: i32,
    /// Area code.
    pub area: String,
    /// Nested-set number of the area.
    pub area_no: i32,
    /// Building as written.
    pub building: String,
    /// Unit as written.
    pub unit: String,
    /// Storey.
    pub floor: Option<i32>,
    /// Door number.
    pub room: String,
    /// Kind slug.
    pub kind: String,
    /// Longitude and latitude, WGS-84.
    pub position: Option<(f64, f64)>,
    /// Key of the door.
    pub door_key: String,
}

/// What every case without evidence looks like.
#[derive(Clone, Copy, Debug)]
pub struct BlankCase {
    /// State number of `new`.
    pub state: i16,
    /// Class number.
    pub class: Option<i16>,
    /// Packed cell.
    pub cell: i32,
    /// Bits of effort missing.
    pub unmet: i16,
    /// First part of the urgency order.
    pub due_class: i16,
}

/// Adds doors and cases found in the field; returns the ids of cases that were not there before.
pub async fn add_found(
    tx: &Tx,
    key: SurveyKey,
    now: Timestamp,
    blank: BlankCase,
    doors: &[FoundDoor],
) -> Result<Vec<Uuid>, Error> {
    macro_rules! column {
        ($row:ident => $value:expr) => {
            &doors.iter().map(|$row| $value).collect::<Vec<_>>()
        };
    }
    tx.execute(
        &ADD_BUILDINGS,
        &[
            &key.district,
            &key.no,
            column!(d => d.building_id),
            column!(d => d.area.as_str()),
            column!(d => d.building.as_str()),
            column!(d => d.position.map(|p| p.0)),
            column!(d => d.position.map(|p| p.1)),
        ],
    )
    .await?;
    tx.query(
        &ADD_DWELLINGS,
        &[
            &key.district,
            &key.no,
            column!(d => d.dwelling_id),
            column!(d => d.building_id),
            column!(d => d.area.as_str()),
            column!(d => d.building.as_str()),
            column!(d => d.unit.as_str()),
            column!(d => d.floor),
            column!(d => d.room.as_str()),
            column!(d => d.kind.as_str()),
            column!(d => d.position.map(|p| p.0)),
            column!(d => d.position.map(|p| p.1)),
            column!(d => d.door_key.as_str()),
            &now,
        ],
    )
    .await?;
    let rows = tx
        .query(
            &ADD_CASES,
            &[
                &key.district,
                &key.no,
                column!(d => d.case_id),
                column!(d => d.dwelling_id),
                column!(d => d.building_id),
                column!(d => d.area.as_str()),
                column!(d => d.area_no),
                column!(d => d.household),
                &now,
                &blank.state,
                &blank.class,
                &blank.cell,
                &blank.unmet,
                &blank.due_class,
                &now.as_microsecond(),
            ],
        )
        .await?;
    Ok(rows.iter().map(|r| r.get(0)).collect())
}

/// Counts again how many cases were merged into these.
pub async fn set_absorbed(tx: &Tx, key: SurveyKey, survivors: &[Uuid]) -> Result<(), Error> {
    tx.execute(&SET_ABSORBED, &[&key.district, &key.no, &survivors]).await?;
    Ok(())
}

/// Ids of cases that need a visit in a range of areas, or in one building of it.
pub async fn open_ids(
    tx: &Tx,
    key: SurveyKey,
    range: (i32, i32),
    building: Option<Uuid>,
    most: i64,
) -> Result<Vec<Uuid>, Error> {
    let rows = tx.query(&OPEN_IDS, &[&key.district, &key.no, &range.0, &range.1, &building, &most]).await?;
    Ok(rows.iter().map(|r| r.get(0)).collect())
}

/// Cases by id, without locking.
pub async fn find_cases(tx: &Tx, key: SurveyKey, ids: &[Uuid]) -> Result<Vec<CaseRow>, Error> {
    let rows = tx.query(&FIND_CASES, &[&key.district, &key.no, &ids]).await?;
    Ok(rows.iter().map(CaseRow::of).collect())
}

/// Cases of given doors, without locking.
pub async fn find_by_dwelling(tx: &Tx, key: SurveyKey, dwellings: &[Uuid]) -> Result<Vec<CaseRow>, Error> {
    let rows = tx.query(&FIND_BY_DWELLING, &[&key.district, &key.no, &dwellings]).await?;
    Ok(rows.iter().map(CaseRow::of).collect())
}

/// One page of the cases of a range of areas, by area and id.
pub async fn list_rows(
    tx: &Tx,
    key: SurveyKey,
    range: (i32, i32),
    states: &Option<Vec<i16>>,
    after: (i32, Uuid),
    limit: i64,
) -> Result<Vec<CaseRow>, Error> {
    let rows = tx
        .query(&LIST_CASES, &[&key.district, &key.no, &range.0, &range.1, states, &after.0, &after.1, &limit])
        .await?;
    Ok(rows.iter().map(CaseRow::of).collect())
}

/// One page of the doors lent to `user` from outside a range of areas, by id.
pub async fn list_lent_rows(
    tx: &Tx,
    key: SurveyKey,
    range: (i32, i32),
    user: &str,
    states: &Option<Vec<i16>>,
    after: Uuid,
    limit: i64,
) -> Result<Vec<CaseRow>, Error> {
    let rows = tx
        .query(&LIST_LENT, &[&key.district, &key.no, &range.0, &range.1, &user, states, &after, &limit])
        .await?;
    Ok(rows.iter().map(CaseRow::of).collect())
}

impl Store {
    /// Cases by id.
    pub async fn cases(&self, key: SurveyKey, ids: &[Uuid]) -> Result<Vec<CaseRow>, Error> {
        let ids = ids.to_vec();
        self.reading("cases", move |tx| {
            let ids = ids.clone();
            Box::pin(async move { find_cases(tx, key, &ids).await })
        })
        .await
    }

    /// One page of the cases of a range of areas, by area and id.
    pub async fn list_cases(
        &self,
        key: SurveyKey,
        range: (i32, i32),
        states: Option<Vec<i16>>,
        after: (i32, Uuid),
        limit: i64,
    ) -> Result<Vec<CaseRow>, Error> {
        self.reading("list_cases", move |tx| {
            let states = states.clone();
            Box::pin(async move { list_rows(tx, key, range, &states, after, limit).await })
        })
        .await
    }

    /// One page of the doors lent to `user` from outside a range of areas, by id.
    pub async fn list_lent(
        &self,
        key: SurveyKey,
        range: (i32, i32),
        user: &str,
        states: Option<Vec<i16>>,
        after: Uuid,
        limit: i64,
    ) -> Result<Vec<CaseRow>, Error> {
        let user = user.to_owned();
        self.reading("list_lent", move |tx| {
            let (user, states) = (user.clone(), states.clone());
            Box::pin(async move { list_lent_rows(tx, key, range, &user, &states, after, limit).await })
        })
        .await
    }

    /// One page of the doors that need another visit, most urgent first.
    pub async fn list_due(
        &self,
        key: SurveyKey,
        range: (i32, i32),
        after: (i16, Timestamp, Uuid),
        limit: i64,
    ) -> Result<Vec<CaseRow>, Error> {
        self.reading("list_due", move |tx| {
            Box::pin(async move {
                let rows = tx
                    .query(
                        &LIST_DUE,
                        &[&key.district, &key.no, &range.0, &range.1, &after.0, &after.1, &after.2, &limit],
                    )
                    .await?;
                Ok::<_, Error>(rows.iter().map(CaseRow::of).collect())
            })
        })
        .await
    }

    /// Every case of a range of areas, at most `most`, for planning.
    pub async fn area_cases(
        &self,
        key: SurveyKey,
        range: (i32, i32),
        most: i64,
    ) -> Result<Vec<CaseRow>, Error> {
        self.reading("area_cases", move |tx| {
            Box::pin(async move {
                let rows =
                    tx.query(&OPEN_CASES, &[&key.district, &key.no, &range.0, &range.1, &most]).await?;
                Ok::<_, Error>(rows.iter().map(CaseRow::of).collect())
            })
        })
        .await
    }
}
