//! `doorknock link`: finds duplicate households in a file of interviews, without a database.
//! Reads the file, calls `link`, writes tables and a report; every rule is in `link`.

mod read;
mod read_csv;
mod report;
mod write;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use indicatif::{ProgressBar, ProgressStyle};
use rand::Rng as _;

use crate::link::{DigestKey, Interview, Linked, Model, Prepared, Stage, estimate, link_round, prepare};

/// Finds households interviewed twice and persons listed twice in a file.
#[derive(Debug, clap::Args)]
pub struct LinkArgs {
    /// Interviews: .jsonl, .jsonl.gz, .csv or .csv.gz
    file: PathBuf,
    /// Directory for pairs.csv, clusters.csv, persons.csv and report.html; made if missing
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Model file in place of the one compiled in (JSON)
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
    /// Which CSV column holds which field (TOML: field = "column")
    #[arg(long, value_name = "FILE")]
    columns: Option<PathBuf>,
    /// Merge at one door from this probability on
    #[arg(long, value_name = "P")]
    upper: Option<f64>,
    /// Merge across doors from this probability on
    #[arg(long, value_name = "P")]
    upper_across_doors: Option<f64>,
    /// Ask a supervisor from this probability on
    #[arg(long, value_name = "P")]
    lower: Option<f64>,
    /// Estimate the person weights from this file first (EM, held near the model's own)
    #[arg(long)]
    estimate: bool,
}

/// Runs the command.
///
/// # Errors
/// A file that cannot be read or written, a record that is not an interview, a model that does not fit.
#[expect(clippy::needless_pass_by_value, reason = "every command takes its arguments by value")]
pub fn run(args: LinkArgs) -> anyhow::Result<()> {
    let mut model_file = read_model(args.model.as_deref())?;
    for lines in [&mut model_file.han.thresholds, &mut model_file.latin.thresholds] {
        lines.upper = args.upper.unwrap_or(lines.upper);
        lines.upper_across_doors = args.upper_across_doors.unwrap_or(lines.upper_across_doors);
        lines.lower = args.lower.unwrap_or(lines.lower);
    }
    Model::from_file(&model_file)?;

    let interviews = read::interviews(&args.file, args.columns.as_deref())?;
    let prepared = prepare_all(interviews);
    if args.estimate {
        model_file = estimate::estimate_model(&model_file, &prepared);
    }
    let model = Model::from_file(&model_file)?;
    let linked = link_with_progress(&model, prepared);

    std::fs::create_dir_all(&args.out).with_context(|| format!("cannot make {}", args.out.display()))?;
    write::pairs(&args.out.join("pairs.csv"), &linked)?;
    write::clusters(&args.out.join("clusters.csv"), &linked)?;
    write::persons(&args.out.join("persons.csv"), &linked)?;
    report::write(&args.out.join("report.html"), &linked, &model_file)?;
    summarise(&linked, &args.out)
}

fn read_model(path: Option<&Path>) -> anyhow::Result<crate::link::model::ModelFile> {
    let Some(path) = path else {
        return Ok(crate::link::model::shipped_file());
    };
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{} is not a model file", path.display()))
}

/// Normalises and digests; plain IDs are dropped interview by interview. The key lives for this run only:
/// digests never leave it.
fn prepare_all(interviews: Vec<Interview>) -> Vec<Prepared> {
    let mut secret = [0_u8; 32];
    rand::rng().fill(&mut secret);
    let key = DigestKey::new(secret);
    interviews.into_iter().map(|interview| prepare(&interview, &key)).collect()
}

/// Links, showing a bar when stderr is a terminal.
fn link_with_progress(model: &Model, prepared: Vec<Prepared>) -> Linked {
    let bar = ProgressBar::new(0);
    bar.set_style(bar_style());
    bar.enable_steady_tick(Duration::from_millis(200));
    let linked = link_round(model, prepared, &mut |stage, done, total| {
        bar.set_message(match stage {
            Stage::Blocking => "finding candidates",
            Stage::Scoring => "scoring pairs",
            Stage::Clustering => "clustering",
        });
        bar.set_length(total as u64);
        bar.set_position(done as u64);
    });
    bar.finish_and_clear();
    linked
}

fn bar_style() -> ProgressStyle {
    ProgressStyle::with_template("{msg:20} {bar:40} {pos}/{len} {elapsed}")
        .unwrap_or_else(|_| ProgressStyle::default_bar())
}

fn summarise(linked: &Linked, out: &Path) -> anyhow::Result<()> {
    let count = write::Counts::of(linked);
    let mut stdout = std::io::stdout().lock();
    writeln!(
        stdout,
        "{} interviews, {} pairs compared: {} merged, {} for review, {} paired; {} households, {} persons; written to {}",
        linked.interviews.len(),
        linked.scored,
        count.merge,
        count.review,
        count.pair,
        count.households,
        count.persons,
        out.display()
    )?;
    Ok(())
}
