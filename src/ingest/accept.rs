//! Accepting one batch: read it, store it in one transaction, answer a receipt per record.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::future::{try_join, try_join3, try_join5};
use jiff::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use super::classify::{self, Class};
use super::reason::Reason;
use super::receipt::{Answer, CaseAfter, Counts, Receipt};
use super::record::{Context, DwellingRecord, InterviewRecord, Parsed, Read, VisitRecord, read_record};
use super::refold::{At, Folded, refold, unmet_bits, unmet_parts};
use super::resolve::{Cases, Reach};
use super::rows::{self, Standing};
use super::{Error, Ingest, held, json, scrub};
use crate::domain::rates::Baseline;
use crate::domain::{BuildingId, CaseId, DwellingId, State, door_key};
use crate::store::access::Caller;
use crate::store::batch::{self, BatchHead, Known, Status, StoredBatch};
use crate::store::case::{self, FoundDoor};
use crate::store::device::{self, Contact};
use crate::store::evidence::{self, NewDwellingRecord, NewInterview, NewPerson, NewVisit, Sender};
use crate::store::feed::{ChangeKind, Mark};
use crate::store::held::{self as store_held, Hold};
use crate::store::link::queue;
use crate::store::survey::{Areas, find_areas};
use crate::store::{Outcome, Tx, attachment, completion, feed, new_tag};
use crate::surveys::Survey;

/// Bodies above this many bytes are read on a thread of their own.
const BIG: usize = 256 * 1024;
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
    survey: Arc<Survey>,
    reach: Reach,
    reads: Vec<Read>,
    raw: Vec<u8>,
    raw_length: i32,
    trust: Trust,
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
    New(Vec<Value>),
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
        let began = Instant::now();
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
        let keys = Arc::clone(&self.keys);
        let shared = Arc::clone(&prepared);
        let stored = self
            .store
            .retrying("accept_batch", move |tx| {
                let (prepared, keys) = (Arc::clone(&shared), Arc::clone(&keys));
                Box::pin(async move { store_batch(tx, &prepared, &keys).await })
            })
            .await?;
        let answer = answer(&prepared, stored)?;
        Ok(Accepted { answer, read, store: began.elapsed().saturating_sub(read) })
    }
}

fn answer(prepared: &Prepared, stored: Stored) -> Result<Answer, Error> {
    let head = &prepared.head;
    let (replayed, received_at, clock_offset_s, receipts) = match stored {
        Stored::New(receipts) => (false, head.received_at, head.clock_offset_s, receipts),
        Stored::Replay(first) => {
            let receipts = serde_json::from_str(&first.receipts);
            let receipts = receipts.map_err(|_| crate::store::Error::Corrupt("receipt"))?;
            (true, first.received_at, first.clock_offset_s, receipts)
        }
        Stored::Reused => return Err(Error::BatchIdReused),
    };
    let statuses = receipts.iter().map(|r| r.get("status").and_then(Value::as_str).unwrap_or_default());
    let counts = Counts::of(statuses);
    Ok(Answer { batch_id: head.id, replayed, received_at, clock_offset_s, counts, receipts })
}

/// Reads and checks the document and each of its records; takes citizen IDs out of the raw copy.
fn prepare(
    keys: &super::digest::Keys,
    caller: &Caller,
    survey: Arc<Survey>,
    body: &[u8],
    (via, trust): (&'static str, Trust),
    now: Timestamp,
) -> Result<Prepared, Error> {
    let text = json::text_of(body).map_err(Error::Document)?;
    let raw = json::split_batch(text).map_err(Error::Document)?;
    let header = &raw.header;
    if header.survey != caller.survey.as_str() {
        return Err(Error::UnknownSurvey);
    }
    if Some(header.device_id.0) != caller.device {
        return Err(Error::ForeignDevice);
    }
    let clock_offset = header.sent_at.instant.duration_since(now);
    let context = Context {
        survey_from: survey.opens_at(),
        survey_to: survey.closes_at(),
        reference: survey.reference_date(),
        received_at: now,
        clock_offset,
        keys,
    };
    let reads: Vec<Read> =
        raw.records.iter().enumerate().map(|(i, text)| read_record(i, text, &context)).collect();
    let digests: Vec<_> = reads.iter().map(|r| r.digest).collect();
    let head = BatchHead {
        id: header.batch_id.0,
        device: header.device_id.0,
        user: caller.user.clone(),
        digest: keys.batch_digest(&header.survey, header.device_id, &digests).to_vec(),
        received_at: now,
        sent_at: header.sent_at.instant,
        clock_offset_s: (clock_offset.as_secs_f64() * 1000.0).round() / 1000.0,
        waiting: header.waiting.and_then(|n| i32::try_from(n).ok()),
        seq: header.seq,
        records: i32::try_from(reads.len()).unwrap_or(i32::MAX),
        via,
    };
    let app_version =
        header.extra.iter().find(|e| e.0 == "app_version").and_then(|e| e.1.text()).map(str::to_owned);
    let clean = scrub::scrub_json(text);
    let raw_length = i32::try_from(clean.len()).unwrap_or(i32::MAX);
    let packed =
        zstd::bulk::compress(clean.as_bytes(), 1).map_err(|_| crate::store::Error::Corrupt("batch"))?;
    Ok(Prepared {
        head,
        app_version,
        reach: Reach::of(caller),
        survey,
        reads,
        raw: packed,
        raw_length,
        trust,
    })
}

/// A batch on its way through the transaction.
struct Work<'a> {
    tx: &'a Tx,
    at: At,
    batch: &'a Prepared,
    classes: Vec<Class>,
    known: Vec<Known>,
    cases: Cases,
    /// Cases that got evidence.
    touched: HashSet<Uuid>,
    /// Standing of each new record, by its place.
    standings: HashMap<usize, Standing>,
    /// Records whose standing changed although they came earlier.
    settled: Vec<Mark>,
}

async fn store_batch(
    tx: &Tx,
    batch: &Prepared,
    keys: &super::digest::Keys,
) -> Result<Outcome<Stored>, Error> {
    let key = batch.survey.key;
    let arrivals = Arrivals::of(&batch.reads);
    if !begin_batch(tx, batch, arrivals).await? {
        let first = batch::find_batch(tx, key, batch.head.id).await?;
        return Ok(Outcome::Rollback(match first {
            Some(first) if first.digest == batch.head.digest && first.device == batch.head.device => {
                Stored::Replay(first)
            }
            Some(_) | None => Stored::Reused,
        }));
    }
    let (known, cases) = look_up(tx, batch, arrivals).await?;
    let at = At { key, now: batch.head.received_at, tag: new_tag(batch.head.received_at) };
    let mut work = Work {
        tx,
        at,
        batch,
        classes: classify::classify(&batch.reads, &known),
        known,
        cases,
        touched: HashSet::new(),
        standings: HashMap::new(),
        settled: Vec::new(),
    };
    if arrivals == Arrivals::Apart {
        work.lock_arrivals().await?;
    }
    work.take_dwellings().await?;
    work.resolve_cases().await?;
    work.take_visits_and_interviews(keys).await?;
    let folded = work.fold_again().await?;
    let receipts = work.receipts(&folded).await?;
    if batch.head.via == BY_HAND {
        work.tell_device(&receipts).await?;
    }
    work.keep_batch(&receipts).await?;
    Ok(Outcome::Stamp(Stored::New(receipts), key, at.tag))
}

/// How the visits that interviews name come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Arrivals {
    /// No visit comes and none is named.
    None,
    /// Every named visit comes in this batch.
    Together,
    /// Some interview names a visit that came or will come by another batch.
    Apart,
}

impl Arrivals {
    fn of(reads: &[Read]) -> Self {
        let (mut visits, mut named) = (HashSet::new(), Vec::new());
        for read in reads {
            match &read.parsed {
                Parsed::Visit(v) => drop(visits.insert(v.id)),
                Parsed::Interview(r) => named.extend(r.visit),
                Parsed::Dwelling(_) | Parsed::Refused(_) => {}
            }
        }
        if named.iter().any(|id| !visits.contains(id)) {
            Self::Apart
        } else if visits.is_empty() {
            Self::None
        } else {
            Self::Together
        }
    }
}

/// Writes the batch's row, and takes the lock of arriving visits where it is known at once which one that is. `false` when
/// a batch of that id is there.
async fn begin_batch(tx: &Tx, batch: &Prepared, arrivals: Arrivals) -> Result<bool, Error> {
    let key = batch.survey.key;
    let row = batch::insert_batch(tx, key, &batch.head);
    match arrivals {
        Arrivals::Together => {
            let lock = store_held::lock_arrivals(tx, key, Hold::Shared);
            Ok(try_join(row, lock).await?.0)
        }
        Arrivals::None | Arrivals::Apart => Ok(row.await?),
    }
}

/// What is stored under the records' ids; beside that the cases they speak of, locked, unless another lock comes first.
async fn look_up(tx: &Tx, batch: &Prepared, arrivals: Arrivals) -> Result<(Vec<Known>, Cases), Error> {
    let key = batch.survey.key;
    let (ids, mut cases) = (classify::ids(&batch.reads), Cases::default());
    let refs = if arrivals == Arrivals::Apart { Vec::new() } else { named_cases(&batch.reads) };
    let (known, ()) = try_join(batch::known_records(tx, key, &ids), cases.find(tx, key, &refs)).await?;
    Ok((known, cases))
}

/// The cases that records speak of; none when the batch brings doors, whose locks come first.
fn named_cases(reads: &[Read]) -> Vec<Uuid> {
    let mut named = Vec::with_capacity(reads.len());
    for read in reads {
        match &read.parsed {
            Parsed::Visit(v) => named.push(v.case.0),
            Parsed::Interview(r) => named.push(r.case.0),
            Parsed::Dwelling(_) => return Vec::new(),
            Parsed::Refused(_) => {}
        }
    }
    named
}

/// Records of one kind that were not stored before, with their places.
fn new_ones<'b, T>(
    batch: &'b Prepared,
    classes: &[Class],
    pick: impl Fn(&'b Parsed) -> Option<&'b T>,
) -> Vec<(usize, &'b T)> {
    let all = batch.reads.iter().enumerate().filter(|(i, _)| classes[*i] == Class::New);
    all.filter_map(|(i, read)| pick(&read.parsed).map(|r| (i, r))).collect()
}

impl Work<'_> {
    fn sender(&self) -> Sender {
        let head = &self.batch.head;
        Sender { batch: head.id, device: head.device, user: head.user.clone(), received_at: head.received_at }
    }

    /// Takes the lock under which visits and the interviews that name them find each other.
    async fn lock_arrivals(&self) -> Result<(), Error> {
        let new = |i: &usize| self.classes[*i] == Class::New;
        let (mut visits, mut named) = (HashSet::new(), Vec::new());
        for (_, read) in self.batch.reads.iter().enumerate().filter(|(i, _)| new(i)) {
            match &read.parsed {
                Parsed::Visit(v) => drop(visits.insert(v.id.0)),
                Parsed::Interview(r) => named.extend(r.visit.map(|v| v.0)),
                Parsed::Dwelling(_) | Parsed::Refused(_) => {}
            }
        }
        named.retain(|id| !visits.contains(id));
        let known = if named.is_empty() {
            HashMap::new()
        } else {
            evidence::visit_cases(self.tx, self.at.key, &named).await?
        };
        if named.iter().any(|id| !known.contains_key(id)) {
            store_held::lock_arrivals(self.tx, self.at.key, Hold::Alone).await?;
        } else if !visits.is_empty() {
            store_held::lock_arrivals(self.tx, self.at.key, Hold::Shared).await?;
        }
        Ok(())
    }

    /// Stores doors found in the field, gives them their cases, and frees what waited for them.
    async fn take_dwellings(&mut self) -> Result<(), Error> {
        let batch = self.batch;
        let found =
            new_ones(batch, &self.classes, |p| if let Parsed::Dwelling(d) = p { Some(&**d) } else { None });
        if found.is_empty() {
            return Ok(());
        }
        let areas = find_areas(self.tx, self.at.key, &Areas::Subtree(batch.reach.range)).await?;
        let numbers: HashMap<&str, i32> = areas.iter().map(|a| (a.code.as_str(), a.range.0)).collect();
        let doors: Vec<Option<FoundDoor>> = found
            .iter()
            .map(|(_, d)| numbers.get(d.area.as_str()).map(|no| found_door(&batch.survey, d, *no)))
            .map(|door| door.filter(|_| batch.trust == Trust::Usual))
            .collect();
        let why_not = if batch.trust == Trust::Usual { Reason::UnknownArea } else { Reason::RevokedDevice };
        let listed: Vec<FoundDoor> = doors.iter().flatten().cloned().collect();
        let mut targets: Vec<Uuid> = found.iter().map(|f| f.1.id).collect();
        targets.extend(listed.iter().map(|d| d.case_id));
        store_held::lock_targets(self.tx, self.at.key, &targets).await?;
        add_doors(self.tx, self.at, &batch.survey, &listed).await?;
        let rows: Vec<NewDwellingRecord> = found
            .iter()
            .zip(&doors)
            .map(|((i, d), door)| {
                dwelling_row(*i, batch.reads[*i].digest.as_ref(), d, door.as_ref(), why_not)
            })
            .collect();
        let stored = evidence::insert_dwelling_records(self.tx, self.at.key, &self.sender(), &rows).await?;
        self.all_stored(stored.len(), rows.len())?;
        for ((i, d), door) in found.iter().zip(&doors) {
            let standing = match door {
                Some(door) => Standing { case_id: door.case_id, status: Status::Accepted, held: None },
                None => held_for(d.id, why_not),
            };
            self.standings.insert(*i, standing);
        }
        let freed = held::free_waiters(self.tx, self.at.key, &mut self.cases, &targets).await?;
        self.take_freed(freed);
        self.touched.extend(listed.iter().map(|d| d.case_id));
        Ok(())
    }

    /// Locks every case the new visits and interviews speak of.
    async fn resolve_cases(&mut self) -> Result<(), Error> {
        let mut refs: Vec<Uuid> = Vec::new();
        for (i, read) in self.batch.reads.iter().enumerate().filter(|(i, _)| self.classes[*i] == Class::New) {
            match &read.parsed {
                Parsed::Visit(v) => refs.push(v.case.0),
                Parsed::Interview(r) => refs.push(r.case.0),
                Parsed::Dwelling(_) => refs.extend(self.standings.get(&i).map(|s| s.case_id)),
                Parsed::Refused(_) => {}
            }
        }
        refs.sort_unstable();
        refs.dedup();
        if refs.is_empty() {
            return Ok(());
        }
        self.cases.lock(self.tx, self.at.key, &refs).await?;
        self.cases.remember_lent(self.tx, self.at.key, &self.batch.reach).await?;
        Ok(())
    }

    /// Whether a record counts, before anything special to its kind.
    fn standing(&self, index: usize, case: CaseId) -> Standing {
        let read = &self.batch.reads[index];
        let row = self.cases.in_reach(case.0, &self.batch.reach);
        let case_id = row.map_or(case.0, |r| r.id);
        if let Some(held) = &read.held {
            let detail = if held.pointers.is_empty() {
                held.detail.clone()
            } else {
                format!("{} ({})", held.detail, held.pointers.join(", "))
            };
            let reason = held.reason.slug().to_owned();
            return Standing { case_id, status: Status::Held, held: Some((reason, detail)) };
        }
        match row {
            _ if self.batch.trust == Trust::Review => held_for(case_id, Reason::RevokedDevice),
            Some(_) => Standing { case_id, status: Status::Accepted, held: None },
            None => held_for(case.0, Reason::UnknownCase),
        }
    }

    /// Judges the new visits and interviews and stores them together: none needs another to be there first.
    async fn take_visits_and_interviews(&mut self, keys: &super::digest::Keys) -> Result<(), Error> {
        let (batch, tx, key) = (self.batch, self.tx, self.at.key);
        let visits =
            new_ones(batch, &self.classes, |p| if let Parsed::Visit(v) = p { Some(&**v) } else { None });
        let interviews =
            new_ones(batch, &self.classes, |p| if let Parsed::Interview(i) = p { Some(&**i) } else { None });
        let (visit_rows, counted) = self.judge_visits(&visits);
        let there = self.visits_named(&interviews, &counted).await?;
        // What a phone that was cut off sends mends nothing before somebody has looked at it.
        let usable: Vec<(Uuid, i32)> = interviews
            .iter()
            .filter(|(i, _)| batch.trust == Trust::Usual && !self.is_faulty(*i))
            .map(|(_, r)| (r.id.0, r.revision))
            .collect();
        let (interview_rows, to_link) = self.judge_interviews(&interviews, &there, &usable);
        let persons: Vec<NewPerson> =
            interviews.iter().flat_map(|(_, r)| rows::person_rows(r, keys)).collect();
        let pictures: Vec<(Uuid, Uuid)> =
            visits.iter().flat_map(|(_, v)| v.photos.iter().map(|photo| (*photo, v.id.0))).collect();
        let (sender, counted) = (self.sender(), counted.into_keys().collect::<Vec<Uuid>>());
        let (stored_visits, stored_interviews, ((), ()), (), waiting) = try_join5(
            evidence::insert_visits(tx, key, &sender, &visit_rows),
            evidence::insert_interviews(tx, key, &sender, &interview_rows),
            try_join(evidence::insert_persons(tx, key, &persons), queue::add(tx, key, &to_link)),
            attachment::link(tx, key, &pictures),
            evidence::awaiting_interviews(tx, key, &counted),
        )
        .await?;
        self.all_stored(stored_visits.len(), visit_rows.len())?;
        self.all_stored(stored_interviews.len(), interview_rows.len())?;
        if !waiting.is_empty() {
            let freed = held::visits_arrived(tx, key, &mut self.cases, &counted).await?;
            self.take_freed(freed);
        }
        if self.known.iter().any(|k| k.status == Status::Held) {
            self.settled.extend(held::revisions_mended(tx, key, &mut self.cases, &usable).await?);
        }
        Ok(())
    }

    fn take_freed(&mut self, freed: held::Freed) {
        self.touched.extend(freed.touched);
        self.settled.extend(freed.marks);
    }

    /// The rows of the new visits, and the cases of those that count.
    fn judge_visits(&mut self, visits: &[(usize, &VisitRecord)]) -> (Vec<NewVisit>, HashMap<Uuid, Uuid>) {
        let (mut new, mut counted) = (Vec::with_capacity(visits.len()), HashMap::new());
        for (i, v) in visits {
            let standing = self.standing(*i, v.case);
            let door = self.cases.in_reach(v.case.0, &self.batch.reach);
            new.push(rows::visit_row(*i, self.batch.reads[*i].digest.as_ref(), v, &standing, door));
            if standing.status == Status::Accepted {
                counted.insert(v.id.0, standing.case_id);
                self.touched.insert(standing.case_id);
            }
            self.standings.insert(*i, standing);
        }
        (new, counted)
    }

    /// The cases of the accepted visits that interviews name, whether they come now or came before.
    async fn visits_named(
        &self,
        interviews: &[(usize, &InterviewRecord)],
        counted: &HashMap<Uuid, Uuid>,
    ) -> Result<HashMap<Uuid, Uuid>, Error> {
        let named = interviews.iter().filter_map(|(_, r)| r.visit.map(|v| v.0));
        let before: Vec<Uuid> = named.filter(|id| !counted.contains_key(id)).collect();
        let mut there = evidence::visit_cases(self.tx, self.at.key, &before).await?;
        there.extend(counted);
        Ok(there)
    }

    /// The rows of the new interviews, and the ids of those that count.
    fn judge_interviews(
        &mut self,
        interviews: &[(usize, &InterviewRecord)],
        visits: &HashMap<Uuid, Uuid>,
        usable: &[(Uuid, i32)],
    ) -> (Vec<NewInterview>, Vec<Uuid>) {
        let highest = classify::usable_revisions(&self.known, usable);
        let (mut new, mut counted) = (Vec::with_capacity(interviews.len()), Vec::new());
        for (i, r) in interviews {
            let standing = self.interview_standing(*i, r, visits, &highest);
            let awaited = !self.is_faulty(*i) && r.visit.is_some_and(|v| !visits.contains_key(&v.0));
            new.push(rows::interview_row(*i, self.batch.reads[*i].digest.as_ref(), r, &standing, awaited));
            if standing.status == Status::Accepted && standing.held.is_none() {
                self.touched.insert(standing.case_id);
                counted.push(r.id.0);
            }
            self.standings.insert(*i, standing);
        }
        (new, counted)
    }

    /// Whether the form itself cannot be used.
    fn is_faulty(&self, index: usize) -> bool {
        self.batch.reads[index].held.as_ref().is_some_and(|h| h.reason == Reason::FormError)
    }

    /// An interview at a visit of another door is held. A faulty form is history once a usable revision above it has come,
    /// whatever became of that one; as its reason stays with it, it never is evidence.
    fn interview_standing(
        &self,
        index: usize,
        r: &InterviewRecord,
        visits: &HashMap<Uuid, Uuid>,
        highest: &HashMap<Uuid, i32>,
    ) -> Standing {
        let mut standing = self.standing(index, r.case);
        if self.is_faulty(index) {
            if self.batch.trust == Trust::Usual && highest.get(&r.id.0).is_some_and(|h| *h > r.revision) {
                standing.status = Status::Accepted;
            }
            return standing;
        }
        let elsewhere = r.visit.and_then(|v| visits.get(&v.0)).is_some_and(|case| *case != standing.case_id);
        if standing.status == Status::Accepted && elsewhere {
            standing.status = Status::Held;
            standing.held = Some(sentence(Reason::VisitElsewhere));
        }
        standing
    }

    /// Two batches with one record at the same moment: the later one starts over and finds the record known.
    fn all_stored(&self, stored: usize, expected: usize) -> Result<(), Error> {
        if stored == expected { Ok(()) } else { Err(Error::Store(crate::store::Error::Busy("record_race"))) }
    }

    async fn fold_again(&mut self) -> Result<HashMap<Uuid, Folded>, Error> {
        let touched: Vec<Uuid> = self.touched.iter().copied().collect();
        self.cases.find(self.tx, self.at.key, &touched).await?;
        let locked: Vec<_> = self.cases.rows().filter(|r| self.touched.contains(&r.id)).cloned().collect();
        Ok(refold(self.tx, self.at, &self.batch.survey, &locked).await?)
    }

    /// The raw copy, the receipts as they were given, word of the device, and what became of earlier records.
    async fn keep_batch(&self, receipts: &[Value]) -> Result<(), Error> {
        let (tx, key, batch) = (self.tx, self.at.key, self.batch);
        let text = serde_json::to_string(receipts).map_err(|_| crate::store::Error::Corrupt("receipt"))?;
        let contact = Contact {
            device: batch.head.device,
            at: batch.head.received_at,
            waiting: batch.head.waiting,
            clock_offset_s: batch.head.clock_offset_s,
            app_version: batch.app_version.clone(),
            seq: batch.head.seq,
        };
        try_join3(
            batch::insert_content(tx, key, batch.head.id, &batch.raw, batch.raw_length, &text),
            device::note_batch(tx, key, &contact),
            feed::mark(tx, key, self.at.tag, ChangeKind::Receipt, &self.settled),
        )
        .await?;
        Ok(())
    }

    async fn receipts(&self, folded: &HashMap<Uuid, Folded>) -> Result<Vec<Value>, Error> {
        let batches: Vec<Uuid> = self
            .classes
            .iter()
            .filter_map(|c| if let Class::Replayed(batch, _) = c { Some(*batch) } else { None })
            .collect();
        let earlier = if batches.is_empty() {
            HashMap::new()
        } else {
            parse_receipts(batch::receipts_of(self.tx, self.at.key, &batches).await?)?
        };
        let mut all: Vec<Value> = Vec::with_capacity(self.classes.len());
        for (i, class) in self.classes.iter().enumerate() {
            let receipt = match class {
                Class::Replayed(batch, place) => earlier
                    .get(batch)
                    .and_then(|list| list.get(usize::try_from(*place).ok()?))
                    .cloned()
                    .map(replayed)
                    .ok_or(crate::store::Error::Corrupt("receipt"))?,
                Class::Repeats(first) => replayed(all.get(*first).cloned().unwrap_or_default()),
                Class::Refused | Class::New | Class::Reused => to_value(&self.receipt(i, class, folded))?,
            };
            all.push(receipt);
        }
        Ok(all)
    }

    /// A batch carried by hand was printed to somebody else: its device hears of each record through the feed.
    async fn tell_device(&self, receipts: &[Value]) -> Result<(), Error> {
        let device = self.batch.head.device;
        let (mut marks, mut refused) = (Vec::new(), Vec::new());
        for receipt in receipts {
            let Some(id) = receipt.get("id").and_then(Value::as_str).and_then(|id| Uuid::try_parse(id).ok())
            else {
                continue;
            };
            if receipt.get("status").and_then(Value::as_str) == Some(Status::Refused.slug()) {
                refused.push((id, receipt.to_string()));
            }
            marks.push(Mark { id, area_no: None, device: Some(device), user: None });
        }
        marks.sort_unstable_by_key(|m| m.id);
        marks.dedup_by_key(|m| m.id);
        refused.sort_by_key(|r| r.0);
        refused.dedup_by_key(|r| r.0);
        feed::add_hand_receipts(self.tx, self.at.key, device, &refused).await?;
        feed::mark(self.tx, self.at.key, self.at.tag, ChangeKind::Receipt, &marks).await?;
        Ok(())
    }

    fn receipt(&self, index: usize, class: &Class, folded: &HashMap<Uuid, Folded>) -> Receipt {
        let read = &self.batch.reads[index];
        if let Parsed::Refused(refused) = &read.parsed {
            return Receipt::refused(refused);
        }
        let (id, kind, revision) =
            classify::identity(&read.parsed).unwrap_or((Uuid::nil(), batch::RecordKind::Visit, 0));
        if *class == Class::Reused {
            return Receipt::id_reused(index, id, kind.slug());
        }
        let mut receipt = Receipt::stored(id, kind.slug(), Status::Accepted).warned(&read.warnings);
        receipt.revision = (kind == batch::RecordKind::Interview).then_some(revision);
        let Some(standing) = self.standings.get(&index) else { return receipt };
        if let Some((reason, detail)) = standing.held.as_ref().filter(|_| standing.status == Status::Held) {
            receipt = receipt.held(reason, detail);
            receipt.pointers = read.held.as_ref().map(|h| h.pointers.clone()).unwrap_or_default();
            receipt.pointer = receipt.pointers.first().cloned();
        }
        receipt.case = self.case_after(standing.case_id, folded);
        receipt
    }

    /// The case as it stands after the batch; nothing for a case out of reach.
    fn case_after(&self, id: Uuid, folded: &HashMap<Uuid, Folded>) -> Option<CaseAfter> {
        let row = self.cases.in_reach(id, &self.batch.reach)?;
        Some(match folded.get(&row.id) {
            Some(f) => CaseAfter {
                id: row.id,
                state: f.standing.state,
                visits: f.visits,
                unmet: unmet_parts(unmet_bits(&f.standing.unmet)),
            },
            None => CaseAfter {
                id: row.id,
                state: State::from_number(row.state)?,
                visits: row.visits,
                unmet: unmet_parts(row.unmet),
            },
        })
    }
}

/// Adds doors with their cases, counts the cases and marks them for the feed.
pub(super) async fn add_doors(tx: &Tx, at: At, survey: &Survey, doors: &[FoundDoor]) -> Result<(), Error> {
    if doors.is_empty() {
        return Ok(());
    }
    let blank = super::refold::blank(&survey.rules, Baseline::Out);
    let mut new: HashSet<Uuid> =
        case::add_found(tx, at.key, at.now, blank, doors).await?.into_iter().collect();
    // One door may be reported by several records: it is counted and told of once.
    let added: Vec<&FoundDoor> = doors.iter().filter(|d| new.remove(&d.case_id)).collect();
    let deltas: Vec<completion::Delta> = added
        .iter()
        .map(|d| completion::Delta {
            area: d.area.clone(),
            building: d.building_id,
            holder: String::new(),
            changes: vec![(blank.cell, 1)],
        })
        .collect();
    completion::append_deltas(tx, at.key, &deltas).await?;
    let marks: Vec<Mark> = added
        .iter()
        .map(|d| Mark { id: d.dwelling_id, area_no: Some(d.area_no), device: None, user: None })
        .collect();
    feed::mark(tx, at.key, at.tag, ChangeKind::Dwelling, &marks).await?;
    Ok(())
}

/// The door a dwelling record describes.
pub(super) fn found_door(survey: &Survey, d: &DwellingRecord, area_no: i32) -> FoundDoor {
    let district = survey.district();
    let key = door_key(&district, &d.area, &d.building, &d.unit, &d.room);
    let dwelling = DwellingId::of_key(&key);
    FoundDoor {
        dwelling_id: dwelling.0,
        building_id: BuildingId::of(&district, &d.area, &d.building).0,
        case_id: CaseId::of(dwelling, &survey.slug, d.household).0,
        household: i32::try_from(d.household).unwrap_or(1),
        area: d.area.clone(),
        area_no,
        building: d.building.clone(),
        unit: d.unit.clone(),
        floor: d.floor,
        room: d.room.clone(),
        kind: d.kind.slug().to_owned(),
        position: d.position.as_ref().map(|p| (p.lon, p.lat)),
        door_key: key,
    }
}

fn dwelling_row(
    index: usize,
    digest: &[u8],
    d: &DwellingRecord,
    door: Option<&FoundDoor>,
    why_not: Reason,
) -> NewDwellingRecord {
    let held = door.is_none().then(|| sentence(why_not));
    NewDwellingRecord {
        id: d.id,
        status: if door.is_some() { Status::Accepted } else { Status::Held },
        held_reason: held.as_ref().map(|h| h.0.clone()),
        held_detail: held.map(|h| h.1),
        case_id: door.map(|d| d.case_id),
        batch_index: i32::try_from(index).unwrap_or(i32::MAX),
        digest: digest.to_vec(),
        area: d.area.clone(),
        content: rows::dwelling_text(d),
    }
}

fn held_for(id: Uuid, reason: Reason) -> Standing {
    Standing { case_id: id, status: Status::Held, held: Some(sentence(reason)) }
}

/// Slug and sentence of a reason.
pub(super) fn sentence(reason: Reason) -> (String, String) {
    (reason.slug().to_owned(), reason.sentence().to_owned())
}

fn replayed(mut receipt: Value) -> Value {
    if let Some(object) = receipt.as_object_mut() {
        object.insert("replayed".to_owned(), Value::Bool(true));
    }
    receipt
}

fn to_value(receipt: &Receipt) -> Result<Value, Error> {
    serde_json::to_value(receipt).map_err(|_| Error::Store(crate::store::Error::Corrupt("receipt")))
}

fn parse_receipts(texts: HashMap<Uuid, String>) -> Result<HashMap<Uuid, Vec<Value>>, Error> {
    texts
        .into_iter()
        .map(|(id, text)| {
            serde_json::from_str(&text)
                .map(|list| (id, list))
                .map_err(|_| Error::Store(crate::store::Error::Corrupt("receipt")))
        })
        .collect()
}
