//! The rooms of the crate: who may import whom, where SQL, HTTP and the clock may stand. Read from `src/` itself, because the
//! compiler does not hold this inside one crate.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Each room with the rooms it may use.
const MAY_USE: [(&str, &[&str]); 25] = [
    ("domain", &[]),
    ("link", &["domain"]),
    ("plan", &["domain"]),
    ("setup", &["forms", "domain"]),
    ("forms", &["domain"]),
    ("embedded", &[]),
    ("shelf", &["store"]),
    ("rehearsal", &["domain", "forms", "setup"]),
    ("store", &["domain", "link", "forms", "setup", "embedded"]),
    ("surveys", &["store", "domain"]),
    ("access", &["surveys", "store", "domain"]),
    ("ingest", &["surveys", "store", "setup", "forms", "domain"]),
    ("visits", &["ingest", "surveys", "store", "domain"]),
    ("report", &["surveys", "store", "domain"]),
    ("sync", &["visits", "ingest", "surveys", "store", "domain"]),
    ("export", &["visits", "ingest", "surveys", "store", "forms", "domain"]),
    ("dedupe", &["ingest", "link", "surveys", "store", "domain"]),
    ("planning", &["visits", "ingest", "plan", "setup", "surveys", "store", "domain"]),
    ("net", &["domain"]),
    ("app", APP_USES),
    ("api", FACES_USE),
    ("pages", FACES_USE),
    ("phone", FACES_USE),
    ("odk", FACES_USE),
    ("routes", &["net", "app", "api", "pages", "phone", "odk"]),
];
/// What the shared part of the faces may use: the services and the network.
const APP_USES: &[&str] = &[
    "net", "access", "dedupe", "export", "forms", "ingest", "link", "plan", "planning", "report", "setup",
    "shelf", "store", "surveys", "sync", "visits", "domain",
];
/// What a face may use: the same and `app`. No face knows another.
const FACES_USE: &[&str] = &[
    "app", "net", "access", "dedupe", "export", "forms", "ingest", "link", "plan", "planning", "report",
    "setup", "shelf", "store", "surveys", "sync", "visits", "domain",
];
/// Rooms that know no async, SQL, HTTP, JSON text, files, network or clock.
const PURE: [&str; 6] = ["domain", "forms", "link", "plan", "rehearsal", "setup"];

struct Source {
    path: String,
    room: String,
    /// The code without comments, its own tests and string literals' lines of SQL left in.
    code: String,
}

fn walk(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(directory).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            walk(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

/// Every source file outside tests, without comments and without what follows `#[cfg(test)]`.
fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    walk(&root, &mut files);
    let mut all = Vec::new();
    for file in files {
        let path = file.strip_prefix(&root).unwrap().to_string_lossy().into_owned();
        let is_test = path.contains("tests")
            || ["fold_cases", "fold_props", "script", "worked"]
                .iter()
                .any(|n| path.contains(n) && path.starts_with("domain"))
            || path.contains("_tests");
        if is_test {
            continue;
        }
        let text = std::fs::read_to_string(&file).unwrap();
        let own = text.split("#[cfg(test)]\n").next().unwrap_or_default();
        let code = own.lines().filter(|l| !l.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
        let room = path.split(['/', '.']).next().unwrap().to_owned();
        all.push(Source { path, room, code });
    }
    assert!(all.len() > 100, "the sources were not found");
    all
}

/// Rooms named by `crate::room` in a piece of code, also inside braces.
fn imports(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (i, _) in code.match_indices("crate::") {
        let rest = &code[i + 7..];
        if i > 0 && code[..i].ends_with('$') {
            continue;
        }
        let list = rest.strip_prefix('{').map(|inner| inner.split('}').next().unwrap_or_default());
        for part in list.map_or_else(|| vec![rest], |list| list.split(',').collect()) {
            let name: String =
                part.trim().chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
            if name.chars().next().is_some_and(|c| c.is_ascii_lowercase()) {
                found.push(name);
            }
        }
    }
    found
}

/// Files whose code holds one of `words`, outside the rooms where it may stand.
fn strays(words: &[&str], allowed: impl Fn(&Source) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    for source in sources().iter().filter(|s| !allowed(s)) {
        for word in words.iter().filter(|w| source.code.contains(**w)) {
            found.push(format!("{}: {word}", source.path));
        }
    }
    found
}

#[test]
fn no_room_imports_against_the_arrows() {
    let allowed: BTreeMap<&str, &[&str]> = MAY_USE.into_iter().collect();
    let mut wrong = Vec::new();
    for source in sources() {
        let Some(may) = allowed.get(source.room.as_str()) else {
            assert!(
                ["cli", "lib", "main"].contains(&source.room.as_str()),
                "a room without a rule: {}",
                source.path
            );
            continue;
        };
        for name in imports(&source.code) {
            let is_room = allowed.contains_key(name.as_str()) || name == "cli";
            if is_room && name != source.room && !may.contains(&name.as_str()) {
                wrong.push(format!("{} uses {name}", source.path));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn nothing_below_the_commands_uses_them() {
    let wrong: Vec<_> = sources()
        .into_iter()
        .filter(|s| !["cli", "lib", "main"].contains(&s.room.as_str()))
        .filter(|s| imports(&s.code).iter().any(|name| name == "cli"))
        .map(|s| s.path)
        .collect();
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn sql_stands_in_store_and_http_in_net() {
    assert_eq!(
        strays(&["tokio_postgres::", "use tokio_postgres", "deadpool"], |s| s.room == "store"),
        Vec::<String>::new()
    );
    assert_eq!(strays(&["warp::", "use warp"], |s| s.room == "net"), Vec::<String>::new());
    let speaks_http = |s: &Source| ["net", "cli"].contains(&s.room.as_str());
    assert_eq!(strays(&["hyper::", "hyper_util::"], speaks_http), Vec::<String>::new());
    let sql = ["insert into ", "select * from", "delete from ", "INSERT INTO ", "DELETE FROM "];
    assert_eq!(strays(&sql, |s| s.room == "store"), Vec::<String>::new());
}

#[test]
fn pure_rooms_know_no_world() {
    let words = [
        "tokio",
        "async fn",
        "serde_json::from_str",
        "serde_json::to_string",
        "std::fs",
        "std::net",
        "std::env",
        "::now()",
        "warp",
    ];
    // A directory of files is opened in one place; the weights of linkage are a document compiled in.
    let exempt = ["setup/files.rs", "setup/mod.rs", "link/model.rs"];
    let is_exempt = |s: &Source| !PURE.contains(&s.room.as_str()) || exempt.contains(&s.path.as_str());
    assert_eq!(strays(&words, is_exempt), Vec::<String>::new());
    let random = ["rand::random", "rand::rng", "new_v4", "now_v7"];
    assert_eq!(strays(&random, |s| !PURE.contains(&s.room.as_str())), Vec::<String>::new());
}

#[test]
fn only_the_edge_reads_the_clock() {
    let is_edge = |s: &Source| ["net", "app", "cli", "embedded"].contains(&s.room.as_str());
    assert_eq!(strays(&["Timestamp::now", "SystemTime::now", "Zoned::now"], is_edge), Vec::<String>::new());
}

#[test]
fn field_data_is_written_from_ingest_alone() {
    let writers = [
        "insert_visits",
        "insert_interviews",
        "insert_dwelling_records",
        "insert_batch",
        "insert_content",
        "update_cases",
        "append_deltas",
        "insert_decision",
        "held::settle",
        "add_found",
        "merge_dwellings",
        "add_assignments",
    ];
    let is_allowed = |s: &Source| s.room == "ingest" || s.room == "store" || s.room == "dedupe";
    assert_eq!(strays(&writers, is_allowed), Vec::<String>::new());
}

#[test]
fn no_code_is_left_unfinished_or_unwrapped() {
    let words = [".unwrap()", "todo!(", "unimplemented!(", "dbg!(", "unsafe "];
    assert_eq!(strays(&words, |_| false), Vec::<String>::new());
}

#[test]
fn every_file_says_what_it_is_for() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    walk(&root.join("src"), &mut files);
    walk(&root.join("tests"), &mut files);
    let silent: Vec<_> =
        files.into_iter().filter(|f| !std::fs::read_to_string(f).unwrap().starts_with("//!")).collect();
    assert!(silent.is_empty(), "{silent:?}");
}
