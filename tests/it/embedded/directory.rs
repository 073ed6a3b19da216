//! What a data directory may be, whom it is open to, and what may not be found in it.

use super::{Scratch, ask};
use crate::support::db::options;
use doorknock::embedded::{Cluster, DataDir, Error, Purpose, running};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

#[test]
fn all_of_a_data_directory_is_closed_to_others() {
    let scratch = Scratch::new();
    let cluster = scratch.start();
    let owner = std::fs::metadata(scratch.pgdata()).unwrap().uid();
    assert_ne!(owner, 0, "PostgreSQL does not run as root");
    cluster.data_dir().write_private("doorknock.key", b"secret").unwrap();
    assert_eq!(cluster.data_dir().read("doorknock.key").unwrap().as_deref(), Some(b"secret".as_slice()));
    let mut to_see = vec![scratch.0.clone()];
    while let Some(path) = to_see.pop() {
        // Files come and go in a running cluster.
        let Ok(meta) = std::fs::symlink_metadata(&path) else {
            continue;
        };
        assert_eq!(meta.uid(), owner, "{}", path.display());
        if !path.starts_with(scratch.0.join("socket")) || meta.is_dir() {
            assert_eq!(meta.permissions().mode() & 0o077, 0, "{}", path.display());
        }
        if meta.is_dir() {
            to_see.extend(std::fs::read_dir(&path).into_iter().flatten().flatten().map(|e| e.path()));
        }
    }
}

#[test]
fn a_cluster_of_another_version_is_not_touched() {
    let scratch = Scratch::new();
    scratch.start().stop();
    let version = scratch.pgdata().join("PG_VERSION");
    std::fs::write(&version, "9\n").unwrap();
    let before = listing(&scratch.pgdata());
    let lock = DataDir::lock(&scratch.0, Purpose::Service).unwrap();
    let error = Cluster::start(lock, &options(&scratch.0)).expect_err("nobody has version 9");
    assert!(matches!(error, Error::OtherMajor { cluster: 9, .. }), "{error}");
    assert_eq!(listing(&scratch.pgdata()), before);

    std::fs::remove_file(&version).unwrap();
    let lock = DataDir::lock(&scratch.0, Purpose::Service).unwrap();
    let error =
        Cluster::start(lock, &options(&scratch.0)).expect_err("no cluster is made over another's files");
    assert!(matches!(error, Error::NotACluster { .. }), "{error}");
}

/// Names, sizes and times of change.
fn listing(dir: &Path) -> Vec<(PathBuf, u64, i64)> {
    let entries = std::fs::read_dir(dir).expect("it can be read").map(|e| e.expect("it can be read"));
    let mut list: Vec<_> = entries
        .map(|e| {
            (e.path(), e.metadata().expect("it is there").len(), e.metadata().expect("it is there").mtime())
        })
        .collect();
    list.sort();
    list
}

#[test]
fn a_path_too_long_for_a_socket_is_no_hindrance() {
    let scratch = Scratch::new();
    let deep = scratch.0.join("a".repeat(60)).join("入户 调查, b");
    let lock = DataDir::lock(&deep, Purpose::Service).unwrap();
    let cluster = Cluster::start(lock, &options(&deep)).unwrap();
    assert!(!cluster.connection().socket_dir.starts_with(&scratch.0));
    assert_eq!(ask(cluster.connection(), "SELECT 1").unwrap(), ["1"]);
    assert_eq!(running(&deep).unwrap().as_ref(), Some(cluster.connection()));
    let socket_dir = cluster.connection().socket_dir.clone();
    cluster.stop();
    assert!(!socket_dir.exists(), "nothing stays behind among the temporary files");
}

#[test]
fn a_directory_full_of_other_things_is_refused_untouched() {
    let scratch = Scratch::new();
    std::fs::create_dir(&scratch.0).unwrap();
    std::fs::write(scratch.0.join("thesis.odt"), "years of work").unwrap();
    let before = std::fs::metadata(&scratch.0).unwrap();
    let error = DataDir::lock(&scratch.0, Purpose::Service).expect_err("it is not ours");
    assert!(matches!(&error, Error::Foreign { example, .. } if example == "thesis.odt"), "{error}");
    let after = std::fs::metadata(&scratch.0).unwrap();
    assert_eq!((before.uid(), before.mode()), (after.uid(), after.mode()));
}

#[test]
fn a_closed_directory_on_the_way_is_named_to_root() {
    let scratch = Scratch::new();
    let closed = scratch.0.join("closed");
    std::fs::create_dir_all(&closed).unwrap();
    if std::fs::metadata(&closed).unwrap().uid() != 0 {
        return; // An ordinary user runs PostgreSQL itself: there is nobody to shut out.
    }
    std::fs::set_permissions(&closed, std::fs::Permissions::from_mode(0o700)).unwrap();
    let error = DataDir::lock(&closed.join("data"), Purpose::Service).expect_err("postgres cannot get in");
    assert!(matches!(&error, Error::ClosedAncestor { closed: c, .. } if *c == closed), "{error}");
}

#[test]
fn no_value_gets_into_the_log() {
    let scratch = Scratch::new();
    let cluster = scratch.start();
    ask(cluster.connection(), "CREATE TABLE person (name text PRIMARY KEY)").unwrap();
    for bad in [
        "INSERT INTO person VALUES ('Zhang Weizhen'), ('Zhang Weizhen')",
        "SELECT 'Zhang Weizhen'::uuid",
        "SELECT Zhang Weizhen",
        "DO $$BEGIN RAISE WARNING 'Zhang Weizhen'; END$$; SELECT 1/0",
    ] {
        ask(cluster.connection(), bad).expect_err("each of them fails");
    }
    cluster.stop();
    let logs = std::fs::read_dir(scratch.0.join("log"))
        .unwrap()
        .map(|e| std::fs::read_to_string(e.unwrap().path()).unwrap());
    let logs: Vec<_> = logs.collect();
    assert!(logs.iter().any(|log| log.contains("ready to accept connections")), "this is the log");
    assert!(logs.iter().all(|log| !log.contains("Zhang")), "{logs:?}");
}
