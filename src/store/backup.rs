//! What a backup says about itself, and making a restored database a new birth of the old one.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio_postgres::Client;
use uuid::Uuid;

use super::connect::Settings;
use super::tx::{Error, Outcome, Tx, statements};
use super::{Store, SurveyKey};

statements! {
    /// Tables of ours with anything in them that nobody would want to lose.
    ANYTHING = "-- anything_stored
        select (select count(*) from survey) + (select count(*) from account) + (select count(*) from batch) as n";
    /// $1 district, $2 survey, $3 epoch, $4 the moment the backup was taken at.
    NEW_EPOCH = "-- new_epoch
        update feed set epoch = $3, restored_to = $4 where district_id = $1 and survey_no = $2";
}

/// Tables of ours, by name. Partitions and what belongs to extensions are not among them.
const TABLES: &str = "select c.relname::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = current_schema() and c.relkind in ('r', 'p') and not c.relispartition order by 1";

/// What a backup says about itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of the program that made it.
    pub program: String,
    /// The moment its snapshot was taken at.
    pub taken_at: Timestamp,
    /// Major version of the server it came from.
    pub server: u32,
    /// Rows of every table.
    pub rows: BTreeMap<String, i64>,
    /// Length of the dump, bytes.
    pub length: u64,
    /// SHA-256 of the dump, hexadecimal.
    pub sha256: String,
}

/// A snapshot that a dump can be told to use; lasts as long as this lives.
pub struct Snapshot {
    client: Client,
    /// The name by which `pg_dump --snapshot` knows it.
    pub name: String,
}

impl Snapshot {
    /// Takes one.
    pub async fn take(settings: &Settings) -> Result<Self, Error> {
        let client = settings.connect_alone().await?;
        let of = |e| Error::of("export_snapshot", &e);
        client.batch_execute("begin isolation level repeatable read, read only").await.map_err(of)?;
        let name = client.query_one("select pg_export_snapshot()", &[]).await.map_err(of)?.get(0);
        Ok(Self { client, name })
    }

    /// Rows of every table, and the server's major version.
    pub async fn count(&self) -> Result<(BTreeMap<String, i64>, u32), Error> {
        count(&self.client).await
    }
}

async fn count(client: &Client) -> Result<(BTreeMap<String, i64>, u32), Error> {
    let of = |e| Error::of("count_tables", &e);
    let mut rows = BTreeMap::new();
    for table in client.query(TABLES, &[]).await.map_err(of)? {
        let name: String = table.get(0);
        let sql = format!("select count(*) from \"{}\"", name.replace('"', "\"\""));
        rows.insert(name, client.query_one(&sql, &[]).await.map_err(of)?.get(0));
    }
    let version: i32 = client
        .query_one("select current_setting('server_version_num')::integer", &[])
        .await
        .map_err(of)?
        .get(0);
    Ok((rows, u32::try_from(version / 10_000).unwrap_or_default()))
}

/// Rows of every table as they are now.
pub async fn count_tables(settings: &Settings) -> Result<BTreeMap<String, i64>, Error> {
    Ok(count(&settings.connect_alone().await?).await?.0)
}

/// Makes room for a restore: refuses a database in which anything stands, takes an empty schema away.
/// `Ok(false)` when the database is not empty.
pub async fn make_room(settings: &Settings) -> Result<bool, Error> {
    let client = settings.connect_alone().await?;
    let of = |e| Error::of("make_room", &e);
    let tables: Vec<String> = client.query(TABLES, &[]).await.map_err(of)?.iter().map(|r| r.get(0)).collect();
    if !tables.is_empty() {
        let ours = ["survey", "account", "batch"].iter().all(|name| tables.iter().any(|t| t == name));
        let stored: i64 =
            if ours { client.query_one(ANYTHING.sql, &[]).await.map_err(of)?.get(0) } else { 1 };
        if stored > 0 {
            return Ok(false);
        }
    }
    for table in tables {
        let sql = format!("drop table if exists \"{}\" cascade", table.replace('"', "\"\""));
        client.batch_execute(&sql).await.map_err(of)?;
    }
    Ok(true)
}

async fn renew(tx: &Tx, keys: &[SurveyKey], taken_at: Timestamp) -> Result<(), Error> {
    for key in keys {
        tx.execute(&NEW_EPOCH, &[&key.district, &key.no, &Uuid::new_v4(), &taken_at]).await?;
    }
    Ok(())
}

impl Store {
    /// Gives every feed a new epoch, so that cursors of the time before are answered with a full pull, and says from when on
    /// devices send again what they sent.
    pub async fn begin_new_epoch(&self, taken_at: Timestamp, now: Timestamp) -> Result<(), Error> {
        let keys = self.survey_keys().await?;
        self.retrying("new_epoch", move |tx| {
            let keys = keys.clone();
            Box::pin(async move {
                renew(tx, &keys, taken_at).await?;
                for key in keys {
                    let note = super::audit::Note::by_operator(key, super::audit::Action::Restore, now);
                    let detail = serde_json::json!({"taken_at": taken_at});
                    super::audit::note(tx, &note.with(detail)).await?;
                }
                Ok::<_, Error>(Outcome::Commit(()))
            })
        })
        .await
    }
}

/// How the programs of PostgreSQL reach the same database: as environment variables, so that no password stands in a list
/// of processes.
pub fn environment(settings: &Settings) -> Vec<(&'static str, String)> {
    settings.environment()
}
