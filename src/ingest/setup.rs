//! Applying a set-up: one transaction that adds, updates and never deletes a door about which something is known. What may
//! be a slip is asked about first; as long as a question is open nothing is applied.

mod guard;
mod same;

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::refold::{At, blank, refold};
use super::{Error, Ingest, forms, held, staff};
use crate::domain::rates::Baseline;
use crate::domain::{CaseId, State};
use crate::setup::{Answer, Answered, DwellingRow, Setup};
use crate::store::access::Caller;
use crate::store::audit::{self, Action, Note};
use crate::store::feed::{ChangeKind, Mark};
use crate::store::load::{self, CaseAt, Column, Found, Frame, Lost};
use crate::store::{Outcome, SurveyKey, Tx, case, completion, feed, lists};
use crate::surveys::Survey;

/// More new or lost doors than this and devices pull everything again instead of reading a delta.
const DELTA: i64 = 2_000;
/// Cases folded again in one go when the policy changed.
const FOLDED_AT_ONCE: i64 = 1_000;

/// Whether to keep what was loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Load it.
    Apply,
    /// Say what would happen and leave everything as it is.
    Try,
}

/// How a set-up is loaded.
#[derive(Clone, Debug)]
pub struct Load {
    /// Whether to keep it.
    pub mode: Mode,
    /// What is meant, where it may be a slip.
    pub answers: Vec<Answer>,
    /// Who loads it on a page; `None` for the operator's shell.
    pub by: Option<Caller>,
}

impl From<Mode> for Load {
    fn from(mode: Mode) -> Self {
        Self { mode, answers: Vec::new(), by: None }
    }
}

/// What became of the doors.
#[derive(Clone, Debug, Default)]
pub struct Doors {
    /// New doors.
    pub added: i64,
    /// Doors whose attributes changed.
    pub changed: i64,
    /// A building got another name.
    pub is_renamed: bool,
    /// Doors that got another writing and kept their ids.
    pub rewritten: usize,
    /// New cases.
    pub cases: i64,
    /// Doors no longer listed and removed, nobody having touched them.
    pub removed: i64,
    /// Doors no longer listed and kept, because something is known about them.
    pub kept: i64,
    /// Cases that went, with their doors and the numbers of their areas.
    pub gone: Vec<CaseAt>,
    /// Columns without any value in the list, and how many doors keep theirs.
    pub columns_kept: Vec<(Column, u64)>,
}

/// What a set-up did.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// The survey was not there before.
    pub is_new: bool,
    /// Version of the policy now in force.
    pub policy_version: i32,
    /// The policy changed.
    pub policy_changed: bool,
    /// Open cases whose state differs under the new policy: (from, to, how many).
    pub moved: Vec<(State, State, usize)>,
    /// What became of the doors.
    pub doors: Doors,
    /// What became of the staff.
    pub staff: staff::Report,
    /// What became of the forms of the directory.
    pub forms: Vec<forms::Loaded>,
    /// Areas left out.
    pub areas_gone: usize,
    /// Records that waited for a door, and count now.
    pub freed: usize,
    /// Cases, dwellings, buildings afterwards.
    pub totals: (i64, i64, i64),
}

/// Steps of a set-up, for a progress bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Doors sent to the database so far.
    Copied(usize),
    /// Doors are being merged.
    Merging,
    /// Cases folded again under a new policy.
    Folded(usize),
}

type Progress = Arc<dyn Fn(Step) + Send + Sync>;

impl Ingest {
    /// Loads a set-up. Running it again with the same or a corrected directory updates and never duplicates.
    /// Errors: [`Error::Setup`] where it contradicts what is stored, [`Error::Asked`] where something has to be answered first.
    pub async fn load_setup(
        &self,
        setup: Arc<Setup>,
        load: impl Into<Load>,
        now: Timestamp,
        progress: Progress,
    ) -> Result<Report, Error> {
        let load = Arc::new(load.into());
        let ready = self.ready_forms(&setup, now).await?;
        self.store
            .retrying("load_setup", move |tx| {
                let (setup, load, progress) = (Arc::clone(&setup), Arc::clone(&load), Arc::clone(&progress));
                let ready = Arc::clone(&ready);
                Box::pin(async move { apply(tx, (&setup, &ready), &load, now, &progress).await })
            })
            .await
    }
}

async fn apply(
    tx: &Tx,
    (setup, ready): (&Setup, &[(String, forms::Prepared)]),
    load: &Load,
    now: Timestamp,
    progress: &Progress,
) -> Result<Outcome<Report>, Error> {
    let mut asked = Answered::with(&load.answers);
    let found = load::find_locked(tx, &setup.survey.slug).await?;
    let (survey, policy_changed) = put_survey(tx, setup, found.as_ref(), now).await?;
    let key = survey.key;
    guard::ask_survey(tx, setup, &survey, found.as_ref(), &mut asked).await?;
    guard::ask_staff(tx, key, setup, &mut asked).await?;
    let areas_gone = guard::ask_areas(tx, key, setup, &mut asked).await?;
    let lent = staff::before(tx, key, setup).await?;
    let tree = load::put_areas(tx, key, &setup.areas).await?;
    let at = At::new(key, now);
    let doors = put_doors(tx, at, setup, &survey, found.is_none(), &mut asked, progress).await?;
    refuse_stranded(tx, key, areas_gone).await?;
    let open = asked.open();
    if !open.is_empty() {
        return Err(Error::Asked(open));
    }
    if tree.shape {
        load::renumber(tx, key).await?;
        settle_counters(tx, key).await?;
    }
    let moved = if policy_changed && found.is_some() {
        fold_all(tx, at, &survey, progress).await?
    } else {
        Vec::new()
    };
    // Last: whoever gives people doors or phones waits from here on.
    let staff = staff::put(tx, at, &survey, setup, &lent).await?;
    let is_all_new = tree.shape || tree.names || promises_otherwise(found.as_ref(), &survey);
    if tree.names || doors.is_renamed || speaks_otherwise(found.as_ref(), &survey) {
        lists::raise_epoch(tx, key).await?;
    }
    announce(tx, at, &doors, is_all_new).await?;
    let forms = forms::setup::put(tx, at, &survey, ready, found.as_ref()).await?;
    let freed = if found.is_some() { held::free_known(tx, at, &survey).await? } else { 0 };
    let totals = load::count_survey(tx, key).await?;
    let report = Report {
        is_new: found.is_none(),
        policy_version: survey.policy_version,
        policy_changed: policy_changed && found.is_some(),
        moved,
        doors,
        staff,
        forms,
        areas_gone,
        freed,
        totals,
    };
    Ok(match load.mode {
        Mode::Apply => {
            audit::note(tx, &noted(key, load, &report, now)).await?;
            Outcome::Stamp(report, key, at.tag)
        }
        Mode::Try => Outcome::Rollback(report),
    })
}

/// The line of the audit log: who loaded it, and how much it changed.
fn noted(key: SurveyKey, load: &Load, report: &Report, now: Timestamp) -> Note {
    let doors = &report.doors;
    let mut note = Note::by_operator(key, Action::LoadSetup, now);
    if let Some(by) = &load.by {
        (note.user, note.role) = (by.user.clone(), by.role.slug().to_owned());
    }
    note.with(json!({
        "policy_version": report.policy_version, "doors_added": doors.added, "doors_changed": doors.changed,
        "doors_rewritten": doors.rewritten, "doors_removed": doors.removed, "areas_gone": report.areas_gone,
    }))
}

/// Writes the survey's own row; returns it ready for use, and whether its rules changed.
async fn put_survey(
    tx: &Tx,
    setup: &Setup,
    found: Option<&Found>,
    now: Timestamp,
) -> Result<(Survey, bool), Error> {
    let key = key_of(tx, setup, found).await?;
    let policy =
        serde_json::to_value(&setup.survey.policy).map_err(|_| crate::store::Error::Corrupt("policy"))?;
    let (version, policy_changed) = version_of(found, &policy, &setup.survey.time_zone);
    load::put_survey(tx, key, setup, &policy, version, now).await?;
    feed::create(tx, key, Uuid::new_v4()).await?;
    let survey = Survey::of(crate::store::survey::SurveyRow {
        key,
        slug: setup.survey.slug.clone(),
        name: setup.survey.name.clone(),
        name_zh: setup.survey.name_zh.clone(),
        time_zone: setup.survey.time_zone.clone(),
        reference_at: setup.survey.reference_at,
        starts_on: setup.survey.starts_on,
        ends_on: setup.survey.ends_on,
        policy,
        policy_version: version,
    })?;
    Ok((survey, policy_changed))
}

/// An area cannot go while doors stand in it.
async fn refuse_stranded(tx: &Tx, key: SurveyKey, areas_gone: usize) -> Result<(), Error> {
    if areas_gone == 0 {
        return Ok(());
    }
    let stranded = load::stranded_areas(tx, key).await?;
    if stranded.is_empty() {
        return Ok(());
    }
    let line = |a: &String| {
        format!("areas.csv: area \"{a}\" is left out, but doors that something is known about stand in it")
    };
    Err(Error::Setup(stranded.iter().map(line).collect()))
}

async fn key_of(tx: &Tx, setup: &Setup, found: Option<&Found>) -> Result<SurveyKey, Error> {
    let district: i32 = setup
        .survey
        .district
        .parse()
        .map_err(|_| Error::Setup(vec!["survey.toml: district: must be a six-digit code".to_owned()]))?;
    match found {
        Some(found) if found.key.district != district => Err(Error::Setup(vec![format!(
            "survey.toml: district: survey \"{}\" is set up in another district; a survey never changes its district",
            setup.survey.slug
        )])),
        Some(found) => Ok(found.key),
        None => Ok(SurveyKey { district, no: load::next_no(tx).await? }),
    }
}

/// The version of the rules: a new one with another policy, and with another zone, in which bands and days are judged.
fn version_of(found: Option<&Found>, policy: &Value, time_zone: &str) -> (i32, bool) {
    match found {
        Some(found) if found.policy == *policy && found.time_zone == time_zone => {
            (found.policy_version, false)
        }
        Some(found) => (found.policy_version + 1, true),
        None => (1, true),
    }
}

async fn put_doors(
    tx: &Tx,
    at: At,
    setup: &Setup,
    survey: &Survey,
    is_new: bool,
    asked: &mut Answered,
    progress: &Progress,
) -> Result<Doors, Error> {
    let slug = setup.survey.slug.clone();
    let known = same::known(tx, at).await?;
    let case_of = |d: &DwellingRow| CaseId::of(d.id, &slug, 1);
    load::copy_dwellings(tx, setup, &known, case_of, |n| progress(Step::Copied(n))).await?;
    progress(Step::Merging);
    if is_new {
        guard::ask_second(tx, at.key, setup, asked).await?;
    }
    let there = load::count_doors(tx, at.key).await?;
    let rewritten = if there > 0 { same::match_doors(tx, at, setup, &known, asked).await? } else { 0 };
    let columns_kept = if there > 0 { keep_columns(tx, at.key, setup).await? } else { Vec::new() };
    let (added, changed, is_renamed) = load::put_doors(tx, at.key, at.now).await?;
    let lost = if there > 0 { load::find_lost(tx, at.key).await? } else { Lost::default() };
    guard::ask_doors(tx, setup, lost, there, asked).await?;
    let gone = load::settle_lost(tx, at.key, at.now).await?;
    if lost.removed > 0 {
        load::drop_keys(tx, at.key, &gone.iter().map(|c| c.0).collect::<Vec<_>>()).await?;
    }
    let is_frozen = is_new || at.now < survey.opens_at();
    let (baseline, frame) = if is_frozen {
        (Baseline::In, Frame::Frozen { from: at.now.min(survey.opens_at()) })
    } else {
        (Baseline::Out, Frame::Later)
    };
    let blank = blank(&survey.rules, baseline);
    let cases = load::put_cases(tx, at.key, at.now, blank, frame).await?;
    let Lost { removed, kept, .. } = lost;
    Ok(Doors { added, changed, is_renamed, rewritten, cases, removed, kept, gone, columns_kept })
}

/// A column without any value says nothing: what is known stays.
async fn keep_columns(tx: &Tx, key: SurveyKey, setup: &Setup) -> Result<Vec<(Column, u64)>, Error> {
    let mut kept = Vec::new();
    for column in Column::empty(&setup.dwellings) {
        let doors = load::keep_column(tx, key, column).await?;
        if doors > 0 {
            kept.push((column, doors));
        }
    }
    Ok(kept)
}

/// The tree changed: no other process may fold deltas while the areas are counted anew.
async fn settle_counters(tx: &Tx, key: SurveyKey) -> Result<(), Error> {
    completion::lock_fold(tx, key).await?;
    completion::rebuild_areas(tx, key).await?;
    Ok(())
}

/// Folds every case with evidence again; returns how many changed state, by state.
async fn fold_all(
    tx: &Tx,
    at: At,
    survey: &Survey,
    progress: &Progress,
) -> Result<Vec<(State, State, usize)>, Error> {
    let mut moved: std::collections::BTreeMap<(State, State), usize> = std::collections::BTreeMap::new();
    let (mut after, mut done) = (CaseId::default(), 0);
    loop {
        let ids = load::touched_cases(tx, at.key, after, FOLDED_AT_ONCE).await?;
        let Some(last) = ids.last() else { break };
        after = *last;
        let rows = case::lock_cases(tx, at.key, &ids).await?;
        let folded = refold(tx, at, survey, &rows).await?;
        for row in &rows {
            if let Some(f) = folded.get(&row.id).filter(|f| f.standing.state != row.state) {
                *moved.entry((row.state, f.standing.state)).or_default() += 1;
            }
        }
        done += rows.len();
        progress(Step::Folded(done));
    }
    Ok(moved.into_iter().map(|((from, to), n)| (from, to, n)).collect())
}

/// Whether nobody is to visit before another date than until now: every case tells its date, also the untouched ones.
fn promises_otherwise(found: Option<&Found>, survey: &Survey) -> bool {
    found.is_some_and(|found| {
        found.policy["self_response"]["until"].as_str() != survey.rules.policy.self_response.until.as_deref()
    })
}

/// Whether lists of doors speak another language than until now.
fn speaks_otherwise(found: Option<&Found>, survey: &Survey) -> bool {
    let before = |found: &Found| found.policy["forms"]["language"].as_str().map(str::to_owned);
    found.is_some_and(|found| before(found).as_ref() != Some(&survey.rules.policy.forms.language))
}

/// Tells the devices: door by door, or by asking them to pull everything, which they do where every door changed.
async fn announce(tx: &Tx, at: At, doors: &Doors, is_all_new: bool) -> Result<(), Error> {
    let survey = Mark { id: Uuid::nil(), area_no: None, device: None, user: None };
    feed::mark(tx, at.key, at.tag, ChangeKind::Survey, &[survey]).await?;
    let changed = doors.added + doors.changed + doors.removed;
    if is_all_new || doors.is_renamed || changed > DELTA || doors.changed > 0 {
        feed::require_full(tx, at.key).await?;
        return Ok(());
    }
    let new = load::new_cases(tx, at.key, at.now, DELTA).await?;
    let marks = |pick: fn(&load::CaseAt) -> Uuid| -> Vec<Mark> {
        let all = new.iter().chain(&doors.gone);
        all.map(|c| Mark { id: pick(c), area_no: Some(c.2), device: None, user: None }).collect()
    };
    feed::mark(tx, at.key, at.tag, ChangeKind::Case, &marks(|c| c.0.0)).await?;
    feed::mark(tx, at.key, at.tag, ChangeKind::Dwelling, &marks(|c| c.1)).await?;
    Ok(())
}
