//! The data folder: who may read it, who has it, and the set-up secret in it.

use anyhow::{Context, Result, bail};
use aws_lc_rs::rand;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// The file that says that the demo was told to its end.
const DEMO_TOLD: &str = "demo-told";

/// Whose the data folder is.
#[derive(Debug)]
pub(crate) enum Taken {
    /// This process's.
    Ours(DataDir),
    /// That of another Millstream that is running.
    InUse(PathBuf),
}

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
        match Self::try_open(path)? {
            Taken::Ours(data) => Ok(data),
            Taken::InUse(path) => bail!(
                "another Millstream is running on the data folder \"{}\": stop it first, or choose another folder with --data-dir",
                path.display()
            ),
        }
    }

    /// The same, for those who know what to do when somebody else has it.
    pub(crate) fn try_open(path: &Path) -> Result<Taken> {
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
            .open(path.join("lock"))
            .with_context(name)?;
        match lock.try_lock() {
            Ok(()) => Ok(Taken::Ours(Self { path, _lock: lock })),
            Err(TryLockError::WouldBlock) => Ok(Taken::InUse(path)),
            Err(TryLockError::Error(error)) => Err(error).with_context(name),
        }
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The set-up secret: the one that was made at the first start, or a fresh one.
    pub(crate) fn setup_secret(&self) -> Result<String> {
        self.secret("setup-secret", 5)
    }

    /// The password of everybody in the demo.
    pub(crate) fn demo_password(&self) -> Result<String> {
        self.secret("demo-password", 3)
    }

    /// Whether somebody began to tell the demo here.
    pub(crate) fn has_demo(&self) -> bool {
        self.path.join("demo-password").exists()
    }

    /// Whether it was told to its end.
    pub(crate) fn has_whole_demo(&self) -> bool {
        self.path.join(DEMO_TOLD).exists()
    }

    /// Notes that it was.
    pub(crate) fn note_whole_demo(&self) -> Result<()> {
        let file = self.path.join(DEMO_TOLD);
        let made = File::create(&file);
        made.with_context(|| format!("the file \"{}\"", file.display()))?;
        Ok(())
    }

    /// A folder in it, for this user alone even where others can enter the data folder, because somebody else made it.
    pub(crate) fn folder(&self, name: &str) -> Result<PathBuf> {
        private_folder(self.path.join(name))
    }

    /// The folder of the keys of access tokens: in it, or the one that it shares with other nodes.
    pub(crate) fn keys(&self, shared: Option<&Path>) -> Result<PathBuf> {
        private_folder(shared.map_or_else(|| self.path.join("keys"), Path::to_owned))
    }

    /// The folder of objects: in it, or the one that it shares with other nodes.
    pub(crate) fn objects(&self, shared: Option<&Path>) -> Result<PathBuf> {
        private_folder(shared.map_or_else(|| self.path.join("objects"), Path::to_owned))
    }

    /// What leases know this installation by. The same after a crash, so that its pipelines need not wait until the
    /// leases of the process that died have run out; nobody else has it, because the folder is locked.
    pub(crate) fn node(&self) -> Result<String> {
        self.secret("node", 1)
    }

    /// The word that is kept in a file for this user alone; made when it is asked for the first time.
    fn secret(&self, name: &str, groups: usize) -> Result<String> {
        let file = self.path.join(name);
        let named = || format!("the file \"{}\"", file.display());
        match fs::read_to_string(&file) {
            Ok(secret) if !secret.trim().is_empty() => return Ok(secret.trim().to_owned()),
            // The process that made it was killed before it wrote.
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error).with_context(named),
        }
        let secret = random_words(groups)?;
        let mut made = OpenOptions::new()
            .create(true)
            .write(true)
            .truncate(true)
            .mode(0o600)
            .open(&file)
            .with_context(named)?;
        writeln!(made, "{secret}").with_context(named)?;
        Ok(secret)
    }
}

fn private_folder(folder: PathBuf) -> Result<PathBuf> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&folder)
        .with_context(|| format!("the folder \"{}\"", folder.display()))?;
    Ok(folder)
}

/// Groups of five letters and digits that are not mistaken for each other: 25 random bits each.
fn random_words(groups: usize) -> Result<String> {
    const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let mut bytes = vec![0; 5 * groups];
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
