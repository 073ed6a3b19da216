//! What is measured: one private cluster with everything forced to disk, databases in it, and real `doorknock serve`
//! processes on loopback; and the questions asked of them after each round.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use doorknock::embedded::{Cluster, Connection, DataDir, Options, Purpose};
use tokio_postgres::{Client, NoTls};
use uuid::Uuid;

use crate::world::{ENUMERATORS, World};

/// The cluster, in a directory that goes with it.
pub struct House {
    binary: PathBuf,
    dir: PathBuf,
    cluster: Option<Cluster>,
}

impl House {
    /// Starts a cluster.
    pub fn start(asked: &crate::options::Options) -> Result<Self> {
        let temp = std::env::temp_dir();
        let dir = asked.dir.as_ref().unwrap_or(&temp).join(format!("doorknock-bench-{}", std::process::id()));
        let options = Options { helper: asked.binary.clone(), ..Options::new(dir.join("cluster")) };
        std::fs::create_dir_all(&dir).with_context(|| dir.display().to_string())?;
        let start = || Cluster::start(DataDir::lock(&options.data_dir, Purpose::Service)?, &options);
        let mut cluster = start()?;
        if let Some(settings) = &asked.settings {
            cluster.stop();
            // The operator's own file, read after the program's settings.
            let local = options.data_dir.join("postgres/local.conf");
            std::fs::copy(settings, &local).with_context(|| settings.display().to_string())?;
            cluster = start()?;
        }
        Ok(Self { binary: asked.binary.clone(), dir, cluster: Some(cluster) })
    }

    /// How to reach a database of the cluster.
    pub fn connection(&self, database: &str) -> Result<Connection> {
        Ok(self.cluster.as_ref().context("the cluster is stopped")?.connection().with_database(database))
    }

    /// Processor time that the database has used so far, seconds, its ended sessions included.
    pub fn cpu(&self) -> Result<f64> {
        let pid_file = std::fs::read_to_string(self.path("cluster/postgres/postmaster.pid"))?;
        let postmaster: u32 = pid_file.lines().next().unwrap_or_default().trim().parse()?;
        let mut ticks = times(postmaster).context("no database")?.iter().sum();
        for entry in std::fs::read_dir("/proc")?.flatten() {
            let pid = entry.file_name().to_str().and_then(|name| name.parse().ok());
            let Some(pid) = pid.filter(|pid| parent(*pid) == Some(postmaster)) else {
                continue;
            };
            // One that has just ended is counted with its parent next time.
            ticks += times(pid).map_or(0, |t| t[0] + t[1]);
        }
        Ok(seconds(ticks))
    }

    /// A directory of that name in the house.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// Makes an empty database.
    pub async fn create(&self, database: &str) -> Result<()> {
        let admin = connect(&self.connection("doorknock")?).await?;
        admin.batch_execute(&format!("create database {database}")).await?;
        Ok(())
    }

    /// A survey in a database of its own, with a running service. Returns it and how long the set-up took.
    pub async fn serve(&self, name: &str, world: &World) -> Result<(Service, Duration)> {
        self.create(name).await?;
        let service = Service {
            binary: self.binary.clone(),
            connection: self.connection(name)?,
            data: self.path(&format!("{name}-data")),
            child: None,
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            tokens: Vec::new(),
            boss: String::new(),
        };
        service.run(&["migrate"])?;
        let files = self.path(&format!("{name}-setup"));
        world.write(&files)?;
        let began = Instant::now();
        service.run(&["setup", &files.display().to_string()])?;
        let took = began.elapsed();
        Ok((service.started()?, took))
    }
}

impl Drop for House {
    fn drop(&mut self) {
        if let Some(cluster) = self.cluster.take() {
            cluster.stop();
        }
        // What cannot be removed lies in a temporary directory.
        drop(std::fs::remove_dir_all(&self.dir));
    }
}

/// The fields of /proc/PID/stat after the name, from the state on.
fn stat(pid: u32) -> Option<Vec<String>> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    Some(text.rsplit(") ").next()?.split(' ').map(str::to_owned).collect())
}

fn parent(pid: u32) -> Option<u32> {
    stat(pid)?.get(1)?.parse().ok()
}

/// Ticks in user and kernel mode, own and of ended children.
fn times(pid: u32) -> Option<[u64; 4]> {
    let stat = stat(pid)?;
    let at = |i: usize| stat.get(i)?.parse().ok();
    Some([at(11)?, at(12)?, at(13)?, at(14)?])
}

/// Linux tells processor time in hundredths of a second, on every machine.
#[expect(clippy::cast_precision_loss, reason = "processor time of minutes")]
fn seconds(ticks: u64) -> f64 {
    ticks as f64 / 100.0
}

/// A session at a database of the cluster.
pub async fn connect(connection: &Connection) -> Result<Client> {
    let (client, driver) = tokio_postgres::connect(&connection.url(), NoTls).await?;
    // Ends with the client.
    tokio::spawn(async move { drop(driver.await) });
    Ok(client)
}

/// A running `doorknock serve`.
pub struct Service {
    binary: PathBuf,
    /// Its database.
    pub connection: Connection,
    data: PathBuf,
    child: Option<Child>,
    /// Where it listens.
    pub address: SocketAddr,
    /// Device and token of each enumerator.
    pub tokens: Vec<(Uuid, String)>,
    /// Token of the supervisor.
    pub boss: String,
}

impl Service {
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        command.args(arguments).env("DATABASE_URL", self.connection.url());
        command
            .arg("--data-dir")
            .arg(&self.data)
            .env_remove("DOORKNOCK_DATA_DIR")
            .env_remove("DOORKNOCK_LOG");
        command
    }

    /// Runs a command of the program to its end and returns what it printed.
    pub fn run(&self, arguments: &[&str]) -> Result<String> {
        let out = self.command(arguments).output().context("the program does not start")?;
        let text = String::from_utf8_lossy(&out.stdout).into_owned();
        let said = String::from_utf8_lossy(&out.stderr);
        ensure!(out.status.success(), "doorknock {} failed: {text}{said}", arguments.join(" "));
        Ok(text)
    }

    fn started(mut self) -> Result<Self> {
        for n in 0..ENUMERATORS {
            let device = Uuid::from_u128(0x0d00_0000_0000_4000_8000_0000_0000_0000 + n as u128);
            let text = self.run(&["token", &format!("e{n:02}"), "--device", &device.to_string()])?;
            self.tokens.push((device, text.trim().to_owned()));
        }
        self.run(&["token", "boss"])?.trim().clone_into(&mut self.boss);
        let log = std::fs::File::create(self.data.with_extension("log"))?;
        let mut child = self
            .command(&["serve", "--listen", "127.0.0.1:0", "--no-linking", "--odk-without-tls"])
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .context("the service does not start")?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().context("no output")?).read_line(&mut line)?;
        let address = line.trim().rsplit("http://").next().and_then(|a| a.trim_end_matches('/').parse().ok());
        self.address = address.with_context(|| format!("the service said {line:?}"))?;
        self.child = Some(child);
        Ok(self)
    }

    /// A figure of /proc/PID/status in MiB: `VmHWM` is the peak, `VmRSS` now.
    pub fn memory(&self, figure: &str) -> Result<f64> {
        let pid = self.child.as_ref().context("not running")?.id();
        let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
        let line = status.lines().find_map(|l| l.strip_prefix(figure)).context("no such figure")?;
        let kib: f64 = line.trim_matches([':', ' ', '\t']).trim_end_matches(" kB").trim().parse()?;
        Ok(kib / 1024.0)
    }

    /// Processor time used so far, seconds.
    pub fn cpu(&self) -> Result<f64> {
        let pid = self.child.as_ref().context("not running")?.id();
        let times = times(pid).context("not running")?;
        Ok(seconds(times[0] + times[1]))
    }

    /// Records stored and counted.
    pub async fn stored(&self) -> Result<i64> {
        let client = connect(&self.connection).await?;
        let row = client
            .query_one("select (select count(*) from visit where status = 0) + (select count(*) from interview where status = 0)", &[])
            .await?;
        Ok(row.get(0))
    }

    /// Waits until no delta waits to be folded, so that no way of writing is measured while the work of another goes on.
    /// Linking, which gives way to uploads, is measured by a benchmark of its own.
    pub async fn at_rest(&self) -> Result<()> {
        let client = connect(&self.connection).await?;
        let sql = "select count(*) from completion_delta";
        for _ in 0..1200 {
            if client.query_one(sql, &[]).await?.get::<_, i64>(0) == 0 {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        bail!("the counters are not brought up to date")
    }

    /// Whether `doorknock recount` finds the counters right.
    pub fn recount(&self) -> Result<()> {
        self.run(&["recount"]).map(|_| ())
    }

    /// Fails when, three seconds after the load, a session still stands in an open transaction.
    pub async fn none_idle_in_transaction(&self) -> Result<()> {
        let client = connect(&self.connection).await?;
        for _ in 0..30 {
            let sql = "select count(*) from pg_stat_activity where state like 'idle in transaction%'";
            if client.query_one(sql, &[]).await?.get::<_, i64>(0) == 0 {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        bail!("a session stays idle in transaction")
    }

    /// Ends it as an operator would.
    pub fn stop(mut self) -> Result<()> {
        self.end().map(|_| ())
    }

    fn end(&mut self) -> Result<bool> {
        let Some(mut child) = self.child.take() else {
            return Ok(true);
        };
        let pid = i32::try_from(child.id())
            .ok()
            .and_then(rustix::process::Pid::from_raw)
            .context("no such process")?;
        rustix::process::kill_process(pid, rustix::process::Signal::TERM)?;
        Ok(child.wait()?.success())
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // Already stopped, or this run has failed and says why.
        drop(self.end());
    }
}
