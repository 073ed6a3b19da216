//! Removing pictures that no visit names: a few at a time, by whoever comes first.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use uuid::Uuid;

use super::{Error, Shelf};
use crate::store::{Store, SurveyKey};

/// Pictures taken in hand at once.
const AT_ONCE: i64 = 50;
/// How long what was taken in hand is worked on. Well before it may be taken by somebody else, so that no file goes that a
/// device has sent again meanwhile.
const IN_HAND: Duration = Duration::from_secs(5 * 60);

/// What went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Pictures, unfinished ones among them.
    pub pictures: usize,
    /// Their bytes.
    pub bytes: i64,
    /// Whether more may be waiting to go.
    pub is_more: bool,
}

/// Why pictures were not removed.
#[derive(Debug, thiserror::Error)]
pub enum SweepError {
    /// The database.
    #[error(transparent)]
    Store(#[from] crate::store::Error),
    /// The place of pictures.
    #[error(transparent)]
    Shelf(#[from] Error),
}

impl Shelf {
    /// Removes some of the pictures of a survey that have been waiting for a visit since before `since`. A device that asks
    /// for one of them hears that it is not there, and may send it again once they are gone.
    pub async fn sweep(
        &self,
        store: &Store,
        key: SurveyKey,
        since: Timestamp,
        now: Timestamp,
    ) -> Result<Swept, SweepError> {
        let begun = Instant::now();
        let taken = store.take_unnamed(key, since, now, AT_ONCE).await?;
        let is_more = i64::try_from(taken.len()).is_ok_and(|n| n >= AT_ONCE);
        let mut gone: Vec<Uuid> = Vec::with_capacity(taken.len());
        let mut bytes = 0;
        for (id, stored) in taken {
            if begun.elapsed() > IN_HAND {
                break;
            }
            self.remove(key, id).await?;
            gone.push(id);
            bytes += stored;
        }
        if !gone.is_empty() {
            store.forget_swept(key, &gone, now).await?;
        }
        Ok(Swept { pictures: gone.len(), bytes, is_more })
    }
}
