//! What a backup says about itself, and making a restored database a new birth of the old one.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio_postgres::Client;
use uuid::Uuid;

use super::connect::Settings;
use super::fitness::Aim;
use super::migrate::migrate_for;
use super::tx::{Error, Outcome, Tx, statements};
use super::{Store, SurveyKey, lists};

statements! {
    /// Tables of ours with anything in them that nobody would want to lose.
    ANYTHING = "-- anything_stored
        select (select count(*) from survey) + (select count(*) from account) + (select count(*) from batch) as n";
    /// $1 district, $2 survey, $3 epoch, $4 the moment the backup was taken at, $5 now.
    NEW_EPOCH = "-- new_epoch
        update feed set epoch = $3, restored_to = $4, restored_at = $5 where district_id = $1 and survey_no = $2";
}

/// Tables of ours, by name. Partitions, what belongs to extensions and the mark of a restore are not among them.
const TABLES: &str = "select c.relname::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = current_schema() and c.relkind in ('r', 'p') and not c.relispartition and c.relname <> 'restore_under_way'
      and not exists (select 1 from pg_depend d where d.objid = c.oid and d.deptype = 'e') order by 1";

/// A table that stands in a database from the first step of a restore to the last. No migration knows it, so that a backup does
/// not bring one along.
pub(super) const RESTORE_MARK: &str = "restore_under_way";

/// Any fixed number: one restore at a time in one database.
const RESTORE_LOCK: i64 = 0x646f_6f72_7265_7374;

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
    /// Highest version of the schema; backups of the first version do not say it.
    #[serde(default)]
    pub schema: Option<i32>,
    /// Which database it is of.
    #[serde(default)]
    pub installation: Option<Uuid>,
    /// Check value of its key, hexadecimal.
    #[serde(default)]
    pub key_check: Option<String>,
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

/// A database that is being restored; nobody else restores into it as long as this lives.
pub struct Room {
    client: Client,
}

/// Why there is no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoRoom {
    /// Something stands in the database.
    NotEmpty,
    /// Somebody else restores into it.
    Taken,
}

impl Room {
    /// Makes room: refuses a database in which anything stands, takes an empty schema away, and what a restore left that was
    /// broken off. From here to [`Store::finish_restore`] the database is marked, and nothing else is done with it.
    pub async fn make(settings: &Settings, now: Timestamp) -> Result<Result<Self, NoRoom>, Error> {
        let client = settings.connect_alone().await?;
        let of = |e| Error::of("make_room", &e);
        let is_ours: bool =
            client.query_one("select pg_try_advisory_lock($1)", &[&RESTORE_LOCK]).await.map_err(of)?.get(0);
        if !is_ours {
            return Ok(Err(NoRoom::Taken));
        }
        let tables: Vec<String> =
            client.query(TABLES, &[]).await.map_err(of)?.iter().map(|r| r.get(0)).collect();
        if !is_marked(&client).await? && holds_anything(&client, &tables).await? {
            return Ok(Err(NoRoom::NotEmpty));
        }
        // All at once: a database without a mark is whole or empty.
        let mut sql = String::from("begin;\n");
        for table in tables {
            let _ = writeln!(sql, "drop table if exists \"{}\" cascade;", table.replace('"', "\"\""));
        }
        let _ = write!(
            sql,
            "create table if not exists {RESTORE_MARK} (begun_at timestamptz not null);
             truncate {RESTORE_MARK}; insert into {RESTORE_MARK} values ('{now}'); commit"
        );
        client.batch_execute(&sql).await.map_err(of)?;
        Ok(Ok(Self { client }))
    }

    /// Major version of the server.
    pub async fn server(&self) -> Result<u32, Error> {
        let sql = "select current_setting('server_version_num')::integer / 10000";
        let major: i32 =
            self.client.query_one(sql, &[]).await.map_err(|e| Error::of("server_version", &e))?.get(0);
        Ok(u32::try_from(major).unwrap_or_default())
    }
}

async fn is_marked(client: &Client) -> Result<bool, Error> {
    let sql = format!("select to_regclass('{RESTORE_MARK}') is not null");
    Ok(client.query_one(&sql, &[]).await.map_err(|e| Error::of("restore_mark", &e))?.get(0))
}

/// Whether anything stands in these tables that somebody would miss; what is not ours always is.
async fn holds_anything(client: &Client, tables: &[String]) -> Result<bool, Error> {
    if tables.is_empty() {
        return Ok(false);
    }
    let is_ours = ["survey", "account", "batch"].iter().all(|name| tables.iter().any(|t| t == name));
    if !is_ours {
        return Ok(true);
    }
    let stored: i64 =
        client.query_one(ANYTHING.sql, &[]).await.map_err(|e| Error::of("anything_stored", &e))?.get(0);
    Ok(stored > 0)
}

/// Brings the schema of a database that is being restored up to date.
pub async fn migrate_restored(settings: &Settings) -> Result<usize, Error> {
    migrate_for(settings, Aim::Restore).await
}

async fn renew(tx: &Tx, keys: &[SurveyKey], taken_at: Timestamp, now: Timestamp) -> Result<(), Error> {
    for key in keys {
        tx.execute(&NEW_EPOCH, &[&key.district, &key.no, &Uuid::new_v4(), &taken_at, &now]).await?;
        lists::raise_epoch(tx, *key).await?;
    }
    Ok(())
}

impl Store {
    /// Makes a restored database a new birth of the old one, and takes the mark of the restore away, both at once: gives every
    /// feed a new epoch, so that cursors of the time before are answered with a full pull, and says from when on devices send
    /// again what they sent.
    pub async fn finish_restore(&self, taken_at: Timestamp, now: Timestamp) -> Result<(), Error> {
        let keys = self.survey_keys().await?;
        self.retrying("finish_restore", move |tx| {
            let keys = keys.clone();
            Box::pin(async move {
                renew(tx, &keys, taken_at, now).await?;
                for key in keys {
                    let note = super::audit::Note::by_operator(key, super::audit::Action::Restore, now);
                    let detail = serde_json::json!({"taken_at": taken_at});
                    super::audit::note(tx, &note.with(detail)).await?;
                }
                tx.batch("restore_mark", &format!("drop table if exists {RESTORE_MARK}")).await?;
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
