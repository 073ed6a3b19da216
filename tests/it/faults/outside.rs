//! Faults that need real processes: the built program and its private database are killed, stopped, frozen, copied.

use std::io::{BufRead, BufReader, Read, Write};
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

use super::phone::{Phone, batch};
use super::{a_moment, dice, runs, seed};
use crate::support::Survey;

/// A directory of one test, removed with it. The name lets a later run sweep what a killed one left.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Self {
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
struct House {
    scratch: Scratch,
    service: Option<Child>,
    phones: Vec<Phone>,
    cases: Vec<Uuid>,
    told: Vec<Uuid>,
}

fn program(data: &Path) -> Command {
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
    async fn new() -> Self {
        let scratch = Scratch::new();
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
            Self { scratch, service: None, phones: Vec::new(), cases: survey.cases(), told: Vec::new() };
        house.serve().await;
        assert!(program(&house.data()).arg("setup").arg(&dir).status().unwrap().success());
        let list = house.scratch.0.join("devices");
        let lines: Vec<String> = ["ea1", "ea2", "ea1", "ea2"]
            .iter()
            .map(|user| format!("{{\"user\":\"{user}\",\"device_id\":\"{}\"}}", Uuid::new_v4()))
            .collect();
        std::fs::write(&list, format!("[{}]", lines.join(","))).unwrap();
        let out = program(&house.data()).args(["token", "--devices"]).arg(&list).output().unwrap();
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

    fn data(&self) -> PathBuf {
        self.scratch.0.join("data")
    }

    fn address_file(&self) -> PathBuf {
        self.scratch.0.join("address")
    }

    fn address(&self) -> std::net::SocketAddr {
        std::fs::read_to_string(self.address_file()).unwrap().trim().parse().unwrap()
    }

    /// Starts the service on the address it had before, and waits until it says that it listens.
    async fn serve(&mut self) {
        if !self.address_file().exists() {
            std::fs::write(self.address_file(), format!("127.0.0.1:{}", free_port())).unwrap();
        }
        let address = self.address().to_string();
        let began = Instant::now();
        loop {
            let mut child = program(&self.data())
                .args(["serve", "--listen", &address])
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

    fn service_pid(&self) -> i32 {
        i32::try_from(self.service.as_ref().expect("it runs").id()).unwrap()
    }

    /// The database's first process, if it runs.
    fn database_pid(&self) -> Option<i32> {
        let file = std::fs::read_to_string(self.data().join("postgres/postmaster.pid")).ok()?;
        file.lines().next()?.trim().parse().ok()
    }

    /// Phones deliver two batches each while `trouble` happens; the service is up again at its end.
    async fn under(&mut self, dice: &mut StdRng, trouble: impl AsyncFnOnce(&mut Self, &mut StdRng)) {
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
    async fn database(&self) -> (String, tokio_postgres::Client) {
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
    async fn holds(&self) {
        let (url, client) = self.database().await;
        holds(&url, &client, &self.told).await;
    }
}

async fn holds(url: &str, client: &tokio_postgres::Client, told: &[Uuid]) {
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

fn signal(pid: i32, signal: Signal) {
    if let Some(pid) = Pid::from_raw(pid) {
        // It may be gone already.
        kill_process(pid, signal).unwrap_or_default();
    }
}

/// Processes whose parent is this one.
fn children_of(parent: i32) -> Vec<i32> {
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

macro_rules! faults {
    ($($name:ident ($house:ident, $dice:ident) $body:block)+) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let seed = seed();
                let mut house = House::new().await;
                for run in 0..runs() {
                    let mut dice = dice(stringify!($name), run, seed);
                    house.under(&mut dice, async |$house: &mut House, $dice: &mut StdRng| $body).await;
                    house.holds().await;
                }
            }
        )+
    };
}

faults! {
    the_service_is_killed(house, _dice) {
        let mut child = house.service.take().unwrap();
        child.kill().unwrap();
        drop(child.wait());
        house.serve().await;
    }
    the_database_is_killed(house, dice) {
        for _ in 0..dice.random_range(1..3) {
            if let Some(pid) = house.database_pid() {
                signal(pid, Signal::KILL);
            }
            a_moment(dice, 300).await;
        }
    }
    a_session_of_the_database_is_killed(house, dice) {
        if let Some(pid) = house.database_pid() {
            let all = children_of(pid);
            if let Some(one) = all.get(dice.random_range(0..all.len().max(1))) {
                signal(*one, Signal::KILL);
            }
        }
    }
    both_are_killed(house, _dice) {
        let database = house.database_pid();
        let mut child = house.service.take().unwrap();
        child.kill().unwrap();
        if let Some(pid) = database {
            signal(pid, Signal::KILL);
        }
        drop(child.wait());
        house.serve().await;
    }
    the_service_is_stopped_in_good_order(house, _dice) {
        let mut child = house.service.take().unwrap();
        signal(i32::try_from(child.id()).unwrap(), Signal::TERM);
        let began = Instant::now();
        let ended = tokio::task::spawn_blocking(move || child.wait()).await.unwrap().unwrap();
        assert!(ended.success() && began.elapsed() < Duration::from_secs(15), "{ended} after {:?}", began.elapsed());
        house.serve().await;
    }
    the_database_is_stopped_by_somebody_else(house, _dice) {
        if let Some(pid) = house.database_pid() {
            signal(pid, Signal::INT);
        }
    }
    the_database_freezes_for_a_while(house, dice) {
        let Some(pid) = house.database_pid() else { return };
        let all = children_of(pid);
        all.iter().for_each(|pid| signal(*pid, Signal::STOP));
        a_moment(dice, 1500).await;
        all.iter().for_each(|pid| signal(*pid, Signal::CONT));
    }
    the_service_freezes_for_a_while(house, dice) {
        let pid = house.service_pid();
        signal(pid, Signal::STOP);
        a_moment(dice, 1500).await;
        signal(pid, Signal::CONT);
    }
}

/// A backup taken under load is whole: restored elsewhere it holds what was acknowledged before it began, its counters fit,
/// old cursors are answered with a full pull, and what the phones send again completes it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_under_load_is_restored_elsewhere_and_phones_carry_on() {
    let seed = seed();
    let mut dice = dice("backup", 0, seed);
    let mut house = House::new().await;
    house.under(&mut dice, async |_, _| {}).await;
    let before = house.told.clone();
    let cursor =
        house.phones[0].call("GET", "/v1/changes?limit=1000", None).await.unwrap().1["cursor"].clone();
    let file = house.scratch.0.join("backup");
    let mut all = Vec::new();
    for phone in house.phones.clone() {
        for _ in 0..4 {
            let (document, ids) = batch(&phone, &[house.cases[dice.random_range(0..40)]]);
            all.push((phone.clone(), document, ids));
        }
    }
    let sending = join_all(all.iter().map(|(phone, document, _)| phone.deliver(document)));
    let (data, into) = (house.data(), file.clone());
    let taking =
        tokio::task::spawn_blocking(move || program(&data).arg("backup").arg(into).status().unwrap());
    let (_, taken) = tokio::join!(sending, taking);
    assert!(taken.unwrap().success());
    assert!(
        !program(&house.data()).arg("backup").arg(&file).status().unwrap().success(),
        "a backup is never replaced"
    );

    let mut other = House {
        scratch: Scratch::new(),
        service: None,
        phones: Vec::new(),
        cases: house.cases.clone(),
        told: Vec::new(),
    };
    assert!(program(&other.data()).arg("restore").arg(&file).status().unwrap().success());
    assert!(
        !program(&other.data()).arg("restore").arg(&file).status().unwrap().success(),
        "only into an empty one"
    );
    // Without the key of the old installation nothing is served.
    assert!(
        !program(&other.data())
            .args(["serve", "--listen", "127.0.0.1:0"])
            .stdout(Stdio::null())
            .status()
            .unwrap()
            .success()
    );
    std::fs::copy(house.data().join("doorknock.key"), other.data().join("doorknock.key")).unwrap();
    other.serve().await;

    let phones: Vec<Phone> =
        house.phones.iter().map(|p| Phone { address: other.address(), ..p.clone() }).collect();
    let path = format!("/v1/changes?limit=1000&cursor={}", cursor.as_str().unwrap());
    let page = phones[0].call("GET", &path, None).await.unwrap().1;
    assert_eq!((&page["reset"], page["resend_since"].is_string()), (&true.into(), true), "{page}");
    let (url, client) = other.database().await;
    let sql = "select count(*) from visit where id = any($1)";
    let kept: i64 = client.query_one(sql, &[&before]).await.unwrap().get(0);
    assert_eq!(usize::try_from(kept).unwrap(), before.len(), "what was acknowledged before the backup");
    for (phone, document, ids) in &all {
        let phone = phones.iter().find(|p| p.device == phone.device).unwrap();
        phone.deliver(document).await;
        other.told.extend(ids);
    }
    other.told.extend(before);
    holds(&url, &client, &other.told).await;
}

/// Ten minutes, or `DOORKNOCK_SOAK_MINUTES`, of load with random kills; the law after each, and memory that stays flat.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "ten minutes; make soak"]
async fn soak() {
    let minutes =
        std::env::var("DOORKNOCK_SOAK_MINUTES").ok().and_then(|text| text.parse().ok()).unwrap_or(10);
    let seed = seed();
    let (began, mut house, mut run) = (Instant::now(), House::new().await, 0);
    let mut out = std::io::stdout();
    while began.elapsed() < Duration::from_secs(60 * minutes) {
        let mut dice = dice("soak", run, seed);
        let what = ["nothing", "service", "database", "both"][dice.random_range(0..4_usize)];
        house
            .under(&mut dice, async |house: &mut House, _: &mut StdRng| {
                let database = house.database_pid().filter(|_| what == "database" || what == "both");
                if what == "service" || what == "both" {
                    let mut child = house.service.take().unwrap();
                    child.kill().unwrap();
                    drop(child.wait());
                }
                if let Some(pid) = database {
                    signal(pid, Signal::KILL);
                }
                if house.service.is_none() {
                    house.serve().await;
                }
            })
            .await;
        house.holds().await;
        let memory =
            std::fs::read_to_string(format!("/proc/{}/statm", house.service_pid())).unwrap_or_default();
        let pages: u64 = memory.split_whitespace().nth(1).and_then(|n| n.parse().ok()).unwrap_or_default();
        writeln!(
            out,
            "{:>4} s, run {run}, killed {what}: {} visits, {} KiB",
            began.elapsed().as_secs(),
            house.told.len(),
            pages * 4
        )
        .unwrap();
        assert!(pages * 4 < 512 << 10, "the service has grown to {} KiB", pages * 4);
        run += 1;
    }
}
