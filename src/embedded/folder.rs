//! Files inside the data directory, reached through open directory handles and never through a symbolic link.
//!
//! As root we write where the cluster's user may write too; a link planted there must not lead us elsewhere.
//! Handles (`openat` with `O_NOFOLLOW`) make that impossible, whatever happens to the names meanwhile.

use super::Error;
use super::account::Account;
use rustix::fs::{self, AtFlags, Mode, OFlags};
use rustix::io::Errno;
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

/// An open directory.
#[derive(Debug)]
pub(super) struct Folder {
    handle: OwnedFd,
    path: PathBuf,
}

const DIRECTORY: OFlags = OFlags::DIRECTORY.union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

impl Folder {
    /// Opens `path`, whose last part must be a directory and no link.
    pub(super) fn open(path: &Path) -> Result<Self, Error> {
        let handle =
            fs::open(path, DIRECTORY, Mode::empty()).map_err(Error::io("open the directory", path))?;
        Ok(Self { handle, path: path.to_owned() })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// A second handle on the same directory.
    pub(super) fn again(&self) -> Result<Self, Error> {
        let handle = self.handle.try_clone().map_err(Error::io("open the directory", &self.path))?;
        Ok(Self { handle, path: self.path.clone() })
    }

    /// The directory `name` in this one, made when missing; `owner`'s, closed to everybody else.
    pub(super) fn private_child(&self, name: &str, owner: &Account) -> Result<Self, Error> {
        let path = self.path.join(name);
        match fs::mkdirat(&self.handle, name, Mode::RWXU) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(other) => return Err(Error::io("make the directory", &path)(other)),
        }
        let child = self.child(name)?;
        child.claim(owner)?;
        Ok(child)
    }

    /// The directory `name` in this one.
    pub(super) fn child(&self, name: &str) -> Result<Self, Error> {
        let path = self.path.join(name);
        let handle = fs::openat(&self.handle, name, DIRECTORY, Mode::empty())
            .map_err(Error::io("open the directory", &path))?;
        Ok(Self { handle, path })
    }

    /// Makes the directory `owner`'s and closes it to everybody else (0700).
    pub(super) fn claim(&self, owner: &Account) -> Result<(), Error> {
        owner.own(&self.handle).map_err(Error::io("give away the directory", &self.path))?;
        fs::fchmod(&self.handle, Mode::RWXU).map_err(Error::io("close the directory", &self.path))
    }

    /// A file `name` of `owner`, 0600, opened for reading and writing; made when missing, never cut off.
    pub(super) fn file(&self, name: &str, owner: &Account) -> Result<File, Error> {
        let flags = OFlags::CREATE | OFlags::RDWR | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let path = self.path.join(name);
        let handle = fs::openat(&self.handle, name, flags, Mode::RUSR | Mode::WUSR)
            .map_err(Error::io("open the file", &path))?;
        owner.own(&handle).map_err(Error::io("give away the file", &path))?;
        Ok(File::from(handle))
    }

    /// Writes the whole file `name` for `owner`, 0600: readers see the old or the new content, also after a crash.
    pub(super) fn write(&self, name: &str, content: &[u8], owner: &Account) -> Result<(), Error> {
        let path = self.path.join(name);
        let refused = || Error::io::<std::io::Error>("write the file", &path);
        let draft = format!("{name}.new");
        self.remove(&draft)?;
        let flags = OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let handle = fs::openat(&self.handle, draft.as_str(), flags, Mode::RUSR | Mode::WUSR)
            .map_err(|e| refused()(e.into()))?;
        owner.own(&handle).map_err(|e| refused()(e.into()))?;
        let mut file = File::from(handle);
        file.write_all(content).and_then(|()| file.sync_all()).map_err(refused())?;
        fs::renameat(&self.handle, draft.as_str(), &self.handle, name).map_err(|e| refused()(e.into()))?;
        self.sync()
    }

    /// The content of the file `name`; `None` when there is none.
    pub(super) fn read(&self, name: &str) -> Result<Option<Vec<u8>>, Error> {
        let path = self.path.join(name);
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let handle = match fs::openat(&self.handle, name, flags, Mode::empty()) {
            Ok(handle) => handle,
            Err(Errno::NOENT) => return Ok(None),
            Err(other) => return Err(Error::io("read the file", &path)(other)),
        };
        let mut content = Vec::new();
        File::from(handle).read_to_end(&mut content).map_err(Error::io("read the file", &path))?;
        Ok(Some(content))
    }

    /// Removes the file `name` if it is there.
    pub(super) fn remove(&self, name: &str) -> Result<(), Error> {
        match fs::unlinkat(&self.handle, name, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(other) => Err(Error::io("remove the file", &self.path.join(name))(other)),
        }
    }

    /// Renames `from` to `to`, both in this directory, and makes that last.
    pub(super) fn rename(&self, from: &str, to: &str) -> Result<(), Error> {
        fs::renameat(&self.handle, from, &self.handle, to)
            .map_err(Error::io("rename the directory", &self.path.join(from)))?;
        self.sync()
    }

    /// The names in this directory.
    pub(super) fn names(&self) -> Result<Vec<String>, Error> {
        let refused = || Error::io::<std::io::Error>("read the directory", &self.path);
        std::fs::read_dir(&self.path)
            .map_err(refused())?
            .map(|entry| entry.map(|e| e.file_name().to_string_lossy().into_owned()).map_err(refused()))
            .collect()
    }

    /// Size of the file system the directory is on, in MiB.
    pub(super) fn disk_mib(&self) -> u64 {
        fs::fstatvfs(&self.handle).map_or(0, |s| s.f_blocks.saturating_mul(s.f_frsize) >> 20)
    }

    fn sync(&self) -> Result<(), Error> {
        fs::fsync(self.handle.as_fd()).map_err(Error::io("write the directory", &self.path))
    }
}
