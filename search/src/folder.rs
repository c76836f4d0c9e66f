//! The folders of indexes: whether one is whole, and deleting those that are of no use any more.
//!
//! *Invariant:* nothing is deleted that another process writes.

use crate::error::SearchError;
use crate::schema::VERSION;
use millstream_domain::cause::in_full;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
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

/// The file that says which folder is searched, where it is not the first one of this version.
const POINTER: &str = "searched";
/// What the name of the second folder of a version ends with.
const SECOND: &str = "-b";

/// The name of the first folder of this version.
fn first() -> String {
    format!("v{VERSION}")
}

/// The folder that is searched.
pub(crate) fn current(folder: &Path) -> PathBuf {
    let second = format!("{}{SECOND}", first());
    let pointed = std::fs::read_to_string(folder.join(POINTER));
    match pointed {
        Ok(name) if name.trim() == second && folder.join(&second).is_dir() => folder.join(second),
        Ok(_) | Err(_) => folder.join(first()),
    }
}

/// The other folder of the same version, where an index is made anew.
pub(crate) fn beside(searched: &Path) -> PathBuf {
    let first = first();
    let is_first = searched.file_name().is_some_and(|name| *name == *first);
    let name = if is_first {
        format!("{first}{SECOND}")
    } else {
        first
    };
    searched.with_file_name(name)
}

/// Has this folder be the one that is searched after every start: all at once, and for good when it returns.
pub(crate) fn search_from_now_on(path: &Path) -> Result<(), SearchError> {
    let (Some(folder), Some(name)) = (
        path.parent(),
        path.file_name().and_then(|name| name.to_str()),
    ) else {
        return Err(SearchError::Damaged("the index is in no folder".into()));
    };
    let fresh = folder.join(POINTER).with_extension("new");
    let mut file = File::create(&fresh)?;
    file.write_all(name.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&fresh, folder.join(POINTER))?;
    File::open(folder)?.sync_all()?;
    Ok(())
}

/// Deletes the folder of an index that is searched no more, or never was. It is tried again at the next start.
pub(crate) fn remove_replaced(path: &Path) {
    if let Err(error) = remove(path, "another one has taken its place") {
        tracing::warn!(
            folder = %path.display(),
            error = in_full(&error),
            "an old search index was not deleted"
        );
    }
}

/// Deletes the folders of other versions, what a rebuild has left, and what earlier deletions have: nobody reads them any
/// more.
pub(crate) fn remove_others(folder: &Path) -> Result<(), SearchError> {
    let current = current(folder);
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == ASIDE) {
            remove_aside(&path);
            continue;
        }
        if path == beside(&current) {
            remove(&path, "it is not the one that is searched")?;
            continue;
        }
        let version = path
            .file_name()
            .and_then(|name| name.to_str())
            .and_then(|name| name.strip_prefix('v'))
            .map(|name| name.strip_suffix(SECOND).unwrap_or(name));
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
    tracing::warn!(folder = %folder.display(), why, "a search index is deleted");
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
            error = in_full(&error),
            "an old search index was not deleted"
        );
    }
}
