//! The hidden command between the service and a program of PostgreSQL: it changes to the cluster's user, ties its
//! life to the service's, and becomes the program.
//!
//! These steps must happen in the new process after the fork. Rust's hook for that is unsafe; a second start of our
//! own executable is not. The order matters: changing the user clears the parent-death signal.

use super::account::{Account, is_root};
use rustix::fs::Mode;
use rustix::process::{
    Pid, Resource, Rlimit, Signal, geteuid, getppid, set_parent_process_death_signal, setrlimit, umask,
};
use rustix::thread::{Gid, Uid, set_thread_groups, set_thread_res_gid, set_thread_res_uid};
use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, ExitCode};

const VERB: &str = "postgres-child";
/// Stands for "stay who you are".
const SAME_USER: &str = "same";

/// A command that runs `program` as `account` through `helper`, tied to the calling *thread*'s life: the program
/// gets SIGINT when that thread or its process ends. The program's arguments are for the caller to add.
pub(super) fn command(helper: &Path, account: &Account, program: &Path) -> Command {
    let user = if is_root() { format!("{}:{}", account.uid, account.gid) } else { SAME_USER.to_owned() };
    let mut command = Command::new(helper);
    command.arg(VERB).arg(std::process::id().to_string()).arg(user).arg(program);
    let path = std::env::var_os("PATH").unwrap_or_else(|| "/usr/bin:/bin".into());
    command.env_clear().env("PATH", path).env("LC_ALL", "C").env("TZ", "UTC");
    // A Ctrl-C in the terminal is for the service, which stops the database when its last request is done.
    command.current_dir("/").process_group(0);
    command
}

/// Does the hidden command if `args` (the program's own name first) ask for it: does not return if all goes well.
/// `None` for all other arguments. To be called first thing in `main`, before there is a second thread.
pub fn run_as_child(args: impl IntoIterator<Item = OsString>) -> Option<ExitCode> {
    let mut args = args.into_iter().skip(1);
    if args.next()? != VERB {
        return None;
    }
    let problem = match become_program(&mut args) {
        Ok(never) => match never {},
        Err(problem) => problem,
    };
    eprintln!("doorknock {VERB}: {problem}");
    Some(ExitCode::from(126))
}

enum Never {}

fn become_program(args: &mut dyn Iterator<Item = OsString>) -> io::Result<Never> {
    let mut next = |what: &str| args.next().ok_or_else(|| io::Error::other(format!("{what} is missing")));
    let parent = next("parent")?;
    let user = next("user")?;
    let program = next("program")?;
    if user != SAME_USER {
        drop_to(&user.to_string_lossy())?;
    }
    umask(Mode::RWXG | Mode::RWXO);
    // A memory image of the database would hold what the files keep closed.
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })?;
    set_parent_process_death_signal(Some(Signal::INT))?;
    let now = getppid().map_or(0, Pid::as_raw_pid);
    if parent.to_string_lossy() != now.to_string() {
        return Err(io::Error::other("the service ended meanwhile"));
    }
    Err(Command::new(program).args(args).exec())
}

/// Gives up root for `UID:GID`, for good.
fn drop_to(user: &str) -> io::Result<()> {
    let parsed = user.split_once(':').and_then(|(uid, gid)| Some((uid.parse().ok()?, gid.parse().ok()?)));
    let (uid, gid): (u32, u32) =
        parsed.filter(|&(uid, _)| uid != 0).ok_or_else(|| io::Error::other("no such user"))?;
    let (uid, gid) = (Uid::from_raw(uid), Gid::from_raw(gid));
    // These act on the calling thread, which here is the whole process.
    set_thread_groups(&[gid])?;
    set_thread_res_gid(gid, gid, gid)?;
    set_thread_res_uid(uid, uid, uid)?;
    if geteuid() == uid { Ok(()) } else { Err(io::Error::other("the user did not change")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_commands_are_left_alone() {
        let args = |words: &[&str]| words.iter().map(OsString::from).collect::<Vec<_>>();
        assert!(run_as_child(args(&[])).is_none());
        assert!(run_as_child(args(&["doorknock"])).is_none());
        assert!(run_as_child(args(&["doorknock", "serve", VERB])).is_none());
    }

    #[test]
    fn nobody_becomes_root() {
        assert!(drop_to("0:0").is_err());
        assert!(drop_to("x:1").is_err());
        assert!(drop_to("").is_err());
    }
}
