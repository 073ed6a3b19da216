//! Data out: cases, visits, households, persons as CSV or GeoJSON, and answers to forms, page by page so that no survey is too large.
//!
//! Never a citizen ID, not even its hash. Text cells that a spreadsheet would run are made harmless.

pub mod forms;
mod table;

use crate::domain::{AreaRange, CaseId};
use crate::store::case::{CasePlace, CaseRow};
use crate::store::detail::Detail;
use crate::store::{Error, Store, Witness};
use crate::surveys::Survey;

pub use table::Cell;

/// What is exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One row per case.
    Cases,
    /// One row per visit.
    Visits,
    /// One row per interview in force.
    Households,
    /// One row per person of the interviews in force.
    Persons,
}

impl Kind {
    /// The words on the wire.
    pub const WORDS: [&'static str; 4] = ["cases", "visits", "households", "persons"];

    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Cases => "cases",
            Self::Visits => "visits",
            Self::Households => "households",
            Self::Persons => "persons",
        }
    }

    /// Reads the word.
    pub fn of(word: &str) -> Option<Self> {
        match word {
            "cases" => Some(Self::Cases),
            "visits" => Some(Self::Visits),
            "households" => Some(Self::Households),
            "persons" => Some(Self::Persons),
            _ => None,
        }
    }
}

/// How it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// RFC 4180 with a byte order mark, so that spreadsheets read it as UTF-8.
    Csv,
    /// RFC 7946, a feature per row, at the door's position.
    GeoJson,
}

impl Format {
    /// Reads the ending of a file name.
    pub fn of(ending: &str) -> Option<Self> {
        match ending {
            "csv" => Some(Self::Csv),
            "geojson" => Some(Self::GeoJson),
            _ => None,
        }
    }

    /// The ending of its files.
    pub fn ending(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::GeoJson => "geojson",
        }
    }

    /// Its media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::GeoJson => "application/geo+json",
        }
    }
}

/// Cases read at once.
const PAGE: i64 = 500;

/// One line of CSV from texts, without its line end; what a spreadsheet would run is made harmless.
pub fn csv_line(texts: &[String]) -> String {
    let cells: Vec<Cell> = texts.iter().map(|t| Cell::Text(t.clone())).collect();
    let mut line = String::new();
    table::push_csv(&mut line, &cells);
    line.truncate(line.trim_end().len());
    line
}

/// An export under way.
pub struct Export {
    witness: Witness,
    store: Store,
    survey: std::sync::Arc<Survey>,
    range: AreaRange,
    kind: Kind,
    format: Format,
    after: Option<CasePlace>,
    is_begun: bool,
    rows: u64,
}

impl Export {
    /// Of all cases in a range of areas, before the witness of this export.
    pub fn new(
        witness: Witness,
        store: Store,
        survey: std::sync::Arc<Survey>,
        range: AreaRange,
        kind: Kind,
        format: Format,
    ) -> Self {
        let after = Some(CasePlace::START);
        Self { witness, store, survey, range, kind, format, after, is_begun: false, rows: 0 }
    }

    /// Rows written so far.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// The next piece of the file; `None` at its end.
    pub async fn next(&mut self) -> Result<Option<String>, Error> {
        let Some(after) = self.after else { return Ok(None) };
        let rows = self.store.list_cases(self.survey.key, self.range, None, after, PAGE).await?;
        let is_last = i64::try_from(rows.len()).is_ok_and(|n| n < PAGE);
        self.after = rows.last().filter(|_| !is_last).map(CasePlace::of);
        let mut piece = String::new();
        if !self.is_begun {
            self.is_begun = true;
            piece.push_str(&self.head());
        }
        let detail = self.detail(&rows).await?;
        for (row, cells) in table::rows(self.kind, &rows, &detail) {
            match self.format {
                Format::Csv => table::push_csv(&mut piece, &cells),
                Format::GeoJson => {
                    piece.push_str(if self.rows > 0 { ",\n" } else { "\n" });
                    table::push_feature(&mut piece, table::columns(self.kind), &cells, row.position);
                }
            }
            self.rows += 1;
        }
        if self.after.is_none() && self.format == Format::GeoJson {
            piece.push_str("\n]}\n");
        }
        Ok(Some(piece))
    }

    fn head(&self) -> String {
        match self.format {
            Format::Csv => {
                let mut head = String::from("\u{feff}");
                let cells: Vec<Cell> =
                    table::columns(self.kind).iter().map(|c| Cell::Text((*c).to_owned())).collect();
                table::push_csv(&mut head, &cells);
                head
            }
            Format::GeoJson => "{\"type\":\"FeatureCollection\",\"features\":[".to_owned(),
        }
    }

    async fn detail(&self, rows: &[CaseRow]) -> Result<Detail, Error> {
        if self.kind == Kind::Cases || rows.is_empty() {
            return Ok(Detail::default());
        }
        let ids: Vec<CaseId> = rows.iter().map(|r| r.id).collect();
        self.store.detail(&self.witness, self.survey.key, &ids).await
    }
}
