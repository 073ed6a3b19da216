//! The cases that a transaction works on: locking them, writing what the fold says, telling the feed.

use jiff::Timestamp;
use uuid::Uuid;

use super::super::SurveyKey;
use super::super::completion::array_text;
use super::super::tx::{Error, Tx, statements};
use super::{CaseRow, select_cases};

statements! {
    /// $1 district, $2 survey, $3 case ids. Locks them in id order.
    LOCK_CASES = concat!("-- lock_cases\n", select_cases!(), "
        where c.district_id = $1 and c.survey_no = $2 and c.id = any($3) order by c.id for no key update of c");
    /// $1 district, $2 survey, $3 ids of dwelling records.
    ALIASES = "-- case_aliases
        select id, case_id from dwelling_record
        where district_id = $1 and survey_no = $2 and id = any($3) and status = 0 and case_id is not null";
    /// $1 district, $2 survey, $3 survivors.
    ABSORBED = "-- absorbed_cases
        select id, merged_into from survey_case where district_id = $1 and survey_no = $2 and merged_into = any($3)";
    /// $1 district, $2 survey, $3 ids of cases. Highest household number behind the same doors.
    SET_ABSORBED = "-- set_absorbed
        update survey_case c set absorbed = (select count(*) from survey_case l
            where l.district_id = c.district_id and l.survey_no = c.survey_no and l.merged_into = c.id)
        where c.district_id = $1 and c.survey_no = $2 and c.id = any($3)";
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
    /// $1 district, $2 survey, $3 tag, $4 first case, $5 lowest area, $6 highest area, $7 cases. Folded twice, told of once.
    NOTE_FOLDED = "-- note_folded_cases
        insert into change_cases as c (district_id, survey_no, tag, first_case, area_from, area_to, cases)
        values ($1, $2, $3, $4, $5, $6, $7)
        on conflict on constraint change_cases_pk do update set area_from = least(c.area_from, excluded.area_from),
            area_to = greatest(c.area_to, excluded.area_to),
            cases = array(select distinct id from unnest(c.cases || excluded.cases) as u (id) order by id)";
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

/// Counts again how many cases were merged into these.
pub async fn set_absorbed(tx: &Tx, key: SurveyKey, survivors: &[Uuid]) -> Result<(), Error> {
    tx.execute(&SET_ABSORBED, &[&key.district, &key.no, &survivors]).await?;
    Ok(())
}

/// Tells the feed which cases a transaction folded: their ids with the numbers of their areas.
pub async fn note_folded(tx: &Tx, key: SurveyKey, tag: i64, cases: &[(Uuid, i32)]) -> Result<(), Error> {
    let mut sorted = cases.to_vec();
    sorted.sort_unstable();
    for part in sorted.chunks(1000) {
        let ids: Vec<Uuid> = part.iter().map(|c| c.0).collect();
        let areas = part.iter().map(|c| c.1);
        let (Some(from), Some(to)) = (areas.clone().min(), areas.max()) else { continue };
        tx.execute(&NOTE_FOLDED, &[&key.district, &key.no, &tag, &ids[0], &from, &to, &ids]).await?;
    }
    Ok(())
}

/// Writes what the fold says, under the tag by which the feed is told (see [`note_folded`]). `now` stamps the received clock
/// of those that were recounted.
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
