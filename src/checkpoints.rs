//! Where the audit's checkpoints are kept, and the key that signs them: outside the database, in the data folder or in
//! the folder of keys that nodes share.

use crate::data_dir::DataDir;
use anyhow::{Context, Result, bail};
use futures::FutureExt;
use futures::future::BoxFuture;
use millstream_ingest_api::state::{Checkpoints as Read, CheckpointsUnavailable};
use millstream_sinks::audit::checkpoints::Checkpoints;
use millstream_sinks::audit::key::SigningKey;
use object_store::local::LocalFileSystem;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;

/// The key's file in a folder of keys.
const KEY: &str = "audit.ed25519";

/// The key, made at the first start: in the data folder, or in the folder that several nodes share. A new one beside
/// checkpoints of another would make all of them look forged.
pub(crate) fn key(
    data: &DataDir,
    shared: Option<&Path>,
    objects: Option<&Path>,
) -> Result<Arc<SigningKey>> {
    let file = data.keys(shared)?.join(KEY);
    let own = data.path().join("keys").join(KEY);
    if !file.exists() && own.exists() {
        // The first node that is given a folder to share brings its key along.
        copy(&own, &file).with_context(|| {
            format!(
                "the audit's key \"{}\" cannot be copied to \"{}\"",
                own.display(),
                file.display()
            )
        })?;
    }
    let audit = data.objects(objects)?.join("audit");
    let signed = audit.join("checkpoints/latest");
    if !file.exists() && signed.exists() {
        bail!(
            "the audit's key \"{}\" is gone, but checkpoints were signed with it: bring it back from a backup; or, to go on \
             without them, move the folder \"{}\" away",
            file.display(),
            audit.display()
        );
    }
    let key = SigningKey::load_or_create(&file)
        .with_context(|| format!("the audit's key \"{}\"", file.display()))?;
    Ok(Arc::new(key))
}

/// Copies a key, for its owner alone; if another node was faster, its key stays.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    let text = fs::read(from)?;
    let made = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(to);
    match made {
        Ok(mut file) => {
            file.write_all(&text)?;
            file.sync_all()
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

/// The checkpoints: in the data folder, or in the folder that several nodes share.
pub(crate) fn kept(data: &DataDir, shared: Option<&Path>) -> Result<Checkpoints> {
    let folder = data.objects(shared)?;
    let store = LocalFileSystem::new_with_prefix(&folder)
        .with_context(|| format!("the folder \"{}\"", folder.display()))?;
    Ok(Checkpoints::new(Arc::new(store)))
}

/// The checkpoints as the API reads them.
#[derive(Debug)]
pub(crate) struct ForReaders(pub(crate) Checkpoints);

impl Read for ForReaders {
    fn latest(&self) -> BoxFuture<'_, Result<Option<String>, CheckpointsUnavailable>> {
        async {
            self.0
                .latest()
                .await
                .map_err(|error| CheckpointsUnavailable(Box::new(error)))
        }
        .boxed()
    }
}
