//! Reads the files of a small zip archive within a budget that all archives of a form share. Folders are dropped from names, but
//! for `forms`; what is encrypted is not taken.

use std::io::{Cursor, Read};

use zip::result::ZipError;
use zip::{CompressionMethod, ZipArchive};

/// Why an archive cannot be read; the word of a sentence in the locales.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is no zip archive, or its directory does not fit its bytes.
    Broken,
    /// A file is packed in a way that is not read here.
    Packing,
    /// The files are larger together than is taken.
    TooLarge,
}

impl Fault {
    /// Key of its sentence.
    pub fn key(self) -> &'static str {
        match self {
            Self::Broken => "setup.zip_broken",
            Self::Packing => "setup.zip_packing",
            Self::TooLarge => "setup.too_large",
        }
    }
}

/// More entries than any set-up has.
const MOST_ENTRIES: usize = 1_000;

/// What all archives of one form may still take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    bytes: usize,
    entries: usize,
}

impl Budget {
    /// Room for that many bytes once unpacked.
    pub fn of(bytes: usize) -> Self {
        Self { bytes, entries: MOST_ENTRIES }
    }

    /// Takes `bytes` of the room.
    pub fn take(&mut self, bytes: usize) -> Result<(), Fault> {
        self.bytes = self.bytes.checked_sub(bytes).ok_or(Fault::TooLarge)?;
        Ok(())
    }
}

/// One file of an archive by its plain name; without bytes where nobody wants it.
pub type Unpacked = (String, Option<Vec<u8>>);

/// The files of an archive; those that are `wanted` are unpacked, together within what is left of `budget`.
pub fn files(
    archive: &[u8],
    budget: &mut Budget,
    wanted: impl Fn(&str) -> bool,
) -> Result<Vec<Unpacked>, Fault> {
    let mut archive = ZipArchive::new(Cursor::new(archive)).map_err(|_| Fault::Broken)?;
    budget.entries = budget.entries.checked_sub(archive.len()).ok_or(Fault::TooLarge)?;
    let mut all = Vec::new();
    for index in 0..archive.len() {
        // Raw, because it may be packed in a way that we read only if somebody wants it.
        let entry = archive.by_index_raw(index).map_err(|_| Fault::Broken)?;
        let name = entry.name().replace('\\', "/");
        let is_readable =
            matches!(entry.compression(), CompressionMethod::Stored | CompressionMethod::Deflated);
        let is_locked = entry.encrypted();
        drop(entry);
        if name.ends_with('/') || name.starts_with("__MACOSX/") {
            continue;
        }
        let plain = plain_name(&name);
        let is_wanted = wanted(&plain);
        if is_wanted && (is_locked || !is_readable) {
            return Err(Fault::Packing);
        }
        let bytes = if is_wanted { Some(unpacked(&mut archive, index, budget)?) } else { None };
        all.push((plain, bytes));
    }
    Ok(all)
}

/// The name without its folders; what lies in a folder `forms` keeps that one and what is below it.
fn plain_name(name: &str) -> String {
    let parts: Vec<&str> = name.split('/').collect();
    let folders = &parts[..parts.len() - 1];
    let from = folders.iter().position(|part| *part == "forms").unwrap_or(folders.len());
    parts[from..].join("/")
}

/// The bytes of one file, within the budget and as many as the archive says, else it is broken.
fn unpacked(
    archive: &mut ZipArchive<Cursor<&[u8]>>,
    index: usize,
    budget: &mut Budget,
) -> Result<Vec<u8>, Fault> {
    let entry = archive.by_index(index).map_err(|error| {
        if matches!(error, ZipError::UnsupportedArchive(_)) { Fault::Packing } else { Fault::Broken }
    })?;
    let size = usize::try_from(entry.size()).map_err(|_| Fault::TooLarge)?;
    if size > budget.bytes {
        return Err(Fault::TooLarge);
    }
    // The size announced is the room made; one byte more tells that it was not the truth. At the end of the file the
    // reader compares the checksum.
    let mut plain = Vec::with_capacity(size + 1);
    entry.take(size as u64 + 1).read_to_end(&mut plain).map_err(|_| Fault::Broken)?;
    budget.take(plain.len())?;
    if plain.len() == size { Ok(plain) } else { Err(Fault::Broken) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    /// A zip archive with these entries, deflated where it says so.
    fn archive(entries: &[(&str, &[u8], bool)]) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, plain, is_deflated) in entries {
            let method = if *is_deflated { CompressionMethod::Deflated } else { CompressionMethod::Stored };
            writer.start_file(*name, SimpleFileOptions::default().compression_method(method)).unwrap();
            writer.write_all(plain).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    fn all(zip: &[u8], limit: usize) -> Result<Vec<Unpacked>, Fault> {
        files(zip, &mut Budget::of(limit), |_| true)
    }

    #[test]
    fn files_come_out_as_they_went_in_without_their_folder() {
        let zip = archive(&[
            ("yongxin/", b"", false),
            ("yongxin/areas.csv", b"code,parent", true),
            ("__MACOSX/yongxin/._areas.csv", b"x", false),
            ("staff.csv", b"user", false),
            ("notes.txt", b"later", false),
        ]);
        let found = files(&zip, &mut Budget::of(100), |name| name != "notes.txt").unwrap();
        let expected = [
            ("areas.csv", Some(b"code,parent".to_vec())),
            ("staff.csv", Some(b"user".to_vec())),
            ("notes.txt", None),
        ];
        assert_eq!(found, expected.map(|(name, bytes)| (name.to_owned(), bytes)));
    }

    #[test]
    fn the_folder_of_forms_stays_in_names() {
        let zip = archive(&[
            ("yongxin/forms/needs.xlsx", b"x", false),
            ("yongxin/forms/needs-media/map.png", b"y", false),
            ("forms/lift.xml", b"z", false),
        ]);
        let found = files(&zip, &mut Budget::of(100), |_| true).unwrap();
        let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["forms/needs.xlsx", "forms/needs-media/map.png", "forms/lift.xml"]);
    }

    #[test]
    fn a_bomb_stops_at_the_limit_and_all_archives_share_it() {
        let zip = archive(&[("a", &[b'x'; 10_000], true)]);
        assert_eq!(all(&zip, 9_999), Err(Fault::TooLarge));
        assert_eq!(all(&zip, 10_000).unwrap()[0].1.as_ref().map(Vec::len), Some(10_000));
        let mut budget = Budget::of(25_000);
        let outcomes: Vec<_> = (0..3).map(|_| files(&zip, &mut budget, |_| true).is_ok()).collect();
        assert_eq!(outcomes, [true, true, false]);
        let mut budget = Budget::of(25_000);
        let outcomes: Vec<_> = (0..3).map(|_| files(&zip, &mut budget, |_| false).is_ok()).collect();
        assert_eq!(outcomes, [true; 3], "what nobody wants costs nothing");
    }

    #[test]
    fn an_archive_that_is_not_what_it_says_is_broken() {
        let zip = archive(&[("a", &[b'x'; 1000], false)]);
        let directory = zip.windows(4).position(|w| w == b"PK\x01\x02").unwrap();
        for (offset, byte) in [(16, 1), (24, 0), (24, 255)] {
            let mut wrong = zip.clone();
            wrong[directory + offset] = byte;
            assert_eq!(all(&wrong, 100_000), Err(Fault::Broken), "{offset}");
        }
        let mut wrong = zip;
        wrong[200] = b'y';
        assert_eq!(all(&wrong, 100_000), Err(Fault::Broken));
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_panic(mut bytes in proptest::collection::vec(0_u8..=255, 0..200), cut in 0_usize..200) {
            drop(all(&bytes, 1000));
            let mut zip = archive(&[("a", b"hello", true)]);
            zip.truncate(cut.min(zip.len()));
            drop(all(&zip, 1000));
            bytes.extend_from_slice(b"PK\x05\x06");
            bytes.extend_from_slice(&[1; 20]);
            drop(all(&bytes, 1000));
        }
    }
}
