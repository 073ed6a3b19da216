//! Surveys ready for use: the stored policy as rules, kept in memory until a set-up changes it.
//!
//! A cached survey is named by its policy version, which every request reads together with its token; so no process
//! ever judges by a policy older than the one in force when its request began. Titles and dates may lag a few seconds.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use crate::domain::{Policy, Rules};
use crate::store::survey::SurveyRow;
use crate::store::{Error, Store, SurveyKey};

/// How long a survey is kept before it is read again.
const FRESH: Duration = Duration::from_secs(10);

/// A survey with its rules.
#[derive(Debug)]
pub struct Survey {
    /// Key in the database.
    pub key: SurveyKey,
    /// Name on the wire.
    pub slug: String,
    /// English title.
    pub name: String,
    /// Chinese title.
    pub name_zh: String,
    /// IANA zone.
    pub time_zone: String,
    /// The moment the form speaks about.
    pub reference_at: Timestamp,
    /// First field day.
    pub starts_on: Date,
    /// Last field day.
    pub ends_on: Date,
    /// Version of the policy.
    pub policy_version: i32,
    /// Policy and calendar.
    pub rules: Rules,
}

impl Survey {
    /// Makes the stored row ready. Errors: a policy or zone that this program cannot read.
    pub fn of(row: SurveyRow) -> Result<Self, Error> {
        let policy: Policy = serde_json::from_value(row.policy).map_err(|_| Error::Corrupt("policy"))?;
        let zone = TimeZone::get(&row.time_zone).map_err(|_| Error::Corrupt("time zone"))?;
        Ok(Self {
            key: row.key,
            slug: row.slug,
            name: row.name,
            name_zh: row.name_zh,
            time_zone: row.time_zone,
            reference_at: row.reference_at,
            starts_on: row.starts_on,
            ends_on: row.ends_on,
            policy_version: row.policy_version,
            rules: Rules::new(policy, zone),
        })
    }

    /// The district code as text.
    pub fn district(&self) -> String {
        format!("{:06}", self.key.district)
    }

    /// First and last year of the field time.
    pub fn years(&self) -> (i16, i16) {
        (self.starts_on.year(), self.ends_on.year())
    }

    /// Start of the first field day.
    pub fn opens_at(&self) -> Timestamp {
        self.rules.calendar.day_start(self.starts_on)
    }

    /// End of the last field day.
    pub fn closes_at(&self) -> Timestamp {
        self.rules.calendar.day_start(self.ends_on.saturating_add(1.day()))
    }

    /// The reference moment's date in the survey's zone.
    pub fn reference_date(&self) -> Date {
        self.rules.calendar.local_date(self.reference_at)
    }
}

/// The surveys of an installation, read when first needed.
#[derive(Clone)]
pub struct Surveys {
    store: Store,
    known: Arc<RwLock<Known>>,
}

/// Surveys with the moment they were read.
type Known = HashMap<SurveyKey, (Instant, Arc<Survey>)>;

impl Surveys {
    /// Reads through `store`.
    pub fn new(store: Store) -> Self {
        Self { store, known: Arc::default() }
    }

    /// The same surveys, read through another store of the same database.
    #[must_use]
    pub fn through(&self, store: Store) -> Self {
        Self { store, known: Arc::clone(&self.known) }
    }

    /// The survey at that policy version or a later one.
    pub async fn get(&self, key: SurveyKey, policy_version: i32) -> Result<Arc<Survey>, Error> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        match known.filter(|(read, s)| s.policy_version >= policy_version && read.elapsed() < FRESH) {
            Some((_, survey)) => Ok(survey),
            None => self.reread(key).await,
        }
    }

    /// The survey as stored now; for commands, and after a set-up that changed dates only.
    pub async fn reread(&self, key: SurveyKey) -> Result<Arc<Survey>, Error> {
        let row = self.store.survey(key).await?.ok_or(Error::Corrupt("survey"))?;
        let survey = Arc::new(Survey::of(row)?);
        self.known
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(key, (Instant::now(), Arc::clone(&survey)));
        Ok(survey)
    }

    /// Every survey of the installation, read afresh.
    pub async fn all(&self) -> Result<Vec<Arc<Survey>>, Error> {
        let rows = self.store.surveys().await?;
        rows.into_iter().map(|row| Survey::of(row).map(Arc::new)).collect()
    }
}
