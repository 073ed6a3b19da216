//! The operating system's users: who runs the cluster, and which directories are closed to that user.

use super::Error;
use rustix::fs::fchown;
use rustix::process::{getegid, geteuid};
use rustix::thread::{Gid, Uid};
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The user who runs the cluster when root asks for one.
const POSTGRES: &str = "postgres";

/// A user with the group that goes with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Account {
    pub(super) name: String,
    pub(super) uid: u32,
    pub(super) gid: u32,
}

impl Account {
    /// Who this process is.
    pub(super) fn current() -> Result<Self, Error> {
        let uid = geteuid().as_raw();
        let name = entry(&uid.to_string()).ok_or(Error::NamelessUser { uid })?.name;
        Ok(Self { name, uid, gid: getegid().as_raw() })
    }

    /// Who is to run the cluster in `pgdata`: this process's user, but for root the owner of a cluster that is
    /// there, and `postgres` for one that is not.
    pub(super) fn for_cluster(pgdata: &Path) -> Result<Self, Error> {
        if !is_root() {
            return Self::current();
        }
        let owner = std::fs::symlink_metadata(pgdata).ok().map(|m| m.uid()).filter(|&uid| uid != 0);
        let key = owner.map_or_else(|| POSTGRES.to_owned(), |uid| uid.to_string());
        entry(&key).ok_or(Error::NoSuchUser { name: key })
    }

    /// Gives what `handle` has open to this user; nothing happens when this process is that user.
    pub(super) fn own(&self, handle: impl AsFd) -> rustix::io::Result<()> {
        if !is_root() {
            return Ok(());
        }
        fchown(handle, Some(Uid::from_raw(self.uid)), Some(Gid::from_raw(self.gid)))
    }

    /// The first directory above `dir` (an absolute path without links) that this user cannot pass through.
    pub(super) fn closed_ancestor(&self, dir: &Path) -> Option<PathBuf> {
        let mut above: Vec<_> = dir.ancestors().skip(1).collect();
        above.reverse();
        above.into_iter().find(|d| !self.may_pass(d)).map(Path::to_owned)
    }

    fn may_pass(&self, dir: &Path) -> bool {
        std::fs::metadata(dir).is_ok_and(|m| passes(m.mode(), m.uid() == self.uid, m.gid() == self.gid))
    }
}

/// Whether this process is root, and so has to change its user before it runs anything of PostgreSQL's.
pub(super) fn is_root() -> bool {
    geteuid().is_root()
}

/// Whether the search bit is set for the class (owner, group, others) that applies.
fn passes(mode: u32, is_owner: bool, is_in_group: bool) -> bool {
    let bit = match (is_owner, is_in_group) {
        (true, _) => 0o100,
        (false, true) => 0o010,
        (false, false) => 0o001,
    };
    mode & bit != 0
}

/// The name of a user id, or the number where it has none.
pub(super) fn name_of(uid: u32) -> String {
    entry(&uid.to_string()).map_or_else(|| uid.to_string(), |account| account.name)
}

/// Looks a user up by name or by number: in the local file, then wherever this machine keeps its users.
fn entry(key: &str) -> Option<Account> {
    let local = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    find(&local, key).or_else(|| {
        let asked = Command::new("getent").args(["passwd", key]).stdin(Stdio::null()).output().ok()?;
        find(&String::from_utf8_lossy(&asked.stdout), key)
    })
}

/// Reads lines of passwd(5): `name:password:uid:gid:…`.
fn find(passwd: &str, key: &str) -> Option<Account> {
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let (name, uid) = (fields.next()?, fields.nth(1)?);
        let gid = fields.next()?.parse().ok()?;
        (name == key || uid == key).then_some(())?;
        Some(Account { name: name.to_owned(), uid: uid.parse().ok()?, gid })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_found_by_name_and_by_number() {
        let text = "root:x:0:0:root:/root:/bin/bash\nbroken\npostgres:x:101:104:admin,,,:/var:/bin/sh\n";
        let postgres = Account { name: "postgres".into(), uid: 101, gid: 104 };
        assert_eq!(find(text, "postgres"), Some(postgres.clone()));
        assert_eq!(find(text, "101"), Some(postgres));
        assert_eq!(find(text, "10"), None);
        assert_eq!(find(text, "nobody"), None);
    }

    #[test]
    fn the_class_that_applies_decides_alone() {
        assert!(passes(0o755, false, false));
        assert!(!passes(0o750, false, false));
        assert!(passes(0o750, false, true));
        assert!(!passes(0o701, false, true), "a group that is shut out is not 'others'");
        assert!(!passes(0o011, true, true));
        assert!(passes(0o1777, false, false));
    }
}
