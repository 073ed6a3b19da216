//! The cluster's configuration as text: what it promises, how large it is, who may log in. Pure.

use super::{Durability, ROLE};
use std::fmt::Write as _;
use std::path::Path;

/// What the cluster can count on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Machine {
    /// Memory of the machine or of the container, MiB.
    pub(super) memory_mib: u64,
    /// Processors.
    pub(super) cores: u64,
    /// Size of the file system that holds the data directory, MiB.
    pub(super) disk_mib: u64,
}

impl Machine {
    /// This machine, with the given file system.
    pub(super) fn here(disk_mib: u64) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let memory = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
        let limit = std::fs::read_to_string("/sys/fs/cgroup/memory.max").unwrap_or_default();
        let limit_mib = limit.trim().parse::<u64>().map_or(u64::MAX, |bytes| bytes >> 20);
        Self {
            memory_mib: total_mib(&memory).unwrap_or(2048).min(limit_mib),
            cores: cores.try_into().unwrap_or(1),
            disk_mib,
        }
    }
}

/// The line `MemTotal: … kB` of proc(5) meminfo.
fn total_mib(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|l| l.strip_prefix("MemTotal:"))?;
    Some(line.trim().trim_end_matches("kB").trim().parse::<u64>().ok()? >> 10)
}

/// The operator's own settings, read after ours and never written by us.
pub(super) const LOCAL_FILE: &str = "local.conf";
/// Our settings.
pub(super) const OUR_FILE: &str = "doorknock.conf";

/// `postgresql.conf`: only what to read, and in which order.
pub(super) fn entry_file() -> String {
    format!(
        "# Written by doorknock at every start. Put settings of your own into {LOCAL_FILE} beside this file.\n\
         include '{OUR_FILE}'\n\
         include_if_exists '{LOCAL_FILE}'\n"
    )
}

/// `doorknock.conf`: everything that differs from PostgreSQL's defaults, or must not.
pub(super) fn configuration(machine: Machine, socket_dir: &Path, durability: Durability) -> String {
    let mut out = String::from("# Written by doorknock at every start; see postgresql.conf.\n");
    let fixed = [FIXED, REACH, LOG];
    let sized = sized(machine);
    let promise = match durability {
        Durability::Kept => "on",
        Durability::Scratch => "off",
    };
    let kept = ["fsync", "full_page_writes"].map(|name| (name, promise.to_owned()));
    let socket = ("unix_socket_directories", format!("\"{}\"", socket_dir.display()));
    let all = kept.into_iter().chain([socket]).chain(sized);
    for (name, value) in all.chain(fixed.concat().into_iter().map(|(name, value)| (name, value.to_owned()))) {
        writeln!(out, "{name} = '{}'", quoted(&value)).expect("a String takes everything");
    }
    out
}

/// Inside a quoted value a quote is doubled and a backslash, too.
fn quoted(value: &str) -> String {
    value.replace('\\', "\\\\").replace('\'', "''")
}

const REACH: &[(&str, &str)] = &[
    ("listen_addresses", ""),
    ("port", "5432"),
    ("unix_socket_permissions", "0700"),
    ("max_connections", "64"),
    ("superuser_reserved_connections", "3"),
    ("synchronous_commit", "on"),
    // A statement whose service was killed must not run on and hold its locks.
    ("client_connection_check_interval", "2s"),
];

const FIXED: &[(&str, &str)] = &[
    ("cluster_name", ROLE),
    ("timezone", "UTC"),
    ("datestyle", "ISO, YMD"),
    ("lc_messages", "C"),
    // Our statements are short: compiling them takes longer than running them.
    ("jit", "off"),
    ("work_mem", "16MB"),
    ("random_page_cost", "1.1"),
    ("checkpoint_timeout", "10min"),
    ("checkpoint_completion_target", "0.9"),
    // Rows of counters and deltas are rewritten all day.
    ("autovacuum_naptime", "20s"),
    ("autovacuum_vacuum_scale_factor", "0.05"),
];

/// A log without statements, parameters or row values. The text of an ERROR quotes values ("invalid input syntax for
/// type uuid: …"), so ERROR stays out as a whole: in the log's own order of severities LOG, FATAL and PANIC stand
/// above it. The service reports its failed statements itself, by name and code.
const LOG: &[(&str, &str)] = &[
    ("log_destination", "stderr"),
    ("logging_collector", "on"),
    ("log_directory", "../log"),
    ("log_filename", "postgres-%a.log"),
    ("log_file_mode", "0600"),
    ("log_truncate_on_rotation", "on"),
    ("log_rotation_age", "1d"),
    ("log_rotation_size", "0"),
    ("log_line_prefix", "%m [%p] "),
    ("log_timezone", "UTC"),
    ("log_min_messages", "log"),
    ("log_min_error_statement", "panic"),
    ("log_error_verbosity", "terse"),
    ("log_statement", "none"),
    ("log_min_duration_statement", "-1"),
    ("log_parameter_max_length", "0"),
    ("log_parameter_max_length_on_error", "0"),
    ("log_lock_waits", "off"),
    ("log_connections", "off"),
    ("log_disconnections", "off"),
];

/// What depends on the machine: an eighth of the memory as shared buffers (PostgreSQL's advice is a quarter for a
/// machine of its own; ours is shared), and as much write-ahead log as an eighth of the disk holds.
fn sized(machine: Machine) -> Vec<(&'static str, String)> {
    let mib = |value: u64| format!("{value}MB");
    let wal = (machine.disk_mib / 8).clamp(64, 2048);
    let gather = (machine.cores / 2).clamp(1, 4);
    vec![
        ("shared_buffers", mib((machine.memory_mib / 8).clamp(64, 4096))),
        ("effective_cache_size", mib((machine.memory_mib / 2).max(128))),
        ("maintenance_work_mem", mib((machine.memory_mib / 32).clamp(64, 512))),
        ("max_wal_size", mib(wal)),
        ("min_wal_size", mib((wal / 2).min(80))),
        ("max_parallel_workers_per_gather", gather.to_string()),
        ("max_parallel_maintenance_workers", gather.to_string()),
    ]
}

/// `pg_hba.conf`: the socket only, and the user at its other end must be on the list below.
pub(super) fn access() -> String {
    format!(
        "# Written by doorknock at every start.\n\
         local all all peer map={ROLE}\n\
         local replication all peer map={ROLE}\n"
    )
}

/// `pg_ident.conf`: each of the operating system's `users` may be [`ROLE`] or the superuser.
pub(super) fn identities(users: &[&str]) -> String {
    let mut out = String::from("# Written by doorknock at every start.\n");
    for user in users {
        for role in [ROLE, super::create::SUPERUSER] {
            writeln!(out, "{ROLE} \"{}\" {role}", user.replace('"', "\"\""))
                .expect("a String takes everything");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value<'a>(conf: &'a str, name: &str) -> &'a str {
        let line = conf.lines().find_map(|l| l.strip_prefix(name)?.strip_prefix(" = '"));
        line.and_then(|l| l.strip_suffix('\'')).unwrap_or_else(|| panic!("{name} is not set"))
    }

    #[test]
    fn what_was_committed_is_on_disk_unless_it_is_scratch() {
        let machine = Machine { memory_mib: 8192, cores: 2, disk_mib: 100_000 };
        let conf = |durability| configuration(machine, Path::new("/d"), durability);
        for name in ["fsync", "full_page_writes"] {
            assert_eq!(value(&conf(Durability::Kept), name), "on");
            assert_eq!(value(&conf(Durability::Scratch), name), "off");
        }
        assert_eq!(value(&conf(Durability::Kept), "listen_addresses"), "");
        assert_eq!(
            value(&conf(Durability::Scratch), "synchronous_commit"),
            "on",
            "a killed process loses nothing"
        );
    }

    #[test]
    fn sizes_follow_the_machine_and_stay_within_what_postgres_takes() {
        for (memory_mib, disk_mib, buffers, wal) in [
            (256, 0, "64MB", "64MB"),
            (2048, 320, "256MB", "64MB"),
            (8192, 4096, "1024MB", "512MB"),
            (262_144, 4_000_000, "4096MB", "2048MB"),
        ] {
            let machine = Machine { memory_mib, cores: 1, disk_mib };
            let conf = configuration(machine, Path::new("/d"), Durability::Kept);
            assert_eq!((value(&conf, "shared_buffers"), value(&conf, "max_wal_size")), (buffers, wal));
        }
    }

    #[test]
    fn quotes_in_a_path_stay_inside_the_value() {
        let machine = Machine { memory_mib: 1, cores: 1, disk_mib: 1 };
        let conf = configuration(machine, Path::new("/o'brien"), Durability::Kept);
        assert!(conf.contains("unix_socket_directories = '\"/o''brien\"'"), "{conf}");
    }

    #[test]
    fn memory_is_read_from_the_kernels_table() {
        assert_eq!(total_mib("MemTotal:       24689660 kB\nMemFree: 1 kB\n"), Some(24110));
        assert_eq!(total_mib(""), None);
    }
}
