//! Bringing the schema up to date: forward-only migrations compiled into the program.

use super::connect::Settings;
use super::fitness::{Aim, judge};
use super::tx::Error;

mod embedded {
    refinery::embed_migrations!("schema");
}

/// Any fixed number: one runner at a time in one database.
const LOCK: i64 = 0x646f_6f72_6b6e_6f63;

/// A migration, as it stands in the database's history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) version: i32,
    pub(super) name: String,
    pub(super) checksum: String,
}

/// Those compiled into this program.
pub(super) fn known() -> Vec<Known> {
    let runner = embedded::migrations::runner();
    let all = runner.get_migrations().iter();
    all.map(|m| Known { version: m.version(), name: m.name().to_owned(), checksum: m.checksum().to_string() })
        .collect()
}

/// The highest version of the schema that this program knows.
pub fn newest() -> i32 {
    known().iter().map(|k| k.version).max().unwrap_or_default()
}

/// Applies what is missing; returns how many migrations that were. Several programs may call it at the same moment: the
/// second waits for the first. A database of another program, a newer one or an edited one is refused.
pub async fn migrate(settings: &Settings) -> Result<usize, Error> {
    migrate_for(settings, Aim::Migrate).await
}

/// The same for an aim.
pub(super) async fn migrate_for(settings: &Settings, aim: Aim) -> Result<usize, Error> {
    let mut client = settings.connect_alone().await?;
    client
        .execute("select pg_advisory_lock($1)", &[&LOCK])
        .await
        .map_err(|e| Error::of("migration_lock", &e))?;
    judge(&client, aim).await?;
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

/// Refuses a database that does not fit this program and `aim`, and one whose schema is not up to date.
pub async fn need_fit(settings: &Settings, aim: Aim) -> Result<(), Error> {
    judge(&settings.connect_alone().await?, aim).await.map(drop)
}
