//! The built program on a data directory of its own, with phones, and the law that holds after everything done to it.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use doorknock::embedded::running;
use doorknock::setup::Files;
use doorknock::store::{Settings, Store};
use futures_util::future::join_all;
use rand::Rng;
use rand::rngs::StdRng;
use rustix::process::{Pid, Signal, kill_process};
use uuid::Uuid;

use super::a_moment;
use super::phone::{Phone, batch};
use crate::support::Survey;

/// A test per fault: its name, and what happens to the house in one run.
macro_rules! house_faults {
    ($($name:ident ($house:ident, $dice:ident) $body:block)+) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let runs = crate::faults::Runs::of(stringify!($name));
                let mut house = crate::faults::house::House::new().await;
                for mut dice in runs.each() {
                    house.under(&mut dice, async |$house: &mut House, $dice: &mut StdRng| $body).await;
                    house.holds().await;
                }
                runs.went_well(house.told.len());
            }
        )+
    };
}
pub(super) use house_faults;

/// A directory of one test, removed with it. The name lets a later run sweep what a killed one left.
pub struct Scratch(pub PathBuf);

impl Scratch {
    pub fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("doorknock-test-{}-house-{n}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a directory can be made");
        Self(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

/// The built program on a data directory of its own.
pub struct House {
    pub scratch: Scratch,
    pub service: Option<Child>,
    pub phones: Vec<Phone>,
    pub cases: Vec<Uuid>,
    pub told: Vec<Uuid>,
    pub how: How,
}

/// What the house's program is told beside its data directory.
#[derive(Clone, Default)]
pub struct How {
    /// A database that is not its own.
    pub url: Option<String>,
    /// Further arguments of `serve`.
    pub serve: Vec<String>,
}

impl How {
    pub fn command(scratch: &Scratch, how: &Self) -> Command {
        let mut command = program(&scratch.0.join("data"));
        if let Some(url) = &how.url {
            command.arg("--database-url").arg(url);
        }
        command
    }
}

pub fn program(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_doorknock"));
    command.arg("--data-dir").arg(data).stderr(Stdio::null()).stdin(Stdio::null());
    command.env_remove("DATABASE_URL").env("DOORKNOCK_LOG", "error");
    command
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("it is bound").port()
}

impl House {
    pub async fn new() -> Self {
        Self::with(Scratch::new(), How::default()).await
    }

    pub async fn with(scratch: Scratch, how: How) -> Self {
        let survey = Survey::with_dwellings(40);
        let dir = scratch.0.join("setup");
        std::fs::create_dir(&dir).unwrap();
        for name in ["survey.toml", "areas.csv", "dwellings.csv", "staff.csv"] {
            let files = survey.files();
            let mut opened = files.open(name).unwrap().expect("the set-up has it");
            let mut bytes = Vec::new();
            opened.bytes.read_to_end(&mut bytes).unwrap();
            std::fs::write(dir.join(name), bytes).unwrap();
        }
        let mut house =
            Self { scratch, service: None, phones: Vec::new(), cases: survey.cases(), told: Vec::new(), how };
        house.serve().await;
        assert!(house.program().arg("setup").arg(&dir).status().unwrap().success());
        let list = house.scratch.0.join("devices");
        let lines: Vec<String> = ["ea1", "ea2", "ea1", "ea2"]
            .iter()
            .map(|user| format!("{{\"user\":\"{user}\",\"device_id\":\"{}\"}}", Uuid::new_v4()))
            .collect();
        std::fs::write(&list, format!("[{}]", lines.join(","))).unwrap();
        let out = house.program().args(["token", "--devices"]).arg(&list).output().unwrap();
        for line in String::from_utf8(out.stdout).unwrap().lines() {
            let words: Vec<&str> = line.split(' ').collect();
            house.phones.push(Phone {
                address: house.address(),
                token: words[2].to_owned(),
                device: words[1].parse().unwrap(),
                survey: survey.slug.clone(),
            });
        }
        assert_eq!(house.phones.len(), 4);
        house
    }

    pub fn program(&self) -> Command {
        How::command(&self.scratch, &self.how)
    }

    pub fn data(&self) -> PathBuf {
        self.scratch.0.join("data")
    }

    fn address_file(&self) -> PathBuf {
        self.scratch.0.join("address")
    }

    pub fn address(&self) -> std::net::SocketAddr {
        std::fs::read_to_string(self.address_file()).unwrap().trim().parse().unwrap()
    }

    /// Starts the service on the address it had before, and waits until it says that it listens.
    pub async fn serve(&mut self) {
        if !self.address_file().exists() {
            std::fs::write(self.address_file(), format!("127.0.0.1:{}", free_port())).unwrap();
        }
        let address = self.address().to_string();
        let began = Instant::now();
        loop {
            let mut child = self
                .program()
                .args(["serve", "--listen", &address])
                .args(&self.how.serve)
                .stdout(Stdio::piped())
                .spawn()
                .unwrap();
            let out = child.stdout.take().unwrap();
            let line = tokio::task::spawn_blocking(move || {
                let mut line = String::new();
                drop(BufReader::new(out).read_line(&mut line));
                line
            })
            .await
            .unwrap();
            if line.starts_with("listening on ") {
                self.service = Some(child);
                return;
            }
            // The port or the directory of the one before may be taken for a moment.
            drop(child.wait());
            assert!(began.elapsed() < Duration::from_secs(60), "the service does not come up");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    pub fn service_pid(&self) -> i32 {
        i32::try_from(self.service.as_ref().expect("it runs").id()).unwrap()
    }

    /// The database's first process, if it runs.
    pub fn database_pid(&self) -> Option<i32> {
        let file = std::fs::read_to_string(self.data().join("postgres/postmaster.pid")).ok()?;
        file.lines().next()?.trim().parse().ok()
    }

    /// Phones deliver two batches each while `trouble` happens; the service is up again at its end.
    pub async fn under(&mut self, dice: &mut StdRng, trouble: impl AsyncFnOnce(&mut Self, &mut StdRng)) {
        let mut all = Vec::new();
        for phone in self.phones.clone() {
            for _ in 0..3 {
                let doors: Vec<Uuid> =
                    (0..3).map(|_| self.cases[dice.random_range(0..self.cases.len())]).collect();
                let (document, ids) = batch(&phone, &doors);
                all.push((phone.clone(), document, ids));
            }
        }
        let sending = join_all(all.iter().map(|(phone, document, _)| phone.deliver(document)));
        let trouble = async {
            a_moment(dice, 150).await;
            trouble(self, dice).await;
        };
        tokio::join!(sending, trouble);
        self.told.extend(all.into_iter().flat_map(|(_, _, ids)| ids));
    }

    /// A session of the database, once it is up again.
    pub async fn database(&self) -> (String, tokio_postgres::Client) {
        for _ in 0..300 {
            if let Ok(Some(connection)) = running(&self.data())
                && let Ok((client, driver)) =
                    tokio_postgres::connect(&connection.url(), tokio_postgres::NoTls).await
            {
                tokio::spawn(driver);
                if client.simple_query("select 1").await.is_ok() {
                    return (connection.url(), client);
                }
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("the database does not come back");
    }

    /// The law.
    pub async fn holds(&self) {
        let (url, client) = self.database().await;
        holds(&url, &client, &self.told).await;
    }
}

/// The law, of the database at `url`.
pub async fn holds(url: &str, client: &tokio_postgres::Client, told: &[Uuid]) {
    let count = async |sql: &str| -> i64 { client.query_one(sql, &[]).await.unwrap().get(0) };
    let sql = "select count(*) from visit where id = any($1) and status = 0";
    let stored: i64 = client.query_one(sql, &[&told]).await.unwrap().get(0);
    assert_eq!(usize::try_from(stored).unwrap(), told.len(), "acknowledged and not stored");
    assert_eq!(count("select count(*) from visit").await, stored, "stored without being asked for");
    assert_eq!(
        count("select sum(visits)::bigint from survey_case").await,
        stored,
        "counted twice or not at all"
    );
    let half = "select count(*) from batch b left join batch_content c on c.batch_id = b.id where c.batch_id is null";
    assert_eq!(count(half).await, 0, "half a batch");
    let store = Store::new(&Settings::from_url(url).unwrap()).unwrap();
    for key in store.survey_keys().await.unwrap() {
        assert!(store.recount(key).await.unwrap().is_empty(), "the counters differ from a fresh count");
    }
}

impl Drop for House {
    fn drop(&mut self) {
        if let Some(mut child) = self.service.take() {
            signal(i32::try_from(child.id()).unwrap_or_default(), Signal::TERM);
            drop(child.wait());
        }
    }
}

pub fn signal(pid: i32, signal: Signal) {
    if let Some(pid) = Pid::from_raw(pid) {
        // It may be gone already.
        kill_process(pid, signal).unwrap_or_default();
    }
}

/// Processes whose parent is this one.
pub fn children_of(parent: i32) -> Vec<i32> {
    let stat = |pid: i32| -> Option<i32> {
        let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        text.rsplit(')').next()?.split_whitespace().nth(1)?.parse().ok()
    };
    std::fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|e| e.file_name().to_str()?.parse().ok())
        .filter(|pid| stat(*pid) == Some(parent))
        .collect()
}
