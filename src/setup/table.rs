//! One CSV file of the set-up: its header, and cells judged by the rules all files share (required, length, no control
//! characters). Knows columns by position in the [`Sheet`]; what a value means is decided by the file's own reader.

use super::fault::{Fault, Faults, shown};
use super::files::Files;
use super::rows::{Row, RowError, Rows};
use super::{Progress, unreadable};
use std::collections::HashSet;
use std::io::Read;
use std::sync::Arc;

/// Rows between two calls of the progress callback.
const PROGRESS_ROWS: u64 = 20_000;

/// What a file should look like.
pub(super) struct Sheet {
    /// Plain file name.
    pub file: &'static str,
    /// Known columns; the first `required` of them must be in the header.
    pub columns: &'static [&'static str],
    /// How many of `columns` must be there.
    pub required: usize,
}

/// How much of a file could be read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    /// Every row, with all required columns.
    Whole,
    /// Not all of it; what other files say about its content cannot be judged.
    Part,
}

/// One row with its cells by column, and the place to complain.
pub(super) struct Line<'a> {
    sheet: &'static Sheet,
    places: &'a [Option<usize>],
    row: &'a Row,
    faults: &'a mut Faults,
}

impl<'a> Line<'a> {
    fn new(sheet: &'static Sheet, places: &'a [Option<usize>], row: &'a Row, faults: &'a mut Faults) -> Self {
        Self { sheet, places, row, faults }
    }

    /// Line number in the file.
    pub fn number(&self) -> u64 {
        self.row.line
    }

    /// The trimmed cell of `column`; `None` where the column is absent or the cell empty.
    pub fn cell(&self, column: usize) -> Option<&str> {
        let cell = self.row.cell(self.places[column]?)?.trim();
        (!cell.is_empty()).then_some(cell)
    }

    /// Whether the header has `column`.
    pub fn has(&self, column: usize) -> bool {
        self.places[column].is_some()
    }

    /// Complains about the cell of `column`.
    pub fn fault(&mut self, column: usize, rule: impl Into<String>) {
        let value = self.cell(column).map(shown).unwrap_or_default();
        self.fault_hiding(column, value, rule);
    }

    /// Complains about `column` showing `value` instead of the cell.
    pub fn fault_hiding(&mut self, column: usize, value: String, rule: impl Into<String>) {
        self.faults.push(Fault {
            file: self.sheet.file,
            line: Some(self.row.line),
            column: self.sheet.columns[column].to_owned(),
            value,
            rule: rule.into(),
        });
    }

    /// A cell that identifies something: not empty, at most `most` characters, one line, nothing invisible, no `|`.
    pub fn code(&mut self, column: usize, most: usize) -> Option<String> {
        if self.cell(column).is_none() && self.has(column) {
            self.fault(column, "may not be empty");
        }
        self.code_or_none(column, most)
    }

    /// As [`Line::code`], but the cell may be empty.
    pub fn code_or_none(&mut self, column: usize, most: usize) -> Option<String> {
        let cell = self.cell(column)?;
        let rule = if cell.chars().any(is_invisible) {
            "control and invisible characters are not allowed".to_owned()
        } else if cell.contains(['|', '｜']) {
            "the character | is not allowed".to_owned()
        } else if cell.chars().count() > most {
            format!("longer than {most} characters")
        } else {
            return Some(cell.to_owned());
        };
        self.fault(column, rule);
        None
    }

    /// A text cell that may be empty: at most `most` characters; line breaks and tabs become spaces.
    pub fn text(&mut self, column: usize, most: usize) -> Option<String> {
        let cell = self.cell(column)?;
        let words: Vec<_> = cell.split_whitespace().collect();
        let text = words.join(" ");
        if text.chars().any(char::is_control) {
            self.fault(column, "control characters are not allowed");
            return None;
        }
        if text.chars().count() > most {
            self.fault(column, format!("longer than {most} characters"));
            return None;
        }
        Some(text)
    }
}

/// Characters that make two equal-looking values differ, or break a line.
fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// Reads the file of `sheet` row by row; faults of the file itself, its header and ragged rows are noted here.
pub(super) fn read(
    files: &dyn Files,
    sheet: &'static Sheet,
    faults: &mut Faults,
    progress: &mut dyn FnMut(Progress),
    each: &mut dyn FnMut(&mut Line<'_>),
) -> Extent {
    let opened = match files.open(sheet.file) {
        Ok(Some(opened)) => opened,
        Ok(None) => {
            faults.push(whole_file(sheet, "the file is missing"));
            return Extent::Part;
        }
        Err(error) => {
            faults.push(whole_file(sheet, &unreadable(&error)));
            return Extent::Part;
        }
    };
    let mut table = Table { sheet, rows: Rows::new(opened.bytes), length: opened.length, count: 0 };
    let extent = table.body(faults, progress, each);
    progress(table.progress());
    extent
}

/// A fault of a file as a whole.
fn whole_file(sheet: &Sheet, rule: &str) -> Fault {
    Fault { file: sheet.file, line: None, column: String::new(), value: String::new(), rule: rule.to_owned() }
}

/// A file being read.
struct Table<R: Read> {
    sheet: &'static Sheet,
    rows: Rows<R>,
    length: Option<u64>,
    count: u64,
}

impl<R: Read> Table<R> {
    fn progress(&self) -> Progress {
        Progress { file: self.sheet.file, rows: self.count, bytes: self.rows.bytes(), length: self.length }
    }

    /// Reads the header, then every row.
    fn body(
        &mut self,
        faults: &mut Faults,
        progress: &mut dyn FnMut(Progress),
        each: &mut dyn FnMut(&mut Line<'_>),
    ) -> Extent {
        let mut row = Row::default();
        if !self.first_row(&mut row, faults) {
            return Extent::Part;
        }
        let width = row.len();
        let (places, mut extent) = header(self.sheet, &row, faults);
        loop {
            match self.rows.next_into(&mut row) {
                Ok(false) => return extent,
                Ok(true) if row.is_blank() => {}
                Ok(true) if row.len() == width => each(&mut Line::new(self.sheet, &places, &row, faults)),
                Ok(true) => {
                    self.ragged(&row, width, faults);
                    extent = Extent::Part;
                }
                Err(error) => {
                    extent = Extent::Part;
                    if self.broken(&error, faults) == Extent::Whole {
                        return extent;
                    }
                }
            }
            self.count += 1;
            if self.count.is_multiple_of(PROGRESS_ROWS) {
                progress(self.progress());
            }
        }
    }

    /// Reads the header; `false` with a fault where there is none.
    fn first_row(&mut self, row: &mut Row, faults: &mut Faults) -> bool {
        match self.rows.next_into(row) {
            Ok(true) => return true,
            Ok(false) => {
                let rule = "the file is empty; its first line names the columns";
                faults.push(whole_file(self.sheet, rule));
            }
            Err(error) => {
                self.broken(&error, faults);
            }
        }
        false
    }

    /// Notes a row with too few or too many cells.
    fn ragged(&self, row: &Row, width: usize, faults: &mut Faults) {
        let rule = format!("{} cells where the header has {width}", row.len());
        faults.push(Fault { line: Some(row.line), ..whole_file(self.sheet, &rule) });
    }

    /// Notes why a row could not be read; whether that ends the reading of the whole file or is a matter of this part.
    fn broken(&self, error: &RowError, faults: &mut Faults) -> Extent {
        let (line, rule) = match error {
            RowError::NotUtf8 { line } => (
                Some(*line),
                "not UTF-8 text; save the file as UTF-8 (the rest of the file was not read)".to_owned(),
            ),
            RowError::Endless { line } => (
                Some(*line),
                "a row without an end, perhaps a quotation mark that is never closed (the rest of the file was not read)"
                    .to_owned(),
            ),
            RowError::AfterQuote { line } => (
                Some(*line),
                "text after a closing quotation mark; inside quotation marks write \"\" for one".to_owned(),
            ),
            RowError::Io(error) => (None, unreadable(error)),
        };
        faults.push(Fault { line, ..whole_file(self.sheet, &rule) });
        if matches!(error, RowError::AfterQuote { .. }) { Extent::Part } else { Extent::Whole }
    }
}

/// Where each known column stands; missing and repeated columns are faults of the first line.
fn header(sheet: &'static Sheet, row: &Row, faults: &mut Faults) -> (Vec<Option<usize>>, Extent) {
    let mut places = vec![None; sheet.columns.len()];
    let mut extent = Extent::Whole;
    for place in 0..row.len() {
        let name = row.cell(place).unwrap_or_default().trim().to_lowercase();
        let Some(column) = sheet.columns.iter().position(|known| *known == name) else {
            continue;
        };
        if places[column].is_some() {
            let rule = "the column stands twice in the header".to_owned();
            faults.push(Fault { line: Some(row.line), column: name, ..whole_file(sheet, &rule) });
        }
        places[column] = places[column].or(Some(place));
    }
    for (column, name) in sheet.columns.iter().enumerate().take(sheet.required) {
        if places[column].is_none() {
            let rule =
                format!("the column is missing; needed are {}", sheet.columns[..sheet.required].join(","));
            faults.push(Fault {
                line: Some(row.line),
                column: (*name).to_owned(),
                ..whole_file(sheet, &rule)
            });
            extent = Extent::Part;
        }
    }
    (places, extent)
}

/// Texts that occur again and again, each kept once.
#[derive(Default)]
pub(super) struct Interner(HashSet<Arc<str>>);

impl Interner {
    /// The one copy of `text`.
    pub fn get(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.0.get(text) {
            return Arc::clone(known);
        }
        let new: Arc<str> = Arc::from(text);
        self.0.insert(Arc::clone(&new));
        new
    }
}
