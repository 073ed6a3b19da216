//! Finding few cases among many without an index on what changes: the counters say which areas hold cases in a state.
//!
//! A row whose indexed columns stay as they were is rewritten within its page, which makes an upload a good deal cheaper than an
//! index by state would make these lists.

use super::super::SurveyKey;
use super::super::tx::{Error, Tx, statements};

statements! {
    /// $1 district, $2 survey, $3 lo, $4 hi, $5 states, $6 most. Areas that may hold cases in these states, by number: those whose
    /// counters say so, inner areas for what lies below them, and those for which a change waits to be counted. Either half is
    /// looked up in one way only, whatever the planner knows of tables that were just filled.
    AREAS_HOLDING = "-- areas_holding
        select lo from (
            (select a.lo from area a
             cross join lateral (
                select 1 from completion_area k
                where k.district_id = a.district_id and k.survey_no = a.survey_no and k.area = a.code
                  and k.measure >= 0 and k.measure & 15 = any($5::smallint[]) and k.amount > 0 limit 1) k
             where a.district_id = $1 and a.survey_no = $2 and a.lo between $3 and $4
             order by a.lo limit $6)
            union
            (select a.lo from (
                select distinct x.area from completion_delta x
                where x.district_id = $1 and x.survey_no = $2
                  and exists (select 1 from unnest(x.measure, x.amount) as m (measure, amount)
                    where m.measure >= 0 and m.measure & 15 = any($5::smallint[]) and m.amount > 0)) w
             cross join lateral (
                select a.lo from area a where a.district_id = $1 and a.survey_no = $2 and a.code = w.area limit 1) a
             where a.lo between $3 and $4
             order by a.lo limit $6)) t
        order by lo limit $6";
}

/// What a page of at most `limit` rows still has room for.
pub(in crate::store) fn room<T>(limit: i64, rows: &[T]) -> i64 {
    i64::try_from(rows.len()).map_or(0, |n| limit - n)
}

/// A few areas in which to look.
#[derive(Debug)]
pub(in crate::store) struct Areas {
    /// The first and the last.
    pub(in crate::store) range: (i32, i32),
    /// All of them, by number.
    pub(in crate::store) list: Vec<i32>,
}

/// A walk through the areas of a range, a few of them at a time. Whoever walks stops as soon as a page is full.
#[derive(Debug)]
pub(in crate::store) struct Walk<'a> {
    states: &'a [i16],
    next: i32,
    hi: i32,
    most: i64,
}

impl<'a> Walk<'a> {
    /// Through the areas of `range` that hold cases in one of `states`, by number. No case in these states is anywhere else.
    pub(in crate::store) fn new(range: (i32, i32), states: &'a [i16]) -> Self {
        Self { states, next: range.0, hi: range.1, most: 8 }
    }

    /// The next few areas, each time more, and the range they lie in; none when there are no more.
    pub(in crate::store) async fn next(&mut self, tx: &Tx, key: SurveyKey) -> Result<Option<Areas>, Error> {
        if self.next > self.hi {
            return Ok(None);
        }
        let rows = tx
            .query(&AREAS_HOLDING, &[&key.district, &key.no, &self.next, &self.hi, &self.states, &self.most])
            .await?;
        let areas: Vec<i32> = rows.iter().map(|r| r.get(0)).collect();
        let is_full = i64::try_from(areas.len()).is_ok_and(|n| n >= self.most);
        self.next = areas.last().filter(|_| is_full).map_or(i32::MAX, |last| last.saturating_add(1));
        self.most = (self.most * 2).min(256);
        let ends = areas.first().copied().zip(areas.last().copied());
        Ok(ends.map(|range| Areas { range, list: areas }))
    }
}
