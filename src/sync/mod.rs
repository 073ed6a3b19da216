//! What a device pulls: everything it should hold, in pages, then only what changed since.
//!
//! The cursor names the feed's epoch. A cursor of another epoch, or one drawn before a set-up that changed very much,
//! is answered with a full pull and never with an error. Nothing volatile is in the data, so a full pull and a chain
//! of deltas end in equal pictures.

mod case;
mod cursor;
mod data;
mod forms;

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::domain::mask::masked;
use crate::domain::{AreaRange, CaseId};
use crate::ingest::digest::Keys;
use crate::store::access::Caller;
use crate::store::case::{CasePlace, CaseRow};
use crate::store::device;
use crate::store::feed::{self, ChangeKind, Feed, Reader};
use crate::store::message;
use crate::store::{AsStoreError, Disclosure, Error as StoreError, ReadBy, Store, Tx, Way, plan};
use crate::surveys::Survey;

pub use cursor::{BadCursor, Cursor};
use cursor::{FullAt, Part};
use data::Half;
pub use data::present;
pub use forms::{form_data, hash};

/// Why nothing could be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The cursor is none of ours.
    #[error(transparent)]
    Cursor(#[from] BadCursor),
    /// The cursor knows of changes after the last one stored, in this epoch.
    #[error("changes that were told of are gone")]
    LostTail(Uuid),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl AsStoreError for Error {
    fn as_store_error(&self) -> Option<&StoreError> {
        match self {
            Self::Store(error) => Some(error),
            Self::Cursor(_) | Self::LostTail(_) => None,
        }
    }
}

/// What is done with a thing on the device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Op {
    /// Keep it as given.
    Put,
    /// Forget it.
    Drop,
}

/// One change.
#[derive(Clone, Debug, Serialize)]
pub struct Change {
    /// case, dwelling, assignment, receipt, survey, form, person, sheet or message.
    pub kind: &'static str,
    /// Keep or forget.
    pub op: Op,
    /// The thing as it is now; for `drop` its id, and of a case why.
    pub data: Value,
    /// Visits of its history that have a note.
    #[serde(skip)]
    noted: Vec<Uuid>,
}

impl Change {
    /// Keep this.
    fn put(kind: &'static str, data: Value) -> Self {
        Self { kind, op: Op::Put, data, noted: Vec::new() }
    }

    /// Forget the thing with this id.
    fn drop(kind: &'static str, id: Uuid) -> Self {
        Self { kind, op: Op::Drop, data: json!({"id": id}), noted: Vec::new() }
    }
}

/// One page of changes.
#[derive(Clone, Debug, Serialize)]
pub struct Page {
    /// The changes.
    pub changes: Vec<Change>,
    /// Where to go on.
    pub cursor: String,
    /// Whether more is there now.
    pub more: bool,
    /// The feed's epoch; another one than before means that the server was restored.
    pub epoch: Uuid,
    /// True on the first page of a full pull: what the device holds and does not get again by its end is to be forgotten.
    pub reset: bool,
    /// After a restore: records sent since this moment are to be sent again, those known are recognised.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resend_since: Option<Timestamp>,
}

/// Who pulls, from where, and how much.
#[derive(Clone, Copy, Debug)]
pub struct Pull<'a> {
    /// The device's enumerator.
    pub caller: &'a Caller,
    /// Where the device stands; `None`: nowhere yet.
    pub cursor: Option<&'a str>,
    /// Most changes of a page, from 1.
    pub limit: usize,
    /// Now.
    pub now: Timestamp,
}

/// Reads one page for a device. Where the cursor knows of changes that are gone, the feed begins a new epoch.
pub async fn changes(
    store: &Store,
    survey: &Arc<Survey>,
    keys: &Arc<Keys>,
    pull: Pull<'_>,
) -> Result<Page, Error> {
    let given = pull.cursor.map(|text| Cursor::parse(text, keys)).transpose()?;
    if let Err(error) = store.number_changes(survey.key).await {
        // What has its number can be told all the same: the rest comes with a later pull.
        tracing::info!(%error, "the latest changes have no number yet");
    }
    let found = match read(store, survey, keys, pull, given.clone()).await {
        Err(Error::LostTail(epoch)) => {
            tracing::warn!("a device knows of changes that are not stored: a new epoch begins");
            store.renew_epoch(survey.key, epoch, pull.now).await?;
            read(store, survey, keys, pull, given).await?
        }
        found => found?,
    };
    let mut page = found;
    add_notes(store, survey, pull, &mut page.changes).await?;
    Ok(page)
}

async fn read(
    store: &Store,
    survey: &Arc<Survey>,
    keys: &Arc<Keys>,
    pull: Pull<'_>,
    given: Option<Cursor>,
) -> Result<Page, Error> {
    let Pull { caller, limit, .. } = pull;
    let (range, user, device) = (caller.range, caller.user.clone(), caller.device.unwrap_or_default());
    let (survey, keys) = (Arc::clone(survey), Arc::clone(keys));
    store
        .reading("changes", move |tx| {
            let (given, user) = (given.clone(), user.clone());
            let (survey, keys) = (Arc::clone(&survey), Arc::clone(&keys));
            Box::pin(async move {
                let feed = feed::feed(tx, survey.key).await?;
                let devices = device::lineage(tx, survey.key, device).await?;
                let reader = Reader { range, devices, user };
                let work = Work { tx, key: survey.key, feed, reader, limit, survey, keys };
                work.page(given).await
            })
        })
        .await
}

/// Puts the notes of the visits in a page's histories in their places. What somebody wrote down is read before a witness only.
async fn add_notes(
    store: &Store,
    survey: &Survey,
    pull: Pull<'_>,
    changes: &mut [Change],
) -> Result<(), Error> {
    let visits: Vec<Uuid> = changes.iter().flat_map(|c| c.noted.iter().copied()).collect();
    if visits.is_empty() {
        return Ok(());
    }
    let read = Disclosure::Notes { area: pull.caller.area.clone(), count: visits.len() };
    let witness = store.witness(&ReadBy::caller(pull.caller, Way::Api), read, pull.now).await?;
    let notes: HashMap<String, String> = store
        .visit_notes(&witness, survey.key, &visits)
        .await?
        .into_iter()
        .map(|(id, note)| (id.to_string(), masked(&note)))
        .collect();
    for change in changes.iter_mut().filter(|c| !c.noted.is_empty()) {
        for visit in change.data["history"].as_array_mut().into_iter().flatten() {
            let note = visit["id"].as_str().and_then(|id| notes.get(id));
            visit["note"] = note.cloned().into();
        }
    }
    Ok(())
}

struct Work<'a> {
    tx: &'a Tx,
    key: crate::store::SurveyKey,
    feed: Feed,
    reader: Reader,
    limit: usize,
    survey: Arc<Survey>,
    keys: Arc<Keys>,
}

impl Work<'_> {
    async fn page(&self, given: Option<Cursor>) -> Result<Page, Error> {
        if let Some((epoch, seq)) = given.as_ref().map(Cursor::stand)
            && epoch == self.feed.epoch
            && seq > self.feed.last_seq
        {
            return Err(Error::LostTail(epoch));
        }
        let is_ours = |epoch: Uuid, range: AreaRange, seq: i64| {
            let seqs = self.feed.full_before..=self.feed.last_seq;
            epoch == self.feed.epoch && range == self.reader.range && seqs.contains(&seq)
        };
        match given {
            Some(Cursor::Delta { epoch, place, range }) if is_ours(epoch, range, place.0) => {
                self.delta(place).await
            }
            Some(Cursor::Full { epoch, at, range }) if is_ours(epoch, range, at.seq) => self.full(at).await,
            Some(Cursor::Delta { .. } | Cursor::Full { .. }) | None => {
                let mut page = self.full(FullAt::start(self.feed.last_seq)).await?;
                page.reset = true;
                Ok(page)
            }
        }
    }

    fn answer(&self, changes: Vec<Change>, cursor: &Cursor, more: bool) -> Page {
        Page {
            changes,
            cursor: cursor.text(&self.keys),
            more,
            epoch: self.feed.epoch,
            reset: false,
            resend_since: self.feed.restored_to,
        }
    }

    /// Policy and codes, with the sheets that are asked.
    async fn survey(&self) -> Result<Change, StoreError> {
        let mut change = data::survey(&self.survey, &self.keys);
        change.data["forms"] = forms::sheets(self.tx, self.key, &self.survey.rules.policy.forms).await?;
        Ok(change)
    }

    fn delta_cursor(&self, place: feed::Place) -> Cursor {
        Cursor::Delta { epoch: self.feed.epoch, place, range: self.reader.range }
    }

    /// One page of everything the device should hold.
    async fn full(&self, from: FullAt) -> Result<Page, Error> {
        let mut at = from;
        let mut changes = Vec::new();
        while changes.len() < self.limit {
            let room = self.limit - changes.len();
            let (more, next) = self.part(&at, room).await?;
            changes.extend(more);
            let Some(next) = next else {
                let cursor = self.delta_cursor((at.seq, i16::MAX, Uuid::max()));
                return Ok(self.answer(changes, &cursor, self.feed.last_seq > at.seq));
            };
            at = next;
        }
        let cursor = Cursor::Full { epoch: self.feed.epoch, at, range: self.reader.range };
        Ok(self.answer(changes, &cursor, true))
    }

    /// At most `room` things of one part, and where to go on; `None` after the last part.
    async fn part(&self, at: &FullAt, room: usize) -> Result<(Vec<Change>, Option<FullAt>), Error> {
        let limit = i64::try_from(room).unwrap_or(i64::MAX);
        match at.part {
            Part::Survey => Ok((vec![self.survey().await?], Some(at.next(Part::Forms)))),
            Part::Forms => {
                let rows = forms::listed(self.tx, self.key, at.id, room).await?;
                let next = rows.last().filter(|_| rows.len() == room).map(|last| at.after(last.0));
                let next = next.unwrap_or_else(|| at.next(Part::People));
                Ok((rows.into_iter().map(|(_, change)| change).collect(), Some(next)))
            }
            Part::People => {
                let all = data::people(self.tx, self.key, &self.reader).await?;
                let rest: Vec<_> = all.into_iter().filter(|p| p.0 > at.id).take(room).collect();
                let next = rest.last().filter(|_| rest.len() == room).map(|last| at.after(last.0));
                let next = next.unwrap_or_else(|| at.next(Part::Cases));
                Ok((rest.into_iter().map(|p| p.1).collect(), Some(next)))
            }
            Part::Cases => {
                let (half, pairs) = fitting(at, limit);
                let rows = data::own_cases(self.tx, self.key, &self.reader, at.case(), pairs).await?;
                let next = match rows.last() {
                    Some(_) if half == Half::Door => at.half(),
                    Some(last) => at.after_case(CasePlace::of(last)),
                    None => at.next(Part::Lent),
                };
                Ok((self.doors(&rows, half).await?, Some(next)))
            }
            Part::Lent => {
                let (half, pairs) = fitting(at, limit);
                let rows = data::lent_cases(self.tx, self.key, &self.reader, CaseId(at.id), pairs).await?;
                let next = match rows.last() {
                    Some(_) if half == Half::Door => at.half(),
                    Some(last) => at.after(last.id.0),
                    None => at.next(Part::Assignments),
                };
                Ok((self.doors(&rows, half).await?, Some(next)))
            }
            Part::Assignments => {
                let rows = feed::open_assignments(self.tx, self.key, &self.reader.user, at.id, limit).await?;
                let next = rows.last().filter(|_| rows.len() == room).map(|last| at.after(last.id));
                let next = next.unwrap_or_else(|| at.next(Part::Sheets));
                Ok((rows.iter().map(data::assignment).collect(), Some(next)))
            }
            Part::Sheets => {
                let rows = plan::own_sheets(self.tx, self.key, &self.reader.user, at.id, limit).await?;
                let next = rows.last().filter(|_| rows.len() == room).map(|last| at.after(last.id));
                let next = next.unwrap_or_else(|| at.next(Part::Messages));
                Ok((rows.iter().map(data::sheet).collect(), Some(next)))
            }
            Part::Messages => {
                let rows = message::standing(self.tx, self.key, &self.reader, at.id, limit).await?;
                let next = rows.last().filter(|_| rows.len() == room).map(|last| at.after(last.id));
                let next = next.unwrap_or_else(|| at.next(Part::Receipts));
                Ok((rows.iter().map(data::message).collect(), Some(next)))
            }
            Part::Receipts => {
                let ids = feed::receipts_of(self.tx, self.key, &self.reader.devices, at.id, limit).await?;
                let next = ids.last().filter(|_| ids.len() == room).map(|last| at.after(*last));
                Ok((data::changed_receipts(self.tx, self.key, &self.reader, &ids).await?, next))
            }
        }
    }

    /// One page of what changed after a place of the feed.
    async fn delta(&self, after: feed::Place) -> Result<Page, Error> {
        let limit = i64::try_from(self.limit).unwrap_or(i64::MAX);
        let found = feed::changes_since(self.tx, self.key, &self.reader, after, limit).await?;
        let more = found.len() == self.limit;
        let place = match found.last() {
            Some(last) if more => last.0,
            Some(_) | None => (self.feed.last_seq, i16::MAX, Uuid::max()),
        };
        let of = |kind: ChangeKind| -> Vec<Uuid> {
            found.iter().filter(|(_, k)| *k == kind).map(|(place, _)| place.2).collect()
        };
        let mut changes = Vec::with_capacity(found.len());
        for kind in ChangeKind::ALL {
            let ids = of(kind);
            if !ids.is_empty() {
                changes.extend(self.changed(kind, &ids).await?);
            }
        }
        Ok(self.answer(changes, &self.delta_cursor(place), more))
    }

    /// Things of one kind that changed, as they are now.
    async fn changed(&self, kind: ChangeKind, ids: &[Uuid]) -> Result<Vec<Change>, StoreError> {
        let (tx, key, reader) = (self.tx, self.key, &self.reader);
        match kind {
            ChangeKind::Survey => Ok(vec![self.survey().await?]),
            ChangeKind::Form => forms::changed(tx, key, ids).await,
            ChangeKind::Person => data::changed_people(tx, key, reader, ids).await,
            ChangeKind::Case => data::changed_cases(tx, &self.survey, reader, ids).await,
            ChangeKind::Dwelling => data::changed_dwellings(tx, key, reader, ids).await,
            ChangeKind::Assignment => data::changed_assignments(tx, key, reader, ids).await,
            ChangeKind::Receipt => data::changed_receipts(tx, key, reader, ids).await,
            ChangeKind::Sheet => data::changed_sheets(tx, key, reader, ids).await,
            ChangeKind::Message => data::changed_messages(tx, key, reader, ids).await,
        }
    }

    /// Doors and cases; with room for one thing the door alone or, the second time, the case alone.
    async fn doors(&self, rows: &[CaseRow], half: Half) -> Result<Vec<Change>, StoreError> {
        let mut doors = match half {
            Half::Case => Vec::new(),
            Half::Both | Half::Door => data::dwellings(self.tx, self.key, rows).await?,
        };
        let mut cases = match half {
            Half::Door => Vec::new(),
            Half::Both | Half::Case => case::cases(self.tx, &self.survey, &self.reader, rows).await?,
        };
        if half != Half::Both {
            doors.append(&mut cases);
            return Ok(doors);
        }
        Ok(doors.into_iter().zip(cases).flat_map(|(door, case)| [door, case]).collect())
    }
}

/// A door is two things, itself and its case. A page with room for one thing ends between them.
fn fitting(at: &FullAt, room: i64) -> (Half, i64) {
    if at.is_half {
        (Half::Case, 1)
    } else if room < 2 {
        (Half::Door, 1)
    } else {
        (Half::Both, room / 2)
    }
}

/// The moment before which a device's last contact counts as silence.
pub fn silent_before(survey: &Survey, now: Timestamp) -> Timestamp {
    now - jiff::SignedDuration::from_hours(i64::from(survey.rules.policy.pages.silent_hours))
}
