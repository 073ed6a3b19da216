//! Statements that stand alone, each in a transaction of its own; repeated like [`Store::reading`] and [`Store::retrying`].

use std::time::Duration;

use tokio_postgres::Row;

use super::Store;
use super::tx::{Error, Param, READ, Statement, Tx};

impl Store {
    /// The rows of a statement that only reads.
    pub(super) async fn rows(
        &self,
        statement: &'static Statement,
        params: &[Param<'_>],
    ) -> Result<Vec<Row>, Error> {
        let mut tries = 0_u32;
        loop {
            tries += 1;
            match self.read_rows(statement, params).await {
                Err(error) if error.is_retryable() && tries < 3 => {
                    tracing::info!(transaction = statement.name(), tries, "read will be repeated");
                    tokio::time::sleep(Duration::from_millis(u64::from(tries) * 15)).await;
                }
                done => return done,
            }
        }
    }

    /// The row of a statement that only reads, if there is one.
    pub(super) async fn row(
        &self,
        statement: &'static Statement,
        params: &[Param<'_>],
    ) -> Result<Option<Row>, Error> {
        Ok(self.rows(statement, params).await?.into_iter().next())
    }

    /// The row of a statement that only reads and always gives one.
    pub(super) async fn one(
        &self,
        statement: &'static Statement,
        params: &[Param<'_>],
    ) -> Result<Row, Error> {
        self.row(statement, params).await?.ok_or(Error::Corrupt("answer"))
    }

    /// Runs a statement that writes, and commits it; returns the number of rows it touched. After a commit whose outcome is
    /// unknown it runs again: it must be repeatable by construction.
    pub(super) async fn run(
        &self,
        statement: &'static Statement,
        params: &[Param<'_>],
    ) -> Result<u64, Error> {
        let mut tries = 0_u32;
        loop {
            tries += 1;
            match self.write(statement, params).await {
                Err(error) if error.is_retryable() && tries < 4 => {
                    tracing::info!(transaction = statement.name(), tries, %error, "transaction will be repeated");
                    let jitter = u64::from(rand::random::<u8>() % 16);
                    tokio::time::sleep(Duration::from_millis(u64::from(tries) * 15 + jitter)).await;
                }
                done => return done,
            }
        }
    }

    async fn read_rows(&self, statement: &Statement, params: &[Param<'_>]) -> Result<Vec<Row>, Error> {
        let tx = Tx::begin(self, READ).await?;
        match tx.query(statement, params).await {
            Ok(rows) => {
                // What was read was read, however its transaction ends.
                drop(tx.commit(None).await);
                Ok(rows)
            }
            Err(error) => {
                if !matches!(error, Error::Unavailable) {
                    tx.rollback().await;
                }
                Err(error)
            }
        }
    }

    async fn write(&self, statement: &Statement, params: &[Param<'_>]) -> Result<u64, Error> {
        let tx = Tx::begin(self, "begin").await?;
        match tx.execute(statement, params).await {
            Ok(touched) => tx.commit(None).await.map(|()| touched),
            Err(error) => {
                if matches!(error, Error::ReadOnly) {
                    self.leave_server();
                } else if !matches!(error, Error::Unavailable) {
                    tx.rollback().await;
                }
                // Otherwise dropped, and closed with that.
                Err(error)
            }
        }
    }
}
