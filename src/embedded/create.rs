//! Making a cluster, once: in a sibling directory, renamed into place when it is whole. A process killed on the way
//! leaves a sibling that the next one removes.

use super::binaries::Binaries;
use super::data_dir::{DataDir, PGDATA};
use super::process::{QUICK_STOP, wait_until};
use super::{Durability, Error, Options, ROLE, child};
use std::io::Write;
use std::path::Path;
use std::process::{Child, Stdio};

/// The superuser, for operators; the service itself is [`ROLE`].
pub(super) const SUPERUSER: &str = "postgres";

const DRAFT: &str = "postgres.new-";

/// The major version of the cluster in the data directory; `None` where none was made yet.
pub(super) fn major_of(data_dir: &DataDir) -> Result<Option<u32>, Error> {
    if !data_dir.folder.names()?.iter().any(|name| name == PGDATA) {
        return Ok(None);
    }
    let broken = || Error::NotACluster { pgdata: data_dir.pgdata() };
    let version = data_dir.folder.child(PGDATA)?.read("PG_VERSION")?.ok_or_else(broken)?;
    String::from_utf8_lossy(&version).trim().parse().map(Some).map_err(|_| broken())
}

/// Makes the cluster. The data directory's lock is held.
pub(super) fn make(data_dir: &DataDir, binaries: &Binaries, options: &Options) -> Result<(), Error> {
    sweep(data_dir)?;
    tracing::info!(data_dir = %data_dir.path().display(), version = binaries.major, "making the database cluster");
    let name = format!("{DRAFT}{}", std::process::id());
    let draft = data_dir.path().join(&name);
    let made = initdb(data_dir, binaries, options, &draft)
        .and_then(|()| bootstrap(data_dir, binaries, options, &draft));
    match made {
        Ok(()) => data_dir.folder.rename(&name, PGDATA),
        Err(error) => {
            // The error that matters is the first one.
            drop(sweep(data_dir));
            Err(error)
        }
    }
}

/// Removes what killed processes left half made. An `initdb` whose service was killed just now may still be writing
/// for a moment; what it leaves after that is for the next start.
fn sweep(data_dir: &DataDir) -> Result<(), Error> {
    for name in data_dir.folder.names()?.into_iter().filter(|name| name.starts_with(DRAFT)) {
        let path = data_dir.path().join(name);
        let removed = wait_until(QUICK_STOP, || std::fs::remove_dir_all(&path).is_ok() || !path.exists());
        if !removed {
            tracing::warn!(path = %path.display(), "a half-made cluster could not be removed");
        }
    }
    Ok(())
}

fn initdb(data_dir: &DataDir, binaries: &Binaries, options: &Options, draft: &Path) -> Result<(), Error> {
    let mut command = child::command(&options.helper, &data_dir.account, &binaries.program("initdb"));
    command.arg("--pgdata").arg(draft).args(["--username", SUPERUSER, "--encoding", "UTF8", "--locale", "C"]);
    command.args(["--data-checksums", "--auth-local", "peer", "--auth-host", "reject", "--no-instructions"]);
    match options.durability {
        Durability::Kept => {}
        Durability::Scratch => {
            command.arg("--no-sync");
        }
    }
    let spawned = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
    finish("initdb", data_dir, spawned.map_err(Error::io("run", &options.helper))?, "")
}

/// The login role and its database, made by a `postgres` that nobody else can talk to.
fn bootstrap(data_dir: &DataDir, binaries: &Binaries, options: &Options, draft: &Path) -> Result<(), Error> {
    let statements = format!(
        "CREATE ROLE {ROLE} LOGIN CREATEDB\n\
         GRANT pg_monitor, pg_signal_backend, pg_checkpoint TO {ROLE}\n\
         CREATE DATABASE {ROLE} OWNER {ROLE} TEMPLATE template0\n"
    );
    let mut command = child::command(&options.helper, &data_dir.account, &binaries.program("postgres"));
    command.arg("--single").arg("-D").arg(draft).args([
        "-c",
        "exit_on_error=on",
        "-c",
        "log_min_messages=error",
    ]);
    match options.durability {
        Durability::Kept => {}
        Durability::Scratch => {
            command.args(["-c", "fsync=off"]);
        }
    }
    command.arg("postgres");
    let spawned = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
    finish("postgres", data_dir, spawned.map_err(Error::io("run", &options.helper))?, &statements)
}

/// Feeds `input` to the program and waits for it to end well.
fn finish(program: &'static str, data_dir: &DataDir, mut child: Child, input: &str) -> Result<(), Error> {
    let failed = |said: String| Error::CreateFailed { program, dir: data_dir.path().to_owned(), said };
    if let Some(mut stdin) = child.stdin.take() {
        // A program that ended early says why itself.
        drop(stdin.write_all(input.as_bytes()));
    }
    let output = child.wait_with_output().map_err(|e| failed(e.to_string()))?;
    if output.status.success() {
        return Ok(());
    }
    Err(failed(last_words(&String::from_utf8_lossy(&output.stderr), &output.status.to_string())))
}

/// The line in `log` that says what was wrong: the last FATAL or ERROR, else the last that is no mere message, else
/// `otherwise`.
pub(super) fn last_words(log: &str, otherwise: &str) -> String {
    let lines: Vec<_> = log.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let grave = lines.iter().rev().find_map(|line| {
        ["PANIC:", "FATAL:", "ERROR:", "error:"].iter().find_map(|word| Some(line.split_once(word)?.1.trim()))
    });
    let telling = lines.iter().rev().find(|line| !line.contains("LOG:")).copied();
    grave.or(telling).unwrap_or(otherwise).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grave_line_is_quoted_not_the_last_one() {
        let log = "2026-01-01 [1] LOG:  starting\n2026-01-01 [1] FATAL:  no space left\n2026-01-01 [1] LOG:  shut down\n";
        assert_eq!(last_words(log, "x"), "no space left");
        assert_eq!(last_words("initdb: removing\n\n", "x"), "initdb: removing");
        assert_eq!(last_words("[1] LOG:  redirecting\n", "exit status: 1"), "exit status: 1");
        assert_eq!(last_words("\n", "exit status: 1"), "exit status: 1");
    }
}
