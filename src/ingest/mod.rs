//! Takes what comes from the field and answers receipts; the only writer of field data.
//!
//! One batch, one transaction: raw copy, records, case states, counters, feed and receipts are all there or none is.
//! Nothing is applied step by step: after its records are stored, every touched case is folded again from all of its
//! evidence, so no order of arrival, repetition or fault can leave another state behind.

pub mod accept;
pub mod assign;
pub mod bulk;
mod classify;
pub mod decide;
pub mod digest;
pub mod forms;
pub mod held;
pub mod json;
pub mod key_file;
mod lease;
mod meant;
pub mod models;
pub mod reason;
pub mod receipt;
pub mod recognise;
pub mod record;
mod recount;
pub mod refold;
mod resolve;
mod rows;
pub mod scrub;
pub mod sealed;
pub mod self_response;
pub mod setup;
mod sheets;
pub mod staff;
pub mod vault;

use std::sync::Arc;

use crate::store::{AsStoreError, Store};
use crate::surveys::Surveys;

use digest::Keys;
use models::Models;

/// What taking field data needs.
#[derive(Clone)]
pub struct Ingest {
    /// The database.
    pub store: Store,
    /// Surveys and their rules.
    pub surveys: Surveys,
    /// Keys of the digests.
    pub keys: Arc<Keys>,
    /// Models of forms, read once.
    pub models: Models,
}

impl Ingest {
    /// The same on the connections kept for batches.
    #[must_use]
    pub fn for_batches(&self) -> Self {
        let store = self.store.for_batches();
        let surveys = self.surveys.through(store.clone());
        Self { surveys, store, keys: Arc::clone(&self.keys), models: self.models.clone() }
    }
}

/// Why nothing was taken.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The document could not be read.
    #[error("{0}")]
    Document(json::DocumentError),
    /// The batch names a device the caller does not act for.
    #[error("the batch names another device")]
    ForeignDevice,
    /// The batch names a survey the caller does not act in.
    #[error("the batch names a survey that this token does not act in")]
    UnknownSurvey,
    /// A batch of that id with other content is stored.
    #[error("a batch with this id and other content is stored")]
    BatchIdReused,
    /// Nothing of that id within the caller's reach.
    #[error("there is nothing of that id in reach")]
    NotFound,
    /// What was judged has changed since it was read.
    #[error("what was judged has changed since it was read")]
    Stale,
    /// The decision does not fit; says why.
    #[error("{0}")]
    Unfit(&'static str),
    /// The set-up contradicts what is stored; one sentence per contradiction.
    #[error("{}", .0.join("\n"))]
    Setup(Vec<String>),
    /// The set-up may be a slip: these questions have to be answered first.
    #[error("{}", in_words(.0))]
    Asked(Vec<crate::setup::Question>),
    /// The form cannot be used; everything that is wrong with it.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    FormFaults(Vec<crate::forms::Fault>),
    /// That version of the form was published with other content.
    #[error(
        "this version of the form was published with other content; give the changed form another version"
    )]
    FormVersionExists,
    /// The form stands in another's way, or is needed; says why in both languages.
    #[error("{}", .0.en)]
    FormInUse(InUse),
    /// The database.
    #[error(transparent)]
    Store(#[from] crate::store::Error),
}

/// Why a form cannot be published, opened or closed now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InUse {
    /// In English.
    pub en: &'static str,
    /// In Chinese.
    pub zh: &'static str,
}

impl Error {
    fn in_use(en: &'static str, zh: &'static str) -> Self {
        Self::FormInUse(InUse { en, zh })
    }
}

fn in_words(questions: &[crate::setup::Question]) -> String {
    questions.iter().map(|q| q.text(crate::domain::Language::En)).collect::<Vec<_>>().join("\n")
}

impl AsStoreError for Error {
    fn as_store_error(&self) -> Option<&crate::store::Error> {
        match self {
            Self::Store(error) => Some(error),
            Self::Document(_)
            | Self::ForeignDevice
            | Self::UnknownSurvey
            | Self::BatchIdReused
            | Self::NotFound
            | Self::Stale
            | Self::Unfit(_)
            | Self::Setup(_)
            | Self::Asked(_)
            | Self::FormFaults(_)
            | Self::FormVersionExists
            | Self::FormInUse(_) => None,
        }
    }
}
