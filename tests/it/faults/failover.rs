//! Faults of a database with two nodes: every commit is on both before it is answered, one node is lost or fenced off, the
//! other is promoted. The service knows both by one URL and has to find the one that takes writes.

use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use doorknock::embedded;
use rustix::process::Signal;
use tokio_postgres::{Client, NoTls};

use super::house::{House, How, Scratch, holds, signal};
use super::{Runs, a_moment};

/// The user who runs the nodes when root asks: PostgreSQL refuses root.
fn postgres_ids() -> Option<(u32, u32)> {
    if !rustix::process::geteuid().is_root() {
        return None;
    }
    let users = std::fs::read_to_string("/etc/passwd").expect("there are users");
    let line = users.lines().find(|line| line.starts_with("postgres:")).expect("the user of the package");
    let mut parts = line.split(':').skip(2).map(|part| part.parse().expect("a number"));
    Some((parts.next().expect("a user id"), parts.next().expect("a group id")))
}

/// One database node; its directory holds the data, and its socket.
struct Node {
    dir: PathBuf,
}

impl Node {
    fn data(&self) -> PathBuf {
        self.dir.join("data")
    }

    /// Runs one of PostgreSQL's programs to its end.
    fn run(program: &str, arguments: &[&str]) {
        let path = embedded::program(program, embedded::OLDEST_MAJOR).expect("PostgreSQL is installed");
        let path = std::fs::canonicalize(&path).unwrap_or(path);
        let mut command = Command::new(path);
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        if let Some((uid, gid)) = postgres_ids() {
            command.uid(uid).gid(gid).current_dir("/");
        }
        let status = command.status().expect("it runs");
        assert!(status.success(), "{program} {arguments:?}: {status}");
    }

    fn path(&self) -> String {
        self.data().display().to_string()
    }

    fn start(&self) {
        let log = self.dir.join("log").display().to_string();
        let socket = format!("-k {} -c listen_addresses=''", self.dir.display());
        Self::run("pg_ctl", &["-D", &self.path(), "-l", &log, "-w", "-t", "60", "-o", &socket, "start"]);
    }

    /// What this node is: whether it waits for the other one before it answers a commit.
    fn write_role(&self, is_leading: bool) {
        let names = if is_leading { "*" } else { "" };
        std::fs::write(self.dir.join("role.conf"), format!("synchronous_standby_names = '{names}'\n"))
            .expect("the directory is ours");
    }

    fn pid(&self) -> i32 {
        let file = std::fs::read_to_string(self.data().join("postmaster.pid")).expect("it runs");
        file.lines().next().and_then(|line| line.trim().parse().ok()).expect("its first line is the process")
    }

    fn kill(&self) {
        let pid = self.pid();
        signal(pid, Signal::KILL);
        let began = Instant::now();
        while Path::new(&format!("/proc/{pid}")).exists() && began.elapsed() < Duration::from_secs(10) {
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    async fn session(&self) -> Client {
        let config = format!("host={} user=postgres dbname=postgres", self.dir.display());
        for _ in 0..200 {
            if let Ok((client, driver)) = tokio_postgres::connect(&config, NoTls).await {
                tokio::spawn(driver);
                return client;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the node does not answer");
    }
}

/// Two nodes, and which of them leads.
struct Pair {
    nodes: [Node; 2],
    leader: usize,
}

impl Pair {
    fn new(scratch: &Scratch) -> Self {
        let nodes = ["a", "b"].map(|name| Node { dir: scratch.0.join(name) });
        for node in &nodes {
            std::fs::create_dir_all(&node.dir).unwrap();
            if let Some((uid, gid)) = postgres_ids() {
                std::os::unix::fs::chown(&node.dir, Some(uid), Some(gid)).unwrap();
            }
        }
        let first = &nodes[0];
        Node::run(
            "initdb",
            &["-D", &first.path(), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"],
        );
        let settings = "fsync = off\nhot_standby = on\nmax_connections = 60\nwal_receiver_status_interval = 1\n\
            wal_retrieve_retry_interval = 100\ninclude_if_exists '../role.conf'\n";
        let file = first.data().join("postgresql.conf");
        let text = std::fs::read_to_string(&file).unwrap();
        std::fs::write(&file, text + settings).unwrap();
        first.write_role(false);
        first.start();
        Self { nodes, leader: 0 }
    }

    fn leads(&self) -> &Node {
        &self.nodes[self.leader]
    }

    fn follows(&self) -> &Node {
        &self.nodes[1 - self.leader]
    }

    /// Makes the other node a copy of the leader that keeps up with it, and lets the leader wait for it from now on.
    async fn follow(&self) {
        let (leader, follower) = (self.leads(), self.follows());
        drop(std::fs::remove_dir_all(follower.data()));
        let host = leader.dir.display().to_string();
        let copy = [
            "-D",
            &follower.path(),
            "-h",
            &host,
            "-U",
            "postgres",
            "-R",
            "-X",
            "stream",
            "-c",
            "fast",
            "--no-sync",
        ];
        Node::run("pg_basebackup", &copy);
        follower.write_role(false);
        follower.start();
        leader.write_role(true);
        let client = leader.session().await;
        client.batch_execute("select pg_reload_conf()").await.unwrap();
        let sql =
            "select count(*) from pg_stat_replication where sync_state = 'sync' and state = 'streaming'";
        for _ in 0..400 {
            let found: i64 = client.query_one(sql, &[]).await.unwrap().get(0);
            if found == 1 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("the follower does not keep up");
    }

    /// The follower leads from now on.
    fn promote(&mut self) {
        Node::run("pg_ctl", &["-D", &self.follows().path(), "-w", "promote"]);
        self.leader = 1 - self.leader;
    }

    fn url(&self) -> String {
        let [a, b] = self.nodes.each_ref().map(|node| node.dir.display().to_string());
        format!("host={a},{b} user=postgres dbname=census target_session_attrs=read-write connect_timeout=2")
    }
}

impl Drop for Pair {
    fn drop(&mut self) {
        for node in &self.nodes {
            if let Ok(file) = std::fs::read_to_string(node.data().join("postmaster.pid"))
                && let Some(pid) = file.lines().next().and_then(|line| line.trim().parse().ok())
            {
                signal(pid, Signal::QUIT);
            }
        }
    }
}

async fn world() -> (Pair, House) {
    let scratch = Scratch::new();
    let pair = Pair::new(&scratch);
    pair.leads().session().await.batch_execute("create database census").await.unwrap();
    pair.follow().await;
    let how = How { url: Some(pair.url()), ..How::default() };
    let migrated = How::command(&scratch, &how).arg("migrate").status().unwrap();
    assert!(migrated.success());
    (pair, House::with(scratch, how).await)
}

/// The law, held against the node that leads now.
async fn law(pair: &Pair, house: &House) {
    let url = pair.url();
    let config = format!("host={} user=postgres dbname=census", pair.leads().dir.display());
    let (client, driver) = tokio_postgres::connect(&config, NoTls).await.unwrap();
    tokio::spawn(driver);
    holds(&url, &client, &house.told).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_leading_node_dies_and_the_other_is_promoted() {
    let runs = Runs::of("the_leading_node_dies_and_the_other_is_promoted");
    let (mut pair, mut house) = world().await;
    for mut dice in runs.each() {
        house
            .under(&mut dice, async |_, dice| {
                pair.leads().kill();
                a_moment(dice, 300).await;
                pair.promote();
            })
            .await;
        law(&pair, &house).await;
        pair.follow().await;
    }
    runs.went_well(house.told.len());
    drop(house);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_leading_node_becomes_read_only_and_the_other_is_promoted() {
    let runs = Runs::of("the_leading_node_becomes_read_only_and_the_other_is_promoted");
    let (mut pair, mut house) = world().await;
    for mut dice in runs.each() {
        house
            .under(&mut dice, async |_, dice| {
                // Open sessions stay open and are refused every write (25006); what still waits for the other node is lost.
                let fenced = pair.leads().session().await;
                let fence = "alter system set default_transaction_read_only = on";
                fenced.batch_execute(fence).await.unwrap();
                fenced.batch_execute("select pg_reload_conf()").await.unwrap();
                a_moment(dice, 300).await;
                pair.promote();
                a_moment(dice, 300).await;
                pair.follows().kill();
            })
            .await;
        law(&pair, &house).await;
        pair.follow().await;
    }
    runs.went_well(house.told.len());
    drop(house);
}
