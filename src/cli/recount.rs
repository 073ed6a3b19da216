//! `doorknock recount`: counts completion afresh and compares it with the counters.

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

use super::base::{Base, Common, say, survey};

/// Arguments of `recount`.
#[derive(Args, Clone, Debug)]
pub(super) struct RecountArgs {
    /// Survey, when there are several
    #[arg(long, value_name = "ID")]
    survey: Option<String>,
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
        say(format!("{} difference(s)", differences.len()));
        Ok(if differences.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    })
}
