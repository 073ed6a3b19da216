//! What the bytes of a set-up file are: text in one of a few encodings, or a file of another kind under a wrong name.
//! Decides once for a whole file; decoding is [`super::text`]'s.

use super::files::Files;
use super::rule::Rule;
use super::said::{Both, both};
use encoding_rs::{GB18030, UTF_8, UTF_16BE, UTF_16LE};
use std::io::{self, Read};

/// Bytes looked at for marks and kinds.
const HEAD: usize = 4096;
/// Bytes read in one go while a whole file is looked through.
const PIECE: usize = 1 << 16;

/// How a file's text is encoded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8, with or without a byte order mark.
    #[default]
    Utf8,
    /// UTF-16, little end first: "Unicode text" of Excel and Notepad.
    Utf16Le,
    /// UTF-16, big end first.
    Utf16Be,
    /// GB18030 with GBK and GB2312 in it: "CSV" and "ANSI" on a Chinese Windows.
    Gb18030,
}

impl Encoding {
    /// Its name.
    pub const fn label(self) -> Both {
        match self {
            Self::Utf8 => both("UTF-8", "UTF-8"),
            Self::Utf16Le => both("UTF-16", "UTF-16"),
            Self::Utf16Be => both("UTF-16 (big-endian)", "UTF-16（大端）"),
            Self::Gb18030 => both("GB18030", "GB18030"),
        }
    }

    /// The table to decode with.
    pub(super) fn table(self) -> &'static encoding_rs::Encoding {
        match self {
            Self::Utf8 => UTF_8,
            Self::Utf16Le => UTF_16LE,
            Self::Utf16Be => UTF_16BE,
            Self::Gb18030 => GB18030,
        }
    }
}

/// First bytes of files that are no text, with what they are.
const KINDS: &[(&[u8], Both)] = &[
    (b"\xd0\xcf\x11\xe0", both("an Excel workbook (xls)", "Excel 工作簿（xls）")),
    (b"\x1f\x8b", both("a gzip archive", "gzip 压缩文件")),
    (b"7z\xbc\xaf\x27\x1c", both("a 7z archive", "7z 压缩文件")),
    (b"Rar!", both("a RAR archive", "RAR 压缩文件")),
    (b"%PDF", both("a PDF document", "PDF 文档")),
    (b"{\\rtf", both("an RTF document", "RTF 文档")),
    (b"PAR1", both("a Parquet file", "Parquet 文件")),
    (b"SQLite format 3", both("an SQLite database", "SQLite 数据库")),
    (b"\x89PNG", both("a picture", "图片")),
    (b"\xff\xd8\xff", both("a picture", "图片")),
    (b"\x00\x00\xfe\xff", both("UTF-32 text", "UTF-32 文本")),
    (b"\xff\xfe\x00\x00", both("UTF-32 text", "UTF-32 文本")),
];
/// What a zip archive is by a name in it.
const PACKED: &[(&[u8], Both)] = &[
    (b"opendocument.spreadsheet", both("a LibreOffice spreadsheet (ods)", "LibreOffice 表格（ods）")),
    (b"Index/", both("a Numbers spreadsheet", "Numbers 表格")),
    (b"xl/", both("an Excel workbook (xlsx)", "Excel 工作簿（xlsx）")),
    (b"[Content_Types].xml", both("an Excel workbook (xlsx)", "Excel 工作簿（xlsx）")),
];

/// What a file is that is no text; none when it may be text.
fn kind(head: &[u8]) -> Option<Both> {
    if head.starts_with(b"PK\x03\x04") {
        let found = PACKED.iter().find(|(name, _)| head.windows(name.len()).any(|piece| piece == *name));
        return Some(found.map_or(both("a zip archive", "zip 压缩文件"), |(_, what)| *what));
    }
    if let Some((_, what)) = KINDS.iter().find(|(magic, _)| head.starts_with(magic)) {
        return Some(*what);
    }
    let plain = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    let start = plain.get(..9.min(plain.len())).unwrap_or_default().to_ascii_lowercase();
    let is_page = [&b"<html"[..], b"<!doctype", b"<table", b"<head", b"<meta"];
    if is_page.iter().any(|tag| start.starts_with(tag)) {
        Some(both("a web page (HTML)", "网页（HTML）"))
    } else if start.starts_with(b"<?xml") {
        Some(both("an XML file", "XML 文件"))
    } else if start.starts_with(b"[{") || start.starts_with(b"{\"") {
        Some(both("a JSON file", "JSON 文件"))
    } else {
        None
    }
}

/// UTF-16 without a mark: every second byte is mostly zero, as the columns' names are Latin letters.
fn utf16_unmarked(head: &[u8]) -> Option<Encoding> {
    let pairs = head.len().min(256) / 2;
    let zeros = |offset| head.iter().skip(offset).step_by(2).take(pairs).filter(|&&byte| byte == 0).count();
    let (even, odd) = (zeros(0), zeros(1));
    if pairs < 4 {
        None
    } else if odd * 2 > pairs && even == 0 {
        Some(Encoding::Utf16Le)
    } else if even * 2 > pairs && odd == 0 {
        Some(Encoding::Utf16Be)
    } else {
        None
    }
}

/// The encoding of `name`, or why it cannot be read; nothing where there is no such file.
pub(super) fn of(files: &dyn Files, name: &str) -> io::Result<Option<Result<Encoding, Both>>> {
    let Some(opened) = files.open(name)? else { return Ok(None) };
    let mut input = opened.bytes;
    let mut head = Vec::new();
    input.by_ref().take(HEAD as u64).read_to_end(&mut head)?;
    if let Some(what) = kind(&head) {
        return Ok(Some(Err(what)));
    }
    let marked = encoding_rs::Encoding::for_bom(&head).map(|(table, _)| table);
    let known = [Encoding::Utf8, Encoding::Utf16Le, Encoding::Utf16Be];
    if let Some(found) = known.into_iter().find(|one| marked == Some(one.table())) {
        return Ok(Some(Ok(found)));
    }
    if let Some(found) = utf16_unmarked(&head) {
        return Ok(Some(Ok(found)));
    }
    let mut utf8 = Utf8Count::default();
    pieces(&mut head.chain(input), &mut |piece| utf8.take(piece))?;
    if utf8.wrong == 0 || utf8.right > utf8.wrong {
        return Ok(Some(Ok(Encoding::Utf8)));
    }
    let Some(mut again) = files.open(name)? else { return Ok(None) };
    let mut gb = GbCount::default();
    pieces(&mut again.bytes, &mut |piece| gb.take(piece))?;
    Ok(Some(Ok(if gb.is_likely() { Encoding::Gb18030 } else { Encoding::Utf8 })))
}

fn pieces(input: &mut dyn Read, take: &mut dyn FnMut(&[u8])) -> io::Result<()> {
    let mut piece = vec![0; PIECE];
    loop {
        match input.read(&mut piece) {
            Ok(0) => return Ok(()),
            Ok(length) => take(&piece[..length]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Characters of several bytes that are right and wrong UTF-8.
#[derive(Default)]
struct Utf8Count {
    right: u64,
    wrong: u64,
    rest: Vec<u8>,
}

impl Utf8Count {
    fn take(&mut self, piece: &[u8]) {
        let joined;
        let mut bytes = piece;
        if !self.rest.is_empty() {
            joined = [self.rest.as_slice(), piece].concat();
            self.rest.clear();
            bytes = &joined;
        }
        let leads = |good: &[u8]| good.iter().filter(|&&byte| byte >= 0xc0).count() as u64;
        loop {
            let Err(error) = std::str::from_utf8(bytes) else {
                self.right += leads(bytes);
                return;
            };
            let (good, bad) = bytes.split_at(error.valid_up_to());
            self.right += leads(good);
            let Some(length) = error.error_len() else {
                self.rest = bad.to_vec();
                return;
            };
            self.wrong += 1;
            bytes = &bad[length..];
        }
    }
}

/// Characters of GB18030: common ones (GB2312), others, and bytes that are none.
#[derive(Default)]
struct GbCount {
    common: u64,
    rare: u64,
    wrong: u64,
    /// Bytes of a character not yet complete.
    begun: [u8; 3],
    length: usize,
}

impl GbCount {
    fn take(&mut self, piece: &[u8]) {
        for &byte in piece {
            self.step(byte);
        }
    }

    fn step(&mut self, byte: u8) {
        match (self.length, byte) {
            (0, 0x00..=0x7f) => {}
            (0 | 2, 0x81..=0xfe) | (1, 0x30..=0x39) => {
                self.begun[self.length] = byte;
                self.length += 1;
            }
            (1, 0x40..=0x7e | 0x80..=0xfe) => {
                let is_common = matches!(self.begun[0], 0xa1..=0xf7) && byte >= 0xa1;
                self.common += u64::from(is_common);
                self.rare += u64::from(!is_common);
                self.length = 0;
            }
            (3, 0x30..=0x39) => {
                self.rare += 1;
                self.length = 0;
            }
            _ => {
                self.wrong += 1;
                self.length = 0;
            }
        }
    }

    /// Every character is one, and nearly all are in daily use: Western accented letters look otherwise.
    fn is_likely(&self) -> bool {
        self.wrong == 0 && self.length == 0 && self.common >= 4 * self.rare && self.common > 0
    }
}

/// What is said of a file that is not plain UTF-8.
pub(super) fn rule(encoding: Encoding) -> Option<Rule> {
    let name = encoding.label();
    match encoding {
        Encoding::Utf8 => None,
        Encoding::Utf16Le | Encoding::Utf16Be => Some(Rule::ReadAs { encoding: name }),
        Encoding::Gb18030 => Some(Rule::GuessedEncoding { encoding: name }),
    }
}

#[cfg(test)]
mod tests {
    use super::super::files::Memory;
    use super::{Encoding, of};
    use encoding_rs::GBK;

    fn judged(bytes: &[u8]) -> Result<Encoding, &'static str> {
        let mut files = Memory::default();
        files.put("areas.csv", bytes);
        of(&files, "areas.csv").unwrap().unwrap().map_err(|what| what.en)
    }

    fn utf16(text: &str, mark: bool, swap: bool) -> Vec<u8> {
        let units = mark.then_some(0xfeff).into_iter().chain(text.encode_utf16());
        units.flat_map(|unit| if swap { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
    }

    #[test]
    fn encodings_are_told_apart() {
        let text =
            "code,parent,level,name,name_zh\nc1,,community,Yongxin,永新路社区\ne1,c1,estate,East,东苑\n";
        let latin = b"code,name\nc1,M\xfcller Stra\xdfe\nc2,Caf\xe9 de la gare\n";
        let mixed = [text.as_bytes(), &GBK.encode("e2,c1,,,西苑\n").0].concat();
        let long = "永".repeat(60_000);
        let cut = ["x".repeat(65_535), "永".to_owned()].concat().into_bytes();
        for (bytes, expected) in [
            (text.as_bytes().to_vec(), Encoding::Utf8),
            (b"code".to_vec(), Encoding::Utf8),
            (b"".to_vec(), Encoding::Utf8),
            (["\u{feff}", text].concat().into_bytes(), Encoding::Utf8),
            (utf16(text, true, false), Encoding::Utf16Le),
            (utf16(text, true, true), Encoding::Utf16Be),
            (utf16(text, false, false), Encoding::Utf16Le),
            (utf16(text, false, true), Encoding::Utf16Be),
            (GBK.encode(text).0.into_owned(), Encoding::Gb18030),
            (GBK.encode(&long).0.into_owned(), Encoding::Gb18030),
            (long.into_bytes(), Encoding::Utf8),
            (cut, Encoding::Utf8),
            (latin.to_vec(), Encoding::Utf8),
            (mixed, Encoding::Utf8),
        ] {
            assert_eq!(
                judged(&bytes),
                Ok(expected),
                "{}",
                String::from_utf8_lossy(&bytes[..bytes.len().min(80)])
            );
        }
    }

    #[test]
    fn files_of_other_kinds_are_named() {
        for (bytes, expected) in [
            (&b"PK\x03\x04....[Content_Types].xml"[..], "an Excel workbook (xlsx)"),
            (
                b"PK\x03\x04mimetypeapplication/vnd.oasis.opendocument.spreadsheet",
                "a LibreOffice spreadsheet (ods)",
            ),
            (b"PK\x03\x04Index/Document.iwa", "a Numbers spreadsheet"),
            (b"PK\x03\x04areas.csv", "a zip archive"),
            (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Excel workbook (xls)"),
            (b"  \r\n<HTML><body>", "a web page (HTML)"),
            (b"\xef\xbb\xbf<!DOCTYPE html>", "a web page (HTML)"),
            (b"<?xml version=\"1.0\"?><Workbook>", "an XML file"),
            (b"[{\"code\": 1}]", "a JSON file"),
            (b"{\\rtf1", "an RTF document"),
            (b"\xff\xfe\x00\x00c\0\0\0", "UTF-32 text"),
        ] {
            assert_eq!(judged(bytes), Err(expected));
        }
    }
}
