//! A batch file of a stick: found, opened, unpacked, never more of it than a batch may have.
//!
//! What is packed is known by its first bytes: names change on their way through mail, phones and browsers.

use std::collections::HashSet;
use std::fmt;
use std::fs::{File, Metadata};
use std::io::{self, BufReader, Cursor, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use bytes::Bytes;

/// Largest batch, as for HTTP.
const MOST: u64 = 16 << 20;

/// Where a batch is to be read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum BatchFile {
    /// Standard input, written `-`.
    Input,
    /// A file.
    At(PathBuf),
}

impl fmt::Display for BatchFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Input => f.write_str("standard input"),
            Self::At(path) => path.display().fmt(f),
        }
    }
}

impl BatchFile {
    /// The file of that name.
    fn named(path: &Path) -> Self {
        if path == Path::new("-") { Self::Input } else { Self::At(path.to_owned()) }
    }

    /// The batch, unpacked. Every fault is told in the words of somebody with a stick in the hand.
    pub(super) fn read(&self) -> Result<Bytes> {
        match self {
            Self::Input => unpacked(io::stdin().lock()),
            Self::At(path) => unpacked(open(path)?),
        }
    }

    /// Whether there is anything to be read, as far as can be told without opening it: a pipe is opened once.
    pub(super) fn look(&self) -> Result<()> {
        match self {
            Self::Input => Ok(()),
            Self::At(path) => is_file(std::fs::metadata(path), path),
        }
    }
}

/// The files named, in their order, each once; and those named again.
pub(super) fn named(paths: &[PathBuf]) -> (Vec<BatchFile>, Vec<BatchFile>) {
    let mut seen = HashSet::new();
    let (mut once, mut again) = (Vec::new(), Vec::new());
    for path in paths {
        let is_first = seen.insert(path.canonicalize().unwrap_or_else(|_| path.clone()));
        if is_first { &mut once } else { &mut again }.push(BatchFile::named(path));
    }
    (once, again)
}

fn open(path: &Path) -> Result<File> {
    is_file(std::fs::metadata(path), path)?;
    File::open(path).context("cannot be opened")
}

/// Whether what was found at `path` can be a batch file.
fn is_file(found: io::Result<Metadata>, path: &Path) -> Result<()> {
    match found {
        Ok(found) if found.is_dir() => bail!("is a directory; name the files in it"),
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let is_pattern = path.to_string_lossy().contains(['*', '?', '[']);
            bail!(if is_pattern { "no file fits this pattern" } else { "there is no such file" })
        }
        Err(error) => Err(error).context("cannot be opened"),
    }
}

fn unpacked(source: impl Read) -> Result<Bytes> {
    let mut source = BufReader::new(source);
    let mut head = Vec::new();
    // A pipe gives one byte at a time, and a signal interrupts it: this goes on until there are four, or no more.
    source.by_ref().take(4).read_to_end(&mut head).context("cannot be read")?;
    let whole_source = Cursor::new(head.clone()).chain(source);
    let all = match head.as_slice() {
        [0x1f, 0x8b, ..] => whole(flate2::bufread::MultiGzDecoder::new(whole_source), "its gzip packing"),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => {
            let decoder = zstd::stream::read::Decoder::with_buffer(whole_source).context("cannot be read")?;
            whole(decoder, "its zstd packing")
        }
        _ => whole(whole_source, "it"),
    }?;
    if all.iter().all(u8::is_ascii_whitespace) {
        bail!("is empty");
    }
    Ok(all.into())
}

/// Everything out of `source`, up to the limit; `what` is damaged where it cannot be read.
fn whole(source: impl Read, what: &str) -> Result<Vec<u8>> {
    let mut all = Vec::new();
    source
        .take(MOST + 1)
        .read_to_end(&mut all)
        .with_context(|| format!("{what} is damaged or cut short; copy the file from the phone again"))?;
    if all.len() as u64 > MOST {
        bail!("is larger than 16 MiB");
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packer.write_all(text).unwrap();
        packer.finish().unwrap()
    }

    fn said(bytes: &[u8]) -> String {
        unpacked(bytes).map_or_else(|error| format!("{error:#}"), |all| format!("{} bytes", all.len()))
    }

    #[test]
    fn what_is_packed_is_known_by_its_first_bytes() {
        let text = br#"{"batch_id":1}"#;
        for packed in [text.to_vec(), gzip(text), zstd::encode_all(&text[..], 1).unwrap()] {
            assert_eq!(unpacked(&packed[..]).unwrap(), &text[..]);
        }
        let two = [gzip(b"{"), gzip(b"}")].concat();
        assert_eq!(unpacked(&two[..]).unwrap(), &b"{}"[..]);
    }

    /// A pipe that gives one byte at a time and is interrupted before each.
    struct Drip<'a>(&'a [u8], bool);

    impl Read for Drip<'_> {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            self.1 = !self.1;
            if self.1 {
                return Err(io::ErrorKind::Interrupted.into());
            }
            let n = self.0.len().min(1);
            into[..n].copy_from_slice(&self.0[..n]);
            self.0 = &self.0[n..];
            Ok(n)
        }
    }

    #[test]
    fn a_slow_pipe_is_read_as_a_file_is() {
        let text = br#"{"batch_id":1}"#;
        for packed in [text.to_vec(), gzip(text), zstd::encode_all(&text[..], 1).unwrap()] {
            assert_eq!(unpacked(Drip(&packed, false)).unwrap(), &text[..]);
        }
        assert!(unpacked(Drip(b"", false)).is_err());
    }

    #[test]
    fn damage_is_told_apart() {
        let packed = gzip(&[b'x'; 4_000]);
        assert!(said(&packed[..packed.len() - 9]).starts_with("its gzip packing is damaged or cut short"));
        let mut flipped = packed.clone();
        flipped[20] ^= 0xff;
        assert!(said(&flipped).starts_with("its gzip packing is damaged"), "{}", said(&flipped));
        let squeezed = zstd::encode_all(&[b'x'; 4_000][..], 1).unwrap();
        assert!(said(&squeezed[..squeezed.len() - 3]).starts_with("its zstd packing is damaged"));
        assert_eq!(said(b""), "is empty");
        assert_eq!(said(b" \n"), "is empty");
        assert_eq!(said(&gzip(&vec![b' '; 17 << 20])), "is larger than 16 MiB");
    }

    #[test]
    fn a_file_named_twice_is_one_file() {
        let dir = std::env::temp_dir();
        let (once, again) = named(&[dir.clone(), dir.join("."), "-".into(), "/nowhere/a*.json".into()]);
        assert_eq!(once.len(), 3);
        assert_eq!(again, [BatchFile::At(dir.join("."))]);
        assert_eq!(once[1], BatchFile::Input);
        assert_eq!(format!("{:#}", once[0].look().unwrap_err()), "is a directory; name the files in it");
        assert_eq!(format!("{:#}", once[2].look().unwrap_err()), "no file fits this pattern");
    }
}
