//! The forms of a set-up directory: published with it, in its transaction.

use std::sync::Arc;

use jiff::Timestamp;

use super::prepare::{Prepared, of_setup, pack};
use super::write::{Asked, Origin, Work};
use super::{blocking, built_in};
use crate::forms::FormRole;
use crate::forms::role;
use crate::ingest::refold::At;
use crate::ingest::{Error, Ingest};
use crate::setup::{NO_VERSION, Setup};
use crate::store::Tx;
use crate::store::load::Found;
use crate::surveys::Survey;

/// What a set-up did to a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loaded {
    /// Its id.
    pub id: String,
    /// The version of the directory.
    pub version: String,
    /// Its role.
    pub role: FormRole,
    /// What became of it.
    pub taken: Taken,
}

/// What became of a form of a set-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// The form is new.
    New,
    /// A new version, or a new role.
    Changed,
    /// Nothing differs.
    Same,
}

/// A form of the directory, ready to be stored.
pub(in crate::ingest) type Ready = Arc<Vec<(String, Prepared)>>;

impl Ingest {
    /// Makes the forms of a set-up ready, before its transaction. Errors: [`Error::Setup`].
    pub(in crate::ingest) async fn ready_forms(
        &self,
        setup: &Arc<Setup>,
        now: Timestamp,
    ) -> Result<Ready, Error> {
        blocking(|| {
            built_in::prepare();
            Ok(())
        })
        .await?;
        let survey = self.store.surveys().await?.into_iter().find(|row| row.slug == setup.survey.slug);
        let key = survey.map(|row| row.key);
        let mut all = Vec::with_capacity(setup.forms.len());
        for form in &setup.forms {
            let upload = of_setup(form, &setup.survey.policy.forms.languages);
            let prepared = if form.imported.model.version == NO_VERSION {
                let read =
                    self.read_upload(key, upload, now).await.map_err(|error| told(&form.file, error))?;
                Arc::unwrap_or_clone(read.prepared)
            } else {
                let imported = form.imported.clone();
                blocking(move || pack(&upload, imported)).await?
            };
            all.push((form.file.clone(), prepared));
        }
        Ok(Arc::new(all))
    }
}

/// Stores the forms of the program and of the directory, and gives those that `survey.toml` names their roles.
pub(in crate::ingest) async fn put(
    tx: &Tx,
    at: At,
    survey: &Survey,
    ready: &[(String, Prepared)],
    found: Option<&Found>,
) -> Result<Vec<Loaded>, Error> {
    let mut work = Work::begin(tx, at, survey).await?;
    built_in::put(&mut work).await?;
    let mut loaded = Vec::with_capacity(ready.len());
    for (file, prepared) in ready {
        let is_new = work.find(&prepared.model.id).is_none_or(|form| form.row.is_built_in);
        let asked =
            Asked { prepared, role: None, collect: None, publish: true, by: "", origin: Origin::Setup };
        let is_changed = work.put(&asked).await.map_err(|error| told(file, error))?;
        loaded.push(Loaded {
            id: prepared.model.id.clone(),
            version: prepared.model.version.clone(),
            role: work.find(&prepared.model.id).map_or(FormRole::Free, |form| form.row.role),
            taken: match (is_new, is_changed) {
                (true, _) => Taken::New,
                (false, true) => Taken::Changed,
                (false, false) => Taken::Same,
            },
        });
    }
    let before = found.and_then(|found| found.policy.get("forms")).cloned();
    if before != serde_json::to_value(&survey.rules.policy.forms).ok() {
        let main = before.as_ref().and_then(|before| before["main"].as_str());
        let has_other_main = main.is_some_and(|main| main != survey.rules.policy.forms.main);
        settle_named(&mut work, survey, has_other_main).await?;
    }
    work.finish().await?;
    Ok(loaded)
}

/// Gives the forms that `survey.toml` names their roles and offers, whichever way they came. To be asked when it names others than before:
/// what somebody decided on a page since then stays.
async fn settle_named(work: &mut Work<'_>, survey: &Survey, has_other_main: bool) -> Result<(), Error> {
    let policy = &survey.rules.policy.forms;
    let named = [("main", std::slice::from_ref(&policy.main)), ("extra", &policy.extra)];
    let collect = policy.collect.as_deref().unwrap_or_default();
    let mut missing = Vec::new();
    for (key, ids) in named.into_iter().chain([("collect", collect)]) {
        let is_missing = |id: &&String| work.find(id).is_none_or(|form| form.current().is_none());
        missing.extend(ids.iter().filter(is_missing).map(|id| {
            format!(
                "survey.toml: forms.{key}: there is no form \"{id}\"; put it into forms/ or upload it first"
            )
        }));
    }
    if !missing.is_empty() {
        return Err(Error::Setup(missing));
    }
    let ids: Vec<String> =
        work.forms().iter().filter(|f| f.current().is_some()).map(|f| f.row.id.clone()).collect();
    for id in ids {
        let Some(row) = work.find(&id).map(|form| form.row.clone()) else { continue };
        let named = role::said(policy, &id);
        let wanted = named.unwrap_or(row.role);
        let is_offered = policy.collect.as_ref().map_or(row.is_offered, |collect| collect.contains(&id));
        work.settle_role(&id, wanted, is_offered, Origin::Setup)
            .await
            .map_err(|error| told("survey.toml", error))?;
        if has_other_main && policy.main == id {
            work.put_in_force(&id).await?;
        }
    }
    Ok(())
}

/// An error about a form as a line of the set-up's faults.
fn told(file: &str, error: Error) -> Error {
    if let Error::FormFaults(faults) = &error {
        return Error::Setup(faults.iter().map(|fault| format!("{file}: {fault}")).collect());
    }
    if matches!(error, Error::FormVersionExists | Error::FormInUse(_)) {
        return Error::Setup(vec![format!("{file}: {error}")]);
    }
    error
}
