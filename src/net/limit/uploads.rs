//! Places for uploads, and the room for bodies on their way to one.

use std::sync::{Arc, LazyLock};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use uuid::Uuid;

use super::PATIENCE;
use super::turns::{Turn, Turns};
use crate::net::kind::{self, Kind};
use crate::net::problem::Problem;

/// KiB that bodies of batches may take together while they arrive.
const BATCHES_KIB: usize = 256 << 10;
/// The same for pictures.
const PICTURES_KIB: usize = 128 << 10;
/// The same for whatever somebody sends whose token nobody has seen.
const STRANGERS_KIB: usize = 32 << 10;

/// The places for uploads, and the room for bodies on their way to one; clones share them.
///
/// A place is taken when the body is here: a phone on a slow line holds some memory and keeps nobody waiting. One device has
/// a part of the places only.
#[derive(Clone, Debug)]
pub struct UploadSlots {
    places: Arc<Semaphore>,
    most: usize,
    inbox: Arc<Semaphore>,
    room_kib: usize,
    devices: Turns<Uuid>,
    /// What bodies of one device take of the room, in KiB.
    arriving: Turns<Uuid>,
}

/// A place taken; given back when dropped.
#[derive(Debug)]
pub struct UploadSlot {
    _place: OwnedSemaphorePermit,
    _turn: Turn<Uuid>,
}

impl UploadSlots {
    /// Places for batches: twice as many as the pool has connections, so that one upload is read while another is stored.
    pub fn for_batches(connections: usize) -> Self {
        Self::new(connections * 2, BATCHES_KIB)
    }

    /// Places for pictures: half as many as the pool has connections. They are apart from those for batches, so that
    /// pictures never stop records.
    pub fn for_pictures(connections: usize) -> Self {
        Self::new(connections / 2, PICTURES_KIB)
    }

    fn new(most: usize, room_kib: usize) -> Self {
        let most = most.max(1);
        let (places, inbox) = (Arc::new(Semaphore::new(most)), Arc::new(Semaphore::new(room_kib)));
        let (devices, arriving) = (Turns::of(most.div_ceil(4)), Turns::of(room_kib / 4));
        Self { places, most, inbox, room_kib, devices, arriving }
    }

    /// Room for one body of `device`, none taken yet.
    pub fn share(&self, device: Uuid) -> Share {
        let (inbox, own) = (Arc::clone(&self.inbox), Some(self.arriving.line_up(device)));
        Share { inbox, own, taken: None, bytes: 0, full: &kind::TOO_MANY_UPLOADS }
    }

    /// Whether an upload is arriving or being stored.
    pub fn is_busy(&self) -> bool {
        self.places.available_permits() < self.most || self.inbox.available_permits() < self.room_kib
    }

    /// A place for `device`, after at most 2 s. Problems: `too-many-uploads`.
    pub async fn take(&self, device: Uuid) -> Result<UploadSlot, Problem> {
        let both = async {
            let turn = self.devices.wait(device).await;
            let place = Arc::clone(&self.places).acquire_owned().await;
            place.map(|place| UploadSlot { _place: place, _turn: turn })
        };
        match timeout(PATIENCE, both).await {
            Ok(Ok(slot)) => Ok(slot),
            // The semaphore is never closed, so only the wait can fail.
            Ok(Err(_)) | Err(_) => Err(Problem::plain(&kind::TOO_MANY_UPLOADS)),
        }
    }
}

/// Room for the body of somebody whose token nobody has seen.
pub fn room_for_strangers() -> Share {
    static ROOM: LazyLock<Arc<Semaphore>> = LazyLock::new(|| Arc::new(Semaphore::new(STRANGERS_KIB)));
    Share { inbox: Arc::clone(&ROOM), own: None, taken: None, bytes: 0, full: &kind::BUSY }
}

/// What one body takes of the room for all that are arriving; given back when dropped.
#[derive(Debug)]
pub struct Share {
    inbox: Arc<Semaphore>,
    /// What its device may take of it.
    own: Option<Turn<Uuid>>,
    taken: Option<OwnedSemaphorePermit>,
    bytes: usize,
    /// What is said where there is no room.
    full: &'static Kind,
}

impl Share {
    /// Takes room for so many more bytes. Problems: `too-many-uploads`, or `busy` for strangers.
    pub fn grow(&mut self, more: usize) -> Result<(), Problem> {
        let (before, after) = (self.bytes.div_ceil(1 << 10), (self.bytes + more).div_ceil(1 << 10));
        self.bytes += more;
        let full = || Problem::plain(self.full);
        let added = u32::try_from(after - before).unwrap_or(u32::MAX);
        if self.own.as_mut().is_some_and(|own| !own.take_more(added)) {
            return Err(full());
        }
        let permit = Arc::clone(&self.inbox).try_acquire_many_owned(added).map_err(|_| full())?;
        match &mut self.taken {
            Some(taken) => taken.merge(permit),
            None => self.taken = Some(permit),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::*;

    const ONE: Uuid = Uuid::from_u128(1);
    const TWO: Uuid = Uuid::from_u128(2);

    #[tokio::test(start_paused = true)]
    async fn an_upload_waits_two_seconds_for_a_place_and_is_then_turned_away() {
        let slots = UploadSlots::for_batches(1);
        let (one, _two) = (slots.take(ONE).await.unwrap(), slots.take(TWO).await.unwrap());
        let begun = Instant::now();
        assert_eq!(slots.take(Uuid::from_u128(3)).await.unwrap_err().kind, &kind::TOO_MANY_UPLOADS);
        assert_eq!(begun.elapsed().as_secs(), 2);
        let waiting = tokio::spawn({
            let slots = slots.clone();
            async move { slots.take(ONE).await.is_ok() }
        });
        tokio::time::sleep(Duration::from_secs(1)).await;
        drop(one);
        assert!(waiting.await.unwrap());
    }

    #[tokio::test(start_paused = true)]
    async fn one_device_has_a_part_of_the_places_only() {
        let slots = UploadSlots::for_batches(6);
        let taken = futures_util::future::join_all((0..60).map(|_| slots.take(ONE))).await;
        assert_eq!(taken.iter().filter(|slot| slot.is_ok()).count(), 3);
        assert!(slots.take(TWO).await.is_ok());
    }

    #[test]
    fn bodies_that_arrive_share_a_bounded_room_and_give_it_back() {
        let slots = UploadSlots::for_batches(1);
        let device = |n: usize| Uuid::from_u128(n as u128 / 4);
        let mut shares: Vec<Share> = (0..16).map(|n| slots.share(device(n))).collect();
        for share in &mut shares {
            (0..16).for_each(|_| share.grow(1 << 20).unwrap());
        }
        let mut late = slots.share(ONE);
        assert_eq!(late.grow(1).unwrap_err().kind, &kind::TOO_MANY_UPLOADS);
        UploadSlots::for_pictures(1).share(ONE).grow(1).unwrap();
        drop(shares.pop());
        let mut next = slots.share(TWO);
        assert!(next.grow(1).is_err(), "another device's room");
        let mut next = slots.share(device(15));
        (0..16).for_each(|_| next.grow(1 << 20).unwrap());
        drop((shares, next, late));
        assert_eq!(slots.inbox.available_permits(), BATCHES_KIB);
    }

    #[test]
    fn bodies_of_one_device_take_a_quarter_of_the_room() {
        let slots = UploadSlots::for_batches(1);
        let mut shares: Vec<Share> = (0..60).map(|_| slots.share(ONE)).collect();
        let taken = shares.iter_mut().filter_map(|share| share.grow(16 << 20).ok()).count();
        assert_eq!(taken, 4);
        slots.share(TWO).grow(16 << 20).unwrap();
    }
}
