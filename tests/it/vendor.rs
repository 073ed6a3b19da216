//! The browser libraries in `web/vendor` are the ones that were fetched: every file is listed with its SHA-256, nothing
//! else lies there, and each library brings its licence.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("web/vendor")
}

/// The path of every file below `directory`, relative to it.
fn files(directory: &Path, below: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap().map(Result::unwrap) {
        let name = format!("{below}{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            found.extend(files(&entry.path(), &format!("{name}/")));
        } else {
            found.push(name);
        }
    }
    found
}

#[test]
fn every_library_file_is_the_one_that_was_fetched() {
    let sums = std::fs::read_to_string(root().join("SHA256SUMS")).unwrap();
    let listed: BTreeMap<String, String> = sums
        .lines()
        .map(|line| line.split_once("  ").unwrap())
        .map(|(sum, name)| (name.to_owned(), sum.to_owned()))
        .collect();
    let found: BTreeMap<String, String> = files(&root(), "")
        .into_iter()
        .filter(|name| name.contains('/'))
        .map(|name| {
            let sum = HEXLOWER.encode(&Sha256::digest(std::fs::read(root().join(&name)).unwrap()));
            (name, sum)
        })
        .collect();
    assert_eq!(found, listed, "run `make vendor` and commit what it writes");
}

#[test]
fn every_library_brings_its_licence() {
    for entry in std::fs::read_dir(root()).unwrap().map(Result::unwrap).filter(|e| e.path().is_dir()) {
        let names = files(&entry.path(), "");
        assert!(names.iter().any(|n| n.starts_with("LICENSE")), "{:?} has no licence", entry.path());
    }
}
