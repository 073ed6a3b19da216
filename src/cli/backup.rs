//! `doorknock backup`: one file with everything but the key and the pictures. Reading it is in `restore`.
//!
//! The file is a line of recognition, a line of JSON (the manifest), then what `pg_dump -Fc` wrote: without this program
//! `tail -n +3 FILE | pg_restore` reads it. It gets its name when it is whole; until then it has one that nobody else has.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, Result, ensure};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::base::{Base, Common, operator, remark, say};
use super::step;
use super::whole::{Draft, For, Old};
use crate::embedded;
use crate::ingest::Ingest;
use crate::store::backup::{self, Manifest, Snapshot};
use crate::store::{self, Disclosure};

const MARK: &str = "doorknock-backup 1\n";

/// Arguments of `backup`.
#[derive(Args, Clone, Debug)]
pub(super) struct BackupArgs {
    /// The file to write; it must not exist
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// Writes a backup, beside a running service or alone.
pub(super) fn backup(common: &Common, args: &BackupArgs) -> Result<ExitCode> {
    let file = args.file.clone();
    ensure!(
        file.symlink_metadata().is_err(),
        "{} exists already; a backup never replaces another",
        file.display()
    );
    Base::open(common)?.run(async move |ingest| {
        note(&ingest, Timestamp::now()).await?;
        let snapshot = Snapshot::take(ingest.store.settings()).await?;
        let manifest = manifest(&ingest, &snapshot).await?;
        let mut dump = program("pg_dump", manifest.server)?;
        dump.args(["--format=custom", "--no-owner", "--no-privileges", "--no-password"]);
        dump.arg(format!("--snapshot={}", snapshot.name)).envs(backup::environment(ingest.store.settings()));
        let place = file.clone();
        let manifest = tokio::task::spawn_blocking(move || write_file(&place, manifest, dump)).await??;
        drop(snapshot);
        let rows: i64 = manifest.rows.values().sum();
        say(format!("{}: {rows} rows as of {}", file.display(), manifest.taken_at));
        remark(
            "the key file and the pictures are not in it: keep copies of both, the key apart from the backup",
        );
        remark("it holds personal data, also after doorknock purge: remove it when that date has come");
        Ok(ExitCode::SUCCESS)
    })
}

/// What the backup will say about itself, but for the dump's length and digest.
async fn manifest(ingest: &Ingest, snapshot: &Snapshot) -> Result<Manifest> {
    let (rows, server) = snapshot.count().await?;
    Ok(Manifest {
        program: env!("CARGO_PKG_VERSION").to_owned(),
        taken_at: Timestamp::now(),
        server,
        rows,
        length: u64::MAX,
        sha256: "0".repeat(64),
        schema: Some(store::newest()),
        installation: Some(ingest.store.installation().await?.id),
        key_check: Some(data_encoding::HEXLOWER.encode(&ingest.keys.check())),
    })
}

/// A backup holds what people said: that it was taken stands in each survey's log, and so in the backup itself. A copy that takes
/// no writes can be backed up too; then nobody but the operator knows.
async fn note(ingest: &Ingest, now: Timestamp) -> Result<()> {
    for key in ingest.store.survey_keys().await? {
        match ingest.store.witness(&operator(key), Disclosure::Backup, now).await {
            Ok(_) => {}
            Err(store::Error::ReadOnly) => {
                remark("the database takes no writes: the audit log does not hold this backup");
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// A program of PostgreSQL that can talk to a server of this major version.
pub(super) fn program(name: &str, server: u32) -> Result<Command> {
    let path = embedded::program(name, server).with_context(|| format!("{name} is not installed"))?;
    let mut command = Command::new(path);
    command.stdin(Stdio::null()).stderr(Stdio::inherit());
    for unwanted in ["PGOPTIONS", "PGSERVICE", "PGPASSFILE"] {
        command.env_remove(unwanted);
    }
    Ok(command)
}

/// Writes the file: first with a manifest that keeps the room for the longest one, at the end with the true one.
fn write_file(path: &Path, mut manifest: Manifest, dump: Command) -> Result<Manifest> {
    let unwritten = || format!("{} cannot be written", path.display());
    let mut draft = Draft::of(path, For::Owner)?;
    let room = serde_json::to_string(&manifest)?.len();
    writeln!(draft, "{MARK}{:room$}", "").with_context(unwritten)?;
    (manifest.length, manifest.sha256) = dumped(dump, &mut draft).with_context(unwritten)?;
    let line = format!("{:room$}", serde_json::to_string(&manifest)?);
    draft.overwrite(MARK.len() as u64, line.as_bytes()).with_context(unwritten)?;
    step::done("backup: dumped");
    draft.finish(Old::Kept)?;
    Ok(manifest)
}

/// Runs the dump into a file; its length and digest.
fn dumped(mut dump: Command, into: &mut impl Write) -> Result<(u64, String)> {
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
        into.write_all(&buffer[..n])?;
        length += n as u64;
        bar.set_position(length);
    }
    bar.finish_and_clear();
    ensure!(child.wait()?.success(), "pg_dump failed");
    Ok((length, data_encoding::HEXLOWER.encode(&hash.finalize())))
}

/// Opens a backup: its manifest, and the file at the beginning of the dump.
pub(super) fn open(path: &Path) -> Result<(Manifest, BufReader<File>)> {
    let file = File::open(path).with_context(|| format!("{} cannot be opened", path.display()))?;
    let mut reader = BufReader::new(file);
    let (mut mark, mut line) = (Vec::new(), Vec::new());
    reader.by_ref().take(64).read_until(b'\n', &mut mark)?;
    ensure!(mark == MARK.as_bytes(), "{} is no backup of this program", path.display());
    reader.by_ref().take(1 << 20).read_until(b'\n', &mut line)?;
    let manifest: Manifest = serde_json::from_slice(&line)
        .with_context(|| format!("{}: the second line cannot be read", path.display()))?;
    Ok((manifest, reader))
}

/// Whether the dump is what was written, before anything is touched.
pub(super) fn check(path: &Path) -> Result<Manifest> {
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
        length == manifest.length && data_encoding::HEXLOWER.encode(&hash.finalize()) == manifest.sha256,
        "{} is damaged: its content is not what was written",
        path.display()
    );
    Ok(manifest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_or_foreign_file_is_refused_before_anything_is_touched() {
        let dir = std::env::temp_dir().join(format!("doorknock-backup-{}", uuid::Uuid::new_v4()));
        std::fs::create_dir(&dir).unwrap();
        let file = dir.join("b");
        let manifest = Manifest {
            program: "0".to_owned(),
            taken_at: Timestamp::UNIX_EPOCH,
            server: 15,
            rows: [("visit".to_owned(), 3)].into(),
            length: u64::MAX,
            sha256: "0".repeat(64),
            schema: Some(1),
            installation: None,
            key_check: None,
        };
        let mut dump = Command::new("printf");
        dump.arg("content");
        let written = write_file(&file, manifest.clone(), dump).unwrap();
        assert_eq!(written.length, 7);
        assert_eq!(check(&file).unwrap(), written);
        let mut fails = Command::new("sh");
        fails.args(["-c", "printf half; exit 1"]);
        assert!(write_file(&dir.join("c"), manifest, fails).is_err());
        assert_eq!(std::fs::read_dir(&dir).unwrap().count(), 1, "nothing half is left");
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
