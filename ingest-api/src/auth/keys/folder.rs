//! The folder of keys, which several nodes may share.
//!
//! ```text
//! jwt-20261121T093000Z-h3Kd91Zq.pem           a key, mode 600
//! jwt-20261121T093000Z-h3Kd91Zq.unfinished    one that is being written, or was when the process died: nobody reads it
//! jwt-20260801T060000Z-Qw0xY7ab.retired       what is left of a retired key: its public half, and when
//! ```
//!
//! *Invariant:* a file gets its name when it is whole and on the disk, and the folder is on the disk before anybody is told.
//! So a process that is killed at any point leaves the keys as they were, or the new one beside them.

use super::KeyError;
use super::key::{self, Key, PREFIX, exact};
use chrono::{DateTime, Utc};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

const KEY: &str = "pem";
const UNFINISHED: &str = "unfinished";
const RETIRED: &str = "retired";
/// Most bytes of a file that is read: a key of 4096 bits has 3,300.
const FILE_BYTES_MAX: u64 = 16 * 1024;

/// What is in the folder.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// The keys.
    pub(super) keys: Vec<Key>,
    /// Those that were retired.
    pub(super) retired: Vec<RetiredKey>,
    /// Keys that were never finished.
    pub(super) unfinished: Vec<PathBuf>,
    /// Files that should hold a key or a note and do not, or cannot be read.
    pub(super) unusable: Vec<KeyError>,
}

/// A key that nothing is checked with any more.
#[derive(Debug)]
pub(super) struct RetiredKey {
    pub(super) id: String,
    pub(super) made: DateTime<Utc>,
    pub(super) retired: DateTime<Utc>,
}

/// Reads the folder. One that is not there has nothing in it.
pub(super) fn read(folder: &Path) -> Result<Found, KeyError> {
    let mut found = Found::default();
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(found),
        Err(error) => return Err(failed(folder)(error)),
    };
    for entry in entries {
        let name = entry.map_err(failed(folder))?.file_name();
        let Some(name) = name.to_str().filter(|name| name.starts_with(PREFIX)) else {
            continue;
        };
        found.add(folder, name);
    }
    // A key that was retired and not yet removed when the process died, or was brought back by a backup, is retired.
    let keys = std::mem::take(&mut found.keys).into_iter();
    found.keys = keys.filter(|key| !found.is_retired(key)).collect();
    Ok(found)
}

impl Found {
    /// Whether a key is retired: its note says so, or there is a note of its name that cannot be read just now.
    pub(super) fn is_retired(&self, key: &Key) -> bool {
        self.retired.iter().any(|retired| retired.id == key.id)
            || self.is_unreadable(&with_extension(&key.file, RETIRED))
    }

    /// Whether a file is there and could not be read, which may be over at the next look.
    pub(super) fn is_unreadable(&self, name: &str) -> bool {
        self.unusable.iter().any(|error| {
            matches!(error, KeyError::File { path, .. } if path.file_name().is_some_and(|file| file == name))
        })
    }

    /// Adds what a file holds. One that cannot be read keeps nobody from the others.
    fn add(&mut self, folder: &Path, name: &str) {
        let path = folder.join(name);
        match path.extension().and_then(|extension| extension.to_str()) {
            Some(KEY) => match read_key(&path, name) {
                Ok(Some(key)) => self.keys.push(key),
                // Removed since the folder was listed.
                Ok(None) => {}
                Err(unusable) => self.unusable.push(unusable),
            },
            Some(RETIRED) => match read_text(&path).map(|text| text.map(|text| retired(&text))) {
                Ok(Some(Some(key))) => self.retired.push(key),
                Ok(Some(None)) => self.unusable.push(KeyError::Malformed { path }),
                Ok(None) => {}
                Err(unusable) => self.unusable.push(unusable),
            },
            Some(UNFINISHED) => self.unfinished.push(path),
            _ => {}
        }
    }
}

/// Makes a key; its id. Takes the better part of a second.
pub(super) fn make(
    folder: &Path,
    made: DateTime<Utc>,
    signs_from: DateTime<Utc>,
) -> Result<String, KeyError> {
    let (name, text) = key::fresh(made, signs_from)?;
    fs::create_dir_all(folder).map_err(failed(folder))?;
    write(folder, &name, &text)?;
    let key = Key::read(&name, &text).ok_or(KeyError::Refused)?;
    Ok(key.id)
}

/// Retires a key: first it is written down that it is, then its private half goes.
pub(super) fn retire(folder: &Path, key: &Key, now: DateTime<Utc>) -> Result<(), KeyError> {
    let text = format!(
        "Kid: {}\nMade: {}\nRetired: {}\n{}",
        key.id,
        exact(key.made),
        exact(now),
        key.public_pem
    );
    write(folder, &with_extension(&key.file, RETIRED), &text)?;
    let path = folder.join(&key.file);
    match fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed(&path)(error)),
        Ok(()) | Err(_) => sync(folder),
    }
}

/// Writes a file that only its owner can read, from its first byte on. It gets its name last.
fn write(folder: &Path, name: &str, text: &str) -> Result<(), KeyError> {
    let path = folder.join(name);
    let unfinished = path.with_extension(UNFINISHED);
    write_private(&unfinished, text).map_err(failed(&unfinished))?;
    fs::rename(&unfinished, &path).map_err(failed(&path))?;
    sync(folder)
}

fn write_private(path: &Path, text: &str) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// The names in the folder are on the disk.
fn sync(folder: &Path) -> Result<(), KeyError> {
    #[cfg(unix)]
    File::open(folder)
        .and_then(|opened| opened.sync_all())
        .map_err(failed(folder))?;
    Ok(())
}

fn read_key(path: &Path, name: &str) -> Result<Option<Key>, KeyError> {
    let Some(text) = read_text(path)? else {
        return Ok(None);
    };
    check_mode(path)?;
    let malformed = || KeyError::Malformed {
        path: path.to_owned(),
    };
    Key::read(name, &text).ok_or_else(malformed).map(Some)
}

/// `None` when the file is not there any more.
fn read_text(path: &Path) -> Result<Option<String>, KeyError> {
    use std::io::Read;
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(FILE_BYTES_MAX).read_to_end(&mut bytes));
    match read {
        Ok(_) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed(path)(error)),
    }
}

fn retired(text: &str) -> Option<RetiredKey> {
    Some(RetiredKey {
        id: key::word(text, "Kid: ")?.to_owned(),
        made: key::line(text, "Made: ")?,
        retired: key::line(text, "Retired: ")?,
    })
}

fn with_extension(name: &str, extension: &str) -> String {
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    format!("{stem}.{extension}")
}

fn failed(path: &Path) -> impl Fn(io::Error) -> KeyError {
    let path = path.to_owned();
    move |source| KeyError::File {
        path: path.clone(),
        source,
    }
}

#[cfg(unix)]
fn check_mode(path: &Path) -> Result<(), KeyError> {
    use std::os::unix::fs::PermissionsExt;
    let found = fs::metadata(path).map_err(failed(path))?;
    // Nothing for the group and for others: the six lowest bits.
    let mode = found.permissions().mode() & 0o777;
    if mode.trailing_zeros() >= 6 {
        Ok(())
    } else {
        Err(KeyError::Exposed {
            path: path.to_owned(),
            mode,
        })
    }
}

#[cfg(not(unix))]
fn check_mode(_: &Path) -> Result<(), KeyError> {
    Ok(())
}
