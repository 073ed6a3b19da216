//! Applying a set-up: one transaction that adds, updates and never deletes a door about which something is known.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use super::refold::{At, blank, refold};
use super::{Error, Ingest, staff};
use crate::domain::rates::Baseline;
use crate::domain::{CaseId, State};
use crate::setup::Setup;
use crate::store::feed::{ChangeKind, Mark};
use crate::store::load::{self, Doors, Found, Frame};
use crate::store::{Outcome, SurveyKey, Tx, case, completion, feed};
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
    /// Errors: [`Error::Setup`] where it contradicts what is stored.
    pub async fn load_setup(
        &self,
        setup: Arc<Setup>,
        mode: Mode,
        now: Timestamp,
        progress: Progress,
    ) -> Result<Report, Error> {
        self.store
            .retrying("load_setup", move |tx| {
                let (setup, progress) = (Arc::clone(&setup), Arc::clone(&progress));
                Box::pin(async move { apply(tx, &setup, mode, now, &progress).await })
            })
            .await
    }
}

async fn apply(
    tx: &Tx,
    setup: &Setup,
    mode: Mode,
    now: Timestamp,
    progress: &Progress,
) -> Result<Outcome<Report>, Error> {
    let found = load::find_locked(tx, &setup.survey.slug).await?;
    let key = key_of(tx, setup, found.as_ref()).await?;
    let policy =
        serde_json::to_value(&setup.survey.policy).map_err(|_| crate::store::Error::Corrupt("policy"))?;
    let (version, policy_changed) = version_of(found.as_ref(), &policy, &setup.survey.time_zone);
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
    let stranded = load::stranded_areas(tx, key, &setup.areas).await?;
    if !stranded.is_empty() {
        let lines = stranded
            .iter()
            .map(|a| format!("areas.csv: area \"{a}\" is left out, but doors with visits stand in it"));
        return Err(Error::Setup(lines.collect()));
    }
    let lent = staff::before(tx, key, setup).await?;
    let reshaped = load::put_areas(tx, key, &setup.areas).await?;
    let at = At::new(key, now);
    let doors = put_doors(tx, at, setup, &survey, found.is_none(), progress).await?;
    if reshaped {
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
    announce(tx, at, &doors, reshaped).await?;
    let totals = load::count_survey(tx, key).await?;
    let report = Report {
        is_new: found.is_none(),
        policy_version: version,
        policy_changed: policy_changed && found.is_some(),
        moved,
        doors,
        staff,
        totals,
    };
    Ok(match mode {
        Mode::Apply => Outcome::Stamp(report, key, at.tag),
        Mode::Try => Outcome::Rollback(report),
    })
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
    progress: &Progress,
) -> Result<Doors, Error> {
    let slug = setup.survey.slug.clone();
    load::copy_dwellings(tx, setup, |d| CaseId::of(d.id, &slug, 1).0, |n| progress(Step::Copied(n))).await?;
    progress(Step::Merging);
    let is_frozen = is_new || at.now < survey.opens_at();
    let (baseline, frame) = if is_frozen {
        (Baseline::In, Frame::Frozen { from: at.now.min(survey.opens_at()) })
    } else {
        (Baseline::Out, Frame::Later)
    };
    let blank = blank(&survey.rules, baseline);
    Ok(load::merge_dwellings(tx, at.key, at.now, blank, frame).await?)
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
    let mut moved: std::collections::BTreeMap<(i16, i16), usize> = std::collections::BTreeMap::new();
    let (mut after, mut done) = (Uuid::nil(), 0);
    loop {
        let ids = load::touched_cases(tx, at.key, after, FOLDED_AT_ONCE).await?;
        let Some(last) = ids.last() else { break };
        after = *last;
        let rows = case::lock_cases(tx, at.key, &ids).await?;
        let folded = refold(tx, at, survey, &rows).await?;
        for row in &rows {
            if let Some(f) = folded.get(&row.id).filter(|f| f.standing.state.number() != row.state) {
                *moved.entry((row.state, f.standing.state.number())).or_default() += 1;
            }
        }
        done += rows.len();
        progress(Step::Folded(done));
    }
    Ok(moved
        .into_iter()
        .filter_map(|((from, to), n)| Some((State::from_number(from)?, State::from_number(to)?, n)))
        .collect())
}

/// Tells the devices: door by door, or by asking them to pull everything.
async fn announce(tx: &Tx, at: At, doors: &Doors, reshaped: bool) -> Result<(), Error> {
    let survey = Mark { id: Uuid::nil(), area_no: None, device: None, user: None };
    feed::mark(tx, at.key, at.tag, ChangeKind::Survey, &[survey]).await?;
    let changed = doors.added + doors.changed + doors.removed;
    if reshaped || changed > DELTA || doors.changed > 0 {
        feed::require_full(tx, at.key).await?;
        return Ok(());
    }
    let new = load::new_cases(tx, at.key, at.now, DELTA).await?;
    let marks = |pick: fn(&load::CaseAt) -> Uuid| -> Vec<Mark> {
        let all = new.iter().chain(&doors.gone);
        all.map(|c| Mark { id: pick(c), area_no: Some(c.2), device: None, user: None }).collect()
    };
    feed::mark(tx, at.key, at.tag, ChangeKind::Case, &marks(|c| c.0)).await?;
    feed::mark(tx, at.key, at.tag, ChangeKind::Dwelling, &marks(|c| c.1)).await?;
    Ok(())
}
