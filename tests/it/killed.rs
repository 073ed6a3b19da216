//! Operations of several steps, killed between them: what is not done is refused to be served, and the same command finishes it.

use std::fs;
use std::process::{Command, Output};

use tokio_postgres::Client;

use crate::support::db::{TestDb, connect, database};
use crate::support::{Place, visit};

const SERVE: [&str; 3] = ["serve", "--listen", "127.0.0.1:0"];

/// Runs a command that is killed when `step` is done.
#[track_caller]
fn killed(mut command: Command, step: &str) -> Output {
    use std::os::unix::process::ExitStatusExt;
    let done = command.env("DOORKNOCK_DIE_AT", step).output().unwrap();
    assert_eq!(done.status.signal(), Some(9), "{step}: {}", String::from_utf8_lossy(&done.stderr));
    done
}

/// A place on a database of the suite, with one visit stored.
async fn worked(name: &str) -> (Place, TestDb) {
    let db = database().await;
    let mut place = Place::new(name);
    place.url = Some(db.connection.url());
    place.set_up();
    let service = place.serve();
    let phone = place.device(service.address);
    let records = [visit(place.survey.case(0), "no_answer")];
    let batch = crate::support::record::batch(&place.survey.slug, phone.id, &records);
    let batch = crate::support::record::with(batch, "sent_at", jiff::Timestamp::now().to_string());
    assert_eq!(phone.post(&batch).await.status, 200);
    drop(service);
    (place, db)
}

async fn empty(db: &TestDb) -> (String, Client) {
    let name = format!("doorknock_test_empty_{}", uuid::Uuid::new_v4().simple());
    let sql = format!("create database {name} template template0");
    db.client().await.batch_execute(&sql).await.unwrap();
    let connection = db.connection.with_database(&name);
    (connection.url(), connect(&connection).await)
}

async fn epoch(client: &Client) -> uuid::Uuid {
    client.query_one("select epoch from feed", &[]).await.unwrap().get(0)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restore_that_is_killed_between_its_steps_is_served_by_nobody_and_begun_anew() {
    let (mut place, db) = worked("restore").await;
    let file = place.root.join("b");
    let restore = ["restore", file.to_str().unwrap()];
    place.well(&["backup", restore[1]]);
    let old = epoch(&db.client().await).await;
    let (url, client) = empty(&db).await;
    place.url = Some(url);
    for step in ["restore: room", "restore: rows", "restore: schema", "restore: counted"] {
        killed(place.command(&restore), step);
        for words in [
            &SERVE[..],
            &["completion"],
            &["migrate"],
            &["setup", place.root.join("setup").to_str().unwrap()],
        ] {
            let said = place.refused(words);
            assert!(
                said.contains("has not ended: run doorknock restore FILE again"),
                "{step}: {words:?}: {said}"
            );
        }
    }
    let said = place.well(&restore);
    assert!(said.contains("every table and counter as in the backup"), "{said}");
    assert_ne!(epoch(&client).await, old, "phones pull everything again");
    place.well(&["completion"]);
    assert!(place.refused(&restore).contains("not empty"));

    // Killed after its last step in the database it is done.
    let (url, client) = empty(&db).await;
    place.url = Some(url);
    killed(place.command(&restore), "restore: born");
    assert_ne!(epoch(&client).await, old);
    place.well(&["recount", "--cases"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_restores_into_one_database_do_not_meet() {
    let (mut place, db) = worked("restores").await;
    let file = place.root.join("b");
    place.well(&["backup", file.to_str().unwrap()]);
    let (url, client) = empty(&db).await;
    place.url = Some(url);
    client.query_one("select pg_advisory_lock(7237125663543882612)", &[]).await.unwrap();
    let said = place.refused(&["restore", file.to_str().unwrap()]);
    assert!(said.contains("another restore into this database is running"), "{said}");
}

/// A set-up is one transaction: killed in it, nothing of it is there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_set_up_that_is_killed_leaves_nothing_and_is_loaded_again() {
    let db = database().await;
    let mut place = Place::new("setup-killed");
    place.url = Some(db.connection.url());
    let setup = place.root.join("setup");
    killed(place.command(&["setup", setup.to_str().unwrap()]), "setup: doors sent");
    let client = db.client().await;
    for table in ["survey", "area", "staff", "dwelling", "survey_case", "feed"] {
        let n: i64 = client.query_one(&format!("select count(*) from {table}"), &[]).await.unwrap().get(0);
        assert_eq!(n, 0, "{table}");
    }
    place.set_up();
    place.well(&["recount", "--cases"]);
}

/// What is queued is linked by whoever comes next; the model in force and the queue come in one transaction.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_relinking_that_is_killed_goes_on_by_itself() {
    let (place, db) = worked("relink").await;
    let client = db.client().await;
    let count = async |sql: &str| -> i64 { client.query_one(sql, &[]).await.unwrap().get(0) };
    let before = count("select count(*) from link_model").await;
    killed(place.command(&["relink", "--apply"]), "relink: tried");
    assert_eq!(count("select count(*) from link_model").await, before);
    killed(place.command(&["relink", "--apply"]), "relink: queued");
    assert_eq!(count("select count(*) from link_model").await, before + 1);
    place.well(&["relink", "--apply"]);
    assert_eq!(count("select count(*) from link_outbox").await, 0);
    place.well(&["completion"]);
}

/// Migrations that ended half-way: the service says what lacks, and the rest is applied.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_migration_that_ended_half_way_is_finished() {
    let db = database().await;
    let whole = db.client().await;
    let (url, client) = empty(&db).await;
    let history = "select version::integer, name::text, applied_on::text, checksum::text from refinery_schema_history where version <= 4 order by 1";
    let create = "create table refinery_schema_history (version int4 primary key, name varchar(255), applied_on varchar(255), checksum varchar(255))";
    client.batch_execute(create).await.unwrap();
    for row in whole.query(history, &[]).await.unwrap() {
        let (version, name): (i32, String) = (row.get(0), row.get(1));
        let file = format!("{}/schema/V{version}__{name}.sql", env!("CARGO_MANIFEST_DIR"));
        client.batch_execute(&fs::read_to_string(file).unwrap()).await.unwrap();
        let (on, sum): (String, String) = (row.get(2), row.get(3));
        let insert =
            format!("insert into refinery_schema_history values ({version}, '{name}', '{on}', '{sum}')");
        client.batch_execute(&insert).await.unwrap();
    }
    let mut place = Place::new("half");
    place.url = Some(url);
    let said = place.refused(&SERVE);
    assert!(said.contains("lacks") && said.contains("run doorknock migrate first"), "{said}");
    place.well(&["migrate"]);
    place.set_up();
}

/// Half a purge is no purge: nobody serves it as one that is done, and the same command finishes it, also without --force.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_purge_that_is_killed_between_its_steps_is_finished_by_the_same_command() {
    let (place, db) = worked("purge").await;
    let client = db.client().await;
    let count = async |sql: &str| -> i64 { client.query_one(sql, &[]).await.unwrap().get(0) };
    assert!(place.refused(&["purge"]).contains("--force"), "its date has not come");
    let mut words = vec!["purge", "--force"];
    for step in ["purge: begun", "purge: rows", "purge: pictures", "purge: files"] {
        killed(place.command(&words), step);
        words = vec!["purge"];
        for refused in [&SERVE[..], &["completion"], &["backup", "elsewhere"]] {
            let said = place.refused(refused);
            assert!(
                said.contains("has not ended") && said.contains("doorknock purge --survey"),
                "{step}: {said}"
            );
        }
    }
    place.well(&["purge"]);
    assert_eq!(count("select count(*) from under_way").await, 0);
    assert_eq!(count("select count(*) from audit where action = 'purge'").await, 1);
    assert_eq!(count("select sum(length(raw))::bigint from batch_content").await, 0);
    drop(place.serve());
    place.well(&["recount", "--cases"]);
}
