//! Many decisions in one call: each item by itself, in one transaction; what can be done is done. Taking a call back undoes
//! what nobody has changed since.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use jiff::Timestamp;
use uuid::Uuid;

use super::decide::{Request, decide_in};
use super::held::{Ruling, Verdict, decide_in as decide_held_in};
use super::refold::At;
use super::{Error, Ingest};
use crate::domain::{CaseId, DecisionKind, State};
use crate::store::access::Caller;
use crate::store::{Outcome, Tx, begin_item, case, decision, held, take_item_back};
use crate::surveys::Survey;

/// Most items of one call.
pub const MOST: usize = 500;

/// What came of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Decided; for a case, the state it has now.
    Done(Option<State>),
    /// It has changed since it was read.
    Stale,
    /// The decision does not fit it.
    NotPossible,
    /// Nothing of that id in reach.
    NotFound,
}

/// What a call changed in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Changed {
    /// Doors completed.
    pub completed: i64,
    /// Doors open.
    pub open: i64,
    /// Persons recorded.
    pub persons: i64,
}

/// What came of a call.
#[derive(Clone, Debug)]
pub struct Many {
    /// Its id, by which it can be taken back.
    pub id: Uuid,
    /// One fate per item, in the order sent.
    pub fates: Vec<Fate>,
    /// What it changed, or would change.
    pub changed: Changed,
}

/// Whether a call is carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Run {
    /// It is.
    Earnest,
    /// It is only tried: nothing changes.
    Dry,
}

/// What happened to an item, as a fate; a failure of the database is none.
fn fate<T>(result: Result<T, Error>, done: impl FnOnce(T) -> Option<State>) -> Result<Fate, Error> {
    match result {
        Ok(value) => Ok(Fate::Done(done(value))),
        Err(Error::Stale) => Ok(Fate::Stale),
        Err(Error::Unfit(_)) => Ok(Fate::NotPossible),
        Err(Error::NotFound) => Ok(Fate::NotFound),
        Err(other) => Err(other),
    }
}

/// Completed, open and recorded persons over some cases.
async fn sums(tx: &Tx, at: At, cases: &BTreeSet<CaseId>) -> Result<HashMap<CaseId, Changed>, Error> {
    let ids: Vec<CaseId> = cases.iter().copied().collect();
    let rows = case::look_at_cases(tx, at.key, &ids).await?;
    let one = |r: &case::LockedCase| Changed {
        completed: i64::from(r.state == State::Completed),
        open: i64::from(r.state.is_open()),
        persons: r.persons.first().copied().map_or(0, i64::from),
    };
    Ok(rows.iter().map(|r| (r.id, one(r))).collect())
}

fn difference(before: &HashMap<CaseId, Changed>, after: &HashMap<CaseId, Changed>) -> Changed {
    let mut sum = Changed::default();
    for (case, now) in after {
        let was = before.get(case).copied().unwrap_or_default();
        sum.completed += now.completed - was.completed;
        sum.open += now.open - was.open;
        sum.persons += now.persons - was.persons;
    }
    sum
}

fn outcome(at: At, run: Run, many: Many) -> Outcome<Many> {
    let is_kept = run == Run::Earnest && many.fates.iter().any(|f| matches!(f, Fate::Done(_)));
    if is_kept { Outcome::Stamp(many, at.key, at.tag) } else { Outcome::Rollback(many) }
}

impl Ingest {
    /// Takes one decision about many cases. Errors: the database's; whatever is wrong with an item is its fate.
    pub async fn decide_many(
        &self,
        caller: &Caller,
        requests: Vec<Request>,
        run: Run,
        now: Timestamp,
    ) -> Result<Many, Error> {
        let survey = self.surveys.get(caller.key, caller.policy_version).await?;
        let (caller, call) = (caller.clone(), Uuid::now_v7());
        self.store
            .retrying("decide_many", move |tx| {
                let (survey, caller, requests) = (survey.clone(), caller.clone(), requests.clone());
                Box::pin(async move {
                    let at = At::new(survey.key, now);
                    let many = decide_all(tx, at, &survey, &caller, &requests, call).await?;
                    Ok::<_, Error>(outcome(at, run, many))
                })
            })
            .await
    }

    /// Takes back what a call on many cases decided, where nothing was decided since.
    pub async fn undo_many(&self, caller: &Caller, call: Uuid, now: Timestamp) -> Result<Many, Error> {
        let survey = self.surveys.get(caller.key, caller.policy_version).await?;
        let caller = caller.clone();
        let own = Uuid::now_v7();
        self.store
            .retrying("undo_many", move |tx| {
                let (survey, caller) = (survey.clone(), caller.clone());
                Box::pin(async move {
                    let at = At::new(survey.key, now);
                    let decided = decision::of_call(tx, at.key, call).await?;
                    let near = in_reach(tx, at, &caller, decided.iter().map(|d| d.0).collect()).await?;
                    let mut fates = Vec::new();
                    let mut requests = Vec::new();
                    for (case, seq, is_last) in decided.iter().filter(|d| near.contains(&d.0)) {
                        if *is_last {
                            let kind = DecisionKind::Undo { seq: i64::from(*seq) };
                            requests.push(Request::new(*case, kind, "taken back"));
                        } else {
                            fates.push(Fate::Stale);
                        }
                    }
                    if fates.is_empty() && requests.is_empty() {
                        return Err(Error::NotFound);
                    }
                    let mut many = decide_all(tx, at, &survey, &caller, &requests, own).await?;
                    many.fates.extend(fates);
                    Ok(outcome(at, Run::Earnest, many))
                })
            })
            .await
    }

    /// Decides about many held records. Errors: the database's; whatever is wrong with an item is its fate.
    pub async fn decide_held_many(
        &self,
        caller: &Caller,
        rulings: Vec<Ruling>,
        run: Run,
        now: Timestamp,
    ) -> Result<Many, Error> {
        let survey = self.surveys.get(caller.key, caller.policy_version).await?;
        let (caller, call, key) = (caller.clone(), Uuid::now_v7(), caller.key);
        let (keys, models) = (Arc::clone(&self.keys), self.models.clone());
        let many = self
            .store
            .retrying("decide_held_many", move |tx| {
                let (survey, caller, rulings) = (survey.clone(), caller.clone(), rulings.clone());
                let (keys, models) = (Arc::clone(&keys), models.clone());
                Box::pin(async move {
                    let at = At::new(survey.key, now);
                    let rules = (&survey, &*keys, &models);
                    let many = rule_all(tx, at, rules, &caller, &rulings, call).await?;
                    Ok::<_, Error>(outcome(at, run, many))
                })
            })
            .await?;
        if run == Run::Earnest {
            self.free_submissions(key, now).await?;
        }
        Ok(many)
    }

    /// Makes the records of a call wait again, where nothing was decided about them since.
    pub async fn undo_held_many(&self, caller: &Caller, call: Uuid, now: Timestamp) -> Result<Many, Error> {
        let survey = self.surveys.get(caller.key, caller.policy_version).await?;
        let (caller, own) = (caller.clone(), Uuid::now_v7());
        let (keys, models) = (Arc::clone(&self.keys), self.models.clone());
        self.store
            .retrying("undo_held_many", move |tx| {
                let (survey, caller) = (survey.clone(), caller.clone());
                let (keys, models) = (Arc::clone(&keys), models.clone());
                Box::pin(async move {
                    let at = At::new(survey.key, now);
                    let decided = held::of_call(tx, at.key, call).await?;
                    let stale = decided.iter().filter(|d| !d.2).map(|_| Fate::Stale);
                    let mut fates: Vec<Fate> = stale.collect();
                    let rulings: Vec<Ruling> = decided
                        .iter()
                        .filter(|d| d.2)
                        .map(|(id, revision, _)| Ruling {
                            revision: Some(*revision).filter(|n| *n > 0),
                            ..Ruling::new(*id, Verdict::Undo, "taken back")
                        })
                        .collect();
                    if fates.is_empty() && rulings.is_empty() {
                        return Err(Error::NotFound);
                    }
                    let mut many =
                        rule_all(tx, at, (&survey, &*keys, &models), &caller, &rulings, own).await?;
                    fates.splice(0..0, many.fates);
                    many.fates = fates;
                    Ok(outcome(at, Run::Earnest, many))
                })
            })
            .await
    }
}

/// Those of the cases that the caller sees.
async fn in_reach(
    tx: &Tx,
    at: At,
    caller: &Caller,
    cases: BTreeSet<CaseId>,
) -> Result<BTreeSet<CaseId>, Error> {
    let ids: Vec<CaseId> = cases.into_iter().collect();
    let rows = case::look_at_cases(tx, at.key, &ids).await?;
    Ok(rows.iter().filter(|r| caller.reach().sees(*r)).map(|r| r.id).collect())
}

async fn decide_all(
    tx: &Tx,
    at: At,
    survey: &Survey,
    caller: &Caller,
    requests: &[Request],
    call: Uuid,
) -> Result<Many, Error> {
    let cases: BTreeSet<CaseId> = requests.iter().map(|r| r.case).collect();
    let before = sums(tx, at, &cases).await?;
    let mut fates = vec![Fate::NotFound; requests.len()];
    // In the order of the ids, so that two calls do not wait for each other.
    let mut order: Vec<usize> = (0..requests.len()).collect();
    order.sort_by_key(|n| requests[*n].case);
    for n in order {
        begin_item(tx).await?;
        let request = Request { call: Some(call), ..requests[n].clone() };
        let decided = decide_in(tx, at, survey, caller, &request).await;
        fates[n] = fate(decided, |d| Some(d.after.standing.state))?;
        if !matches!(fates[n], Fate::Done(_)) {
            take_item_back(tx).await?;
        }
    }
    let after = sums(tx, at, &cases).await?;
    Ok(Many { id: call, fates, changed: difference(&before, &after) })
}

async fn rule_all(
    tx: &Tx,
    at: At,
    rules: (&Arc<Survey>, &super::digest::Keys, &super::models::Models),
    caller: &Caller,
    rulings: &[Ruling],
    call: Uuid,
) -> Result<Many, Error> {
    let mut fates = vec![Fate::NotFound; rulings.len()];
    let mut cases: BTreeSet<CaseId> = BTreeSet::new();
    for ruling in rulings {
        let rows = held::find_held(tx, at.key, caller.range, ruling.id).await?;
        cases.extend(rows.iter().filter_map(|r| r.case_id));
    }
    let before = sums(tx, at, &cases).await?;
    let mut order: Vec<usize> = (0..rulings.len()).collect();
    order.sort_by_key(|n| rulings[*n].id);
    for n in order {
        begin_item(tx).await?;
        let ruling = Ruling { call: Some(call), ..rulings[n].clone() };
        let decided = decide_held_in(tx, at, rules, caller, &ruling).await;
        if let Ok(row) = &decided {
            cases.extend(row.case_id);
        }
        fates[n] = fate(decided, |_| None)?;
        if !matches!(fates[n], Fate::Done(_)) {
            take_item_back(tx).await?;
        }
    }
    let after = sums(tx, at, &cases).await?;
    Ok(Many { id: call, fates, changed: difference(&before, &after) })
}
