//! `doorknock export`: data out to standard output or into a file.

use std::io::{ErrorKind, IsTerminal, Write, stderr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;

use super::base::{Base, Common, operator, remark, survey};
use super::step;
use super::whole::{Draft, For, Old};
use crate::export::{Export, Format, Kind};
use crate::store::Disclosure;
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
    /// File to write, whole or not at all, for its owner alone [default: standard output]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Write over a file of that name
    #[arg(long, requires = "out")]
    replace: bool,
}

impl What {
    fn kind(self) -> Kind {
        match self {
            Self::Cases => Kind::Cases,
            Self::Visits => Kind::Visits,
            Self::Households => Kind::Households,
            Self::Persons => Kind::Persons,
        }
    }
}

impl How {
    fn format(self) -> Format {
        match self {
            Self::Csv => Format::Csv,
            Self::Geojson => Format::GeoJson,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Csv => "CSV",
            Self::Geojson => "GeoJSON",
        }
    }
}

/// Writes the export piece by piece and says at the end what that was.
pub(super) fn run(common: &Common, args: &ExportArgs) -> Result<ExitCode> {
    let args = args.clone();
    if let Some(file) = &args.out {
        ensure!(
            args.replace || file.symlink_metadata().is_err(),
            "{} exists already; --replace writes over it",
            file.display()
        );
    }
    Base::open(common)?.run(async move |ingest| {
        let survey = survey(&ingest, args.survey.as_deref()).await?;
        let range = match &args.area {
            None => ingest.store.whole(survey.key).await?,
            Some(code) => {
                let found = ingest.store.areas(survey.key, Areas::One(code.clone())).await?;
                found.first().with_context(|| format!("the survey has no area {code:?}"))?.range
            }
        };
        let (kind, format) = (args.kind.kind(), args.format.format());
        let read = Disclosure::Export { kind: kind.word(), format: format.ending(), area: args.area.clone() };
        let witness = ingest.store.witness(&operator(survey.key), read, Timestamp::now()).await?;
        let export = Export::new(witness, ingest.store.clone(), survey, range, kind, format);
        let (what, how) = (kind.word(), args.format.word());
        let (rows, place) = match &args.out {
            Some(file) => (to_file(export, file, args.replace, what).await?, file.display().to_string()),
            None => match to_reader(export, what).await? {
                Some(rows) => (rows, "standard output".to_owned()),
                // The reader has seen enough.
                None => return Ok(ExitCode::SUCCESS),
            },
        };
        remark(format!("{rows} {what} written to {place} as {how}"));
        Ok(ExitCode::SUCCESS)
    })
}

/// Writes a file that is there whole or not at all; how many rows it has.
async fn to_file(mut export: Export, file: &Path, replace: bool, what: &str) -> Result<u64> {
    let (mut draft, bar) = (Draft::of(file, For::Owner)?, Bar::of(what, true));
    while let Some(piece) = export.next().await? {
        draft.write_all(piece.as_bytes()).with_context(|| format!("{} cannot be written", file.display()))?;
        bar.shows(&export);
    }
    step::done("export: written");
    draft.finish(if replace { Old::Replaced } else { Old::Kept })?;
    Ok(export.rows())
}

/// Writes to standard output; `None` when its reader went away.
async fn to_reader(mut export: Export, what: &str) -> Result<Option<u64>> {
    let (mut out, bar) = (std::io::stdout().lock(), Bar::of(what, !std::io::stdout().is_terminal()));
    loop {
        let piece = export.next().await.context("what was written so far is not all")?;
        let Some(piece) = piece else { break };
        match out.write_all(piece.as_bytes()).and_then(|()| out.flush()) {
            Ok(()) => bar.shows(&export),
            Err(error) if error.kind() == ErrorKind::BrokenPipe => return Ok(None),
            Err(error) => {
                return Err(error).context("standard output cannot be written; what is there is not all");
            }
        }
    }
    Ok(Some(export.rows()))
}

/// Rows so far, on a terminal.
struct Bar(ProgressBar);

impl Bar {
    /// Rows and bar must not run through each other: a bar has its terminal alone.
    fn of(what: &str, is_alone: bool) -> Self {
        if !stderr().is_terminal() || !is_alone {
            return Self(ProgressBar::hidden());
        }
        let style = ProgressStyle::with_template("{spinner} {pos} {msg} ({elapsed})")
            .unwrap_or_else(|_| ProgressStyle::default_spinner());
        Self(ProgressBar::new_spinner().with_style(style).with_message(what.to_owned()))
    }

    fn shows(&self, export: &Export) {
        self.0.set_position(export.rows());
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
