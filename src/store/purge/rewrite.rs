//! Taking removed texts out of the files as well: a row that was changed or deleted stays in its table's file, in the planner's
//! statistics and in the write-ahead log until something is written over it.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use super::super::connect::Settings;
use super::super::tx::Error;
use super::STEPS;

/// How long others may go on with what they began before a table is written anew.
const PATIENCE: Duration = Duration::from_secs(30);
/// Bytes of log in one go.
const FILLING: usize = 1 << 20;

/// The last file of the log there is, in use or waiting to be.
const NEWEST: &str = "select max(name) from pg_ls_waldir() where name ~ '^[0-9A-F]{24}$'";

/// Writes tables and log anew, on a connection of its own.
pub struct Rewrite {
    client: Client,
}

impl Rewrite {
    /// Connects.
    pub async fn new(settings: &Settings) -> Result<Self, Error> {
        let client = settings.connect_alone().await?;
        let limit = format!("set lock_timeout = '{}s'", PATIENCE.as_secs());
        client.batch_execute(&limit).await.map_err(|e| Error::of("rewrite", &e))?;
        Ok(Self { client })
    }

    /// The tables that personal data stood in.
    pub fn tables() -> BTreeSet<&'static str> {
        STEPS.iter().map(|s| s.table).collect()
    }

    /// Waits until nobody reads the state of before any more: what somebody may still see is copied along. Returns the process
    /// of a session that goes on doing so.
    pub async fn nobody_looks_back(&self) -> Result<Option<i32>, Error> {
        let of = |e| Error::of("oldest_reader", &e);
        let now: String =
            self.client.query_one("select pg_current_xact_id()::xid::text", &[]).await.map_err(of)?.get(0);
        // Sessions of other databases do not see our rows.
        let sql = format!(
            "select pid from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()
               and age(backend_xmin) > age('{now}'::xid) limit 1"
        );
        let until = tokio::time::Instant::now() + PATIENCE;
        loop {
            let Some(row) = self.client.query_opt(&sql, &[]).await.map_err(of)? else { return Ok(None) };
            if tokio::time::Instant::now() > until {
                return Ok(row.get(0));
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Writes a table and its indexes anew, without what was removed. `Ok(false)` when somebody else holds it for long.
    pub async fn table(&self, name: &'static str) -> Result<bool, Error> {
        self.vacuum(&format!("vacuum (full, analyze) {name}")).await
    }

    /// The planner's statistics hold samples of what stood in the columns. Only who owns the database may write them anew;
    /// `Ok(false)` for others.
    pub async fn statistics(&self) -> Result<bool, Error> {
        let sql = "select pg_has_role(datdba, 'member') from pg_database where datname = current_database()";
        let is_owner: bool =
            self.client.query_one(sql, &[]).await.map_err(|e| Error::of("owner", &e))?.get(0);
        Ok(is_owner && self.vacuum("vacuum full pg_statistic").await?)
    }

    async fn vacuum(&self, sql: &str) -> Result<bool, Error> {
        match self.client.batch_execute(sql).await {
            Ok(()) => Ok(true),
            Err(error) if error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE) => Ok(false),
            Err(error) => Err(Error::of("rewrite", &error)),
        }
    }

    /// Whether the log is copied elsewhere as it is written.
    pub async fn is_archived(&self) -> Result<bool, Error> {
        let sql =
            "select current_setting('archive_mode') <> 'off' or exists (select 1 from pg_stat_replication)
            or exists (select 1 from pg_replication_slots)";
        Ok(self.client.query_one(sql, &[]).await.map_err(|e| Error::of("archive", &e))?.get(0))
    }

    /// Writes the write-ahead log of a server of our own over, file by file; `told` hears how many files are left. A file of the
    /// log is used again with what stood in it, so all that are there are filled: those that wait to be used again at once, and
    /// those in use when they have become such.
    pub async fn log(&self, mut told: impl FnMut(usize)) -> Result<(), Error> {
        let of = |e| Error::of("rewrite_log", &e);
        for _ in 0..2 {
            self.client.batch_execute("checkpoint").await.map_err(of)?;
            let last: String = self.client.query_one(NEWEST, &[]).await.map_err(of)?.get(0);
            loop {
                let sql = "select count(*) from pg_ls_waldir()
                    where name between pg_walfile_name(pg_current_wal_insert_lsn()) and $1";
                let left: i64 = self.client.query_one(sql, &[&last]).await.map_err(of)?.get(0);
                told(usize::try_from(left).unwrap_or_default());
                if left == 0 {
                    break;
                }
                let fill =
                    format!("select pg_logical_emit_message(false, 'doorknock', repeat('0', {FILLING}))");
                for _ in 0..4 {
                    self.client.batch_execute(&fill).await.map_err(of)?;
                }
            }
        }
        self.client.batch_execute("checkpoint").await.map_err(of)
    }
}
