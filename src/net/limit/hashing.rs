//! Password hashing: each one takes 19 MiB and tens of milliseconds of a core, and anybody may ask for one.

use std::sync::Arc;
use std::thread::available_parallelism;

use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::PATIENCE;
use crate::net::kind;
use crate::net::problem::Problem;

/// In which line somebody waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// Anybody.
    Stranger,
    /// A browser that somebody has signed in from before: strangers, however many, do not stand before it.
    Known,
}

/// Places for hashing; clones share them.
#[derive(Clone, Debug)]
pub struct Hashing {
    strangers: Arc<Semaphore>,
    known: Arc<Semaphore>,
}

impl Default for Hashing {
    fn default() -> Self {
        Self::for_cores(available_parallelism().map_or(2, usize::from))
    }
}

impl Hashing {
    /// Half the cores for strangers, so that uploads always have the others, and one place for browsers that are known.
    pub fn for_cores(cores: usize) -> Self {
        Self { strangers: Arc::new(Semaphore::new((cores / 2).max(1))), known: Arc::new(Semaphore::new(1)) }
    }

    /// Runs `work` on a thread of its own when there is a place, which it keeps to its end. Problems: `busy`, after two
    /// seconds without one.
    pub async fn run<T: Send + 'static>(
        &self,
        lane: Lane,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let places = match lane {
            Lane::Stranger => &self.strangers,
            Lane::Known => &self.known,
        };
        // The semaphore is never closed, so only the wait can fail.
        let Ok(Ok(place)) = timeout(PATIENCE, Arc::clone(places).acquire_owned()).await else {
            return Err(Problem::plain(&kind::BUSY));
        };
        let done = tokio::task::spawn_blocking(move || {
            let _place = place;
            work()
        });
        done.await.map_err(|_panic| Problem::plain(&kind::INTERNAL))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn strangers_wait_two_seconds_and_never_stand_before_a_known_browser() {
        for (cores, places) in [(1, 1), (2, 1), (3, 1), (8, 4)] {
            let hashing = Hashing::for_cores(cores);
            let taken = Arc::clone(&hashing.strangers).acquire_many_owned(places).await.unwrap();
            let begun = tokio::time::Instant::now();
            let crowd = (0..300).map(|n| hashing.run(Lane::Stranger, move || n));
            for outcome in futures_util::future::join_all(crowd).await {
                assert_eq!(outcome.unwrap_err().kind, &kind::BUSY);
            }
            assert_eq!(begun.elapsed().as_secs(), 2);
            assert_eq!(hashing.run(Lane::Known, || 2).await.unwrap(), 2);
            drop(taken);
            assert_eq!(hashing.run(Lane::Stranger, || 3).await.unwrap(), 3);
        }
    }
}
