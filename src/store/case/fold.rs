//! The cases that a transaction works on: locking them, writing what the fold says, telling the feed.

use std::sync::Arc;

use jiff::Timestamp;

use super::super::SurveyKey;
use super::super::evidence::Pack;
use super::super::tx::{Error, Tx, statements};
use super::super::wire::{Place, Stamp, column, numbers, sparse_column};
use super::{LockedCase, locked_columns};
use crate::domain::{CaseId, Class, Outcome, PRESSING, State, Unmet};

/// Writes cases, to be followed by how each is found.
macro_rules! update_cases {
    () => {
        "
        with told as (
            insert into change_cases as c (district_id, survey_no, tag, first_case, area_from, area_to, cases)
            values ($1, $2, $3, ($5::uuid[])[1], $31, $32, $5)
            on conflict on constraint change_cases_pk do update set area_from = least(c.area_from, excluded.area_from),
                area_to = greatest(c.area_to, excluded.area_to),
                cases = array(select distinct id from unnest(c.cases || excluded.cases) as u (id) order by id))
        update survey_case c set state = u.state, class = u.class, cell = u.cell,
            persons = case when u.has_persons then ($20::integer[])[u.n * 7 - 6 : u.n * 7] else '{}' end,
            visits = u.visits, interviews = u.interviews, decisions = u.decisions, unmet = u.unmet, last_at = u.last_at,
            last_outcome = u.last_outcome, appointment_from = u.appointment_from, appointment_to = u.appointment_to,
            due_class = u.due_class, due_at = u.due_at,
            pressing_class = case when u.due_class <= $35::smallint then u.due_class end,
            pressing_at = case when u.due_class <= $35::smallint then u.due_at end,
            merged_into = u.merged_into, evidence = u.evidence, changed_tag = $3, list_version = c.list_version + 1,
            event_at = case when u.appended then c.event_at else '{}' end || ($22::bigint[])[u.first : u.last],
            event_cell = case when u.appended then c.event_cell else '{}' end || ($23::integer[])[u.first : u.last],
            event_persons = case when u.figures is null and (not u.appended or cardinality(c.event_persons) = 0) then '{}'
                else case when not u.appended then '{}' when cardinality(c.event_persons) > 0 then c.event_persons
                            else array_fill(0, array[7 * cardinality(c.event_at)]) end
                        || case when u.figures is null then array_fill(0, array[7 * (u.last - u.first + 1)])
                            else ($24::integer[])[u.figures : u.figures + 7 * (u.last - u.first) + 6] end end,
            received_at = case when u.recounted then
                c.received_at || array[greatest($4::bigint, c.received_at[cardinality(c.received_at)] + 1)] else c.received_at end,
            received_cell = case when u.recounted then c.received_cell || array[u.cell] else c.received_cell end,
            received_persons = case when u.recounted and (u.has_persons or cardinality(c.received_persons) > 0)
                    then case when cardinality(c.received_persons) > 0 then c.received_persons
                            else array_fill(0, array[7 * cardinality(c.received_at)]) end
                        || ($20::integer[])[u.n * 7 - 6 : u.n * 7]
                else c.received_persons end
        from (select unnest($28::integer[]) as n, unnest($5::uuid[]) as id, unnest($6::smallint[]) as state,
                unnest($7::smallint[]) as class, unnest($8::integer[]) as cell, unnest($9::boolean[]) as has_persons,
                unnest($10::integer[]) as visits, unnest($11::integer[]) as interviews, unnest($12::integer[]) as decisions,
                unnest($13::smallint[]) as unmet, unnest($14::timestamptz[]) as last_at, unnest($15::smallint[]) as last_outcome,
                unnest($16::timestamptz[]) as appointment_from, unnest($17::timestamptz[]) as appointment_to,
                unnest($18::smallint[]) as due_class, unnest($19::timestamptz[]) as due_at, unnest($25::uuid[]) as merged_into,
                unnest($26::bytea[]) as evidence, unnest($27::boolean[]) as recounted, unnest($29::boolean[]) as appended,
                unnest($30::integer[]) as first, unnest($21::integer[]) as last, unnest($33::integer[]) as figures,
                unnest($34::tid[]) as place offset 0) u
        where c.district_id = $1 and c.survey_no = $2"
    };
}

statements! {
    /// $1 district, $2 survey, $3 case ids, $4 bits.
    SET_FORMS_DONE = "-- set_forms_done
        update survey_case c set forms_done = u.bits
        from (select unnest($3::uuid[]) as id, unnest($4::smallint[]) as bits offset 0) u
        where c.district_id = $1 and c.survey_no = $2 and c.id = u.id";
    /// $1 district, $2 survey, $3 case ids. Locks them in id order.
    LOCK_CASES = concat!("-- lock_cases\nselect ", locked_columns!(), " from survey_case c
        where c.district_id = $1 and c.survey_no = $2 and c.id = any($3) order by c.id for no key update of c");
    /// $1 district, $2 survey, $3 case ids. The same without a lock.
    LOOK_AT_CASES = concat!("-- look_at_cases\nselect ", locked_columns!(), " from survey_case c
        where c.district_id = $1 and c.survey_no = $2 and c.id = any($3) order by c.id");
    /// $1 district, $2 survey, $3 survivors.
    ABSORBED = "-- absorbed_cases
        select id, merged_into from survey_case where district_id = $1 and survey_no = $2 and merged_into = any($3)";
    /// $1 district, $2 survey, $3 ids of cases. Highest household number behind the same doors.
    SET_ABSORBED = "-- set_absorbed
        update survey_case c set absorbed = (select count(*) from survey_case l
            where l.district_id = c.district_id and l.survey_no = c.survey_no and l.merged_into = c.id)
        where c.district_id = $1 and c.survey_no = $2 and c.id = any($3)";
    /// $1 district, $2 survey, $3 tag for the feed, $4 microseconds of now, then columns of `CaseUpdate` as parallel arrays. $20
    /// seven person figures for each; $22 and $23 the history of all of them, of which $30 and $21 say where each one's begins
    /// and ends; $28 1, 2, 3 …. The feed is told: $31 lowest area, $32 highest area. Folded twice, told of once.
    /// $24 seven person figures for each span of the histories that have any, $33 where each one's begin; where there never were
    /// any, none are stored. $34 places. $35 last class that presses.
    UPDATE_BY_ID = concat!("-- update_cases", update_cases!(), " and c.id = u.id");
    /// The same of cases that this transaction has locked and not written.
    UPDATE_BY_PLACE = concat!("-- update_cases_by_place", update_cases!(), " and c.ctid = u.place and c.id = u.id");
}

/// What the fold says about a case, to be written.
#[derive(Clone, Debug)]
pub struct CaseUpdate {
    /// The case.
    pub id: CaseId,
    /// Where its row lay when it was locked.
    pub place: Place,
    /// Number of its area.
    pub area_no: i32,
    /// Where it stands.
    pub state: State,
    /// Class of its outcome.
    pub class: Option<Class>,
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
    /// Effort missing.
    pub unmet: Unmet,
    /// Latest visit.
    pub last: Option<(Timestamp, Outcome)>,
    /// Appointment not used up.
    pub appointment: Option<(Timestamp, Timestamp)>,
    /// Urgency order; `None` when no visit is due.
    pub due: Option<(i16, Timestamp)>,
    /// Surviving case.
    pub merged_into: Option<CaseId>,
    /// Its own evidence.
    pub evidence: Pack,
    /// What it counted as by the event clock.
    pub history: History,
    /// The cell or the person figures differ from what was stored.
    pub recounted: Recounted,
}

/// From when on (microseconds since 1970) a case counted as which cell, with which seven person figures.
pub type Span = (i64, i32, [i32; 7]);

/// The person figures of a span; a case that has none counts nobody.
pub fn seven(figures: &[i32]) -> [i32; 7] {
    std::array::from_fn(|i| figures.get(i).copied().unwrap_or_default())
}

/// What a case counted as by the event clock, in time order.
#[derive(Clone, Debug)]
pub enum History {
    /// All of it.
    Whole(Vec<Span>),
    /// What comes behind what is stored.
    Appended(Vec<Span>),
}

impl History {
    /// The spans.
    pub fn spans(&self) -> &[Span] {
        match self {
            Self::Whole(spans) | Self::Appended(spans) => spans,
        }
    }
}

/// How the rows of locked cases are found again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Find {
    /// Where they lay, which spares a look-up; [`Error::Busy`] where one does not lie there any more, because this transaction
    /// has written it.
    ByPlace,
    /// By their ids.
    ById,
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
pub async fn lock_cases(tx: &Tx, key: SurveyKey, ids: &[CaseId]) -> Result<Vec<Arc<LockedCase>>, Error> {
    let rows = tx.query(&LOCK_CASES, &[&key.district, &key.no, &ids]).await?;
    rows.iter().map(|r| LockedCase::of(r).map(Arc::new)).collect()
}

/// Cases as [`lock_cases`] reads them, without locking them: what is read may have changed when it is written.
pub async fn look_at_cases(tx: &Tx, key: SurveyKey, ids: &[CaseId]) -> Result<Vec<LockedCase>, Error> {
    let rows = tx.query(&LOOK_AT_CASES, &[&key.district, &key.no, &ids]).await?;
    rows.iter().map(LockedCase::of).collect()
}

/// The cases merged into these: (loser, survivor).
pub async fn absorbed(tx: &Tx, key: SurveyKey, survivors: &[CaseId]) -> Result<Vec<(CaseId, CaseId)>, Error> {
    let rows = tx.query(&ABSORBED, &[&key.district, &key.no, &survivors]).await?;
    Ok(rows.iter().map(|r| (r.get(0), r.get(1))).collect())
}

/// Counts again how many cases were merged into these.
pub async fn set_absorbed(tx: &Tx, key: SurveyKey, survivors: &[CaseId]) -> Result<(), Error> {
    tx.execute(&SET_ABSORBED, &[&key.district, &key.no, &survivors]).await?;
    Ok(())
}

/// Writes of which extra forms cases have a complete sheet in force, as bits.
pub async fn set_forms_done(tx: &Tx, key: SurveyKey, cases: &[(CaseId, i16)]) -> Result<(), Error> {
    if !cases.is_empty() {
        let (ids, bits) = (column!(cases, c => c.0), column!(cases, c => c.1));
        tx.execute(&SET_FORMS_DONE, &[&key.district, &key.no, ids, bits]).await?;
    }
    Ok(())
}

/// The person figures of the histories that have any, one after the other, and where those of each begin, counted from 1.
fn span_figures(all: &[CaseUpdate]) -> (Vec<i32>, Vec<Option<i32>>) {
    let mut figures: Vec<i32> = Vec::new();
    let begin = all.iter().map(|r| {
        let spans = r.history.spans();
        spans.iter().any(|span| span.2 != [0; 7]).then(|| {
            let first = figures.len() + 1;
            figures.extend(spans.iter().flat_map(|span| span.2));
            i32::try_from(first).unwrap_or(i32::MAX)
        })
    });
    let begin = begin.collect();
    (figures, begin)
}

/// Writes what the fold says of cases in the order of their ids, and tells the feed under `tag` which they are. `now` stamps the
/// received clock of those that were recounted.
pub async fn update_cases(
    tx: &Tx,
    key: SurveyKey,
    (now, tag): (Timestamp, i64),
    all: &[CaseUpdate],
    find: Find,
) -> Result<(), Error> {
    let statement = match find {
        Find::ByPlace => &UPDATE_BY_PLACE,
        Find::ById => &UPDATE_BY_ID,
    };
    let micros = now.as_microsecond();
    for v in all.chunks(1000) {
        let figures: Vec<i32> = v.iter().flat_map(|r| seven(&r.persons)).collect();
        let ends: Vec<i32> = v
            .iter()
            .scan(0_usize, |end, r| {
                *end += r.history.spans().len();
                Some(i32::try_from(*end).unwrap_or(i32::MAX))
            })
            .collect();
        let firsts: Vec<i32> =
            std::iter::once(1).chain(ends.iter().map(|end| end + 1)).take(v.len()).collect();
        let (of_spans, begin) = span_figures(v);
        let written = tx
            .execute(
                statement,
                &[
                    &key.district,
                    &key.no,
                    &tag,
                    &micros,
                    column!(v, r => r.id),
                    column!(v, r => r.state),
                    column!(v, r => r.class),
                    column!(v, r => r.cell),
                    column!(v, r => !r.persons.is_empty()),
                    column!(v, r => r.visits),
                    column!(v, r => r.interviews),
                    column!(v, r => r.decisions),
                    column!(v, r => r.unmet),
                    sparse_column!(v, r => r.last.map(|l| Stamp(l.0))),
                    sparse_column!(v, r => r.last.map(|l| l.1)),
                    sparse_column!(v, r => r.appointment.map(|a| Stamp(a.0))),
                    sparse_column!(v, r => r.appointment.map(|a| Stamp(a.1))),
                    sparse_column!(v, r => r.due.map(|d| d.0)),
                    sparse_column!(v, r => r.due.map(|d| Stamp(d.1))),
                    &figures,
                    &ends,
                    &v.iter().flat_map(|r| r.history.spans()).map(|h| h.0).collect::<Vec<_>>(),
                    &v.iter().flat_map(|r| r.history.spans()).map(|h| h.1).collect::<Vec<_>>(),
                    &of_spans,
                    sparse_column!(v, r => r.merged_into),
                    sparse_column!(v, r => r.evidence.as_deref()),
                    column!(v, r => r.recounted == Recounted::Yes),
                    &numbers(v.len()),
                    column!(v, r => matches!(r.history, History::Appended(_))),
                    &firsts,
                    &v.iter().map(|r| r.area_no).min(),
                    &v.iter().map(|r| r.area_no).max(),
                    &begin,
                    column!(v, r => r.place),
                    &PRESSING,
                ],
            )
            .await?;
        if find == Find::ByPlace && usize::try_from(written) != Ok(v.len()) {
            return Err(Error::Busy("moved case"));
        }
    }
    Ok(())
}
