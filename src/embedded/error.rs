//! What can go wrong with the private cluster, in sentences for the operator who reads them in a terminal.
//! A variant with a source does not repeat its text: print the chain.

use std::io;
use std::path::{Path, PathBuf};

/// A failure of the private cluster; every one ends the command with status 1.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another process holds the data directory and is not about to let go.
    #[error(
        "the data directory {dir} is in use by another doorknock (process {pid}); stop it first, or choose another with --data-dir"
    )]
    InUse {
        /// The data directory.
        dir: PathBuf,
        /// The holder, as it wrote itself into the lock file.
        pid: String,
    },
    /// No `postgres` and `initdb` on this machine, or not where the setting says.
    #[error(
        "no PostgreSQL server programs (postgres, initdb) found in {looked_in}; install the Debian package postgresql-{}, or set DATABASE_URL to use a database server of your own",
        super::OLDEST_MAJOR
    )]
    NoBinaries {
        /// The places looked at, for reading.
        looked_in: String,
    },
    /// The programs found are older than the schema needs.
    #[error(
        "PostgreSQL {found} in {bindir} is too old: version {} or later is needed (Debian package postgresql-{}), or set DATABASE_URL",
        super::OLDEST_MAJOR,
        super::OLDEST_MAJOR
    )]
    BinariesTooOld {
        /// Major version of the programs.
        found: u32,
        /// Where they are.
        bindir: PathBuf,
    },
    /// The cluster was made by another major version than the programs at hand. Nothing was touched.
    #[error(
        "the cluster in {pgdata} was made by PostgreSQL {cluster}, but the programs in {bindir} are version {binaries}; nothing was changed. Install postgresql-{cluster} again, or move the data with pg_upgrade or with doorknock backup and restore"
    )]
    OtherMajor {
        /// The cluster's directory.
        pgdata: PathBuf,
        /// Major version that made it.
        cluster: u32,
        /// Where the programs are.
        bindir: PathBuf,
        /// Their major version.
        binaries: u32,
    },
    /// There is a directory where the cluster should be, but no cluster in it. Nothing was touched.
    #[error(
        "{pgdata} is there but holds no PostgreSQL cluster (PG_VERSION is missing or unreadable); nothing was changed. Put a backup in its place or move it away"
    )]
    NotACluster {
        /// The directory.
        pgdata: PathBuf,
    },
    /// PostgreSQL refuses to run as root, and the user to run it as does not exist.
    #[error(
        "PostgreSQL does not run as root and there is no user {name} to run it as; install the Debian package postgresql-{}, or start doorknock as an ordinary user",
        super::OLDEST_MAJOR
    )]
    NoSuchUser {
        /// The user looked for.
        name: String,
    },
    /// The user who runs this has no name, and PostgreSQL logs in by name.
    #[error(
        "user id {uid} has no name on this machine, and PostgreSQL needs one to log in by; run doorknock as a user that has one"
    )]
    NamelessUser {
        /// The user id.
        uid: u32,
    },
    /// As root: a directory on the way is closed to the user who runs PostgreSQL.
    #[error(
        "user {user}, who runs PostgreSQL, cannot get into {closed} (it is closed to others), and the data directory {dir} lies beneath it; choose a data directory in an open place such as /var/lib/doorknock, or open the way with: chmod o+x {closed}"
    )]
    ClosedAncestor {
        /// The closed directory.
        closed: PathBuf,
        /// The data directory.
        dir: PathBuf,
        /// The user who runs PostgreSQL.
        user: String,
    },
    /// The data directory belongs to somebody else, and this is not root.
    #[error("the data directory {dir} belongs to user {owner}; run doorknock as that user or as root")]
    OtherOwner {
        /// The data directory.
        dir: PathBuf,
        /// Its owner.
        owner: String,
    },
    /// The directory holds other things and never was a data directory: closing it could do harm.
    #[error(
        "{dir} holds other files ({example}) and is no data directory of doorknock yet; choose an empty or a new directory"
    )]
    Foreign {
        /// The directory.
        dir: PathBuf,
        /// One of the files.
        example: String,
    },
    /// The data directory is not a directory.
    #[error("{path} is not a directory")]
    NotADirectory {
        /// What was given.
        path: PathBuf,
    },
    /// A program of PostgreSQL ended with a failure while the cluster was made.
    #[error("{program} failed while making the cluster in {dir}: {said}")]
    CreateFailed {
        /// `initdb` or `postgres`.
        program: &'static str,
        /// The data directory.
        dir: PathBuf,
        /// Its last words.
        said: String,
    },
    /// `postgres` ended before it took connections.
    #[error("PostgreSQL did not start: {said} (its log: {log})")]
    StartFailed {
        /// Its last words.
        said: String,
        /// The log directory.
        log: PathBuf,
    },
    /// An older cluster of this directory could not be brought to an end.
    #[error(
        "an earlier PostgreSQL of {pgdata} (process {pid}) does not stop; end it by hand and start again"
    )]
    Lingering {
        /// The cluster's directory.
        pgdata: PathBuf,
        /// The process.
        pid: i32,
    },
    /// No directory whose path is short enough for a socket.
    #[error(
        "no directory with a path short enough for PostgreSQL's socket: {tried} is taken by somebody else; set TMPDIR or choose a shorter --data-dir"
    )]
    NoSocketDir {
        /// The fallback that was tried.
        tried: PathBuf,
    },
    /// A command waited for the holder's cluster in vain.
    #[error(
        "the data directory {dir} is in use by another doorknock (process {pid}), but its database does not answer; try again when it does"
    )]
    NotReady {
        /// The data directory.
        dir: PathBuf,
        /// The holder.
        pid: String,
    },
    /// The operating system refused something.
    #[error("cannot {doing} {path}")]
    Io {
        /// What was tried, as in "cannot …".
        doing: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

impl Error {
    /// For `map_err`: the operating system refused `doing` something to `path`.
    pub(super) fn io<E: Into<io::Error>>(doing: &'static str, path: &Path) -> impl FnOnce(E) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { doing, path, source: source.into() }
    }
}
