//! Where the bytes of attachments lie: a directory of this machine, or an object store of the S3 kind.
//!
//! Names are made here from ids alone, so nothing a device sends can become part of a path. What the bytes are is told
//! by their beginning; nothing but pictures is taken.

mod mark;
mod sniff;
mod sweep;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use uuid::Uuid;

use crate::store::{SurveyKey, Witness};

pub use mark::MARK;
pub use sniff::{ENOUGH, media_type};
pub use sweep::{SweepError, Swept};

/// A place for attachments; cheap to clone.
#[derive(Clone, Debug)]
pub struct Shelf(Arc<Place>);

#[derive(Debug)]
enum Place {
    Directory(PathBuf),
    #[cfg(feature = "s3")]
    Bucket {
        store: Box<dyn object_store::ObjectStore>,
        prefix: object_store::path::Path,
    },
}

/// Why a place for attachments cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The directory or the store said no.
    #[error("attachments cannot be read or written")]
    Io(#[source] io::Error),
    /// The address is none of ours.
    #[error("{0}")]
    Address(String),
}

impl Shelf {
    /// A directory, made when the first file is put there.
    pub fn directory(path: impl Into<PathBuf>) -> Self {
        Self(Arc::new(Place::Directory(path.into())))
    }

    /// The place an operator names: `s3://bucket/prefix` with the credentials of the environment (`AWS_…`), or a directory.
    pub fn at(address: &str) -> Result<Self, Error> {
        if address.contains("://") { Self::bucket(address) } else { Ok(Self::directory(address)) }
    }

    #[cfg(feature = "s3")]
    fn bucket(address: &str) -> Result<Self, Error> {
        let refused =
            |error: &dyn std::fmt::Display| Error::Address(format!("attachments cannot lie there: {error}"));
        let url = url::Url::parse(address).map_err(|e| refused(&e))?;
        let settings = std::env::vars().filter(|(name, _)| name.starts_with("AWS_"));
        let lower = settings.map(|(name, value)| (name.to_ascii_lowercase(), value));
        let (store, prefix) = object_store::parse_url_opts(&url, lower).map_err(|e| refused(&e))?;
        Ok(Self(Arc::new(Place::Bucket { store, prefix })))
    }

    #[cfg(not(feature = "s3"))]
    fn bucket(_: &str) -> Result<Self, Error> {
        Err(Error::Address("this program was built without the feature s3; name a directory".to_owned()))
    }

    /// Puts the bytes there, whole or not at all; the same id again replaces them.
    pub async fn put(&self, key: SurveyKey, id: Uuid, bytes: Bytes) -> Result<(), Error> {
        match &*self.0 {
            Place::Directory(root) => {
                let path = path_in(root, key, id);
                blocking(move || write_whole(&path, &bytes)).await
            }
            #[cfg(feature = "s3")]
            Place::Bucket { store, prefix } => {
                let path = object_in(prefix, key, id);
                store.put(&path, bytes.into()).await.map(drop).map_err(object_error)
            }
        }
    }

    /// The bytes; `None` when they are not there.
    pub async fn get(&self, _: &Witness, key: SurveyKey, id: Uuid) -> Result<Option<Bytes>, Error> {
        match &*self.0 {
            Place::Directory(root) => {
                let path = path_in(root, key, id);
                blocking(move || match std::fs::read(path) {
                    Ok(bytes) => Ok(Some(bytes.into())),
                    Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
                    Err(error) => Err(error),
                })
                .await
            }
            #[cfg(feature = "s3")]
            Place::Bucket { store, prefix } => fetched(&**store, &object_in(prefix, key, id)).await,
        }
    }

    /// Whether the bytes are there.
    pub async fn has(&self, key: SurveyKey, id: Uuid) -> Result<bool, Error> {
        match &*self.0 {
            Place::Directory(root) => {
                let path = path_in(root, key, id);
                blocking(move || path.try_exists()).await
            }
            #[cfg(feature = "s3")]
            Place::Bucket { store, prefix } => match store.head(&object_in(prefix, key, id)).await {
                Ok(_) => Ok(true),
                Err(object_store::Error::NotFound { .. }) => Ok(false),
                Err(error) => Err(object_error(error)),
            },
        }
    }

    /// Removes the bytes; nothing happens when they are not there.
    pub async fn remove(&self, key: SurveyKey, id: Uuid) -> Result<(), Error> {
        match &*self.0 {
            Place::Directory(root) => {
                let path = path_in(root, key, id);
                blocking(move || match std::fs::remove_file(path) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                    Ok(()) | Err(_) => Ok(()),
                })
                .await
            }
            #[cfg(feature = "s3")]
            Place::Bucket { store, prefix } => match store.delete(&object_in(prefix, key, id)).await {
                Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
                Err(error) => Err(object_error(error)),
            },
        }
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, Error> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done.map_err(Error::Io),
        Err(_) => Err(Error::Io(io::Error::other("the work was given up"))),
    }
}

/// `<root>/<survey>/<two letters>/<id>`: no directory grows without bound.
fn path_in(root: &Path, key: SurveyKey, id: Uuid) -> PathBuf {
    let name = id.simple().to_string();
    // The last letters are random in every version, the first are the time in version 7.
    root.join(format!("{}-{}", key.district, key.no)).join(&name[30..]).join(name)
}

/// Writes beside, forces to disk, renames, forces the directory to disk.
fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    use std::io::Write;
    use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
    let parent = path.parent().unwrap_or(Path::new("."));
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(parent)?;
    let beside = path.with_extension(format!("{:08x}.part", rand::random::<u32>()));
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
    let written =
        file.write_all(bytes).and_then(|()| file.sync_all()).and_then(|()| std::fs::rename(&beside, path));
    if written.is_err() {
        drop(std::fs::remove_file(&beside));
    }
    written?;
    std::fs::File::open(parent)?.sync_all()
}

#[cfg(feature = "s3")]
async fn fetched(
    store: &dyn object_store::ObjectStore,
    path: &object_store::path::Path,
) -> Result<Option<Bytes>, Error> {
    match store.get(path).await {
        Ok(found) => found.bytes().await.map(Some).map_err(object_error),
        Err(object_store::Error::NotFound { .. }) => Ok(None),
        Err(error) => Err(object_error(error)),
    }
}

#[cfg(feature = "s3")]
fn object_in(prefix: &object_store::path::Path, key: SurveyKey, id: Uuid) -> object_store::path::Path {
    prefix.child(format!("{}-{}", key.district, key.no)).child(id.simple().to_string())
}

#[cfg(feature = "s3")]
fn object_error(error: object_store::Error) -> Error {
    Error::Io(io::Error::other(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: SurveyKey = SurveyKey { district: 410_181, no: 1 };

    #[tokio::test]
    async fn bytes_come_back_are_replaced_whole_and_go() {
        use std::os::unix::fs::PermissionsExt;
        let root = std::env::temp_dir().join(format!("doorknock-shelf-{}", Uuid::new_v4()));
        let (shelf, id) = (Shelf::directory(&root), Uuid::now_v7());
        assert_eq!(shelf.get(&Witness::of_a_test(), KEY, id).await.unwrap(), None);
        shelf.put(KEY, id, Bytes::from_static(b"one")).await.unwrap();
        shelf.put(KEY, id, Bytes::from_static(b"two")).await.unwrap();
        assert_eq!(shelf.get(&Witness::of_a_test(), KEY, id).await.unwrap().as_deref(), Some(&b"two"[..]));
        let mode = std::fs::metadata(path_in(&root, KEY, id)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(shelf.has(KEY, id).await.unwrap());
        shelf.remove(KEY, id).await.unwrap();
        shelf.remove(KEY, id).await.unwrap();
        assert!(!shelf.has(KEY, id).await.unwrap());
        std::fs::remove_dir_all(root).unwrap();
    }

    #[test]
    fn a_bucket_needs_a_program_built_for_it() {
        assert_eq!(Shelf::at("s3://bucket/x").is_err(), cfg!(not(feature = "s3")));
        assert!(Shelf::at("/srv/pictures").is_ok());
    }
}
