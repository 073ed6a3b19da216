//! The private PostgreSQL cluster of a data directory: made once, started, watched, stopped, and shared
//! between a running service and the commands beside it.
//!
//! It must not know what is stored: no SQL client, no schema, no HTTP, no async. Everything here blocks; an async
//! caller goes through its runtime's blocking threads. [`Connection`] is plain data, so that the room that speaks
//! SQL stays the only one that does.
//!
//! What holds at all times:
//! - one holder per data directory, kept by an exclusive `flock` on a file of our own ([`DataDir::lock`]);
//! - a cluster is whole or absent: it is made in a sibling directory and renamed into place;
//! - `postgres` dies cleanly with the process that started it, even after SIGKILL (parent-death signal);
//! - no process is signalled before it has been recognised as a `postgres` of exactly this directory;
//! - a cluster of another PostgreSQL major version is never touched.

mod account;
mod binaries;
mod child;
mod cluster;
mod connection;
mod create;
mod data_dir;
mod error;
mod folder;
mod keeper;
mod launch;
mod process;
mod session;
mod settings;

use std::path::PathBuf;

pub use child::run_as_child;
pub use cluster::Cluster;
pub use connection::Connection;
pub use data_dir::{DataDir, Lock, Purpose};
pub use error::Error;
pub use keeper::State;
pub use session::{Session, Whose, running};

/// A client program of PostgreSQL, such as `pg_dump`, of this major version or a newer one; `None` when there is none.
pub fn program(name: &str, server: u32) -> Option<PathBuf> {
    binaries::client(name, server)
}

/// The PostgreSQL major version from which on the schema works (`UNIQUE NULLS NOT DISTINCT`).
pub const OLDEST_MAJOR: u32 = 15;

/// The name of the login role and of the database it owns.
pub const ROLE: &str = "doorknock";

/// How a data directory's cluster is to be run.
#[derive(Clone, Debug)]
pub struct Options {
    /// The data directory; made when missing. A relative path counts from the working directory.
    pub data_dir: PathBuf,
    /// Where `postgres` and `initdb` are; `None` looks for them (the cluster's own major version first).
    pub bindir: Option<PathBuf>,
    /// The program that answers to [`run_as_child`]; this process's own executable unless it is a test.
    pub helper: PathBuf,
    /// Whether what is stored must outlive a power cut.
    pub durability: Durability,
}

impl Options {
    /// The usual options for `data_dir`: binaries are looked for, data is kept.
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        Self {
            data_dir: data_dir.into(),
            bindir: None,
            helper: PathBuf::from("/proc/self/exe"),
            durability: Durability::Kept,
        }
    }
}

/// Whether a commit reaches the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// A commit is on disk when it returns. Everything but test suites.
    Kept,
    /// Nothing is forced to disk: quick, and lost with the machine. For test suites.
    Scratch,
}
