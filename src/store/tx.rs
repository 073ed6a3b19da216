//! Transactions and statements: the one way into the database, its errors, and the hook by which tests break it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use deadpool_postgres::Object;
use futures_util::future::{BoxFuture, join};
use tokio_postgres::Row;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;

use super::lane::Lent;
use super::{Store, SurveyKey};

/// A parameter of a statement.
pub(super) type Param<'a> = &'a (dyn ToSql + Sync);

/// One SQL statement; its first line is `-- name`.
#[derive(Debug)]
pub struct Statement {
    /// The whole text.
    pub sql: &'static str,
}

impl Statement {
    /// The name in the first line, for logs and metrics.
    pub fn name(&self) -> &'static str {
        self.sql.lines().next().unwrap_or_default().trim_start_matches("-- ").trim()
    }
}

/// Declares the statements of a file as constants and lists them as `ALL`.
macro_rules! statements {
    ($($(#[$doc:meta])* $name:ident = $sql:expr;)+) => {
        $($(#[$doc])* const $name: $crate::store::Statement = $crate::store::Statement { sql: $sql };)+
        /// The statements of this file.
        pub(in crate::store) const ALL: &[&$crate::store::Statement] = &[$(&$name),+];
    };
}
pub(super) use statements;

statements! {
    /// $1 district, $2 survey, $3 tag. The last statement before commit: the tag waits for its number.
    STAMP = "-- leave_tag
        insert into change_waiting (district_id, survey_no, tag) values ($1, $2, $3)";
    /// From here on an item of several can be taken back without the others.
    SAVE = "-- begin_item
        savepoint item";
    /// What was done since is taken back.
    TAKE_BACK = "-- take_item_back
        rollback to savepoint item";
}

/// Begins an item of several inside a transaction.
pub async fn begin_item(tx: &Tx) -> Result<(), Error> {
    tx.execute(&SAVE, &[]).await?;
    Ok(())
}

/// Takes back what was done since the item began; the transaction goes on.
pub async fn take_item_back(tx: &Tx) -> Result<(), Error> {
    tx.execute(&TAKE_BACK, &[]).await?;
    Ok(())
}

/// What went wrong in the database. Never shows a value, a path or SQL.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No connection could be had, or it was lost.
    #[error("the database cannot be reached")]
    Unavailable,
    /// The server takes no writes any more: another node has taken its place.
    #[error("the database has become read-only")]
    ReadOnly,
    /// The connection was lost while committing: the outcome is not known.
    #[error("the connection was lost during commit")]
    CommitUnknown,
    /// The database asked to repeat the transaction and went on doing so.
    #[error("the database is too busy ({0})")]
    Busy(&'static str),
    /// A named constraint refused the rows.
    #[error("{statement}: constraint {constraint}")]
    Constraint {
        /// Name of the statement.
        statement: &'static str,
        /// Name of the constraint.
        constraint: String,
    },
    /// Anything else the server said.
    #[error("{statement}: database error {code}")]
    Statement {
        /// Name of the statement.
        statement: &'static str,
        /// SQLSTATE.
        code: String,
    },
    /// A stored document could not be read back.
    #[error("a stored {0} cannot be read")]
    Corrupt(&'static str),
    /// A row holds what no row can: a code that does not exist.
    #[error("{table} {}: {column} cannot be read", key.map(|id| id.to_string()).unwrap_or_default())]
    Impossible {
        /// The table.
        table: &'static str,
        /// The row's id, where it has one.
        key: Option<uuid::Uuid>,
        /// The column.
        column: String,
    },
    /// The migrations could not be applied.
    #[error("the database schema cannot be brought up to date: {0}")]
    Migration(String),
    /// The settings do not describe a database.
    #[error("{0}")]
    Settings(String),
    /// Program and database do not go together.
    #[error(transparent)]
    Unfit(#[from] super::fitness::Unfit),
}

impl Error {
    /// Whether the same transaction may succeed when it is run again.
    pub(super) fn is_retryable(&self) -> bool {
        match self {
            Self::Busy(_) | Self::Unavailable | Self::ReadOnly | Self::CommitUnknown => true,
            Self::Constraint { .. }
            | Self::Statement { .. }
            | Self::Corrupt(_)
            | Self::Impossible { .. }
            | Self::Migration(_)
            | Self::Settings(_)
            | Self::Unfit(_) => false,
        }
    }

    /// Whether the caller should answer "try again later".
    pub fn is_outage(&self) -> bool {
        self.is_retryable()
    }

    /// Reads what the server said about `statement`.
    pub(super) fn of(statement: &'static str, error: &tokio_postgres::Error) -> Self {
        let Some(db) = error.as_db_error() else {
            let cause = std::error::Error::source(error);
            let is_lost = error.is_closed()
                || cause.is_some_and(<dyn std::error::Error + 'static>::is::<std::io::Error>)
                || cause.is_none();
            // Anything else is a value that does not fit its parameter or column: a fault of this program.
            return if is_lost {
                Self::Unavailable
            } else {
                Self::Statement { statement, code: "value".to_owned() }
            };
        };
        let code = db.code();
        if *code == SqlState::T_R_DEADLOCK_DETECTED
            || *code == SqlState::T_R_SERIALIZATION_FAILURE
            || *code == SqlState::LOCK_NOT_AVAILABLE
            || *code == SqlState::QUERY_CANCELED
        {
            return Self::Busy(statement);
        }
        if *code == SqlState::READ_ONLY_SQL_TRANSACTION {
            return Self::ReadOnly;
        }
        let class = &code.code()[..2];
        if matches!(class, "08" | "53" | "57" | "58" | "XX") {
            return Self::Unavailable;
        }
        match db.constraint() {
            // Two transactions drew one tag: the next try draws another. Two stored one record at the same moment: the next try
            // finds it known.
            // Two found doors got one number: the next try finds it given.
            Some(
                "change_waiting_pk" | "visit_pk" | "interview_pk" | "person_pk" | "dwelling_number_once",
            ) => Self::Busy(statement),
            Some(constraint) => Self::Constraint { statement, constraint: constraint.to_owned() },
            None => Self::Statement { statement, code: code.code().to_owned() },
        }
    }
}

/// Where in a transaction a [`Probe`] is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// Before the named statement is sent.
    Before(&'static str),
    /// Before COMMIT is sent.
    BeforeCommit,
    /// After COMMIT was answered.
    AfterCommit,
}

/// What a [`Probe`] does to the transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The connection is lost here.
    Disconnect,
    /// The database asks to repeat the transaction.
    Repeat,
}

/// A hook by which tests break transactions at a chosen place; the service runs without one.
pub type Probe = Arc<dyn Fn(Moment) -> Option<Fault> + Send + Sync>;

/// A transaction. Ends by [`Store::retrying`]; dropped before, its connection is closed and the server rolls back.
///
/// It begins with its first statement, in one round trip. Statements that do not need each other may be joined: they go out
/// in the order in which they are polled and are answered in that order, so the first error is the cause of all that follow.
pub struct Tx {
    client: Option<Lent>,
    probe: Option<Probe>,
    /// How it begins.
    how: &'static str,
    has_begun: AtomicBool,
}

impl Tx {
    /// Takes a connection of the pool.
    pub(super) async fn begin(store: &Store, how: &'static str) -> Result<Self, Error> {
        Ok(Self {
            client: Some(store.client().await?),
            probe: store.probe.clone(),
            how,
            has_begun: AtomicBool::new(false),
        })
    }

    /// Sends `work`, before it BEGIN if nothing was sent yet.
    async fn sent<T>(
        &self,
        client: &Object,
        work: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T, tokio_postgres::Error> {
        if self.has_begun.swap(true, Ordering::Relaxed) {
            return work.await;
        }
        let (begun, done) = join(client.batch_execute(self.how), work).await;
        begun.and(done)
    }

    fn client(&self) -> Result<&Object, Error> {
        self.client.as_deref().ok_or(Error::Unavailable)
    }

    fn ask(&self, moment: Moment) -> Result<(), Error> {
        match self.probe.as_ref().and_then(|probe| probe(moment)) {
            None => Ok(()),
            Some(Fault::Disconnect) => Err(Error::Unavailable),
            Some(Fault::Repeat) => Err(Error::Busy("probe")),
        }
    }

    /// Runs `statement` and returns its rows.
    pub(super) async fn query(&self, statement: &Statement, params: &[Param<'_>]) -> Result<Vec<Row>, Error> {
        let name = statement.name();
        self.ask(Moment::Before(name))?;
        let client = self.client()?;
        let prepared = client.prepare_cached(statement.sql).await.map_err(|e| Error::of(name, &e))?;
        self.sent(client, client.query(&prepared, params)).await.map_err(|e| Error::of(name, &e))
    }

    /// Runs `statement` and returns its row, if there is one.
    pub(super) async fn query_opt(
        &self,
        statement: &Statement,
        params: &[Param<'_>],
    ) -> Result<Option<Row>, Error> {
        Ok(self.query(statement, params).await?.into_iter().next())
    }

    /// Runs `statement`, which always gives a row.
    pub(super) async fn query_one(&self, statement: &Statement, params: &[Param<'_>]) -> Result<Row, Error> {
        self.query_opt(statement, params).await?.ok_or(Error::Corrupt("answer"))
    }

    /// Runs `statement` and returns the number of rows it touched.
    pub(super) async fn execute(&self, statement: &Statement, params: &[Param<'_>]) -> Result<u64, Error> {
        let name = statement.name();
        self.ask(Moment::Before(name))?;
        let client = self.client()?;
        let prepared = client.prepare_cached(statement.sql).await.map_err(|e| Error::of(name, &e))?;
        self.sent(client, client.execute(&prepared, params)).await.map_err(|e| Error::of(name, &e))
    }

    /// Runs plain commands that take no parameters, such as temporary tables of a bulk load.
    pub(super) async fn batch(&self, name: &'static str, sql: &str) -> Result<(), Error> {
        self.ask(Moment::Before(name))?;
        let client = self.client()?;
        self.sent(client, client.batch_execute(sql)).await.map_err(|e| Error::of(name, &e))
    }

    /// The raw client, for COPY and streaming reads; some statement must have begun the transaction.
    pub(super) fn raw(&self) -> Result<&Object, Error> {
        self.client()
    }

    /// Commits; with a stamp, the transaction's tag is left for the feed in the same round trip.
    pub(super) async fn commit(mut self, stamp: Option<(SurveyKey, i64)>) -> Result<(), Error> {
        self.ask(Moment::BeforeCommit)?;
        if self.has_begun.load(Ordering::Relaxed) {
            let client = self.client()?;
            let commit = client.batch_execute("commit");
            if let Some((key, tag)) = stamp {
                let prepared =
                    client.prepare_cached(STAMP.sql).await.map_err(|e| Error::of(STAMP.name(), &e))?;
                let params: [Param<'_>; 3] = [&key.district, &key.no, &tag];
                let (stamped, committed) = join(client.execute(&prepared, &params), commit).await;
                stamped.map_err(|e| Error::of(STAMP.name(), &e))?;
                committed.map_err(|e| commit_error(&e))?;
            } else {
                commit.await.map_err(|e| commit_error(&e))?;
            }
        }
        let lost = self.ask(Moment::AfterCommit).is_err();
        let client = self.client.take();
        if lost {
            if let Some(client) = client {
                client.discard();
            }
            return Err(Error::CommitUnknown);
        }
        Ok(())
    }

    pub(super) async fn rollback(mut self) {
        let has_begun = self.has_begun.load(Ordering::Relaxed);
        if let Some(client) = self.client.take()
            && has_begun
            && client.batch_execute("rollback").await.is_err()
        {
            client.discard();
        }
    }
}

impl Drop for Tx {
    fn drop(&mut self) {
        if let Some(client) = self.client.take() {
            // Taken out of the pool and closed: the server rolls back what was open.
            client.discard();
        }
    }
}

fn commit_error(error: &tokio_postgres::Error) -> Error {
    if error.as_db_error().is_some() { Error::of("commit", error) } else { Error::CommitUnknown }
}

/// What a transaction leaves behind for its commit.
pub enum Outcome<T> {
    /// Commit without a place in the feed.
    Commit(T),
    /// Commit and leave this tag for the feed of this survey.
    Stamp(T, SurveyKey, i64),
    /// Nothing to keep: roll back and return the value.
    Rollback(T),
}

impl Store {
    /// Runs `work` in a transaction and commits it, repeating it up to three times when the database asks for that.
    /// `work` may run more than once, so it must do nothing but SQL. After a commit whose outcome is unknown it runs
    /// again too: it must be repeatable by construction.
    pub async fn retrying<T, E, F>(&self, name: &'static str, work: F) -> Result<T, E>
    where
        T: Send,
        E: From<Error> + AsStoreError + Send,
        F: for<'t> Fn(&'t Tx) -> BoxFuture<'t, Result<Outcome<T>, E>> + Send + Sync,
    {
        let mut tries = 0_u32;
        loop {
            tries += 1;
            let failure = match self.attempt(&work).await {
                Ok(value) => return Ok(value),
                Err(failure) => failure,
            };
            match failure.as_store_error() {
                Some(error) if error.is_retryable() && tries < 4 => {
                    tracing::info!(transaction = name, tries, %error, "transaction will be repeated");
                    let jitter = u64::from(rand::random::<u8>() % 16);
                    tokio::time::sleep(Duration::from_millis(u64::from(tries) * 15 + jitter)).await;
                }
                Some(_) | None => return Err(failure),
            }
        }
    }

    async fn attempt<T, E, F>(&self, work: &F) -> Result<T, E>
    where
        T: Send,
        E: From<Error> + AsStoreError + Send,
        F: for<'t> Fn(&'t Tx) -> BoxFuture<'t, Result<Outcome<T>, E>> + Send + Sync,
    {
        let tx = Tx::begin(self, "begin").await?;
        match work(&tx).await {
            Ok(Outcome::Commit(value)) => tx.commit(None).await.map(|()| value).map_err(E::from),
            Ok(Outcome::Stamp(value, key, tag)) => {
                tx.commit(Some((key, tag))).await.map(|()| value).map_err(E::from)
            }
            Ok(Outcome::Rollback(value)) => {
                tx.rollback().await;
                Ok(value)
            }
            Err(error) => {
                match error.as_store_error() {
                    // Dropped, and closed with that.
                    Some(Error::Unavailable) => {}
                    Some(Error::ReadOnly) => self.leave_server(),
                    Some(_) | None => tx.rollback().await,
                }
                Err(error)
            }
        }
    }

    async fn read_once<T, E, F>(&self, work: &F) -> Result<T, E>
    where
        T: Send,
        E: From<Error> + AsStoreError + Send,
        F: for<'t> Fn(&'t Tx) -> BoxFuture<'t, Result<T, E>> + Send + Sync,
    {
        let tx = Tx::begin(self, READ).await?;
        match work(&tx).await {
            Ok(value) => {
                // What was read was read, however its transaction ends.
                drop(tx.commit(None).await);
                Ok(value)
            }
            Err(error) => {
                if !matches!(error.as_store_error(), Some(Error::Unavailable)) {
                    tx.rollback().await;
                }
                Err(error)
            }
        }
    }

    /// Runs one read in a transaction of its own that sees one snapshot; repeated like [`Store::retrying`].
    pub async fn reading<T, E, F>(&self, name: &'static str, work: F) -> Result<T, E>
    where
        T: Send,
        E: From<Error> + AsStoreError + Send,
        F: for<'t> Fn(&'t Tx) -> BoxFuture<'t, Result<T, E>> + Send + Sync,
    {
        let mut tries = 0_u32;
        loop {
            tries += 1;
            match self.read_once(&work).await {
                Ok(value) => return Ok(value),
                Err(failure) => {
                    let again = failure.as_store_error().is_some_and(Error::is_retryable) && tries < 3;
                    if !again {
                        return Err(failure);
                    }
                    tracing::info!(transaction = name, tries, "read will be repeated");
                    tokio::time::sleep(Duration::from_millis(u64::from(tries) * 15)).await;
                }
            }
        }
    }
}

/// How a read begins: one snapshot, nothing written.
pub(super) const READ: &str = "begin isolation level repeatable read, read only";

/// Errors that may carry a store error inside.
pub trait AsStoreError {
    /// The store's error, if that is what went wrong.
    fn as_store_error(&self) -> Option<&Error>;
}

impl AsStoreError for Error {
    fn as_store_error(&self) -> Option<&Error> {
        Some(self)
    }
}

/// A tag for one transaction's changes: microseconds since 1970 and twelve random bits, so that tags rise with time.
pub fn new_tag(now: jiff::Timestamp) -> i64 {
    (now.as_microsecond() << 10) | i64::from(rand::random::<u16>() & 0x3ff)
}
