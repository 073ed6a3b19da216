//! Assignments: lending doors to enumerators and taking them back. A door has at most one holder.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::refold::At;
use super::resolve::Cases;
use super::staff::hold_enumerator;
use super::{Error, Ingest, held, sheets};
use crate::domain::{CaseId, State};
use crate::store::access::Caller;
use crate::store::case::{self, LockedCase};
use crate::store::completion::{self, Delta};
use crate::store::feed::{self, AssignmentRow, ChangeKind, Mark};
use crate::store::survey::{Areas, find_areas};
use crate::store::{Outcome, SurveyKey, Tx, audit, lease, staff};
use crate::surveys::Survey;

/// Which doors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Doors {
    /// One case.
    Case(CaseId),
    /// Every open case of an area's subtree.
    Area(String),
    /// Every open case of a building.
    Building(Uuid),
    /// Every open case that a person holds.
    HeldBy(String),
}

/// One item of an order.
#[derive(Clone, Debug)]
pub struct Item {
    /// Which doors.
    pub doors: Doors,
    /// To whom; `None` takes them back.
    pub enumerator: Option<String>,
    /// Until when; `None` for the survey's usual lease.
    pub until: Option<Timestamp>,
}

/// What came of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Assigned {
    /// So many doors were lent or taken back.
    Done(usize),
    /// No such door, area or building in reach.
    UnknownDoors,
    /// No such enumerator in the survey.
    UnknownEnumerator,
    /// The lease would end before it begins.
    EndsInThePast,
    /// The case needs no visit any more.
    NotOpen,
}

/// Most doors one item may move.
const MOST: i64 = 100_000;

impl Ingest {
    /// Carries out an order on behalf of a supervisor; one result per item. An item that cannot be done harms no other.
    pub async fn assign(
        &self,
        caller: &Caller,
        items: Vec<Item>,
        now: Timestamp,
    ) -> Result<Vec<Assigned>, Error> {
        let survey = self.surveys.get(caller.key, caller.policy_version).await?;
        let caller = caller.clone();
        self.store
            .retrying("assign", move |tx| {
                let (survey, caller, items) = (survey.clone(), caller.clone(), items.clone());
                Box::pin(async move {
                    let at = At::new(survey.key, now);
                    let items = spelled(tx, survey.key, items).await?;
                    let mut results = Vec::with_capacity(items.len());
                    for item in &items {
                        results.push(assign_one(tx, at, &survey, &caller, item).await?);
                    }
                    audit::note(tx, &noted(&caller, now, &items, &results)).await?;
                    Ok::<_, Error>(Outcome::Stamp(results, survey.key, at.tag))
                })
            })
            .await
    }
}

/// The order with every name as it is stored.
async fn spelled(tx: &Tx, key: SurveyKey, items: Vec<Item>) -> Result<Vec<Item>, Error> {
    let holder = |item: &Item| if let Doors::HeldBy(user) = &item.doors { Some(user.clone()) } else { None };
    let mut written: Vec<String> =
        items.iter().flat_map(|i| [i.enumerator.clone(), holder(i)]).flatten().collect();
    written.sort_unstable();
    written.dedup();
    let asked: Vec<&str> = written.iter().map(String::as_str).collect();
    let stored = staff::spellings(tx, key, &asked).await?;
    let names: HashMap<&str, String> = asked.into_iter().zip(stored).collect();
    let of = |user: &String| names.get(user.as_str()).unwrap_or(user).clone();
    Ok(items
        .into_iter()
        .map(|item| Item {
            doors: if let Doors::HeldBy(user) = &item.doors { Doors::HeldBy(of(user)) } else { item.doors },
            enumerator: item.enumerator.as_ref().map(of),
            until: item.until,
        })
        .collect())
}

/// The order as the audit log keeps it: to whom, how many doors, and the door when it is one.
fn noted(caller: &Caller, now: Timestamp, items: &[Item], results: &[Assigned]) -> audit::Note {
    let doors: usize = results.iter().map(|r| if let Assigned::Done(n) = r { *n } else { 0 }).sum();
    let mut to: Vec<&str> = items.iter().map(|i| i.enumerator.as_deref().unwrap_or_default()).collect();
    to.sort_unstable();
    to.dedup();
    to.truncate(20);
    let note = audit::Note::by(caller, audit::Action::Assign, now)
        .with(serde_json::json!({"items": items.len(), "doors": doors, "to": to}));
    match items {
        [Item { doors: Doors::Case(id), .. }] => note.about(*id),
        _ => note,
    }
}

async fn assign_one(
    tx: &Tx,
    at: At,
    survey: &Survey,
    caller: &Caller,
    item: &Item,
) -> Result<Assigned, Error> {
    let lease = SignedDuration::from_hours(i64::from(survey.rules.policy.lease.hours));
    let until = item.until.unwrap_or(at.now + lease);
    if item.enumerator.is_some() && until <= at.now {
        return Ok(Assigned::EndsInThePast);
    }
    let person = match &item.enumerator {
        None => None,
        Some(user) => match hold_enumerator(tx, at.key, user).await? {
            Some(user) => Some(user),
            None => return Ok(Assigned::UnknownEnumerator),
        },
    };
    let rows = match locked(tx, at, caller, &item.doors).await? {
        Ok(rows) => rows,
        Err(refusal) => return Ok(refusal),
    };
    hand_over(tx, at, caller, &rows, person.as_deref(), until).await?;
    if person.is_some() {
        free_for_new_holder(tx, at, survey, &rows).await?;
    }
    Ok(Assigned::Done(rows.len()))
}

/// The doors, locked: an area or building gives its open ones.
async fn locked(
    tx: &Tx,
    at: At,
    caller: &Caller,
    doors: &Doors,
) -> Result<Result<Vec<Arc<LockedCase>>, Assigned>, Error> {
    let reach = caller.reach();
    let in_reach = |r: &Arc<LockedCase>| reach.sees(r.as_ref());
    let is_open = |r: &Arc<LockedCase>| r.state.is_open();
    let ids = match doors {
        Doors::Case(id) => vec![case::resolved(tx, at.key, *id).await?],
        Doors::Area(code) => {
            let areas = find_areas(tx, at.key, &Areas::One(code.clone())).await?;
            let Some(area) = areas.first().filter(|a| caller.range.contains(a.range.lo)) else {
                return Ok(Err(Assigned::UnknownDoors));
            };
            case::open_ids(tx, at.key, area.range, None, MOST).await?
        }
        Doors::Building(id) => case::open_ids(tx, at.key, caller.range, Some(*id), MOST).await?,
        Doors::HeldBy(user) => lease::held_by(tx, at.key, user, MOST).await?,
    };
    let rows = case::lock_cases(tx, at.key, &ids).await?;
    let kept: Vec<Arc<LockedCase>> = rows.into_iter().filter(in_reach).collect();
    if kept.is_empty() {
        return Ok(Err(Assigned::UnknownDoors));
    }
    let open: Vec<Arc<LockedCase>> = kept.into_iter().filter(is_open).collect();
    Ok(if open.is_empty() { Err(Assigned::NotOpen) } else { Ok(open) })
}

async fn hand_over(
    tx: &Tx,
    at: At,
    caller: &Caller,
    rows: &[Arc<LockedCase>],
    user: Option<&str>,
    until: Timestamp,
) -> Result<(), Error> {
    let ids: Vec<CaseId> = rows.iter().map(|r| r.id).collect();
    let reason = if user.is_some() { "reassigned" } else { "withdrawn" };
    let ended = feed::end_assignments(tx, at.key, &ids, at.now, reason).await?;
    let mut marks: Vec<Mark> = ended
        .into_iter()
        .map(|(id, user)| Mark { id, area_no: None, device: None, user: Some(user) })
        .collect();
    match user {
        None => feed::clear_holders(tx, at.key, &ids).await?,
        Some(user) => {
            let new: Vec<AssignmentRow> =
                rows.iter().map(|r| new_assignment(r.id, user, until, &caller.user, at.now)).collect();
            feed::add_assignments(tx, at.key, &new).await?;
            marks.extend(new.iter().map(|a| Mark {
                id: a.id,
                area_no: None,
                device: None,
                user: Some(a.enumerator.clone()),
            }));
        }
    }
    completion::append_deltas(tx, at.key, &moved(rows, user.unwrap_or_default())).await?;
    feed::mark(tx, at.key, at.tag, ChangeKind::Assignment, &marks).await?;
    let cases: Vec<Mark> = rows
        .iter()
        .map(|r| Mark { id: r.id.into(), area_no: Some(r.area_no), device: None, user: None })
        .collect();
    feed::mark(tx, at.key, at.tag, ChangeKind::Case, &cases).await?;
    let before = rows.iter().filter_map(|r| Some((r, r.holder.as_deref()?)));
    let lent: Vec<(&Arc<LockedCase>, &str)> =
        before.chain(rows.iter().filter_map(|r| Some((r, user?)))).collect();
    super::lease::mark_strangers(tx, at, &lent).await?;
    Ok(())
}

fn new_assignment(case_id: CaseId, user: &str, until: Timestamp, by: &str, now: Timestamp) -> AssignmentRow {
    AssignmentRow {
        id: Uuid::now_v7(),
        case_id,
        enumerator: user.to_owned(),
        until: Some(until),
        by: by.to_owned(),
        at: now,
        ended_at: None,
        end_reason: None,
    }
}

/// The counters by holder: each case leaves its old holder's and enters the new one's.
pub(super) fn moved(rows: &[Arc<LockedCase>], holder: &str) -> Vec<Delta> {
    let mut groups: BTreeMap<(String, Uuid, String), BTreeMap<i32, i32>> = BTreeMap::new();
    for row in rows {
        let before = row.holder.clone().unwrap_or_default();
        if before == holder {
            continue;
        }
        for (who, sign) in [(before.as_str(), -1), (holder, 1)] {
            let group = groups.entry((row.area.clone(), row.building_id, who.to_owned())).or_default();
            *group.entry(row.cell).or_default() += sign;
            for (measure, n) in (1..).zip(&row.persons) {
                *group.entry(-measure).or_default() += sign * n;
            }
            let counted = if row.state == State::Completed { row.forms_done } else { 0 };
            for (counter, n) in sheets::changes(counted, sign) {
                *group.entry(counter).or_default() += n;
            }
        }
    }
    groups
        .into_iter()
        .map(|((area, building, holder), changes)| Delta {
            area,
            building,
            holder,
            changes: changes.into_iter().collect(),
        })
        .collect()
}

/// Records that the new holder sent before the door was lent no longer name an unknown case.
async fn free_for_new_holder(
    tx: &Tx,
    at: At,
    survey: &Survey,
    rows: &[Arc<LockedCase>],
) -> Result<(), Error> {
    let ids: Vec<CaseId> = rows.iter().map(|r| r.id).collect();
    crate::store::held::lock_targets(tx, at.key, &ids).await?;
    held::free_and_fold(tx, at, survey, (&mut Cases::default(), &ids), &[]).await?;
    Ok(())
}
