//! Files that are there whole or not at all. A draft has a name that nobody else has, beside the place of the file, and goes
//! when it is given up, also by Ctrl-C or SIGTERM. Nothing is removed that was not made here.

use std::fs::File;
use std::io::{self, ErrorKind, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::exit;
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result, bail};
use tokio::signal::unix::{SignalKind, signal};

/// Drafts of this process.
static DRAFTS: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

fn drafts() -> MutexGuard<'static, Vec<PathBuf>> {
    DRAFTS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Who may read a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum For {
    /// Its owner alone (0600).
    Owner,
    /// Whom the system's mask lets (0666 and umask).
    Anyone,
}

/// What happens to a file that has the name already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Old {
    /// It stays, and the new one is not written.
    Kept,
    /// The new one takes its place.
    Replaced,
}

/// A file being written.
#[derive(Debug)]
pub(super) struct Draft {
    file: File,
    path: PathBuf,
    into: PathBuf,
}

impl Draft {
    /// Begins a file that shall become `into`.
    pub(super) fn of(into: &Path, readers: For) -> Result<Self> {
        let name = into.file_name().with_context(|| format!("{} is no file name", into.display()))?;
        // A draft takes the name: a device or a pipe of that name would be gone.
        if std::fs::metadata(into).is_ok_and(|there| !there.is_file()) {
            bail!("{} is no file; name one, or leave it out and send the output there", into.display());
        }
        let own = uuid::Uuid::new_v4().simple();
        let path = into.with_file_name(format!(".{}.{own}.part", name.to_string_lossy()));
        let mode = match readers {
            For::Owner => 0o600,
            For::Anyone => 0o666,
        };
        let mut all = drafts();
        let file = std::fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(mode)
            .open(&path)
            .with_context(|| format!("{} cannot be written", into.display()))?;
        all.push(path.clone());
        Ok(Self { file, path, into: into.to_owned() })
    }

    /// The file, to be given away or measured.
    pub(super) fn file(&self) -> &File {
        &self.file
    }

    /// Writes over what stands at the beginning, from `at` on.
    pub(super) fn overwrite(&mut self, at: u64, bytes: &[u8]) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(at))?;
        self.file.write_all(bytes)
    }

    /// Forces the content to disk and gives the file its name.
    pub(super) fn finish(self, old: Old) -> Result<()> {
        let into = self.into.clone();
        let done = self.file.sync_all().and_then(|()| match old {
            Old::Replaced => std::fs::rename(&self.path, &into),
            Old::Kept => named_first(&self.path, &into),
        });
        match done {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                bail!("{} exists already, and is not replaced", into.display())
            }
            Err(error) => return Err(error).context(format!("{} cannot be written", into.display())),
        }
        let folder = into.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        // Some file systems cannot force a directory to disk.
        drop(File::open(folder).and_then(|folder| folder.sync_all()));
        Ok(())
    }
}

/// Gives a file a name that nobody has, or fails.
fn named_first(draft: &Path, name: &Path) -> io::Result<()> {
    match std::fs::hard_link(draft, name) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => {
            // A file system without links (FAT on a stick): the name is looked at first.
            if name.symlink_metadata().is_ok() {
                return Err(ErrorKind::AlreadyExists.into());
            }
            std::fs::rename(draft, name)
        }
        done => done,
    }
}

impl Write for Draft {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        let mut all = drafts();
        // Not there any more when it has got its name by renaming.
        drop(std::fs::remove_file(&self.path));
        all.retain(|path| *path != self.path);
    }
}

/// Writes a small file whole.
pub(super) fn write(path: &Path, readers: For, old: Old, bytes: &[u8]) -> Result<()> {
    let mut draft = Draft::of(path, readers)?;
    draft.write_all(bytes).with_context(|| format!("{} cannot be written", path.display()))?;
    draft.finish(old)
}

/// From now on Ctrl-C and SIGTERM remove the drafts before they end the program. Where no handler or thread can be had, they
/// end it as they always do.
pub(super) fn clean_up_when_told_to_stop() {
    drop(watch_signals());
}

fn watch_signals() -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (kinds, number) = ((SignalKind::interrupt(), SignalKind::terminate()), SignalKind::as_raw_value);
    // Here and not in the thread: no draft is begun before.
    let (mut int, mut term) = {
        let _inside = runtime.enter();
        (signal(kinds.0)?, signal(kinds.1)?)
    };
    std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
        let told = async {
            tokio::select! { _ = int.recv() => number(&kinds.0), _ = term.recv() => number(&kinds.1) }
        };
        let number = runtime.block_on(told);
        // Nobody begins another while this is held.
        let all = drafts();
        for path in all.iter() {
            drop(std::fs::remove_file(path));
        }
        exit(128 + number)
    })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Folder(PathBuf);

    impl Folder {
        fn new() -> Self {
            let path = std::env::temp_dir().join(format!("doorknock-whole-{}", uuid::Uuid::new_v4()));
            std::fs::create_dir(&path).unwrap();
            Self(path)
        }

        fn names(&self) -> Vec<String> {
            let all = std::fs::read_dir(&self.0).unwrap().map(|e| e.unwrap().file_name());
            let mut all: Vec<String> = all.map(|n| n.to_string_lossy().into_owned()).collect();
            all.sort();
            all
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            drop(std::fs::remove_dir_all(&self.0));
        }
    }

    #[test]
    fn what_is_no_file_is_never_replaced() {
        let folder = Folder::new();
        let pipe = folder.0.join("pipe");
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
        for (into, old) in [(&pipe, Old::Replaced), (&pipe, Old::Kept), (&folder.0, Old::Replaced)] {
            let error = write(into, For::Anyone, old, b"x").unwrap_err();
            assert!(error.to_string().contains("is no file"), "{error}");
        }
        assert_eq!(folder.names(), ["pipe"]);
    }

    #[test]
    fn a_file_is_there_whole_or_not_at_all_and_strangers_stay() {
        let folder = Folder::new();
        let into = folder.0.join("x");
        std::fs::write(folder.0.join("x.part"), "a stranger's").unwrap();
        let mut draft = Draft::of(&into, For::Owner).unwrap();
        draft.write_all(b"half").unwrap();
        assert!(!into.exists());
        drop(draft);
        assert_eq!(folder.names(), ["x.part"]);
        write(&into, For::Owner, Old::Kept, b"one").unwrap();
        let error = write(&into, For::Owner, Old::Kept, b"two").unwrap_err();
        assert!(error.to_string().contains("exists already"), "{error}");
        assert_eq!(std::fs::read(&into).unwrap(), b"one");
        write(&into, For::Anyone, Old::Replaced, b"three").unwrap();
        assert_eq!(std::fs::read(&into).unwrap(), b"three");
        assert_eq!(folder.names(), ["x", "x.part"]);
        assert!(Draft::of(&folder.0.join("no/such"), For::Owner).is_err());
        assert!(Draft::of(Path::new("/"), For::Owner).is_err());
    }
}
