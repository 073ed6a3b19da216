//! One CSV file of the set-up from its first byte to its last row: what is wrong with the file, its header and its rows is
//! noted here; each row goes to the file's own reader as a [`Line`].

use super::desk::{Desk, unreadable};
use super::dialect::Dialect;
use super::encoding::{self, Encoding};
use super::finding::Place;
use super::header::{self, Columns};
use super::line::{Line, RowCells};
use super::rows::{Row, RowError, Rows};
use super::rule::Rule;
use super::sheet::Sheet;
use super::text::Text;
use super::understood::FileRead;
use super::{Progress, files::Opened};
use std::io::{BufRead, Read};

/// Rows between two calls of the progress callback.
const PROGRESS_ROWS: u64 = 20_000;
/// Bytes of a file from which its way of writing is found out.
const HEAD: u64 = 1 << 16;
/// Lines that spreadsheet programs keep, the header included: Excel since 2007, and before it or in an old xls.
const ROW_LIMITS: [u64; 2] = [1_048_576, 65_536];

/// How much of a file could be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Extent {
    /// Every row, with all required columns.
    #[default]
    Whole,
    /// Not all of it; what other files say about its content cannot be judged.
    Part,
}

/// Reads the file of `sheet` row by row.
pub(super) fn read(
    desk: &mut Desk<'_>,
    sheet: &'static Sheet,
    each: &mut dyn FnMut(&mut Line<'_>),
) -> Extent {
    let Some((name, encoding)) = desk.find(sheet.file) else { return Extent::Part };
    let files = desk.files;
    let opened = files.open(&name).and_then(|head| {
        let Some(head) = head else { return Ok(None) };
        let head = beginning(head, encoding)?;
        Ok(files.open(&name)?.map(|opened| (head, opened)))
    });
    let (head, opened) = match opened {
        Ok(Some(found)) => found,
        Ok(None) => return refuse(desk, sheet, Rule::FileMissing),
        Err(error) => return refuse(desk, sheet, unreadable(&error)),
    };
    if head.trim().is_empty() && opened.length.is_none_or(|length| length < HEAD) {
        return refuse(desk, sheet, Rule::FileEmpty);
    }
    let dialect = Dialect::of(sheet, &head);
    let rows = Rows::new(Text::new(opened.bytes, encoding), dialect.form);
    let mut table = Table {
        sheet,
        rows,
        dialect,
        length: opened.length,
        about: FileRead::new(sheet.file, encoding),
        example: String::new(),
    };
    let extent = table.body(desk, each);
    (desk.progress)(table.progress());
    table.finish(desk, encoding);
    extent
}

fn refuse(desk: &mut Desk<'_>, sheet: &Sheet, rule: Rule) -> Extent {
    desk.findings.add(Place::whole(sheet.file), "", rule);
    Extent::Part
}

/// The first lines of a file as far as they are text.
fn beginning(opened: Opened<'_>, encoding: Encoding) -> std::io::Result<String> {
    let mut bytes = Vec::new();
    let read = Text::new(opened.bytes, encoding).take(HEAD).read_to_end(&mut bytes);
    match read {
        Err(error) if error.kind() != std::io::ErrorKind::InvalidData => return Err(error),
        Ok(_) | Err(_) => {}
    }
    let good = std::str::from_utf8(&bytes).map_or_else(|error| error.valid_up_to(), str::len);
    bytes.truncate(good);
    Ok(String::from_utf8(bytes).unwrap_or_default())
}

/// A file being read.
struct Table<R> {
    sheet: &'static Sheet,
    rows: Rows<Text<R>>,
    dialect: Dialect,
    length: Option<u64>,
    about: FileRead,
    /// The first cell that shows whether the encoding was guessed rightly.
    example: String,
}

impl<R: Read> Table<R> {
    fn progress(&self) -> Progress {
        let (rows, bytes) = (self.about.rows, self.rows.input.bytes);
        Progress { file: self.sheet.file, rows, bytes, length: self.length }
    }

    /// Reads the header, then every row.
    fn body(&mut self, desk: &mut Desk<'_>, each: &mut dyn FnMut(&mut Line<'_>)) -> Extent {
        let Some(header_line) = self.dialect.header_line else {
            let rule = Rule::NoHeader { needed: self.sheet.needed() };
            desk.findings.add(Place::line(self.sheet.file, 1), "", rule);
            return self.rest(desk);
        };
        let mut row = Row::default();
        let begun = self.rows.skip_to(header_line - 1).and_then(|()| self.rows.next_into(&mut row));
        if let Err(error) = begun {
            self.broken(desk, &error);
            return Extent::Part;
        }
        let (columns, mut extent) = header::read(self.sheet, &row, &self.dialect, &mut desk.findings);
        self.about.columns(&columns);
        let mut cells = RowCells::new(self.sheet, &columns);
        loop {
            match self.rows.next_into(&mut row) {
                Ok(false) => break,
                Ok(true) => self.row(desk, &mut row, &columns, &mut cells, each, &mut extent),
                Err(error) => {
                    extent = Extent::Part;
                    if self.broken(desk, &error) {
                        break;
                    }
                    self.about.rows += 1;
                }
            }
            if self.about.rows.is_multiple_of(PROGRESS_ROWS) && self.about.rows > 0 {
                (desk.progress)(self.progress());
            }
        }
        cells.finish(&mut desk.findings);
        if desk.findings.count(self.sheet.file, "", &Rule::SpareCells) < self.about.rows {
            desk.findings.turn(self.sheet.file, "", &Rule::SpareCells, &Rule::SpareCellsMaybe);
        }
        self.row_limit(desk);
        extent
    }

    /// Takes one row.
    fn row(
        &mut self,
        desk: &mut Desk<'_>,
        row: &mut Row,
        columns: &Columns,
        cells: &mut RowCells,
        each: &mut dyn FnMut(&mut Line<'_>),
        extent: &mut Extent,
    ) {
        if row.is_blank() {
            self.about.blank += 1;
            return;
        }
        let place = || Place::line(self.sheet.file, row.line);
        if columns.is_header(self.sheet, row) {
            desk.findings.add(place(), "", Rule::HeaderAgain);
            return;
        }
        self.about.rows += 1;
        match columns.fit(self.sheet, row) {
            Ok(None) => {}
            Ok(Some(rule)) => desk.findings.add(place(), "", rule),
            Err(rule) => {
                *extent = Extent::Part;
                desk.findings.add(place(), "", rule);
                return;
            }
        }
        row.cut(columns.width);
        if self.example.is_empty() && self.about.encoding == Encoding::Gb18030 {
            self.example = cells.example(self.sheet, row).unwrap_or_default();
        }
        cells.take(self.sheet, row, &mut desk.findings);
        each(&mut Line::new(self.sheet, cells, row.line, &mut desk.findings));
    }

    /// Without a header nothing of the file can be judged.
    fn rest(&mut self, desk: &mut Desk<'_>) -> Extent {
        loop {
            match self.rows.input.fill_buf().map(<[u8]>::len) {
                Ok(0) => return Extent::Part,
                Ok(length) => self.rows.input.consume(length),
                Err(_) => {
                    desk.findings.add(Place::whole(self.sheet.file), "", Rule::NotUtf8);
                    return Extent::Part;
                }
            }
        }
    }

    /// Notes why a row could not be read; whether that ends the reading of the file.
    fn broken(&self, desk: &mut Desk<'_>, error: &RowError) -> bool {
        let (line, rule) = match error {
            RowError::NotText { line } => (Some(*line), Rule::NotUtf8),
            RowError::Endless { line } => (Some(*line), Rule::Endless),
            RowError::AfterQuote { line, opened } => (Some(*line), Rule::AfterQuote { opened: *opened }),
            RowError::Io(error) => (None, unreadable(error)),
        };
        desk.findings.add(Place { line, ..Place::whole(self.sheet.file) }, "", rule);
        !matches!(error, RowError::AfterQuote { .. })
    }

    /// A list of exactly as many lines as a spreadsheet program keeps may have lost the others.
    fn row_limit(&self, desk: &mut Desk<'_>) {
        let rows = self.about.rows + self.about.blank + 1;
        if ROW_LIMITS.contains(&rows) {
            desk.findings.add(Place::whole(self.sheet.file), "", Rule::RowLimit { rows });
        }
    }

    /// Says how the file was read where that is not the usual way.
    fn finish(mut self, desk: &mut Desk<'_>, encoding: Encoding) {
        let dropped = self.rows.input.dropped.clone();
        let (ends, is_odd) = dropped.ends.label();
        let separator = self.dialect.separator();
        let whole = || Place::whole(self.sheet.file);
        let is_read = self.dialect.header_line.is_some();
        let said = [
            (is_odd, Rule::LineEnds { ends }),
            (dropped.marks > 0, Rule::MarksInside),
            (dropped.end_marks > 0, Rule::EndMark),
            (is_read && self.dialect.form.separator != ',', Rule::Separator { sign: separator }),
            (self.dialect.has_separator_line, Rule::SeparatorLine),
            (is_read && self.dialect.form.is_wrapped, Rule::WrappedLines),
            (is_read && self.dialect.titles > 0, Rule::TitleLines),
            (is_read && self.dialect.shift > 0, Rule::IndexColumn),
        ];
        if let Some(rule) = encoding::rule(encoding) {
            desk.findings.add(whole(), &self.example, rule);
        }
        for (_, rule) in said.into_iter().filter(|(is_so, _)| *is_so) {
            desk.findings.add(whole(), "", rule);
        }
        if let Some((line, _)) = dropped.zeros {
            desk.findings.add(Place::line(self.sheet.file, line), "", Rule::ZeroBytes);
        }
        self.about.separator = Some(separator);
        self.about.ends = Some(ends);
        desk.read.push(self.about);
    }
}
