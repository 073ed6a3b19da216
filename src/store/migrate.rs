//! Bringing the schema up to date: forward-only migrations compiled into the program.

use super::connect::Settings;
use super::tx::Error;

mod embedded {
    refinery::embed_migrations!("schema");
}

/// Any fixed number: one runner at a time in one database.
const LOCK: i64 = 0x646f_6f72_6b6e_6f63;

/// Applies what is missing; returns how many migrations that were. Several programs may call it at the same moment: the
/// second waits for the first. Refinery compares checksums and refuses a schema that was edited by hand.
pub async fn migrate(settings: &Settings) -> Result<usize, Error> {
    let mut client = settings.connect_alone().await?;
    client
        .execute("select pg_advisory_lock($1)", &[&LOCK])
        .await
        .map_err(|e| Error::of("migration_lock", &e))?;
    let report = embedded::migrations::runner()
        .run_async(&mut client)
        .await
        .map_err(|e| Error::Migration(e.to_string().lines().next().unwrap_or_default().to_owned()))?;
    client
        .execute("select pg_advisory_unlock($1)", &[&LOCK])
        .await
        .map_err(|e| Error::of("migration_unlock", &e))?;
    Ok(report.applied_migrations().len())
}

/// How many migrations this program knows and how many the database has; equal when it is up to date.
pub async fn pending(settings: &Settings) -> Result<usize, Error> {
    let mut client = settings.connect_alone().await?;
    let runner = embedded::migrations::runner();
    let applied =
        runner.get_applied_migrations_async(&mut client).await.map(|list| list.len()).unwrap_or_default();
    Ok(runner.get_migrations().len().saturating_sub(applied))
}
