//! Folding touched cases again from all their evidence, and writing what follows: state, counters, feed marks.

use std::collections::{BTreeMap, HashMap};

use futures_util::future::{try_join3, try_join4};
use jiff::Timestamp;
use uuid::Uuid;

use crate::domain::rates::{Baseline, Cell};
use crate::domain::{
    Action, Class, EffortPart, Evidence, InterviewId, Rules, Standing, State, fold, history, next_action,
    urgency_key,
};
use crate::store::case::{BlankCase, CaseRow, CaseUpdate, Recounted};
use crate::store::completion::Delta;
use crate::store::evidence::person_numbers;
use crate::store::feed::{ChangeKind, Mark};
use crate::store::{Error, SurveyKey, Tx, case, completion, decision, evidence, feed};
use crate::surveys::Survey;

/// The place of a fold: whose cases, when, under which feed tag.
#[derive(Clone, Copy, Debug)]
pub struct At {
    /// The survey.
    pub key: SurveyKey,
    /// Server time.
    pub now: Timestamp,
    /// Tag of the transaction's changes.
    pub tag: i64,
}

/// A case after its fold.
#[derive(Clone, Debug)]
pub struct Folded {
    /// What the fold says.
    pub standing: Standing,
    /// Visits stored.
    pub visits: i32,
}

/// Folds these locked cases and writes what changed. Cases merged as a door are folded with their survivors, which are
/// locked here too. Returns the standing of each case that was folded.
pub async fn refold(
    tx: &Tx,
    at: At,
    survey: &Survey,
    locked: &[CaseRow],
) -> Result<HashMap<Uuid, Folded>, Error> {
    if locked.is_empty() {
        return Ok(HashMap::new());
    }
    let (mut rows, mut losers) = with_survivors(tx, at.key, locked).await?;
    let mut known = load(tx, at.key, &rows, &losers).await?;
    let moved = moved(tx, at.key, &rows, &known).await?;
    if !moved.is_empty() {
        rows.extend(case::lock_cases(tx, at.key, &moved).await?);
        (rows, losers) = with_survivors(tx, at.key, &rows).await?;
        known = load(tx, at.key, &rows, &losers).await?;
    }
    let mut folded = HashMap::with_capacity(rows.len());
    let mut updates = Vec::with_capacity(rows.len());
    for row in &rows {
        let own = known.remove(&row.id).unwrap_or_default();
        let (update, standing) = fold_one(row, &own, survey);
        folded.insert(row.id, Folded { standing, visits: update.visits });
        updates.push(update);
    }
    let (doors, counts) = (come_or_gone(&rows, &updates), deltas(&rows, &updates));
    let places: Vec<(Uuid, i32)> = rows.iter().map(|r| (r.id, r.area_no)).collect();
    try_join4(
        case::update_cases(tx, at.key, (at.now, at.tag), &updates),
        case::note_folded(tx, at.key, at.tag, &places),
        completion::append_deltas(tx, at.key, &counts),
        feed::mark(tx, at.key, at.tag, ChangeKind::Dwelling, &doors),
    )
    .await?;
    super::lease::follow(tx, at, &rows, &updates).await?;
    Ok(folded)
}

/// Cases that may have gained or lost an interview because one of its revisions names another door.
async fn moved(
    tx: &Tx,
    key: SurveyKey,
    rows: &[CaseRow],
    known: &HashMap<Uuid, Known>,
) -> Result<Vec<Uuid>, Error> {
    let has_revisions = known.values().any(|k| k.evidence.interviews.iter().any(|i| i.revision > 1));
    if !has_revisions && rows.iter().all(|r| r.interviews == 0) {
        return Ok(Vec::new());
    }
    let ids: Vec<Uuid> = rows.iter().map(|r| r.id).collect();
    evidence::cases_of_other_revisions(tx, key, &ids).await
}

/// Doors of cases that joined or left the workload: devices get them, or drop them with their last case.
fn come_or_gone(rows: &[CaseRow], updates: &[CaseUpdate]) -> Vec<Mark> {
    let is_active = |state: i16| State::from_number(state).is_some_and(State::is_active);
    let mut marks: Vec<Mark> = rows
        .iter()
        .zip(updates)
        .filter(|(row, update)| is_active(row.state) != is_active(update.state))
        .map(|(row, _)| Mark { id: row.dwelling_id, area_no: Some(row.area_no), device: None, user: None })
        .collect();
    marks.sort_unstable_by_key(|m| m.id);
    marks.dedup_by_key(|m| m.id);
    marks
}

/// The rows and the survivors they were merged into, each once, with (loser, survivor) pairs.
async fn with_survivors(
    tx: &Tx,
    key: SurveyKey,
    locked: &[CaseRow],
) -> Result<(Vec<CaseRow>, Vec<(Uuid, Uuid)>), Error> {
    let mut rows: BTreeMap<Uuid, CaseRow> = locked.iter().map(|r| (r.id, r.clone())).collect();
    let missing: Vec<Uuid> =
        locked.iter().filter_map(|r| r.merged_into).filter(|id| !rows.contains_key(id)).collect();
    if !missing.is_empty() {
        for row in case::lock_cases(tx, key, &missing).await? {
            rows.insert(row.id, row);
        }
    }
    let survivors: Vec<Uuid> = rows.values().filter(|r| r.absorbed > 0).map(|r| r.id).collect();
    let losers = if survivors.is_empty() { Vec::new() } else { case::absorbed(tx, key, &survivors).await? };
    Ok((rows.into_values().collect(), losers))
}

/// A case's own evidence, what it takes over from cases merged into it, and how much of it is its own.
#[derive(Default)]
struct Known {
    evidence: Evidence,
    /// People of an interview who are counted at another household; interviews without any are left out.
    paired: HashMap<InterviewId, i32>,
    visits: i32,
    interviews: i32,
    decisions: i32,
}

async fn load(
    tx: &Tx,
    key: SurveyKey,
    rows: &[CaseRow],
    losers: &[(Uuid, Uuid)],
) -> Result<HashMap<Uuid, Known>, Error> {
    let mut ids: Vec<Uuid> = rows.iter().map(|r| r.id).collect();
    ids.extend(losers.iter().map(|l| l.0));
    ids.sort_unstable();
    ids.dedup();
    let mut all: HashMap<Uuid, Known> = HashMap::with_capacity(ids.len());
    let decided: Vec<Uuid> =
        rows.iter().filter(|r| r.decisions > 0).map(|r| r.id).chain(losers.iter().map(|l| l.0)).collect();
    let (visits, interviews, decisions) = try_join3(
        evidence::load_visits(tx, key, &ids),
        evidence::load_counted(tx, key, &ids),
        decision::load_decisions(tx, key, &decided),
    )
    .await?;
    for (case, visit) in visits {
        let known = all.entry(case.0).or_default();
        known.visits += 1;
        known.evidence.visits.push(visit);
    }
    for (case, interview, paired) in interviews {
        let known = all.entry(case.0).or_default();
        known.interviews += 1;
        if paired > 0 {
            known.paired.insert(interview.id, paired);
        }
        known.evidence.interviews.push(interview);
    }
    for (case, decision) in decisions {
        let known = all.entry(case.0).or_default();
        known.decisions += 1;
        known.evidence.decisions.push(decision);
    }
    for (loser, survivor) in losers {
        let (taken, paired) =
            all.get(loser).map(|k| (k.evidence.clone(), k.paired.clone())).unwrap_or_default();
        let survivor = all.entry(*survivor).or_default();
        survivor.paired.extend(paired);
        survivor.evidence.absorb(&taken);
    }
    Ok(all)
}

fn fold_one(row: &CaseRow, known: &Known, survey: &Survey) -> (CaseUpdate, Standing) {
    let rules = &survey.rules;
    let past = history(&known.evidence, rules);
    // The last entry stands on all of the evidence.
    let standing = past.last().map_or_else(|| fold(&known.evidence, rules), |(_, standing)| standing.clone());
    let baseline = if row.is_baseline { Baseline::In } else { Baseline::Out };
    let cell = Cell::of(&standing, baseline).code();
    let persons = persons_of(&standing, &known.paired);
    let recounted = if cell != row.cell || persons != row.persons { Recounted::Yes } else { Recounted::No };
    let update = CaseUpdate {
        id: row.id,
        state: standing.state.number(),
        class: standing.class.map(Class::number),
        cell,
        visits: known.visits,
        interviews: known.interviews,
        decisions: known.decisions,
        unmet: unmet_bits(&standing.unmet),
        last: standing.last.map(|(at, outcome)| (at, outcome.number())),
        appointment: standing.appointment.map(|w| (w.from, w.to)),
        due: due_key(&standing, rules, row.created_at),
        merged_into: standing.merged_into.map(|c| c.0),
        history: spans(row, past, known, survey, baseline),
        persons,
        recounted,
    };
    (update, standing)
}

/// Seven person figures of the counted interview; empty when there is none.
fn persons_of(standing: &Standing, paired: &HashMap<InterviewId, i32>) -> Vec<i32> {
    if standing.persons.recorded == 0 {
        return Vec::new();
    }
    let mut all = person_numbers(&standing.persons).to_vec();
    all.push(standing.current.and_then(|(id, _)| paired.get(&id)).copied().unwrap_or_default());
    all
}

/// When a case begins to count by the event clock: a door of the frozen frame with the survey, any other when the server
/// came to know it.
pub fn counts_from(survey: &Survey, created_at: Timestamp, baseline: Baseline) -> Timestamp {
    match baseline {
        Baseline::In => created_at.min(survey.opens_at()),
        Baseline::Out => created_at,
    }
}

/// What the case counted as from when on, by the event clock.
fn spans(
    row: &CaseRow,
    past: Vec<(Timestamp, Standing)>,
    known: &Known,
    survey: &Survey,
    baseline: Baseline,
) -> Vec<(i64, i32, [i32; 7])> {
    let blank = blank(&survey.rules, baseline);
    let start = counts_from(survey, row.created_at, baseline).as_microsecond();
    let mut all = vec![(start, blank.cell, [0; 7])];
    for (at, standing) in past {
        let micros = at.as_microsecond();
        let figures = persons_of(&standing, &known.paired);
        let mut seven = [0; 7];
        seven.iter_mut().zip(&figures).for_each(|(to, from)| *to = *from);
        let entry = (micros, Cell::of(&standing, baseline).code(), seven);
        if all.first().is_some_and(|first| micros <= first.0) {
            // It happened before the server knew the door: the door counts from then on.
            all.retain(|e| e.0 < micros);
        }
        match all.last() {
            Some(last) if last.1 == entry.1 && last.2 == entry.2 => {}
            Some(_) | None => all.push(entry),
        }
    }
    all
}

/// Bits of the effort still missing, as the database keeps them.
pub fn unmet_bits(unmet: &[EffortPart]) -> i16 {
    unmet
        .iter()
        .map(|part| match part {
            EffortPart::Attempts => 1,
            EffortPart::Days => 2,
            EffortPart::Bands => 4,
            EffortPart::Evening => 8,
            EffortPart::Weekend => 16,
        })
        .sum()
}

/// The effort still missing, from its bits.
pub fn unmet_parts(bits: i16) -> Vec<EffortPart> {
    EffortPart::ALL.iter().copied().filter(|part| bits & unmet_bits(&[*part]) != 0).collect()
}

/// The stored urgency order; `None` when nobody is to go there.
fn due_key(standing: &Standing, rules: &Rules, created_at: Timestamp) -> Option<(i16, Timestamp)> {
    if !standing.state.is_open() {
        return None;
    }
    let far = Timestamp::MAX;
    if next_action(standing, rules, far).action == Action::None {
        return None;
    }
    let (class, at) = urgency_key(standing, rules);
    Some((class, if at < Timestamp::UNIX_EPOCH { created_at } else { at }))
}

/// What a case without evidence looks like under these rules.
pub fn blank(rules: &Rules, baseline: Baseline) -> BlankCase {
    let standing = fold(&Evidence::default(), rules);
    BlankCase {
        state: State::New.number(),
        class: standing.class.map(Class::number),
        cell: Cell::of(&standing, baseline).code(),
        unmet: unmet_bits(&standing.unmet),
        due_class: urgency_key(&standing, rules).0,
    }
}

/// How the counters change, summed by area, building and holder.
pub fn deltas(rows: &[CaseRow], updates: &[CaseUpdate]) -> Vec<Delta> {
    let mut groups: BTreeMap<(String, Uuid, String), BTreeMap<i32, i32>> = BTreeMap::new();
    for (row, update) in rows.iter().zip(updates).filter(|(_, u)| u.recounted == Recounted::Yes) {
        let place = (row.area.clone(), row.building_id, row.holder.clone().unwrap_or_default());
        let group = groups.entry(place).or_default();
        *group.entry(row.cell).or_default() -= 1;
        *group.entry(update.cell).or_default() += 1;
        for (i, measure) in (1..=7).enumerate() {
            let before = row.persons.get(i).copied().unwrap_or_default();
            let after = update.persons.get(i).copied().unwrap_or_default();
            *group.entry(-measure).or_default() += after - before;
        }
    }
    groups
        .into_iter()
        .map(|((area, building, holder), changes)| Delta {
            area,
            building,
            holder,
            changes: changes.into_iter().filter(|c| c.1 != 0).collect(),
        })
        .filter(|delta| !delta.changes.is_empty())
        .collect()
}
