//! `doorknock setup DIR`: loads a survey's set-up directory.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;

use super::base::{Base, Common, remark, say};
use super::leavers;
use crate::domain::Language;
use crate::ingest::setup::{Mode, Report, Step};
use crate::setup::{self, Directory, Progress};

/// Arguments of `setup`.
#[derive(Args, Clone, Debug)]
pub(super) struct SetupArgs {
    /// Directory with survey.toml, areas.csv, dwellings.csv, staff.csv
    dir: PathBuf,
    /// Say what would change and leave everything as it is
    #[arg(long)]
    dry_run: bool,
}

/// Reads, checks and loads; every fault of every file is told in one go, and nothing of a faulty directory is applied.
pub(super) fn run(common: &Common, args: &SetupArgs) -> Result<ExitCode> {
    ensure!(args.dir.is_dir(), "there is no directory {}", args.dir.display());
    let bar = progress_bar();
    let read = setup::read(&Directory(args.dir.clone()), &mut |p: Progress| {
        bar.set_message(format!("reading {}: {} rows", p.file, p.rows));
        bar.tick();
    });
    let setup = match read {
        Ok(setup) => Arc::new(setup),
        Err(faults) => {
            bar.finish_and_clear();
            remark(&faults);
            remark(format!("doorknock: {} fault(s); nothing was applied", faults.total()));
            return Ok(ExitCode::FAILURE);
        }
    };
    let (slug, total, is_dry) = (setup.survey.slug.clone(), setup.dwellings.len(), args.dry_run);
    let mode = if is_dry { Mode::Try } else { Mode::Apply };
    let base = Base::open(common)?;
    let shown = bar.clone();
    let report = base.run(async move |ingest| {
        let progress = move |step: Step| {
            match step {
                Step::Copied(n) => shown.set_message(format!("loading doors: {n} of {total}")),
                Step::Merging => shown.set_message("merging doors"),
                Step::Folded(n) => shown.set_message(format!("judging cases under the new policy: {n}")),
            }
            shown.tick();
        };
        ingest
            .load_setup(setup, mode, Timestamp::now(), Arc::new(progress))
            .await
            .context("the set-up was not applied")
    });
    bar.finish_and_clear();
    tell(&slug, &report?, is_dry);
    Ok(ExitCode::SUCCESS)
}

fn progress_bar() -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{spinner} {msg} ({elapsed})")
        .unwrap_or_else(|_| ProgressStyle::default_spinner());
    ProgressBar::new_spinner().with_style(style)
}

fn tell(slug: &str, r: &Report, is_dry: bool) {
    let (cases, dwellings, buildings) = r.totals;
    let verb = if is_dry { "would have" } else { "has" };
    say(format!("survey {slug} {verb} {dwellings} dwellings in {buildings} buildings, {cases} cases"));
    let d = &r.doors;
    let kinds = [
        (d.added, "new"),
        (d.changed, "changed"),
        (d.removed, "no longer listed, removed"),
        (d.kept, "no longer listed, kept because something is known about them"),
    ];
    let said: Vec<String> = kinds.iter().filter(|k| k.0 > 0).map(|(n, what)| format!("{n} {what}")).collect();
    say(format!("  doors: {}", if said.is_empty() { "none changed".to_owned() } else { said.join("; ") }));
    leavers::tell(&r.staff);
    if r.policy_changed {
        say(format!("  policy: version {}", r.policy_version));
        for (from, to, n) in &r.moved {
            say(format!(
                "    {n} case(s) go from {} to {}",
                from.label(Language::En),
                to.label(Language::En)
            ));
        }
        if r.moved.is_empty() {
            say("    no case changes its state");
        }
    }
    if is_dry {
        say("  dry run: nothing was changed");
    }
}
