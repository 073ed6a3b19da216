//! `doorknock recount`: counts completion afresh and compares it with the counters.

use std::cell::Cell;
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

use super::base::{Base, Common, remark, say, survey};

/// Arguments of `recount`.
#[derive(Args, Clone, Debug)]
pub(super) struct RecountArgs {
    /// Survey, when there are several
    #[arg(long, value_name = "ID")]
    survey: Option<String>,
    /// Also fold every case again from its records, and compare what stands on it
    #[arg(long)]
    cases: bool,
}

/// Prints the differences; exit 1 when there are any.
pub(super) fn run(common: &Common, args: &RecountArgs) -> Result<ExitCode> {
    let args = args.clone();
    Base::open(common)?.run(async move |ingest| {
        let survey = survey(&ingest, args.survey.as_deref()).await?;
        let differences = ingest.store.recount(survey.key).await?;
        for (area, measure, missing) in &differences {
            say(format!("area {area}, measure {measure}: counters are off by {missing}"));
        }
        let mut all = differences.len();
        if args.cases {
            let told = Cell::new(0);
            let found = ingest.recount_cases(&survey, |done| tell(done, &told)).await?;
            for case in &found {
                say(format!("case {}: {} differ from its records", case.case_id, case.columns.join(", ")));
            }
            all += found.len();
        }
        say(format!("{all} difference(s)"));
        Ok(if all == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    })
}

/// A word every hundred thousand cases.
fn tell(done: usize, told: &Cell<usize>) {
    if done / 100_000 > told.get() {
        told.set(done / 100_000);
        remark(format!("{done} cases folded again"));
    }
}
