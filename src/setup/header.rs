//! The line that names the columns: where each known column stands, and what becomes of the others.

use super::dialect::Dialect;
use super::finding::{Findings, Place};
use super::rows::Row;
use super::rule::Rule;
use super::sheet::Sheet;
use super::shown::shown;
use super::table::Extent;

/// Columns of no use that are named.
const NAMED: usize = 20;

/// Where the columns of a file stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Columns {
    /// Place of each known column.
    pub places: Vec<Option<usize>>,
    /// Cells of a row.
    pub width: usize,
    /// Places of columns without a name.
    pub unnamed: Vec<usize>,
    /// The header's first known cell and its place, by which a repeated header is noticed.
    first: Option<(usize, String)>,
    /// Known columns that are there, as they stand in the sheet.
    pub used: Vec<&'static str>,
    /// Names of the columns that are not used.
    pub unused: Vec<String>,
}

/// Reads the header; missing, repeated and mistaken columns are noted.
pub(super) fn read(
    sheet: &'static Sheet,
    row: &Row,
    dialect: &Dialect,
    findings: &mut Findings,
) -> (Columns, Extent) {
    let line = || Place::line(sheet.file, row.line);
    let mut columns = Columns {
        places: vec![None; sheet.columns.len()],
        width: row.len() + dialect.shift,
        ..Columns::default()
    };
    let mut unknown: Vec<String> = Vec::new();
    for (at, name) in row.cells().enumerate() {
        let place = at + dialect.shift;
        match sheet.find(name) {
            Some((column, _)) if columns.places[column].is_some() => {
                findings.add(line().column(sheet.columns[column].name), "", Rule::ColumnTwice);
            }
            Some((column, is_exact)) => {
                columns.places[column] = Some(place);
                columns.first.get_or_insert_with(|| (place, name.trim().to_owned()));
                if !is_exact {
                    let known = sheet.columns[column].name.to_owned();
                    findings.add(line().column(shown(name.trim())), "", Rule::RenamedColumn { known });
                }
            }
            None if name.trim().is_empty() => columns.unnamed.push(place),
            None => unknown.push(name.trim().to_owned()),
        }
    }
    let extent = missing(sheet, &columns, &mut unknown, row.line, findings);
    others(sheet, &mut columns, &unknown, row.line, findings);
    let here = |at: &usize| columns.places[*at].is_some();
    columns.used = (0..sheet.columns.len()).filter(here).map(|at| sheet.columns[at].name).collect();
    (columns, extent)
}

/// Columns that must be there: one fault for all, but for those of which a slip is there.
fn missing(
    sheet: &Sheet,
    columns: &Columns,
    unknown: &mut Vec<String>,
    line: u64,
    findings: &mut Findings,
) -> Extent {
    let absent: Vec<_> = (0..sheet.required).filter(|&at| columns.places[at].is_none()).collect();
    let mut names = Vec::new();
    for &at in &absent {
        let name = sheet.columns[at].name;
        match unknown.iter().position(|found| sheet.near(found, |wanted| wanted == at).is_some()) {
            Some(slip) => {
                let found = shown(&unknown.remove(slip));
                findings.add(Place::line(sheet.file, line).column(name), "", Rule::ColumnMeant { found });
            }
            None => names.push(name),
        }
    }
    if !names.is_empty() {
        let rule = Rule::ColumnMissing { needed: sheet.needed() };
        findings.add(Place::line(sheet.file, line).column(names.join(", ")), "", rule);
    }
    if absent.is_empty() { Extent::Whole } else { Extent::Part }
}

/// Columns that are not known: a slip of a known one is asked about, the others are named.
fn others(sheet: &Sheet, columns: &mut Columns, unknown: &[String], line: u64, findings: &mut Findings) {
    let is_absent = |at: usize| columns.places[at].is_none() && at >= sheet.required;
    let mut unused = Vec::new();
    for name in unknown {
        let name = shown(name);
        match sheet.near(&name, is_absent) {
            Some(at) => {
                let known = sheet.columns[at].name.to_owned();
                findings.add(
                    Place::line(sheet.file, line).column(name.clone()),
                    "",
                    Rule::NearColumn { known },
                );
            }
            None => unused.push(name.clone()),
        }
        columns.unused.push(name);
    }
    if unused.is_empty() {
        return;
    }
    let mut list = unused.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    if unused.len() > NAMED {
        list.push('…');
    }
    findings.add(Place::line(sheet.file, line).column(list), "", Rule::UnusedColumn);
}

impl Columns {
    /// Whether a row names the columns again, as in files that were put together.
    pub fn is_header(&self, sheet: &Sheet, row: &Row) -> bool {
        let Some((place, first)) = &self.first else { return false };
        if !row.cell(*place).is_some_and(|cell| cell.trim().eq_ignore_ascii_case(first)) {
            return false;
        }
        let mut places = self.places.iter().enumerate().filter_map(|(at, place)| Some((at, (*place)?)));
        let names_it = |(at, place): (usize, usize)| {
            let cell = row.cell(place).unwrap_or_default();
            sheet.find(cell).is_some_and(|found| found.0 == at)
        };
        self.used.len() > 1 && places.all(names_it)
    }

    /// Whether a row has the cells of the header; what is said of it where that is worth a word.
    pub fn fit(&self, sheet: &Sheet, row: &Row) -> Result<Option<Rule>, Rule> {
        let (cells, width) = (row.len(), self.width);
        if cells > width {
            let is_empty = row.cells().skip(width).all(|cell| cell.trim().is_empty());
            return if is_empty { Ok(Some(Rule::SpareCells)) } else { Err(Rule::LongRow { cells, width }) };
        }
        let lost =
            self.places.iter().enumerate().filter(|(_, place)| place.is_some_and(|place| place >= cells));
        let mut lost = lost.map(|(at, _)| sheet.columns[at].cells.may_be_empty()).peekable();
        if lost.peek().is_none() {
            return Ok(None);
        }
        if lost.all(|may_be_empty| may_be_empty) {
            return Ok(Some(Rule::ShortRow { cells, width }));
        }
        Err(Rule::Ragged { cells, width })
    }
}
