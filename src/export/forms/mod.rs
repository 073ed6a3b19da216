//! Answers out: what people said in a form, as a table for the form and one for each repeat, as JSON lines, or all of it in an
//! archive with a codebook and the forms themselves. Page by page, like every export.

mod archive;
mod rows;

use std::sync::Arc;

use crate::domain::AreaRange;
use crate::forms::FormModel;
use crate::forms::export::{Table, Tally, Values, tables};
use crate::store::answers::{AnswerPlace, AnswerRow, FIRST};
use crate::store::{Error, Store, Witness};
use crate::surveys::Survey;
use crate::visits::filled::{Now, Parts, now, part_ids};

use archive::Archive;
use rows::Style;

/// Submissions read at once.
const PAGE: i64 = 500;

/// What of a form's answers is taken out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// The table of the form itself, or that of a repeat by its name.
    Table(Option<String>),
    /// One object a line.
    Lines,
    /// Every table, the codebook and the forms.
    Archive,
}

impl What {
    /// What the ending of a form's file names.
    pub fn of(ending: &str) -> Option<Self> {
        match ending {
            "csv" => Some(Self::Table(None)),
            "jsonl" => Some(Self::Lines),
            "zip" => Some(Self::Archive),
            _ => None,
        }
    }

    /// The ending of its file.
    pub fn ending(&self) -> &'static str {
        match self {
            Self::Table(_) => "csv",
            Self::Lines => "jsonl",
            Self::Archive => "zip",
        }
    }

    /// Its media type.
    pub fn media_type(&self) -> &'static str {
        match self {
            Self::Table(_) => "text/csv; charset=utf-8",
            Self::Lines => "application/jsonl",
            Self::Archive => "application/zip",
        }
    }
}

/// How it is written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct How {
    /// Chosen answers as people read them, in this language; `None`: as stored.
    pub labels: Option<String>,
    /// Of questions with several answers a further column for each choice.
    pub is_split: bool,
}

/// Whose answers are taken out, and before which witness.
pub struct Source {
    /// That it is read stands in the audit log.
    pub witness: Witness,
    /// Where they are.
    pub store: Store,
    /// The survey.
    pub survey: Arc<Survey>,
    /// Areas.
    pub range: AreaRange,
    /// The form.
    pub form: String,
}

/// An export under way.
pub struct FormExport {
    reader: Reader,
    how: How,
    models: Vec<FormModel>,
    tables: Vec<Table>,
    work: Work,
    rows: u64,
}

enum Work {
    /// One table, from its head on.
    Table {
        table: usize,
        is_begun: bool,
    },
    Lines,
    Archive(Box<Archive>),
}

/// Reads the answers page by page.
struct Reader {
    source: Source,
    after: Option<AnswerPlace>,
}

impl Reader {
    /// The next submissions, each with its present standing; `None` at the end.
    async fn page(&mut self) -> Result<Option<Vec<(AnswerRow, Now)>>, Error> {
        let Some(after) = self.after else { return Ok(None) };
        let Source { witness, store, survey, range, form } = &self.source;
        let rows = store.form_answers(witness, survey.key, form, *range, after, PAGE).await?;
        let is_last = i64::try_from(rows.len()).is_ok_and(|n| n < PAGE);
        self.after = rows.last().filter(|_| !is_last).map(AnswerRow::place);
        let all: Vec<_> = rows.iter().map(|row| row.stood.clone()).collect();
        let parts = Parts::of(store.parts_now(survey.key, &part_ids(&all)).await?);
        let with_standing = |row: AnswerRow| {
            let now = now(&row.stood, &parts);
            (row, now)
        };
        Ok(Some(rows.into_iter().map(with_standing).collect()))
    }

    fn rewind(&mut self) {
        self.after = Some(FIRST);
    }
}

/// Counts the answers to a form; `None` where no version is published.
pub async fn tally(source: Source) -> Result<Option<Tally>, Error> {
    let models = source.store.form_models(source.survey.key, &source.form).await?;
    let tables = tables(&models.iter().collect::<Vec<_>>());
    let Some(mut tally) = tables.first().filter(|_| !models.is_empty()).map(Tally::of) else {
        return Ok(None);
    };
    let mut reader = Reader { source, after: Some(FIRST) };
    while let Some(page) = reader.page().await? {
        for (row, _) in &page {
            tally.add(&row.said());
        }
    }
    Ok(Some(tally))
}

impl FormExport {
    /// Begins; `None` where no version is published, or the form has no such repeat.
    pub async fn begin(source: Source, what: &What, how: How) -> Result<Option<Self>, Error> {
        let models = source.store.form_models(source.survey.key, &source.form).await?;
        if models.is_empty() {
            return Ok(None);
        }
        let tables = tables(&models.iter().collect::<Vec<_>>());
        let work = match what {
            What::Table(None) => Work::Table { table: 0, is_begun: false },
            What::Table(Some(repeat)) => {
                let found = tables.iter().position(|table| !table.repeat.is_empty() && table.name == *repeat);
                let Some(table) = found else { return Ok(None) };
                Work::Table { table, is_begun: false }
            }
            What::Lines => Work::Lines,
            What::Archive => Work::Archive(Box::default()),
        };
        let reader = Reader { source, after: Some(FIRST) };
        Ok(Some(Self { reader, how, models, tables, work, rows: 0 }))
    }

    /// Rows written so far; of an archive those of all its tables.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// The next piece of the file; `None` at its end.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>, Error> {
        let labels = self.how.labels.clone();
        let values = labels.as_deref().map_or(Values::Names, Values::Labels);
        let style = Style { values, is_split: self.how.is_split };
        match &mut self.work {
            Work::Table { table, is_begun } => {
                let table = &self.tables[*table];
                let mut piece = String::new();
                if !std::mem::replace(is_begun, true) {
                    rows::push_head(&mut piece, table, style);
                }
                let Some(page) = self.reader.page().await? else { return Ok(None) };
                self.rows += rows::push_rows(&mut piece, table, &page, style);
                Ok(Some(piece.into_bytes()))
            }
            Work::Lines => {
                let Some(page) = self.reader.page().await? else { return Ok(None) };
                let mut piece = String::new();
                for (row, now) in &page {
                    rows::push_line(&mut piece, row, now);
                }
                self.rows += page.len() as u64;
                Ok(Some(piece.into_bytes()))
            }
            Work::Archive(archive) => {
                let parts = archive::Parts { tables: &self.tables, models: &self.models, style };
                archive.next(&mut self.reader, &parts, &mut self.rows).await
            }
        }
    }
}
