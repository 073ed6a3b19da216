//! A data directory: made, claimed for the user who runs the cluster, and held by one process at a time.
//!
//! The lock is an `flock` on a file of our own: the kernel lets go of it when the holder dies, however it dies.
//! What stands in that file is only for reading (who holds it, and for what).

use super::Error;
use super::account::{Account, is_root, name_of};
use super::folder::Folder;
use super::process::{PATIENCE, wait_until};
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use std::fs::File;
use std::io::Write;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The cluster's directory inside the data directory (PostgreSQL's `PGDATA`).
pub(super) const PGDATA: &str = "postgres";
const LOCK: &str = "doorknock.lock";
const USERS: &str = "doorknock.users";

/// What a data directory is held for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// A service that stays. A second one is refused at once.
    Service,
    /// One command that will be done soon: a service waits for it.
    Command,
}

impl Purpose {
    const fn word(self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::Command => "command",
        }
    }
}

/// A data directory of ours: it exists, it is closed to others, and it belongs to who runs the cluster.
#[derive(Debug)]
pub struct DataDir {
    pub(super) folder: Folder,
    pub(super) account: Account,
}

/// The right to run the cluster of a data directory; given back when dropped.
#[derive(Debug)]
pub struct Lock {
    pub(super) data_dir: DataDir,
    #[expect(dead_code, reason = "the open file is the lock")]
    file: File,
}

/// A sign that a command is using a cluster which another command runs; taken back when dropped.
#[derive(Debug)]
pub(super) struct UseMark {
    #[expect(dead_code, reason = "the open file is the mark")]
    file: File,
}

impl DataDir {
    /// Makes `path` a data directory if it is none yet, and holds it for `purpose` until the lock is dropped.
    ///
    /// Nothing else may be written into the directory before. A service waits up to a minute for a command to
    /// finish, and is refused at once by another service ([`Error::InUse`]).
    pub fn lock(path: &Path, purpose: Purpose) -> Result<Lock, Error> {
        let mut waited = Duration::ZERO;
        let mut data_dir = Self::claim(path)?;
        loop {
            data_dir = match data_dir.try_lock(purpose)? {
                Ok(lock) => return Ok(lock),
                Err(held) => held,
            };
            let (pid, held_for) = data_dir.holder();
            if held_for == Purpose::Service.word() || waited >= PATIENCE {
                return Err(Error::InUse { dir: data_dir.path().to_owned(), pid });
            }
            std::thread::sleep(Duration::from_millis(50));
            waited += Duration::from_millis(50);
        }
    }

    /// The absolute path, without links.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The content of the file `name`, or `None` where there is none.
    pub fn read(&self, name: &str) -> Result<Option<Vec<u8>>, Error> {
        self.folder.read(name)
    }

    /// Writes the file `name`, readable by the cluster's user alone (0600), whole or not at all.
    pub fn write_private(&self, name: &str, content: &[u8]) -> Result<(), Error> {
        self.folder.write(name, content, &self.account)
    }

    pub(super) fn pgdata(&self) -> PathBuf {
        self.path().join(PGDATA)
    }

    /// Makes and claims the directory; see [`DataDir::lock`].
    pub(super) fn claim(path: &Path) -> Result<Self, Error> {
        let is_new = !path.exists();
        if !is_new && !path.is_dir() {
            return Err(Error::NotADirectory { path: path.to_owned() });
        }
        std::fs::create_dir_all(path).map_err(Error::io("make the data directory", path))?;
        let path = std::fs::canonicalize(path).map_err(Error::io("find the data directory", path))?;
        let account = Account::for_cluster(&path.join(PGDATA))?;
        refuse_strangers(&path, &account)?;
        let folder = Folder::open(&path)?;
        refuse_foreign(&folder, &account)?;
        refuse_closed(&path, &account).inspect_err(|_| {
            // What was made for nothing goes; should that fail, an empty directory stays.
            let _ = is_new.then(|| std::fs::remove_dir(&path));
        })?;
        folder.claim(&account)?;
        Ok(Self { folder, account })
    }

    /// One try at the lock; hands the directory back when somebody holds it.
    pub(super) fn try_lock(self, purpose: Purpose) -> Result<Result<Lock, Self>, Error> {
        let file = self.folder.file(LOCK, &self.account)?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(Errno::WOULDBLOCK) => return Ok(Err(self)),
            Err(other) => return Err(Error::io("lock the data directory", self.path())(other)),
        }
        let signed = format!("{} {}\n", std::process::id(), purpose.word());
        // Only for reading by others, so a full disk must not keep the service from starting.
        let written = file
            .set_len(0)
            .and_then(|()| file.write_all_at(signed.as_bytes(), 0))
            .and_then(|()| (&file).flush());
        if let Err(source) = written {
            tracing::warn!(%source, "the lock file could not be signed");
        }
        Ok(Ok(Lock { data_dir: self, file }))
    }

    /// The holder's process id and purpose as it signed them; words that say so where it has not.
    pub(super) fn holder(&self) -> (String, String) {
        let signed = self.folder.read(LOCK).ok().flatten().unwrap_or_default();
        let signed = String::from_utf8_lossy(&signed).into_owned();
        let mut words = signed.split_whitespace().map(str::to_owned);
        (words.next().unwrap_or_else(|| "unknown".to_owned()), words.next().unwrap_or_default())
    }

    /// Marks that this process uses the holder's cluster; `None` while the holder is about to stop it.
    pub(super) fn mark_use(&self) -> Result<Option<UseMark>, Error> {
        self.flock_users(FlockOperation::NonBlockingLockShared)
    }

    /// Waits until nobody else uses the cluster and keeps newcomers away while the result lives.
    pub(super) fn last_user(&self) -> Result<Option<UseMark>, Error> {
        let mut alone = None;
        let mut failed = Ok(());
        wait_until(PATIENCE, || match self.flock_users(FlockOperation::NonBlockingLockExclusive) {
            Ok(mark) => {
                alone = mark;
                alone.is_some()
            }
            Err(error) => {
                failed = Err(error);
                true
            }
        });
        failed.map(|()| alone)
    }

    fn flock_users(&self, operation: FlockOperation) -> Result<Option<UseMark>, Error> {
        let file = self.folder.file(USERS, &self.account)?;
        match flock(&file, operation) {
            Ok(()) => Ok(Some(UseMark { file })),
            Err(Errno::WOULDBLOCK) => Ok(None),
            Err(other) => Err(Error::io("lock the data directory", self.path())(other)),
        }
    }
}

impl Lock {
    /// The directory that is held.
    pub fn data_dir(&self) -> &DataDir {
        &self.data_dir
    }
}

/// An ordinary user can work only in a directory of its own.
fn refuse_strangers(path: &Path, account: &Account) -> Result<(), Error> {
    let owner = std::fs::metadata(path).map_err(Error::io("read the data directory", path))?.uid();
    if is_root() || owner == account.uid {
        return Ok(());
    }
    Err(Error::OtherOwner { dir: path.to_owned(), owner: name_of(owner) })
}

/// As root: the cluster's user must be able to get there.
fn refuse_closed(path: &Path, account: &Account) -> Result<(), Error> {
    match account.closed_ancestor(path) {
        Some(closed) if is_root() => {
            Err(Error::ClosedAncestor { closed, dir: path.to_owned(), user: account.name.clone() })
        }
        Some(_) | None => Ok(()),
    }
}

/// Giving away and closing a directory that was never ours (a home, `/tmp`) would do harm.
fn refuse_foreign(folder: &Folder, account: &Account) -> Result<(), Error> {
    let names = folder.names()?;
    let owner = std::fs::metadata(folder.path()).map_or(0, |m| m.uid());
    let is_claimed = names.iter().any(|n| n == LOCK) || (is_root() && owner == account.uid);
    match names.into_iter().find(|name| !is_ours(name)) {
        Some(example) if !is_claimed => Err(Error::Foreign { dir: folder.path().to_owned(), example }),
        Some(_) | None => Ok(()),
    }
}

/// Directories that may be there before the first start: certificates made or pictures put back before anything else, and
/// what a file system of its own has at its root.
const BEFORE: [&str; 3] = ["attachments", "tls", "lost+found"];

/// Names that may be there before the first start: our own, and a key put back by hand.
fn is_ours(name: &str) -> bool {
    let is_key = Path::new(name).extension().is_some_and(|e| e == "key") || name == "key";
    name == PGDATA || name.starts_with("doorknock") || BEFORE.contains(&name) || is_key
}
