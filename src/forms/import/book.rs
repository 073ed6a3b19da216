//! A spreadsheet as rows of texts, whatever it was made with: only the sheets of a form, only cells that say something.
//!
//! What people's spreadsheets bring along is put right here: byte order marks, line ends of other systems, curly quotes,
//! full-width colons in headers. Nothing is judged.

use std::collections::BTreeMap;

use super::package::FileKind;
use super::{ods, workbook};
use crate::domain::blank::is_blank;
use crate::forms::fault::Fault;
use crate::forms::limits;

/// The sheets that make a form.
pub const SHEETS: [&str; 5] = ["survey", "choices", "settings", "external_choices", "entities"];

/// A form's sheets by name; one that is missing or empty is not there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Book {
    /// By their names in small letters.
    pub sheets: BTreeMap<String, Sheet>,
    /// What was seen while reading.
    pub warnings: Vec<Fault>,
}

/// One sheet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sheet {
    /// Headers in their order, without blanks around them.
    pub headers: Vec<String>,
    /// Row number as the spreadsheet shows it, cells by header. Blank cells are left out.
    pub rows: Vec<(usize, BTreeMap<String, String>)>,
}

/// Cells of a sheet as a reader finds them: row and column from 0.
#[derive(Debug, Default)]
pub struct Cells {
    rows: BTreeMap<usize, BTreeMap<usize, String>>,
    count: usize,
    /// Rows whose formula brought no value along, with the column.
    formulas: Vec<(usize, usize)>,
}

impl Cells {
    /// Keeps a cell unless it is blank.
    pub fn put(&mut self, row: usize, column: usize, text: &str) -> Result<(), Fault> {
        if is_blank(text) {
            return Ok(());
        }
        self.count += 1;
        if self.count > limits::CELLS {
            return Err(Fault::new("the sheet has more than a million cells", "工作表超过一百万个单元格"));
        }
        self.rows.entry(row).or_default().insert(column, clean(text));
        Ok(())
    }

    /// Remembers a formula that has no value.
    pub fn formula(&mut self, row: usize, column: usize) {
        if self.formulas.len() < limits::FAULTS {
            self.formulas.push((row, column));
        }
    }
}

/// A cell's text as the form means it.
fn clean(text: &str) -> String {
    let trimmed = text.trim_matches(|c| c == '\u{feff}');
    let lines = trimmed.replace("\r\n", "\n").replace('\r', "\n");
    lines
        .chars()
        .map(|c| match c {
            '\u{2018}'..='\u{201b}' => '\'',
            '\u{201c}'..='\u{201f}' => '"',
            '\u{a0}' => ' ',
            other => other,
        })
        .collect()
}

/// Columns of two words, which people also write with a blank or with capitals.
const TWO_WORDS: [&str; 17] = [
    "constraint_message",
    "required_message",
    "guidance_hint",
    "choice_filter",
    "repeat_count",
    "read_only",
    "list_name",
    "form_title",
    "form_id",
    "default_language",
    "instance_name",
    "submission_url",
    "public_key",
    "save_to",
    "entity_id",
    "create_if",
    "update_if",
];

/// A header without blanks around it and around its colons; full-width colons are read as plain ones.
fn header(text: &str) -> String {
    let plain = text.replace('：', ":");
    let mut parts: Vec<String> = plain.split("::").map(|part| part.trim().to_owned()).collect();
    let snake = parts[0].split_whitespace().collect::<Vec<_>>().join("_").to_lowercase();
    if TWO_WORDS.contains(&snake.as_str()) {
        parts[0] = snake;
    }
    parts.join("::")
}

impl Book {
    /// The cells of a sheet, empty if it is not there.
    pub fn sheet(&self, name: &str) -> Sheet {
        self.sheets.get(name).cloned().unwrap_or_default()
    }

    /// A setting, by any of its names.
    pub fn setting(&self, names: &[&str]) -> Option<&str> {
        let (_, row) = self.sheets.get("settings")?.rows.first()?;
        let is_meant = |key: &str| names.contains(&key.to_lowercase().as_str());
        row.iter().find(|(key, _)| is_meant(key)).map(|(_, value)| value.trim())
    }

    /// Adds a sheet that was read.
    pub fn add(&mut self, name: &str, cells: &Cells) -> Result<(), Fault> {
        let most = if name == "survey" { limits::SURVEY_ROWS } else { limits::CHOICE_ROWS };
        if cells.rows.len() > most + 1 {
            return Err(Fault::new(
                format!("the sheet has more than {most} rows"),
                format!("工作表超过 {most} 行"),
            )
            .sheet(name));
        }
        let Some((first, head)) = cells.rows.iter().next() else { return Ok(()) };
        let headers: BTreeMap<usize, String> = head.iter().map(|(n, text)| (*n, header(text))).collect();
        check_headers(name, first + 1, &headers)?;
        for (row, column) in cells.formulas.iter().filter(|(row, _)| row > first) {
            let column = headers.get(column).map_or("", String::as_str);
            let fault = Fault::new(
                "the formula has no stored value and was read as empty; open and save the file in a spreadsheet program",
                "公式没有保存结果，按空白读取；请在电子表格软件中打开并保存",
            );
            self.warnings.push(fault.sheet(name).row(row + 1).column(column));
        }
        let mut sheet = Sheet { headers: headers.values().cloned().collect(), rows: Vec::new() };
        let mut is_told = false;
        for (row, found) in cells.rows.iter().skip(1) {
            let mut named = BTreeMap::new();
            for (column, text) in found {
                match headers.get(column) {
                    Some(header) => {
                        named.insert(header.clone(), text.clone());
                    }
                    None if !is_told => {
                        is_told = true;
                        let fault = Fault::new(
                            "there is a cell in a column without a header; it is not read",
                            "有单元格所在的列没有标题，未读取",
                        );
                        self.warnings.push(fault.sheet(name).row(row + 1));
                    }
                    None => {}
                }
            }
            if !named.is_empty() {
                sheet.rows.push((row + 1, named));
            }
        }
        self.sheets.insert(name.to_owned(), sheet);
        Ok(())
    }
}

fn check_headers(sheet: &str, row: usize, headers: &BTreeMap<usize, String>) -> Result<(), Fault> {
    let mut seen = std::collections::BTreeSet::new();
    for text in headers.values() {
        if !seen.insert(text.to_lowercase()) {
            return Err(Fault::new(
                "this header stands twice; remove or rename one of the columns",
                "标题重复；请删除或改名其中一列",
            )
            .sheet(sheet)
            .row(row)
            .column(text));
        }
    }
    Ok(())
}

/// Which of a workbook's sheets are wanted: their own names, and what a form calls them. A workbook's only sheet is `survey`.
pub fn wanted(names: &[String]) -> Vec<(String, &'static str)> {
    if let [only] = names {
        return vec![(only.clone(), "survey")];
    }
    let mut found = Vec::new();
    for wanted in SHEETS {
        if let Some(own) = names.iter().find(|own| own.trim().eq_ignore_ascii_case(wanted)) {
            found.push((own.clone(), wanted));
        }
    }
    found
}

/// Reads a spreadsheet that was looked at before.
pub fn read(bytes: &[u8], kind: FileKind) -> Result<Book, Fault> {
    let book = match kind {
        FileKind::Xlsx => workbook::read_xlsx(bytes),
        FileKind::Xls => workbook::read_xls(bytes),
        FileKind::Ods | FileKind::Xml => ods::read(bytes),
    }?;
    if book.sheets.contains_key("survey") {
        return Ok(book);
    }
    Err(Fault::new(
        "the workbook has no sheet 'survey' with a header row; see the example in docs/forms.md",
        "工作簿里没有带标题行的 survey 工作表；示例见 docs/forms.md",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn book(rows: &[(usize, usize, &str)]) -> Result<Book, Fault> {
        let (mut book, mut cells) = (Book::default(), Cells::default());
        for (row, column, text) in rows {
            cells.put(*row, *column, text)?;
        }
        book.add("survey", &cells)?;
        Ok(book)
    }

    #[test]
    fn a_row_keeps_the_number_that_people_see() {
        let book = book(&[
            (2, 0, " type "),
            (2, 1, "label：：中文 (zh)"),
            (9, 0, "text"),
            (9, 1, "\u{feff}“名”\r\n"),
        ]);
        let sheet = book.unwrap().sheet("survey");
        assert_eq!(sheet.headers, ["type", "label::中文 (zh)"]);
        assert_eq!(sheet.rows[0].0, 10);
        assert_eq!(sheet.rows[0].1["label::中文 (zh)"], "\"名\"\n");
    }

    #[test]
    fn a_header_that_stands_twice_is_a_fault_with_its_place() {
        let fault = book(&[(0, 0, "type"), (0, 2, "Type "), (1, 0, "text")]).unwrap_err();
        assert_eq!((fault.row, fault.column.as_deref()), (Some(1), Some("Type")));
    }

    #[test]
    fn blank_cells_far_away_cost_nothing() {
        let book = book(&[(0, 0, "type"), (1_048_575, 16_383, "\u{3000} ")]).unwrap();
        assert!(book.sheet("survey").rows.is_empty());
    }
}
