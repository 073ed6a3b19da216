//! `doorknock relink`: links everything again under a new model; shows the difference first, applies it only when told to.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Args;
use jiff::Timestamp;

use super::base::{Base, Common, remark, say, survey};
use super::step;
use crate::dedupe::{Dedupe, Difference, NewModel, Tables};
use crate::domain::LinkState;
use crate::link::Model;
use crate::link::model::{ModelFile, shipped_file};

/// Arguments of `relink`.
#[derive(Args, Clone, Debug)]
pub(super) struct RelinkArgs {
    /// Survey, when there are several
    #[arg(long, value_name = "ID")]
    survey: Option<String>,
    /// Model file; the one of this program when left out
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
    /// Do not count names, telephone numbers and areas over the survey's own interviews
    #[arg(long)]
    nominal: bool,
    /// Bring the model into force and link everything again
    #[arg(long)]
    apply: bool,
}

/// Prints the difference; with `--apply` brings it about.
pub(super) fn run(common: &Common, args: &RelinkArgs) -> Result<ExitCode> {
    let args = args.clone();
    let file = read(&args)?;
    Base::open(common)?.run(async move |ingest| {
        let survey = survey(&ingest, args.survey.as_deref()).await?;
        let dedupe = Dedupe::new(ingest);
        let tables = if args.nominal { Tables::Nominal } else { Tables::Own };
        let new = NewModel { file, tables };
        let difference = dedupe.difference(&survey, &new).await?;
        tell(&difference);
        if !args.apply {
            say("nothing was changed; run again with --apply to bring this about");
            return Ok(ExitCode::SUCCESS);
        }
        step::done("relink: tried");
        let queued = dedupe.apply(&survey, &new).await?;
        step::done("relink: queued");
        remark(format!("{queued} interviews are linked again"));
        let mut told = i64::MAX;
        dedupe
            .drain(&survey, Timestamp::now, |left| {
                if left < told {
                    remark(format!("{left} left"));
                    told = left;
                }
            })
            .await?;
        say("done");
        Ok(ExitCode::SUCCESS)
    })
}

fn read(args: &RelinkArgs) -> Result<ModelFile> {
    let Some(path) = &args.model else {
        return Ok(shipped_file());
    };
    let text = std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
    let file: ModelFile =
        serde_json::from_str(&text).with_context(|| format!("{} is no model file", path.display()))?;
    Model::from_file(&file).with_context(|| format!("{} cannot be used", path.display()))?;
    Ok(file)
}

fn tell(d: &Difference) {
    let (old, new) = &d.models;
    let old = if old.is_empty() { "none" } else { old.as_str() };
    say(format!("model {old} -> {new}; {} interviews, {} pairs compared", d.interviews, d.compared));
    if d.skipped > 0 {
        say(format!("{} blocks are too large and were not searched", d.skipped));
    }
    say(format!("households with several interviews: {} -> {}", d.households.0, d.households.1));
    let word = |s: Option<LinkState>| s.map_or("no link", LinkState::slug);
    for ((was, is), n) in &d.moves {
        if was == is {
            say(format!("{n:>8} stay {}", word(*is)));
        } else {
            say(format!("{n:>8} {} -> {}", word(*was), word(*is)));
        }
    }
    say(format!("{} pairs would stand elsewhere", d.moved()));
    let shown = |p: Option<f64>| p.map_or_else(|| "-".to_owned(), |p| format!("{p:.4}"));
    for e in &d.examples {
        let (a, b) = e.interviews;
        let (was, is) = (word(e.before), word(e.after));
        say(format!(
            "  {}  {a} {b}  {was} ({}) -> {is} ({})",
            e.link,
            shown(e.probability.0),
            shown(e.probability.1)
        ));
    }
}
