//! The file that holds the master key: made once, read at every start, private to its owner.
//!
//! Losing it makes stored digests useless, so it is created only when the caller says that there are none yet, and
//! never overwritten. No error shows what stands in the file.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use rand::TryRngCore as _;
use rand::rngs::OsRng;

use super::digest::Keys;

/// Why there is no usable key.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// There is no such file, and none may be made.
    #[error(
        "the key file {0} is missing, but this database was made under it: put the file back from its own backup"
    )]
    Missing(PathBuf),
    /// Others than the owner may read or write the file.
    #[error(
        "the key file {0} is open to others than its owner: run chmod 600 on it, and ask who has read it"
    )]
    Open(PathBuf),
    /// The file is not a key.
    #[error("the key file {0} does not hold a key (64 hexadecimal characters)")]
    NoKey(PathBuf),
    /// The file cannot be read or made.
    #[error("the key file {path} cannot be {what}")]
    Io {
        /// The file.
        path: PathBuf,
        /// `read` or `written`.
        what: &'static str,
        /// What the system said.
        source: io::Error,
    },
}

/// What to do when there is no key file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IfMissing {
    /// Make one: a new installation.
    Create,
    /// Refuse: there are digests already.
    Refuse,
}

/// Reads the key file, or makes it. Several processes may do so at the same moment: all end with the same key.
pub fn open(path: &Path, if_missing: IfMissing) -> Result<Keys, KeyFileError> {
    match read(path) {
        Err(KeyFileError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
            match if_missing {
                IfMissing::Refuse => Err(KeyFileError::Missing(path.to_owned())),
                IfMissing::Create => {
                    create(path).map_err(|source| failed(path, "written", source))?;
                    read(path)
                }
            }
        }
        other => other,
    }
}

fn failed(path: &Path, what: &'static str, source: io::Error) -> KeyFileError {
    KeyFileError::Io { path: path.to_owned(), what, source }
}

fn read(path: &Path) -> Result<Keys, KeyFileError> {
    let fail = |source| failed(path, "read", source);
    let file = File::open(path).map_err(fail)?;
    let about = file.metadata().map_err(fail)?;
    if !about.is_file() {
        return Err(KeyFileError::NoKey(path.to_owned()));
    }
    if about.permissions().mode() & 0o077 != 0 {
        return Err(KeyFileError::Open(path.to_owned()));
    }
    let mut text = Vec::new();
    file.take(200).read_to_end(&mut text).map_err(fail)?;
    let master = std::str::from_utf8(&text).ok().and_then(|text| from_hex(text.trim_end()));
    master.map(|master| Keys::new(&master)).ok_or_else(|| KeyFileError::NoKey(path.to_owned()))
}

fn from_hex(text: &str) -> Option<[u8; 32]> {
    let digits: Vec<u8> =
        text.chars().map(|c| c.to_digit(16).and_then(|d| u8::try_from(d).ok())).collect::<Option<_>>()?;
    let bytes: Vec<u8> = digits.chunks_exact(2).map(|pair| pair[0] * 16 + pair[1]).collect();
    if digits.len() == 64 { bytes.try_into().ok() } else { None }
}

/// Writes a new key beside the place, makes it durable, then gives it its name; a key that another process named in the
/// meantime stays.
fn create(path: &Path) -> io::Result<()> {
    let mut master = [0_u8; 32];
    OsRng.try_fill_bytes(&mut master).map_err(io::Error::other)?;
    let mut text = master.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
    text.push('\n');
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_string_lossy().into_owned();
    let draft = path.with_file_name(format!(".{name}.{}", uuid::Uuid::new_v4().simple()));
    let written = write_private(&draft, &text).and_then(|()| match std::fs::hard_link(&draft, path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        // A file system without links: the name itself must be new.
        Err(_) => write_private(path, &text)
            .or_else(|error| if error.kind() == io::ErrorKind::AlreadyExists { Ok(()) } else { Err(error) }),
        Ok(()) => Ok(()),
    });
    let removed = std::fs::remove_file(&draft);
    written?;
    removed?;
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

/// Writes a file that must not exist yet, for its owner alone, and makes it durable.
fn write_private(path: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder of its own for one test, removed at the end.
    struct Folder(PathBuf);

    impl Folder {
        fn new() -> Self {
            let path = std::env::temp_dir().join(format!("doorknock-key-{}", uuid::Uuid::new_v4()));
            std::fs::create_dir(&path).unwrap();
            Self(path)
        }

        fn key(&self) -> PathBuf {
            self.0.join("id.key")
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn a_key_is_made_once_private_and_read_again() {
        let folder = Folder::new();
        let first = open(&folder.key(), IfMissing::Create).unwrap();
        let mode = std::fs::metadata(folder.key()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let again = open(&folder.key(), IfMissing::Refuse).unwrap();
        assert_eq!(first.key_id(), again.key_id());
        assert_eq!(first.key_id().len(), 8);
        assert_eq!(std::fs::read_dir(&folder.0).unwrap().count(), 1, "no draft is left");
    }

    #[test]
    fn starters_at_one_moment_end_with_one_key() {
        let folder = Folder::new();
        let path = folder.key();
        let ids: Vec<String> = std::thread::scope(|scope| {
            let starters: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| open(&path, IfMissing::Create).unwrap().key_id().to_owned()))
                .collect();
            starters.into_iter().map(|s| s.join().unwrap()).collect()
        });
        assert!(ids.iter().all(|id| *id == ids[0]));
    }

    #[test]
    fn what_is_no_private_key_is_refused_without_showing_it() {
        let folder = Folder::new();
        let path = folder.key();
        assert!(matches!(open(&path, IfMissing::Refuse), Err(KeyFileError::Missing(_))));
        write_private(&path, "secret words").unwrap();
        let error = open(&path, IfMissing::Create).unwrap_err();
        assert!(matches!(error, KeyFileError::NoKey(_)));
        assert!(!format!("{error} {error:?}").contains("secret"));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(open(&path, IfMissing::Create), Err(KeyFileError::Open(_))));
        assert!(matches!(open(&folder.0, IfMissing::Create), Err(KeyFileError::NoKey(_))));
        assert!(matches!(
            open(&folder.0.join("no/such.key"), IfMissing::Create),
            Err(KeyFileError::Io { .. })
        ));
    }
}
