//! Where the set-up's files come from: a directory, or bytes already in memory (an unpacked archive, a test).
//! Only lists, opens and sizes files; what is in them is judged elsewhere.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::PathBuf;

/// One opened file.
pub struct Opened<'a> {
    /// The bytes, unbuffered.
    pub bytes: Box<dyn Read + 'a>,
    /// Length in bytes, where the source knows it.
    pub length: Option<u64>,
}

/// A source of the set-up's files by their plain names (`areas.csv`).
pub trait Files {
    /// Opens `name`; `Ok(None)` when there is no such file.
    fn open(&self, name: &str) -> io::Result<Option<Opened<'_>>>;

    /// The names of all files that are there.
    fn names(&self) -> io::Result<Vec<String>>;

    /// The names of the files of forms: `forms/needs.xlsx`, `forms/needs-media/map.png`.
    fn forms(&self) -> io::Result<Vec<String>> {
        Ok(self.names()?.into_iter().filter(|name| name.starts_with("forms/")).collect())
    }

    /// Names of which several files came, so that nobody knows which is meant.
    fn repeated(&self) -> &[String] {
        &[]
    }
}

/// The files of one directory on disk.
#[derive(Clone, Debug)]
pub struct Directory(pub PathBuf);

impl Files for Directory {
    fn open(&self, name: &str) -> io::Result<Option<Opened<'_>>> {
        let file = match File::open(self.0.join(name)) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let about = file.metadata()?;
        if about.is_dir() {
            return Err(io::Error::from(io::ErrorKind::IsADirectory));
        }
        Ok(Some(Opened { bytes: Box::new(file), length: Some(about.len()) }))
    }

    fn names(&self) -> io::Result<Vec<String>> {
        let entries = fs::read_dir(&self.0)?;
        let mut names = Vec::new();
        for entry in entries {
            names.extend(entry?.file_name().into_string());
        }
        names.sort_unstable();
        Ok(names)
    }

    fn forms(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for name in self.files_of("forms")? {
            if name.ends_with("-media") {
                names.extend(self.files_of(&name)?);
            } else {
                names.push(name);
            }
        }
        names.sort_unstable();
        Ok(names)
    }
}

impl Directory {
    /// What lies in a folder, with the folder's name; nothing where there is no such folder.
    fn files_of(&self, folder: &str) -> io::Result<Vec<String>> {
        let entries = match fs::read_dir(self.0.join(folder)) {
            Ok(entries) => entries,
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                return Ok(Vec::new());
            }
            Err(error) => return Err(error),
        };
        let mut names = Vec::new();
        for entry in entries {
            let name = entry?.file_name().into_string();
            names.extend(name.map(|name| format!("{folder}/{name}")));
        }
        Ok(names)
    }
}

/// Files held in memory, by name.
#[derive(Clone, Debug, Default)]
pub struct Memory(pub BTreeMap<String, Vec<u8>>, Vec<String>);

impl Memory {
    /// Adds or replaces one file.
    pub fn put(&mut self, name: &str, bytes: impl Into<Vec<u8>>) {
        self.0.insert(name.to_owned(), bytes.into());
    }

    /// Adds one file of several that somebody sent; a second one of that name is noted, as nobody knows which is meant.
    pub fn receive(&mut self, name: &str, bytes: Vec<u8>) {
        if self.0.insert(name.to_owned(), bytes).is_some() {
            self.1.push(name.to_owned());
        }
    }
}

impl Files for Memory {
    fn open(&self, name: &str) -> io::Result<Option<Opened<'_>>> {
        Ok(self.0.get(name).map(|bytes| Opened {
            bytes: Box::new(bytes.as_slice()),
            length: u64::try_from(bytes.len()).ok(),
        }))
    }

    fn names(&self) -> io::Result<Vec<String>> {
        Ok(self.0.keys().cloned().collect())
    }

    fn repeated(&self) -> &[String] {
        &self.1
    }
}
