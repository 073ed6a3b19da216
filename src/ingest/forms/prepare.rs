//! A form is read and made ready to be stored, before any transaction: import, its version, hash and packing.

use std::sync::Arc;

use jiff::Timestamp;

use crate::forms::media::{media_faults, media_type};
use crate::forms::{Fault, FormModel, Given, Imported, md5_hex};
use crate::ingest::Error;
use crate::setup::SetupForm;
use crate::store::form::{Form, NewFile, VersionRow};

/// How hard forms are packed; they are written once.
const LEVEL: i32 = 9;

/// A form as somebody gives it.
#[derive(Clone, Debug, Default)]
pub struct Upload {
    /// The spreadsheet or `XForm`, and what is known beside it; its version before is filled in here.
    pub given: Given,
    /// Name of the file, where it has one.
    pub name: Option<String>,
    /// The files that belong to it, by name.
    pub media: Vec<(String, Vec<u8>)>,
}

/// A form that was read and is ready to be stored.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// What it says.
    pub model: FormModel,
    /// What its author should know.
    pub warnings: Vec<Fault>,
    /// MD5 of the `XForm`.
    pub(super) hash: String,
    /// The `XForm`, zstd.
    pub(super) xform: Vec<u8>,
    /// The spreadsheet, zstd.
    pub(super) source: Option<Vec<u8>>,
    /// Its name.
    pub(super) source_name: Option<String>,
    /// Its files, by name.
    pub(super) files: Vec<NewFile>,
}

impl Prepared {
    /// Whether a stored version says the same, its files included.
    pub(super) fn is_same(&self, stored: &VersionRow) -> bool {
        let own = self.files.iter().map(|file| (&file.name, &file.md5));
        self.hash == stored.hash && own.eq(stored.media.iter().map(|file| (&file.name, &file.md5)))
    }
}

/// The version of a form that says none, `YYYYMMDDNN`: the first of the day that is free.
pub(super) fn free_version(now: Timestamp, known: Option<&Form>) -> String {
    let day = now.strftime("%Y%m%d").to_string();
    let is_free = |version: &String| known.is_none_or(|form| form.version(version).is_none());
    (1..100).map(|n| format!("{day}{n:02}")).find(is_free).unwrap_or_else(|| format!("{day}99"))
}

/// Reads a form; blocks. Errors: [`Error::FormFaults`].
pub(super) fn read(upload: &Upload) -> Result<Imported, Error> {
    let lengths: Vec<(&str, usize)> =
        upload.media.iter().map(|(name, bytes)| (name.as_str(), bytes.len())).collect();
    let faults = media_faults(&lengths);
    if !faults.is_empty() {
        return Err(Error::FormFaults(faults));
    }
    let mut given = upload.given.clone();
    given.files = upload.media.iter().map(|(name, _)| name.clone()).collect();
    given.import().map_err(Error::FormFaults)
}

/// Makes what was read ready to be stored; blocks for as long as packing takes.
pub(super) fn pack(upload: &Upload, imported: Imported) -> Result<Prepared, Error> {
    let packed = |bytes: &[u8]| {
        zstd::encode_all(bytes, LEVEL).map_err(|_| Error::Store(crate::store::Error::Corrupt("form")))
    };
    let is_book = crate::forms::import::is_spreadsheet(&upload.given.bytes) == Some(true);
    let source = is_book.then(|| packed(&upload.given.bytes)).transpose()?;
    let given = upload.media.iter().cloned();
    let made = imported.made.into_iter().map(|(name, text)| (name, text.into_bytes()));
    let mut files: Vec<NewFile> = given.chain(made).map(new_file).collect();
    files.sort_by(|a, b| a.name.cmp(&b.name));
    files.dedup_by(|a, b| a.name == b.name);
    Ok(Prepared {
        hash: md5_hex(imported.xform.as_bytes()),
        xform: packed(imported.xform.as_bytes())?,
        model: imported.model,
        warnings: imported.warnings,
        source,
        source_name: upload.name.clone(),
        files,
    })
}

fn new_file((name, bytes): (String, Vec<u8>)) -> NewFile {
    NewFile { media_type: media_type(&name).to_owned(), md5: md5_hex(&bytes), name, bytes }
}

/// A form of a set-up directory as an upload.
pub(super) fn of_setup(form: &SetupForm, languages: &std::collections::BTreeMap<String, String>) -> Upload {
    Upload {
        given: Given {
            bytes: Arc::clone(&form.bytes),
            languages: languages.clone(),
            default_version: crate::setup::NO_VERSION.to_owned(),
            ..Given::default()
        },
        name: form.file.rsplit('/').next().map(str::to_owned),
        media: form.media.clone(),
    }
}
