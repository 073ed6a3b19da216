//! Reads the files of a small zip archive: stored or deflated entries by the central directory, within limits. Folders
//! are dropped from names; encryption and archives of 4 GiB are not taken.

use std::io::Read;

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

/// The files of an archive by their plain names, at most `limit` bytes together.
pub fn files(archive: &[u8], limit: usize) -> Result<Vec<(String, Vec<u8>)>, Fault> {
    let end = find_end(archive).ok_or(Fault::Broken)?;
    let entries = usize::from(u16_at(archive, end + 10).ok_or(Fault::Broken)?);
    let mut at = u32_at(archive, end + 16).ok_or(Fault::Broken)?;
    if entries > MOST_ENTRIES {
        return Err(Fault::TooLarge);
    }
    let mut left = limit;
    let mut all = Vec::new();
    for _ in 0..entries {
        let (entry, next) = entry(archive, at).ok_or(Fault::Broken)?;
        at = next;
        if entry.name.ends_with('/') {
            continue;
        }
        let bytes = unpacked(archive, &entry, left)?;
        left -= bytes.len();
        let plain = entry.name.rsplit('/').next().unwrap_or("").to_owned();
        all.push((plain, bytes));
    }
    Ok(all)
}

struct Entry {
    name: String,
    method: u16,
    is_locked: bool,
    packed: usize,
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
        packed: u32_at(archive, at + 20)?,
        header: u32_at(archive, at + 42)?,
    };
    Some((entry, at + 46 + name + extra + comment))
}

fn unpacked(archive: &[u8], entry: &Entry, limit: usize) -> Result<Vec<u8>, Fault> {
    let header = entry.header;
    if entry.is_locked {
        return Err(Fault::Packing);
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
    let mut plain = Vec::new();
    // One byte more than allowed tells "full" from "too large".
    let most = limit as u64 + 1;
    match entry.method {
        0 => slice.take(most).read_to_end(&mut plain).map_err(|_| Fault::Broken)?,
        8 => DeflateDecoder::new(slice).take(most).read_to_end(&mut plain).map_err(|_| Fault::Broken)?,
        _ => return Err(Fault::Packing),
    };
    if plain.len() > limit { Err(Fault::TooLarge) } else { Ok(plain) }
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
            directory.extend_from_slice(&[0; 8]);
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

    #[test]
    fn files_come_out_as_they_went_in_without_their_folder() {
        let zip = archive(&[
            ("yongxin/", b"", false),
            ("yongxin/areas.csv", b"code,parent", true),
            ("staff.csv", b"user", false),
        ]);
        let all = files(&zip, 100).unwrap();
        assert_eq!(
            all,
            [("areas.csv".to_owned(), b"code,parent".to_vec()), ("staff.csv".to_owned(), b"user".to_vec())]
        );
    }

    #[test]
    fn a_bomb_stops_at_the_limit() {
        let zip = archive(&[("a", &[b'x'; 10_000], true)]);
        assert_eq!(files(&zip, 9_999), Err(Fault::TooLarge));
        assert_eq!(files(&zip, 10_000).unwrap()[0].1.len(), 10_000);
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_panic(mut bytes in proptest::collection::vec(0_u8..=255, 0..200), cut in 0_usize..200) {
            drop(files(&bytes, 1000));
            let mut zip = archive(&[("a", b"hello", true)]);
            zip.truncate(cut.min(zip.len()));
            drop(files(&zip, 1000));
            bytes.extend_from_slice(&END);
            bytes.extend_from_slice(&[1; 20]);
            drop(files(&bytes, 1000));
        }
    }
}
