//! What belongs together: a data directory and a place of pictures note the id of their database, and are refused with another.

use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context, Result, anyhow, bail};
use uuid::Uuid;

use super::base::Common;
use super::whole::{self, For, Old};
use crate::shelf::{MARK, Shelf};
use crate::store::Store;

/// The private cluster inside a data directory.
const CLUSTER: &str = "postgres";

/// Refuses a data directory that belongs to another database; one that belongs to none becomes this one's.
pub(super) fn pair(common: &Common, database: Uuid) -> Result<()> {
    let path = common.data_dir.join(MARK);
    let has_cluster = common.data_dir.join(CLUSTER).is_dir();
    match (read(&path)?, common.url().is_some() && has_cluster) {
        (Some(id), _) if id == database => Ok(()),
        (_, true) => Err(private_beside(common)),
        (Some(id), false) => bail!(
            "the data directory {} belongs to another database ({id}) than the one reached ({database}): name the right one with --data-dir or --database-url. If this database has taken the other's place, remove {}. Nothing was changed",
            common.data_dir.display(),
            path.display(),
        ),
        (None, false) => {
            note(&path, database);
            Ok(())
        }
    }
}

/// Refuses to restore into a database that is named while a private one lies in the data directory, unless the backup is of
/// that one, whose place the named one is to take.
pub(super) fn refuse_private_beside(common: &Common, backup_of: Option<Uuid>) -> Result<()> {
    if common.url().is_none() || !common.data_dir.join(CLUSTER).is_dir() {
        return Ok(());
    }
    let own = read(&common.data_dir.join(MARK))?;
    if own.is_some() && own == backup_of { Ok(()) } else { Err(private_beside(common)) }
}

fn private_beside(common: &Common) -> anyhow::Error {
    let dir = common.data_dir.display();
    anyhow!(
        "the data directory {dir} holds a private database of its own, but DATABASE_URL (or --database-url) names another one: unset it to work on the private one. If the other has taken its place, move {dir}/{CLUSTER} and {dir}/{MARK} away. Nothing was changed"
    )
}

/// The data directory belongs to this database from now on, whatever it belonged to.
pub(super) fn pair_anew(common: &Common, database: Uuid) {
    note(&common.data_dir.join(MARK), database);
}

fn read(path: &Path) -> Result<Option<Uuid>> {
    match std::fs::read_to_string(path) {
        Ok(text) => match Uuid::try_parse(text.trim()) {
            Ok(id) => Ok(Some(id)),
            Err(_) => {
                bail!("{} does not hold the id of a database; remove it if nobody knows why", path.display())
            }
        },
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).context(format!("{} cannot be read", path.display())),
    }
}

/// A directory that cannot be written, such as a key mounted for reading, is recognised by its key alone.
fn note(path: &Path, database: Uuid) {
    if let Err(error) = whole::write(path, For::Owner, Old::Replaced, format!("{database}\n").as_bytes()) {
        tracing::debug!(%error, "the data directory does not note its database");
    }
}

/// Whether a place of pictures that belongs to no database yet may become this one's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unmarked {
    /// It becomes this one's.
    Taken,
    /// It is refused where pictures of this database must lie somewhere: removing them elsewhere would remove nothing.
    Refused,
}

/// Refuses a place of pictures that belongs to another database.
pub(super) async fn pair_shelf(store: &Store, shelf: &Shelf, unmarked: Unmarked) -> Result<()> {
    let database = store.installation().await?.id;
    match (shelf.database().await?, unmarked) {
        (Some(id), _) if id == database => Ok(()),
        (Some(id), _) => bail!(
            "the pictures in {shelf} belong to another database ({id}) than the one reached ({database}): name the right place with --attachments. Nothing was changed"
        ),
        (None, Unmarked::Refused) if store.has_pictures().await? => bail!(
            "no pictures of this database lie in {shelf}: name their place with --attachments, as given to serve. Nothing was changed"
        ),
        (None, _) => Ok(shelf.note_database(database).await?),
    }
}
