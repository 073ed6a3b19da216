//! One start of `postgres`: its files, its socket directory, the process itself.

use super::binaries::Binaries;
use super::create::last_words;
use super::data_dir::{DataDir, PGDATA};
use super::folder::Folder;
use super::process::{self, FAST_STOP, PidFile, QUICK_STOP, wait_until};
use super::settings::{self, Machine};
use super::{Error, Options, account::Account, child};
use rustix::process::{Pid, Signal, kill_process};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

const SOCKET: &str = "socket";
const LOG: &str = "log";
const START_LOG: &str = "postgres-start.log";
/// What the address of a Unix socket holds, its closing zero not counted (unix(7)).
const SOCKET_PATH_LIMIT: usize = 107;
/// The socket's file name, for the port of our settings.
const SOCKET_NAME: &str = ".s.PGSQL.5432";
/// Its lock, which names a process as the cluster's own pid file does.
const SOCKET_LOCK: &str = ".s.PGSQL.5432.lock";

/// Everything a start needs, made once and used again for every restart.
#[derive(Debug)]
pub(super) struct Launch {
    folder: Folder,
    log: Folder,
    socket: Folder,
    account: Account,
    postgres: PathBuf,
    helper: PathBuf,
}

impl Launch {
    /// Writes the configuration and makes the directories.
    pub(super) fn prepare(data_dir: &DataDir, binaries: &Binaries, options: &Options) -> Result<Self, Error> {
        let account = data_dir.account.clone();
        let log = data_dir.folder.private_child(LOG, &account)?;
        let socket_dir = socket_dir(data_dir)?;
        let machine = Machine::here(data_dir.folder.disk_mib());
        let pgdata = data_dir.folder.child(PGDATA)?;
        let current = Account::current()?;
        let users = distinct(&["root", "postgres", &account.name, &current.name]);
        for (name, content) in [
            ("postgresql.conf", settings::entry_file()),
            (settings::OUR_FILE, settings::configuration(machine, &socket_dir, options.durability)),
            ("pg_hba.conf", settings::access()),
            ("pg_ident.conf", settings::identities(&users)),
        ] {
            // Written only when it changed: a start must not need room on a full disk.
            if pgdata.read(name)?.as_deref() != Some(content.as_bytes()) {
                pgdata.write(name, content.as_bytes(), &account)?;
            }
        }
        let helper = options.helper.clone();
        Ok(Self {
            folder: data_dir.folder.again()?,
            log,
            socket: Folder::open(&socket_dir)?,
            account,
            postgres: binaries.program("postgres"),
            helper,
        })
    }

    pub(super) fn pgdata(&self) -> PathBuf {
        self.folder.path().join(PGDATA)
    }

    /// Clears what an earlier cluster left and starts the process. It lives no longer than the calling thread.
    pub(super) fn spawn(&self) -> Result<Child, Error> {
        process::make_way(&self.folder, &self.pgdata())?;
        // Nothing of the cluster lives any more, so this can only name a process that is dead but not yet counted by its parent,
        // which postgres would take for a living one.
        self.socket.remove(SOCKET_LOCK)?;
        let log = self.log.file(START_LOG, &self.account)?;
        log.set_len(0).map_err(Error::io("empty the file", &self.log.path().join(START_LOG)))?;
        let mut command = child::command(&self.helper, &self.account, &self.postgres);
        command
            .arg("-D")
            .arg(self.pgdata())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::from(log));
        command.spawn().map_err(Error::io("run", &self.helper))
    }

    /// Whether `child` takes connections: then what it says about how to reach it.
    pub(super) fn ready(&self, child: &Child) -> Option<PidFile> {
        PidFile::read(&self.pgdata())
            .filter(|f| f.is_ready() && f.pid.as_raw_pid().cast_unsigned() == child.id())
    }

    /// The error for a process that ended with `status` before it was ready.
    pub(super) fn failed(&self, status: &str) -> Error {
        let first = self.log.read(START_LOG).ok().flatten().unwrap_or_default();
        let said = String::from_utf8_lossy(&first).into_owned() + &self.newest_log();
        Error::StartFailed { said: last_words(&said, status), log: self.log.path().to_owned() }
    }

    /// What the log of the day says since the last start began.
    fn newest_log(&self) -> String {
        let names = self.log.names().unwrap_or_default().into_iter().filter(|name| name != START_LOG);
        let changed =
            |name: &String| std::fs::metadata(self.log.path().join(name)).and_then(|m| m.modified()).ok();
        let Some(newest) = names.max_by_key(changed) else {
            return String::new();
        };
        let text = self.log.read(&newest).ok().flatten().unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        text.rfind("starting PostgreSQL").map_or_else(String::new, |start| text[start..].to_owned())
    }
}

/// Ends `child`, which is this process's own: fast, then without a checkpoint, then by force.
pub(super) fn stop(child: &mut Child) {
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    for (signal, time) in [(Signal::INT, FAST_STOP), (Signal::QUIT, QUICK_STOP), (Signal::KILL, QUICK_STOP)] {
        // Not waited for yet, so the id cannot be anybody else's.
        if let Some(pid) = pid
            && matches!(child.try_wait(), Ok(None))
            && let Err(error) = kill_process(pid, signal)
        {
            tracing::warn!(%error, "the database could not be told to stop");
        }
        if wait_until(time, || !matches!(child.try_wait(), Ok(None))) {
            return;
        }
        tracing::warn!(?signal, "the database does not stop; trying harder");
    }
}

fn distinct<'a>(names: &[&'a str]) -> Vec<&'a str> {
    let mut names = names.to_vec();
    names.sort_unstable();
    names.dedup();
    names
}

/// The directory for the socket: inside the data directory, or where that path is too long for a socket, or has
/// characters that clients take for separators, a private one among the temporary files.
fn socket_dir(data_dir: &DataDir) -> Result<PathBuf, Error> {
    let inside = data_dir.path().join(SOCKET);
    if fits(&inside) {
        data_dir.folder.private_child(SOCKET, &data_dir.account)?;
        return Ok(inside);
    }
    let name = format!("doorknock-{:016x}", fnv1a(data_dir.path().as_os_str().as_encoded_bytes()));
    let roots = [std::env::temp_dir(), PathBuf::from("/tmp")];
    let outside = roots.map(|root| root.join(&name)).into_iter().find(|dir| fits(dir));
    let outside = outside.ok_or(Error::NoSocketDir { tried: inside })?;
    make_private(&outside, &data_dir.account)?;
    Ok(outside)
}

/// Removes a socket directory among the temporary files, once it is empty.
pub(super) fn remove_outside(socket_dir: &Path, data_dir: &DataDir) {
    if !socket_dir.starts_with(data_dir.path())
        && let Err(error) = std::fs::remove_dir(socket_dir)
    {
        tracing::debug!(%error, "the socket directory stays");
    }
}

fn fits(dir: &Path) -> bool {
    let is_plain = dir.to_str().is_some_and(|s| !s.contains(|c: char| c.is_control() || ",\"\\".contains(c)));
    is_plain && dir.join(SOCKET_NAME).as_os_str().len() <= SOCKET_PATH_LIMIT
}

/// A directory of `account` alone in a place that everybody writes to; somebody else's is never taken over.
fn make_private(dir: &Path, account: &Account) -> Result<(), Error> {
    match std::fs::DirBuilder::new().mode(0o700).create(dir) {
        Ok(()) => return Folder::open(dir)?.claim(account),
        Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {}
        Err(e) => return Err(Error::io("make the directory", dir)(e)),
    }
    let found = std::fs::symlink_metadata(dir).map_err(Error::io("read the directory", dir))?;
    if found.is_dir() && found.uid() == account.uid && found.mode() & 0o7777 == 0o700 {
        return Ok(());
    }
    Err(Error::NoSocketDir { tried: dir.to_owned() })
}

/// FNV-1a, 64 bits: names a directory, protects nothing.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &b| (hash ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_path_is_measured_with_its_file_name() {
        let longest = SOCKET_PATH_LIMIT - SOCKET_NAME.len() - 1;
        assert!(fits(Path::new(&format!("/{}", "a".repeat(longest - 1)))));
        assert!(!fits(Path::new(&format!("/{}", "a".repeat(longest)))));
        assert!(!fits(Path::new("/a,b")), "clients read a comma as the end of a host");
    }

    #[test]
    fn the_hash_is_the_published_one() {
        assert_eq!(fnv1a(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a(b"a"), 0xaf63_dc4c_8601_ec8c);
    }
}
