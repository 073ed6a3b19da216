//! Whether the key file is the one that a database was made under. With a wrong key every citizen ID would look new, and every
//! batch sent again would contradict the one that is stored.

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::digest::Keys;
use crate::store::installation::key_names;
use crate::store::{self, Store};

/// Why a key is not taken.
#[derive(Debug, thiserror::Error)]
pub enum Unrecognised {
    /// The database was made under another key.
    #[error(
        "the key file {0} is not the one of this database: everything that is sent again would contradict what is stored. Put a copy of the right doorknock.key in its place, or name its directory with --data-dir; several services on one database need copies of one key file. Nothing was changed"
    )]
    OtherKey(PathBuf),
    /// The database could not be asked.
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// Compares the key with what the database knows of its own. A database that knows nothing yet learns it now, unless its
/// digests of citizen IDs name other keys only.
pub async fn recognise(store: &Store, keys: &Keys, path: &Path, now: Timestamp) -> Result<(), Unrecognised> {
    let check = keys.check();
    let noted = if let Some(noted) = store.installation().await?.key_check {
        noted
    } else {
        let names = key_names(store.settings()).await?;
        if !names.is_empty() && !names.iter().any(|name| name == keys.key_id()) {
            return Err(Unrecognised::OtherKey(path.to_owned()));
        }
        store.note_key(&check, now).await?
    };
    if noted == check { Ok(()) } else { Err(Unrecognised::OtherKey(path.to_owned())) }
}
