//! A database of its own for every test: one private cluster for the whole test process, started by the first
//! test that asks, and a clone of one migrated template for each.
//!
//! The cluster lives in a temporary directory, forgets everything with the machine (nothing is forced to disk), dies
//! with the test process, and a guard process takes the directory away afterwards. Directories of test processes
//! that were killed together with their guard are swept by the next run. Only databases whose names begin with
//! [`PREFIX`] are ever made or dropped.
//!
//! `support::migrate_template(url)` must bring the empty database at `url` up to date.

use doorknock::embedded::{Cluster, Connection, DataDir, Durability, Options, Purpose};
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use tokio::sync::{mpsc, oneshot};
use tokio_postgres::{Client, NoTls};

/// Every database of the suite is called so, and none that is not is touched.
pub const PREFIX: &str = "doorknock_test_";
const TEMPLATE: &str = "doorknock_test_template";
const DIRECTORY: &str = "doorknock-test-";

/// A database for one test; dropped with it.
pub struct TestDb {
    /// How to reach it.
    pub connection: Connection,
    orders: mpsc::UnboundedSender<Order>,
}

impl TestDb {
    /// One more session.
    pub async fn client(&self) -> Client {
        connect(&self.connection).await
    }
}

impl Drop for TestDb {
    fn drop(&mut self) {
        // At the end of the process nobody may be left to take the order; then the cluster goes as a whole.
        drop(self.orders.send(Order::Drop(self.connection.database.clone())));
    }
}

/// A migrated database that no other test sees. Without PostgreSQL on this machine the test fails and says so.
pub async fn database() -> TestDb {
    static SUITE: OnceLock<Result<Suite, String>> = OnceLock::new();
    static NEXT: AtomicU32 = AtomicU32::new(1);
    let suite = match SUITE.get_or_init(Suite::start) {
        Ok(suite) => suite,
        Err(sentence) => panic!("the tests need a PostgreSQL of their own: {sentence}"),
    };
    let name = format!("{PREFIX}{}", NEXT.fetch_add(1, Ordering::Relaxed));
    let (reply, made) = oneshot::channel();
    suite
        .orders
        .send(Order::Clone(name.clone(), reply))
        .expect("the administrator lives as long as the suite");
    made.await.expect("the administrator answers").expect("the template can be cloned");
    TestDb { connection: suite.connection.with_database(&name), orders: suite.orders.clone() }
}

/// The options for a cluster made by a test, in `data_dir`.
pub fn options(data_dir: &Path) -> Options {
    Options {
        helper: PathBuf::from(env!("CARGO_BIN_EXE_doorknock")),
        durability: Durability::Scratch,
        ..Options::new(data_dir)
    }
}

/// A session at `connection`.
pub async fn connect(connection: &Connection) -> Client {
    let (client, driver) =
        tokio_postgres::connect(&connection.url(), NoTls).await.expect("the cluster is up");
    tokio::spawn(driver);
    client
}

enum Order {
    Clone(String, oneshot::Sender<Result<(), tokio_postgres::Error>>),
    Drop(String),
}

/// What lives as long as the test process.
struct Suite {
    connection: Connection,
    orders: mpsc::UnboundedSender<Order>,
    #[expect(dead_code, reason = "the cluster runs while this lives")]
    cluster: Cluster,
    #[expect(dead_code, reason = "the guard waits for this to close")]
    guard: ChildStdin,
}

impl Suite {
    fn start() -> Result<Self, String> {
        let temp = std::env::temp_dir();
        sweep(&temp);
        let dir = temp.join(format!("{DIRECTORY}{}", std::process::id()));
        let guard = guard(&dir)?;
        let options = options(&dir);
        let lock = DataDir::lock(&dir, Purpose::Service).map_err(|e| told(&e))?;
        let cluster = Cluster::start(lock, &options).map_err(|e| told(&e))?;
        let connection = cluster.connection().clone();
        let (orders, queue) = mpsc::unbounded_channel();
        let (ready, made) = std::sync::mpsc::channel();
        let reach = connection.clone();
        // A runtime of its own: that of the first test ends with that test.
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime can be made").block_on(administer(reach, queue, ready));
        });
        made.recv().map_err(|_| "the template could not be made (see the panic above)".to_owned())??;
        Ok(Self { connection, orders, cluster, guard })
    }
}

fn told(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |e| e.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// Makes the template, then clones and drops on order.
async fn administer(
    connection: Connection,
    mut orders: mpsc::UnboundedReceiver<Order>,
    ready: std::sync::mpsc::Sender<Result<(), String>>,
) {
    let admin = connect(&connection).await;
    let made = execute(&admin, "CREATE DATABASE", TEMPLATE, "TEMPLATE template0").await;
    made.expect("a new cluster takes a new database");
    let migrated = super::migrate_template(&connection.with_database(TEMPLATE).url()).await;
    drop(ready.send(migrated));
    while let Some(order) = orders.recv().await {
        match order {
            Order::Clone(name, reply) => {
                let clone = format!("TEMPLATE {TEMPLATE} STRATEGY wal_log");
                drop(reply.send(execute(&admin, "CREATE DATABASE", &name, &clone).await));
            }
            // What cannot be dropped goes with the cluster.
            Order::Drop(name) => drop(execute(&admin, "DROP DATABASE", &name, "WITH (FORCE)").await),
        }
    }
}

async fn execute(admin: &Client, verb: &str, name: &str, rest: &str) -> Result<(), tokio_postgres::Error> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    assert!(name.starts_with(PREFIX) && name.chars().all(plain), "{name} is no database of the suite's");
    admin.batch_execute(&format!("{verb} {name} {rest}")).await
}

/// A process that outlives this one, waits for the cluster to end and removes the directory.
fn guard(dir: &Path) -> Result<ChildStdin, String> {
    const SCRIPT: &str = "read -r _; n=0; while [ -e \"$1/postgres/postmaster.pid\" ] && [ $n -lt 100 ]; \
                          do sleep 0.1; n=$((n+1)); done; rm -rf -- \"$1\"";
    use std::os::unix::process::CommandExt;
    let mut command = Command::new("sh");
    command.args(["-c", SCRIPT, "guard"]).arg(dir).process_group(0);
    let spawned = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let mut child = spawned.map_err(|e| format!("sh does not start: {e}"))?;
    child.stdin.take().ok_or_else(|| "the guard has no input".to_owned())
}

/// Removes the directories of test processes that are gone.
fn sweep(temp: &Path) {
    for entry in std::fs::read_dir(temp).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let Some(pid) =
            name.strip_prefix(DIRECTORY).and_then(|rest| rest.split('-').next()?.parse::<u32>().ok())
        else {
            continue;
        };
        if !Path::new(&format!("/proc/{pid}")).exists() {
            // Somebody else's directory stays.
            drop(std::fs::remove_dir_all(entry.path()));
        }
    }
}
