//! Folding touched cases again from all their evidence, and writing what follows: state, counters, feed marks.

mod suppose;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use futures_util::future::{try_join, try_join3};
use jiff::Timestamp;
use uuid::Uuid;

use super::sheets;
use crate::domain::rates::{Baseline, Cell};
use crate::domain::{
    Action, CaseId, Evidence, InterviewId, Rules, Standing, State, Tallied, Unmet, fold, history,
    history_since, next_action, urgency_key,
};
use crate::store::case::{BlankCase, CaseUpdate, Find, History, LockedCase, Recounted, Span, seven};
use crate::store::completion::Delta;
use crate::store::evidence::{Pack, Taken, person_numbers};
use crate::store::feed::{ChangeKind, Mark};
use crate::store::{Error, SurveyKey, Tx, case, completion, decision, evidence, feed, new_tag};
use crate::surveys::Survey;

pub use suppose::{DoorChange, Supposed};

/// The place of a fold: whose cases, when, under which feed tag.
#[derive(Clone, Copy, Debug)]
pub struct At {
    /// The survey.
    pub key: SurveyKey,
    /// Server time.
    pub now: Timestamp,
    /// Tag of the transaction's changes.
    pub tag: i64,
    /// How the cases are found again once they are folded.
    pub find: Find,
}

impl At {
    /// Now, under a tag of its own.
    pub fn new(key: SurveyKey, now: Timestamp) -> Self {
        Self { key, now, tag: new_tag(now), find: Find::ById }
    }
}

/// A case after its fold.
#[derive(Clone, Debug)]
pub struct Folded {
    /// What the fold says.
    pub standing: Standing,
    /// Visits stored.
    pub visits: i32,
}

/// What a transaction adds to the evidence of cases it has locked, where that is all that happened to them: with what stands on
/// the case itself, nothing need be read for their fold.
pub type Gains = HashMap<CaseId, Taken>;

/// Folds these locked cases from the stored evidence and writes what changed. Cases merged as a door are folded with their
/// survivors, which are locked here too. Returns the standing of each case that was folded.
pub async fn refold(
    tx: &Tx,
    at: At,
    survey: &Survey,
    locked: &[Arc<LockedCase>],
) -> Result<HashMap<CaseId, Folded>, Error> {
    let refold = Refold::read(tx, at.key, survey, locked, &Gains::new()).await?;
    refold.write(tx, at).await?;
    Ok(refold.folded)
}

/// What the fold says of locked cases, to be written.
#[derive(Debug)]
pub struct Refold {
    rows: Vec<Arc<LockedCase>>,
    updates: Vec<CaseUpdate>,
    /// Each case after its fold.
    pub folded: HashMap<CaseId, Folded>,
}

impl Refold {
    /// Reads what is needed, and folds. Of some cases it is known what they `gained` since they were locked.
    pub async fn read(
        tx: &Tx,
        key: SurveyKey,
        survey: &Survey,
        locked: &[Arc<LockedCase>],
        gains: &Gains,
    ) -> Result<Self, Error> {
        let (mut rows, mut losers) = with_survivors(tx, key, locked).await?;
        let mut known = load(tx, key, &rows, &losers, gains).await?;
        let moved = moved(tx, key, &rows, &known).await?;
        if !moved.is_empty() {
            rows.extend(case::lock_cases(tx, key, &moved).await?);
            (rows, losers) = with_survivors(tx, key, &rows).await?;
            // Some of these may have gained something too; what stands on them is no longer all.
            let sure: Gains = gains
                .iter()
                .filter(|(id, _)| !moved.contains(id))
                .map(|(id, gain)| (*id, gain.clone()))
                .collect();
            known = load(tx, key, &rows, &losers, &sure).await?;
        }
        let mut folded = HashMap::with_capacity(rows.len());
        let mut updates = Vec::with_capacity(rows.len());
        for row in &rows {
            let own = known.remove(&row.id).unwrap_or_default();
            let (update, standing) = fold_one(row, &own, survey);
            folded.insert(row.id, Folded { standing, visits: update.visits });
            updates.push(update);
        }
        Ok(Self { rows, updates, folded })
    }

    /// Each case as it was locked, and what the fold says of it.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (&LockedCase, &CaseUpdate)> {
        self.rows.iter().map(Arc::as_ref).zip(&self.updates)
    }

    /// Writes what follows: states, counters, feed marks, leases that end or go on.
    pub async fn write(&self, tx: &Tx, at: At) -> Result<(), Error> {
        let (rows, updates) = (&self.rows, &self.updates);
        if rows.is_empty() {
            return Ok(());
        }
        let (doors, counts) = (come_or_gone(rows, updates), deltas(rows, updates));
        try_join3(
            case::update_cases(tx, at.key, (at.now, at.tag), updates, at.find),
            completion::append_deltas(tx, at.key, &counts),
            feed::mark(tx, at.key, at.tag, ChangeKind::Dwelling, &doors),
        )
        .await?;
        super::lease::follow(tx, at, rows, updates).await
    }
}

/// Cases that may have gained or lost an interview because one of its revisions names another door. Where all is known that a
/// case gained, no revision was among it that could.
async fn moved(
    tx: &Tx,
    key: SurveyKey,
    rows: &[Arc<LockedCase>],
    known: &HashMap<CaseId, Known>,
) -> Result<Vec<CaseId>, Error> {
    let read: Vec<&Arc<LockedCase>> =
        rows.iter().filter(|r| known.get(&r.id).is_none_or(|k| k.source == Source::Tables)).collect();
    let has_revisions = read
        .iter()
        .filter_map(|r| known.get(&r.id))
        .any(|k| k.evidence.interviews.iter().any(|i| i.revision > 1));
    if !has_revisions && read.iter().all(|r| r.interviews == 0) {
        return Ok(Vec::new());
    }
    let ids: Vec<CaseId> = read.iter().map(|r| r.id).collect();
    evidence::cases_of_other_revisions(tx, key, &ids).await
}

/// Doors of cases that joined or left the workload: devices get them, or drop them with their last case.
fn come_or_gone(rows: &[Arc<LockedCase>], updates: &[CaseUpdate]) -> Vec<Mark> {
    let mut marks: Vec<Mark> = rows
        .iter()
        .zip(updates)
        .filter(|(row, update)| row.state.is_active() != update.state.is_active())
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
    locked: &[Arc<LockedCase>],
) -> Result<(Vec<Arc<LockedCase>>, Vec<(CaseId, CaseId)>), Error> {
    let mut rows: BTreeMap<CaseId, Arc<LockedCase>> = locked.iter().map(|r| (r.id, Arc::clone(r))).collect();
    let missing: Vec<CaseId> =
        locked.iter().filter_map(|r| r.merged_into).filter(|id| !rows.contains_key(id)).collect();
    if !missing.is_empty() {
        for row in case::lock_cases(tx, key, &missing).await? {
            rows.insert(row.id, row);
        }
    }
    let survivors: Vec<CaseId> = rows.values().filter(|r| r.absorbed > 0).map(|r| r.id).collect();
    let losers = if survivors.is_empty() { Vec::new() } else { case::absorbed(tx, key, &survivors).await? };
    Ok((rows.into_values().collect(), losers))
}

/// Where a case's own evidence was found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Source {
    /// Visits and interviews as stored.
    #[default]
    Tables,
    /// What stood on the case, and what it gained.
    Case,
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
    source: Source,
    /// From when on its history has to be written; all of it where that is not known.
    since: Option<Timestamp>,
    /// Its own part, as it will stand on the case.
    pack: Pack,
}

impl Known {
    fn of(taken: Taken, source: Source) -> Self {
        let count = |n: usize| i32::try_from(n).unwrap_or(i32::MAX);
        let pack = taken.pack();
        Self {
            visits: count(taken.visits.len()),
            interviews: count(taken.interviews.len()),
            decisions: 0,
            paired: taken.interviews.iter().filter(|(_, n)| *n > 0).map(|(i, n)| (i.id, *n)).collect(),
            evidence: Evidence {
                visits: taken.visits,
                interviews: taken.interviews.into_iter().map(|(i, _)| i).collect(),
                decisions: Vec::new(),
            },
            source,
            since: None,
            pack,
        }
    }

    /// What stood on the case, and what it gained since. Where all of that happened later than all before, the history on the
    /// case is right as far as it goes.
    fn gained(mut taken: Taken, gain: &Taken) -> Self {
        let (last, first) = (moments(&taken).max(), moments(gain).min());
        taken.visits.extend_from_slice(&gain.visits);
        taken.interviews.extend_from_slice(&gain.interviews);
        let since = first.filter(|first| last.is_some_and(|last| last < *first));
        Self { since, ..Self::of(taken, Source::Case) }
    }
}

/// When things happened.
fn moments(taken: &Taken) -> impl Iterator<Item = Timestamp> {
    taken.visits.iter().map(|v| v.at).chain(taken.interviews.iter().map(|(i, _)| i.at))
}

async fn load(
    tx: &Tx,
    key: SurveyKey,
    rows: &[Arc<LockedCase>],
    losers: &[(CaseId, CaseId)],
    gains: &Gains,
) -> Result<HashMap<CaseId, Known>, Error> {
    let mut all: HashMap<CaseId, Known> = HashMap::with_capacity(rows.len() + losers.len());
    let mut unread: Vec<CaseId> = losers.iter().map(|l| l.0).collect();
    for row in rows {
        match gains.get(&row.id).zip(row.taken()) {
            Some((gain, taken)) => drop(all.insert(row.id, Known::gained(taken, gain))),
            None => unread.push(row.id),
        }
    }
    unread.sort_unstable();
    unread.dedup();
    let decided: Vec<CaseId> =
        rows.iter().filter(|r| r.decisions > 0).map(|r| r.id).chain(losers.iter().map(|l| l.0)).collect();
    let (read, decisions) =
        try_join(read(tx, key, &unread), decision::load_decisions(tx, key, &decided)).await?;
    all.extend(read.into_iter().map(|(id, taken)| (id, Known::of(taken, Source::Tables))));
    for (case, decision) in decisions {
        let known = all.entry(case).or_default();
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

/// The own evidence of cases as stored.
async fn read(tx: &Tx, key: SurveyKey, cases: &[CaseId]) -> Result<HashMap<CaseId, Taken>, Error> {
    let mut all: HashMap<CaseId, Taken> = cases.iter().map(|id| (*id, Taken::default())).collect();
    if cases.is_empty() {
        return Ok(all);
    }
    let (visits, interviews) =
        try_join(evidence::load_visits(tx, key, cases), evidence::load_counted(tx, key, cases)).await?;
    for (case, visit) in visits {
        all.entry(case).or_default().visits.push(visit);
    }
    for (case, interview, paired) in interviews {
        all.entry(case).or_default().interviews.push((interview, paired));
    }
    Ok(all)
}

fn fold_one(row: &LockedCase, known: &Known, survey: &Survey) -> (CaseUpdate, Standing) {
    let rules = &survey.rules;
    let baseline = if row.is_baseline { Baseline::In } else { Baseline::Out };
    let since = known.since.filter(|since| is_news(row, known, survey, baseline, *since));
    let past = match since {
        Some(since) => history_since(&known.evidence, rules, since),
        None => history(&known.evidence, rules),
    };
    let standing = fold(&known.evidence, rules);
    let tallied = standing.tallied();
    let cell = Cell::of(&tallied, baseline).code();
    let persons = persons_of(&tallied, &known.paired);
    let recounted = if cell != row.cell || persons != row.persons { Recounted::Yes } else { Recounted::No };
    let update = CaseUpdate {
        id: row.id,
        place: row.place,
        area_no: row.area_no,
        state: standing.state,
        class: standing.class,
        cell,
        visits: known.visits,
        interviews: known.interviews,
        decisions: known.decisions,
        unmet: Unmet::of(&standing.unmet),
        last: standing.last,
        appointment: standing.appointment.map(|w| (w.from, w.to)),
        due: due_key(&standing, rules, row.created_at),
        merged_into: standing.merged_into,
        evidence: known.pack.clone(),
        history: match since {
            Some(_) => {
                let mut all = vec![(0, row.cell, seven(&row.persons))];
                follow(&mut all, past, known, baseline);
                History::Appended(all.split_off(1))
            }
            None => History::Whole(spans(row, past, known, survey, baseline)),
        },
        persons,
        recounted,
    };
    (update, standing)
}

/// Seven person figures of the counted interview; empty when there is none.
fn persons_of(tallied: &Tallied, paired: &HashMap<InterviewId, i32>) -> Vec<i32> {
    if tallied.persons.recorded == 0 {
        return Vec::new();
    }
    let mut all = person_numbers(&tallied.persons).to_vec();
    all.push(tallied.current.and_then(|(id, _)| paired.get(&id)).copied().unwrap_or_default());
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

/// Whether nothing before `since` can be otherwise than it stands on the case: no decision after it, no other case's evidence,
/// and the case counted already.
fn is_news(row: &LockedCase, known: &Known, survey: &Survey, baseline: Baseline, since: Timestamp) -> bool {
    row.absorbed == 0
        && known.evidence.decisions.iter().all(|d| d.at < since)
        && counts_from(survey, row.created_at, baseline) < since
}

/// What the case counted as from when on, by the event clock.
fn spans(
    row: &LockedCase,
    past: Vec<(Timestamp, Tallied)>,
    known: &Known,
    survey: &Survey,
    baseline: Baseline,
) -> Vec<Span> {
    let blank = blank(&survey.rules, baseline);
    let start = counts_from(survey, row.created_at, baseline).as_microsecond();
    let mut all = vec![(start, blank.cell, [0; 7])];
    follow(&mut all, past, known, baseline);
    all
}

/// Goes on with the spans that begin with `all`.
fn follow(all: &mut Vec<Span>, past: Vec<(Timestamp, Tallied)>, known: &Known, baseline: Baseline) {
    for (at, tallied) in past {
        let micros = at.as_microsecond();
        let figures = persons_of(&tallied, &known.paired);
        let entry = (micros, Cell::of(&tallied, baseline).code(), seven(&figures));
        if all.first().is_some_and(|first| micros <= first.0) {
            // It happened before the server knew the door: the door counts from then on.
            all.retain(|e| e.0 < micros);
        }
        match all.last() {
            Some(last) if last.1 == entry.1 && last.2 == entry.2 => {}
            Some(_) | None => all.push(entry),
        }
    }
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
        state: State::New,
        class: standing.class,
        cell: Cell::of(&standing.tallied(), baseline).code(),
        unmet: Unmet::of(&standing.unmet),
        due_class: urgency_key(&standing, rules).0,
    }
}

/// How the counters change, summed by area, building and holder.
pub fn deltas(rows: &[Arc<LockedCase>], updates: &[CaseUpdate]) -> Vec<Delta> {
    let mut groups: BTreeMap<(&str, Uuid, &str), BTreeMap<i32, i32>> = BTreeMap::new();
    for (row, update) in rows.iter().zip(updates).filter(|(_, u)| u.recounted == Recounted::Yes) {
        let forms = |state: State, n| {
            let bits = if state == State::Completed { row.forms_done } else { 0 };
            sheets::changes(bits, n)
        };
        let place = (row.area.as_str(), row.building_id, row.holder.as_deref().unwrap_or_default());
        let group = groups.entry(place).or_default();
        *group.entry(row.cell).or_default() -= 1;
        *group.entry(update.cell).or_default() += 1;
        for (counter, n) in forms(row.state, -1).chain(forms(update.state, 1)) {
            *group.entry(counter).or_default() += n;
        }
        for (i, measure) in (1..=7).enumerate() {
            let before = row.persons.get(i).copied().unwrap_or_default();
            let after = update.persons.get(i).copied().unwrap_or_default();
            *group.entry(-measure).or_default() += after - before;
        }
    }
    groups
        .into_iter()
        .map(|((area, building, holder), changes)| Delta {
            area: area.to_owned(),
            building,
            holder: holder.to_owned(),
            changes: changes.into_iter().filter(|c| c.1 != 0).collect(),
        })
        .filter(|delta| !delta.changes.is_empty())
        .collect()
}
