//! Finds interviews of one household and people listed twice, while the survey runs.
//!
//! An upload only leaves a line in the queue, in its own transaction; receipts neither wait for a link nor depend on one.
//! [`Dedupe::step`] takes a line, compares the interview with those that share a blocking key, clusters what it touches and
//! writes links, households and what follows for cases, in one transaction under the survey's linking lock: whatever is
//! killed when, nothing is linked by half or twice. The result depends on the interviews, the model and people's decisions,
//! not on the order of arrival. What a person decided is never overturned here.

mod apply;
mod component;
mod decide;
pub mod effects;
mod find;
mod foresee;
mod form;
mod household;
mod judge;
mod models;
mod relink;
mod score;
mod settle;
pub mod view;
mod work;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::ingest::Ingest;
use crate::store::{AsStoreError, SurveyKey};

pub use decide::{Decided, Ruling};
pub use effects::{CaseChange, Changes, Choice, Effect, Effects};
pub use relink::{Difference, Example, NewModel, Tables};
pub use work::{Linked, Step};

/// What linking needs.
#[derive(Clone)]
pub struct Dedupe {
    ingest: Ingest,
    models: Arc<Mutex<HashMap<SurveyKey, Arc<judge::Judge>>>>,
}

impl Dedupe {
    /// Links the interviews that `ingest` takes.
    pub fn new(ingest: Ingest) -> Self {
        Self { ingest, models: Arc::default() }
    }

    /// The judge of a survey as last used, if it is still that of this model and policy.
    fn known_judge(&self, key: SurveyKey, model: i32, policy: i32) -> Option<Arc<judge::Judge>> {
        let known = self.models.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&key).filter(|j| j.version == model && j.policy_version == policy).cloned()
    }

    fn keep_judge(&self, key: SurveyKey, judge: &Arc<judge::Judge>) {
        self.models.lock().unwrap_or_else(PoisonError::into_inner).insert(key, Arc::clone(judge));
    }
}

/// Why something could not be done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nothing of that id within the caller's reach.
    #[error("there is no such link in reach")]
    NotFound,
    /// The link changed since it was read.
    #[error("the link has changed since it was read")]
    Stale,
    /// The decision changes a case outside the caller's area.
    #[error("the decision changes a case outside the area")]
    BeyondReach,
    /// The decision does not fit; says why.
    #[error("{0}")]
    Unfit(&'static str),
    /// The stored model cannot be used by this program.
    #[error("the stored linkage model cannot be used: {0}; doorknock relink sets a new one")]
    Model(String),
    /// Taking a decision on a case.
    #[error(transparent)]
    Ingest(#[from] crate::ingest::Error),
    /// The database.
    #[error(transparent)]
    Store(#[from] crate::store::Error),
}

impl AsStoreError for Error {
    fn as_store_error(&self) -> Option<&crate::store::Error> {
        match self {
            Self::Store(error) => Some(error),
            Self::Ingest(error) => error.as_store_error(),
            Self::NotFound | Self::Stale | Self::BeyondReach | Self::Unfit(_) | Self::Model(_) => None,
        }
    }
}
