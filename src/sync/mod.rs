//! What a device pulls: everything it should hold, in pages, then only what changed since.
//!
//! The cursor names the feed's epoch. A cursor of another epoch, or one drawn before a set-up that changed very much,
//! is answered with a full pull and never with an error. Nothing volatile is in the data, so a full pull and a chain
//! of deltas end in equal pictures.

mod cursor;
mod data;
mod forms;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use crate::domain::{AreaRange, CaseId};
use crate::store::access::Caller;
use crate::store::case::CasePlace;
use crate::store::device;
use crate::store::feed::{self, ChangeKind, Feed, Reader};
use crate::store::{AsStoreError, Error as StoreError, Store, Tx, plan};
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
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl AsStoreError for Error {
    fn as_store_error(&self) -> Option<&StoreError> {
        match self {
            Self::Store(error) => Some(error),
            Self::Cursor(_) => None,
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
    /// case, dwelling, assignment, receipt, survey, sheet or form.
    pub kind: &'static str,
    /// Keep or forget.
    pub op: Op,
    /// The thing as it is now; only its id for `drop`.
    pub data: Value,
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

/// Reads one page for a device; `limit` from 1.
pub async fn changes(
    store: &Store,
    survey: &Survey,
    caller: &Caller,
    cursor: Option<&str>,
    limit: usize,
) -> Result<Page, Error> {
    let given = cursor.map(Cursor::parse).transpose()?;
    let (range, user, device) = (caller.range, caller.user.clone(), caller.device.unwrap_or_default());
    let key = survey.key;
    let (codes, policy) = (data::survey(survey), survey.rules.policy.forms.clone());
    if let Err(error) = store.number_changes(key).await {
        // What has its number can be told all the same: the rest comes with a later pull.
        tracing::info!(%error, "the latest changes have no number yet");
    }
    store
        .reading("changes", move |tx| {
            let (given, user, codes, policy) = (given.clone(), user.clone(), codes.clone(), policy.clone());
            Box::pin(async move {
                let feed = feed::feed(tx, key).await?;
                let devices = device::lineage(tx, key, device).await?;
                let reader = Reader { range, devices, user };
                let work = Work { tx, key, feed, reader, limit, survey: codes, policy };
                work.page(given).await
            })
        })
        .await
}

struct Work<'a> {
    tx: &'a Tx,
    key: crate::store::SurveyKey,
    feed: Feed,
    reader: Reader,
    limit: usize,
    survey: Value,
    policy: crate::domain::policy::Forms,
}

impl Work<'_> {
    async fn page(&self, given: Option<Cursor>) -> Result<Page, Error> {
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
            cursor: cursor.to_string(),
            more,
            epoch: self.feed.epoch,
            reset: false,
            resend_since: self.feed.restored_to,
        }
    }

    /// Policy and codes, with the sheets that are asked.
    async fn survey(&self) -> Result<Change, Error> {
        let mut data = self.survey.clone();
        data["forms"] = forms::sheets(self.tx, self.key, &self.policy).await?;
        Ok(Change { kind: "survey", op: Op::Put, data })
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
                let next = next.unwrap_or_else(|| at.next(Part::Cases));
                Ok((rows.into_iter().map(|(_, change)| change).collect(), Some(next)))
            }
            Part::Cases => {
                let (half, pairs) = fitting(at, limit);
                let rows = data::own_cases(self.tx, self.key, &self.reader, at.case(), pairs).await?;
                let next = match rows.last() {
                    Some(_) if half == Half::Door => at.half(),
                    Some(last) => at.after_case(CasePlace::of(last)),
                    None => at.next(Part::Lent),
                };
                Ok((data::doors(&rows, half), Some(next)))
            }
            Part::Lent => {
                let (half, pairs) = fitting(at, limit);
                let rows = data::lent_cases(self.tx, self.key, &self.reader, CaseId(at.id), pairs).await?;
                let next = match rows.last() {
                    Some(_) if half == Half::Door => at.half(),
                    Some(last) => at.after(last.id.0),
                    None => at.next(Part::Assignments),
                };
                Ok((data::doors(&rows, half), Some(next)))
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
                let next = next.unwrap_or_else(|| at.next(Part::Receipts));
                Ok((rows.iter().map(data::sheet).collect(), Some(next)))
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
        if found.iter().any(|(_, k)| *k == ChangeKind::Survey) {
            changes.push(self.survey().await?);
        }
        changes.extend(forms::changed(self.tx, self.key, &of(ChangeKind::Form)).await?);
        changes.extend(data::changed_cases(self.tx, self.key, &self.reader, &of(ChangeKind::Case)).await?);
        changes.extend(
            data::changed_dwellings(self.tx, self.key, &self.reader, &of(ChangeKind::Dwelling)).await?,
        );
        changes.extend(
            data::changed_assignments(self.tx, self.key, &self.reader, &of(ChangeKind::Assignment)).await?,
        );
        changes
            .extend(data::changed_receipts(self.tx, self.key, &self.reader, &of(ChangeKind::Receipt)).await?);
        changes.extend(data::changed_sheets(self.tx, self.key, &self.reader, &of(ChangeKind::Sheet)).await?);
        Ok(self.answer(changes, &self.delta_cursor(place), more))
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
