//! What the face remembers: how it is served, and the lists made last.

use std::collections::HashMap;
use std::io::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use tokio::sync::{Semaphore, SemaphorePermit};
use uuid::Uuid;

use super::auth;
use crate::access;
use crate::ingest::Ingest;
use crate::store::access::{Caller, Enrolled, NewToken, TokenKind};
use crate::store::{Error, SurveyKey};
use crate::surveys::Survey;

/// Lists kept; above it all are made anew.
const MOST: usize = 2_000;

/// A list of doors as it was made.
#[derive(Clone, Debug)]
pub struct Made {
    /// By what it was made: the same gives the same list.
    pub mark: String,
    /// The CSV.
    pub text: Arc<str>,
    /// MD5 of it, 32 hexadecimal digits.
    pub md5: String,
    /// The CSV of the buildings in which these doors are.
    pub buildings: Arc<str>,
}

/// Whoever makes a list waits for a place: phones that all look at once would otherwise hold all their lists in memory.
#[derive(Debug)]
struct Makers(Semaphore);

impl Default for Makers {
    fn default() -> Self {
        Self(Semaphore::new(std::thread::available_parallelism().map_or(2, usize::from)))
    }
}

/// How the face is served, and the lists made last.
#[derive(Clone, Debug, Default)]
pub struct Served {
    /// Plain HTTP is let in from private addresses.
    pub without_tls: bool,
    lists: Arc<Mutex<HashMap<(SurveyKey, String), Made>>>,
    makers: Arc<Makers>,
    /// Names of the files that a version of a form uses, by its hash.
    files: Arc<Mutex<HashMap<String, Arc<[String]>>>>,
}

impl Served {
    /// With plain HTTP let in from private addresses, or not.
    pub fn serving(without_tls: bool) -> Self {
        Self { without_tls, ..Self::default() }
    }

    /// A place among those who make a list; `None` never, as the places are never closed.
    pub async fn place(&self) -> Option<SemaphorePermit<'_>> {
        self.makers.0.acquire().await.ok()
    }

    /// The list of a person that was made by `mark`.
    pub fn kept(&self, key: SurveyKey, user: &str, mark: &str) -> Option<Made> {
        let lists = self.lists.lock().unwrap_or_else(PoisonError::into_inner);
        lists.get(&(key, user.to_owned())).filter(|made| made.mark == mark).cloned()
    }

    /// Keeps a list.
    pub fn keep(&self, key: SurveyKey, user: &str, made: Made) {
        let mut lists = self.lists.lock().unwrap_or_else(PoisonError::into_inner);
        if lists.len() >= MOST {
            lists.clear();
        }
        lists.insert((key, user.to_owned()), made);
    }

    /// The files that the version with this hash uses, where that is known.
    pub fn files(&self, hash: &str) -> Option<Arc<[String]>> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner).get(hash).cloned()
    }

    /// Keeps what files a version uses: it never changes.
    pub fn keep_files(&self, hash: &str, files: Arc<[String]>) {
        let mut all = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MOST {
            all.clear();
        }
        all.insert(hash.to_owned(), files);
    }
}

/// Server address and QR text of a new Collect phone.
#[derive(Clone, Debug)]
pub struct Phone {
    /// The server's address with the key; to be shown once.
    pub base: String,
    /// The text of the QR picture that sets Collect up: base64 of zlib of JSON.
    pub qr: String,
}

impl Phone {
    /// Makes a device with a key of its own for an enumerator; `None` when the person is no enumerator any more. `by` made it on a
    /// page; nobody for the operator's shell.
    pub async fn enrol(
        ingest: &Ingest,
        (key, user): (SurveyKey, &str),
        url: &str,
        (by, now): (Option<&Caller>, Timestamp),
    ) -> Result<Option<Self>, Error> {
        let survey = ingest.surveys.reread(key).await?;
        let secret = auth::new_secret();
        let token = NewToken {
            hash: auth::hash(&secret),
            key,
            user: user.to_owned(),
            device: Some(Uuid::new_v4()),
            kind: TokenKind::Odk,
            csrf: None,
            made_by: by.cloned(),
            created_at: now,
            expires_at: access::token_end(&survey).max(now + SignedDuration::from_hours(24)),
        };
        let made = ingest.store.add_token(token, None).await? == Enrolled::Yes;
        Ok(made.then(|| Self::of(&survey, user, url, &secret)))
    }

    /// Settings for the phone of `user` under `url`, with a key of its own.
    fn of(survey: &Survey, user: &str, url: &str, key: &str) -> Self {
        let base = format!("{}/odk/{key}", url.trim_end_matches('/'));
        let forms = &survey.rules.policy.forms;
        let mut general = json!({
            "server_url": base, "form_update_mode": "match_exactly", "autosend": "wifi_and_cellular",
            "periodic_form_updates_check": "every_fifteen_minutes", "metadata_username": user,
            "app_language": forms.language,
        });
        if !forms.collect_keep_sent {
            general["delete_send"] = json!(true);
        }
        let name = if survey.name_zh.is_empty() { &survey.name } else { &survey.name_zh };
        let settings = json!({
            "general": general, "admin": {"change_server": false},
            "project": {"name": name, "icon": "敲", "color": "#00694f"},
        });
        let mut packer = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
        // Writing to memory does not fail.
        drop(packer.write_all(settings.to_string().as_bytes()));
        Self { base, qr: STANDARD.encode(packer.finish().unwrap_or_default()) }
    }
}
