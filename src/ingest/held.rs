//! Held records: freed when what they wait for arrives, or decided by a supervisor.

mod door;
mod filled;
mod undo;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use uuid::Uuid;

use super::digest::Keys;
use super::models::Models;
use super::reason::{Reason, sentence};
use super::refold::{At, refold};
use super::resolve::Cases;
use super::{Error, Ingest, scrub, sheets};
use crate::domain::{AreaRange, CaseId, Reach};
use crate::store::access::Caller;
use crate::store::batch::{RecordKind, Status};
use crate::store::case::LockedCase;
use crate::store::evidence::StoredPeople;
use crate::store::feed::{ChangeKind, Mark};
use crate::store::held::{Before, HeldDecision, HeldRow, Settled};
use crate::store::link::queue;
use crate::store::{Outcome, SurveyKey, Tx, audit, evidence, feed, held, submission};
use crate::surveys::Survey;

/// Doors whose waiting records are freed in one go.
const FREED_AT_ONCE: usize = 1_000;

/// What was freed.
#[derive(Default)]
pub(super) struct Freed {
    /// Cases that got or lost evidence.
    pub(super) touched: Vec<CaseId>,
    /// Records whose devices must hear of it.
    pub(super) marks: Vec<Mark>,
    /// How many records came to count.
    pub(super) counted: usize,
}

fn mark(row: &HeldRow) -> Mark {
    Mark { id: row.id, area_no: None, device: Some(row.device_id), user: None }
}

/// Frees visits and interviews that were held because one of `targets` (case ids or ids of dwelling records) was not
/// known. A collector who may not know of the door keeps waiting.
pub(super) async fn free_waiters(
    tx: &Tx,
    key: SurveyKey,
    cases: &mut Cases,
    targets: &[CaseId],
) -> Result<Freed, Error> {
    let waiting = held::waiters(tx, key, targets).await?;
    let mut freed = free_sheets(tx, key, cases, targets).await?;
    if waiting.is_empty() {
        return Ok(freed);
    }
    let refs: Vec<CaseId> = waiting.iter().filter_map(|w| w.case_id).collect();
    cases.find(tx, key, &refs).await?;
    let mut settled = Vec::new();
    for row in &waiting {
        let Some(case) = row.case_id.and_then(|id| cases.any(id)) else {
            continue;
        };
        let reach = Reach { range: row.reach.unwrap_or(AreaRange::NONE), user: row.enumerator.clone() };
        let may_know = reach.knows(case.as_ref());
        if may_know {
            settled.push(Settled {
                kind: row.kind,
                id: row.id,
                revision: row.revision,
                case_id: case.id,
                status: Status::Accepted,
                held: None,
            });
            freed.touched.push(case.id);
            freed.marks.push(mark(row));
        }
    }
    hold_elsewhere(tx, key, &mut settled).await?;
    held::settle(tx, key, &settled).await?;
    freed.counted += settled.iter().filter(|s| s.status == Status::Accepted).count();
    queue_settled(tx, key, &settled).await?;
    let visits: Vec<Uuid> = settled.iter().filter(|s| s.kind == RecordKind::Visit).map(|s| s.id).collect();
    if !visits.is_empty() {
        let more = visits_arrived(tx, key, cases, &visits).await?;
        freed.touched.extend(more.touched);
        freed.marks.extend(more.marks);
    }
    Ok(freed)
}

/// Sheets of answers that waited for one of these doors.
async fn free_sheets(tx: &Tx, key: SurveyKey, cases: &mut Cases, targets: &[CaseId]) -> Result<Freed, Error> {
    let (touched, told) = sheets::free(tx, key, cases, targets).await?;
    let counted = told.len();
    let marks =
        told.into_iter().map(|(id, device)| Mark { id, area_no: None, device: Some(device), user: None });
    Ok(Freed { touched, marks: marks.collect(), counted })
}

/// Frees what waited for these doors, tells the phones, and folds the cases that it touches, with `also`. Returns how many records
/// came to count. To be called when the doors are there and the locks on `targets` are held.
pub(super) async fn free_and_fold(
    tx: &Tx,
    at: At,
    survey: &Survey,
    (cases, targets): (&mut Cases, &[CaseId]),
    also: &[CaseId],
) -> Result<usize, Error> {
    let freed = free_waiters(tx, at.key, cases, targets).await?;
    feed::mark(tx, at.key, at.tag, ChangeKind::Receipt, &freed.marks).await?;
    let touched: HashSet<CaseId> = freed.touched.iter().chain(also).copied().collect();
    if !touched.is_empty() {
        cases.find(tx, at.key, &touched.iter().copied().collect::<Vec<_>>()).await?;
        let locked: Vec<_> = cases.rows().filter(|r| touched.contains(&r.id)).cloned().collect();
        refold(tx, at, survey, &locked).await?;
    }
    Ok(freed.counted)
}

/// Frees every record that waited for a door which is now there, and within reach of who was at it: a set-up brought the door,
/// another writing of it, or another area for the person. Returns how many records came to count.
pub(super) async fn free_known(tx: &Tx, at: At, survey: &Survey) -> Result<usize, Error> {
    held::lock_all_targets(tx, at.key).await?;
    let awaited = held::awaited_doors(tx, at.key).await?;
    let mut counted = 0;
    for some in awaited.chunks(FREED_AT_ONCE) {
        counted += free_and_fold(tx, at, survey, (&mut Cases::default(), some), &[]).await?;
    }
    Ok(counted)
}

/// Interviews that came to count, or stopped, are linked again.
async fn queue_settled(tx: &Tx, key: SurveyKey, settled: &[Settled]) -> Result<(), Error> {
    let interviews: Vec<Uuid> =
        settled.iter().filter(|s| s.kind == RecordKind::Interview).map(|s| s.id).collect();
    queue::add(tx, key, &interviews).await?;
    Ok(())
}

/// An interview whose visit stands at another door is not freed but held for that.
async fn hold_elsewhere(tx: &Tx, key: SurveyKey, settled: &mut [Settled]) -> Result<(), Error> {
    let interviews: Vec<Uuid> =
        settled.iter().filter(|s| s.kind == RecordKind::Interview).map(|s| s.id).collect();
    if interviews.is_empty() {
        return Ok(());
    }
    let visits: HashMap<(Uuid, i32), CaseId> =
        held::visits_of_interviews(tx, key, &interviews).await?.into_iter().collect();
    for s in settled.iter_mut().filter(|s| s.kind == RecordKind::Interview) {
        if visits.get(&(s.id, s.revision)).is_some_and(|case| *case != s.case_id) {
            s.status = Status::Held;
            s.held = Some(sentence(Reason::VisitElsewhere));
        }
    }
    Ok(())
}

/// Visits that interviews named before they came: an interview of another door is held from now on.
pub(super) async fn visits_arrived(
    tx: &Tx,
    key: SurveyKey,
    cases: &mut Cases,
    visits: &[Uuid],
) -> Result<Freed, Error> {
    held::lock_arrivals(tx, key, held::Hold::Shared).await?;
    let mut waiting = evidence::awaiting_interviews(tx, key, visits).await?;
    if waiting.is_empty() {
        return Ok(Freed::default());
    }
    let ids: Vec<Uuid> = waiting.iter().map(|w| w.id).collect();
    let at: HashMap<(Uuid, i32), CaseId> =
        held::visits_of_interviews(tx, key, &ids).await?.into_iter().collect();
    // A visit its person may not know of has not come, as far as an interview is concerned.
    waiting.retain(|w| at.contains_key(&(w.id, w.revision)));
    let refs: Vec<CaseId> = waiting.iter().map(|w| w.case_id).collect();
    cases.find(tx, key, &refs).await?;
    let mut freed = Freed::default();
    for w in &mut waiting {
        let elsewhere = at.get(&(w.id, w.revision)).is_some_and(|case| *case != w.case_id);
        if elsewhere && w.status == Status::Accepted {
            w.status = Status::Held;
            w.held = Some(sentence(Reason::VisitElsewhere));
            freed.touched.push(w.case_id);
            freed.marks.push(Mark { id: w.id, area_no: None, device: Some(w.device_id), user: None });
        }
    }
    evidence::visit_arrived(tx, key, &waiting).await?;
    // What the visit says of the interview (partial, proxy) is known only now.
    queue::add(tx, key, &waiting.iter().map(|w| w.id).collect::<Vec<_>>()).await?;
    Ok(freed)
}

/// Corrections that waited for an earlier revision have got the numbers that they keep: they count.
pub(super) async fn numbers_arrived(
    tx: &Tx,
    key: SurveyKey,
    cases: &mut Cases,
    complete: &[StoredPeople],
    marks: Vec<Mark>,
) -> Result<Freed, Error> {
    let refs: Vec<CaseId> = complete.iter().map(|row| row.case_id).collect();
    cases.find(tx, key, &refs).await?;
    let mut settled: Vec<Settled> = complete
        .iter()
        .map(|row| Settled {
            kind: RecordKind::Interview,
            id: row.id,
            revision: row.revision,
            case_id: cases.any(row.case_id).map_or(row.case_id, |case| case.id),
            status: Status::Accepted,
            held: None,
        })
        .collect();
    hold_elsewhere(tx, key, &mut settled).await?;
    held::settle(tx, key, &settled).await?;
    queue_settled(tx, key, &settled).await?;
    Ok(Freed { touched: settled.iter().map(|s| s.case_id).collect(), marks, counted: settled.len() })
}

/// Usable revisions have come, whatever became of them: lower ones that waited only because their form was faulty become
/// history. Their reason stays with them, so they never are evidence. Returns what their devices must hear.
pub(super) async fn revisions_mended(
    tx: &Tx,
    key: SurveyKey,
    cases: &mut Cases,
    usable: &[(Uuid, i32)],
) -> Result<Vec<Mark>, Error> {
    let ids: Vec<Uuid> = usable.iter().map(|a| a.0).collect();
    let faulty = held::faulty_revisions(tx, key, &ids).await?;
    let refs: Vec<CaseId> = faulty.iter().map(|f| f.0.case_id).collect();
    cases.find(tx, key, &refs).await?;
    let (mut marks, mut settled) = (Vec::new(), Vec::new());
    for (mut lower, device) in faulty {
        if usable.iter().any(|(id, revision)| *id == lower.id && *revision > lower.revision) {
            lower.case_id = cases.any(lower.case_id).map_or(lower.case_id, |case| case.id);
            lower.status = Status::Accepted;
            marks.push(Mark { id: lower.id, area_no: None, device: Some(device), user: None });
            settled.push(lower);
        }
    }
    held::settle(tx, key, &settled).await?;
    Ok(marks)
}

/// What a supervisor decides about a held record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It counts, at the door it names or another one.
    Accept {
        /// The case it belongs to, where that is not the one it names.
        case: Option<CaseId>,
    },
    /// It does not count.
    Refuse,
    /// The last decision about it is taken back: it waits again.
    Undo,
}

/// A decision on a held record.
#[derive(Clone, Debug)]
pub struct Ruling {
    /// The record.
    pub id: Uuid,
    /// Revision of an interview; the highest held one when absent.
    pub revision: Option<i32>,
    /// The verdict.
    pub verdict: Verdict,
    /// In the supervisor's words.
    pub note: String,
    /// Its corrected time, when it is accepted.
    pub time: Option<Corrected>,
    /// The version that was looked at; no check when left out.
    pub version: Option<i64>,
    /// The call that decides several at once.
    pub call: Option<Uuid>,
}

/// A time put right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Corrected {
    /// It happened at this moment.
    At(jiff::Timestamp),
    /// It happened so many seconds later than the device wrote.
    Shift(i64),
}

impl Ruling {
    /// A decision on one record, as it is.
    pub fn new(id: Uuid, verdict: Verdict, note: impl Into<String>) -> Self {
        Self { id, revision: None, verdict, note: note.into(), time: None, version: None, call: None }
    }
}

impl Ingest {
    /// Decides a held record on behalf of a supervisor; returns its standing afterwards.
    /// Errors: nothing held of that id in reach; a door that is still unknown; a form that cannot be accepted.
    pub async fn decide_held(
        &self,
        caller: &Caller,
        ruling: Ruling,
        now: jiff::Timestamp,
    ) -> Result<HeldRow, Error> {
        let survey = self.surveys.get(caller.key, caller.policy_version).await?;
        let (caller, key) = (caller.clone(), caller.key);
        let (keys, models) = (Arc::clone(&self.keys), self.models.clone());
        let decided = self
            .store
            .retrying("decide_held", move |tx| {
                let (survey, caller, ruling) = (survey.clone(), caller.clone(), ruling.clone());
                let (keys, models) = (Arc::clone(&keys), models.clone());
                Box::pin(async move { decide(tx, (&survey, &keys, &models), &caller, &ruling, now).await })
            })
            .await?;
        if decided.kind == RecordKind::Submission {
            self.free_submissions(key, now).await?;
        }
        Ok(decided)
    }
}

async fn decide(
    tx: &Tx,
    rules: (&Arc<Survey>, &Keys, &Models),
    caller: &Caller,
    ruling: &Ruling,
    now: jiff::Timestamp,
) -> Result<Outcome<HeldRow>, Error> {
    let at = At::new(rules.0.key, now);
    let decided = decide_in(tx, at, rules, caller, ruling).await?;
    Ok(Outcome::Stamp(decided, at.key, at.tag))
}

/// Decides inside a transaction, whose commit must stamp the feed under `at.tag`.
pub(super) async fn decide_in(
    tx: &Tx,
    at: At,
    (survey, keys, models): (&Arc<Survey>, &Keys, &Models),
    caller: &Caller,
    ruling: &Ruling,
) -> Result<HeldRow, Error> {
    let key = survey.key;
    let rows = settled_state(tx, key, caller, ruling.id).await?;
    let is_meant = |r: &&HeldRow| ruling.revision.is_none_or(|n| n == r.revision);
    let is_undo = ruling.verdict == Verdict::Undo;
    let row = rows
        .iter()
        .filter(is_meant)
        .find(|r| if is_undo { r.status != Status::Held && r.version > 0 } else { r.status == Status::Held })
        .ok_or(if rows.is_empty() {
            Error::NotFound
        } else if ruling.version.is_some() {
            Error::Stale
        } else if is_undo {
            Error::Unfit("Nobody has decided about it.")
        } else {
            Error::Unfit("The record is not held any more.")
        })?;
    if ruling.version.is_some_and(|version| version != row.version) {
        return Err(Error::Stale);
    }
    let before = Before {
        reason: Some(row.reason.clone()),
        detail: row.detail.clone(),
        case: row.case_id,
        at: row.at,
    };
    let decided = if is_undo {
        undo::undo(tx, at, survey, row).await?
    } else {
        let row = &correct(tx, at, survey, row, ruling).await?;
        match (row.kind, ruling.verdict) {
            (RecordKind::Dwelling, verdict) => {
                door::decide_dwelling(tx, at, survey, caller, row, verdict).await?
            }
            (RecordKind::Visit | RecordKind::Interview, verdict) => {
                decide_record(tx, at, survey, caller, row, verdict).await?
            }
            (RecordKind::Submission, verdict) => {
                filled::decide_whole(tx, at, (survey, keys, models), row, verdict).await?
            }
            (RecordKind::Answers, verdict) => {
                filled::decide_sheet(tx, at, survey, caller, row, verdict).await?
            }
            // None is ever held.
            (RecordKind::MessageRead, _) => return Err(Error::NotFound),
        }
    };
    let word = match ruling.verdict {
        Verdict::Accept { .. } => "accept",
        Verdict::Refuse => "refuse",
        Verdict::Undo => "undo",
    };
    // Where something of it stood is said in lists, whether it counts now or never will.
    let named: Vec<CaseId> = row.case_id.into_iter().collect();
    submission::touch_lists(tx, key, &named).await?;
    let decision = HeldDecision {
        id: row.id,
        revision: row.revision,
        decision: word.to_owned(),
        note: scrub::scrub_text(&ruling.note).into_owned(),
        by: caller.user.clone(),
        at: at.now,
        before: if is_undo { Before::default() } else { before },
        call: ruling.call,
    };
    held::insert_held_decision(tx, key, &decision).await?;
    let noted = audit::Note::by(caller, audit::Action::DecideHeld, at.now).about(row.id);
    audit::note(tx, &noted.with(serde_json::json!({"decision": word, "type": row.kind.slug()}))).await?;
    feed::mark(tx, key, at.tag, ChangeKind::Receipt, &[mark(row)]).await?;
    Ok(HeldRow { version: row.version + 1, ..decided })
}

/// Writes the corrected time of a record that is to be accepted; one that cannot be true either is no correction.
async fn correct(tx: &Tx, at: At, survey: &Survey, row: &HeldRow, ruling: &Ruling) -> Result<HeldRow, Error> {
    let (Some(time), Verdict::Accept { .. }) = (ruling.time, ruling.verdict) else { return Ok(row.clone()) };
    let is_timed = matches!(row.kind, RecordKind::Visit | RecordKind::Interview);
    let sent = row.at.filter(|_| is_timed).ok_or(Error::Unfit("This record has no time to be corrected."))?;
    let moment = match time {
        Corrected::At(moment) => Some(moment),
        Corrected::Shift(seconds) => sent.checked_add(jiff::SignedDuration::from_secs(seconds)).ok(),
    };
    let is_plausible = |moment: &jiff::Timestamp| *moment >= survey.opens_at() && *moment <= at.now;
    let moment = moment
        .filter(is_plausible)
        .ok_or(Error::Unfit("The corrected time must lie between the first day of the survey and now."))?;
    held::correct_time(tx, at.key, row, moment).await?;
    Ok(HeldRow { at: Some(moment), ..row.clone() })
}

/// The record as it stands once nothing else can settle it: what frees it holds the lock on what it waits for, or its case.
async fn settled_state(tx: &Tx, key: SurveyKey, caller: &Caller, id: Uuid) -> Result<Vec<HeldRow>, Error> {
    let before = held::find_held(tx, key, caller.range, id).await?;
    let targets: Vec<CaseId> =
        std::iter::once(CaseId(id)).chain(before.iter().filter_map(|r| r.case_id)).collect();
    held::lock_targets(tx, key, &targets).await?;
    Cases::default().find(tx, key, &targets[1..]).await?;
    Ok(held::find_held(tx, key, caller.range, id).await?)
}

/// The case of that id, in the caller's reach.
async fn known_case(
    tx: &Tx,
    at: At,
    caller: &Caller,
    cases: &mut Cases,
    id: CaseId,
) -> Result<Arc<LockedCase>, Error> {
    cases.find(tx, at.key, &[id]).await?;
    let reach = caller.reach();
    cases.any(id).filter(|row| reach.sees(row.as_ref())).cloned().ok_or(Error::NotFound)
}

/// The case that a record is accepted for: the one a supervisor names, else the record's own.
async fn target_case(
    tx: &Tx,
    at: At,
    caller: &Caller,
    cases: &mut Cases,
    (named, own): (Option<CaseId>, CaseId),
) -> Result<Arc<LockedCase>, Error> {
    match known_case(tx, at, caller, cases, named.unwrap_or(own)).await {
        Err(Error::NotFound) if named.is_none() => {
            Err(Error::Unfit("The door is still unknown; name the case it belongs to."))
        }
        found => found,
    }
}

async fn decide_record(
    tx: &Tx,
    at: At,
    survey: &Survey,
    caller: &Caller,
    row: &HeldRow,
    verdict: Verdict,
) -> Result<HeldRow, Error> {
    let mut decided = row.clone();
    let named = row.case_id.unwrap_or_default();
    let mut settled = Settled {
        kind: row.kind,
        id: row.id,
        revision: row.revision,
        case_id: named,
        status: Status::Refused,
        held: Some(sentence(Reason::RefusedByPerson)),
    };
    let mut cases = Cases::default();
    if let Verdict::Accept { case } = verdict {
        if row.reason == Reason::FormError.slug() {
            return Err(Error::Unfit("A faulty form is corrected by a higher revision, not accepted."));
        }
        let target = target_case(tx, at, caller, &mut cases, (case, named)).await?;
        settled.case_id = target.id;
        settled.status = Status::Accepted;
        settled.held = None;
    }
    held::settle(tx, at.key, std::slice::from_ref(&settled)).await?;
    queue_settled(tx, at.key, std::slice::from_ref(&settled)).await?;
    if settled.status == Status::Accepted && row.reason == Reason::VisitCorrected.slug() {
        filled::void_corrected(tx, at, survey, caller, row, settled.case_id).await?;
        // The case has been folded by that decision: what was read of it before is old.
        cases = Cases::default();
    }
    if settled.status == Status::Accepted {
        let mut touched = vec![settled.case_id];
        if row.kind == RecordKind::Visit {
            let freed = visits_arrived(tx, at.key, &mut cases, &[row.id]).await?;
            touched.extend(freed.touched);
            feed::mark(tx, at.key, at.tag, ChangeKind::Receipt, &freed.marks).await?;
        } else {
            let usable = [(row.id, row.revision)];
            let marks = revisions_mended(tx, at.key, &mut cases, &usable).await?;
            feed::mark(tx, at.key, at.tag, ChangeKind::Receipt, &marks).await?;
        }
        cases.find(tx, at.key, &touched).await?;
        let locked: Vec<_> = cases.rows().filter(|r| touched.contains(&r.id)).cloned().collect();
        refold(tx, at, survey, &locked).await?;
    }
    decided.status = settled.status;
    decided.case_id = Some(settled.case_id);
    Ok(decided)
}
