//! `doorknock migrate`: brings the schema of a shared database up to date. The private one is migrated by `serve`.

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

use super::base::{Common, database, runtime, say};
use crate::store::migrate;

/// Arguments of `migrate`: none of its own.
#[derive(Args, Clone, Debug)]
pub(super) struct MigrateArgs {}

/// Applies what is missing and says how much that was.
pub(super) fn run(common: &Common, _: &MigrateArgs) -> Result<ExitCode> {
    let (settings, session) = database(common)?;
    let applied = runtime()?.block_on(migrate(&settings))?;
    say(if applied == 0 { "nothing to do".to_owned() } else { format!("{applied} migration(s) applied") });
    if let Some(session) = session {
        session.close()?;
    }
    Ok(ExitCode::SUCCESS)
}
