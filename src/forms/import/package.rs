//! What kind of file was given, and whether it may be opened: looked at before any reader of spreadsheets sees it.
//!
//! A package (xlsx, ods) is unpacked once into a counter that keeps nothing, so that no reader meets one that swells.

use std::io::{Cursor, Read};

use zip::ZipArchive;
use zip::result::ZipError;

use crate::forms::fault::Fault;
use crate::forms::limits;

/// What a file is, by its first bytes; its name says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// An Excel workbook of the present form.
    Xlsx,
    /// An `OpenDocument` spreadsheet.
    Ods,
    /// An Excel workbook of the old form.
    Xls,
    /// XML: an `XForm`, or something else.
    Xml,
}

/// The first bytes of the container that old workbooks and encrypted new ones lie in.
const COMPOUND: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";
/// The record that begins a sheet of an old workbook.
const SHEET_BEGINS: &[u8] = b"\x09\x08\x10\x00\x00\x06\x10\x00";
/// Sheets of an old workbook. Its reader makes every sheet as wide and as long as its farthest cell.
const OLD_SHEETS: usize = 10;

/// Says what a file is, or why it is not opened.
pub fn look(bytes: &[u8]) -> Result<FileKind, Fault> {
    if bytes.is_empty() {
        return Err(Fault::new("the file is empty", "文件是空的"));
    }
    if bytes.starts_with(b"PK") {
        return look_inside(bytes);
    }
    if bytes.starts_with(COMPOUND) {
        return look_at_compound(bytes);
    }
    if bytes.len() > limits::XFORM_BYTES {
        return Err(too_large("4 MiB"));
    }
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    match text.iter().find(|b| !b.is_ascii_whitespace()) {
        Some(b'<') => Ok(FileKind::Xml),
        Some(_) | None => Err(Fault::new(
            "the file is neither a spreadsheet (xlsx, ods, xls) nor an XForm; save it as xlsx",
            "文件既不是电子表格（xlsx、ods、xls），也不是 XForm；请另存为 xlsx",
        )),
    }
}

fn too_large(limit: &str) -> Fault {
    Fault::new(format!("the file is larger than {limit}"), format!("文件大于 {limit}"))
}

/// Whether a file of this size is looked at at all.
pub fn check_size(bytes: &[u8]) -> Result<(), Fault> {
    if bytes.len() > limits::FILE_BYTES { Err(too_large("5 MiB")) } else { Ok(()) }
}

fn encrypted() -> Fault {
    Fault::new(
        "the workbook is locked by a password; save it without one",
        "工作簿有密码保护；请取消密码后再保存",
    )
}

fn broken() -> Fault {
    Fault::new(
        "the workbook cannot be opened: it is cut short or damaged; save it anew",
        "工作簿无法打开：文件不完整或已损坏；请重新保存",
    )
}

fn look_at_compound(bytes: &[u8]) -> Result<FileKind, Fault> {
    let name: Vec<u8> = "EncryptedPackage".bytes().flat_map(|b| [b, 0]).collect();
    if holds(bytes, &name) {
        return Err(encrypted());
    }
    let sheets = bytes.windows(SHEET_BEGINS.len()).filter(|window| *window == SHEET_BEGINS).count();
    match sheets {
        0 => Err(broken()),
        1..=OLD_SHEETS => Ok(FileKind::Xls),
        _ => Err(Fault::new(
            "an xls workbook may have at most 10 sheets; save it as xlsx",
            "xls 工作簿最多 10 张工作表；请另存为 xlsx",
        )),
    }
}

fn holds(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}

fn look_inside(bytes: &[u8]) -> Result<FileKind, Fault> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|_| broken())?;
    if archive.len() > limits::PARTS {
        return Err(Fault::new(
            format!("the workbook has more than {} parts", limits::PARTS),
            format!("工作簿的部件超过 {} 个", limits::PARTS),
        ));
    }
    let mut left = limits::UNPACKED_BYTES;
    for n in 0..archive.len() {
        left = left.checked_sub(unpacked(&mut archive, n, left)?).ok_or_else(swollen)?;
    }
    let has = |name: &str| archive.index_for_name(name).is_some();
    match (has("xl/workbook.xml"), has("content.xml")) {
        (true, _) => Ok(FileKind::Xlsx),
        (false, true) if is_locked_ods(bytes) => Err(encrypted()),
        (false, true) => Ok(FileKind::Ods),
        (false, false) => Err(Fault::new(
            "the package holds no spreadsheet; save the form as xlsx or ods",
            "压缩包里没有电子表格；请将表单存为 xlsx 或 ods",
        )),
    }
}

fn swollen() -> Fault {
    Fault::new("the workbook is larger than 50 MiB when unpacked", "工作簿解压后大于 50 MiB")
}

/// Bytes of one part, read to its end or to just past what is left.
fn unpacked(archive: &mut ZipArchive<Cursor<&[u8]>>, n: usize, left: u64) -> Result<u64, Fault> {
    let part = archive.by_index(n).map_err(|error| {
        let is_locked = matches!(error, ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED));
        if is_locked { encrypted() } else { broken() }
    })?;
    std::io::copy(&mut part.take(left + 1), &mut std::io::sink()).map_err(|_| broken())
}

fn is_locked_ods(bytes: &[u8]) -> bool {
    part(bytes, "META-INF/manifest.xml").is_ok_and(|manifest| holds(&manifest, b"encryption-data"))
}

/// One part of a package that was looked at before.
pub fn part(bytes: &[u8], name: &str) -> Result<Vec<u8>, Fault> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|_| broken())?;
    let part = archive.by_name(name).map_err(|_| broken())?;
    let mut content = Vec::new();
    part.take(limits::UNPACKED_BYTES).read_to_end(&mut content).map_err(|_| broken())?;
    Ok(content)
}
