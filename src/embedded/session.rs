//! A command's way to the database of a data directory: beside whoever runs it, or alone.

use super::cluster::Cluster;
use super::connection::Connection;
use super::data_dir::{DataDir, PGDATA, Purpose, UseMark};
use super::process::{PATIENCE, PidFile};
use super::{Error, Options};
use std::path::Path;
use std::time::{Duration, Instant};

/// Whose cluster a session works on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// This process started it, and must bring it up to date before it uses it.
    Own,
    /// A service or another command runs it.
    Other,
}

/// A way to the database of a data directory, for as long as it lives.
#[derive(Debug)]
pub struct Session {
    way: Way,
}

#[derive(Debug)]
enum Way {
    Own(Box<Cluster>),
    Beside { connection: Connection, data_dir: DataDir, mark: UseMark },
}

/// The connection of a cluster that is running in `data_dir` and ready; `None` where there is none. Changes nothing.
pub fn running(data_dir: &Path) -> Result<Option<Connection>, Error> {
    let Ok(path) = std::fs::canonicalize(data_dir) else {
        return Ok(None);
    };
    let pgdata = path.join(PGDATA);
    match std::fs::read_dir(&pgdata) {
        Ok(_) => {}
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(Error::io("read the directory", &pgdata)(e)),
    }
    let file = PidFile::read(&pgdata).filter(|file| file.is_ready() && file.is_running(&pgdata));
    Ok(file.map(|file| file.connection()))
}

impl Session {
    /// Joins the cluster that somebody runs, or starts it. Blocks: next to nothing beside a service, as long as
    /// [`Cluster::start`] alone, and up to a minute while the holder's cluster is on its way up or down.
    pub fn open(options: &Options) -> Result<Self, Error> {
        let started = Instant::now();
        loop {
            let data_dir = match DataDir::claim(&options.data_dir)?.try_lock(Purpose::Command)? {
                Ok(lock) => {
                    let cluster = Cluster::start(lock, options)?;
                    return Ok(Self { way: Way::Own(Box::new(cluster)) });
                }
                Err(held) => held,
            };
            // Marked first and looked at second: a holder about to stop sees the mark, or we see its lock.
            if let Some(mark) = data_dir.mark_use()?
                && let Some(connection) = running(data_dir.path())?
            {
                return Ok(Self { way: Way::Beside { connection, data_dir, mark } });
            }
            if started.elapsed() >= PATIENCE {
                let (pid, _) = data_dir.holder();
                return Err(Error::NotReady { dir: data_dir.path().to_owned(), pid });
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// How to reach the database.
    pub fn connection(&self) -> &Connection {
        match &self.way {
            Way::Own(cluster) => cluster.connection(),
            Way::Beside { connection, .. } => connection,
        }
    }

    /// The data directory.
    pub fn data_dir(&self) -> &DataDir {
        match &self.way {
            Way::Own(cluster) => cluster.data_dir(),
            Way::Beside { data_dir, .. } => data_dir,
        }
    }

    /// Who runs the cluster.
    pub fn whose(&self) -> Whose {
        match &self.way {
            Way::Own(_) => Whose::Own,
            Way::Beside { .. } => Whose::Other,
        }
    }

    /// Ends the session. A cluster of its own is stopped when the commands that joined it are done, a minute later
    /// at most.
    pub fn close(self) -> Result<(), Error> {
        match self.way {
            Way::Own(cluster) => cluster.stop_after_others(),
            Way::Beside { mark, .. } => {
                drop(mark);
                Ok(())
            }
        }
    }
}
