//! `doorknock export`: data out to standard output or into a file.

use std::io::{ErrorKind, IsTerminal, Write, stderr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Result, bail, ensure};
use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;

use super::base::{Base, Common, operator, remark, survey};
use super::step;
use super::whole::{Draft, For, Old};
use crate::domain::AreaRange;
use crate::export::forms::{self, FormExport};
use crate::export::{Export, Format, Kind};
use crate::ingest::Ingest;
use crate::store::survey::Areas;
use crate::store::{self, Disclosure};
use crate::surveys::Survey;

/// What to export.
#[derive(Clone, Debug, PartialEq, Eq)]
enum What {
    /// Rows of the survey's own kinds.
    Kind(Kind),
    /// Answers to a form, or those in one of its repeats.
    Form(String, Option<String>),
}

/// How to write it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum How {
    Csv,
    Geojson,
    Jsonl,
    Zip,
}

/// Arguments of `export`.
#[derive(Args, Clone, Debug)]
pub(super) struct ExportArgs {
    /// What to export: cases, visits, households, persons, forms/ID or forms/ID/REPEAT
    #[arg(value_parser = what)]
    kind: What,
    /// How to write it: csv or geojson; of forms csv, jsonl or zip
    #[arg(long, value_enum, default_value = "csv")]
    format: How,
    /// Area whose subtree is exported [default: the whole survey]
    #[arg(long, value_name = "CODE")]
    area: Option<String>,
    /// Of forms: choices as people read them, in this language [default: as stored]
    #[arg(long, value_name = "LANGUAGE")]
    labels: Option<String>,
    /// Of forms: a further column for each choice where several may be chosen
    #[arg(long)]
    split: bool,
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

fn what(word: &str) -> Result<What, String> {
    if let Some(form) = word.strip_prefix("forms/").filter(|form| !form.is_empty()) {
        let (id, repeat) =
            form.split_once('/').map_or((form, None), |(id, repeat)| (id, Some(repeat.to_owned())));
        return Ok(What::Form(id.to_owned(), repeat));
    }
    Kind::of(word).map(What::Kind).ok_or_else(|| format!("known are {} and forms/ID", Kind::WORDS.join(", ")))
}

impl How {
    fn word(self) -> &'static str {
        match self {
            Self::Csv => "CSV",
            Self::Geojson => "GeoJSON",
            Self::Jsonl => "JSON lines",
            Self::Zip => "a zip archive",
        }
    }
}

/// An export under way, whatever it is of.
enum Work {
    Rows(Box<Export>),
    Answers(Box<FormExport>),
}

impl Work {
    async fn next(&mut self) -> Result<Option<Vec<u8>>, store::Error> {
        match self {
            Self::Rows(export) => Ok(export.next().await?.map(String::into_bytes)),
            Self::Answers(export) => export.next().await,
        }
    }

    fn rows(&self) -> u64 {
        match self {
            Self::Rows(export) => export.rows(),
            Self::Answers(export) => export.rows(),
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
        let (export, what) = match &args.kind {
            What::Kind(kind) => (rows_of(&ingest, survey, range, *kind, &args).await?, kind.word()),
            What::Form(id, repeat) => {
                (answers_of(&ingest, survey, range, (id, repeat.as_deref()), &args).await?, "rows of answers")
            }
        };
        let (rows, place) = match &args.out {
            Some(file) => (to_file(export, file, args.replace, what).await?, file.display().to_string()),
            None => match to_reader(export, what).await? {
                Some(rows) => (rows, "standard output".to_owned()),
                // The reader has seen enough.
                None => return Ok(ExitCode::SUCCESS),
            },
        };
        remark(format!("{rows} {what} written to {place} as {}", args.format.word()));
        Ok(ExitCode::SUCCESS)
    })
}

async fn rows_of(
    ingest: &Ingest,
    survey: Arc<Survey>,
    range: AreaRange,
    kind: Kind,
    args: &ExportArgs,
) -> Result<Work> {
    let format = match args.format {
        How::Csv => Format::Csv,
        How::Geojson => Format::GeoJson,
        How::Jsonl | How::Zip => bail!("{} are written as csv or geojson", kind.word()),
    };
    let read = Disclosure::Export { kind: kind.word(), format: format.ending(), area: args.area.clone() };
    let witness = ingest.store.witness(&operator(survey.key), read, Timestamp::now()).await?;
    Ok(Work::Rows(Box::new(Export::new(witness, ingest.store.clone(), survey, range, kind, format))))
}

async fn answers_of(
    ingest: &Ingest,
    survey: Arc<Survey>,
    range: AreaRange,
    (id, repeat): (&str, Option<&str>),
    args: &ExportArgs,
) -> Result<Work> {
    let what = match (args.format, repeat) {
        (How::Csv, repeat) => forms::What::Table(repeat.map(str::to_owned)),
        (How::Jsonl, None) => forms::What::Lines,
        (How::Zip, None) => forms::What::Archive,
        (How::Geojson, _) => bail!("answers are written as csv, jsonl or zip"),
        (How::Jsonl | How::Zip, Some(_)) => bail!("a repeat is written as csv"),
    };
    let read = Disclosure::Answers { form: id.to_owned(), format: what.ending(), area: args.area.clone() };
    let witness = ingest.store.witness(&operator(survey.key), read, Timestamp::now()).await?;
    let how = forms::How { labels: args.labels.clone(), is_split: args.split };
    let source = forms::Source { witness, store: ingest.store.clone(), survey, range, form: id.to_owned() };
    let export = FormExport::begin(source, &what, how).await?;
    let name = repeat.map_or_else(|| id.to_owned(), |repeat| format!("{id}/{repeat}"));
    Ok(Work::Answers(Box::new(export.with_context(|| format!("the survey has no published form {name}"))?)))
}

/// Writes a file that is there whole or not at all; how many rows it has.
async fn to_file(mut export: Work, file: &Path, replace: bool, what: &str) -> Result<u64> {
    let (mut draft, bar) = (Draft::of(file, For::Owner)?, Bar::of(what, true));
    while let Some(piece) = export.next().await? {
        draft.write_all(&piece).with_context(|| format!("{} cannot be written", file.display()))?;
        bar.shows(&export);
    }
    step::done("export: written");
    draft.finish(if replace { Old::Replaced } else { Old::Kept })?;
    Ok(export.rows())
}

/// Writes to standard output; `None` when its reader went away.
async fn to_reader(mut export: Work, what: &str) -> Result<Option<u64>> {
    let (mut out, bar) = (std::io::stdout().lock(), Bar::of(what, !std::io::stdout().is_terminal()));
    loop {
        let piece = export.next().await.context("what was written so far is not all")?;
        let Some(piece) = piece else { break };
        match out.write_all(&piece).and_then(|()| out.flush()) {
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

    fn shows(&self, export: &Work) {
        self.0.set_position(export.rows());
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
