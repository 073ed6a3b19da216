//! Comma-separated rows with true line numbers: every row knows the line it starts on, whatever the line ends, blank
//! lines and quoted line breaks before it. Splits and decodes only; knows no column.

use std::io::{self, BufRead, BufReader, Read};

/// Longest row in bytes; a quote that is never closed would otherwise swallow the file.
const ROW_LIMIT: usize = 256 * 1024;
/// Most cells in one row.
const CELL_LIMIT: usize = 1_000;

/// Why the rest of a file cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum RowError {
    /// Bytes that are no UTF-8, on this line.
    #[error("line {line} is not UTF-8")]
    NotUtf8 {
        /// The first such line.
        line: u64,
    },
    /// A row longer than the limit, or a quote opened on this line and never closed.
    #[error("the row of line {line} has no end")]
    Endless {
        /// Where the row starts.
        line: u64,
    },
    /// Something other than a comma after a closing quote.
    #[error("text after a closing quote on line {line}")]
    AfterQuote {
        /// Where it stands.
        line: u64,
    },
    /// The disk failed.
    #[error("cannot be read")]
    Io(#[from] io::Error),
}

/// One row: its cells, and the line it starts on.
#[derive(Debug, Default)]
pub struct Row {
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

    /// Whether every cell is empty or blank: what a spreadsheet leaves at the end.
    pub fn is_blank(&self) -> bool {
        self.text.chars().all(char::is_whitespace)
    }
}

/// Where the splitter stands between two characters.
#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    CellStart,
    Plain,
    Quoted,
    QuoteInQuoted,
}

/// Reads rows from bytes.
pub struct Rows<R: Read> {
    input: BufReader<R>,
    raw: Vec<u8>,
    line: u64,
    bytes: u64,
}

impl<R: Read> Rows<R> {
    /// Starts at the first line; a byte order mark is skipped.
    pub fn new(input: R) -> Self {
        Self { input: BufReader::with_capacity(1 << 16, input), raw: Vec::new(), line: 0, bytes: 0 }
    }

    /// Bytes read so far.
    pub fn bytes(&self) -> u64 {
        self.bytes
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
                    At::CellStart | At::Plain | At::QuoteInQuoted => Ok(false),
                };
            };
            if at == At::CellStart {
                if self.raw.iter().all(|b| matches!(b, b'\r' | b'\n')) {
                    continue;
                }
                row.line = self.line;
            }
            size += read;
            let text = std::str::from_utf8(&self.raw).map_err(|_| RowError::NotUtf8 { line: self.line })?;
            at = split(text, at, row).ok_or(RowError::AfterQuote { line: self.line })?;
            if at != At::Quoted {
                row.ends.push(row.text.len());
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
        let read = self.input.by_ref().take(limit + 1).read_until(b'\n', &mut self.raw)?;
        if read == 0 {
            return Ok(None);
        }
        self.line += 1;
        self.bytes += u64::try_from(read).unwrap_or(0);
        if read > ROW_LIMIT {
            return Err(RowError::Endless { line: self.line });
        }
        if self.line == 1 && self.raw.starts_with(b"\xef\xbb\xbf") {
            self.raw.drain(..3);
        }
        Ok(Some(read))
    }
}

/// Splits one physical line into `row`, from state `at`; `None` for text after a closing quote. The line's own end
/// belongs to the cell only inside quotes, where it becomes a plain line feed.
fn split(line: &str, mut at: At, row: &mut Row) -> Option<At> {
    let body = line.trim_end_matches(['\r', '\n']);
    for c in body.chars() {
        at = match (at, c) {
            (At::CellStart, '"') => At::Quoted,
            (At::CellStart | At::Plain | At::QuoteInQuoted, ',') => {
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
            (At::CellStart | At::Plain, c) => {
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
    use super::{Row, RowError, Rows};

    fn all(bytes: &[u8]) -> Result<Vec<(u64, Vec<String>)>, RowError> {
        let (mut rows, mut row, mut out) = (Rows::new(bytes), Row::default(), Vec::new());
        while rows.next_into(&mut row)? {
            let cells = (0..row.len()).filter_map(|i| row.cell(i)).map(str::to_owned).collect();
            out.push((row.line, cells));
        }
        Ok(out)
    }

    fn row(line: u64, cells: &[&str]) -> (u64, Vec<String>) {
        (line, cells.iter().map(|&c| c.to_owned()).collect())
    }

    #[test]
    fn every_row_knows_its_line() {
        let cases: [(&[u8], Vec<_>); 8] = [
            (b"a,b\n1,2\n", vec![row(1, &["a", "b"]), row(2, &["1", "2"])]),
            (
                b"\xef\xbb\xbfa,b\r\n1,2\r\n\r\n3,4",
                vec![row(1, &["a", "b"]), row(2, &["1", "2"]), row(4, &["3", "4"])],
            ),
            (b"\"a\nb\",c\nd,e", vec![row(1, &["a\nb", "c"]), row(3, &["d", "e"])]),
            (b"\"a\r\nb\",c\r\nd,\r\n", vec![row(1, &["a\nb", "c"]), row(3, &["d", ""])]),
            (b"\"x \"\"y\"\", z\",\"\",a\"b\n", vec![row(1, &["x \"y\", z", "", "a\"b"])]),
            (b"", vec![]),
            (b"\n\n,\n", vec![row(3, &["", ""])]),
            (b"\"a\" ,b", vec![row(1, &["a", "b"])]),
        ];
        for (bytes, expected) in cases {
            assert_eq!(all(bytes).unwrap(), expected, "{:?}", String::from_utf8_lossy(bytes));
        }
    }

    #[test]
    fn what_cannot_be_read_names_its_line() {
        assert!(matches!(all(b"a,b\n1,\xc7\xf8\n"), Err(RowError::NotUtf8 { line: 2 })));
        assert!(matches!(all(b"a\n\"b\nc\n"), Err(RowError::Endless { line: 2 })));
        assert!(matches!(all(b"a\n\"b\"c\n"), Err(RowError::AfterQuote { line: 2 })));
        let endless = [b"a\n\"".as_slice(), &b"x,\n".repeat(200_000)].concat();
        assert!(matches!(all(&endless), Err(RowError::Endless { line: 2 })));
        assert!(matches!(all(&b"y".repeat(300_000)), Err(RowError::Endless { line: 1 })));
    }
}
