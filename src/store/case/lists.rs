//! Lists of doors, in pages and whole.

use std::collections::HashMap;

use uuid::Uuid;

use super::super::tx::{Error, Tx, statements};
use super::super::wire::InOrder;
use super::super::{Store, SurveyKey};
use super::walk::{Areas, Walk, room};
use super::{CasePlace, CaseRow, Span, case_columns, select_cases};
use crate::domain::{AreaRange, CaseId, State};

statements! {
    /// $1 district, $2 survey, $3 lo, $4 hi, $5 states or null, $6 after area, $7 after building, $8 after id, $9 limit, $10 areas or null.
    LIST_CASES = concat!("-- list_cases\n", select_cases!(), "
        where c.district_id = $1 and c.survey_no = $2 and c.area_no between $3 and $4
          and ($5::smallint[] is null or c.state = any($5)) and (c.area_no, c.building_id, c.id) > ($6, $7, $8)
          and ($10::integer[] is null or c.area_no = any($10))
        order by c.area_no, c.building_id, c.id limit $9");
    /// $1 district, $2 survey, $3 lo, $4 hi of the own area, $5 user, $6 states or null, $7 after id, $8 limit. Doors lent from outside.
    LIST_LENT = concat!("-- list_lent_cases\n", select_cases!(), "
        where c.district_id = $1 and c.survey_no = $2 and c.holder = $5 and not c.area_no between $3 and $4
          and exists (select 1 from assignment g where g.district_id = $1 and g.survey_no = $2 and g.case_id = c.id
                and g.enumerator = $5 and g.ended_at is null)
          and ($6::smallint[] is null or c.state = any($6)) and c.id > $7
        order by c.id limit $8");
    /// $1 district, $2 survey, $3 ids.
    FIND_CASES = concat!("-- find_cases\n", select_cases!(), "
        where c.district_id = $1 and c.survey_no = $2 and c.id = any($3)");
    /// $1 district, $2 survey, $3 door ids. Goes by the place, which has an index; a door has none of its own.
    FIND_BY_DWELLING = concat!("-- find_by_dwelling
        select ", case_columns!(), "
        from dwelling d
        join area a on a.district_id = d.district_id and a.survey_no = d.survey_no and a.code = d.area
        join survey_case c on c.district_id = d.district_id and c.survey_no = d.survey_no and c.area_no = a.lo
          and c.building_id = d.building_id and c.dwelling_id = d.id
        where d.district_id = $1 and d.survey_no = $2 and d.id = any($3)");
    /// $1 district, $2 survey, $3 lo, $4 hi, $5 most. Every case of an area, for planning.
    OPEN_CASES = concat!("-- open_cases\n", select_cases!(), "
        where c.district_id = $1 and c.survey_no = $2 and c.area_no between $3 and $4
        order by c.area_no, c.building_id, c.id limit $5");
    /// $1 district, $2 survey, $3 after, $4 limit. Every case, by id.
    IDS_AFTER = "-- case_ids_after
        select id from survey_case where district_id = $1 and survey_no = $2 and id > $3 order by id limit $4";
    /// $1 district, $2 survey, $3 ids. What they counted as by the event clock.
    EVENT_HISTORIES = "-- event_histories
        select id, event_at, event_cell, event_persons from survey_case where district_id = $1 and survey_no = $2 and id = any($3)";
    /// $1 district, $2 survey, $3 building. The number of its area.
    AREA_OF_BUILDING = "-- area_of_building
        select a.lo from building b join area a on a.district_id = b.district_id and a.survey_no = b.survey_no and a.code = b.area
        where b.district_id = $1 and b.survey_no = $2 and b.id = $3";
    /// $1 district, $2 survey, $3 lo, $4 hi, $5 building or null, $6 most. Cases that need a visit.
    OPEN_IDS = "-- open_case_ids
        select id from survey_case where district_id = $1 and survey_no = $2 and area_no between $3 and $4
          and ($5::uuid is null or building_id = $5) and due_class is not null order by id limit $6";
}

/// The part of a range of areas in which a building stands; none of it when it stands elsewhere or nowhere. Cases have an
/// index by area, not by building.
pub(in crate::store) async fn range_of(
    tx: &Tx,
    key: SurveyKey,
    range: AreaRange,
    building: Option<Uuid>,
) -> Result<AreaRange, Error> {
    let Some(building) = building else { return Ok(range) };
    let row = tx.query_opt(&AREA_OF_BUILDING, &[&key.district, &key.no, &building]).await?;
    let area = row.map(|r| r.get::<_, i32>(0)).filter(|no| range.contains(*no));
    Ok(area.map_or(AreaRange::NONE, AreaRange::one))
}

/// Ids of cases that need a visit in a range of areas, or in one building of it.
pub async fn open_ids(
    tx: &Tx,
    key: SurveyKey,
    range: AreaRange,
    building: Option<Uuid>,
    most: i64,
) -> Result<Vec<CaseId>, Error> {
    let range = range_of(tx, key, range, building).await?;
    let rows = tx.query(&OPEN_IDS, &[&key.district, &key.no, &range.lo, &range.hi, &building, &most]).await?;
    Ok(rows.iter().map(|r| r.get(0)).collect())
}

/// Ids of all cases, in order, from behind `after`.
pub async fn ids_after(tx: &Tx, key: SurveyKey, after: CaseId, limit: i64) -> Result<Vec<CaseId>, Error> {
    let rows = tx.query(&IDS_AFTER, &[&key.district, &key.no, &after, &limit]).await?;
    Ok(rows.iter().map(|r| r.get(0)).collect())
}

/// What cases counted as by the event clock, as stored.
pub async fn event_histories(
    tx: &Tx,
    key: SurveyKey,
    ids: &[CaseId],
) -> Result<HashMap<CaseId, Vec<Span>>, Error> {
    let rows = tx.query(&EVENT_HISTORIES, &[&key.district, &key.no, &ids]).await?;
    Ok(rows
        .iter()
        .map(|row| {
            let mut r = InOrder::of(row);
            let (id, at, cells, persons): (CaseId, Vec<i64>, Vec<i32>, Vec<i32>) =
                (r.take(), r.take(), r.take(), r.take());
            // None are stored while all are zeros.
            let sevens = persons.as_chunks::<7>().0.iter().copied().chain(std::iter::repeat([0; 7]));
            (id, at.into_iter().zip(cells).zip(sevens).map(|((at, cell), seven)| (at, cell, seven)).collect())
        })
        .collect())
}

/// Cases by id, without locking.
pub async fn find_cases(tx: &Tx, key: SurveyKey, ids: &[CaseId]) -> Result<Vec<CaseRow>, Error> {
    let rows = tx.query(&FIND_CASES, &[&key.district, &key.no, &ids]).await?;
    rows.iter().map(CaseRow::of).collect()
}

/// Cases of given doors, without locking.
pub async fn find_by_dwelling(tx: &Tx, key: SurveyKey, dwellings: &[Uuid]) -> Result<Vec<CaseRow>, Error> {
    let rows = tx.query(&FIND_BY_DWELLING, &[&key.district, &key.no, &dwellings]).await?;
    rows.iter().map(CaseRow::of).collect()
}

/// One page of the cases of a range of areas, by area, building and id.
pub async fn list_rows(
    tx: &Tx,
    key: SurveyKey,
    range: AreaRange,
    states: &Option<Vec<State>>,
    after: CasePlace,
    limit: i64,
) -> Result<Vec<CaseRow>, Error> {
    let mut walk = Walk::new(range.starting_at(after.area_no), states.as_deref());
    let mut all = Vec::new();
    while room(limit, &all) > 0
        && let Some(Areas { range, list }) = walk.next(tx, key).await?
    {
        let most = room(limit, &all);
        let rows = tx
            .query(
                &LIST_CASES,
                &[
                    &key.district,
                    &key.no,
                    &range.lo,
                    &range.hi,
                    states,
                    &after.area_no,
                    &after.building,
                    &after.id,
                    &most,
                    &list,
                ],
            )
            .await?;
        for row in &rows {
            all.push(CaseRow::of(row)?);
        }
    }
    Ok(all)
}

/// One page of the doors lent to `user` from outside a range of areas, by id.
pub async fn list_lent_rows(
    tx: &Tx,
    key: SurveyKey,
    range: AreaRange,
    user: &str,
    states: &Option<Vec<State>>,
    after: CaseId,
    limit: i64,
) -> Result<Vec<CaseRow>, Error> {
    let rows = tx
        .query(&LIST_LENT, &[&key.district, &key.no, &range.lo, &range.hi, &user, states, &after, &limit])
        .await?;
    rows.iter().map(CaseRow::of).collect()
}

impl Store {
    /// The first household's case of each of these doors that has one.
    pub async fn first_cases(&self, key: SurveyKey, doors: &[Uuid]) -> Result<Vec<CaseRow>, Error> {
        if doors.is_empty() {
            return Ok(Vec::new());
        }
        let doors = doors.to_vec();
        self.reading("first_cases", move |tx| {
            let doors = doors.clone();
            Box::pin(async move {
                let mut rows = find_by_dwelling(tx, key, &doors).await?;
                rows.retain(|row| row.household == 1);
                Ok::<_, Error>(rows)
            })
        })
        .await
    }

    /// Cases by id.
    pub async fn cases(&self, key: SurveyKey, ids: &[CaseId]) -> Result<Vec<CaseRow>, Error> {
        let ids = ids.to_vec();
        self.reading("cases", move |tx| {
            let ids = ids.clone();
            Box::pin(async move { find_cases(tx, key, &ids).await })
        })
        .await
    }

    /// One page of the cases of a range of areas, by area, building and id.
    pub async fn list_cases(
        &self,
        key: SurveyKey,
        range: AreaRange,
        states: Option<Vec<State>>,
        after: CasePlace,
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
        range: AreaRange,
        user: &str,
        states: Option<Vec<State>>,
        after: CaseId,
        limit: i64,
    ) -> Result<Vec<CaseRow>, Error> {
        let user = user.to_owned();
        self.reading("list_lent", move |tx| {
            let (user, states) = (user.clone(), states.clone());
            Box::pin(async move { list_lent_rows(tx, key, range, &user, &states, after, limit).await })
        })
        .await
    }

    /// Every case of a range of areas, at most `most`, for planning.
    pub async fn area_cases(
        &self,
        key: SurveyKey,
        range: AreaRange,
        most: i64,
    ) -> Result<Vec<CaseRow>, Error> {
        let rows = self.rows(&OPEN_CASES, &[&key.district, &key.no, &range.lo, &range.hi, &most]).await?;
        rows.iter().map(CaseRow::of).collect()
    }
}
