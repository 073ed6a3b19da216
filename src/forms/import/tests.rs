//! What people upload: good forms, odd forms, files that are none.

mod files;
mod rules;
mod workbooks;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{Cursor, Write as _};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::{Imported, Options, import};
use crate::forms::fault::Fault;

/// Imports without files, languages or an earlier version.
pub(super) fn take(bytes: &[u8]) -> Result<Imported, Vec<Fault>> {
    take_with(bytes, &[])
}

pub(super) fn take_with(bytes: &[u8], files: &[&str]) -> Result<Imported, Vec<Fault>> {
    let languages = BTreeMap::new();
    let files: Vec<String> = files.iter().map(|name| (*name).to_owned()).collect();
    let options = Options {
        default_version: "2026113001",
        fallback_id: None,
        languages: &languages,
        files: &files,
        previous: None,
    };
    import(bytes, &options)
}

/// The faults of a form that is not taken, one a line.
pub(super) fn lines(bytes: &[u8]) -> Vec<String> {
    match take(bytes) {
        Ok(imported) => panic!("taken: {} {}", imported.model.id, imported.model.version),
        Err(faults) => faults.iter().map(ToString::to_string).collect(),
    }
}

type Rows = Vec<Vec<String>>;

pub(super) fn rows(rows: &[&[&str]]) -> Rows {
    rows.iter().map(|row| row.iter().map(|cell| (*cell).to_owned()).collect()).collect()
}

/// A small form: two questions, settings with an id.
pub(super) fn small() -> BTreeMap<&'static str, Rows> {
    BTreeMap::from([
        (
            "survey",
            rows(&[
                &["type", "name", "label::中文 (zh)", "label::English (en)", "doorknock"],
                &["integer", "knocks", "敲门数", "Knocks", ""],
                &["text", "remark", "备注", "Remark", ""],
            ]),
        ),
        ("settings", rows(&[&["form_title", "form_id", "version"], &["日报", "daily", "1"]])),
    ])
}

fn column(mut n: usize) -> String {
    let mut name = String::new();
    loop {
        name.insert(0, char::from(b'A' + u8::try_from(n % 26).unwrap()));
        if n < 26 {
            return name;
        }
        n = n / 26 - 1;
    }
}

pub(super) fn sheet_xml(rows: &Rows) -> String {
    let mut out = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><worksheet xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\"><sheetData>",
    );
    for (y, row) in rows.iter().enumerate() {
        write!(out, "<row r=\"{}\">", y + 1).unwrap();
        for (x, cell) in row.iter().enumerate().filter(|(_, cell)| !cell.is_empty()) {
            let text = crate::forms::xml::escape(cell);
            let at = format!("{}{}", column(x), y + 1);
            let written = match cell.strip_prefix("=n ") {
                Some(number) => format!("<c r=\"{at}\"><v>{number}</v></c>"),
                None if cell == "=f" => format!("<c r=\"{at}\"><f>1+1</f></c>"),
                None if cell == "=true" => format!("<c r=\"{at}\" t=\"b\"><v>1</v></c>"),
                None => {
                    format!("<c r=\"{at}\" t=\"inlineStr\"><is><t xml:space=\"preserve\">{text}</t></is></c>")
                }
            };
            out.push_str(&written);
        }
        out.push_str("</row>");
    }
    out + "</sheetData></worksheet>"
}

/// A workbook of sheets; `over` are further parts, or parts put in place of its own.
pub(super) fn workbook(sheets: &BTreeMap<&str, Rows>, over: &[(&str, String)]) -> Vec<u8> {
    const TYPES: &str = "http://schemas.openxmlformats.org/package/2006/content-types";
    const RELS: &str = "http://schemas.openxmlformats.org/package/2006/relationships";
    const DOC: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let mut parts: BTreeMap<String, String> = BTreeMap::new();
    let (mut list, mut rels) = (String::new(), String::new());
    for (n, (name, rows)) in (1..).zip(sheets) {
        write!(list, "<sheet name=\"{name}\" sheetId=\"{n}\" r:id=\"r{n}\"/>").unwrap();
        write!(
            rels,
            "<Relationship Id=\"r{n}\" Type=\"{DOC}/worksheet\" Target=\"worksheets/sheet{n}.xml\"/>"
        )
        .unwrap();
        parts.insert(format!("xl/worksheets/sheet{n}.xml"), sheet_xml(rows));
    }
    parts.insert(
        "[Content_Types].xml".into(),
        format!(
            "<Types xmlns=\"{TYPES}\"><Default Extension=\"xml\" ContentType=\"application/xml\"/></Types>"
        ),
    );
    parts.insert("_rels/.rels".into(), format!("<Relationships xmlns=\"{RELS}\"><Relationship Id=\"r1\" Type=\"{DOC}/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>"));
    parts.insert(
        "xl/_rels/workbook.xml.rels".into(),
        format!("<Relationships xmlns=\"{RELS}\">{rels}</Relationships>"),
    );
    parts.insert("xl/workbook.xml".into(), format!("<workbook xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\" xmlns:r=\"{DOC}\"><sheets>{list}</sheets></workbook>"));
    for (name, text) in over {
        parts.insert((*name).to_owned(), text.clone());
    }
    pack(&parts)
}

pub(super) fn pack(parts: &BTreeMap<String, String>) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for (name, text) in parts {
        zip.start_file(name.as_str(), options).unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// The small form with further rows on the sheet survey.
pub(super) fn with(more: &[&[&str]]) -> Vec<u8> {
    let mut sheets = small();
    sheets.get_mut("survey").unwrap().extend(rows(more));
    workbook(&sheets, &[])
}
