//! Where checkpoints are kept: in the object store, outside the database, so that whoever rewrites the one does not have
//! the other.
//!
//! ```text
//! audit/checkpoints/00000000000000001204   the note of that size: written once
//! audit/checkpoints/latest                 a copy of the newest, for readers
//! ```
//!
//! An empty object is a write that a loss of power cut short; it counts as absent.

use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutMode, PutOptions};
use std::sync::Arc;

/// The folder.
const FOLDER: &str = "audit/checkpoints";

/// The name of the newest one's copy.
const LATEST: &str = "latest";

/// Why checkpoints cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointsError {
    /// The object store did not answer as it should.
    #[error("the object store is not available")]
    Store(#[from] object_store::Error),
    /// What stands there is no text.
    #[error("checkpoint \"{0}\" is not text")]
    NotText(String),
    /// Another checkpoint of that size was signed before.
    #[error("there is another checkpoint of size {0} already")]
    Taken(u64),
}

/// The checkpoints of an installation.
#[derive(Debug, Clone)]
pub struct Checkpoints {
    store: Arc<dyn ObjectStore>,
}

impl Checkpoints {
    /// The checkpoints in this object store.
    #[must_use]
    pub fn new(store: Arc<dyn ObjectStore>) -> Self {
        Self { store }
    }

    /// The note of the newest; `None` until the first.
    pub async fn latest(&self) -> Result<Option<String>, CheckpointsError> {
        self.read(LATEST).await
    }

    /// The note of that size.
    pub async fn get(&self, size: u64) -> Result<Option<String>, CheckpointsError> {
        self.read(&name(size)).await
    }

    /// The sizes of all, ascending.
    pub async fn sizes(&self) -> Result<Vec<u64>, CheckpointsError> {
        let mut sizes = Vec::new();
        let mut objects = self.store.list(Some(&Path::from(FOLDER)));
        while let Some(object) = objects.try_next().await? {
            // Eight bytes each: a checkpoint a minute for ten years is 42 MB, and far fewer are written.
            if object.size > 0
                && let Some(Ok(size)) = object.location.filename().map(str::parse)
            {
                sizes.push(size);
            }
        }
        sizes.sort_unstable();
        Ok(sizes)
    }

    /// Keeps the note of a new size. Doing so again with the same note is harmless.
    pub async fn put(&self, size: u64, note: &str) -> Result<(), CheckpointsError> {
        let path = path(&name(size));
        let create = PutOptions::from(PutMode::Create);
        match self
            .store
            .put_opts(&path, note.to_owned().into(), create)
            .await
        {
            Ok(_) => {}
            Err(object_store::Error::AlreadyExists { .. }) => match self.get(size).await? {
                Some(there) if there == note => {}
                Some(_) => return Err(CheckpointsError::Taken(size)),
                None => {
                    self.store.put(&path, note.to_owned().into()).await?;
                }
            },
            Err(error) => return Err(error.into()),
        }
        self.store
            .put(&self::path(LATEST), note.to_owned().into())
            .await?;
        Ok(())
    }

    async fn read(&self, name: &str) -> Result<Option<String>, CheckpointsError> {
        let object = match self.store.get(&path(name)).await {
            Ok(object) => object,
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let text = String::from_utf8(object.bytes().await?.into());
        let text = text.map_err(|_| CheckpointsError::NotText(name.to_owned()))?;
        Ok((!text.is_empty()).then_some(text))
    }
}

/// Twenty digits, the most that a size can have, so that names sort as sizes do.
fn name(size: u64) -> String {
    format!("{size:020}")
}

fn path(name: &str) -> Path {
    Path::from(format!("{FOLDER}/{name}"))
}
