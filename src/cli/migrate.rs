//! `doorknock migrate`: brings the schema of a shared database up to date. The private one is migrated by `serve`.

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

use super::base::{Common, private, runtime, say};
use crate::embedded::{Options, Session};
use crate::store::{Settings, migrate};

/// Arguments of `migrate`: none of its own.
#[derive(Args, Clone, Debug)]
pub(super) struct MigrateArgs {}

/// Applies what is missing and says how much that was.
pub(super) fn run(common: &Common, _: &MigrateArgs) -> Result<ExitCode> {
    let session = match common.url() {
        Some(_) => None,
        None => Some(Session::open(&Options::new(&common.data_dir))?),
    };
    let settings = match (&session, common.url()) {
        (Some(session), _) => private(session.connection()),
        (None, url) => Settings::from_url(url.unwrap_or_default())?,
    };
    let applied = runtime()?.block_on(migrate(&settings))?;
    say(if applied == 0 { "nothing to do".to_owned() } else { format!("{applied} migration(s) applied") });
    if let Some(session) = session {
        session.close()?;
    }
    Ok(ExitCode::SUCCESS)
}
