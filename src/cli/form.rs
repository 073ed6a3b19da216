//! `doorknock form`: questionnaires. `check` reads one file and needs no database.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::mpsc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use jiff::Timestamp;

use super::base;
use super::whole::{self, For, Old};
use super::words::Tongue;
use crate::domain::Language;
use crate::forms::{Fault, Imported, Options, import, limits};

/// Longest time that one file may take; the slowest of some 300 public ones took a quarter of a second.
const LONGEST: Duration = Duration::from_secs(10);

/// Work with questionnaires.
#[derive(Args, Debug)]
pub struct FormArgs {
    #[command(subcommand)]
    command: FormCommand,
}

#[derive(Subcommand, Debug)]
enum FormCommand {
    /// Read a spreadsheet (XLSForm: xlsx, xls, ods) or an XForm and say everything that is wrong with it
    Check(CheckArgs),
}

#[derive(Args, Debug)]
struct CheckArgs {
    /// The spreadsheet or XForm
    file: PathBuf,
    /// Write the XForm into this file; - for standard output, with nothing else on it
    #[arg(long, value_name = "OUT")]
    xform: Option<PathBuf>,
    /// Language of what is said
    #[arg(long, value_enum, default_value = "en")]
    lang: Tongue,
}

/// Runs the command. Exit status 1 when the form has faults or the file cannot be read.
pub(super) fn run(args: &FormArgs) -> Result<ExitCode> {
    match &args.command {
        FormCommand::Check(args) => check(args),
    }
}

fn check(args: &CheckArgs) -> Result<ExitCode> {
    let language = match args.lang {
        Tongue::En => Language::En,
        Tongue::Zh => Language::Zh,
    };
    let shown = args.file.display();
    let imported = match read(&args.file)? {
        Ok(imported) => imported,
        Err(faults) => {
            for fault in faults {
                base::remark(format_args!("{shown}: {}", fault.line(language)));
            }
            return Ok(ExitCode::FAILURE);
        }
    };
    match args.xform.as_deref() {
        Some(out) if out == Path::new("-") => {
            base::say(imported.xform.trim_end());
            return Ok(ExitCode::SUCCESS);
        }
        Some(out) => whole::write(out, For::Anyone, Old::Replaced, imported.xform.as_bytes())?,
        None => {}
    }
    for warning in &imported.warnings {
        base::say(format_args!("warning: {shown}: {}", warning.line(language)));
    }
    let model = &imported.model;
    base::say(format_args!("{} {}: {}", model.id, model.version, questions(model.questions(), language)));
    Ok(ExitCode::SUCCESS)
}

fn questions(n: usize, language: Language) -> String {
    match (language, n) {
        (Language::En, 1) => "1 question".to_owned(),
        (Language::En, _) => format!("{n} questions"),
        (Language::Zh, _) => format!("{n} 个问题"),
    }
}

/// Imports the file beside a clock: whatever a file does to the converter, the command ends.
fn read(path: &Path) -> Result<Result<Imported, Vec<Fault>>> {
    let unreadable = || format!("{} cannot be read", path.display());
    let found = std::fs::metadata(path).with_context(unreadable)?;
    if !found.is_file() {
        bail!("{} is no file", path.display());
    }
    if found.len() > limits::FILE_BYTES as u64 {
        bail!("{} is larger than 5 MiB", path.display());
    }
    let bytes = std::fs::read(path).with_context(unreadable)?;
    let files = media(path);
    let version = format!("{}01", Timestamp::now().strftime("%Y%m%d"));
    let (sender, receiver) = mpsc::channel();
    std::thread::Builder::new()
        .stack_size(64 << 20)
        .spawn(move || {
            let languages = BTreeMap::new();
            let options = Options {
                default_version: &version,
                fallback_id: None,
                languages: &languages,
                files: &files,
                previous: None,
            };
            // Nobody waits for it any more when this fails.
            drop(sender.send(import(&bytes, &options)));
        })
        .context("no thread could be started")?;
    receiver.recv_timeout(LONGEST).map_err(|error| match error {
        mpsc::RecvTimeoutError::Timeout => {
            anyhow::anyhow!("{} takes longer than 10 s to read", path.display())
        }
        mpsc::RecvTimeoutError::Disconnected => anyhow::anyhow!("{} cannot be converted", path.display()),
    })
}

/// Names of the files that belong to `forms/x.xlsx`: those in `forms/x-media`.
fn media(path: &Path) -> Vec<String> {
    let Some(stem) = path.file_stem() else { return Vec::new() };
    let folder = path.with_file_name(format!("{}-media", stem.to_string_lossy()));
    let entries = std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    let mut names: Vec<String> = entries
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()))
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}
