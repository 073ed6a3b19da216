//! Completion counters: deltas appended by transactions, folded by one job, read together; past instants from the case rows.

use jiff::Timestamp;
use uuid::Uuid;

use super::tx::{Error, Outcome, Tx, statements};
use super::{Store, SurveyKey};
use crate::domain::{AreaRange, State};

/// Whether a measure counts cases in one of the states $5: it is a cell, of which the lowest four bits are the state
/// (`domain::rates::Cell::code`).
macro_rules! is_in_states {
    ($measure:literal) => {
        concat!($measure, " >= 0 and ", $measure, " & 15 = any($5::smallint[])")
    };
}
pub(super) use is_in_states;

statements! {
    /// $1 district, $2 survey, $3 areas, $4 buildings, $5 holders, $6 measures, $7 amounts (array literals as text).
    APPEND_DELTAS = "-- append_deltas
        insert into completion_delta (district_id, survey_no, area, building_id, holder, measure, amount)
        select $1, $2, u.area, u.building_id, u.holder, u.measure::integer[], u.amount::integer[]
        from unnest($3::text[], $4::uuid[], $5::text[], $6::text[], $7::text[]) as u (area, building_id, holder, measure, amount)";
    /// $1 lock number.
    TRY_FOLD_LOCK = "-- try_fold_lock
        select pg_try_advisory_xact_lock($1) as got";
    /// $1 lock number. Waits.
    FOLD_LOCK = "-- fold_lock
        select pg_advisory_xact_lock($1)";
    /// $1 district, $2 survey, $3 most rows. Returns how many deltas were folded. They are deleted by a bound of their numbers: by a list
    /// of them, each would be compared with each on a table without statistics, as after set-up.
    FOLD = "-- fold_deltas
        with recursive gone as (
            delete from completion_delta where district_id = $1 and survey_no = $2 and id <= (
                select max(id) from (
                    select id from completion_delta where district_id = $1 and survey_no = $2 order by id limit $3) as first)
            returning area, building_id, holder, measure, amount),
        flat as (
            select g.area, g.building_id, g.holder, m.measure, sum(m.amount)::bigint as amount
            from gone g cross join lateral unnest(g.measure, g.amount) as m (measure, amount)
            group by 1, 2, 3, 4 having sum(m.amount) <> 0),
        up (leaf, code) as (
            select distinct area, area from flat
            union all
            select up.leaf, a.parent from up
            join area a on a.district_id = $1 and a.survey_no = $2 and a.code = up.code where a.parent is not null),
        detail as (
            insert into completion_detail as t (district_id, survey_no, area, building_id, holder, measure, amount)
            select $1, $2, area, building_id, holder, measure, amount from flat order by 3, 4, 5, 6
            on conflict on constraint completion_detail_pk do update set amount = t.amount + excluded.amount),
        areas as (
            insert into completion_area as t (district_id, survey_no, area, measure, amount)
            select $1, $2, up.code, f.measure, sum(f.amount)
            from flat f join up on up.leaf = f.area
            group by up.code, f.measure having sum(f.amount) <> 0 order by up.code, f.measure
            on conflict on constraint completion_area_pk do update set amount = t.amount + excluded.amount)
        select count(*) as n from gone";
    /// $1 district, $2 survey. Rebuilds the counters of all areas from the detail; for a changed tree.
    REBUILD_AREAS = "-- rebuild_areas
        with gone as (delete from completion_area where district_id = $1 and survey_no = $2)
        select 1 as done";
    /// $1 district, $2 survey.
    FILL_AREAS = "-- fill_areas
        with recursive up (leaf, code) as (
            select code, code from area where district_id = $1 and survey_no = $2
            union all
            select up.leaf, a.parent from up
            join area a on a.district_id = $1 and a.survey_no = $2 and a.code = up.code where a.parent is not null)
        insert into completion_area (district_id, survey_no, area, measure, amount)
        select $1, $2, up.code, d.measure, sum(d.amount)
        from completion_detail d join up on up.leaf = d.area
        where d.district_id = $1 and d.survey_no = $2
        group by up.code, d.measure";
    /// $1 district, $2 survey, $3 area. The area itself and its children.
    BY_AREA = "-- completion_by_area
        with scope as (
            select code, lo, hi from area where district_id = $1 and survey_no = $2 and (code = $3 or parent = $3)),
        counted as (
            select c.area as code, c.measure, c.amount from completion_area c
            where c.district_id = $1 and c.survey_no = $2 and c.area in (select code from scope)
            union all
            select s.code, m.measure, m.amount::bigint from completion_delta x
            join area leaf on leaf.district_id = x.district_id and leaf.survey_no = x.survey_no and leaf.code = x.area
            join scope s on leaf.lo between s.lo and s.hi
            cross join lateral unnest(x.measure, x.amount) as m (measure, amount)
            where x.district_id = $1 and x.survey_no = $2)
        select code, measure, sum(amount)::bigint as amount from counted group by code, measure having sum(amount) <> 0";
    /// $1 district, $2 survey, $3 lo, $4 hi.
    BY_BUILDING = "-- completion_by_building
        with counted as (
            select c.building_id as code, c.measure, c.amount from completion_detail c
            join area a on a.district_id = c.district_id and a.survey_no = c.survey_no and a.code = c.area
            where c.district_id = $1 and c.survey_no = $2 and a.lo between $3 and $4
            union all
            select x.building_id, m.measure, m.amount::bigint from completion_delta x
            join area a on a.district_id = x.district_id and a.survey_no = x.survey_no and a.code = x.area
            cross join lateral unnest(x.measure, x.amount) as m (measure, amount)
            where x.district_id = $1 and x.survey_no = $2 and a.lo between $3 and $4)
        select code::text as code, measure, sum(amount)::bigint as amount from counted group by 1, 2 having sum(amount) <> 0";
    /// $1 district, $2 survey, $3 lo, $4 hi.
    BY_HOLDER = "-- completion_by_holder
        with counted as (
            select c.holder as code, c.measure, c.amount from completion_detail c
            join area a on a.district_id = c.district_id and a.survey_no = c.survey_no and a.code = c.area
            where c.district_id = $1 and c.survey_no = $2 and a.lo between $3 and $4
            union all
            select x.holder, m.measure, m.amount::bigint from completion_delta x
            join area a on a.district_id = x.district_id and a.survey_no = x.survey_no and a.code = x.area
            cross join lateral unnest(x.measure, x.amount) as m (measure, amount)
            where x.district_id = $1 and x.survey_no = $2 and a.lo between $3 and $4)
        select code, measure, sum(amount)::bigint as amount from counted group by 1, 2 having sum(amount) <> 0";
    /// $1 district, $2 survey, $3 lo, $4 hi, $5 microseconds, $6 what the rows are (1 areas, 2 buildings, 3 holders), $7 the
    /// children's numbers, ascending. One row per code and cell; the code of an area is its place among the children.
    AT_EVENT = "-- completion_at_event
        with past as (
            select case $6::integer when 1 then width_bucket(c.area_no, $7::integer[])::text when 2 then c.building_id::text
                     else coalesce(c.holder, '') end as code,
                   c.event_cell as cells, c.event_persons as persons, width_bucket($5::bigint, c.event_at) as k
            from survey_case c where c.district_id = $1 and c.survey_no = $2 and c.area_no between $3 and $4)
        select code, cells[k] as cell, count(*) as n,
               array[sum(persons[7*k-6]), sum(persons[7*k-5]), sum(persons[7*k-4]), sum(persons[7*k-3]),
                     sum(persons[7*k-2]), sum(persons[7*k-1]), sum(persons[7*k])]::bigint[] as persons
        from past where k > 0 group by 1, 2";
    /// As above, by the clock of the server.
    AT_RECEIVED = "-- completion_at_received
        with past as (
            select case $6::integer when 1 then width_bucket(c.area_no, $7::integer[])::text when 2 then c.building_id::text
                     else coalesce(c.holder, '') end as code,
                   c.received_cell as cells, c.received_persons as persons, width_bucket($5::bigint, c.received_at) as k
            from survey_case c where c.district_id = $1 and c.survey_no = $2 and c.area_no between $3 and $4)
        select code, cells[k] as cell, count(*) as n,
               array[sum(persons[7*k-6]), sum(persons[7*k-5]), sum(persons[7*k-4]), sum(persons[7*k-3]),
                     sum(persons[7*k-2]), sum(persons[7*k-1]), sum(persons[7*k])]::bigint[] as persons
        from past where k > 0 group by 1, 2";
    /// $1 district, $2 survey, $3 lo, $4 hi, $5 ends of the days in microseconds, ascending. Changes per day and cell.
    DAYS_EVENT = "-- completion_days_event
        select width_bucket(s.at, $5::bigint[]) as day, s.cell, s.n, sum(1)::bigint as cases,
               array[sum(s.p1), sum(s.p2), sum(s.p3), sum(s.p4), sum(s.p5), sum(s.p6), sum(s.p7)]::bigint[] as persons
        from survey_case c
        cross join lateral (
            select c.event_at[i] as at, c.event_cell[i] as cell, 1 as n, c.event_persons[7*i-6] as p1, c.event_persons[7*i-5] as p2,
                   c.event_persons[7*i-4] as p3, c.event_persons[7*i-3] as p4, c.event_persons[7*i-2] as p5,
                   c.event_persons[7*i-1] as p6, c.event_persons[7*i] as p7
            from generate_subscripts(c.event_at, 1) i
            union all
            select c.event_at[i+1], c.event_cell[i], -1, c.event_persons[7*i-6], c.event_persons[7*i-5], c.event_persons[7*i-4],
                   c.event_persons[7*i-3], c.event_persons[7*i-2], c.event_persons[7*i-1], c.event_persons[7*i]
            from generate_subscripts(c.event_at, 1) i where i < cardinality(c.event_at)) s
        where c.district_id = $1 and c.survey_no = $2 and c.area_no between $3 and $4
        group by 1, 2, 3";
    /// As above, by the clock of the server.
    DAYS_RECEIVED = "-- completion_days_received
        select width_bucket(s.at, $5::bigint[]) as day, s.cell, s.n, sum(1)::bigint as cases,
               array[sum(s.p1), sum(s.p2), sum(s.p3), sum(s.p4), sum(s.p5), sum(s.p6), sum(s.p7)]::bigint[] as persons
        from survey_case c
        cross join lateral (
            select c.received_at[i] as at, c.received_cell[i] as cell, 1 as n, c.received_persons[7*i-6] as p1,
                   c.received_persons[7*i-5] as p2, c.received_persons[7*i-4] as p3, c.received_persons[7*i-3] as p4,
                   c.received_persons[7*i-2] as p5, c.received_persons[7*i-1] as p6, c.received_persons[7*i] as p7
            from generate_subscripts(c.received_at, 1) i
            union all
            select c.received_at[i+1], c.received_cell[i], -1, c.received_persons[7*i-6], c.received_persons[7*i-5],
                   c.received_persons[7*i-4], c.received_persons[7*i-3], c.received_persons[7*i-2], c.received_persons[7*i-1],
                   c.received_persons[7*i]
            from generate_subscripts(c.received_at, 1) i where i < cardinality(c.received_at)) s
        where c.district_id = $1 and c.survey_no = $2 and c.area_no between $3 and $4
        group by 1, 2, 3";
    /// $1 district, $2 survey, $3 the state of completed cases. What the counters should be, counted afresh.
    RECOUNT = "-- recount
        with fresh as (
            select c.area, c.building_id, coalesce(c.holder, '') as holder, m.measure, sum(m.amount)::bigint as amount
            from survey_case c
            cross join lateral (select c.cell as measure, 1 as amount
                                union all
                                select -i, c.persons[i] from generate_subscripts(c.persons, 1) i
                                union all
                                select -20 - b, 1 from generate_series(0, 7) b
                                where c.forms_done <> 0 and (c.forms_done >> b) & 1 = 1 and c.state = $3) m
            where c.district_id = $1 and c.survey_no = $2 group by 1, 2, 3, 4 having sum(m.amount) <> 0),
        counted as (
            select area, building_id, holder, measure, sum(amount)::bigint as amount from (
                select area, building_id, holder, measure, amount from completion_detail
                where district_id = $1 and survey_no = $2
                union all
                select x.area, x.building_id, x.holder, m.measure, m.amount from completion_delta x
                cross join lateral unnest(x.measure, x.amount) as m (measure, amount)
                where x.district_id = $1 and x.survey_no = $2) t
            group by 1, 2, 3, 4 having sum(amount) <> 0)
        select coalesce(f.area, c.area) as area, coalesce(f.building_id, c.building_id) as building_id,
               coalesce(f.holder, c.holder) as holder, coalesce(f.measure, c.measure) as measure,
               coalesce(f.amount, 0) - coalesce(c.amount, 0) as missing
        from fresh f full join counted c
          on c.area = f.area and c.building_id = f.building_id and c.holder = f.holder and c.measure = f.measure
        where coalesce(f.amount, 0) <> coalesce(c.amount, 0)";
    /// $1 district, $2 survey, $3 building ids. Names of buildings.
    BUILDINGS = "-- buildings
        select id, area, building, name, lon, lat from building
        where district_id = $1 and survey_no = $2 and id = any($3)";
}

/// Changes of the counters of one area, building and holder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Delta {
    /// Leaf area.
    pub area: String,
    /// Building.
    pub building: Uuid,
    /// Holder, empty for nobody.
    pub holder: String,
    /// Measures and how much each changed.
    pub changes: Vec<(i32, i32)>,
}

/// One counter of one row: code of the row, measure, amount.
pub type Counter = (String, i32, i64);

/// Which clock a past instant is told by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// When the server knew.
    Received,
    /// When it happened.
    Event,
}

/// What the rows of an answer stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rows {
    /// The children of the area, and the cases directly on it.
    Areas,
    /// Buildings.
    Buildings,
    /// Holders.
    Holders,
}

/// A past group: its row, cell, cases, seven person figures.
#[derive(Clone, Debug)]
pub struct PastGroup {
    /// Place of the child among `children` from 1 (0: the area itself), building id, or holder (empty for nobody).
    pub code: String,
    /// Cell.
    pub cell: i32,
    /// Cases.
    pub cases: i64,
    /// Person figures.
    pub persons: Vec<Option<i64>>,
}

/// Appends deltas; groups without a change are left out.
pub async fn append_deltas(tx: &Tx, key: SurveyKey, deltas: &[Delta]) -> Result<(), Error> {
    let kept: Vec<&Delta> = deltas.iter().filter(|d| d.changes.iter().any(|c| c.1 != 0)).collect();
    if kept.is_empty() {
        return Ok(());
    }
    let areas: Vec<&str> = kept.iter().map(|d| d.area.as_str()).collect();
    let buildings: Vec<Uuid> = kept.iter().map(|d| d.building).collect();
    let holders: Vec<&str> = kept.iter().map(|d| d.holder.as_str()).collect();
    let live = |d: &Delta| d.changes.iter().filter(|c| c.1 != 0).copied().collect::<Vec<_>>();
    let measures: Vec<String> =
        kept.iter().map(|d| array_text(live(d).iter().map(|c| i64::from(c.0)))).collect();
    let amounts: Vec<String> =
        kept.iter().map(|d| array_text(live(d).iter().map(|c| i64::from(c.1)))).collect();
    tx.execute(&APPEND_DELTAS, &[&key.district, &key.no, &areas, &buildings, &holders, &measures, &amounts])
        .await?;
    Ok(())
}

/// A PostgreSQL array literal of numbers.
pub(super) fn array_text(numbers: impl Iterator<Item = i64>) -> String {
    let inner: Vec<String> = numbers.map(|n| n.to_string()).collect();
    format!("{{{}}}", inner.join(","))
}

/// Rebuilds the counters of all areas from the detail (the tree of areas has changed). The caller holds the fold lock.
pub async fn rebuild_areas(tx: &Tx, key: SurveyKey) -> Result<(), Error> {
    tx.query(&REBUILD_AREAS, &[&key.district, &key.no]).await?;
    tx.execute(&FILL_AREAS, &[&key.district, &key.no]).await?;
    Ok(())
}

/// Waits until no other process folds deltas; held to the end of the transaction.
pub async fn lock_fold(tx: &Tx, key: SurveyKey) -> Result<(), Error> {
    tx.query(&FOLD_LOCK, &[&fold_lock(key)]).await?;
    Ok(())
}

/// The advisory lock under which deltas are folded.
pub fn fold_lock(key: SurveyKey) -> i64 {
    0x0d00_0000_0000_0000 | (i64::from(key.district) << 20) | i64::from(key.no)
}

fn past_groups(rows: &[tokio_postgres::Row]) -> Vec<PastGroup> {
    rows.iter()
        .map(|r| PastGroup {
            code: r.get("code"),
            cell: r.get("cell"),
            cases: r.get("n"),
            persons: r.get("persons"),
        })
        .collect()
}

impl Store {
    /// Folds up to `most` deltas of a survey into its counters; `None` when another process is at it.
    pub async fn fold_deltas(&self, key: SurveyKey, most: i64) -> Result<Option<i64>, Error> {
        self.retrying("fold_deltas", move |tx| {
            Box::pin(async move {
                let got: bool = tx.query_one(&TRY_FOLD_LOCK, &[&fold_lock(key)]).await?.get("got");
                if !got {
                    return Ok(Outcome::Rollback(None));
                }
                let n: i64 = tx.query_one(&FOLD, &[&key.district, &key.no, &most]).await?.get("n");
                Ok::<_, Error>(Outcome::Commit(Some(n)))
            })
        })
        .await
    }

    /// Counters now. With [`Rows::Areas`] the rows are the area itself and its children (all subtrees whole).
    pub async fn counters(
        &self,
        key: SurveyKey,
        rows: Rows,
        area: &str,
        range: AreaRange,
    ) -> Result<Vec<Counter>, Error> {
        let area = area.to_owned();
        self.reading("counters", move |tx| {
            let area = area.clone();
            Box::pin(async move {
                let got = match rows {
                    Rows::Areas => tx.query(&BY_AREA, &[&key.district, &key.no, &area]).await?,
                    Rows::Buildings => {
                        tx.query(&BY_BUILDING, &[&key.district, &key.no, &range.lo, &range.hi]).await?
                    }
                    Rows::Holders => {
                        tx.query(&BY_HOLDER, &[&key.district, &key.no, &range.lo, &range.hi]).await?
                    }
                };
                Ok::<_, Error>(
                    got.iter().map(|r| (r.get("code"), r.get("measure"), r.get("amount"))).collect(),
                )
            })
        })
        .await
    }

    /// What stood at a past instant, by either clock. `children` are the numbers of the area's children, ascending.
    pub async fn past(
        &self,
        key: SurveyKey,
        range: AreaRange,
        (rows, children): (Rows, &[i32]),
        (at, clock): (Timestamp, Clock),
    ) -> Result<Vec<PastGroup>, Error> {
        let (micros, children) = (at.as_microsecond(), children.to_vec());
        let what = match rows {
            Rows::Areas => 1_i32,
            Rows::Buildings => 2,
            Rows::Holders => 3,
        };
        let statement = match clock {
            Clock::Event => &AT_EVENT,
            Clock::Received => &AT_RECEIVED,
        };
        let rows = self
            .rows(statement, &[&key.district, &key.no, &range.lo, &range.hi, &micros, &what, &children])
            .await?;
        Ok(past_groups(&rows))
    }

    /// Changes by day: (day index into `ends`, cell, cases gained or lost, person figures gained or lost).
    pub async fn days(
        &self,
        key: SurveyKey,
        range: AreaRange,
        ends: &[Timestamp],
        clock: Clock,
    ) -> Result<Vec<(usize, i32, i64, Vec<i64>)>, Error> {
        let micros: Vec<i64> = ends.iter().map(|t| t.as_microsecond()).collect();
        let statement = match clock {
            Clock::Event => &DAYS_EVENT,
            Clock::Received => &DAYS_RECEIVED,
        };
        let rows = self.rows(statement, &[&key.district, &key.no, &range.lo, &range.hi, &micros]).await?;
        Ok(rows.iter().map(day_change).collect())
    }

    /// Differences between a fresh count and the counters: (area, measure, missing). Empty when all is well.
    pub async fn recount(&self, key: SurveyKey) -> Result<Vec<(String, i32, i64)>, Error> {
        let rows = self.rows(&RECOUNT, &[&key.district, &key.no, &State::Completed]).await?;
        Ok(rows.iter().map(|r| (r.get("area"), r.get("measure"), r.get("missing"))).collect())
    }

    /// Names and places of buildings.
    pub async fn buildings(&self, key: SurveyKey, ids: &[Uuid]) -> Result<Vec<BuildingRow>, Error> {
        let rows = self.rows(&BUILDINGS, &[&key.district, &key.no, &ids]).await?;
        Ok(rows
            .iter()
            .map(|r| BuildingRow {
                id: r.get("id"),
                area: r.get("area"),
                building: r.get("building"),
                name: r.get("name"),
                position: r.get::<_, Option<f64>>("lon").zip(r.get("lat")),
            })
            .collect())
    }
}

fn day_change(r: &tokio_postgres::Row) -> (usize, i32, i64, Vec<i64>) {
    let sign = i64::from(r.get::<_, i32>("n"));
    let persons: Vec<Option<i64>> = r.get("persons");
    let day = usize::try_from(r.get::<_, i32>("day")).unwrap_or_default();
    (
        day,
        r.get("cell"),
        sign * r.get::<_, i64>("cases"),
        persons.into_iter().map(|p| sign * p.unwrap_or_default()).collect(),
    )
}

/// A building by name.
#[derive(Clone, Debug)]
pub struct BuildingRow {
    /// Its id.
    pub id: Uuid,
    /// Area code.
    pub area: String,
    /// Number as written.
    pub building: String,
    /// Longer name.
    pub name: Option<String>,
    /// Longitude and latitude, WGS-84.
    pub position: Option<(f64, f64)>,
}
