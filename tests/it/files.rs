//! Files that commands write: whole or not at all, whatever interrupts them, and nobody else's is touched.

use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::support::Place;
use crate::support::db::{TestDb, database};

async fn ready(name: &str) -> (Place, TestDb) {
    let db = database().await;
    let mut place = Place::new(name);
    place.url = Some(db.connection.url());
    place.set_up();
    fs::create_dir(place.root.join("out")).unwrap();
    (place, db)
}

fn names(folder: &Path) -> Vec<String> {
    let mut all: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|e| e.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    all.sort();
    all
}

fn signal(child: &Child, signal: Signal) {
    kill_process(Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap(), signal).unwrap();
}

/// Waits for what another process does; there is no event to wait for.
fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < Duration::from_secs(30), "after 30 s still not: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_interrupted_leaves_nothing_and_takes_nothing_along() {
    let (place, _db) = ready("interrupted").await;
    let out = place.root.join("out");
    let (backup, export) = (out.join("x"), out.join("x.csv"));
    // Names that an earlier version took for its own.
    for name in ["x.part", "x.dump.part"] {
        fs::write(out.join(name), "a stranger's").unwrap();
    }
    let commands = [
        (vec!["backup", backup.to_str().unwrap()], "backup: dumped"),
        (vec!["export", "cases", "--out", export.to_str().unwrap()], "export: written"),
    ];
    for (words, step) in &commands {
        let others = names(&out);
        for (told, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
            let mut child =
                place.command(words).env("DOORKNOCK_HOLD_AT", step).stdout(Stdio::null()).spawn().unwrap();
            eventually("a draft", || names(&out).len() > others.len());
            signal(&child, told);
            let ended = child.wait().unwrap();
            assert_eq!(ended.code(), Some(code), "{words:?}: {ended}");
            assert_eq!(names(&out), others, "{words:?}");
        }
        place.well(words);
        let said = place.refused(words);
        assert!(said.contains("exists already"), "{said}");
    }
    assert_eq!(names(&out), ["x", "x.csv", "x.dump.part", "x.part"]);
    assert_eq!(fs::read_to_string(out.join("x.part")).unwrap(), "a stranger's");
    let before = fs::read(&export).unwrap();
    fs::write(&export, "old").unwrap();
    place.well(&["export", "cases", "--out", export.to_str().unwrap(), "--replace"]);
    assert_eq!(fs::read(&export).unwrap(), before);

    // A name taken while the backup was on its way stays somebody else's.
    let late = out.join("late");
    let words = ["backup", late.to_str().unwrap()];
    let child = place
        .command(&words)
        .env("DOORKNOCK_HOLD_AT", "backup: dumped")
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    eventually("a draft", || names(&out).iter().any(|n| n.starts_with(".late.")));
    fs::write(&late, "a stranger's").unwrap();
    signal(&child, Signal::TERM);
    drop(child.wait_with_output());
    assert_eq!(fs::read_to_string(&late).unwrap(), "a stranger's");
    // What does not work out leaves nothing either.
    let nowhere = out.join("no/such");
    assert!(place.refused(&["backup", nowhere.to_str().unwrap()]).contains("cannot be written"));
    assert!(!names(&out).iter().any(|n| n.starts_with('.')), "{:?}", names(&out));
}

/// `| head` ends an export quietly; what was written is told on standard error otherwise.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_that_goes_away_ends_an_export_quietly() {
    let (place, _db) = ready("pipe").await;
    let mut child = place
        .command(&["export", "cases"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .env("DOORKNOCK_LOG", "error")
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let done = child.wait_with_output().unwrap();
    assert!(done.status.success());
    assert_eq!(String::from_utf8_lossy(&done.stderr), "");

    let done = place.run(&["export", "cases", "--format", "geojson"]);
    assert_eq!(String::from_utf8_lossy(&done.stderr), "4 cases written to standard output as GeoJSON\n");

    // A full disk is a fault, and said.
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut child = place.command(&["export", "cases"]).stdout(full).stderr(Stdio::piped()).spawn().unwrap();
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(1));
    assert!(said.contains("what is there is not all"), "{said}");
}
