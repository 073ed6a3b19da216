//! Who may take which connections of the pool: a third is kept for storing batches, so that a phone's upload finds one
//! whatever else is asked for at the same moment.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use deadpool_postgres::Object;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::tx::Error;

/// How long a caller waits for a connection of the pool.
pub(super) const WAIT: Duration = Duration::from_secs(2);

/// Whose connections a store takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lane {
    /// Any of the pool: for storing batches.
    Batches,
    /// Two thirds of it: for whatever else is asked.
    Others,
}

/// The part of the pool that is not kept for batches; clones share it.
#[derive(Clone, Debug)]
pub(super) struct Shared(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    places: Arc<Semaphore>,
    waiting: AtomicUsize,
}

/// A place in that part; none is needed for batches.
pub(super) type Place = Option<OwnedSemaphorePermit>;

impl Shared {
    /// Two thirds of a pool of so many connections.
    pub(super) fn of(pool_size: usize) -> Self {
        let places = Arc::new(Semaphore::new((pool_size - pool_size / 3).max(1)));
        Self(Arc::new(Inner { places, waiting: AtomicUsize::new(0) }))
    }

    /// A place, after at most two seconds.
    pub(super) async fn place(&self, lane: Lane) -> Result<Place, Error> {
        if lane == Lane::Batches {
            return Ok(None);
        }
        if let Ok(place) = Arc::clone(&self.0.places).try_acquire_owned() {
            return Ok(Some(place));
        }
        let _waiting = Waiting::begin(&self.0.waiting);
        match timeout(WAIT, Arc::clone(&self.0.places).acquire_owned()).await {
            Ok(Ok(place)) => Ok(Some(place)),
            // The semaphore is never closed, so only the wait can fail.
            Ok(Err(_)) | Err(_) => Err(Error::Unavailable),
        }
    }

    /// How many wait for a place.
    pub(super) fn waiting(&self) -> usize {
        self.0.waiting.load(Ordering::Relaxed)
    }
}

/// Counts somebody as waiting until it is dropped.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn begin(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A connection on loan with its place; both are given back when dropped.
pub(super) struct Lent {
    object: Object,
    _place: Place,
}

impl Lent {
    pub(super) fn new(object: Object, place: Place) -> Self {
        Self { object, _place: place }
    }

    /// Closes the connection instead of giving it back: the server rolls back what was open.
    pub(super) fn discard(self) {
        drop(Object::take(self.object));
    }
}

impl Deref for Lent {
    type Target = Object;

    fn deref(&self) -> &Object {
        &self.object
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_third_of_the_pool_is_left_to_batches() {
        for (pool, others) in [(1, 1), (2, 2), (3, 2), (6, 4), (16, 11)] {
            let shared = Shared::of(pool);
            let mut taken = Vec::new();
            for _ in 0..others {
                taken.push(shared.place(Lane::Others).await.unwrap());
            }
            assert!(shared.place(Lane::Others).await.is_err(), "{pool}");
            assert!(shared.place(Lane::Batches).await.is_ok(), "{pool}");
            assert_eq!(shared.waiting(), 0);
            taken.pop();
            assert!(shared.place(Lane::Others).await.is_ok(), "{pool}");
        }
    }
}
