//! The archive: every table, the codebook and the forms, written as a stream of which nothing is kept.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use zip::write::{SimpleFileOptions, StreamWriter};
use zip::{CompressionMethod, ZipWriter};

use super::Reader;
use super::rows::{Style, push_head, push_line, push_rows};
use crate::export::csv_line;
use crate::forms::FormModel;
use crate::forms::export::{Table, codebook};
use crate::store::Error;

/// What has been written and not been handed on.
#[derive(Clone, Default)]
struct Pieces(Arc<Mutex<Vec<u8>>>);

impl Pieces {
    fn take(&self) -> Vec<u8> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What stands in the archive.
pub(super) struct Parts<'a> {
    pub tables: &'a [Table],
    pub models: &'a [FormModel],
    pub style: Style<'a>,
}

/// How far the writing has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// The head of this table.
    Head(usize),
    /// Rows of this table.
    Rows(usize),
    /// The answers with their types.
    Lines,
    Codebook,
    /// The form of this version.
    Form(usize),
    End,
    Done,
}

/// An archive under way.
pub(super) struct Archive {
    pieces: Pieces,
    writer: Option<ZipWriter<StreamWriter<Pieces>>>,
    step: Step,
    is_begun: bool,
}

impl Default for Archive {
    fn default() -> Self {
        let pieces = Pieces::default();
        let writer = Some(ZipWriter::new_stream(pieces.clone()));
        Self { pieces, writer, step: Step::Head(0), is_begun: false }
    }
}

fn broken<T>(done: Result<T, impl std::error::Error>) -> Result<T, Error> {
    done.map_err(|_| Error::Corrupt("archive"))
}

impl Archive {
    /// The next piece; `None` at the end. `rows` counts those of all tables.
    pub async fn next(
        &mut self,
        reader: &mut Reader,
        parts: &Parts<'_>,
        rows: &mut u64,
    ) -> Result<Option<Vec<u8>>, Error> {
        loop {
            if self.step == Step::Done {
                return Ok(None);
            }
            self.step = self.one(reader, parts, rows).await?;
            let piece = self.pieces.take();
            if !piece.is_empty() {
                return Ok(Some(piece));
            }
        }
    }

    async fn one(&mut self, reader: &mut Reader, parts: &Parts<'_>, rows: &mut u64) -> Result<Step, Error> {
        let form = reader.source.form.clone();
        match self.step {
            Step::Head(n) => {
                let table = &parts.tables[n];
                let name = if table.repeat.is_empty() { form } else { table.name.clone() };
                let mut head = String::new();
                push_head(&mut head, table, parts.style);
                reader.rewind();
                self.begin(&format!("{name}.csv"))?;
                self.write(head.as_bytes())?;
                Ok(Step::Rows(n))
            }
            Step::Rows(n) => {
                let Some(page) = reader.page().await? else {
                    let is_last = n + 1 == parts.tables.len();
                    return Ok(if is_last { Step::Lines } else { Step::Head(n + 1) });
                };
                let mut piece = String::new();
                *rows += push_rows(&mut piece, &parts.tables[n], &page, parts.style);
                self.write(piece.as_bytes())?;
                Ok(Step::Rows(n))
            }
            Step::Lines => {
                if !std::mem::replace(&mut self.is_begun, true) {
                    reader.rewind();
                    self.begin(&format!("{form}.jsonl"))?;
                }
                let Some(page) = reader.page().await? else { return Ok(Step::Codebook) };
                let mut piece = String::new();
                for (row, now) in &page {
                    push_line(&mut piece, row, now);
                }
                self.write(piece.as_bytes())?;
                Ok(Step::Lines)
            }
            Step::Codebook => {
                let book = codebook(&parts.models.iter().collect::<Vec<_>>());
                self.begin("codebook.csv")?;
                self.write("\u{feff}".as_bytes())?;
                for row in std::iter::once(&book.header).chain(&book.rows) {
                    self.write(format!("{}\r\n", csv_line(row)).as_bytes())?;
                }
                Ok(Step::Form(0))
            }
            Step::Form(n) => {
                let Some(model) = parts.models.get(n) else { return Ok(Step::End) };
                let (store, key) = (&reader.source.store, reader.source.survey.key);
                if let Some(xform) = store.xform(key, &form, &model.version).await? {
                    self.begin(&format!("forms/{}.xml", model.version.replace('\\', "_")))?;
                    self.write(&xform.text)?;
                }
                Ok(Step::Form(n + 1))
            }
            Step::End => {
                if let Some(writer) = self.writer.take() {
                    broken(writer.finish())?;
                }
                Ok(Step::Done)
            }
            Step::Done => Ok(Step::Done),
        }
    }

    fn begin(&mut self, name: &str) -> Result<(), Error> {
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
        match &mut self.writer {
            Some(writer) => broken(writer.start_file(name, options)),
            None => Err(Error::Corrupt("archive")),
        }
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        match &mut self.writer {
            Some(writer) => broken(writer.write_all(bytes)),
            None => Err(Error::Corrupt("archive")),
        }
    }
}
