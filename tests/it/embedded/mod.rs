//! The private cluster's promises, held against real processes: signals, kills, strangers, odd directories.
//!
//! A service that can be killed is this test program started again with [`HOLD`] set; see [`holder`].

mod directory;

use crate::support::db::options;
use doorknock::embedded::{
    Cluster, Connection, DataDir, Durability, Error, Purpose, Session, State, Whose, running,
};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};
use tokio_postgres::{NoTls, SimpleQueryMessage};

/// Names the data directory that [`holder`] is to hold.
const HOLD: &str = "DOORKNOCK_TEST_HOLD";

/// A data directory of one test, removed with it. The name lets a later run sweep what a killed one left.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        Self(std::env::temp_dir().join(format!("doorknock-test-{}-{n}", std::process::id())))
    }

    fn start(&self) -> Cluster {
        let lock = DataDir::lock(&self.0, Purpose::Service).expect("nobody else holds it");
        Cluster::start(lock, &options(&self.0)).expect("the cluster starts")
    }

    fn pgdata(&self) -> PathBuf {
        self.0.join("postgres")
    }

    /// Clusters that are being made, or were.
    fn drafts(&self) -> impl Iterator<Item = PathBuf> {
        let entries = std::fs::read_dir(&self.0).into_iter().flatten().flatten().map(|e| e.path());
        entries.filter(|path| path.to_string_lossy().contains("/postgres.new-"))
    }

    fn postmaster(&self) -> i32 {
        let file = std::fs::read_to_string(self.pgdata().join("postmaster.pid")).expect("the cluster runs");
        file.lines().next().and_then(|l| l.parse().ok()).expect("its first line is the process id")
    }

    /// A service of its own process, up and running.
    fn hold(&self) -> Child {
        let mut child = self.spawn_holder();
        let output = BufReader::new(child.stdout.take().expect("it is piped"));
        let up = output.lines().map_while(Result::ok).any(|line| line.contains("the cluster is held"));
        assert!(up, "the holder ended before its cluster was up");
        child
    }

    fn spawn_holder(&self) -> Child {
        Command::new(std::env::current_exe().expect("this is a program"))
            .args(["--exact", "embedded::holder", "--ignored", "--nocapture"])
            .env(HOLD, &self.0)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .expect("the test program starts")
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

/// No test: the service that the tests below kill. Runs only when told which directory to hold.
#[test]
#[ignore = "started by other tests as a process to be killed"]
#[expect(clippy::print_stdout, reason = "the starting test reads it")]
fn holder() {
    let Some(dir) = std::env::var_os(HOLD).map(PathBuf::from) else {
        return;
    };
    let lock = DataDir::lock(&dir, Purpose::Service).expect("nobody else holds it");
    let _cluster = Cluster::start(lock, &options(&dir)).expect("the cluster starts");
    println!("the cluster is held");
    loop {
        std::thread::park();
    }
}

/// First column of the last result of `sql`, on a connection of its own.
fn ask(connection: &Connection, sql: &str) -> Result<Vec<String>, tokio_postgres::Error> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime can be made");
    runtime.block_on(async {
        let (client, driver) = tokio_postgres::connect(&connection.url(), NoTls).await?;
        tokio::spawn(driver);
        let answer = client.simple_query(sql).await?;
        let value = |message: &SimpleQueryMessage| {
            if let SimpleQueryMessage::Row(row) = message { row.get(0).map(str::to_owned) } else { None }
        };
        Ok(answer.iter().filter_map(value).collect())
    })
}

fn signal(pid: i32, name: &str) {
    let status =
        Command::new("sh").args(["-c", "kill -s \"$1\" \"$2\"", "kill", name, &pid.to_string()]).status();
    assert!(status.expect("sh runs").success(), "process {pid} could not be signalled");
}

fn is_alive(pid: i32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(')').is_some_and(|(_, rest)| !rest.trim_start().starts_with('Z'))
}

/// Waits for what another process does; there is no event to wait for.
fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < Duration::from_secs(30), "after 30 s still not: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_cluster_keeps_its_rows_over_a_restart() {
    let scratch = Scratch::new();
    let cluster = scratch.start();
    ask(cluster.connection(), "CREATE TABLE door (n int); INSERT INTO door VALUES (7)").unwrap();
    let first = scratch.postmaster();
    cluster.stop();
    assert!(!is_alive(first), "a stopped cluster leaves no process");

    let cluster = scratch.start();
    assert_eq!(ask(cluster.connection(), "SELECT n FROM door").unwrap(), ["7"]);
    assert_eq!(running(&scratch.0).unwrap().as_ref(), Some(cluster.connection()));
    drop(cluster);
    assert_eq!(running(&scratch.0).unwrap(), None, "dropping stops it as well");
}

#[test]
fn the_cluster_is_what_the_promises_need() {
    let scratch = Scratch::new();
    let durable = doorknock::embedded::Options { durability: Durability::Kept, ..options(&scratch.0) };
    let lock = DataDir::lock(&scratch.0, Purpose::Service).unwrap();
    let cluster = Cluster::start(lock, &durable).unwrap();
    for (setting, expected) in [
        ("fsync", "on"),
        ("synchronous_commit", "on"),
        ("full_page_writes", "on"),
        ("data_checksums", "on"),
        ("listen_addresses", ""),
        ("unix_socket_permissions", "0700"),
        ("server_encoding", "UTF8"),
        ("lc_collate", "C"),
        ("TimeZone", "UTC"),
        ("is_superuser", "off"),
    ] {
        assert_eq!(ask(cluster.connection(), &format!("SHOW {setting}")).unwrap(), [expected], "{setting}");
    }
    let other = std::process::Command::new("psql")
        .args([
            "-h",
            &cluster.connection().socket_dir.display().to_string(),
            "-U",
            "doorknock",
            "-wAtXc",
            "SELECT 1",
        ])
        .output()
        .expect("psql comes with the server");
    assert_eq!(String::from_utf8_lossy(&other.stdout), "1\n", "an operator's psql works: {other:?}");
}

#[test]
fn a_second_service_is_refused_in_one_sentence() {
    let scratch = Scratch::new();
    let mut service = scratch.hold();
    let error = DataDir::lock(&scratch.0, Purpose::Service).expect_err("it is held");
    assert!(matches!(&error, Error::InUse { pid, .. } if *pid == service.id().to_string()), "{error}");
    assert!(!error.to_string().contains('\n'));
    service.kill().unwrap();
    service.wait().unwrap();
}

#[test]
fn a_killed_database_comes_back_by_itself() {
    let scratch = Scratch::new();
    let cluster = scratch.start();
    ask(cluster.connection(), "CREATE TABLE door (n int); INSERT INTO door VALUES (7)").unwrap();
    for round in 1..=2 {
        // A busy backend outlives its postmaster and holds its memory.
        let connection = cluster.connection().clone();
        let busy =
            std::thread::spawn(move || ask(&connection, "SELECT count(*) FROM generate_series(1, 1e9)"));
        eventually("a busy backend", || {
            let active = "SELECT 1 FROM pg_stat_activity WHERE query LIKE '%generate_series(1, 1e9)' AND pid <> pg_backend_pid()";
            !ask(cluster.connection(), active).unwrap().is_empty()
        });
        signal(scratch.postmaster(), "KILL");
        eventually("noticed", || cluster.restarts() == round);
        eventually("ready again", || cluster.state() == State::Ready);
        assert_eq!(ask(cluster.connection(), "SELECT n FROM door").unwrap(), ["7"]);
        assert!(busy.join().unwrap().is_err(), "the old backend is gone");
    }
}

#[test]
fn a_killed_service_takes_its_database_along_and_the_next_one_starts() {
    let scratch = Scratch::new();
    for round in 0..3_i32 {
        let mut service = scratch.hold();
        let connection = running(&scratch.0).unwrap().expect("it is up");
        ask(
            &connection,
            &format!("CREATE TABLE IF NOT EXISTS door (n int); INSERT INTO door VALUES ({round})"),
        )
        .unwrap();
        let postmaster = scratch.postmaster();
        if round == 1 {
            signal(postmaster, "KILL");
        }
        service.kill().unwrap();
        service.wait().unwrap();
        if round == 2 {
            eventually("the database ends with its service", || !is_alive(postmaster));
        }
    }
    let cluster = scratch.start();
    assert_eq!(ask(cluster.connection(), "SELECT n FROM door ORDER BY n").unwrap(), ["0", "1", "2"]);
}

#[test]
fn a_start_that_is_killed_leaves_nothing_half_done() {
    let scratch = Scratch::new();
    for sign in
        ["PG_VERSION", "base/1", "global/pg_control", "pg_wal/000000010000000000000001", "base/4", "base/5"]
    {
        let mut service = scratch.spawn_holder();
        eventually(sign, || {
            scratch.drafts().any(|draft| draft.join(sign).exists()) || scratch.pgdata().exists()
        });
        service.kill().unwrap();
        service.wait().unwrap();
    }
    let cluster = scratch.start();
    assert_eq!(ask(cluster.connection(), "SELECT 1").unwrap(), ["1"]);
    assert_eq!(scratch.drafts().count(), 0, "nor anything to clean up");
}

#[test]
fn a_stranger_named_by_an_old_pid_file_is_left_alone() {
    let scratch = Scratch::new();
    let cluster = scratch.start();
    let socket_dir = cluster.connection().socket_dir.clone();
    cluster.stop();
    let uid = std::fs::metadata(scratch.pgdata()).unwrap().uid();
    let mut sleeper = Command::new("sleep");
    std::os::unix::process::CommandExt::uid(&mut sleeper, uid);
    let mut stranger = sleeper.arg("60").spawn().unwrap();
    let file = format!(
        "{}\n{}\n1700000000\n5432\n/nowhere\n\n 1 1\nready   \n",
        stranger.id(),
        scratch.pgdata().display()
    );
    std::fs::write(scratch.pgdata().join("postmaster.pid"), &file).unwrap();
    std::fs::write(socket_dir.join(".s.PGSQL.5432.lock"), file).unwrap();
    assert_eq!(running(&scratch.0).unwrap(), None, "a stranger is no cluster");

    let cluster = scratch.start();
    assert_eq!(ask(cluster.connection(), "SELECT 1").unwrap(), ["1"]);
    assert!(stranger.try_wait().unwrap().is_none(), "the stranger still runs");
    stranger.kill().unwrap();
    stranger.wait().unwrap();
}

#[test]
fn commands_share_one_cluster_and_the_last_one_stops_it() {
    let scratch = Scratch::new();
    let own = Session::open(&options(&scratch.0)).unwrap();
    let beside = Session::open(&options(&scratch.0)).unwrap();
    assert_eq!((own.whose(), beside.whose()), (Whose::Own, Whose::Other));
    assert_eq!(own.connection(), beside.connection());
    let closing = std::thread::spawn(move || own.close());
    assert_eq!(ask(beside.connection(), "SELECT 1").unwrap(), ["1"], "it waits for the other");
    beside.close().unwrap();
    closing.join().unwrap().unwrap();
    assert_eq!(running(&scratch.0).unwrap(), None);

    let command = Session::open(&options(&scratch.0)).unwrap();
    let dir = scratch.0.clone();
    let waiting = std::thread::spawn(move || DataDir::lock(&dir, Purpose::Service));
    command.close().unwrap();
    let lock = waiting.join().unwrap().expect("a service waits for a command to finish");
    let service = Cluster::start(lock, &options(&scratch.0)).unwrap();
    let beside = Session::open(&options(&scratch.0)).unwrap();
    assert_eq!((beside.whose(), beside.connection()), (Whose::Other, service.connection()));
}
