//! The folders of indexes: whether one is whole, and deleting those that are of no use any more.
//!
//! *Invariant:* nothing is deleted that another process writes.

use crate::error::SearchError;
use crate::schema::VERSION;
use std::path::Path;
use tantivy::Directory;
use tantivy::directory::{INDEX_WRITER_LOCK, MmapDirectory};

/// Compares every file with its checksum: what is torn would give wrong answers, or none, at any later time. Reads the
/// whole index once, which also warms the cache for the searches to come.
pub(crate) fn whole(index: &tantivy::Index) -> Result<(), SearchError> {
    let damaged = index.validate_checksum()?;
    match damaged.iter().min() {
        None => Ok(()),
        Some(file) => Err(SearchError::Damaged(
            format!("\"{}\" is not what was written", file.display()).into(),
        )),
    }
}

/// Deletes the folders of other versions, and what earlier deletions have left: nobody reads them any more.
pub(crate) fn remove_other_versions(folder: &Path) -> Result<(), SearchError> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == ASIDE) {
            remove_aside(&path);
            continue;
        }
        let version = path
            .file_name()
            .and_then(|name| name.to_str())
            .and_then(|name| name.strip_prefix('v'));
        let version = version.and_then(|number| number.parse::<u32>().ok());
        if version.is_some_and(|version| version != VERSION) {
            remove(&path, "another version made it")?;
        }
    }
    Ok(())
}

/// Deletes an index, unless somebody writes it. It is moved aside first, so that a new one can begin whatever becomes of
/// the old files.
pub(crate) fn remove(folder: &Path, why: &str) -> Result<(), SearchError> {
    if !folder.exists() {
        return Ok(());
    }
    let directory = MmapDirectory::open(folder).map_err(tantivy::TantivyError::from)?;
    let lock = directory
        .acquire_lock(&INDEX_WRITER_LOCK)
        .map_err(tantivy::TantivyError::from)?;
    tracing::warn!(folder = %folder.display(), why, "the search index is deleted and begins anew");
    let aside = folder.with_extension(ASIDE);
    remove_aside(&aside);
    std::fs::rename(folder, &aside)?;
    drop(lock);
    remove_aside(&aside);
    Ok(())
}

/// The ending of folders that are being deleted.
const ASIDE: &str = "deleted";

/// Deletes what was moved aside. What cannot be deleted now is tried again at the next start.
fn remove_aside(folder: &Path) {
    if !folder.exists() {
        return;
    }
    if let Err(error) = std::fs::remove_dir_all(folder) {
        tracing::warn!(
            folder = %folder.display(),
            error = &error as &dyn std::error::Error,
            "an old search index was not deleted"
        );
    }
}
