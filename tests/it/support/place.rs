//! The built program on a data directory of its own.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::record::{id, visit};
use super::{Client, Device, Survey};

/// The built program.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_doorknock");

/// A data directory with a small survey; taken away in the end.
pub struct Place {
    /// The directory of everything.
    pub root: PathBuf,
    /// The survey of its set-up.
    pub survey: Survey,
    /// A database that is not its own.
    pub url: Option<String>,
}

impl Place {
    /// A place whose set-up is written, not loaded.
    pub fn new(name: &str) -> Self {
        let root = std::env::temp_dir().join(format!("doorknock-test-{}-{name}", std::process::id()));
        let mut survey = Survey::with_dwellings(4);
        survey.days = ("2020-11-01".into(), "2099-12-10".into());
        let place = Self { root, survey, url: None };
        let setup = place.root.join("setup");
        std::fs::create_dir_all(&setup).unwrap();
        for (file, bytes) in place.survey.files().0 {
            std::fs::write(setup.join(file), bytes).unwrap();
        }
        place
    }

    /// The data directory.
    pub fn data(&self) -> PathBuf {
        self.root.join("data")
    }

    /// A call of the program in this place.
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command
            .args(words)
            .arg("--data-dir")
            .arg(self.data())
            .env_remove("DATABASE_URL")
            .stdin(Stdio::null());
        if let Some(url) = &self.url {
            command.arg("--database-url").arg(url);
        }
        command
    }

    /// A command that ends well; what it printed.
    #[track_caller]
    pub fn well(&self, words: &[&str]) -> String {
        let done = self.run(words);
        assert!(done.status.success(), "{words:?}: {}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8(done.stdout).unwrap()
    }

    /// A command that is refused in one sentence; the sentence.
    #[track_caller]
    pub fn refused(&self, words: &[&str]) -> String {
        let done = self.run(words);
        let said = String::from_utf8_lossy(&done.stderr).trim().to_owned();
        assert_eq!(done.status.code(), Some(1), "{words:?}: {said}");
        assert_eq!(said.lines().count(), 1, "{words:?}: one sentence: {said}");
        said
    }

    /// Runs a command to its end.
    pub fn run(&self, words: &[&str]) -> Output {
        self.command(words).output().expect("the program starts")
    }

    /// Loads the set-up.
    #[track_caller]
    pub fn set_up(&self) {
        self.well(&["setup", self.root.join("setup").to_str().unwrap()]);
    }

    /// A service that says nothing but errors, and those to nobody.
    pub fn serve(&self) -> Service {
        self.serve_telling("error", Stdio::null())
    }

    /// A service that writes a log of this level there.
    pub fn serve_telling(&self, level: &str, log: Stdio) -> Service {
        self.serve_with(&[], level, log)
    }

    /// The same with more arguments.
    pub fn serve_with(&self, words: &[&str], level: &str, log: Stdio) -> Service {
        let mut child = self
            .command(&[&["serve", "--listen", "127.0.0.1:0"], words].concat())
            .env("DOORKNOCK_LOG", level)
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .expect("the program starts");
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = lines.next().expect("it says where it listens").unwrap();
        let address = line.split_once("://").expect("one line").1.parse().unwrap();
        Service { child, address }
    }

    /// A phone of ea1.
    pub fn device(&self, address: SocketAddr) -> Device {
        let id = id();
        let done = self.run(&["token", "ea1", "--device", &id.to_string()]);
        let token = String::from_utf8(done.stdout).unwrap().lines().last().expect("a token").to_owned();
        Device {
            client: Client { address, token: Some(token), cookie: None },
            id,
            survey: self.survey.slug.clone(),
        }
    }

    /// The private database, while it runs.
    pub fn postmaster(&self) -> Option<Pid> {
        let text = std::fs::read_to_string(self.root.join("data/postgres/postmaster.pid")).ok()?;
        Pid::from_raw(text.lines().next()?.parse().ok()?)
    }

    /// Visits to the doors in turn.
    pub fn records(&self, n: usize) -> Vec<Value> {
        (0..n).map(|i| visit(self.survey.case(i % 4), "no_answer")).collect()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(pid) = self.postmaster() {
            let _ = kill_process(pid, Signal::INT);
            let patience = Instant::now() + Duration::from_secs(10);
            while self.postmaster().is_some() && Instant::now() < patience {
                std::thread::sleep(Duration::from_millis(50));
            }
        }
        drop(std::fs::remove_dir_all(&self.root));
    }
}

/// A running service; ends with this.
pub struct Service {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Service {
    /// Signals it.
    pub fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
        kill_process(pid, signal).unwrap();
    }

    /// Kills it.
    pub fn kill(mut self) {
        self.signal(Signal::KILL);
        self.child.wait().unwrap();
    }

    /// Waits for its end; how long that took and its exit status.
    pub fn ended(&mut self, patience: Duration) -> (Duration, Option<i32>) {
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return (began.elapsed(), status.code());
            }
            assert!(began.elapsed() < patience, "it still runs after {patience:?}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
