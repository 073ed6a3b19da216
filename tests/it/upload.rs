//! Files carried by hand: each stands for itself, whatever is wrong with another one.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use flate2::Compression;
use flate2::write::GzEncoder;
use rustix::fs::{CWD, FileType, Mode, mknodat};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::support::record::{at, visit_at, with};
use crate::support::{App, Device, Survey, id};

const PROGRAM: &str = env!("CARGO_BIN_EXE_doorknock");

/// A directory of files beside the database of a test.
struct Stick {
    root: PathBuf,
    url: String,
}

impl Stick {
    fn beside(app: &App, name: &str) -> Self {
        let root = std::env::temp_dir().join(format!("doorknock-stick-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&root).unwrap();
        Self { root, url: app.db.connection.url() }
    }

    fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        let path = self.root.join(name);
        std::fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// A file that is read only when somebody writes into it.
    fn pipe(&self, name: &str) -> String {
        let path = self.root.join(name);
        mknodat(CWD, &path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command.arg("upload").args(words).arg("--data-dir").arg(self.root.join("data"));
        command.env("DATABASE_URL", &self.url).stdin(Stdio::null());
        command
    }

    fn upload(&self, words: &[&str]) -> Output {
        self.command(words).output().expect("the program starts")
    }

    fn begin(&self, words: &[&str]) -> Child {
        let mut command = self.command(words);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts")
    }
}

impl Drop for Stick {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.root));
    }
}

fn gzip(text: &str) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
    packer.write_all(text.as_bytes()).unwrap();
    packer.finish().unwrap()
}

fn said(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A batch of one visit to a door.
fn batch(app: &App, phone: &Device, door: usize) -> String {
    phone.batch(&[visit_at(app.survey.case(door), "no_answer", &at(9, "10:00"))]).to_string()
}

async fn visits(app: &App) -> i64 {
    app.count("select count(*) from visit where status = 0").await
}

#[tokio::test]
async fn one_damaged_file_never_keeps_the_others_back() {
    let app = App::new(Survey::with_dwellings(4)).await;
    let phone = app.device("ea1").await;
    let stick = Stick::beside(&app, "damaged");
    let good = batch(&app, &phone, 0);
    let packed = gzip(&batch(&app, &phone, 1));
    let mut foreign = phone.batch(&[]);
    foreign["survey"] = "another-census".into();
    let mut unknown = phone.batch(&[]);
    unknown["device_id"] = id().to_string().into();
    let folder = stick.root.join("folder");
    std::fs::create_dir(&folder).unwrap();
    let bad = [
        (stick.file("cut.json.gz", &packed[..packed.len() - 20]), "gzip packing is damaged or cut short"),
        (stick.file("half.json", &good[..good.len() - 20]), "line 1, column"),
        (stick.file("empty.json", ""), "is empty"),
        (stick.file("list.json", "[]"), "not a batch"),
        (stick.file("bare.json", "{\"records\": []}"), "batch_id must be a UUID"),
        (stick.file("photo.jpg", b"\xff\xd8\xff\xe0\0\x10JFIF"), "not UTF-8"),
        (stick.file("foreign.json", foreign.to_string()), "not enrolled in the survey \"another-census\""),
        (stick.file("unknown.json", unknown.to_string()), "never enrolled here"),
        (stick.file("large.json.gz", gzip(&" ".repeat(17 << 20))), "larger than 16 MiB"),
        (folder.to_str().unwrap().to_owned(), "is a directory"),
        (stick.root.join("*.zst").to_str().unwrap().to_owned(), "no file fits this pattern"),
        (stick.root.join("gone.json").to_str().unwrap().to_owned(), "there is no such file"),
    ];
    // Between two bad ones, packed under a wrong name, and plain under a packed one.
    let (one, two) = (stick.file("one.json.gz", &good), stick.file("two.json", &packed));
    let mut words: Vec<&str> = bad.iter().map(|(path, _)| path.as_str()).collect();
    words.insert(3, &one);
    words.extend([two.as_str(), two.as_str(), "--summary"]);

    let done = stick.upload(&words);

    let (out, err) = (said(&done.stdout), said(&done.stderr));
    assert_eq!(done.status.code(), Some(1), "{err}");
    assert_eq!(visits(&app).await, 2, "{err}");
    for (path, why) in &bad {
        let line =
            err.lines().find(|line| line.contains(path.as_str())).unwrap_or_else(|| panic!("{path}: {err}"));
        assert!(line.starts_with("doorknock: ") && line.contains(why), "{line}");
    }
    assert!(err.contains("two.json: named twice, taken once"), "{err}");
    assert_eq!(err.lines().count(), bad.len() + 1, "one line a file: {err}");
    assert_eq!(
        out,
        format!(
            "2 receipts: 2 accepted, 0 held, 0 refused\n2 files taken, {} not: see the lines above\n",
            bad.len()
        )
    );
    let again = stick.upload(&[&one, &two, "--summary"]);
    assert_eq!(again.status.code(), Some(0));
    assert!(
        said(&again.stdout)
            .starts_with("2 receipts: 2 accepted, 0 held, 0 refused; 2 of them had been sent before\n")
    );
    app.recount().await;
}

#[tokio::test]
async fn receipts_go_to_standard_output_and_the_sum_beside_them() {
    let app = App::new(Survey::with_dwellings(4)).await;
    let phone = app.device("ea1").await;
    let stick = Stick::beside(&app, "streams");
    let refused = phone.batch(&[with(visit_at(app.survey.case(1), "x", &at(9, "10:00")), "note", "n")]);
    let file = stick.file("refused.json", refused.to_string());

    let mut child = stick
        .command(&["-", &file])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(&gzip(&batch(&app, &phone, 0))).unwrap();
    let done = child.wait_with_output().unwrap();

    let receipts: Vec<Value> =
        said(&done.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let statuses: Vec<_> = receipts.iter().map(|r| r["status"].as_str().unwrap()).collect();
    assert_eq!((statuses, done.status.code()), (vec!["accepted", "refused"], Some(1)));
    assert_eq!(said(&done.stderr), "2 receipts: 1 accepted, 0 held, 1 refused\n2 files taken\n");
    assert_eq!(visits(&app).await, 1);
    let nothing = stick.upload(&["/nowhere/a.json", "/nowhere/*.json"]);
    assert_eq!((nothing.status.code(), said(&nothing.stdout)), (Some(1), String::new()));
    assert_eq!(said(&nothing.stderr).lines().count(), 4, "{}", said(&nothing.stderr));
}

#[tokio::test]
async fn a_reader_that_has_gone_stops_no_file() {
    let app = App::new(Survey::with_dwellings(4)).await;
    let phone = app.device("ea1").await;
    let stick = Stick::beside(&app, "gone");
    let files: Vec<String> =
        (0..3).map(|n| stick.file(&format!("{n}.json"), batch(&app, &phone, n))).collect();
    let words: Vec<&str> = files.iter().map(String::as_str).collect();

    let mut child = stick.begin(&words);
    drop(child.stdout.take());
    let done = child.wait_with_output().unwrap();

    assert_eq!(done.status.code(), Some(0), "{}", said(&done.stderr));
    assert!(!said(&done.stderr).contains("panicked"), "{}", said(&done.stderr));
    assert_eq!(visits(&app).await, 3);
}

/// The first file is taken and the second, a pipe, is open: the test acts before `second` comes out of it.
fn in_between(
    stick: &Stick,
    [first, pipe, third]: [&str; 3],
    second: &str,
    act: impl FnOnce(&Child, &mut dyn BufRead),
) -> (Option<i32>, String) {
    let mut child = stick.begin(&[first, pipe, third]);
    // Comes back once the program has opened the other end.
    let mut source = std::fs::OpenOptions::new().write(true).open(pipe).unwrap();
    let mut errors = BufReader::new(child.stderr.take().unwrap());
    act(&child, &mut errors);
    source.write_all(second.as_bytes()).unwrap();
    drop(source);
    let mut rest = String::new();
    errors.read_to_string(&mut rest).unwrap();
    let mut receipts = String::new();
    child.stdout.take().unwrap().read_to_string(&mut receipts).unwrap();
    assert!(receipts.lines().next().is_some_and(|first| first.contains("accepted")), "{receipts}");
    (child.wait().unwrap().code(), rest)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_interrupts_gets_the_file_at_work_and_no_further_one() {
    let app = App::new(Survey::with_dwellings(4)).await;
    let phone = app.device("ea1").await;
    let stick = Stick::beside(&app, "interrupt");
    let (first, pipe) = (stick.file("1.json", batch(&app, &phone, 0)), stick.pipe("2.json"));
    let third = stick.file("3.json", batch(&app, &phone, 2));
    let second = batch(&app, &phone, 1);

    let (code, told) = in_between(&stick, [&first, &pipe, &third], &second, |child, errors| {
        let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
        kill_process(pid, Signal::INT).unwrap();
        let mut heard = String::new();
        errors.read_line(&mut heard).unwrap();
        assert!(heard.contains("stopping after this file"), "{heard}");
    });

    assert_eq!(code, Some(1), "{told}");
    assert!(told.contains("stopped here, interrupted; 1 file not tried"), "{told}");
    assert!(told.contains("2 files taken, 1 not tried"), "{told}");
    assert_eq!(visits(&app).await, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_nobody_takes_files_any_more_the_rest_is_not_tried() {
    let app = App::new(Survey::with_dwellings(4)).await;
    let phone = app.device("ea1").await;
    let stick = Stick::beside(&app, "away");
    let (first, pipe) = (stick.file("1.json", batch(&app, &phone, 0)), stick.pipe("2.json"));
    let third = stick.file("3.json", batch(&app, &phone, 2));
    let second = batch(&app, &phone, 1);
    let database = app.db.connection.with_database("postgres");
    let admin = crate::support::db::connect(&database).await;
    let name = app.db.connection.database.clone();
    let close = format!("alter database {name} allow_connections false");
    let cut = format!("select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}'");

    let (code, told) = in_between(&stick, [&first, &pipe, &third], &second, |_, _| {
        tokio::task::block_in_place(|| {
            tokio::runtime::Handle::current().block_on(async {
                admin.batch_execute(&close).await.unwrap();
                admin.query(&cut, &[]).await.unwrap();
            });
        });
    });

    admin.batch_execute(&format!("alter database {name} allow_connections true")).await.unwrap();
    assert_eq!(code, Some(1), "{told}");
    assert!(told.contains("2.json: the database cannot be reached"), "{told}");
    assert!(told.contains("1 file not tried"), "{told}");
    assert_eq!(visits(&app).await, 1);
    // Sent once more, everything is there once.
    let again = stick.upload(&[&first, &third, "--summary"]);
    assert_eq!(again.status.code(), Some(0), "{}", said(&again.stderr));
    assert_eq!(visits(&app).await, 2);
    let deaf = stick.upload(&[&first, &third, "--url", "http://127.0.0.1:1"]);
    assert!(said(&deaf.stderr).contains("1 file not tried"), "{}", said(&deaf.stderr));
}
