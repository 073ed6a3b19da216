//! A cluster that this process runs.

use super::binaries::Binaries;
use super::connection::Connection;
use super::data_dir::{DataDir, Lock};
use super::keeper::{self, Keeper, State};
use super::launch::{self, Launch};
use super::{Error, Options, create};

/// The running cluster of a data directory. It is watched and started again by itself; dropping it stops it.
#[derive(Debug)]
pub struct Cluster {
    keeper: Option<Keeper>,
    connection: Connection,
    lock: Lock,
}

impl Cluster {
    /// Starts the cluster of the directory that `lock` holds, made first where there is none, and returns when it
    /// takes connections. Blocks: 2 to 4 s the first time, under a second later, longer after a crash with much to
    /// repeat.
    pub fn start(lock: Lock, options: &Options) -> Result<Self, Error> {
        let data_dir = lock.data_dir();
        let major = create::major_of(data_dir)?;
        let pgdata = data_dir.pgdata();
        let binaries = Binaries::find(options.bindir.as_deref(), major.map(|m| (m, pgdata.as_path())))?;
        if major.is_none() {
            create::make(data_dir, &binaries, options)?;
        }
        let launch = Launch::prepare(data_dir, &binaries, options)?;
        let (keeper, connection) = keeper::start(launch)?;
        Ok(Self { keeper: Some(keeper), connection, lock })
    }

    /// How to reach it. Stays true over restarts.
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// The directory it lives in.
    pub fn data_dir(&self) -> &DataDir {
        self.lock.data_dir()
    }

    /// How it does at this moment.
    pub fn state(&self) -> State {
        self.keeper.as_ref().map_or(State::Stopped, |keeper| keeper.shown.state())
    }

    /// How often it died and was started again.
    pub fn restarts(&self) -> u64 {
        self.keeper.as_ref().map_or(0, |keeper| keeper.shown.restarts())
    }

    /// Stops it: open sessions are cut off, what was committed is on disk. Blocks, 14 s at most.
    pub fn stop(mut self) {
        self.halt();
    }

    /// Stops it once the commands that use it beside its owner are done.
    pub(super) fn stop_after_others(mut self) -> Result<(), Error> {
        let alone = self.lock.data_dir.last_user()?;
        self.halt();
        drop(alone);
        Ok(())
    }

    fn halt(&mut self) {
        if let Some(Keeper { stop, thread, shown: _ }) = self.keeper.take() {
            drop(stop);
            if thread.join().is_err() {
                tracing::error!("the thread that kept the database had failed");
            }
            launch::remove_outside(&self.connection.socket_dir, self.lock.data_dir());
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.halt();
    }
}
