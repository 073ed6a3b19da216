//! Reads that only the pages need: a building's doors, filtered lists, what alerts are made from. Counts nothing that the
//! completion counters count.

use jiff::Timestamp;
use uuid::Uuid;

use super::case::{Areas, CasePlace, CaseRow, Walk, range_of, room, select_cases};
use super::completion::is_in_states;
use super::tx::{Error, Param, statements};
use super::{Store, SurveyKey};
use crate::domain::{AreaRange, State};

statements! {
    /// $1 district, $2 survey, $3 building, $4 most. Every case of a building.
    BUILDING_DOORS = concat!("-- building_doors\n", select_cases!(), "
        where c.district_id = $1 and c.survey_no = $2 and c.building_id = $3 and c.area_no = (
            select a.lo from building b join area a on a.district_id = b.district_id and a.survey_no = b.survey_no and a.code = b.area
            where b.district_id = $1 and b.survey_no = $2 and b.id = $3)
        order by d.unit, d.floor, d.room, c.household limit $4");
    /// $1 district, $2 survey, $3 lo, $4 hi, $5 states or null, $6 building or null, $7 holder or null (empty: nobody),
    /// $8 unit or null, $9 areas or null, $10 after area, $11 after building, $12 after id, $13 limit.
    FILTERED_DOORS = concat!("-- filtered_doors\n", select_cases!(), "
        where c.district_id = $1 and c.survey_no = $2 and c.area_no between $3 and $4
          and ($5::smallint[] is null or c.state = any($5)) and ($6::uuid is null or c.building_id = $6)
          and ($7::text is null or coalesce(c.holder, '') = $7) and ($8::text is null or d.unit = $8)
          and ($9::integer[] is null or c.area_no = any($9)) and (c.area_no, c.building_id, c.id) > ($10, $11, $12)
        order by c.area_no, c.building_id, c.id limit $13");
    /// The same filters ($1 to $9), $10 most. How many doors, counted up to the limit.
    COUNT_DOORS = "-- count_filtered_doors
        select count(*) as n from (
            select 1 from survey_case c
            join dwelling d on d.district_id = c.district_id and d.survey_no = c.survey_no and d.id = c.dwelling_id
            where c.district_id = $1 and c.survey_no = $2 and c.area_no between $3 and $4
              and ($5::smallint[] is null or c.state = any($5)) and ($6::uuid is null or c.building_id = $6)
              and ($7::text is null or coalesce(c.holder, '') = $7) and ($8::text is null or d.unit = $8)
              and ($9::integer[] is null or c.area_no = any($9)) limit $10) t";
    /// $1 district, $2 survey, $3 lo, $4 hi of an area, $5 states. How many doors of its subtree are in these states, by the counters.
    COUNT_IN_STATES = concat!("-- count_in_states
        select coalesce(sum(amount), 0)::bigint as n from (
            select k.measure, k.amount from area a
            join completion_area k on k.district_id = a.district_id and k.survey_no = a.survey_no and k.area = a.code
            where a.district_id = $1 and a.survey_no = $2 and a.lo = $3 and a.hi = $4
            union all
            select m.measure, m.amount from completion_delta x
            join area a on a.district_id = x.district_id and a.survey_no = x.survey_no and a.code = x.area
            cross join lateral unnest(x.measure, x.amount) as m (measure, amount)
            where x.district_id = $1 and x.survey_no = $2 and a.lo between $3 and $4) t
        where ", is_in_states!("measure"));
    /// $1 district, $2 survey, $3 lo, $4 hi, $5 most. How many buildings, counted up to the limit.
    COUNT_BUILDINGS = "-- count_buildings
        select count(*) as n from (
            select 1 from area a
            join building b on b.district_id = a.district_id and b.survey_no = a.survey_no and b.area = a.code
              and exists (select 1 from survey_case c where c.district_id = a.district_id and c.survey_no = a.survey_no
                and c.area_no = a.lo and c.building_id = b.id)
            where a.district_id = $1 and a.survey_no = $2 and a.lo between $3 and $4 limit $5) t";
    /// $1 district, $2 survey, $3 lo, $4 hi, $5 the state refused. One row per building and unit.
    UNITS = "-- unit_activity
        select c.building_id, d.unit, count(*) as doors, count(*) filter (where c.due_class is not null) as open,
               count(*) filter (where c.state = $5) as refused, max(greatest(c.last_at, case when c.interviews > 0
                 then to_timestamp(c.event_at[cardinality(c.event_at)] / 1e6) end)) as last_at
        from survey_case c
        join dwelling d on d.district_id = c.district_id and d.survey_no = c.survey_no and d.id = c.dwelling_id
        where c.district_id = $1 and c.survey_no = $2 and c.area_no between $3 and $4 and c.merged_into is null
        group by 1, 2";
    /// $1 district, $2 survey, $3 lo, $4 hi, $5 before. Open doors whose lease ends before then, by enumerator.
    LEASES_ENDING = "-- leases_ending
        select g.enumerator, count(*) as doors, min(g.until) as first
        from assignment g
        join survey_case c on c.district_id = g.district_id and c.survey_no = g.survey_no and c.id = g.case_id
        where g.district_id = $1 and g.survey_no = $2 and g.ended_at is null and g.until < $5 and c.due_class is not null
          and c.area_no between $3 and $4
        group by g.enumerator order by 1";
    /// $1 district, $2 survey, $3 users. The first end of a lease among the open doors of each.
    FIRST_LEASE = "-- first_lease_end
        select g.enumerator, min(g.until) as first from assignment g
        where g.district_id = $1 and g.survey_no = $2 and g.enumerator = any($3) and g.ended_at is null group by 1";
}

/// Which doors a list shows.
#[derive(Clone, Debug, Default)]
pub struct DoorFilter {
    /// Where they stand.
    pub states: Option<Vec<State>>,
    /// One building.
    pub building: Option<Uuid>,
    /// One unit of it.
    pub unit: Option<String>,
    /// Who holds them; empty for nobody.
    pub holder: Option<String>,
}

impl DoorFilter {
    /// Where to look. A person's doors have an index, so the areas need not be asked for.
    fn walk(&self, range: AreaRange) -> Walk<'_> {
        let is_somebody = self.holder.as_deref().is_some_and(|name| !name.is_empty());
        Walk::new(range, self.states.as_deref().filter(|_| !is_somebody))
    }
}

/// What happened in one unit of a building.
#[derive(Clone, Debug)]
pub struct UnitActivity {
    /// The building.
    pub building: Uuid,
    /// The unit, empty where there is none.
    pub unit: String,
    /// Its doors.
    pub doors: i64,
    /// Doors that need a visit.
    pub open: i64,
    /// Doors that refused.
    pub refused: i64,
    /// The latest visit.
    pub last_at: Option<Timestamp>,
}

/// Leases of one enumerator that end soon.
#[derive(Clone, Debug)]
pub struct LeaseEnding {
    /// The enumerator.
    pub enumerator: String,
    /// Open doors.
    pub doors: i64,
    /// The first end.
    pub first: Timestamp,
}

impl Store {
    /// Every case of a building, at most `most`; the caller checks the reach of what comes back.
    pub async fn building_doors(
        &self,
        key: SurveyKey,
        building: Uuid,
        most: i64,
    ) -> Result<Vec<CaseRow>, Error> {
        let rows = self.rows(&BUILDING_DOORS, &[&key.district, &key.no, &building, &most]).await?;
        rows.iter().map(CaseRow::of).collect()
    }

    /// One page of the doors that a filter lets through, by area, building and id.
    pub async fn filtered_doors(
        &self,
        key: SurveyKey,
        range: AreaRange,
        filter: &DoorFilter,
        after: CasePlace,
        limit: i64,
    ) -> Result<Vec<CaseRow>, Error> {
        let filter = filter.clone();
        self.reading("filtered_doors", move |tx| {
            let f = filter.clone();
            Box::pin(async move {
                let range = range_of(tx, key, range, f.building).await?;
                let mut walk = f.walk(range.starting_at(after.area_no));
                let mut all = Vec::new();
                while room(limit, &all) > 0
                    && let Some(Areas { range, list }) = walk.next(tx, key).await?
                {
                    let rows = tx
                        .query(
                            &FILTERED_DOORS,
                            &[
                                &key.district,
                                &key.no,
                                &range.lo,
                                &range.hi,
                                &f.states,
                                &f.building,
                                &f.holder,
                                &f.unit,
                                &list,
                                &after.area_no,
                                &after.building,
                                &after.id,
                                &room(limit, &all),
                            ],
                        )
                        .await?;
                    for row in &rows {
                        all.push(CaseRow::of(row)?);
                    }
                }
                Ok::<_, Error>(all)
            })
        })
        .await
    }

    /// How many doors a filter lets through, counted up to `most`.
    pub async fn count_doors(
        &self,
        key: SurveyKey,
        range: AreaRange,
        filter: &DoorFilter,
        most: i64,
    ) -> Result<i64, Error> {
        let filter = filter.clone();
        self.reading("count_filtered_doors", move |tx| {
            let f = filter.clone();
            Box::pin(async move {
                let range = range_of(tx, key, range, f.building).await?;
                if let DoorFilter { states: Some(states), building: None, unit: None, holder: None } = &f {
                    let all = [&key.district as Param<'_>, &key.no, &range.lo, &range.hi, states];
                    let n: i64 = tx.query_one(&COUNT_IN_STATES, &all).await?.get("n");
                    return Ok(n.min(most));
                }
                let mut walk = f.walk(range);
                let mut n = 0;
                while n < most
                    && let Some(Areas { range, list }) = walk.next(tx, key).await?
                {
                    let row = tx
                        .query_one(
                            &COUNT_DOORS,
                            &[
                                &key.district,
                                &key.no,
                                &range.lo,
                                &range.hi,
                                &f.states,
                                &f.building,
                                &f.holder,
                                &f.unit,
                                &list,
                                &(most - n),
                            ],
                        )
                        .await?;
                    n += row.get::<_, i64>("n");
                }
                Ok::<_, Error>(n)
            })
        })
        .await
    }

    /// How many buildings a range of areas holds, counted up to `most`.
    pub async fn count_buildings(&self, key: SurveyKey, range: AreaRange, most: i64) -> Result<i64, Error> {
        let row = self.one(&COUNT_BUILDINGS, &[&key.district, &key.no, &range.lo, &range.hi, &most]).await?;
        Ok(row.get("n"))
    }

    /// What happened in every unit of a range of areas; `refused` is that state.
    pub async fn unit_activity(
        &self,
        key: SurveyKey,
        range: AreaRange,
        refused: State,
    ) -> Result<Vec<UnitActivity>, Error> {
        let rows = self.rows(&UNITS, &[&key.district, &key.no, &range.lo, &range.hi, &refused]).await?;
        Ok(rows
            .iter()
            .map(|r| UnitActivity {
                building: r.get("building_id"),
                unit: r.get("unit"),
                doors: r.get("doors"),
                open: r.get("open"),
                refused: r.get("refused"),
                last_at: r.get("last_at"),
            })
            .collect())
    }

    /// Open doors whose lease ends before an instant, by enumerator.
    pub async fn leases_ending(
        &self,
        key: SurveyKey,
        range: AreaRange,
        before: Timestamp,
    ) -> Result<Vec<LeaseEnding>, Error> {
        let rows =
            self.rows(&LEASES_ENDING, &[&key.district, &key.no, &range.lo, &range.hi, &before]).await?;
        Ok(rows
            .iter()
            .map(|r| LeaseEnding {
                enumerator: r.get("enumerator"),
                doors: r.get("doors"),
                first: r.get("first"),
            })
            .collect())
    }

    /// The first end of a lease among the open doors of each of these people.
    pub async fn first_lease_ends(
        &self,
        key: SurveyKey,
        users: &[String],
    ) -> Result<Vec<(String, Option<Timestamp>)>, Error> {
        let rows = self.rows(&FIRST_LEASE, &[&key.district, &key.no, &users]).await?;
        Ok(rows.iter().map(|r| (r.get("enumerator"), r.get("first"))).collect())
    }
}
