//! What every handler shares: services, limits, clock, who calls and what lies within reach; and how errors of the rooms
//! below become problems.

pub mod allowance;
pub mod auth;
pub mod cards;
pub mod forms;
pub mod known;
pub mod memory;
pub mod odk;
pub mod pictures;
pub mod planner;
pub mod reach;
pub mod self_response;
pub mod sign_in;

use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;

use crate::app::memory::Memory;
use crate::dedupe::{self, Dedupe};
use crate::domain::Language;
use crate::forms::Fault;
use crate::ingest::json::DocumentError;
use crate::ingest::{self, Ingest};
use crate::net::kind;
use crate::net::limit::{Attempts, Hashing, Openings, REQUESTS_OF_ONE, Turns, UploadSlots};
use crate::net::metrics::Metrics;
use crate::net::problem::{FieldError, Problem};
use crate::net::request::TokenHash;
use crate::planning::chances::Chances;
use crate::shelf::{self, Shelf};
use crate::store::{self, Store};
use crate::surveys::{Survey, Surveys};
use crate::sync;

/// The clock; tests set it.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// What handlers share; cheap to clone.
#[derive(Clone)]
pub struct App {
    /// Taking field data.
    pub ingest: Ingest,
    /// Finding households interviewed twice.
    pub dedupe: Dedupe,
    /// Metrics.
    pub metrics: Metrics,
    /// Places for batches.
    pub uploads: UploadSlots,
    /// Places for pictures.
    pub pictures: UploadSlots,
    /// Turns of every token.
    pub turns: Turns<TokenHash>,
    /// Places for password hashing.
    pub hashing: Hashing,
    /// Guesses at enrolment codes.
    pub codes: Attempts,
    /// Guesses at passwords.
    pub passwords: Attempts,
    /// Guesses at the codes of cards.
    pub slips: Attempts,
    /// Doors that devices open.
    pub openings: Openings,
    /// What the pages remember for a short while.
    pub pages: Memory,
    /// What the visits have taught, for lists.
    pub chances: Chances,
    /// The clock.
    pub clock: Clock,
    /// Where the disk must have room, and how much of it; `None` where the disk is not ours.
    pub room: Option<Room>,
    /// Where attachments lie.
    pub shelf: Shelf,
    /// The local authority's certificate, for phones to trust; `None` where there is none.
    pub authority: Option<Arc<str>>,
    /// How the `OpenRosa` face is served, and its lists.
    pub odk: odk::Served,
    /// Whether the database has every migration of this program.
    pub is_migrated: Arc<dyn Fn() -> bool + Send + Sync>,
}

/// A directory whose file system must have room before an upload is taken.
#[derive(Clone, Debug)]
pub struct Room {
    /// The directory.
    pub path: PathBuf,
    /// Least free bytes.
    pub least: u64,
}

impl Room {
    /// Whether there is room; true where the system does not say.
    pub fn is_left(&self) -> bool {
        rustix::fs::statvfs(&self.path).map_or(true, |s| s.f_bavail.saturating_mul(s.f_frsize) >= self.least)
    }
}

impl App {
    /// An app over `ingest` with fresh limits and metrics and the system's clock.
    pub fn new(ingest: Ingest) -> Self {
        let pool = ingest.store.settings().pool_size;
        Self {
            dedupe: Dedupe::new(ingest.clone()),
            ingest,
            metrics: Metrics::new(),
            uploads: UploadSlots::for_batches(pool),
            pictures: UploadSlots::for_pictures(pool),
            turns: Turns::of(REQUESTS_OF_ONE),
            hashing: Hashing::default(),
            codes: Attempts::new(),
            passwords: Attempts::new(),
            slips: Attempts::new(),
            openings: Openings::default(),
            pages: Memory::default(),
            chances: Chances::default(),
            clock: Arc::new(Timestamp::now),
            room: None,
            shelf: Shelf::directory(std::env::temp_dir().join("doorknock-attachments")),
            authority: None,
            odk: odk::Served::default(),
            is_migrated: Arc::new(|| true),
        }
    }

    /// Now, to the microsecond as the database keeps it: what is answered first and what is read later are equal.
    pub fn now(&self) -> Timestamp {
        let now = (self.clock)();
        Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
    }

    /// The same for taking batches, on the database connections kept for that.
    #[must_use]
    pub fn for_batches(&self) -> Self {
        Self { ingest: self.ingest.for_batches(), ..self.clone() }
    }

    /// The database.
    pub fn store(&self) -> &Store {
        &self.ingest.store
    }

    /// The surveys.
    pub fn surveys(&self) -> &Surveys {
        &self.ingest.surveys
    }

    /// The survey a caller acts in.
    pub async fn survey(&self, caller: &crate::store::access::Caller) -> Result<Arc<Survey>, Problem> {
        Ok(self.surveys().get(caller.key, caller.policy_version).await?)
    }
}

impl From<store::Error> for Problem {
    fn from(error: store::Error) -> Self {
        if error.is_outage() {
            tracing::warn!(%error, "the database does not answer");
            return Self::plain(&kind::DATABASE_AWAY);
        }
        tracing::error!(%error, "a database statement failed");
        Self::plain(&kind::INTERNAL)
    }
}

impl From<shelf::Error> for Problem {
    fn from(error: shelf::Error) -> Self {
        tracing::error!(%error, "the place of the attachments failed");
        Self::plain(&kind::INTERNAL)
    }
}

impl From<ingest::Error> for Problem {
    fn from(error: ingest::Error) -> Self {
        match error {
            ingest::Error::Document(error) => document(&error),
            ingest::Error::ForeignDevice => Self::plain(&kind::FOREIGN_DEVICE),
            ingest::Error::UnknownSurvey => Self::plain(&kind::UNKNOWN_SURVEY),
            ingest::Error::BatchIdReused => Self::plain(&kind::BATCH_ID_REUSED),
            ingest::Error::NotFound => Self::not_found(),
            ingest::Error::Stale => Self::plain(&kind::STALE_VERSION),
            ingest::Error::Unfit(why) => Self::new(&kind::NOT_POSSIBLE_NOW, why),
            ingest::Error::Setup(lines) => Self::new(&kind::NOT_POSSIBLE_NOW, lines.join(" ")),
            error @ ingest::Error::Asked(_) => Self::new(&kind::NOT_POSSIBLE_NOW, error.to_string()),
            ingest::Error::FormFaults(faults) => form_faults(&faults),
            ingest::Error::FormVersionExists => Self::plain(&kind::FORM_VERSION_EXISTS),
            ingest::Error::FormInUse(why) => Self::new(&kind::FORM_IN_USE, why.en).in_chinese(why.zh),
            ingest::Error::Store(error) => error.into(),
        }
    }
}

/// Every fault of a form with its place.
fn form_faults(faults: &[Fault]) -> Problem {
    let errors = serde_json::to_value(faults).unwrap_or_default();
    let problem = match faults {
        [one] => Problem::new(&kind::FORM_FAULTS, one.line(Language::En)).in_chinese(one.line(Language::Zh)),
        many => Problem::new(&kind::FORM_FAULTS, format!("The form has {} faults.", many.len()))
            .in_chinese(format!("表单有 {} 处错误。", many.len())),
    };
    problem.with("errors", errors)
}

fn document(error: &DocumentError) -> Problem {
    match error {
        DocumentError::NotJson { line, column, what } => {
            Problem::new(&kind::NOT_JSON, format!("line {line}, column {column}: {what}"))
        }
        DocumentError::NotBatch { errors } => Problem::not_valid(
            errors.iter().map(|(pointer, detail)| FieldError::at(pointer.clone(), detail.clone())).collect(),
        ),
        DocumentError::TooManyRecords => Problem::plain(&kind::TOO_MANY_RECORDS),
    }
}

impl From<sync::Error> for Problem {
    fn from(error: sync::Error) -> Self {
        match error {
            sync::Error::Cursor(_) => Self::parameter("cursor", "must be one that this service gave out"),
            sync::Error::LostTail(_) => {
                tracing::error!("the feed lost its tail again while a new epoch began");
                Self::plain(&kind::INTERNAL)
            }
            sync::Error::Store(error) => error.into(),
        }
    }
}

impl From<dedupe::Error> for Problem {
    fn from(error: dedupe::Error) -> Self {
        match error {
            dedupe::Error::NotFound => Self::not_found(),
            dedupe::Error::Stale => Self::plain(&kind::STALE_VERSION),
            dedupe::Error::BeyondReach => Self::plain(&kind::BEYOND_REACH),
            dedupe::Error::Unfit(why) => Self::new(&kind::NOT_POSSIBLE_NOW, why),
            dedupe::Error::Model(why) => {
                tracing::error!(why, "the linkage model cannot be used");
                Self::plain(&kind::INTERNAL)
            }
            dedupe::Error::Ingest(error) => error.into(),
            dedupe::Error::Store(error) => error.into(),
        }
    }
}

impl From<crate::planning::Error> for Problem {
    fn from(error: crate::planning::Error) -> Self {
        match error {
            crate::planning::Error::TooLarge => {
                Self::parameter("area", "must hold at most 30,000 cases; plan its parts")
            }
            crate::planning::Error::Store(error) => error.into(),
        }
    }
}
