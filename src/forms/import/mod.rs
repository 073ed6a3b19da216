//! Takes a questionnaire in: a spreadsheet (`XLSForm`) or an `XForm` becomes the `XForm` that is stored and its model, or all that
//! is wrong with it at once.
//!
//! Nothing here reads files, a clock or a database; how long an import may take is watched by whoever calls it.

mod body;
mod book;
mod convert;
mod functions;
mod judge;
mod mend;
mod ods;
mod package;
mod read;
mod relative;
mod rows;
mod texts;
mod workbook;

use std::collections::BTreeMap;

pub use judge::{OWN_FILES, is_form_id, is_version};
pub use mend::NAMESPACE;

use super::fault::Fault;
use super::limits;
use super::model::FormModel;
use super::xml::{self, XmlFault};
use book::Book;
use convert::Converted;
use package::FileKind;
use rows::Rows;

/// What an import is told beside the file.
#[derive(Clone, Copy, Debug)]
pub struct Options<'a> {
    /// The version of a form that says none, `YYYYMMDDNN`.
    pub default_version: &'a str,
    /// The id of a spreadsheet that names none, such as the file's name without its ending; `None`: that is a fault.
    pub fallback_id: Option<&'a str>,
    /// Names of languages and their codes, from `survey.toml`.
    pub languages: &'a BTreeMap<String, String>,
    /// Names of the files given with the form.
    pub files: &'a [String],
    /// The version before this one, for warnings of what changed.
    pub previous: Option<&'a FormModel>,
}

/// A form that can be used.
#[derive(Clone, Debug, PartialEq)]
pub struct Imported {
    /// The `XForm`, as it is to be stored, hashed and served.
    pub xform: String,
    /// What it says.
    pub model: FormModel,
    /// What its author should know.
    pub warnings: Vec<Fault>,
    /// Files that were made from the spreadsheet and belong to the form, by name.
    pub made: Vec<(String, String)>,
}

/// Imports a file, whatever its name says it is.
pub fn import(bytes: &[u8], options: &Options<'_>) -> Result<Imported, Vec<Fault>> {
    package::check_size(bytes).map_err(|fault| vec![fault])?;
    match package::look(bytes).map_err(|fault| vec![fault])? {
        FileKind::Xml => import_xform(bytes, options),
        kind @ (FileKind::Xlsx | FileKind::Xls | FileKind::Ods) => import_book(bytes, kind, None, options),
    }
}

/// Imports a spreadsheet that another converter made an `XForm` of: that form, with the bindings of the spreadsheet.
pub fn import_converted(bytes: &[u8], xform: &str, options: &Options<'_>) -> Result<Imported, Vec<Fault>> {
    package::check_size(bytes).map_err(|fault| vec![fault])?;
    match package::look(bytes).map_err(|fault| vec![fault])? {
        FileKind::Xml => import_xform(xform.as_bytes(), options),
        kind @ (FileKind::Xlsx | FileKind::Xls | FileKind::Ods) => {
            import_book(bytes, kind, Some(xform), options)
        }
    }
}

/// Whether a file is a spreadsheet or an `XForm`; `None` where it is neither, or may not be opened.
pub fn is_spreadsheet(bytes: &[u8]) -> Option<bool> {
    package::look(bytes).ok().map(|kind| kind != FileKind::Xml)
}

fn import_book(
    bytes: &[u8],
    kind: FileKind,
    xform: Option<&str>,
    options: &Options<'_>,
) -> Result<Imported, Vec<Fault>> {
    let read = std::panic::catch_unwind(|| book::read(bytes, kind));
    let damaged = || Fault::new("the workbook is damaged; save it anew", "工作簿已损坏；请重新保存");
    let mut book = read.unwrap_or_else(|_| Err(damaged())).map_err(|fault| vec![fault])?;
    rows::name(&mut book, options.fallback_id);
    let rows = rows::follow(&book);
    rows::prepare(&mut book, options.default_version);
    let mut faults = rows.faults.clone();
    let converted = match xform {
        Some(xform) => Some(Converted { xform: xform.to_owned(), itemsets: None }),
        None => convert_all(&book, &mut faults),
    };
    let Some(converted) = converted else { return Err(sorted(faults)) };
    let made: Vec<(String, String)> =
        converted.itemsets.map(|csv| ("itemsets.csv".to_owned(), csv)).into_iter().collect();
    let bindings: BTreeMap<String, String> = rows.bindings.iter().cloned().collect();
    let mended = |text: &str| {
        let document = parse(text).map_err(|fault| vec![fault])?;
        Ok::<_, Vec<Fault>>(mend::converted(text, &document, &bindings))
    };
    let done = mended(&converted.xform).and_then(|text| finish(&text, options, made, Some(&rows)));
    match done {
        Ok(mut imported) if faults.is_empty() => {
            imported.warnings.splice(0..0, book.warnings);
            Ok(imported)
        }
        Ok(_) => Err(sorted(faults)),
        Err(more) => {
            faults.extend(more);
            Err(sorted(faults))
        }
    }
}

/// Rounds of conversion in search of further faults.
const ROUNDS: usize = 40;

/// Converts, and where the converter stops at a fault makes that row harmless and goes on, so that all faults are found.
fn convert_all(book: &Book, faults: &mut Vec<Fault>) -> Option<Converted> {
    let mut book = book.clone();
    let mut before: Option<(Option<String>, Option<usize>)> = None;
    for _ in 0..ROUNDS {
        let fault = match convert::convert(&book) {
            Ok(converted) => return Some(converted),
            Err(fault) => fault,
        };
        let place = (fault.sheet.clone(), fault.row);
        let is_second = before.as_ref() == Some(&place);
        let is_told = faults.iter().any(|f| (&f.sheet, f.row) == (&place.0, place.1) && f.row.is_some());
        let could = rows::defuse(&mut book, &fault, is_second);
        if !is_told {
            faults.push(fault);
        }
        if !could {
            return None;
        }
        before = Some(place);
    }
    None
}

/// In the order of the sheets and rows, each said once.
fn sorted(mut faults: Vec<Fault>) -> Vec<Fault> {
    let rank = |fault: &Fault| {
        let sheet = fault.sheet.as_deref();
        (sheet.and_then(|s| book::SHEETS.iter().position(|known| *known == s)), fault.row)
    };
    faults.sort_by_key(rank);
    faults.dedup();
    faults.truncate(limits::FAULTS);
    faults
}

fn import_xform(bytes: &[u8], options: &Options<'_>) -> Result<Imported, Vec<Fault>> {
    let one = |en: &str, zh: &str| vec![Fault::new(en, zh)];
    if bytes.len() > limits::XFORM_BYTES {
        return Err(one("the XForm is larger than 4 MiB", "XForm 大于 4 MiB"));
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let not_utf8 =
        || one("the XForm is not written in UTF-8; save it as UTF-8", "XForm 不是 UTF-8 编码；请存为 UTF-8");
    let text = std::str::from_utf8(bytes).map_err(|_| not_utf8())?;
    if declares_other_encoding(text) {
        return Err(not_utf8());
    }
    finish(text, options, Vec::new(), None)
}

/// Whether the XML declaration names an encoding other than UTF-8.
fn declares_other_encoding(text: &str) -> bool {
    let declaration = text.trim_start().strip_prefix("<?xml").and_then(|rest| rest.split("?>").next());
    let encoding = declaration.and_then(|d| d.split_once("encoding")).map(|(_, rest)| rest);
    let name = encoding.map(|rest| rest.trim_start_matches([' ', '=', '"', '\'']).to_ascii_lowercase());
    name.is_some_and(|name| !name.starts_with("utf-8") && !name.starts_with("us-ascii"))
}

fn parse(text: &str) -> Result<roxmltree::Document<'_>, Fault> {
    let limits = xml::Limits { levels: limits::LEVELS, nodes: limits::XFORM_NODES };
    xml::parse(text, limits).map_err(|fault| match fault {
        XmlFault::Dtd => Fault::new(
            "the XForm has a document type declaration, which is not allowed; remove <!DOCTYPE …>",
            "XForm 含有文档类型声明，不被允许；请删除 <!DOCTYPE …>",
        ),
        XmlFault::TooDeep => Fault::new("the XForm has more than 64 levels", "XForm 超过 64 层"),
        XmlFault::TooMany => Fault::new("the XForm has too many elements", "XForm 的元素太多"),
        XmlFault::Unreadable(line, column) => Fault::new(
            format!("the XForm is not well-formed at line {line}, column {column}"),
            format!("XForm 在第 {line} 行第 {column} 列不是合法的 XML"),
        ),
    })
}

/// From the text of an `XForm` to what is stored.
fn finish(
    text: &str,
    options: &Options<'_>,
    made: Vec<(String, String)>,
    rows: Option<&Rows>,
) -> Result<Imported, Vec<Fault>> {
    let one = |fault| vec![fault];
    let xform = {
        let document = parse(text).map_err(one)?;
        mend::complete(text, &document, options.default_version)
    };
    if xform.len() > limits::XFORM_BYTES {
        return Err(one(Fault::new("the XForm is larger than 4 MiB", "XForm 大于 4 MiB")));
    }
    let document = parse(&xform).map_err(one)?;
    let no_form = || {
        Fault::new(
            "this XML holds no form (no model with an instance)",
            "此 XML 中没有表单（缺少带实例的 model）",
        )
    };
    let seen = read::read(&document, options.languages).ok_or_else(no_form).map_err(one)?;
    let names: Vec<String> = made.iter().map(|(name, _)| name.clone()).collect();
    let mut faults = judge::faults(&seen, options, &names);
    let unexpanded = judge::unexpanded(&seen);
    if rows.is_some() {
        faults.extend(unexpanded.iter().cloned());
    }
    if !faults.is_empty() {
        return Err(faults.into_iter().map(|fault| placed(fault, rows)).take(limits::FAULTS).collect());
    }
    let told = judge::warnings(&seen, options).into_iter().chain(unexpanded);
    let warnings = told.map(|fault| placed(fault, rows)).collect();
    let model = seen.model;
    drop(document);
    Ok(Imported { xform, model, warnings, made })
}

/// A fault about a node, with the row of the spreadsheet that made it.
fn placed(fault: Fault, rows: Option<&Rows>) -> Fault {
    let row = fault.path.as_deref().zip(rows).and_then(|(path, rows)| rows.of.get(path));
    match row {
        Some(row) => fault.sheet("survey").row(*row),
        None => fault,
    }
}

#[cfg(test)]
mod tests;
