//! A share for each: of what one caller asks for only so much runs at once, the rest stands in line.

use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::PATIENCE;
use crate::net::kind::Kind;
use crate::net::problem::Problem;

/// At most so much at once for each key; clones share it. Remembers a key as long as somebody has a turn or waits.
#[derive(Debug)]
pub struct Turns<K: Eq + Hash>(Arc<Inner<K>>);

#[derive(Debug)]
struct Inner<K> {
    each: usize,
    lines: Mutex<HashMap<K, Line>>,
}

/// Those of one key.
#[derive(Debug)]
struct Line {
    places: Arc<Semaphore>,
    /// How many have a turn or wait for one.
    members: usize,
}

/// A member of a line with what it has taken there; given back when dropped.
pub struct Turn<K: Eq + Hash> {
    turns: Turns<K>,
    key: K,
    places: Arc<Semaphore>,
    taken: Option<OwnedSemaphorePermit>,
}

impl<K: Eq + Hash> Clone for Turns<K> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K: Eq + Hash + Clone> Turns<K> {
    /// `each` turns at once for every key.
    pub fn of(each: usize) -> Self {
        Self(Arc::new(Inner { each: each.max(1), lines: Mutex::default() }))
    }

    /// Waits for a turn of `key`, however long.
    pub async fn wait(&self, key: K) -> Turn<K> {
        // From here on the line is left whichever way this ends.
        let mut turn = self.line_up(key);
        turn.taken = Arc::clone(&turn.places).acquire_owned().await.ok();
        turn
    }

    /// A turn of `key` after at most two seconds, else a problem of this kind.
    pub async fn take(&self, key: K, otherwise: &'static Kind) -> Result<Turn<K>, Problem> {
        timeout(PATIENCE, self.wait(key)).await.map_err(|_| Problem::plain(otherwise))
    }

    /// A turn of `key` at once, or none.
    pub fn take_now(&self, key: K) -> Option<Turn<K>> {
        let mut turn = self.line_up(key);
        turn.take_more(1).then_some(turn)
    }

    /// A member of the line of `key` that has taken nothing yet.
    pub fn line_up(&self, key: K) -> Turn<K> {
        let mut lines = self.lines();
        let line = lines
            .entry(key.clone())
            .or_insert_with(|| Line { places: Arc::new(Semaphore::new(self.0.each)), members: 0 });
        line.members += 1;
        let places = Arc::clone(&line.places);
        drop(lines);
        Turn { turns: self.clone(), key, places, taken: None }
    }
}

impl<K: Eq + Hash> Turn<K> {
    /// Takes `n` more, at once; whether there were so many.
    pub fn take_more(&mut self, n: u32) -> bool {
        let Ok(permit) = Arc::clone(&self.places).try_acquire_many_owned(n) else {
            return false;
        };
        match &mut self.taken {
            Some(taken) => taken.merge(permit),
            None => self.taken = Some(permit),
        }
        true
    }
}

impl<K: Eq + Hash> Turns<K> {
    fn lines(&self) -> MutexGuard<'_, HashMap<K, Line>> {
        self.0.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Eq + Hash> Drop for Turn<K> {
    fn drop(&mut self) {
        self.taken = None;
        let mut lines = self.turns.lines();
        let Some(line) = lines.get_mut(&self.key) else { return };
        line.members -= 1;
        if line.members == 0 {
            lines.remove(&self.key);
        }
    }
}

impl<K: Eq + Hash> fmt::Debug for Turn<K> {
    /// Never the key, which may be made from a token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Turn").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::kind;

    #[tokio::test(start_paused = true)]
    async fn one_caller_takes_no_more_than_a_share_and_nothing_of_others() {
        let turns = Turns::of(2);
        let (first, _second) = (turns.wait("a").await, turns.wait("a").await);
        let begun = tokio::time::Instant::now();
        assert_eq!(turns.take("a", &kind::BUSY).await.unwrap_err().kind, &kind::BUSY);
        assert_eq!(begun.elapsed().as_secs(), 2);
        turns.take("b", &kind::BUSY).await.unwrap();
        drop(first);
        turns.take("a", &kind::BUSY).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_is_remembered_who_has_left() {
        let turns = Turns::of(1);
        let held = turns.wait(1).await;
        let waiting = (0..50).map(|n| turns.take(n % 5, &kind::BUSY));
        drop(futures_util::future::join_all(waiting).await);
        assert_eq!(turns.lines().len(), 1);
        assert!(turns.take_now(1).is_none() && turns.take_now(2).is_some());
        drop(held);
        assert!(turns.lines().is_empty());
    }
}
