//! Accepting one batch: read it, store it in one transaction, answer a receipt per record.

mod answer;
mod cards;
mod doors;
mod filled;
mod form;
mod forms;
mod free;
mod numbers;
mod parts;
mod place;
mod readings;
mod refused;
mod submissions;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::TryFutureExt as _;
use futures_util::future::try_join;
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use serde_json::value::RawValue;
use uuid::Uuid;

use super::classify::{self, Class};
use super::meant::Meant;
use super::models::Models;
use super::reason::{Reason, sentence};
use super::receipt::{Answer, Counts};
use super::record::{Context, Parsed, Read, Warning, read_record, refuse_sealed};
use super::refold::{At, Gains, Refold};
use super::resolve::Cases;
use super::rows::Standing;
use super::sealed::{Unsealed, unseal, with_opened};
use super::{Error, Ingest, digest, json, scrub};
use crate::domain::CaseId;
use crate::domain::Reach;
use crate::domain::time::kept;
use crate::store::access::Caller;
use crate::store::batch::{self, BatchHead, Status, StoredBatch};
use crate::store::case::Find;
use crate::store::evidence::Sender;
use crate::store::feed::Mark;
use crate::store::held::Lock;
use crate::store::{Outcome, Sight, Tx, submission};
use crate::surveys::Survey;
use answer::{answer, from_text as parse_receipt, head_warning};
pub(super) use doors::{add_doors, note_keys};
pub(super) use filled::Word;
use filled::{Expanded, Filled, expand};
pub use form::FormSent;
use forms::Arrivals;
pub(super) use free::go_on;
pub(super) use numbers::Numbers;
pub(super) use place::{Looks, place_doors};

/// Bodies above this many bytes are read on a thread of their own.
const BIG: usize = 256 * 1024;
/// How a filled-in form came that Collect sent.
const OPENROSA: &str = "openrosa";
/// How a batch came that its device did not send itself.
const BY_HAND: &str = "file";

/// What the answer was made of, for metrics.
#[derive(Clone, Debug)]
pub struct Accepted {
    /// The answer.
    pub answer: Answer,
    /// Reading, checking, compressing.
    pub read: Duration,
    /// The transaction, repetitions included.
    pub store: Duration,
}

/// A batch read and ready to be stored.
struct Prepared {
    head: BatchHead,
    app_version: Option<String>,
    drafts: Option<i32>,
    /// What was left out of the batch's own fields at this try.
    warnings: Vec<Warning>,
    survey: Arc<Survey>,
    reach: Reach,
    sight: Sight,
    reads: Vec<Read>,
    raw: Vec<u8>,
    raw_length: i32,
    trust: Trust,
    /// The day it is counted on, in the survey's time zone.
    day: Date,
    /// The device's clock less ours.
    clock_offset: SignedDuration,
    /// What sent it: `collect`, or nothing for a batch.
    client: Option<&'static str>,
    /// The place of its first record in the batch: 0 but for a filled-in form that waited.
    first_place: usize,
    /// The filled-in form that waited, where this is not a batch that comes but that one on its way again.
    freed: Option<Uuid>,
    /// What somebody decided of it.
    word: Word,
    /// Digests of citizen IDs that were taken out of it when it began to wait, by node.
    id_digests: Option<HashMap<String, String>>,
    /// How often it was tried to store it.
    tries: AtomicU32,
}

/// Whether a batch counts at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// It does.
    Usual,
    /// Its device was cut off: every record is held until a supervisor has looked at it.
    Review,
}

/// What the transaction found.
enum Stored {
    New(Vec<Box<RawValue>>, Counts),
    Replay(StoredBatch),
    Reused,
}

impl Ingest {
    /// Takes the body of one batch on behalf of `caller`'s device. `via` is `http` or `file`.
    /// Errors: the document's, a foreign device or survey, a reused batch id, the database's.
    pub async fn accept(
        &self,
        caller: &Caller,
        body: Bytes,
        via: &'static str,
        now: Timestamp,
    ) -> Result<Accepted, Error> {
        self.accept_trusting(caller, body, via, Trust::Usual, now).await
    }

    /// The same for a batch that may have to wait for a supervisor.
    pub async fn accept_trusting(
        &self,
        caller: &Caller,
        body: Bytes,
        via: &'static str,
        trust: Trust,
        now: Timestamp,
    ) -> Result<Accepted, Error> {
        let (began, now) = (Instant::now(), kept(now));
        let survey = self.surveys.get(caller.key, caller.policy_version).await?;
        let work = {
            let (keys, caller) = (Arc::clone(&self.keys), caller.clone());
            let length = body.len();
            let read = move || prepare(&keys, &caller, survey, &body, (via, trust), now);
            if length > BIG {
                tokio::task::spawn_blocking(read)
                    .await
                    .map_err(|_| Error::Store(crate::store::Error::Unavailable))??
            } else {
                read()?
            }
        };
        let read = began.elapsed();
        let prepared = Arc::new(work);
        let (keys, models) = (Arc::clone(&self.keys), self.models.clone());
        let shared = Arc::clone(&prepared);
        let stored = self
            .store
            .retrying("accept_batch", move |tx| {
                let (prepared, keys, models) = (Arc::clone(&shared), Arc::clone(&keys), models.clone());
                Box::pin(async move { store_batch(tx, &prepared, &keys, &models).await })
            })
            .await?;
        if prepared.has_forms() {
            // Corrections that waited for one of these count before anybody hears of it.
            self.free_submissions(prepared.survey.key, now).await?;
        }
        let answer = answer(&prepared, stored)?;
        Ok(Accepted { answer, read, store: began.elapsed().saturating_sub(read) })
    }
}

/// Reads and checks the document and each of its records; takes citizen IDs out of the raw copy.
fn prepare(
    keys: &digest::Keys,
    caller: &Caller,
    survey: Arc<Survey>,
    body: &[u8],
    (via, trust): (&'static str, Trust),
    now: Timestamp,
) -> Result<Prepared, Error> {
    let text = json::text_of(body).map_err(Error::Document)?;
    let raw = json::split_batch(text).map_err(Error::Document)?;
    let header = &raw.header;
    if !header.survey.eq_ignore_ascii_case(&caller.survey) {
        return Err(Error::UnknownSurvey);
    }
    if Some(header.device_id.0) != caller.device {
        return Err(Error::ForeignDevice);
    }
    let clock_offset = header.sent_at.instant.duration_since(now);
    let context = context(&survey, now, clock_offset, keys);
    let opened: Vec<Unsealed> = raw.records.iter().map(|text| unseal(text, keys)).collect();
    let read = |(i, (text, opened)): (usize, (&&str, &Unsealed))| match opened {
        Unsealed::Plain => read_record(i, text, &context),
        Unsealed::Opened(inner) => read_record(i, inner, &context),
        Unsealed::Unreadable => refuse_sealed(i, text, &context),
    };
    let reads: Vec<Read> = raw.records.iter().zip(&opened).enumerate().map(read).collect();
    let digests: Vec<_> = reads.iter().map(|r| r.digest).collect();
    let head = BatchHead {
        id: header.batch_id.0,
        device: header.device_id.0,
        user: caller.user.clone(),
        digest: keys.batch_digest(&caller.survey, header.device_id, &digests).to_vec(),
        received_at: now,
        sent_at: header.sent_at.instant,
        clock_offset_s: (clock_offset.as_secs_f64() * 1000.0).round() / 1000.0,
        waiting: header.waiting.and_then(|n| i32::try_from(n).ok()),
        seq: header.seq,
        records: i32::try_from(reads.len()).unwrap_or(i32::MAX),
        via,
    };
    let warnings = header.left_out.iter().map(|left| head_warning(*left)).collect();
    let whole = with_opened(text, &raw.records, &opened);
    let clean = scrub::scrub_json(&whole);
    let raw_length = i32::try_from(clean.len()).unwrap_or(i32::MAX);
    let packed = batch::packed(clean.as_bytes())?;
    Ok(Prepared {
        head,
        app_version: header.app_version.clone(),
        drafts: header.drafts.and_then(|n| i32::try_from(n).ok()),
        warnings,
        reach: caller.reach(),
        day: survey.rules.calendar.local_date(now),
        sight: Sight::of(caller),
        survey,
        reads,
        raw: packed,
        raw_length,
        trust,
        clock_offset,
        client: (via == OPENROSA).then_some("collect"),
        first_place: 0,
        freed: None,
        word: Word::None,
        id_digests: None,
        tries: AtomicU32::new(0),
    })
}

/// What the records of a batch are judged by.
fn context<'k>(
    survey: &Survey,
    received_at: Timestamp,
    clock_offset: SignedDuration,
    keys: &'k digest::Keys,
) -> Context<'k> {
    Context {
        survey_from: survey.opens_at(),
        survey_to: survey.closes_at(),
        reference: survey.reference_date(),
        received_at,
        clock_offset,
        keys,
    }
}

impl Prepared {
    /// What its records are judged by.
    fn context<'k>(&self, keys: &'k digest::Keys) -> Context<'k> {
        context(&self.survey, self.head.received_at, self.clock_offset, keys)
    }

    /// Whether it holds filled-in forms, of which records come.
    fn has_forms(&self) -> bool {
        self.reads.iter().any(|read| matches!(read.parsed, Parsed::Submission(_)))
    }
}

/// A batch on its way through the transaction.
struct Work<'a> {
    tx: &'a Tx,
    at: At,
    batch: &'a Prepared,
    /// The id under which the batch is stored.
    id: Uuid,
    /// Its records as sent, behind them those that came of its filled-in forms.
    sent: &'a [Read],
    /// Of each of those the place of its form.
    owners: &'a [usize],
    /// The filled-in forms.
    filled: Vec<Filled>,
    /// All of these records under the ids they have here.
    meant: &'a Meant<'a>,
    classes: Vec<Class>,
    cases: Cases,
    /// Cases that got evidence.
    touched: HashSet<CaseId>,
    /// What each of them got in this batch.
    gains: Gains,
    /// Those of them whose fold needs more than what they had and got: records that had waited for something, or another
    /// revision of an interview.
    unsure: HashSet<CaseId>,
    /// Standing of each new record, by its place.
    standings: HashMap<usize, Standing>,
    /// Records whose standing changed although they came earlier.
    settled: Vec<Mark>,
    /// Warnings that could not be known when the records were read, by place.
    remarks: Vec<(usize, Warning)>,
}

async fn store_batch(
    tx: &Tx,
    batch: &Prepared,
    keys: &digest::Keys,
    models: &Models,
) -> Result<Outcome<Stored>, Error> {
    let key = batch.survey.key;
    let arrivals = Arrivals::of_batch(batch);
    let id = match begin_batch(tx, batch, arrivals, keys).await? {
        Begun::New(id) => id,
        Begun::Known(first) if first.digest == batch.head.digest => {
            return Ok(Outcome::Rollback(Stored::Replay(first)));
        }
        Begun::Known(_) | Begun::Taken => return Ok(Outcome::Rollback(Stored::Reused)),
    };
    let Expanded { reads, owners, filled } = expand(tx, batch, keys, models).await?;
    let (meant, cases) = look_up(tx, batch, &reads, arrivals, keys).await?;
    // Nothing writes a locked case between its lock and its fold; should something do so some day, the next try looks it up.
    let is_first = batch.tries.fetch_add(1, Ordering::Relaxed) == 0;
    let find = if is_first && filled.is_empty() { Find::ByPlace } else { Find::ById };
    let at = At { find, ..At::new(key, batch.head.received_at) };
    let mut work = Work::new((tx, at, batch, id), (&reads, &owners, filled), &meant, cases);
    let refold = work.take(arrivals, keys).await?;
    let (receipts, counts) = work.receipts(&refold.folded).await?;
    let raw = work.raw_to_keep().await?;
    if batch.head.via == BY_HAND {
        work.tell_device(&receipts).await?;
    }
    // Neither needs the other's answer.
    Box::pin(try_join(
        refold.write(tx, at).map_err(Error::from),
        work.keep_batch(&receipts, (&raw.0, raw.1)),
    ))
    .await?;
    Ok(Outcome::Stamp(Stored::New(receipts, counts), key, at.tag))
}

/// What came of writing a batch's row.
enum Begun {
    /// It stands, under this id.
    New(Uuid),
    /// The device has sent a batch of that id before.
    Known(StoredBatch),
    /// A colleague's batch has that id.
    Taken,
}

/// Writes the batch's row, and takes the lock of arriving visits where it is known at once which one that is. A batch whose id is
/// one of somebody beyond reach is stored under one that stands for it.
async fn begin_batch(
    tx: &Tx,
    batch: &Prepared,
    arrivals: Arrivals,
    keys: &digest::Keys,
) -> Result<Begun, Error> {
    let (key, head) = (batch.survey.key, &batch.head);
    let lock = (arrivals == Arrivals::Together).then(|| Lock::arrivals(key));
    for id in [head.id, batch_stand_in(keys, head.id, head.device)] {
        if batch::insert_batch(tx, key, id, head, lock).await? {
            return Ok(Begun::New(id));
        }
        match batch::find_batch(tx, key, id).await? {
            None => break,
            Some(first) if first.device == head.device => return Ok(Begun::Known(first)),
            Some(first) if batch::is_colleague(tx, key, &first.user, &batch.sight).await? => break,
            Some(_) => {}
        }
    }
    Ok(Begun::Taken)
}

/// The id under which a device's batch is stored whose own id is another device's.
pub fn batch_stand_in(keys: &digest::Keys, id: Uuid, device: Uuid) -> Uuid {
    keys.stand_in(id, &device.to_string())
}

/// What is stored under the records' ids; beside that the cases they speak of, locked, unless another lock comes first.
async fn look_up<'a>(
    tx: &Tx,
    batch: &Prepared,
    reads: &'a [Read],
    arrivals: Arrivals,
    keys: &digest::Keys,
) -> Result<(Meant<'a>, Cases), Error> {
    let (key, mut cases) = (batch.survey.key, Cases::default());
    let refs = if arrivals == Arrivals::Apart { Vec::new() } else { named_cases(reads) };
    let found = async { Ok(cases.find(tx, key, &refs).await?) };
    let (meant, ()) = try_join(Meant::of((tx, key), keys, &batch.sight, reads), found).await?;
    Ok((meant, cases))
}

/// The cases that records speak of; none when the batch brings doors, whose locks come first.
fn named_cases(reads: &[Read]) -> Vec<CaseId> {
    let mut named = Vec::with_capacity(reads.len());
    for read in reads {
        match &read.parsed {
            Parsed::Visit(v) => named.push(v.case),
            Parsed::Interview(r) => named.push(r.case),
            Parsed::Dwelling(_) => return Vec::new(),
            Parsed::Submission(_) | Parsed::MessageRead(_) | Parsed::Refused(_) => {}
        }
    }
    named
}

/// Records of one kind that were not stored before, with their places.
fn new_ones<'b, T>(
    reads: &'b [Read],
    classes: &[Class],
    pick: impl Fn(&'b Parsed) -> Option<&'b T>,
) -> Vec<(usize, &'b T)> {
    let all = reads.iter().enumerate().filter(|(i, _)| classes[*i] == Class::New);
    all.filter_map(|(i, read)| pick(&read.parsed).map(|r| (i, r))).collect()
}

impl<'a> Work<'a> {
    fn new(
        (tx, at, batch, id): (&'a Tx, At, &'a Prepared, Uuid),
        (sent, owners, filled): (&'a [Read], &'a [usize], Vec<Filled>),
        meant: &'a Meant<'a>,
        cases: Cases,
    ) -> Self {
        Self {
            tx,
            at,
            batch,
            id,
            sent,
            owners,
            filled,
            meant,
            classes: classify::classify(&meant.reads, &meant.known),
            cases,
            touched: HashSet::new(),
            gains: Gains::new(),
            unsure: HashSet::new(),
            standings: HashMap::new(),
            settled: Vec::new(),
            remarks: Vec::new(),
        }
    }

    /// Stores the records and folds the cases they touch; what the fold says is still to be written.
    async fn take(&mut self, arrivals: Arrivals, keys: &digest::Keys) -> Result<Refold, Error> {
        if arrivals == Arrivals::Apart {
            self.lock_arrivals().await?;
        }
        self.take_dwellings().await?;
        self.resolve_cases(keys).await?;
        self.take_visits_and_interviews(keys).await?;
        self.take_cards(keys).await?;
        self.take_submissions().await?;
        self.take_readings().await?;
        self.tell_lists().await?;
        self.fold_again().await
    }

    /// Lists say how many records of a door wait; a record that waits folds nothing.
    async fn tell_lists(&self) -> Result<(), Error> {
        let held = self.standings.values().filter(|standing| standing.status == Status::Held);
        let mut cases: Vec<CaseId> =
            held.filter_map(|standing| self.case_in_reach(Some(standing.case_id))).collect();
        cases.retain(|case| !self.touched.contains(case));
        cases.sort_unstable();
        cases.dedup();
        Ok(submission::touch_lists(self.tx, self.at.key, &cases).await?)
    }

    /// The place in the batch of a record, or of the form it came of.
    fn place_in_batch(&self, index: usize) -> usize {
        let owner = index.checked_sub(self.batch.reads.len()).and_then(|n| self.owners.get(n));
        self.batch.first_place + owner.copied().unwrap_or(index)
    }

    /// The records under the ids they have here.
    fn reads(&self) -> &'a [Read] {
        &self.meant.reads
    }

    /// The id with which a record was sent.
    fn sent_id(&self, index: usize) -> Option<Uuid> {
        match &self.sent[index].parsed {
            Parsed::Submission(s) => Some(s.id),
            other @ (Parsed::Visit(_)
            | Parsed::Interview(_)
            | Parsed::Dwelling(_)
            | Parsed::MessageRead(_)
            | Parsed::Refused(_)) => classify::identity(other).map(|identity| identity.0),
        }
    }

    fn sender(&self) -> Sender {
        let head = &self.batch.head;
        Sender {
            batch: self.id,
            device: head.device,
            user: Arc::from(head.user.as_str()),
            received_at: head.received_at,
        }
    }

    /// Locks every case the new visits and interviews speak of.
    async fn resolve_cases(&mut self, keys: &digest::Keys) -> Result<(), Error> {
        let mut refs: Vec<CaseId> = Vec::new();
        for (i, read) in self.reads().iter().enumerate().filter(|(i, _)| self.classes[*i] == Class::New) {
            match &read.parsed {
                Parsed::Visit(v) => refs.push(v.case),
                Parsed::Interview(r) => refs.push(r.case),
                Parsed::Dwelling(_) => refs.extend(self.standings.get(&i).map(|s| s.case_id)),
                Parsed::Submission(_) | Parsed::MessageRead(_) | Parsed::Refused(_) => {}
            }
        }
        refs.extend(self.cases_of_sheets());
        refs.sort_unstable();
        refs.dedup();
        if refs.is_empty() {
            return Ok(());
        }
        self.cases.lock(self.tx, self.at.key, &refs).await?;
        self.cases.remember_lent(self.tx, self.at.key, &self.batch.reach).await?;
        let stand_in = |id: CaseId| CaseId(keys.stand_in(id.0, &self.batch.head.user));
        self.cases.find_own_doors(self.tx, self.at.key, (&refs, &self.batch.reach), stand_in).await?;
        Ok(())
    }

    /// Whether a record counts, before anything special to its kind.
    fn standing(&self, index: usize, case: CaseId) -> Standing {
        let read = &self.reads()[index];
        if let Some(held) = &read.held {
            let case_id = self.cases.in_reach(case, &self.batch.reach).map_or(case, |r| r.id);
            let detail = if held.pointers.is_empty() {
                held.detail.clone()
            } else {
                format!("{} ({})", held.detail, held.pointers.join(", "))
            };
            let reason = held.reason.slug().to_owned();
            return Standing { case_id, status: Status::Held, held: Some((reason, detail)) };
        }
        self.standing_at(case)
    }

    /// Whether what names this case counts, as far as that lies in the case and the sender.
    fn standing_at(&self, case: CaseId) -> Standing {
        let row = self.cases.in_reach(case, &self.batch.reach);
        let case_id = row.map_or(case, |r| r.id);
        match row {
            _ if self.batch.trust == Trust::Review => held_for(case_id, Reason::RevokedDevice),
            Some(_) => Standing { case_id, status: Status::Accepted, held: None },
            None => held_for(case, Reason::UnknownCase),
        }
    }

    async fn fold_again(&mut self) -> Result<Refold, Error> {
        let touched: Vec<CaseId> = self.touched.iter().copied().collect();
        self.cases.find(self.tx, self.at.key, &touched).await?;
        let locked: Vec<_> = self.cases.rows().filter(|r| self.touched.contains(&r.id)).cloned().collect();
        self.gains.retain(|id, _| !self.unsure.contains(id));
        Ok(Refold::read(self.tx, self.at.key, &self.batch.survey, &locked, &self.gains).await?)
    }
}

fn held_for(id: CaseId, reason: Reason) -> Standing {
    Standing { case_id: id, status: Status::Held, held: Some(sentence(reason)) }
}
