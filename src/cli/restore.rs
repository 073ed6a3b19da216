//! `doorknock restore`: a backup into an empty database. A restored database is a new birth: cursors of the time before are
//! answered with a full pull, and devices send again what they sent since the backup.
//!
//! It takes several steps. From the first to the last a mark stands in the database: nothing else is done with it, and a restore
//! that was broken off is begun anew by the same command.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use indicatif::ProgressBar;
use jiff::Timestamp;

use super::backup::{check, open, program};
use super::base::{Common, KEY, database, open_ingest, remark, runtime, say};
use super::pairing::{pair_anew, refuse_private_beside};
use super::step;
use crate::ingest::key_file::{self, IfMissing, KeyFileError};
use crate::store::backup::{self, Manifest, NoRoom, Room};
use crate::store::{self, Settings, Store};

/// Arguments of `restore`.
#[derive(Args, Clone, Debug)]
pub(super) struct RestoreArgs {
    /// A file that `doorknock backup` wrote
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// Restores a backup into an empty database, counts and compares.
pub(super) fn restore(common: &Common, args: &RestoreArgs) -> Result<ExitCode> {
    let manifest = check(&args.file)?;
    if let Some(schema) = manifest.schema.filter(|schema| *schema > store::newest()) {
        bail!(
            "{} was made by a newer Doorknock (its schema is {schema}, this program knows {}): use the newer program. Nothing was changed",
            args.file.display(),
            store::newest()
        );
    }
    refuse_private_beside(common, manifest.installation)?;
    let runtime = runtime()?;
    let (settings, session) = database(common)?;
    let done = recognise(common, &manifest)
        .and_then(|()| runtime.block_on(restore_into(common, &settings, &args.file, &manifest)));
    runtime.shutdown_timeout(std::time::Duration::from_secs(2));
    if let Some(session) = session {
        session.close()?;
    }
    done.map(|()| ExitCode::SUCCESS)
}

/// Refuses a key file that is not the backup's; one that is missing may come later.
fn recognise(common: &Common, manifest: &Manifest) -> Result<()> {
    let path = common.data_dir.join(KEY);
    let keys = match key_file::open(&path, IfMissing::Refuse) {
        Err(KeyFileError::Missing(_)) => return Ok(()),
        read => read?,
    };
    let is_right = manifest
        .key_check
        .as_ref()
        .is_none_or(|check| *check == data_encoding::HEXLOWER.encode(&keys.check()));
    ensure!(
        is_right,
        "the backup was made under another key than {}: put the key file of the old installation in its place first. Nothing was changed",
        path.display()
    );
    Ok(())
}

async fn restore_into(common: &Common, settings: &Settings, file: &Path, manifest: &Manifest) -> Result<()> {
    let room = match Room::make(settings, Timestamp::now()).await? {
        Ok(room) => room,
        Err(NoRoom::NotEmpty) => {
            bail!("the database is not empty; a backup is restored into an empty one only")
        }
        Err(NoRoom::Taken) => bail!("another restore into this database is running"),
    };
    step::done("restore: room");
    let server = room.server().await?;
    ensure!(
        server >= manifest.server,
        "the backup comes from PostgreSQL {}, this server is {server}: restore it into one of that version or later",
        manifest.server
    );
    let mut program = program("pg_restore", manifest.server)?;
    program.args([
        "--no-owner",
        "--no-privileges",
        "--no-password",
        "--exit-on-error",
        "--single-transaction",
    ]);
    program.arg("--dbname=").envs(backup::environment(settings)).stdin(Stdio::piped());
    let file = file.to_owned();
    tokio::task::spawn_blocking(move || fed(program, &file)).await??;
    step::done("restore: rows");
    backup::migrate_restored(settings).await?;
    step::done("restore: schema");
    compare(settings, manifest).await?;
    let store = Store::new(settings)?;
    let mut off = 0;
    for key in store.survey_keys().await? {
        off += store.recount(key).await?.len();
    }
    ensure!(off == 0, "{off} counter(s) of the backup differ from a fresh count");
    step::done("restore: counted");
    store.finish_restore(manifest.taken_at, Timestamp::now()).await?;
    step::done("restore: born");
    pair_anew(common, store.installation().await?.id);
    store.close();
    drop(room);
    tell(common, settings, manifest).await;
    Ok(())
}

/// Whether every table has the rows that the manifest says.
async fn compare(settings: &Settings, manifest: &Manifest) -> Result<()> {
    let found = backup::count_tables(settings).await?;
    // Migrations of a newer program note themselves, and may bring tables along.
    let own = ["refinery_schema_history", "installation"];
    let differing: Vec<String> = manifest
        .rows
        .iter()
        .filter(|(table, rows)| !own.contains(&table.as_str()) && found.get(*table) != Some(rows))
        .map(|(table, rows)| {
            format!("{table}: {} instead of {rows}", found.get(table).copied().unwrap_or_default())
        })
        .collect();
    ensure!(differing.is_empty(), "the restored tables differ from the manifest: {}", differing.join(", "));
    Ok(())
}

/// Feeds the dump to the program.
fn fed(mut program: Command, file: &Path) -> Result<()> {
    let (manifest, mut reader) = open(file)?;
    let mut child = program.spawn().context("pg_restore cannot be started")?;
    let mut input = child.stdin.take().context("pg_restore takes no input")?;
    let bar = ProgressBar::new(manifest.length);
    let copied = std::io::copy(&mut bar.wrap_read(&mut reader), &mut input);
    drop(input);
    bar.finish_and_clear();
    let ended = child.wait()?;
    ensure!(ended.success(), "pg_restore failed; nothing was restored");
    copied.context("pg_restore broke off")?;
    Ok(())
}

async fn tell(common: &Common, settings: &Settings, manifest: &Manifest) {
    say(format!("restored as of {}; every table and counter as in the backup", manifest.taken_at));
    if let Err(error) = open_ingest(settings, common).await {
        remark(format!(
            "put the key file of the old installation into {} before serving: {error:#}",
            common.data_dir.display()
        ));
    }
    remark(
        "pictures come from a copy of the attachments directory; what is missing is sent again by the phones",
    );
}
