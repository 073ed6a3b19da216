//! `doorknock backup` and `doorknock restore`: one file with everything but the key and the pictures.
//!
//! The file is a line of recognition, a line of JSON (the manifest), then what `pg_dump -Fc` wrote: without this program
//! `tail -n +3 FILE | pg_restore` reads it. A restored database is a new birth: cursors of the time before are answered
//! with a full pull, and devices send again what they sent since the backup.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::base::{Base, Common, database, open_ingest, remark, runtime, say};
use crate::embedded;
use crate::http::pages::assets::hex;
use crate::store::backup::{self, Manifest, Snapshot};
use crate::store::{self, Settings};

const MARK: &str = "doorknock-backup 1";

/// Arguments of `backup`.
#[derive(Args, Clone, Debug)]
pub(super) struct BackupArgs {
    /// The file to write; it must not exist
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// Arguments of `restore`.
#[derive(Args, Clone, Debug)]
pub(super) struct RestoreArgs {
    /// A file that `doorknock backup` wrote
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// Writes a backup, beside a running service or alone.
pub(super) fn backup(common: &Common, args: &BackupArgs) -> Result<ExitCode> {
    let file = args.file.clone();
    ensure!(!file.exists(), "{} exists already; a backup never replaces another", file.display());
    Base::open(common)?.run(async move |ingest| {
        let settings = ingest.store.settings().clone();
        let taken_at = Timestamp::now();
        let snapshot = Snapshot::take(&settings).await?;
        let (rows, server) = snapshot.count().await?;
        let beside = file.with_extension("dump.part");
        let mut dump = program("pg_dump", server)?;
        dump.args(["--format=custom", "--no-owner", "--no-privileges", "--no-password"]);
        dump.arg(format!("--snapshot={}", snapshot.name)).envs(backup::environment(&settings));
        let done = tokio::task::spawn_blocking({
            let beside = beside.clone();
            move || dumped(dump, &beside)
        })
        .await?;
        drop(snapshot);
        let written = done.and_then(|(length, sha256)| {
            let program = env!("CARGO_PKG_VERSION").to_owned();
            let manifest = Manifest { program, taken_at, server, rows, length, sha256 };
            write_file(&file, &beside, &manifest).map(|()| manifest)
        });
        drop(std::fs::remove_file(&beside));
        let manifest = written?;
        let rows: i64 = manifest.rows.values().sum();
        say(format!("{}: {rows} rows as of {taken_at}", file.display()));
        remark(
            "the key file and the pictures are not in it: keep copies of both, the key apart from the backup",
        );
        Ok(ExitCode::SUCCESS)
    })
}

/// A program of PostgreSQL that can talk to a server of this major version.
fn program(name: &str, server: u32) -> Result<Command> {
    let path = embedded::program(name, server).with_context(|| format!("{name} is not installed"))?;
    let mut command = Command::new(path);
    command.stdin(Stdio::null()).stderr(Stdio::inherit());
    for unwanted in ["PGOPTIONS", "PGSERVICE", "PGPASSFILE"] {
        command.env_remove(unwanted);
    }
    Ok(command)
}

fn private_file(path: &Path) -> Result<File> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    options.open(path).with_context(|| format!("{} cannot be written", path.display()))
}

/// Runs the dump into a file; its length and digest.
fn dumped(mut dump: Command, into: &Path) -> Result<(u64, String)> {
    drop(std::fs::remove_file(into));
    let mut file = private_file(into)?;
    let mut child = dump.stdout(Stdio::piped()).spawn().context("pg_dump cannot be started")?;
    let mut output = child.stdout.take().context("pg_dump has no output")?;
    let bar = ProgressBar::new_spinner();
    bar.set_style(
        ProgressStyle::with_template("{spinner} {bytes} written")
            .unwrap_or_else(|_| ProgressStyle::default_spinner()),
    );
    let (mut hash, mut length, mut buffer) = (Sha256::new(), 0_u64, vec![0; 256 << 10]);
    loop {
        let n = output.read(&mut buffer).context("pg_dump broke off")?;
        if n == 0 {
            break;
        }
        hash.update(&buffer[..n]);
        file.write_all(&buffer[..n]).with_context(|| format!("{} cannot be written", into.display()))?;
        length += n as u64;
        bar.set_position(length);
    }
    bar.finish_and_clear();
    ensure!(child.wait()?.success(), "pg_dump failed; nothing was written");
    Ok((length, hex(&hash.finalize())))
}

fn write_file(path: &Path, dump: &Path, manifest: &Manifest) -> Result<()> {
    let beside = path.with_extension("part");
    drop(std::fs::remove_file(&beside));
    let mut file = private_file(&beside)?;
    let written = (|| -> Result<()> {
        writeln!(file, "{MARK}\n{}", serde_json::to_string(manifest)?)?;
        std::io::copy(&mut File::open(dump)?, &mut file)?;
        file.sync_all()?;
        std::fs::rename(&beside, path)?;
        Ok(())
    })();
    if written.is_err() {
        drop(std::fs::remove_file(&beside));
    }
    written.with_context(|| format!("{} cannot be written", path.display()))
}

/// Opens a backup: its manifest, and the file at the beginning of the dump.
fn open(path: &Path) -> Result<(Manifest, BufReader<File>)> {
    let file = File::open(path).with_context(|| format!("{} cannot be opened", path.display()))?;
    let mut reader = BufReader::new(file);
    let (mut mark, mut line) = (Vec::new(), Vec::new());
    reader.by_ref().take(64).read_until(b'\n', &mut mark)?;
    ensure!(mark.trim_ascii_end() == MARK.as_bytes(), "{} is no backup of this program", path.display());
    reader.by_ref().take(1 << 20).read_until(b'\n', &mut line)?;
    let manifest: Manifest = serde_json::from_slice(&line)
        .with_context(|| format!("{}: the second line cannot be read", path.display()))?;
    Ok((manifest, reader))
}

/// Whether the dump is what was written, before anything is touched.
fn check(path: &Path) -> Result<Manifest> {
    let (manifest, mut reader) = open(path)?;
    let (mut hash, mut length, mut buffer) = (Sha256::new(), 0_u64, vec![0; 256 << 10]);
    loop {
        let n = reader.read(&mut buffer)?;
        if n == 0 {
            break;
        }
        hash.update(&buffer[..n]);
        length += n as u64;
    }
    ensure!(
        length == manifest.length && hex(&hash.finalize()) == manifest.sha256,
        "{} is damaged: its content is not what was written",
        path.display()
    );
    Ok(manifest)
}

/// Restores a backup into an empty database, counts and compares.
pub(super) fn restore(common: &Common, args: &RestoreArgs) -> Result<ExitCode> {
    let manifest = check(&args.file)?;
    let runtime = runtime()?;
    let (settings, session) = database(common)?;
    let done = runtime.block_on(restore_into(common, &settings, &args.file, &manifest));
    runtime.shutdown_timeout(std::time::Duration::from_secs(2));
    if let Some(session) = session {
        session.close()?;
    }
    done.map(|()| ExitCode::SUCCESS)
}

async fn restore_into(common: &Common, settings: &Settings, file: &Path, manifest: &Manifest) -> Result<()> {
    if !backup::make_room(settings).await? {
        bail!("the database is not empty; a backup is restored into an empty one only");
    }
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
    store::migrate(settings).await?;
    let found = backup::count_tables(settings).await?;
    // Migrations of a newer program note themselves.
    let differing: Vec<String> = manifest
        .rows
        .iter()
        .filter(|(table, rows)| {
            table.as_str() != "refinery_schema_history" && found.get(*table) != Some(rows)
        })
        .map(|(table, rows)| {
            format!("{table}: {} instead of {rows}", found.get(table).copied().unwrap_or_default())
        })
        .collect();
    ensure!(differing.is_empty(), "the restored tables differ from the manifest: {}", differing.join(", "));
    begin_again(common, settings, manifest).await
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
    ensure!(ended.success(), "pg_restore failed; the database is as empty as before");
    copied.context("pg_restore broke off")?;
    Ok(())
}

async fn begin_again(common: &Common, settings: &Settings, manifest: &Manifest) -> Result<()> {
    let store = store::Store::new(settings)?;
    store.begin_new_epoch(manifest.taken_at, Timestamp::now()).await?;
    let mut off = 0;
    for key in store.survey_keys().await? {
        off += store.recount(key).await?.len();
    }
    ensure!(off == 0, "{off} counter(s) differ from a fresh count; see doorknock recount");
    store.close();
    say(format!("restored as of {}; every table and counter as in the backup", manifest.taken_at));
    if let Err(error) = open_ingest(settings, &common.data_dir).await {
        remark(format!(
            "put the key file of the old installation into {} before serving: {error:#}",
            common.data_dir.display()
        ));
    }
    remark(
        "pictures come from a copy of the attachments directory; what is missing is sent again by the phones",
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_or_foreign_file_is_refused_before_anything_is_touched() {
        let dir = std::env::temp_dir().join(format!("doorknock-backup-{}", uuid::Uuid::new_v4()));
        std::fs::create_dir(&dir).unwrap();
        let (file, dump) = (dir.join("b"), dir.join("d"));
        std::fs::write(&dump, b"content").unwrap();
        let manifest = Manifest {
            program: "0".to_owned(),
            taken_at: Timestamp::UNIX_EPOCH,
            server: 15,
            rows: [("visit".to_owned(), 3)].into(),
            length: 7,
            sha256: hex(&Sha256::digest(b"content")),
        };
        write_file(&file, &dump, &manifest).unwrap();
        assert_eq!(check(&file).unwrap(), manifest);
        let mut bytes = std::fs::read(&file).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        std::fs::write(&file, &bytes).unwrap();
        assert!(check(&file).unwrap_err().to_string().contains("damaged"));
        std::fs::write(&file, &bytes[..bytes.len() - 2]).unwrap();
        assert!(check(&file).is_err());
        std::fs::write(&file, b"PGDMP").unwrap();
        assert!(check(&file).unwrap_err().to_string().contains("no backup"));
        std::fs::remove_dir_all(dir).unwrap();
    }
}
