//! The thread that starts `postgres`, watches it, starts it again when it dies, and stops it when told.
//!
//! It is a thread of its own and lives as long as the cluster, because the parent-death signal of the process it
//! starts fires when the starting *thread* ends.

use super::Error;
use super::connection::Connection;
use super::launch::{self, Launch};
use std::process::Child;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How a cluster does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Starting, or repeating its log after a crash.
    Starting,
    /// Takes connections.
    Ready,
    /// Died, and about to be started again.
    Down,
    /// Stopped on purpose. Terminal.
    Stopped,
}

/// What the keeper shows of itself.
#[derive(Debug, Default)]
pub(super) struct Shown {
    state: AtomicU8,
    restarts: AtomicU64,
}

impl Shown {
    pub(super) fn state(&self) -> State {
        match self.state.load(Ordering::Acquire) {
            0 => State::Starting,
            1 => State::Ready,
            2 => State::Down,
            3.. => State::Stopped,
        }
    }

    pub(super) fn restarts(&self) -> u64 {
        self.restarts.load(Ordering::Relaxed)
    }

    fn set(&self, state: State) {
        let code = match state {
            State::Starting => 0,
            State::Ready => 1,
            State::Down => 2,
            State::Stopped => 3,
        };
        self.state.store(code, Ordering::Release);
    }
}

/// A running keeper. Dropping `stop` stops the cluster; the thread ends when that is done.
#[derive(Debug)]
pub(super) struct Keeper {
    pub(super) stop: Sender<()>,
    pub(super) thread: JoinHandle<()>,
    pub(super) shown: Arc<Shown>,
}

/// A dying service takes its database along; whoever restarts that too early races the end of both.
const SHORTEST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// Tries of a first start: something may still be on its way out.
const FIRST_TRIES: u32 = 3;
const LOOK: Duration = Duration::from_millis(100);
const CLOSE_LOOK: Duration = Duration::from_millis(10);
const PATIENT_NOTE: Duration = Duration::from_secs(10);

/// Starts the thread and waits until the cluster takes connections, however long its recovery takes.
pub(super) fn start(launch: Launch) -> Result<(Keeper, Connection), Error> {
    let (stop, orders) = channel();
    let (report, first) = sync_channel(1);
    let shown = Arc::new(Shown::default());
    let keeping =
        Keeping { launch, orders, shown: Arc::clone(&shown), report: Some(report), tries: FIRST_TRIES };
    let path = keeping.launch.pgdata();
    let thread = std::thread::Builder::new()
        .name("postgres-keeper".to_owned())
        .spawn(move || keeping.run())
        .map_err(Error::io("start a thread for", &path))?;
    let connection = first.recv().unwrap_or_else(|_| Err(gone(&path)))?;
    Ok((Keeper { stop, thread, shown }, connection))
}

fn gone(path: &std::path::Path) -> Error {
    Error::io("keep", path)(std::io::Error::other("its thread ended"))
}

struct Keeping {
    launch: Launch,
    orders: Receiver<()>,
    shown: Arc<Shown>,
    report: Option<SyncSender<Result<Connection, Error>>>,
    tries: u32,
}

/// How one life of the process ended.
enum End {
    Ordered,
    Died,
    NeverReady(Error),
}

impl Keeping {
    fn run(mut self) {
        let mut pause = SHORTEST_PAUSE;
        loop {
            self.shown.set(State::Starting);
            match self.one_life() {
                End::Ordered => break,
                End::Died => pause = SHORTEST_PAUSE,
                End::NeverReady(error) => {
                    if self.gives_up(error) {
                        break;
                    }
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
            }
            self.shown.set(State::Down);
            if self.report.is_none() {
                self.shown.restarts.fetch_add(1, Ordering::Relaxed);
            }
            if self.stop_ordered(pause) {
                break;
            }
        }
        self.shown.set(State::Stopped);
    }

    /// A first start that fails for good is reported to who waits for it; a later one is tried for ever.
    fn gives_up(&mut self, error: Error) -> bool {
        let Some(report) = &self.report else {
            tracing::error!(error = %error, "the database did not start again; trying on");
            return false;
        };
        self.tries -= 1;
        if self.tries > 0 {
            return false;
        }
        // Nobody there to hear it: then nobody needs the cluster either.
        drop(report.send(Err(error)));
        true
    }

    fn one_life(&mut self) -> End {
        let mut child = match self.launch.spawn() {
            Ok(child) => child,
            Err(error) => return End::NeverReady(error),
        };
        let connection = match self.until_ready(&mut child) {
            Ok(connection) => connection,
            Err(end) => return end,
        };
        if let Some(report) = self.report.take() {
            drop(report.send(Ok(connection)));
        } else {
            tracing::info!("the database is back");
        }
        self.shown.set(State::Ready);
        loop {
            if self.stop_ordered(LOOK) {
                launch::stop(&mut child);
                return End::Ordered;
            }
            if let Some(status) = ended(&mut child) {
                tracing::error!(%status, "the database died; starting it again");
                return End::Died;
            }
        }
    }

    fn until_ready(&self, child: &mut Child) -> Result<Connection, End> {
        let mut note = Instant::now();
        loop {
            if let Some(file) = self.launch.ready(child) {
                return Ok(file.connection());
            }
            if let Some(status) = ended(child) {
                return Err(End::NeverReady(self.launch.failed(&status)));
            }
            if note.elapsed() >= PATIENT_NOTE {
                tracing::info!("still waiting for the database to recover");
                note = Instant::now();
            }
            if self.stop_ordered(CLOSE_LOOK) {
                launch::stop(child);
                return Err(End::Ordered);
            }
        }
    }

    /// Waits for an order; a cluster without an owner is to stop as well.
    fn stop_ordered(&self, wait: Duration) -> bool {
        match self.orders.recv_timeout(wait) {
            Ok(()) | Err(RecvTimeoutError::Disconnected) => true,
            Err(RecvTimeoutError::Timeout) => false,
        }
    }
}

/// What the process left behind when it ended, `None` while it runs.
fn ended(child: &mut Child) -> Option<String> {
    match child.try_wait() {
        Ok(status) => status.map(|s| s.to_string()),
        Err(error) => Some(error.to_string()),
    }
}
