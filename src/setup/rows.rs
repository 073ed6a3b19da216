//! Separated rows with true line numbers: every row knows the line it starts on, whatever blank lines and quoted line
//! breaks came before it. Splits only; knows no column.

use super::text::NotDecoded;
use std::io::{self, BufRead, Read};

/// Longest row in bytes; a quote that is never closed would otherwise swallow the file.
const ROW_LIMIT: usize = 256 * 1024;
/// Most cells in one row.
const CELL_LIMIT: usize = 1_000;

/// Why the rest of a file cannot be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum RowError {
    /// Bytes that are no text, on this line.
    #[error("line {line} is not text of the file's encoding")]
    NotText {
        /// The first such line.
        line: u64,
    },
    /// A row longer than the limit, or a quote opened on this line and never closed.
    #[error("the row of line {line} has no end")]
    Endless {
        /// Where the row starts.
        line: u64,
    },
    /// Something other than a separator after a closing quote.
    #[error("text after a closing quote on line {line}")]
    AfterQuote {
        /// Where it stands.
        line: u64,
        /// Where the row starts.
        opened: u64,
    },
    /// The disk failed.
    #[error("cannot be read")]
    Io(#[from] io::Error),
}

/// One row: its cells, and the line it starts on.
#[derive(Debug, Default)]
pub(super) struct Row {
    text: String,
    ends: Vec<usize>,
    /// Line of the first cell, from 1.
    pub line: u64,
}

impl Row {
    /// Number of cells.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// The cell at `index` as written, `None` past the end.
    pub fn cell(&self, index: usize) -> Option<&str> {
        let end = *self.ends.get(index)?;
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        Some(&self.text[start..end])
    }

    /// Every cell as written.
    pub fn cells(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).filter_map(|index| self.cell(index))
    }

    /// Whether every cell is empty, blank or a drawn line: what a spreadsheet or a console leaves around its rows.
    pub fn is_blank(&self) -> bool {
        let nothing = |c: char| c.is_whitespace() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}');
        let drawn = |c: char| nothing(c) || matches!(c, '-' | '+' | '=' | '|' | ':');
        let is_drawn = || self.cells().any(|cell| cell.contains("---") || cell.contains("==="));
        self.text.chars().all(nothing) || (self.text.chars().all(drawn) && is_drawn())
    }

    /// Only the first `width` cells remain.
    pub fn cut(&mut self, width: usize) {
        self.ends.truncate(width);
        self.text.truncate(self.ends.last().copied().unwrap_or_default());
    }

    /// Splits the only cell of a row once more: a line that was quoted as a whole.
    fn unwrap(&mut self, separator: char) -> Result<(), RowError> {
        if self.len() != 1 {
            return Ok(());
        }
        let whole = std::mem::take(&mut self.text);
        self.ends.clear();
        let at = split(&whole, At::CellStart, separator, self);
        self.ends.push(self.text.len());
        match at {
            Some(At::Quoted) => Err(RowError::Endless { line: self.line }),
            Some(_) => Ok(()),
            None => Err(RowError::AfterQuote { line: self.line, opened: self.line }),
        }
    }
}

/// How rows are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Form {
    /// What stands between two cells.
    pub separator: char,
    /// Whether every line stands in quotes as a whole.
    pub is_wrapped: bool,
}

/// Where the splitter stands between two characters.
#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    CellStart,
    /// Only blanks so far: a quote may still open.
    Blank,
    Plain,
    Quoted,
    QuoteInQuoted,
}

/// Reads rows from text whose lines end in line feeds.
pub(super) struct Rows<B> {
    /// The text.
    pub input: B,
    form: Form,
    raw: Vec<u8>,
    line: u64,
}

impl<B: BufRead> Rows<B> {
    /// Starts at the first line.
    pub fn new(input: B, form: Form) -> Self {
        Self { input, form, raw: Vec::new(), line: 0 }
    }

    /// Goes on past the line numbered `line`.
    pub fn skip_to(&mut self, line: u64) -> Result<(), RowError> {
        while self.line < line && self.read_line()?.is_some() {}
        Ok(())
    }

    /// The next row that is not an empty line, into `row`; `false` at the end of the file.
    pub fn next_into(&mut self, row: &mut Row) -> Result<bool, RowError> {
        row.text.clear();
        row.ends.clear();
        let mut at = At::CellStart;
        let mut size = 0;
        loop {
            let Some(read) = self.read_line()? else {
                return match at {
                    At::Quoted => Err(RowError::Endless { line: row.line }),
                    At::CellStart | At::Blank | At::Plain | At::QuoteInQuoted => Ok(false),
                };
            };
            if at == At::CellStart {
                if self.raw == b"\n" {
                    continue;
                }
                row.line = self.line;
            }
            size += read;
            let text = std::str::from_utf8(&self.raw).map_err(|_| RowError::NotText { line: self.line })?;
            let (line, opened) = (self.line, row.line);
            at = split(text, at, self.form.separator, row).ok_or(RowError::AfterQuote { line, opened })?;
            if at != At::Quoted {
                row.ends.push(row.text.len());
                if self.form.is_wrapped {
                    row.unwrap(self.form.separator)?;
                }
                return Ok(true);
            }
            if size > ROW_LIMIT || row.ends.len() > CELL_LIMIT {
                return Err(RowError::Endless { line: row.line });
            }
        }
    }

    /// Reads one physical line into `raw`; its length, or `None` at the end.
    fn read_line(&mut self) -> Result<Option<usize>, RowError> {
        self.raw.clear();
        let limit = u64::try_from(ROW_LIMIT).unwrap_or(u64::MAX);
        let read = self.input.by_ref().take(limit + 1).read_until(b'\n', &mut self.raw);
        let read = read.map_err(|error| match error.get_ref() {
            Some(inner) if inner.is::<NotDecoded>() => RowError::NotText { line: self.line + 1 },
            Some(_) | None => RowError::Io(error),
        })?;
        if read == 0 {
            return Ok(None);
        }
        self.line += 1;
        if read > ROW_LIMIT {
            return Err(RowError::Endless { line: self.line });
        }
        Ok(Some(read))
    }
}

/// Splits one physical line into `row`, from state `at`; `None` for text after a closing quote. The line's own end
/// belongs to the cell only inside quotes, where it stays a line feed.
fn split(line: &str, mut at: At, separator: char, row: &mut Row) -> Option<At> {
    let body = line.strip_suffix('\n').unwrap_or(line);
    for c in body.chars() {
        at = match (at, c) {
            (At::CellStart, '"') => At::Quoted,
            (At::Blank, '"') => {
                row.text.truncate(row.ends.last().copied().unwrap_or_default());
                At::Quoted
            }
            (At::CellStart | At::Blank | At::Plain | At::QuoteInQuoted, c) if c == separator => {
                row.ends.push(row.text.len());
                At::CellStart
            }
            (At::QuoteInQuoted, '"') => {
                row.text.push('"');
                At::Quoted
            }
            (At::QuoteInQuoted, c) if c.is_whitespace() => At::QuoteInQuoted,
            (At::QuoteInQuoted, _) => return None,
            (At::Quoted, '"') => At::QuoteInQuoted,
            (At::Quoted, c) => {
                row.text.push(c);
                At::Quoted
            }
            (At::CellStart | At::Blank, c) if c.is_whitespace() => {
                row.text.push(c);
                At::Blank
            }
            (At::CellStart | At::Blank | At::Plain, c) => {
                row.text.push(c);
                At::Plain
            }
        };
    }
    if at == At::Quoted && body.len() < line.len() {
        row.text.push('\n');
    }
    Some(at)
}

#[cfg(test)]
mod tests {
    use super::{Form, Row, RowError, Rows};

    fn rows_of(text: &str, separator: char, is_wrapped: bool) -> Result<Vec<(u64, Vec<String>)>, RowError> {
        let form = Form { separator, is_wrapped };
        let (mut rows, mut row, mut out) = (Rows::new(text.as_bytes(), form), Row::default(), Vec::new());
        while rows.next_into(&mut row)? {
            out.push((row.line, row.cells().map(str::to_owned).collect()));
        }
        Ok(out)
    }

    fn all(text: &str) -> Result<Vec<(u64, Vec<String>)>, RowError> {
        rows_of(text, ',', false)
    }

    fn row(line: u64, cells: &[&str]) -> (u64, Vec<String>) {
        (line, cells.iter().map(|&c| c.to_owned()).collect())
    }

    #[test]
    fn every_row_knows_its_line() {
        for (text, expected) in [
            ("a,b\n1,2\n", vec![row(1, &["a", "b"]), row(2, &["1", "2"])]),
            ("a,b\n1,2\n\n3,4", vec![row(1, &["a", "b"]), row(2, &["1", "2"]), row(4, &["3", "4"])]),
            ("\"a\nb\",c\nd,e", vec![row(1, &["a\nb", "c"]), row(3, &["d", "e"])]),
            ("\"x \"\"y\"\", z\",\"\",a\"b\n", vec![row(1, &["x \"y\", z", "", "a\"b"])]),
            ("", vec![]),
            ("\n\n,\n", vec![row(3, &["", ""])]),
            ("\"a\" ,b", vec![row(1, &["a", "b"])]),
            ("a, \"b, c\",d", vec![row(1, &["a", "b, c", "d"])]),
            ("a,  b", vec![row(1, &["a", "  b"])]),
        ] {
            assert_eq!(all(text).unwrap(), expected, "{text:?}");
        }
        assert_eq!(rows_of("a\tb,c\n", '\t', false).unwrap(), [row(1, &["a", "b,c"])]);
        let wrapped = "\"a,b\"\n\"1,\"\"2, 3\"\"\"\n";
        assert_eq!(rows_of(wrapped, ',', true).unwrap(), [row(1, &["a", "b"]), row(2, &["1", "2, 3"])]);
    }

    #[test]
    fn what_cannot_be_read_names_its_line() {
        assert!(matches!(all("a\n\"b\nc\n"), Err(RowError::Endless { line: 2 })));
        assert!(matches!(all("a\n\"b\"c\n"), Err(RowError::AfterQuote { line: 2, opened: 2 })));
        assert!(matches!(all("a\n\"b\nd\"c\n"), Err(RowError::AfterQuote { line: 3, opened: 2 })));
        assert!(matches!(
            all(&["a\n\"", &"x,\n".repeat(200_000)].concat()),
            Err(RowError::Endless { line: 2 })
        ));
        assert!(matches!(all(&"y".repeat(300_000)), Err(RowError::Endless { line: 1 })));
    }

    #[test]
    fn rows_of_nothing_are_blank() {
        for (text, is_blank) in [
            (",,,", true),
            (" ,\u{a0},", true),
            ("----+-----", true),
            ("-,-,-,-,-", false),
            ("-", false),
            ("a,", false),
        ] {
            let mut row = Row::default();
            Rows::new(text.as_bytes(), Form { separator: ',', is_wrapped: false })
                .next_into(&mut row)
                .unwrap();
            assert_eq!(row.is_blank(), is_blank, "{text:?}");
        }
    }
}
