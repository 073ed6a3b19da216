//! Filled-in forms that waited as a whole go on once what they waited for is here: the same way as one that comes, each in a
//! transaction of its own.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;

use futures_util::TryFutureExt as _;
use futures_util::future::try_join;
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::super::models::Models;
use super::super::record::{Body, Parsed, Read, SubmissionRecord};
use super::super::refold::At;
use super::super::{Error, Ingest, digest};
use super::filled::{Expanded, Fate, Word, expand};
use super::forms::Arrivals;
use super::{Prepared, Trust, Work, look_up};
use crate::domain::Reach;
use crate::domain::time::kept;
use crate::forms::submission::read_xml;
use crate::store::batch::{BatchHead, Status};
use crate::store::case::Find;
use crate::store::feed::{self, ChangeKind, Mark};
use crate::store::submission::{self as stored, Waiting};
use crate::store::{Outcome, Sight, SurveyKey, Tx};
use crate::surveys::Survey;

/// Looked for in one go.
const AT_ONCE: i64 = 50;
/// Rounds after which the rest is left to the next call: a chain of corrections frees one link after the other.
const MOST_ROUNDS: usize = 200;

impl Ingest {
    /// Takes every filled-in form that waits as a whole for something that is here by now. Returns how many went on.
    pub async fn free_submissions(&self, key: SurveyKey, now: Timestamp) -> Result<usize, Error> {
        let mut freed = 0;
        for _ in 0..MOST_ROUNDS {
            let ids = self.store.freeable_submissions(key, AT_ONCE).await?;
            let mut went_on = false;
            for id in ids {
                let is_freed = self.free_submission(key, id, now).await?;
                freed += usize::from(is_freed);
                went_on |= is_freed;
            }
            if !went_on {
                break;
            }
        }
        Ok(freed)
    }

    async fn free_submission(&self, key: SurveyKey, id: Uuid, now: Timestamp) -> Result<bool, Error> {
        let survey = self.surveys.reread(key).await?;
        let (keys, models) = (Arc::clone(&self.keys), self.models.clone());
        let now = kept(now);
        self.store
            .retrying("free_submission", move |tx| {
                let (survey, keys, models) = (Arc::clone(&survey), Arc::clone(&keys), models.clone());
                Box::pin(async move {
                    let at = At { find: Find::ById, ..At::new(key, now) };
                    let is_freed = go_on(tx, at, &survey, (&keys, &models), id, Word::None).await?;
                    Ok(if is_freed { Outcome::Stamp(true, key, at.tag) } else { Outcome::Rollback(false) })
                })
            })
            .await
    }
}

/// Takes a form that waits as a whole; `false` where it waits no more, or still for something else.
pub(in crate::ingest) async fn go_on(
    tx: &Tx,
    at: At,
    survey: &Arc<Survey>,
    (keys, models): (&digest::Keys, &Models),
    id: Uuid,
    word: Word,
) -> Result<bool, Error> {
    let Some(waiting) = stored::lock_waiting(tx, at.key, id).await? else { return Ok(false) };
    let Some(batch) = as_batch(survey, &waiting, word) else { return Ok(false) };
    let Expanded { reads, owners, filled } = expand(tx, &batch, keys, models).await?;
    let fate = filled.first().map(|f| &f.fate);
    if let Some(Fate::Held(new)) = fate {
        // What it waits for now may be another thing than before.
        stored::settle(tx, at.key, id, new.status, new.held.as_ref(), None).await?;
        let is_other = new.held.as_ref().is_some_and(|held| held.0 != waiting.reason);
        return Ok(is_other);
    }
    if let Some(Fate::Refused(refused)) = fate {
        let held = (refused.reason.slug().to_owned(), refused.detail.clone());
        stored::settle(tx, at.key, id, Status::Refused, Some(&held), None).await?;
        feed::mark(tx, at.key, at.tag, ChangeKind::Receipt, &[mark(&waiting)]).await?;
        return Ok(true);
    }
    let (known, cases) = look_up(tx, &batch, &reads, Arrivals::Apart, keys).await?;
    let mut run = Work::new((tx, at, &batch, waiting.batch_id), (&reads, &owners, filled), &known, cases);
    let refold = run.take(Arrivals::Apart, keys).await?;
    run.settled.push(mark(&waiting));
    Box::pin(try_join(
        refold.write(tx, at).map_err(Error::from),
        feed::mark(tx, at.key, at.tag, ChangeKind::Receipt, &run.settled).map_err(Error::from),
    ))
    .await?;
    Ok(true)
}

fn mark(waiting: &Waiting) -> Mark {
    Mark { id: waiting.id, area_no: None, device: Some(waiting.device), user: None }
}

/// The form as the one record of the batch it came with. `None` for one whose text was removed.
fn as_batch(survey: &Arc<Survey>, w: &Waiting, word: Word) -> Option<Prepared> {
    let given = |key: &str| w.given.get(key);
    let uuid = |key: &str| given(key).and_then(|v| v.as_str()).and_then(|id| Uuid::try_parse(id).ok());
    let is_json = given("is_json").and_then(serde_json::Value::as_bool).unwrap_or_default();
    let body = if is_json {
        Body::Answers(w.text.clone())
    } else {
        let mut envelope = read_xml(&w.text).ok()?;
        // Stored under the id it has here.
        envelope.instance = w.id;
        Body::Xml(w.text.clone(), Box::new(envelope))
    };
    let record = SubmissionRecord {
        id: w.id,
        form: w.form.clone(),
        version: w.version.clone(),
        body,
        deprecated: w.deprecated,
        case: uuid("case_id"),
        visit: uuid("visit_id"),
        paused_s: given("paused_s").and_then(serde_json::Value::as_f64),
        keep_ids: given("keep_ids").and_then(serde_json::Value::as_bool).unwrap_or_default(),
    };
    let digest = w.digest.as_slice().try_into().ok()?;
    let read =
        Read { digest, parsed: Parsed::Submission(Box::new(record)), warnings: Vec::new(), held: None };
    let id_digests: Option<HashMap<String, String>> =
        w.id_digests.as_deref().and_then(|text| serde_json::from_str(text).ok());
    Some(Prepared {
        head: BatchHead {
            id: w.batch_id,
            device: w.device,
            user: w.user.clone(),
            digest: Vec::new(),
            received_at: w.received_at,
            sent_at: w.received_at,
            clock_offset_s: w.clock_offset_s,
            waiting: None,
            seq: None,
            records: 1,
            via: "freed",
        },
        app_version: None,
        drafts: None,
        warnings: Vec::new(),
        reach: Reach { range: w.range, user: w.user.clone() },
        sight: Sight { devices: vec![w.device], user: w.user.clone(), range: w.range },
        day: survey.rules.calendar.local_date(w.received_at),
        survey: Arc::clone(survey),
        reads: vec![read],
        first_place: usize::try_from(w.batch_index).unwrap_or_default(),
        raw: Vec::new(),
        raw_length: 0,
        trust: Trust::Usual,
        clock_offset: SignedDuration::try_from_secs_f64(w.clock_offset_s).unwrap_or_default(),
        client: (w.client.as_deref() == Some("collect")).then_some("collect"),
        freed: Some(w.id),
        word,
        id_digests,
        tries: AtomicU32::new(0),
    })
}
