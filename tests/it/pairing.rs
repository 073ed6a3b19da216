//! Program, key file, data directory, pictures and database recognise each other; a pair that does not fit is refused in a
//! sentence that says what to do, and nothing is changed.

use std::fs;
use std::path::Path;

use doorknock::store::{Settings, migrate};
use tokio_postgres::Client;
use uuid::Uuid;

use crate::support::db::{TestDb, database};
use crate::support::{Place, interview, record};

/// A place that works on a database of the suite.
async fn beside(name: &str) -> (Place, TestDb) {
    let db = database().await;
    let mut place = Place::new(name);
    place.url = Some(db.connection.url());
    (place, db)
}

fn swapped(path: &Path, text: &str, work: impl FnOnce()) {
    let before = fs::read(path).unwrap();
    fs::write(path, text).unwrap();
    work();
    fs::write(path, before).unwrap();
}

const SERVE: [&str; 3] = ["serve", "--listen", "127.0.0.1:0"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_key_is_refused_by_the_service_and_by_every_command() {
    let (place, db) = beside("key").await;
    place.set_up();
    let key = place.data().join("doorknock.key");
    let file = place.root.join("b");
    place.well(&["backup", file.to_str().unwrap()]);
    swapped(&key, &"7".repeat(64), || {
        for words in [
            &SERVE[..],
            &["setup", place.root.join("setup").to_str().unwrap()],
            &["completion"],
            &["export", "cases"],
            &["token", "sa"],
            &["recount"],
            &["relink"],
            &["purge", "--force"],
            &["backup", "elsewhere"],
        ] {
            let said = place.refused(words);
            assert!(said.contains("is not the one of this database"), "{words:?}: {said}");
            assert!(said.contains("Put a copy of the right doorknock.key"), "{said}");
        }
        // Nor is a backup restored under it.
        let said = place.refused(&["restore", file.to_str().unwrap()]);
        assert!(said.contains("made under another key"), "{said}");
    });
    place.well(&["completion"]);
    fs::rename(&key, place.root.join("away")).unwrap();
    let said = place.refused(&SERVE);
    assert!(said.contains("is missing, but this database was made under it"), "{said}");
    assert!(!key.exists(), "none is made in its place");

    // A second service with a data directory, and so a key, of its own.
    let mut second = Place::new("key2");
    second.url = Some(db.connection.url());
    fs::create_dir(second.data()).unwrap();
    fs::write(second.data().join("doorknock.key"), "5".repeat(64)).unwrap();
    let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    fs::set_permissions(second.data().join("doorknock.key"), private).unwrap();
    assert!(second.refused(&SERVE).contains("several services on one database need copies of one key file"));
}

/// A database from before the check value: it learns the key at the next start, unless its digests name another.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_does_not_know_its_key_yet_learns_it_unless_its_digests_name_another() {
    let (place, db) = beside("learns").await;
    place.set_up();
    let client = db.client().await;
    let forget = "update installation set key_check = null, key_seen_at = null";
    client.batch_execute(forget).await.unwrap();
    place.well(&["completion"]);
    let noted = "select count(*) from installation where length(key_check) = 32 and key_seen_at is not null";
    assert_eq!(client.query_one(noted, &[]).await.unwrap().get::<_, i64>(0), 1);

    let service = place.serve();
    let phone = place.device(service.address);
    let mut talk = interview(place.survey.case(0));
    talk["persons"][0]["citizen_id"] = "419999198405122025".into();
    let sent = record::with(
        record::batch(&place.survey.slug, phone.id, &[talk]),
        "sent_at",
        jiff::Timestamp::now().to_string(),
    );
    assert_eq!(phone.post(&sent).await.status, 200);
    drop(service);
    let stored = "select count(*) from person where citizen_id_key is not null";
    assert_eq!(client.query_one(stored, &[]).await.unwrap().get::<_, i64>(0), 1, "a digest names its key");
    client.batch_execute(forget).await.unwrap();
    swapped(&place.data().join("doorknock.key"), &"7".repeat(64), || {
        assert!(place.refused(&["completion"]).contains("is not the one of this database"));
    });
    place.well(&["completion"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_data_directory_and_pictures_of_another_database_are_refused() {
    let (mut place, _db) = beside("other").await;
    place.set_up();
    drop(place.serve());
    let other = database().await;
    let renew = "update installation set id = gen_random_uuid()";
    other.client().await.batch_execute(renew).await.unwrap();
    let first = place.url.replace(other.connection.url());
    let said = place.refused(&SERVE);
    assert!(said.contains("belongs to another database") && said.contains("--data-dir"), "{said}");

    // With the mark taken away the directory goes over to the other one; its pictures do not.
    let mark = place.data().join("doorknock.database");
    fs::remove_file(&mark).unwrap();
    let said = place.refused(&SERVE);
    assert!(said.contains("the pictures in") && said.contains("--attachments"), "{said}");
    place.url = first;
    assert!(place.refused(&["completion"]).contains("belongs to another database"));
    fs::remove_file(&mark).unwrap();
    place.well(&["completion"]);

    // A private database lies there, and DATABASE_URL names another.
    fs::create_dir(place.data().join("postgres")).unwrap();
    place.well(&["completion"]);
    fs::remove_file(&mark).unwrap();
    let said = place.refused(&["completion"]);
    assert!(said.contains("holds a private database of its own") && said.contains("DATABASE_URL"), "{said}");
}

/// An empty database of the suite's server, made by hand.
async fn bare(db: &TestDb, rest: &str) -> (String, Client) {
    let name = format!("doorknock_test_bare_{}", Uuid::new_v4().simple());
    db.client().await.batch_execute(&format!("create database {name} {rest}")).await.unwrap();
    let connection = db.connection.with_database(&name);
    let client = crate::support::db::connect(&connection).await;
    (connection.url(), client)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_does_not_fit_the_program_is_refused_and_left_alone() {
    let (mut place, db) = beside("fit").await;
    place.set_up();
    let client = db.client().await;
    let later = "insert into refinery_schema_history select version + 5, 'later', applied_on, checksum
        from refinery_schema_history order by version desc limit 1";
    client.batch_execute(later).await.unwrap();
    for words in [&SERVE[..], &["completion"], &["migrate"]] {
        let said = place.refused(words);
        assert!(
            said.contains("migrated by a newer Doorknock") && said.contains("use the newer program"),
            "{said}"
        );
    }
    client.batch_execute("delete from refinery_schema_history where name = 'later'").await.unwrap();
    client
        .batch_execute("update refinery_schema_history set checksum = '1' where version = 2")
        .await
        .unwrap();
    assert!(place.refused(&["migrate"]).contains("migration 2 of the database is not this program's"));

    let (url, other) = bare(&db, "template template0").await;
    other.batch_execute("create table orders (n integer)").await.unwrap();
    place.url = Some(url.clone());
    let said = place.refused(&["migrate"]);
    assert!(said.contains("\"orders\"") && said.contains("a database of its own"), "{said}");
    assert!(place.refused(&["restore", "x"]).contains("x cannot be opened"));
    other.batch_execute("drop table orders").await.unwrap();
    let said = place.refused(&SERVE);
    assert!(said.contains("lacks") && said.contains("run doorknock migrate first"), "{said}");
    other.batch_execute("set default_transaction_read_only = off").await.unwrap();
    let name = url.rsplit('/').next().unwrap().split('?').next().unwrap();
    let name = name.to_owned();
    other
        .batch_execute(&format!("alter database {name} set default_transaction_read_only = on"))
        .await
        .unwrap();
    assert!(place.refused(&["migrate"]).contains("takes no writes"));
    let off = format!("begin read write; alter database {name} reset default_transaction_read_only; commit");
    other.batch_execute(&off).await.unwrap();
    place.well(&["migrate"]);

    let (url, _) = bare(&db, "template template0 encoding 'LATIN1' lc_collate 'C' lc_ctype 'C'").await;
    place.url = Some(url);
    assert!(place.refused(&["migrate"]).contains("encoded in LATIN1; Doorknock needs UTF8"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_of_a_newer_program_is_refused_before_anything_is_touched() {
    let (mut place, db) = beside("newer").await;
    place.set_up();
    let file = place.root.join("b");
    place.well(&["backup", file.to_str().unwrap()]);
    let bytes = fs::read(&file).unwrap();
    let schema = format!("\"schema\":{}", doorknock::store::newest());
    let text: String = bytes.iter().map(|b| char::from(*b)).collect();
    assert!(text.contains(&schema));
    let newer: Vec<u8> = text.replacen(&schema, "\"schema\":99", 1).chars().map(|c| c as u8).collect();
    fs::write(&file, newer).unwrap();
    let (url, other) = bare(&db, "template template0").await;
    place.url = Some(url);
    let said = place.refused(&["restore", file.to_str().unwrap()]);
    assert!(said.contains("made by a newer Doorknock"), "{said}");
    let tables = "select count(*) from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = 'public'";
    assert_eq!(other.query_one(tables, &[]).await.unwrap().get::<_, i64>(0), 0);
}

/// Several at one moment, each with a key of its own: one is served, the others are refused.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_keys_noted_at_once_one_stays() {
    let db = database().await;
    let settings = Settings::from_url(&db.connection.url()).unwrap();
    assert_eq!(migrate(&settings).await.unwrap(), 0);
    let store = doorknock::store::Store::new(&settings).unwrap();
    let now = jiff::Timestamp::now();
    let noted = futures_util::future::join_all((0..4_u8).map(|n| {
        let store = store.clone();
        async move { store.note_key(&[n; 32], now).await.unwrap() }
    }))
    .await;
    assert!(noted.iter().all(|n| *n == noted[0]), "{noted:?}");
}
