//! Reads the files of a small zip archive: stored or deflated entries by the central directory, within a budget that all
//! archives of a form share. Folders are dropped from names; encryption and archives of 4 GiB are not taken.

use std::io::Read;

use flate2::Crc;
use flate2::read::DeflateDecoder;

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

const END: [u8; 4] = *b"PK\x05\x06";
const ENTRY: [u8; 4] = *b"PK\x01\x02";
const LOCAL: [u8; 4] = *b"PK\x03\x04";
/// The end record is 22 bytes and a comment of at most 65,535.
const END_REACH: usize = 22 + 65_535;
/// More entries than any set-up has.
const MOST_ENTRIES: usize = 100;

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
    let end = find_end(archive).ok_or(Fault::Broken)?;
    let entries = usize::from(u16_at(archive, end + 10).ok_or(Fault::Broken)?);
    let mut at = u32_at(archive, end + 16).ok_or(Fault::Broken)?;
    budget.entries = budget.entries.checked_sub(entries).ok_or(Fault::TooLarge)?;
    let mut all = Vec::new();
    for _ in 0..entries {
        let (entry, next) = entry(archive, at).ok_or(Fault::Broken)?;
        at = next;
        let is_hidden = entry.name.starts_with("__MACOSX/");
        if entry.name.ends_with('/') || is_hidden {
            continue;
        }
        let plain = entry.name.rsplit('/').next().unwrap_or("").to_owned();
        let bytes = if wanted(&plain) { Some(unpacked(archive, &entry, budget)?) } else { None };
        all.push((plain, bytes));
    }
    Ok(all)
}

struct Entry {
    name: String,
    method: u16,
    is_locked: bool,
    sum: usize,
    packed: usize,
    plain: usize,
    header: usize,
}

fn find_end(archive: &[u8]) -> Option<usize> {
    let from = archive.len().saturating_sub(END_REACH);
    let last = archive.len().checked_sub(22)?;
    (from..=last).rev().find(|at| archive[*at..*at + 4] == END)
}

fn entry(archive: &[u8], at: usize) -> Option<(Entry, usize)> {
    if archive.get(at..at.checked_add(4)?)? != ENTRY {
        return None;
    }
    let length = |offset: usize| u16_at(archive, at + offset).map(usize::from);
    let (name, extra, comment) = (length(28)?, length(30)?, length(32)?);
    let text = archive.get(at + 46..at + 46 + name)?;
    let entry = Entry {
        name: String::from_utf8_lossy(text).replace('\\', "/"),
        method: u16_at(archive, at + 10)?,
        is_locked: u16_at(archive, at + 8)? & 1 == 1,
        sum: u32_at(archive, at + 16)?,
        packed: u32_at(archive, at + 20)?,
        plain: u32_at(archive, at + 24)?,
        header: u32_at(archive, at + 42)?,
    };
    Some((entry, at + 46 + name + extra + comment))
}

fn unpacked(archive: &[u8], entry: &Entry, budget: &mut Budget) -> Result<Vec<u8>, Fault> {
    let header = entry.header;
    if entry.is_locked {
        return Err(Fault::Packing);
    }
    if entry.plain > budget.bytes {
        return Err(Fault::TooLarge);
    }
    let slice = (|| {
        let signature = archive.get(header..header.checked_add(4)?)?;
        let name = usize::from(u16_at(archive, header + 26)?);
        let extra = usize::from(u16_at(archive, header + 28)?);
        let from = header + 30 + name + extra;
        let bytes = archive.get(from..from.checked_add(entry.packed)?)?;
        (signature == LOCAL).then_some(bytes)
    })()
    .ok_or(Fault::Broken)?;
    // The size announced is the room made; one byte more tells that it was not the truth.
    let mut plain = Vec::with_capacity(entry.plain + 1);
    let most = entry.plain as u64 + 1;
    match entry.method {
        0 => slice.take(most).read_to_end(&mut plain).map_err(|_| Fault::Broken)?,
        8 => DeflateDecoder::new(slice).take(most).read_to_end(&mut plain).map_err(|_| Fault::Broken)?,
        _ => return Err(Fault::Packing),
    };
    budget.take(plain.len())?;
    let mut sum = Crc::new();
    sum.update(&plain);
    let is_whole = plain.len() == entry.plain && u32::try_from(entry.sum) == Ok(sum.sum());
    if is_whole { Ok(plain) } else { Err(Fault::Broken) }
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at.checked_add(2)?)?.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<usize> {
    let value = u32::from_le_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?);
    usize::try_from(value).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    /// A zip archive with these entries, deflated where it says so.
    pub fn archive(entries: &[(&str, &[u8], bool)]) -> Vec<u8> {
        let (mut bytes, mut directory) = (Vec::new(), Vec::new());
        for (name, plain, is_deflated) in entries {
            let packed = if *is_deflated {
                let mut packer = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::new(6));
                packer.write_all(plain).unwrap();
                packer.finish().unwrap()
            } else {
                plain.to_vec()
            };
            let method: u16 = if *is_deflated { 8 } else { 0 };
            let (name_length, packed_length) =
                (u16::try_from(name.len()).unwrap(), u32::try_from(packed.len()).unwrap());
            let header = u32::try_from(bytes.len()).unwrap();
            bytes.extend_from_slice(&LOCAL);
            bytes.extend_from_slice(&[20, 0, 0, 0]);
            bytes.extend_from_slice(&method.to_le_bytes());
            bytes.extend_from_slice(&[0; 8]);
            bytes.extend_from_slice(&packed_length.to_le_bytes());
            bytes.extend_from_slice(&(u32::try_from(plain.len()).unwrap()).to_le_bytes());
            bytes.extend_from_slice(&name_length.to_le_bytes());
            bytes.extend_from_slice(&[0; 2]);
            bytes.extend_from_slice(name.as_bytes());
            bytes.extend_from_slice(&packed);
            directory.extend_from_slice(&ENTRY);
            directory.extend_from_slice(&[20, 0, 20, 0, 0, 0]);
            directory.extend_from_slice(&method.to_le_bytes());
            directory.extend_from_slice(&[0; 4]);
            let mut sum = Crc::new();
            sum.update(plain);
            directory.extend_from_slice(&sum.sum().to_le_bytes());
            directory.extend_from_slice(&packed_length.to_le_bytes());
            directory.extend_from_slice(&(u32::try_from(plain.len()).unwrap()).to_le_bytes());
            directory.extend_from_slice(&name_length.to_le_bytes());
            directory.extend_from_slice(&[0; 12]);
            directory.extend_from_slice(&header.to_le_bytes());
            directory.extend_from_slice(name.as_bytes());
        }
        let at = u32::try_from(bytes.len()).unwrap();
        bytes.extend_from_slice(&directory);
        bytes.extend_from_slice(&END);
        bytes.extend_from_slice(&[0; 4]);
        bytes.extend_from_slice(&(u16::try_from(entries.len()).unwrap()).to_le_bytes());
        bytes.extend_from_slice(&(u16::try_from(entries.len()).unwrap()).to_le_bytes());
        bytes.extend_from_slice(&(u32::try_from(directory.len()).unwrap()).to_le_bytes());
        bytes.extend_from_slice(&at.to_le_bytes());
        bytes.extend_from_slice(&[0; 2]);
        bytes
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
        let directory = zip.windows(4).position(|w| w == ENTRY).unwrap();
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
            bytes.extend_from_slice(&END);
            bytes.extend_from_slice(&[1; 20]);
            drop(all(&bytes, 1000));
        }
    }
}
