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
use super::step;
use crate::domain::Language;
use crate::ingest::Error;
use crate::ingest::forms::Taken;
use crate::ingest::setup::{Load, Mode, Report, Step};
use crate::setup::{self, Accepted, Answer, Directory, Progress, Question, Reading, Setup, Table};

/// Arguments of `setup`.
#[derive(Args, Clone, Debug)]
pub(super) struct SetupArgs {
    /// Directory with survey.toml, areas.csv, dwellings.csv, staff.csv and, where there are any, forms/
    dir: PathBuf,
    /// Say what would change and leave everything as it is
    #[arg(long)]
    dry_run: bool,
    /// Remove doors that the list lacks, however many
    #[arg(long)]
    remove: bool,
    /// Answer to a question that an earlier run asked; may be given several times
    #[arg(long, value_name = "ANSWER", value_parser = accept)]
    accept: Vec<Accept>,
}

impl SetupArgs {
    fn load(&self) -> Load {
        let mode = if self.dry_run { Mode::Try } else { Mode::Apply };
        let remove = self.remove.then_some(Answer::Remove);
        let given = self.accept.iter().filter_map(|accept| match accept {
            Accept::Answer(answer) => Some(*answer),
            Accept::Reading(_) => None,
        });
        Load { mode, answers: given.chain(remove).collect(), by: None }
    }

    fn accepted(&self) -> Accepted {
        Accepted::of(self.accept.iter().filter_map(|accept| match accept {
            Accept::Answer(_) => None,
            Accept::Reading(name) => Some(name.as_str()),
        }))
    }
}

/// What `--accept` answers.
#[derive(Clone, Debug)]
enum Accept {
    /// A question about what the lists would change.
    Answer(Answer),
    /// A question about the files, by file, column and code: `dwellings.room.date`.
    Reading(String),
}

fn accept(text: &str) -> Result<Accept, String> {
    let known = || Answer::ALL.iter().map(|a| a.slug()).collect::<Vec<_>>().join(", ");
    match Answer::from_slug(text) {
        Some(answer) => Ok(Accept::Answer(answer)),
        None if text.contains('.') => Ok(Accept::Reading(text.to_owned())),
        None => Err(format!("known are {} and the names that a run asks about", known())),
    }
}

/// Reads, checks and loads; every fault of every file is told in one go, and nothing of a faulty directory is applied.
pub(super) fn run(common: &Common, args: &SetupArgs) -> Result<ExitCode> {
    ensure!(args.dir.is_dir(), "there is no directory {}", args.dir.display());
    let bar = progress_bar();
    let reading = setup::examine(&Directory(args.dir.clone()), &mut |p: Progress| {
        bar.set_message(format!("reading {}: {} rows", p.file, p.rows));
        bar.tick();
    });
    let understood = args.dry_run.then(|| reading.understood(Language::En));
    let Some(setup) = accepted(reading, &args.accepted(), &bar) else {
        understood.iter().for_each(tell_understood);
        return Ok(ExitCode::FAILURE);
    };
    let (slug, total, is_dry) = (setup.survey.slug.clone(), setup.dwellings.len(), args.dry_run);
    let load = args.load();
    let base = Base::open(common)?;
    let shown = bar.clone();
    let report = base.run(async move |ingest| {
        let progress = move |step: Step| {
            match step {
                Step::Copied(n) => shown.set_message(format!("loading doors: {n} of {total}")),
                Step::Merging => {
                    step::done("setup: doors sent");
                    shown.set_message("merging doors");
                }
                Step::Folded(n) => shown.set_message(format!("judging cases under the new policy: {n}")),
            }
            shown.tick();
        };
        Ok(ingest.load_setup(setup, load, Timestamp::now(), Arc::new(progress)).await)
    });
    bar.finish_and_clear();
    let status = match report? {
        Ok(report) => {
            tell(&slug, &report, is_dry);
            ExitCode::SUCCESS
        }
        Err(Error::Asked(questions)) => {
            ask(&questions);
            ExitCode::FAILURE
        }
        Err(error) => return Err(error).context("the set-up was not applied"),
    };
    understood.iter().for_each(tell_understood);
    Ok(status)
}

/// What was undone, wrong and asked is said; the set-up, if nothing stands against it.
fn accepted(reading: Reading, accepted: &Accepted, bar: &ProgressBar) -> Option<Arc<Setup>> {
    bar.suspend(|| {
        reading.told().for_each(|one| remark(format!("note: {}", one.say(Language::En))));
        for name in accepted.idle(&reading) {
            remark(format!("note: --accept {name}: nothing of that name is asked"));
        }
    });
    match reading.answered(accepted) {
        Ok(setup) => Some(Arc::new(setup)),
        Err(faults) => {
            bar.finish_and_clear();
            remark(&faults);
            let counted = match (faults.wrong(), faults.asked()) {
                (wrong, 0) => format!("{wrong} fault(s)"),
                (0, asked) => format!("{asked} question(s)"),
                (wrong, asked) => format!("{wrong} fault(s) and {asked} question(s)"),
            };
            remark(format!("doorknock: {counted}; nothing was applied"));
            None
        }
    }
}

/// The end of a dry run: what was understood.
fn tell_understood((files, contents): &(Table, Option<Table>)) {
    say("understood:");
    for table in std::iter::once(files).chain(contents) {
        let all: Vec<&Vec<String>> = std::iter::once(&table.head).chain(&table.rows).collect();
        let width = |at: usize| all.iter().map(|row| row[at].chars().count()).max().unwrap_or_default();
        let widths: Vec<usize> = (0..table.head.len()).map(width).collect();
        for row in all {
            let cells = row.iter().zip(&widths).map(|(cell, &width)| format!("{cell:<width$}"));
            say(format!("  {}", cells.collect::<Vec<_>>().join("  ").trim_end()));
        }
    }
}

/// Each question with the ways to answer it.
fn ask(questions: &[Question]) {
    for question in questions {
        remark(question.text(Language::En));
        for answer in question.answers() {
            let option = if *answer == Answer::Remove {
                "--remove".to_owned()
            } else {
                format!("--accept {}", answer.slug())
            };
            remark(format!("    {option}: {}", answer.label(Language::En)));
        }
    }
    remark(format!(
        "doorknock: {} question(s); nothing was applied. Correct the files, or run it again with the option that says what is meant",
        questions.len()
    ));
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
    if d.rewritten > 0 {
        say(format!(
            "  writing: {} door(s) are written another way; they keep their ids and visits",
            d.rewritten
        ));
    }
    for (column, doors) in &d.columns_kept {
        say(format!("  {}: the list says nothing; {doors} door(s) keep what is known", column.name()));
    }
    if r.areas_gone > 0 {
        say(format!("  areas: {} left out", r.areas_gone));
    }
    if r.freed > 0 {
        say(format!("  records: {} that waited for a door count now", r.freed));
    }
    leavers::tell(&r.staff);
    for form in &r.forms {
        let what = match form.taken {
            Taken::New => "new",
            Taken::Changed => "changed",
            Taken::Same => "as before",
        };
        say(format!("  form {} {} ({}): {what}", form.id, form.version, form.role.slug()));
    }
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
