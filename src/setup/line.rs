//! One row with its cells by column, cleaned, and the place to complain; and what the cells of a column say together.

use super::cells::{self, clean};
use super::finding::{Findings, Place};
use super::header::Columns;
use super::lines::Lines;
use super::rows::Row;
use super::rule::Rule;
use super::sheet::{Cells, Column, Meaning, Sheet};
use super::shown::shown;

/// The cells of one row by column, kept from row to row: most cells repeat the one above.
pub(super) struct RowCells {
    sheet: &'static Sheet,
    columns: Vec<Kept>,
    unnamed: Vec<usize>,
}

/// One column's cell, and what was seen in the column so far.
#[derive(Default)]
struct Kept {
    place: Option<usize>,
    raw: String,
    text: String,
    /// The last text that was not empty.
    above: String,
    /// Something was undone or asked: the next equal cell is looked at again, so that its line is counted.
    is_odd: bool,
    /// The cell has no meaning, which was said.
    is_spoilt: bool,
    seen: Seen,
}

/// What the cells of a column say together.
#[derive(Default)]
struct Seen {
    filled: u64,
    blank: u64,
    /// Filled cells that repeat the one above.
    repeats: u64,
    plain_numbers: u64,
    pairs: u64,
    date_numbers: Lines,
    long: u64,
    long_zeros: Lines,
    example: String,
}

impl RowCells {
    pub fn new(sheet: &'static Sheet, columns: &Columns) -> Self {
        let kept = columns.places.iter().map(|&place| Kept { place, ..Kept::default() }).collect();
        Self { sheet, columns: kept, unnamed: columns.unnamed.clone() }
    }

    /// Takes the cells of the next row.
    pub fn take(&mut self, sheet: &'static Sheet, row: &Row, findings: &mut Findings) {
        for (kept, column) in self.columns.iter_mut().zip(sheet.columns) {
            let Some(place) = kept.place else { continue };
            kept.take(row.cell(place).unwrap_or_default(), column, sheet.file, row.line, findings);
        }
        self.unnamed.retain(|&place| {
            let is_empty = row.cell(place).is_none_or(|cell| cell.trim().is_empty());
            if !is_empty {
                let rule = Rule::UnnamedColumn { number: place + 1 };
                findings.add(Place::line(sheet.file, row.line).column(format!("({})", place + 1)), "", rule);
            }
            is_empty
        });
    }

    /// A cell by which a reader sees whether the encoding was guessed rightly; never a person's name.
    pub fn example(&self, sheet: &Sheet, row: &Row) -> Option<String> {
        let shown =
            self.columns.iter().zip(sheet.columns).filter(|(_, column)| column.meaning != Meaning::Person);
        let mut cells = shown.filter_map(|(kept, _)| row.cell(kept.place?));
        cells.find(|cell| !cell.is_ascii()).map(str::to_owned)
    }

    /// Judges the columns as wholes, at the end of the file.
    pub fn finish(&self, findings: &mut Findings) {
        for (kept, column) in self.columns.iter().zip(self.sheet.columns) {
            kept.seen.judge(column, self.sheet.file, findings);
        }
    }
}

impl Kept {
    fn take(&mut self, raw: &str, column: &Column, file: &'static str, line: u64, findings: &mut Findings) {
        let is_same = self.raw == raw;
        self.seen.blank += u64::from(raw.trim().is_empty());
        self.seen.filled += u64::from(!raw.trim().is_empty());
        self.seen.repeats += u64::from(is_same && !raw.is_empty());
        if is_same && !self.is_odd {
            return;
        }
        let cell = clean(raw, column);
        self.is_odd = !cell.rules.is_empty();
        self.is_spoilt = cell.rules.iter().any(|rule| matches!(rule, Rule::ErrorCell | Rule::Formula));
        let example = if column.meaning == Meaning::Person { "" } else { raw.trim() };
        for rule in &cell.rules {
            findings.add(Place::line(file, line).column(column.name), example, rule.clone());
        }
        self.text.clear();
        self.text.push_str(&cell.text);
        if !is_same {
            self.raw.clear();
            self.raw.push_str(raw);
        }
        if self.text.is_empty() {
            self.fill_down(column, file, line, findings);
        } else if matches!(column.cells, Cells::FilledOrMerged) {
            self.above.clone_from(&self.text);
        }
        let is_point_zero = cell.rules.contains(&Rule::PointZero);
        if column.meaning == Meaning::Code && !is_point_zero {
            self.seen.note(&self.text, line);
        }
    }

    /// An empty cell below a filled one of a merged column is read as that one.
    fn fill_down(&mut self, column: &Column, file: &'static str, line: u64, findings: &mut Findings) {
        if !matches!(column.cells, Cells::FilledOrMerged) || self.above.is_empty() || self.is_spoilt {
            return;
        }
        self.text.clone_from(&self.above);
        self.is_odd = true;
        findings.add(Place::line(file, line).column(column.name), "", Rule::Merged);
    }
}

impl Seen {
    fn note(&mut self, text: &str, line: u64) {
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if let Some(is_zeros) = cells::is_long_number(text) {
            self.long += 1;
            if is_zeros {
                self.long_zeros.add(Some(line));
                self.remember(text);
            }
        } else if is_number && cells::is_date_number(text) {
            self.date_numbers.add(Some(line));
            self.remember(text);
        } else if is_number {
            self.plain_numbers += 1;
        } else if cells::is_pair(text) {
            self.pairs += 1;
        }
    }

    fn remember(&mut self, text: &str) {
        if self.example.is_empty() {
            text.clone_into(&mut self.example);
        }
    }

    fn judge(&self, column: &Column, file: &'static str, findings: &mut Findings) {
        let name = column.name;
        if self.plain_numbers > 0 {
            findings.turn(file, name, &Rule::PointZero, &Rule::PointZeroMixed);
        }
        if self.date_numbers.count() > 0 && self.pairs > self.plain_numbers {
            findings.add_lines(
                Place::whole(file).column(name),
                &self.date_numbers,
                &self.example,
                Rule::DateNumber,
            );
        }
        if self.long > 1 && self.long == self.long_zeros.count() {
            findings.add_lines(
                Place::whole(file).column(name),
                &self.long_zeros,
                &self.example,
                Rule::CutDigits,
            );
        }
        if findings.count(file, name, &Rule::Merged) <= self.filled {
            findings.turn(file, name, &Rule::Merged, &Rule::MayNotBeEmpty);
        }
        let is_gapped = self.filled > 1 && self.blank >= self.filled && self.repeats == 0;
        if is_gapped && column.cells == Cells::AnyOrMerged {
            findings.add(Place::whole(file).column(name), "", Rule::Gaps);
        }
    }
}

/// One row with its cells by column, and the place to complain.
pub(super) struct Line<'a> {
    sheet: &'static Sheet,
    cells: &'a RowCells,
    number: u64,
    findings: &'a mut Findings,
}

impl<'a> Line<'a> {
    pub fn new(sheet: &'static Sheet, cells: &'a RowCells, number: u64, findings: &'a mut Findings) -> Self {
        Self { sheet, cells, number, findings }
    }

    /// Line number in the file.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// The cleaned cell of `column`; `None` where the column is absent or the cell empty.
    pub fn cell(&self, column: usize) -> Option<&'a str> {
        let text = self.cells.columns[column].text.as_str();
        (!text.is_empty()).then_some(text)
    }

    /// Whether the header has `column`.
    pub fn has(&self, column: usize) -> bool {
        self.cells.columns[column].place.is_some()
    }

    /// Says something about the cell of `column`.
    pub fn note(&mut self, column: usize, rule: Rule) {
        let kept = &self.cells.columns[column];
        let value = if self.sheet.columns[column].meaning == Meaning::Person { "" } else { kept.raw.trim() };
        self.note_showing(column, value, rule);
    }

    /// Says something about `column` showing `value` instead of the cell.
    pub fn note_showing(&mut self, column: usize, value: &str, rule: Rule) {
        if !self.cells.columns[column].is_spoilt {
            let place = Place::line(self.sheet.file, self.number).column(self.sheet.columns[column].name);
            self.findings.add(place, value, rule);
        }
    }

    /// Complains where a cell of a column that is there is empty.
    pub fn need(&mut self, column: usize) {
        if self.cell(column).is_none() && self.has(column) {
            self.note_showing(column, "", Rule::MayNotBeEmpty);
        }
    }

    /// A cell that identifies something: not empty, at most `most` characters, one line, nothing invisible, no `|`.
    pub fn code(&mut self, column: usize, most: usize) -> Option<String> {
        self.need(column);
        self.code_or_none(column, most)
    }

    /// As [`Line::code`], but the cell may be empty.
    pub fn code_or_none(&mut self, column: usize, most: usize) -> Option<String> {
        let cell = self.cell(column)?;
        let rule = if cell.chars().any(is_invisible) {
            Rule::Invisible
        } else if cell.contains('|') {
            Rule::Pipe
        } else if cell.chars().count() > most {
            Rule::TooLong { most }
        } else {
            return Some(cell.to_owned());
        };
        self.note(column, rule);
        None
    }

    /// A word of a closed set, whatever its capitals, spaces and hyphens.
    pub fn word<T>(&mut self, column: usize, set: impl Iterator<Item = (&'static str, T)>) -> Option<T> {
        let cell = self.cell(column)?;
        let plain: String = cell.to_lowercase().split([' ', '-', '_']).collect::<Vec<_>>().join("_");
        let mut known = Vec::new();
        for (slug, value) in set {
            if slug == plain {
                if slug != cell {
                    self.note(column, Rule::LetterCase);
                }
                return Some(value);
            }
            known.push(slug);
        }
        self.note(column, Rule::NotOneOf { known: known.join(", ") });
        None
    }

    /// A text cell that may be empty: at most `most` characters; line breaks and tabs become spaces.
    pub fn text(&mut self, column: usize, most: usize) -> Option<String> {
        let text = self.cell(column)?.split_whitespace().collect::<Vec<_>>().join(" ");
        let rule = if text.chars().any(char::is_control) {
            Rule::Control
        } else if text.chars().count() > most {
            Rule::TooLong { most }
        } else {
            return Some(text);
        };
        self.note(column, rule);
        None
    }
}

/// Characters that make two equal-looking values differ, or break a line.
fn is_invisible(c: char) -> bool {
    c.is_control() || cells::is_unseen(c) || matches!(c, '\u{2028}' | '\u{2029}')
}

/// Part of a door's or person's line, made fit to be shown as one value.
pub(super) fn joined(parts: [&str; 3]) -> String {
    shown(&parts.join("-"))
}
