//! Recognising and ending the processes of an earlier cluster of the same directory.
//!
//! A process id in a file may belong to anybody by now. A process is ours only if it runs a program called
//! `postgres` inside this very directory (every process of a cluster has it as working directory); it is signalled
//! through a handle taken before that was checked, so the answer cannot go stale in between.

use super::connection::Connection;
use super::folder::Folder;
use super::{Error, ROLE};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// An orphaned process notices within milliseconds, unless it is in the middle of a long computation.
const GRACE: Duration = Duration::from_secs(1);
/// How long one process waits for another to finish its work.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);
/// A fast shutdown writes what is in memory first.
pub(super) const FAST_STOP: Duration = Duration::from_secs(8);
/// An immediate shutdown only ends processes.
pub(super) const QUICK_STOP: Duration = Duration::from_secs(3);

/// The file in which `postgres` says who it is; lines: process id, directory, start (Unix time), port, socket
/// directory, address, shared memory key, status.
pub(super) const PID_FILE: &str = "postmaster.pid";

/// What stands in [`PID_FILE`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PidFile {
    pub(super) pid: Pid,
    started_at: i64,
    port: u16,
    socket_dir: PathBuf,
    status: String,
}

impl PidFile {
    /// Reads the file in the cluster's directory; `None` where it is missing, half written or no such file.
    pub(super) fn read(pgdata: &Path) -> Option<Self> {
        Self::parse(&std::fs::read_to_string(pgdata.join(PID_FILE)).ok()?)
    }

    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines().map(str::trim);
        // A single-user postgres writes its process id with a minus.
        let pid = Pid::from_raw(lines.next()?.parse::<i32>().ok()?.checked_abs()?)?;
        let started_at = lines.nth(1)?.parse().ok()?;
        let port = lines.next().and_then(|l| l.parse().ok()).unwrap_or(0);
        let socket_dir = PathBuf::from(lines.next().unwrap_or_default());
        let status = lines.nth(2).unwrap_or_default().to_owned();
        Some(Self { pid, started_at, port, socket_dir, status })
    }

    pub(super) fn is_ready(&self) -> bool {
        self.status == "ready"
    }

    /// How to reach the cluster that wrote this.
    pub(super) fn connection(&self) -> Connection {
        Connection {
            socket_dir: self.socket_dir.clone(),
            port: self.port,
            user: ROLE.to_owned(),
            database: ROLE.to_owned(),
        }
    }

    /// Whether the process named is alive and the cluster of `pgdata`.
    pub(super) fn is_running(&self, pgdata: &Path) -> bool {
        match belongs_to(self.pid, pgdata) {
            Belongs::Yes => true,
            Belongs::No => false,
            Belongs::Hidden => self.started_when_it_says(),
        }
    }

    /// Another user's process shows neither program nor directory, but its name and start; a reused process id
    /// started later than the file says.
    fn started_when_it_says(&self) -> bool {
        let pid = self.pid.as_raw_pid();
        let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
        let started = start_of(pid).zip(boot_time()).map(|(after_boot, boot)| boot + after_boot);
        name.trim() == "postgres" && started.is_some_and(|s| (s - self.started_at).abs() <= 5)
    }
}

enum Belongs {
    Yes,
    No,
    Hidden,
}

fn belongs_to(pid: Pid, pgdata: &Path) -> Belongs {
    let raw = pid.as_raw_pid();
    if is_dead(raw) {
        return Belongs::No;
    }
    let links = ["exe", "cwd"].map(|name| std::fs::read_link(format!("/proc/{raw}/{name}")));
    match links {
        [Ok(exe), Ok(cwd)] if is_postgres(&exe) && cwd == pgdata => Belongs::Yes,
        [Err(e), _] | [_, Err(e)] if e.kind() == std::io::ErrorKind::PermissionDenied => Belongs::Hidden,
        [_, _] => Belongs::No,
    }
}

fn is_postgres(exe: &Path) -> bool {
    let name = exe.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    name.trim_end_matches(" (deleted)") == "postgres"
}

/// The fields of `/proc/PID/stat` after the program's name, which may itself hold spaces and brackets.
fn stat_fields(pid: i32) -> Option<Vec<String>> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    Some(stat.rsplit_once(')')?.1.split_whitespace().map(str::to_owned).collect())
}

/// Gone, or a zombie that only waits to be counted.
fn is_dead(pid: i32) -> bool {
    stat_fields(pid).is_none_or(|fields| fields.first().is_none_or(|state| state == "Z" || state == "X"))
}

/// Seconds after boot at which the process started (field 22 of proc(5) stat, in ticks of 1/100 s).
fn start_of(pid: i32) -> Option<i64> {
    Some(stat_fields(pid)?.get(19)?.parse::<i64>().ok()? / 100)
}

fn boot_time() -> Option<i64> {
    let stat = std::fs::read_to_string("/proc/stat").ok()?;
    stat.lines().find_map(|line| line.strip_prefix("btime "))?.trim().parse().ok()
}

/// All living processes of the cluster in `pgdata`, also those whose postmaster is gone.
fn processes_of(pgdata: &Path) -> Vec<Pid> {
    let Ok(entries) = std::fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries
        .filter_map(|entry| Pid::from_raw(entry.ok()?.file_name().to_str()?.parse().ok()?))
        .filter(|&pid| matches!(belongs_to(pid, pgdata), Belongs::Yes))
        .collect()
}

/// Ends whatever an earlier holder left of the cluster in `pgdata`, and takes away a pid file that would make
/// `postgres` mistake another process for itself. To be called with the data directory's lock held.
pub(super) fn make_way(data: &Folder, pgdata: &Path) -> Result<(), Error> {
    if let Some(file) = PidFile::read(pgdata)
        && file.is_running(pgdata)
    {
        let pid = file.pid.as_raw_pid();
        tracing::info!(pid, "stopping the database that an earlier process left running");
        let steps = [(Signal::INT, FAST_STOP), (Signal::QUIT, QUICK_STOP), (Signal::KILL, QUICK_STOP)];
        let ended = steps.into_iter().any(|(signal, time)| {
            tell(file.pid, pgdata, signal);
            wait_until(time, || is_dead(pid))
        });
        if !ended {
            return Err(Error::Lingering { pgdata: pgdata.to_owned(), pid });
        }
    }
    end_the_rest(pgdata)?;
    // With all of the cluster's processes gone the file can only name a stranger, or one that is dead but not yet
    // counted by its parent. postgres judges by the process id alone and would refuse to start beside either.
    match PidFile::read(pgdata).filter(|f| stat_fields(f.pid.as_raw_pid()).is_some()) {
        Some(_) => data.child(super::data_dir::PGDATA)?.remove(PID_FILE),
        None => Ok(()),
    }
}

/// Processes that outlived their postmaster hold its shared memory. Most end by themselves as soon as they notice;
/// the log's writer ends when all others have.
fn end_the_rest(pgdata: &Path) -> Result<(), Error> {
    if wait_until(GRACE, || processes_of(pgdata).is_empty()) {
        return Ok(());
    }
    for signal in [Signal::QUIT, Signal::KILL] {
        for pid in processes_of(pgdata) {
            tell(pid, pgdata, signal);
        }
        if wait_until(QUICK_STOP, || processes_of(pgdata).is_empty()) {
            return Ok(());
        }
    }
    let left = processes_of(pgdata).first().map_or(0, |pid| pid.as_raw_pid());
    Err(Error::Lingering { pgdata: pgdata.to_owned(), pid: left })
}

/// Sends `signal` to `pid` if that is a process of the cluster in `pgdata`. The handle is taken before the question
/// is asked, so the signal cannot reach a successor with the same id.
fn tell(pid: Pid, pgdata: &Path, signal: Signal) {
    let Ok(handle) = pidfd_open(pid, PidfdFlags::empty()) else {
        return;
    };
    if matches!(belongs_to(pid, pgdata), Belongs::No) {
        return;
    }
    if let Err(error) = pidfd_send_signal(&handle, signal) {
        tracing::debug!(%error, pid = pid.as_raw_pid(), "a process of the old database took no signal");
    }
}

/// Asks every 10 ms until `done` says so; false when `limit` has passed.
pub(super) fn wait_until(limit: Duration, mut done: impl FnMut() -> bool) -> bool {
    let started = Instant::now();
    loop {
        if done() {
            return true;
        }
        if started.elapsed() >= limit {
            return false;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "4242\n/d/postgres\n1700000000\n5432\n/d/socket\n\n 12345678         7\nready   \n";

    #[test]
    fn a_pid_file_is_read_line_by_line() {
        let file = PidFile::parse(FILE).expect("it is whole");
        assert_eq!((file.pid.as_raw_pid(), file.started_at), (4242, 1_700_000_000));
        assert!(file.is_ready());
        assert_eq!(file.connection().socket_dir, PathBuf::from("/d/socket"));
        assert_eq!(file.connection().port, 5432);
    }

    #[test]
    fn a_half_written_pid_file_is_not_ready_and_never_a_fault() {
        for cut in 0..FILE.len() {
            let ready = PidFile::parse(&FILE[..cut]).is_some_and(|f| f.is_ready());
            assert!(!ready || cut >= FILE.len() - 4, "cut at {cut}");
        }
        assert_eq!(PidFile::parse("0\n/d\n1\n"), None);
        assert_eq!(PidFile::parse("-77\n/d\n1\n").map(|f| f.pid.as_raw_pid()), Some(77));
    }

    #[test]
    fn a_stranger_is_never_taken_for_the_cluster() {
        let own = Pid::from_raw(i32::try_from(std::process::id()).expect("a process id fits"));
        let own = own.expect("it is not zero");
        let cwd = std::env::current_dir().expect("tests run somewhere");
        assert!(matches!(belongs_to(own, &cwd), Belongs::No), "right directory, other program");
        tell(own, &cwd, Signal::KILL); // and it lives to end this test
    }
}
