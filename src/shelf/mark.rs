//! The mark of a place for attachments: which database its pictures belong to.

use std::fmt;
use std::io;
use std::path::Path;

use bytes::Bytes;
use uuid::Uuid;

use super::{Error, Place, Shelf, blocking, write_whole};

/// Name of the mark, here as in a data directory.
pub const MARK: &str = "doorknock.database";

impl Shelf {
    /// The database to which the pictures belong; `None` where nobody has said so.
    pub async fn database(&self) -> Result<Option<Uuid>, Error> {
        let found = match &*self.0 {
            Place::Directory(root) => {
                let path = root.join(MARK);
                blocking(move || match std::fs::read(path) {
                    Ok(bytes) => Ok(Some(Bytes::from(bytes))),
                    Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
                    Err(error) => Err(error),
                })
                .await?
            }
            #[cfg(feature = "s3")]
            Place::Bucket { store, prefix } => super::fetched(&**store, &prefix.child(MARK)).await?,
        };
        let Some(bytes) = found else { return Ok(None) };
        let id = std::str::from_utf8(&bytes).ok().and_then(|text| Uuid::try_parse(text.trim()).ok());
        id.map(Some)
            .ok_or_else(|| Error::Address(format!("{MARK} in {self} does not hold the id of a database")))
    }

    /// From now on the pictures belong to this database.
    pub async fn note_database(&self, database: Uuid) -> Result<(), Error> {
        let text = Bytes::from(format!("{database}\n"));
        match &*self.0 {
            Place::Directory(root) => {
                let path = root.join(MARK);
                blocking(move || write_whole(&path, &text)).await
            }
            #[cfg(feature = "s3")]
            Place::Bucket { store, prefix } => {
                store.put(&prefix.child(MARK), text.into()).await.map(drop).map_err(super::object_error)
            }
        }
    }
}

impl fmt::Display for Shelf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            Place::Directory(root) => Path::display(root).fmt(f),
            #[cfg(feature = "s3")]
            Place::Bucket { prefix, .. } => write!(f, "the bucket, under {prefix}"),
        }
    }
}
