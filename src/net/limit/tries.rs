//! Guessing: wrong codes and passwords are counted, and who has guessed often waits.
//!
//! Whoever guesses keeps nobody out but those beside him: a password is counted for the user *and* the network it was tried
//! from, so that the right one works from anywhere else, and a browser that the user has signed in from before is counted by
//! itself. What bounds guessing from many networks at once is the number of places for hashing.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use uuid::Uuid;

use crate::domain::UserName;
use crate::net::kind;
use crate::net::problem::Problem;

/// Wrong tries after which every further one waits: for one user from one network, and from one browser.
const FREE_TRIES_USER: u32 = 10;
/// The same for one address, behind which a whole office may sit.
const FREE_TRIES_ADDRESS: u32 = 15;
/// First wait; it doubles with every further wrong try.
const FIRST_WAIT: Duration = Duration::from_secs(4);
/// Longest wait.
const LONGEST_WAIT: Duration = Duration::from_secs(15 * 60);
/// Wrong tries are forgotten after this long without one.
const MEMORY: Duration = Duration::from_secs(60 * 60);
/// Most guessers remembered; beyond it the ones longest quiet are forgotten.
const MOST_REMEMBERED: usize = 20_000;

/// Who is guessing.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Guesser {
    /// Whoever tries one user's password from one network.
    User(String, IpAddr),
    /// Whoever sits behind one address.
    Address(IpAddr),
    /// A browser that is known.
    Browser(Uuid),
}

/// Where a try comes from, and whose secret it is.
#[derive(Clone, Copy, Debug)]
pub struct Tries<'a> {
    /// The address it comes from.
    pub address: IpAddr,
    /// The user whose password it is; `None` for a code.
    pub user: Option<&'a UserName>,
    /// The browser, where this user has signed in from it before.
    pub browser: Option<Uuid>,
}

impl Tries<'_> {
    /// Who answers for it.
    fn guessers(&self) -> Vec<Guesser> {
        if let Some(browser) = self.browser {
            return vec![Guesser::Browser(browser)];
        }
        let mut all = vec![Guesser::Address(address(self.address))];
        // A name is remembered at a bounded length; longer ones do not exist.
        let name = |user: &UserName| user.key().chars().take(64).collect();
        all.extend(self.user.map(|user| Guesser::User(name(user), network(self.address))));
        all
    }
}

#[derive(Clone, Copy, Debug)]
struct Record {
    wrong: u32,
    last: Instant,
    free_again: Instant,
}

/// Counts wrong codes or wrong passwords; clones share the counts. Codes and passwords get one of these each, or a mistyped
/// code would keep a supervisor from signing in.
///
/// A try is allowed by [`Attempts::allow`] before it is judged and reported by [`Attempt::judged`] after. An allowed try
/// counts as wrong until it is reported, so that many at the same moment gain nothing.
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

    /// Lets a try be judged. Problems: `too-many-tries`, with the time to wait. The answer is the same for users that do not
    /// exist.
    pub fn allow(&self, tries: Tries<'_>) -> Result<Attempt, Problem> {
        let guessers = tries.guessers();
        let now = Instant::now();
        let mut known = self.lock();
        let wait = guessers
            .iter()
            .filter_map(|guesser| known.get(guesser))
            .map(|record| record.free_again.saturating_duration_since(now))
            .max()
            .unwrap_or_default();
        if !wait.is_zero() {
            return Err(too_many(wait));
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
    /// Reports what came of it: something, so it was right; nothing, so it was wrong; an error, so nobody has looked.
    pub fn judged<T, E>(self, outcome: Result<Option<T>, E>) -> Result<Option<T>, E> {
        match &outcome {
            Ok(Some(_)) => self.right(),
            // It stays counted.
            Ok(None) => {}
            Err(_) => self.not_judged(),
        }
        outcome
    }

    /// The tries for the user from there are forgotten, and this one of the address. The address keeps its earlier wrong
    /// tries, or one known password would buy any number of guesses at others.
    fn right(self) {
        let mut known = self.attempts.lock();
        for guesser in &self.guessers {
            match guesser {
                Guesser::User(..) | Guesser::Browser(_) => drop(known.remove(guesser)),
                Guesser::Address(_) => take_back(&mut known, guesser),
            }
        }
    }

    /// It is not counted.
    fn not_judged(self) {
        let mut known = self.attempts.lock();
        for guesser in &self.guessers {
            take_back(&mut known, guesser);
        }
    }
}

/// `too-many-tries`, saying how long.
fn too_many(wait: Duration) -> Problem {
    let seconds = u32::try_from(wait.as_secs()).unwrap_or(u32::MAX).saturating_add(1);
    let (en, zh) = if seconds < 120 {
        (format!("{seconds} seconds"), format!("{seconds} 秒"))
    } else {
        let minutes = seconds.div_ceil(60);
        (format!("{minutes} minutes"), format!("{minutes} 分钟"))
    };
    Problem::new(
        &kind::TOO_MANY_TRIES,
        format!("Too many wrong tries from here. The next one is possible in {en}."),
    )
    .in_chinese(format!("从此处连续输错次数过多，请在 {zh}后再试。"))
    .retry_after(seconds)
}

fn take_back(known: &mut HashMap<Guesser, Record>, guesser: &Guesser) {
    if let Some(record) = known.get_mut(guesser) {
        record.wrong = record.wrong.saturating_sub(1);
        record.free_again = record.last;
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
        Guesser::User(..) | Guesser::Browser(_) => FREE_TRIES_USER,
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
pub(crate) fn address(address: IpAddr) -> IpAddr {
    masked(address, 32, 64)
}

/// What counts as one network, where one guesser may have many addresses: a /24, a /48.
fn network(address: IpAddr) -> IpAddr {
    masked(address, 24, 48)
}

fn masked(address: IpAddr, four: u32, six: u32) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(it) => Ipv4Addr::from_bits(it.to_bits() & (u32::MAX << (32 - four))).into(),
        IpAddr::V6(it) => Ipv6Addr::from_bits(it.to_bits() & (u128::MAX << (128 - six))).into(),
    }
}

#[cfg(test)]
mod tests;
