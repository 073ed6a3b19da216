//! `doorknock export`: data out to standard output.

use std::io::{ErrorKind, Write};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};

use super::base::{Base, Common, survey};
use crate::export::{Export, Format, Kind};
use crate::store::survey::Areas;

/// What to export.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum What {
    Cases,
    Visits,
    Households,
    Persons,
}

/// How to write it.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum How {
    Csv,
    Geojson,
}

/// Arguments of `export`.
#[derive(Args, Clone, Debug)]
pub(super) struct ExportArgs {
    /// What to export
    kind: What,
    /// How to write it
    #[arg(long, value_enum, default_value = "csv")]
    format: How,
    /// Area whose subtree is exported [default: the whole survey]
    #[arg(long, value_name = "CODE")]
    area: Option<String>,
    /// Survey, when there are several
    #[arg(long, value_name = "ID")]
    survey: Option<String>,
}

/// Writes the export piece by piece.
pub(super) fn run(common: &Common, args: &ExportArgs) -> Result<ExitCode> {
    let args = args.clone();
    Base::open(common)?.run(async move |ingest| {
        let survey = survey(&ingest, args.survey.as_deref()).await?;
        let range = match &args.area {
            None => (i32::MIN, i32::MAX),
            Some(code) => {
                let found = ingest.store.areas(survey.key, Areas::One(code.clone())).await?;
                found.first().with_context(|| format!("the survey has no area {code:?}"))?.range
            }
        };
        let kind = match args.kind {
            What::Cases => Kind::Cases,
            What::Visits => Kind::Visits,
            What::Households => Kind::Households,
            What::Persons => Kind::Persons,
        };
        let format = match args.format {
            How::Csv => Format::Csv,
            How::Geojson => Format::GeoJson,
        };
        let mut export = Export::new(ingest.store.clone(), survey, range, kind, format);
        let mut out = std::io::stdout().lock();
        while let Some(piece) = export.next().await? {
            match out.write_all(piece.as_bytes()) {
                Ok(()) => {}
                // The reader has seen enough.
                Err(error) if error.kind() == ErrorKind::BrokenPipe => break,
                Err(error) => return Err(error).context("standard output cannot be written"),
            }
        }
        Ok(ExitCode::SUCCESS)
    })
}
