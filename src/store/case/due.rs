//! Doors that need a visit, most urgent first, in pages.
//!
//! What presses has an index and comes first, over the whole range. The rest is sorted when it is read: at once where the range
//! is small; area by area where it is not, those visited before those never visited.

use jiff::Timestamp;
use uuid::Uuid;

use super::super::tx::{Error, Tx, statements};
use super::super::{Statement, Store, SurveyKey};
use super::walk::{Areas, Walk, room};
use super::{CaseRow, select_cases};
use crate::domain::{AreaRange, CaseId, NEVER_VISITED, PRESSING, State};

/// Up to how many cases of a range are sorted at once.
const SORTED: i64 = 10_000;

statements! {
    /// $1 district, $2 survey, $3 lo, $4 hi, $5 after class, $6 after time, $7 after id, $8 limit.
    LIST_PRESSING = concat!("-- list_pressing_cases\n", select_cases!(), "
        where c.district_id = $1 and c.survey_no = $2 and c.pressing_class is not null and c.area_no between $3 and $4
          and (c.pressing_class, c.pressing_at, c.id) > ($5, $6, $7)
        order by c.pressing_class, c.pressing_at, c.id limit $8");
    /// The same of what does not press.
    LIST_REST = concat!("-- list_due_cases\n", select_cases!(), "
        where c.district_id = $1 and c.survey_no = $2 and c.area_no between $3 and $4
          and (c.due_class, c.due_at, c.id) > ($5, $6, $7)
        order by c.due_class, c.due_at, c.id limit $8");
    /// $1 district, $2 survey, $3 areas or null, $4 first class, $5 last class, $6 after area, $7 after class, $8 after time, $9 after id,
    /// $10 limit, $11 lo, $12 hi of the areas. What does not press, area by area.
    LIST_BY_AREA = concat!("-- list_due_cases_by_area\n", select_cases!(), "
        where c.district_id = $1 and c.survey_no = $2 and c.area_no between $11 and $12
          and ($3::integer[] is null or c.area_no = any($3)) and c.due_class between $4 and $5
          and (c.area_no, c.due_class, c.due_at, c.id) > ($6, $7, $8, $9)
        order by c.area_no, c.due_class, c.due_at, c.id limit $10");
    /// $1 district, $2 survey, $3 lo, $4 hi, $5 most. How many cases a range has, counted up to the limit.
    COUNT_CASES = "-- count_cases_of_range
        select count(*) as n from (
            select 1 from survey_case where district_id = $1 and survey_no = $2 and area_no between $3 and $4 limit $5) t";
}

/// A place in the list of doors that need a visit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DuePlace {
    /// Number of the door's area.
    pub area_no: i32,
    /// First part of its urgency.
    pub class: i16,
    /// Second part.
    pub at: Timestamp,
    /// The case.
    pub id: CaseId,
}

impl DuePlace {
    /// Before the first door.
    pub const START: Self = Self::before(i16::MIN);

    /// Before the first door of a class.
    const fn before(class: i16) -> Self {
        Self { area_no: i32::MIN, class, at: Timestamp::UNIX_EPOCH, id: CaseId(Uuid::nil()) }
    }

    /// Where a case stands; nowhere when nobody is to go there.
    pub fn of(row: &CaseRow) -> Option<Self> {
        row.due.map(|(class, at)| Self { area_no: row.area_no, class, at, id: row.id })
    }
}

impl Store {
    /// One page of the doors that need a visit, most urgent first.
    pub async fn list_due(
        &self,
        key: SurveyKey,
        range: AreaRange,
        after: DuePlace,
        limit: i64,
    ) -> Result<Vec<CaseRow>, Error> {
        self.reading("list_due", move |tx| {
            Box::pin(async move {
                let page = Page { tx, key, range };
                if after.class > PRESSING {
                    return page.rest(after, limit).await;
                }
                let mut rows = page.whole(&LIST_PRESSING, after, limit).await?;
                let left = room(limit, &rows);
                if left > 0 {
                    rows.extend(page.rest(DuePlace::before(PRESSING + 1), left).await?);
                }
                Ok(rows)
            })
        })
        .await
    }
}

struct Page<'a> {
    tx: &'a Tx,
    key: SurveyKey,
    range: AreaRange,
}

impl Page<'_> {
    /// The doors of the whole range, in the order of one of the two statements for that.
    async fn whole(
        &self,
        statement: &'static Statement,
        after: DuePlace,
        limit: i64,
    ) -> Result<Vec<CaseRow>, Error> {
        let (key, range) = (self.key, self.range);
        let rows = self
            .tx
            .query(
                statement,
                &[&key.district, &key.no, &range.lo, &range.hi, &after.class, &after.at, &after.id, &limit],
            )
            .await?;
        rows.iter().map(CaseRow::of).collect()
    }

    async fn rest(&self, after: DuePlace, limit: i64) -> Result<Vec<CaseRow>, Error> {
        let (key, range) = (self.key, self.range);
        let most = SORTED + 1;
        let counted =
            self.tx.query_one(&COUNT_CASES, &[&key.district, &key.no, &range.lo, &range.hi, &most]).await?;
        if counted.get::<_, i64>("n") > SORTED {
            return self.by_area(after, limit).await;
        }
        self.whole(&LIST_REST, after, limit).await
    }

    async fn by_area(&self, after: DuePlace, limit: i64) -> Result<Vec<CaseRow>, Error> {
        let visited: Vec<State> =
            State::ALL.iter().filter(|state| state.is_open() && **state != State::New).copied().collect();
        let parts =
            [(PRESSING + 1, NEVER_VISITED - 1, visited), (NEVER_VISITED, NEVER_VISITED, vec![State::New])];
        let mut rows = Vec::new();
        for (first, last, states) in parts.into_iter().filter(|part| after.class <= part.1) {
            let from = if after.class < first { DuePlace::before(first) } else { after };
            let mut walk = Walk::new(self.range.starting_at(from.area_no), Some(&states));
            while room(limit, &rows) > 0
                && let Some(Areas { range, list }) = walk.next(self.tx, self.key).await?
            {
                let more = self
                    .tx
                    .query(
                        &LIST_BY_AREA,
                        &[
                            &self.key.district,
                            &self.key.no,
                            &list,
                            &first,
                            &last,
                            &from.area_no,
                            &from.class,
                            &from.at,
                            &from.id,
                            &room(limit, &rows),
                            &range.lo,
                            &range.hi,
                        ],
                    )
                    .await?;
                for row in &more {
                    rows.push(CaseRow::of(row)?);
                }
            }
        }
        Ok(rows)
    }
}
