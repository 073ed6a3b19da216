//! Finding few cases among many without an index on what changes: the counters say which areas hold cases in a state.
//!
//! A row whose indexed columns stay as they were is rewritten within its page, which makes an upload a good deal cheaper than an
//! index by state would make these lists.

use super::super::SurveyKey;
use super::super::completion::is_in_states;
use super::super::tx::{Error, Tx, statements};
use crate::domain::{AreaRange, State};

statements! {
    /// $1 district, $2 survey, $3 lo, $4 hi, $5 states, $6 most. Areas that may hold cases in these states, by number: those whose
    /// counters say so, inner areas for what lies below them, and those for which a change waits to be counted. Either half is
    /// looked up in one way only, whatever the planner knows of tables that were just filled.
    AREAS_HOLDING = concat!("-- areas_holding
        select lo from (
            (select a.lo from area a
             cross join lateral (
                select 1 from completion_area k
                where k.district_id = a.district_id and k.survey_no = a.survey_no and k.area = a.code
                  and ", is_in_states!("k.measure"), " and k.amount > 0 limit 1) k
             where a.district_id = $1 and a.survey_no = $2 and a.lo between $3 and $4
             order by a.lo limit $6)
            union
            (select a.lo from (
                select distinct x.area from completion_delta x
                where x.district_id = $1 and x.survey_no = $2
                  and exists (select 1 from unnest(x.measure, x.amount) as m (measure, amount)
                    where ", is_in_states!("m.measure"), " and m.amount > 0)) w
             cross join lateral (
                select a.lo from area a where a.district_id = $1 and a.survey_no = $2 and a.code = w.area limit 1) a
             where a.lo between $3 and $4
             order by a.lo limit $6)) t
        order by lo limit $6");
}

/// What a page of at most `limit` rows still has room for.
pub(in crate::store) fn room<T>(limit: i64, rows: &[T]) -> i64 {
    i64::try_from(rows.len()).map_or(0, |n| limit - n)
}

/// Where to look next.
#[derive(Debug)]
pub(in crate::store) struct Areas {
    /// The first area and the last.
    pub(in crate::store) range: AreaRange,
    /// The areas by number; none where all of the range are meant.
    pub(in crate::store) list: Option<Vec<i32>>,
}

/// A walk through a range of areas. Whoever walks stops as soon as a page is full.
#[derive(Debug)]
pub(in crate::store) struct Walk<'a> {
    states: Option<&'a [State]>,
    /// The first area not looked at yet; none when all were.
    next: Option<i32>,
    hi: i32,
    most: i64,
}

impl<'a> Walk<'a> {
    /// Through the areas of `range` that hold cases in one of `states`, a few at a time; no case in these states is anywhere
    /// else. Through all of them at once where any state will do, and where there is but one area.
    pub(in crate::store) fn new(range: AreaRange, states: Option<&'a [State]>) -> Self {
        Self { states: states.filter(|_| range.has_parts()), next: Some(range.lo), hi: range.hi, most: 8 }
    }

    /// The next areas by number, each time more; none when there are no more.
    pub(in crate::store) async fn next(&mut self, tx: &Tx, key: SurveyKey) -> Result<Option<Areas>, Error> {
        let Some(lo) = self.next.filter(|lo| *lo <= self.hi) else {
            return Ok(None);
        };
        let Some(states) = self.states else {
            let range = AreaRange { lo, hi: self.hi };
            self.next = None;
            return Ok(Some(Areas { range, list: None }));
        };
        let rows =
            tx.query(&AREAS_HOLDING, &[&key.district, &key.no, &lo, &self.hi, &states, &self.most]).await?;
        let areas: Vec<i32> = rows.iter().map(|r| r.get(0)).collect();
        let is_full = i64::try_from(areas.len()).is_ok_and(|n| n >= self.most);
        self.next = areas.last().filter(|_| is_full).and_then(|last| last.checked_add(1));
        self.most = (self.most * 2).min(256);
        let ends = areas.first().copied().zip(areas.last().copied());
        Ok(ends.map(|ends| Areas { range: ends.into(), list: Some(areas) }))
    }
}
