//! The data folder: who may read it, who has it, and the set-up secret in it.

use anyhow::{Context, Result, bail};
use aws_lc_rs::rand;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// The data folder, held by this process until dropped.
#[derive(Debug)]
pub(crate) struct DataDir {
    path: PathBuf,
    /// Held, never read: the lock goes with it, also when the process is killed.
    _lock: File,
}

impl DataDir {
    /// Makes the folder if need be (for this user alone) and takes it.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let name = || format!("the data folder \"{}\"", path.display());
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .with_context(name)?;
        let path = path.canonicalize().with_context(name)?;
        let lock = OpenOptions::new()
            .create(true)
            .write(true)
            .truncate(false)
            .mode(0o600)
            .open(path.join("lock"));
        let lock = lock.with_context(name)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path, _lock: lock }),
            Err(TryLockError::WouldBlock) => {
                bail!(
                    "another Millstream is running on the data folder \"{}\": stop it first, or choose another folder with --data-dir",
                    path.display()
                )
            }
            Err(TryLockError::Error(error)) => Err(error).with_context(name),
        }
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The set-up secret: the one that was made at the first start, or a fresh one.
    pub(crate) fn setup_secret(&self) -> Result<String> {
        let file = self.path.join("setup-secret");
        match fs::read_to_string(&file) {
            Ok(secret) => return Ok(secret.trim().to_owned()),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => {
                return Err(error).with_context(|| format!("the file \"{}\"", file.display()));
            }
        }
        let secret = random_words()?;
        let mut made = OpenOptions::new()
            .create_new(true)
            .write(true)
            .mode(0o600)
            .open(&file)?;
        writeln!(made, "{secret}").with_context(|| format!("the file \"{}\"", file.display()))?;
        Ok(secret)
    }
}

/// Five groups of five letters and digits that are not mistaken for each other: 118 random bits.
fn random_words() -> Result<String> {
    const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let mut bytes = [0; 25];
    rand::fill(&mut bytes).map_err(|_| anyhow::anyhow!("the system gives no random numbers"))?;
    let letters: Vec<u8> = bytes
        .iter()
        .map(|byte| LETTERS[usize::from(byte % 32)])
        .collect();
    let groups: Vec<_> = letters
        .chunks(5)
        .map(|group| String::from_utf8_lossy(group).into_owned())
        .collect();
    Ok(groups.join("-"))
}
