//! Forms come in: added as drafts or published, opened, closed; by the API, a page, a command, a set-up, or with the program.
//! The only writer of forms. What was published never changes.

mod built_in;
mod prepare;
pub(super) mod setup;
mod write;

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::json;
use uuid::Uuid;

use super::refold::At;
use super::{Error, Ingest};
use crate::domain::ids::form_change_id;
use crate::forms::{Change, FormModel, FormRole, Imported, changes, md5_hex};
use crate::setup::NO_VERSION;
use crate::store::access::Caller;
use crate::store::audit::{self, Action, Note};
use crate::store::form::Form;
use crate::store::{Outcome, SurveyKey, Tx};
use crate::surveys::Survey;

use prepare::free_version;
pub use prepare::{Prepared, Upload};
pub use setup::{Loaded, Taken};
use write::{Asked, Origin, Work};

/// What is to be done with an uploaded form.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Its role; as the survey says, as before, or as its bindings suggest, where nobody says so.
    pub role: Option<FormRole>,
    /// Whether Collect is offered it; as the survey says, or as before, where nobody says so.
    pub collect: Option<bool>,
    /// Publish it at once.
    pub publish: bool,
}

/// A form that was read, and how it differs from the version in force.
#[derive(Clone, Debug)]
pub struct Read {
    /// Ready to be stored.
    pub prepared: Arc<Prepared>,
    /// What differs; empty for a new form.
    pub changes: Vec<Change>,
}

/// Opens or closes a form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// Its submissions are taken.
    Open,
    /// Its submissions wait. `is_forced`: also of a main form while doors are open.
    Close {
        /// Whatever is still open.
        is_forced: bool,
    },
}

impl Ingest {
    /// Reads a form without storing it. Its version is put in where it says none: that of the version in force if it is the same
    /// form, else the first of the day that is free. Errors: [`Error::FormFaults`].
    pub async fn read_form(&self, survey: &Survey, upload: Upload, now: Timestamp) -> Result<Read, Error> {
        self.read_upload(Some(survey.key), upload, now).await
    }

    async fn read_upload(
        &self,
        key: Option<SurveyKey>,
        upload: Upload,
        now: Timestamp,
    ) -> Result<Read, Error> {
        let (upload, first) = imported(upload, NO_VERSION, None).await?;
        let says_none = first.model.version == NO_VERSION;
        let known = match key {
            Some(key) => self.store.form(key, &first.model.id).await?.map(|form| (key, form)),
            None => None,
        };
        let Some((key, form)) = known else {
            if !says_none {
                return packed(upload, first, Vec::new()).await;
            }
            let (upload, dated) = imported(upload, &free_version(now, None), None).await?;
            return packed(upload, dated, Vec::new()).await;
        };
        let before = self.model_in_force(key, &form).await?;
        let (upload, imported) = if says_none {
            dated(upload, &form, before.clone(), now).await?
        } else {
            imported(upload, NO_VERSION, before.clone()).await?
        };
        let differences = before.map_or_else(Vec::new, |before| changes(&before, &imported.model));
        packed(upload, imported, differences).await
    }

    async fn model_in_force(&self, key: SurveyKey, form: &Form) -> Result<Option<Arc<FormModel>>, Error> {
        let Some(current) = form.current() else { return Ok(None) };
        Ok(self.store.form_model(key, &form.row.id, &current.version).await?.map(Arc::new))
    }

    /// Stores a form that was read; whether anything changed by it. Errors: [`Error::FormFaults`], [`Error::FormVersionExists`],
    /// [`Error::FormInUse`].
    pub async fn add_form(
        &self,
        survey: &Arc<Survey>,
        prepared: &Arc<Prepared>,
        wanted: Wanted,
        by: Option<&Caller>,
        now: Timestamp,
    ) -> Result<bool, Error> {
        let (prepared, user) = (Arc::clone(prepared), by.map(|by| by.user.clone()).unwrap_or_default());
        let detail = json!({
            "form": prepared.model.id, "version": prepared.model.version, "done": if wanted.publish { "publish" } else { "draft" },
        });
        let note = noted(survey.key, by, &prepared.model.id, now).with(detail);
        self.change_forms("add_form", survey, now, note, move |work| {
            let (prepared, wanted, user) = (Arc::clone(&prepared), wanted.clone(), user.clone());
            Box::pin(async move {
                let asked = Asked {
                    prepared: &prepared,
                    role: wanted.role,
                    collect: wanted.collect,
                    publish: wanted.publish,
                    by: &user,
                    origin: Origin::Person,
                };
                work.put(&asked).await
            })
        })
        .await
    }

    /// Makes a draft the version in force. Errors: [`Error::NotFound`], [`Error::FormInUse`].
    pub async fn publish_form(
        &self,
        survey: &Arc<Survey>,
        (id, version): (&str, &str),
        by: Option<&Caller>,
        now: Timestamp,
    ) -> Result<bool, Error> {
        let detail = json!({"form": id, "version": version, "done": "publish"});
        let note = noted(survey.key, by, id, now).with(detail);
        let (id, version) = (id.to_owned(), version.to_owned());
        self.change_forms("publish_form", survey, now, note, move |work| {
            let (id, version) = (id.clone(), version.clone());
            Box::pin(async move { work.publish(&id, &version, Origin::Person).await })
        })
        .await
    }

    /// Opens or closes a form. Errors: [`Error::NotFound`], [`Error::Unfit`], [`Error::FormInUse`].
    pub async fn open_form(
        &self,
        survey: &Arc<Survey>,
        id: &str,
        door: Door,
        by: Option<&Caller>,
        now: Timestamp,
    ) -> Result<bool, Error> {
        let (is_open, is_forced) = match door {
            Door::Open => (true, false),
            Door::Close { is_forced } => (false, is_forced),
        };
        let detail = json!({"form": id, "done": if is_open { "open" } else { "close" }});
        let note = noted(survey.key, by, id, now).with(detail);
        let id = id.to_owned();
        self.change_forms("open_form", survey, now, note, move |work| {
            let id = id.clone();
            Box::pin(async move { work.set_open(&id, is_open, is_forced).await })
        })
        .await
    }

    /// Gives every survey the forms of this program that it lacks or has in an older version.
    pub async fn renew_built_in_forms(&self, now: Timestamp) -> Result<(), Error> {
        blocking(|| {
            built_in::prepare();
            Ok(())
        })
        .await?;
        for survey in self.surveys.all().await? {
            self.store
                .retrying("renew_built_in_forms", move |tx| {
                    let survey = Arc::clone(&survey);
                    Box::pin(async move {
                        let at = At::new(survey.key, now);
                        let mut work = Work::begin(tx, at, &survey).await?;
                        built_in::put(&mut work).await?;
                        let is_told = work.finish().await?;
                        Ok::<_, Error>(if is_told {
                            Outcome::Stamp((), at.key, at.tag)
                        } else {
                            Outcome::Commit(())
                        })
                    })
                })
                .await?;
        }
        Ok(())
    }

    /// Changes forms in one transaction and notes it, if anything was changed.
    async fn change_forms<F>(
        &self,
        name: &'static str,
        survey: &Arc<Survey>,
        now: Timestamp,
        note: Note,
        change: F,
    ) -> Result<bool, Error>
    where
        F: for<'w, 't> Fn(&'w mut Work<'t>) -> futures_util::future::BoxFuture<'w, Result<bool, Error>>
            + Send
            + Sync
            + 'static,
    {
        let (survey, key, change) = (Arc::clone(survey), survey.key, Arc::new(change));
        let is_changed = self
            .store
            .retrying(name, move |tx: &Tx| {
                let (survey, note, change) = (Arc::clone(&survey), note.clone(), Arc::clone(&change));
                Box::pin(async move {
                    let at = At::new(survey.key, now);
                    let mut work = Work::begin(tx, at, &survey).await?;
                    if !change(&mut work).await? {
                        return Ok(Outcome::Rollback(false));
                    }
                    let is_told = work.finish().await?;
                    audit::note(tx, &note).await?;
                    Ok::<_, Error>(if is_told {
                        Outcome::Stamp(true, at.key, at.tag)
                    } else {
                        Outcome::Commit(true)
                    })
                })
            })
            .await?;
        // What waited for the form goes on before anybody hears of it; should this end before, the service finds it.
        self.free_submissions(key, now).await?;
        Ok(is_changed)
    }
}

fn noted(key: SurveyKey, by: Option<&Caller>, form: &str, now: Timestamp) -> Note {
    let note = match by {
        Some(by) => Note::by(by, Action::ChangeForm, now),
        None => Note::by_operator(key, Action::ChangeForm, now),
    };
    note.about(subject(form))
}

fn subject(form: &str) -> Uuid {
    form_change_id(form)
}

/// Runs what blocks off the async threads.
async fn blocking<T, F>(work: F) -> Result<T, Error>
where
    T: Send + 'static,
    F: FnOnce() -> Result<T, Error> + Send + 'static,
{
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or(Err(Error::Store(crate::store::Error::Corrupt("form"))))
}

/// Imports an upload under a default version.
async fn imported(
    mut upload: Upload,
    version: &str,
    before: Option<Arc<FormModel>>,
) -> Result<(Upload, Imported), Error> {
    version.clone_into(&mut upload.given.default_version);
    upload.given.previous = before;
    blocking(move || prepare::read(&upload).map(|imported| (upload, imported))).await
}

/// Imports a known form that says no version: under its last one where nothing differs, else under a new one.
async fn dated(
    upload: Upload,
    form: &Form,
    before: Option<Arc<FormModel>>,
    now: Timestamp,
) -> Result<(Upload, Imported), Error> {
    let mut upload = upload;
    if let Some(last) = form.draft().or_else(|| form.current()) {
        let (given, same) = imported(upload, &last.version, before.clone()).await?;
        if md5_hex(same.xform.as_bytes()) == last.hash {
            return Ok((given, same));
        }
        upload = given;
    }
    imported(upload, &free_version(now, Some(form)), before).await
}

async fn packed(upload: Upload, imported: Imported, changes: Vec<Change>) -> Result<Read, Error> {
    let prepared = blocking(move || prepare::pack(&upload, imported)).await?;
    Ok(Read { prepared: Arc::new(prepared), changes })
}
