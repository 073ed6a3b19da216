//! Limits of one process: how many uploads run at once, and how fast codes and passwords may be guessed.
//!
//! Several processes may share a database; each keeps its own counts, which bounds the whole well enough.
//! Nothing here is needed for correctness, only against overload and guessing.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout};

use super::kind;
use super::problem::Problem;

/// How long an upload waits for a place.
const PATIENCE: Duration = Duration::from_secs(2);

/// KiB that bodies of uploads may take together while they arrive.
const INBOX_KIB: usize = 256 << 10;

/// The places for uploads, and the room for bodies on their way to one; clones share them.
///
/// A place is taken when the body is here: a phone on a slow line holds some memory and keeps nobody waiting.
#[derive(Clone, Debug)]
pub struct UploadSlots {
    places: Arc<Semaphore>,
    inbox: Arc<Semaphore>,
    most: usize,
}

/// A place taken; given back when dropped.
#[derive(Debug)]
pub struct UploadSlot {
    _place: OwnedSemaphorePermit,
}

impl UploadSlots {
    /// Twice as many places as the pool has connections, so that one upload is read while another is stored.
    pub fn for_pool(connections: usize) -> Self {
        let most = (connections * 2).max(1);
        let (places, inbox) = (Arc::new(Semaphore::new(most)), Arc::new(Semaphore::new(INBOX_KIB)));
        Self { places, inbox, most }
    }

    /// Room for one body, none taken yet.
    pub fn share(&self) -> Share {
        Share { inbox: Arc::clone(&self.inbox), taken: None, bytes: 0 }
    }

    /// Whether an upload is arriving or being stored.
    pub fn is_busy(&self) -> bool {
        self.places.available_permits() < self.most || self.inbox.available_permits() < INBOX_KIB
    }

    /// A place, after at most 2 s. Problems: `too-many-uploads`.
    pub async fn take(&self) -> Result<UploadSlot, Problem> {
        match timeout(PATIENCE, Arc::clone(&self.places).acquire_owned()).await {
            Ok(Ok(place)) => Ok(UploadSlot { _place: place }),
            // The semaphore is never closed, so only the wait can fail.
            Ok(Err(_)) | Err(_) => Err(Problem::plain(&kind::TOO_MANY_UPLOADS)),
        }
    }
}

/// What one body takes of the room for all that are arriving; given back when dropped.
#[derive(Debug)]
pub struct Share {
    inbox: Arc<Semaphore>,
    taken: Option<OwnedSemaphorePermit>,
    bytes: usize,
}

impl Share {
    /// Takes room for so many more bytes. Problems: `too-many-uploads`.
    pub fn grow(&mut self, more: usize) -> Result<(), Problem> {
        let (before, after) = (self.bytes.div_ceil(1 << 10), (self.bytes + more).div_ceil(1 << 10));
        self.bytes += more;
        let full = |_| Problem::plain(&kind::TOO_MANY_UPLOADS);
        let added = u32::try_from(after - before).unwrap_or(u32::MAX);
        let permit = Arc::clone(&self.inbox).try_acquire_many_owned(added).map_err(full)?;
        match &mut self.taken {
            Some(taken) => taken.merge(permit),
            None => self.taken = Some(permit),
        }
        Ok(())
    }
}

/// Wrong tries for one user after which every further one waits.
const FREE_TRIES_USER: u32 = 10;
/// The same for one address, behind which a whole office may sit.
const FREE_TRIES_ADDRESS: u32 = 15;
/// First wait; it doubles with every further wrong try.
const FIRST_WAIT: Duration = Duration::from_secs(4);
/// Longest wait.
const LONGEST_WAIT: Duration = Duration::from_secs(15 * 60);
/// Wrong tries are forgotten after this long without one.
const MEMORY: Duration = Duration::from_secs(60 * 60);
/// Most users and addresses remembered; beyond it the one longest quiet is forgotten.
const MOST_REMEMBERED: usize = 20_000;

/// Who is guessing.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Guesser {
    User(String),
    Address(IpAddr),
}

#[derive(Clone, Copy, Debug)]
struct Record {
    wrong: u32,
    last: Instant,
    free_again: Instant,
}

/// Counts wrong codes or wrong passwords per user and per address; clones share the counts. Codes and
/// passwords get one of these each, or a mistyped code would keep a supervisor from signing in.
///
/// A try is allowed by [`Attempts::allow`] before it is judged and reported by [`Attempts::wrong`] or
/// [`Attempts::right`] after. An allowed try counts as wrong until it is reported, so that many at the same
/// moment gain nothing.
#[derive(Clone, Debug, Default)]
pub struct Attempts(Arc<Mutex<HashMap<Guesser, Record>>>);

/// A try that may be judged now.
#[derive(Debug)]
#[must_use = "a try that is not reported counts as wrong"]
pub struct Attempt {
    attempts: Attempts,
    guessers: Vec<Guesser>,
}

impl Attempts {
    /// No tries yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets a try from `address`, for `user` where one is named, be judged. Problems: `too-many-tries`,
    /// with the time to wait. The answer is the same for users that do not exist.
    pub fn allow(&self, address: IpAddr, user: Option<&str>) -> Result<Attempt, Problem> {
        let mut guessers = vec![Guesser::Address(network(address))];
        // A name is remembered at a bounded length; longer ones do not exist.
        guessers.extend(user.map(|name| Guesser::User(name.chars().take(64).collect())));
        let now = Instant::now();
        let mut known = self.lock();
        let wait = guessers
            .iter()
            .filter_map(|guesser| known.get(guesser))
            .map(|record| record.free_again.saturating_duration_since(now))
            .max()
            .unwrap_or_default();
        if !wait.is_zero() {
            let seconds = u32::try_from(wait.as_secs()).unwrap_or(u32::MAX).saturating_add(1);
            return Err(Problem::plain(&kind::TOO_MANY_TRIES).retry_after(seconds));
        }
        for guesser in &guessers {
            count_wrong(&mut known, guesser, now);
        }
        drop(known);
        Ok(Attempt { attempts: self.clone(), guessers })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Guesser, Record>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Attempt {
    /// The code or password was wrong; it stays counted.
    pub fn wrong(self) {}

    /// It was right: the user's tries are forgotten, and this one of the address. The address keeps its
    /// earlier wrong tries, or one known password would buy any number of guesses at others.
    pub fn right(self) {
        let mut known = self.attempts.lock();
        for guesser in &self.guessers {
            match guesser {
                Guesser::User(_) => drop(known.remove(guesser)),
                Guesser::Address(_) => {
                    if let Some(record) = known.get_mut(guesser) {
                        record.wrong = record.wrong.saturating_sub(1);
                        record.free_again = record.last;
                    }
                }
            }
        }
    }
}

fn count_wrong(known: &mut HashMap<Guesser, Record>, guesser: &Guesser, now: Instant) {
    if known.len() >= MOST_REMEMBERED && !known.contains_key(guesser) {
        forget(known, now);
    }
    let record = known.entry(guesser.clone()).or_insert(Record { wrong: 0, last: now, free_again: now });
    if now.duration_since(record.last) > MEMORY {
        record.wrong = 0;
    }
    record.wrong = record.wrong.saturating_add(1);
    record.last = now;
    let free = match guesser {
        Guesser::User(_) => FREE_TRIES_USER,
        Guesser::Address(_) => FREE_TRIES_ADDRESS,
    };
    record.free_again = now + wait_after(record.wrong, free);
}

/// Makes room: all that may be forgotten, and if that is nothing the quarter that is longest quiet.
fn forget(known: &mut HashMap<Guesser, Record>, now: Instant) {
    known.retain(|_, record| now.duration_since(record.last) <= MEMORY);
    if known.len() >= MOST_REMEMBERED {
        let mut times: Vec<Instant> = known.values().map(|record| record.last).collect();
        let (_, quarter, _) = times.select_nth_unstable(MOST_REMEMBERED / 4);
        let quarter = *quarter;
        known.retain(|_, record| record.last > quarter);
    }
}

/// How long nobody may try after the `wrong`th wrong try when `free` of them cost no wait.
fn wait_after(wrong: u32, free: u32) -> Duration {
    match wrong.checked_sub(free) {
        None => Duration::ZERO,
        Some(further) => FIRST_WAIT.saturating_mul(1 << further.min(16)).min(LONGEST_WAIT),
    }
}

/// What counts as one address: an IPv6 host commands a whole /64.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(four) => IpAddr::V4(four),
        IpAddr::V6(six) => IpAddr::V6(Ipv6Addr::from_bits(six.to_bits() & (u128::MAX << 64))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(n: u32) -> IpAddr {
        IpAddr::V4(std::net::Ipv4Addr::from_bits(0x0a00_0000 + n))
    }

    #[tokio::test(start_paused = true)]
    async fn an_upload_waits_two_seconds_for_a_place_and_is_then_turned_away() {
        let slots = UploadSlots::for_pool(1);
        let (one, _two) = (slots.take().await.unwrap(), slots.take().await.unwrap());
        let begun = Instant::now();
        assert_eq!(slots.take().await.unwrap_err().kind, &kind::TOO_MANY_UPLOADS);
        assert_eq!(begun.elapsed().as_secs(), 2);
        let waiting = tokio::spawn({
            let slots = slots.clone();
            async move { slots.take().await.is_ok() }
        });
        tokio::time::sleep(Duration::from_secs(1)).await;
        drop(one);
        assert!(waiting.await.unwrap());
    }

    #[test]
    fn bodies_that_arrive_share_a_bounded_room_and_give_it_back() {
        let slots = UploadSlots::for_pool(1);
        let mut shares: Vec<Share> = (0..16).map(|_| slots.share()).collect();
        for share in &mut shares {
            (0..16).for_each(|_| share.grow(1 << 20).unwrap());
        }
        let mut late = slots.share();
        assert_eq!(late.grow(1).unwrap_err().kind, &kind::TOO_MANY_UPLOADS);
        drop(shares.pop());
        let mut next = slots.share();
        (0..16).for_each(|_| next.grow(1 << 20).unwrap());
        drop((shares, next, late));
        assert_eq!(slots.inbox.available_permits(), INBOX_KIB);
    }

    #[tokio::test(start_paused = true)]
    async fn guessing_ends_within_twenty_tries() {
        for (user, free) in [(Some("sa"), 10), (None, 15)] {
            let attempts = Attempts::new();
            let mut tries = 0;
            while let Ok(attempt) = attempts.allow(address(1), user) {
                attempt.wrong();
                tries += 1;
            }
            assert_eq!(tries, free);
            let problem = attempts.allow(address(1), user).unwrap_err();
            assert_eq!((problem.kind, problem.retry_after), (&kind::TOO_MANY_TRIES, Some(5)));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_user_is_guarded_from_many_addresses_and_an_address_from_many_users() {
        let attempts = Attempts::new();
        let from_many = (0..40).filter(|n| attempts.allow(address(*n), Some("sa")).is_ok()).count();
        assert_eq!(from_many, 10);
        let attempts = Attempts::new();
        let for_many = (0..40).filter(|n| attempts.allow(address(1), Some(&format!("u{n}"))).is_ok()).count();
        assert_eq!(for_many, 15);
    }

    #[tokio::test(start_paused = true)]
    async fn each_further_wrong_try_doubles_the_wait_up_to_a_quarter_of_an_hour() {
        let attempts = Attempts::new();
        for _ in 0..15 {
            attempts.allow(address(1), None).unwrap().wrong();
        }
        let mut waits = Vec::new();
        for _ in 0..12 {
            let wait = attempts.allow(address(1), None).unwrap_err().retry_after.unwrap();
            waits.push(wait - 1);
            tokio::time::sleep(Duration::from_secs(wait.into())).await;
            attempts.allow(address(1), None).unwrap().wrong();
        }
        assert_eq!(waits, [4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900, 900]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_right_password_frees_its_user_but_not_the_address() {
        let attempts = Attempts::new();
        for _ in 0..9 {
            attempts.allow(address(1), Some("sa")).unwrap().wrong();
        }
        attempts.allow(address(1), Some("sa")).unwrap().right();
        assert!(attempts.allow(address(2), Some("sa")).is_ok());
        for n in 0..6 {
            attempts.allow(address(1), Some(&format!("other{n}"))).unwrap().wrong();
        }
        assert!(attempts.allow(address(1), Some("sc")).is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn right_ones_never_add_up() {
        let attempts = Attempts::new();
        for n in 0..100 {
            attempts.allow(address(1), Some(&format!("u{n}"))).unwrap().right();
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_remembered_is_bounded_and_fades() {
        let attempts = Attempts::new();
        for n in 0..30_000 {
            drop(attempts.allow(address(n), None));
        }
        assert!(attempts.lock().len() <= MOST_REMEMBERED);
        for _ in 0..15 {
            drop(attempts.allow(address(99_999), None));
        }
        assert!(attempts.allow(address(99_999), None).is_err());
        tokio::time::sleep(MEMORY + Duration::from_secs(1)).await;
        for _ in 0..10 {
            assert!(attempts.allow(address(99_999), None).is_ok());
        }
    }

    #[test]
    fn an_ipv6_host_is_its_network() {
        let one: IpAddr = "2001:db8:1:2:aaaa::1".parse().unwrap();
        let two: IpAddr = "2001:db8:1:2:bbbb::2".parse().unwrap();
        assert_eq!(network(one), network(two));
        assert_eq!(network("::ffff:10.0.0.1".parse().unwrap()), address(1));
    }
}
