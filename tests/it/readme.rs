//! Every command that README.md names is run, word for word but for the few words of [`WORDS`]. One that is new there and not
//! known here fails the test, and so does one that is known here and no longer there.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::support::db::database;
use crate::support::place::PROGRAM;

/// How a command is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum How {
    /// To its end, exit status 0.
    Well,
    /// As it stands, and it prints this.
    Says(&'static str),
    /// The same with a line on standard input.
    Told(&'static str),
    /// Until it listens; then it is stopped.
    Serve,
    /// In an empty data directory that holds the key file.
    Elsewhere,
    /// With the database of the `export` line before, and a data directory of its own.
    Shared,
    /// The line that names that database.
    Names,
    /// Not at all, for this reason.
    Not(&'static str),
}

const BUILDS: &str = "builds the program or runs the tests: this test is one of them";

/// The commands, in an order in which they can be run.
const COMMANDS: [(&str, How); 31] = [
    ("make run", How::Not(BUILDS)),
    ("make run PHONE=1", How::Not(BUILDS)),
    ("make help", How::Not("prints the targets of the Makefile")),
    ("make build", How::Not(BUILDS)),
    ("make test", How::Not(BUILDS)),
    ("make check", How::Not(BUILDS)),
    ("apt install postgresql", How::Not("installs a package; the tests need it already")),
    ("doorknock setup my-survey --dry-run", How::Well),
    ("doorknock setup my-survey", How::Well),
    ("doorknock simulate --setup my-survey --setup-out rehearsal --out rehearsal/batches", How::Well),
    ("doorknock cert survey.example.org 192.168.1.10", How::Well),
    ("doorknock serve --listen 0.0.0.0:8443 --tls-cert cert.pem --tls-key key.pem", How::Serve),
    ("doorknock enrol-code e01", How::Well),
    ("doorknock token e01 --device UUID", How::Well),
    ("doorknock passwd s01", How::Told("a long password\n")),
    ("doorknock token s01", How::Well),
    ("doorknock upload /media/usb/*.json.gz --summary", How::Well),
    ("doorknock completion --by building --area 410181004006-01", How::Well),
    ("doorknock returns --on tomorrow", How::Well),
    ("doorknock plan --area 410181004006 --on tomorrow", How::Well),
    ("doorknock links", How::Well),
    ("doorknock form tally needs", How::Says("What needs to get better most")),
    ("doorknock export households > households.csv", How::Well),
    ("doorknock revoke e01", How::Well),
    ("doorknock recount", How::Well),
    ("doorknock backup survey.backup", How::Well),
    ("doorknock restore survey.backup", How::Elsewhere),
    (
        "export DATABASE_URL='postgres://doorknock@db1,db2/doorknock?target_session_attrs=read-write&sslmode=verify-full'",
        How::Names,
    ),
    ("doorknock migrate", How::Shared),
    ("doorknock serve", How::Shared),
    ("doorknock purge", How::Well),
];

/// Words of the README that stand for something of the reader's, and what they are here.
const WORDS: [(&str, &str); 3] = [
    ("UUID", "0191b7a0-0000-7000-8000-000000000001"),
    ("0.0.0.0:8443", "127.0.0.1:0"),
    ("/media/usb/", "usb/"),
];

/// The commands of a page: the lines of its `sh` blocks, and what stands in its text as code and begins with a program.
fn commands(page: &str) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    let mut text = String::new();
    for (n, part) in page.split("```").enumerate() {
        if n % 2 == 0 {
            text.push_str(&part.replace('\n', " "));
        } else if let Some(block) = part.strip_prefix("sh\n") {
            let lines = block.lines().map(|line| line.split(" #").next().unwrap_or_default().trim());
            all.extend(lines.filter(|line| !line.is_empty()).map(str::to_owned));
        }
    }
    let programs = ["doorknock ", "make ", "apt "];
    let code = text.split('`').skip(1).step_by(2).filter(|code| programs.iter().any(|p| code.starts_with(p)));
    all.extend(code.map(str::to_owned));
    all
}

#[test]
fn every_command_of_the_readme_is_known_here_and_none_besides() {
    let page = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    let known: BTreeSet<String> = COMMANDS.iter().map(|(command, _)| (*command).to_owned()).collect();
    assert_eq!(commands(&page), known);
    assert_eq!(
        commands("a `doorknock x`, `serve`\n```sh\nmake y   # z\n```\n```toml\nno\n```"),
        ["doorknock x", "make y"].map(str::to_owned).into()
    );
}

/// A directory in which the commands are typed; taken away in the end.
struct Desk(PathBuf);

impl Desk {
    fn new() -> Self {
        let desk = Self(std::env::temp_dir().join(format!("doorknock-test-{}-readme", std::process::id())));
        fs::create_dir_all(desk.0.join("bin")).unwrap();
        std::os::unix::fs::symlink(PROGRAM, desk.0.join("bin/doorknock")).unwrap();
        desk
    }

    /// A line as typed into a shell here.
    fn shell(&self, line: &str, data: &str) -> Command {
        let path = format!("{}:{}", self.0.join("bin").display(), std::env::var("PATH").unwrap_or_default());
        let mut shell = Command::new("sh");
        shell.args(["-c", line]).current_dir(&self.0).env("PATH", path).env("HOME", &self.0);
        shell.env("DOORKNOCK_DATA_DIR", data).env_remove("DATABASE_URL").env("DOORKNOCK_LOG", "error");
        shell
    }

    #[track_caller]
    fn well(&self, line: &str) -> Output {
        ended_well(line, self.shell(line, "data").output().unwrap())
    }

    /// My survey, at these days and with a date for its purge that has come; a stick with some of its field work.
    fn prepare(&self) {
        let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/yongxin");
        let fixture = fixture.display();
        self.well(&format!(
            "doorknock simulate --setup {fixture} --setup-out my-survey --out usb --days 2 --gzip"
        ));
        let file = self.0.join("my-survey/survey.toml");
        let text = fs::read_to_string(&file).unwrap();
        assert!(!text.contains("[privacy]"));
        fs::write(file, format!("{text}\n[privacy]\npurge_on = \"2021-06-30\"\n")).unwrap();
        self.well("doorknock cert localhost --data-dir ca");
        self.well("cp ca/tls/server.crt cert.pem && cp ca/tls/server.key key.pem");
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

#[track_caller]
fn ended_well(line: &str, done: Output) -> Output {
    assert!(done.status.success(), "{line}: {}", String::from_utf8_lossy(&done.stderr));
    done
}

/// Starts what serves, waits until it says where, and stops it.
#[track_caller]
fn served(line: &str, mut shell: Command) {
    let mut child = shell.stdout(Stdio::piped()).spawn().unwrap();
    let said = BufReader::new(child.stdout.take().unwrap()).lines().next();
    assert!(said.is_some_and(|s| s.unwrap().starts_with("listening on ")), "{line}");
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    kill_process(pid, Signal::TERM).unwrap();
    assert!(child.wait().unwrap().success(), "{line}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_command_of_the_readme_does_what_it_says() {
    let (desk, db) = (Desk::new(), database().await);
    desk.prepare();
    for (command, how) in COMMANDS {
        if command.starts_with("doorknock upload") {
            // The stick comes from phones that were let in.
            desk.well("doorknock token --devices usb/devices.json");
        }
        let line = WORDS.iter().fold(command.to_owned(), |line, (word, here)| line.replace(word, here));
        let mut shell = desk.shell(&line, "data");
        match how {
            How::Not(why) => assert!(!why.is_empty()),
            How::Names => assert!(line.starts_with("export DATABASE_URL='postgres://")),
            How::Well => drop(ended_well(command, shell.stdin(Stdio::null()).output().unwrap())),
            How::Says(words) => {
                let said = ended_well(command, shell.stdin(Stdio::null()).output().unwrap()).stdout;
                assert!(String::from_utf8_lossy(&said).contains(words), "{command}");
            }
            How::Told(word) => {
                let told = format!("printf '%s' '{word}' | {line}");
                ended_well(command, desk.shell(&told, "data").output().unwrap());
            }
            How::Serve => served(command, desk.shell(&format!("exec {line}"), "data")),
            How::Elsewhere => {
                desk.well("install -d -m 700 elsewhere && install -m 600 data/doorknock.key elsewhere/");
                ended_well(command, desk.shell(&line, "elsewhere").output().unwrap());
            }
            How::Shared if command.ends_with("serve") => {
                // The port of a service that perhaps runs here is left alone.
                let mut shell = desk.shell(&format!("exec {line} --listen 127.0.0.1:0"), "shared");
                shell.env("DATABASE_URL", db.connection.url());
                served(command, shell);
            }
            How::Shared => {
                let mut shell = desk.shell(&line, "shared");
                ended_well(command, shell.env("DATABASE_URL", db.connection.url()).output().unwrap());
            }
        }
    }
    let households = fs::read_to_string(desk.0.join("households.csv")).unwrap();
    assert!(households.lines().count() > 10, "{} lines", households.lines().count());
    assert!(desk.0.join("rehearsal/batches/devices.json").exists());
}
