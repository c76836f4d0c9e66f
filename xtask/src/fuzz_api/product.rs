//! The product, running for one role: on loopback, with a database and a data folder of its own.

use crate::process::Leashed;
use crate::repo::Repo;
use crate::services::{Fresh, Private, free_port};
use anyhow::{Context, Result};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// What the first user registers with; `world.py` knows it too.
const SETUP_SECRET: &str = "first come, first served";
/// What may be switched off, where the product has it: so many requests in so short a time are no attack here.
const RATE_LIMIT: &str = "MILLSTREAM_RATE_LIMIT";

/// A running product; dropping it stops it and removes its data.
pub(super) struct Product {
    running: Leashed,
    url: String,
    // In this order: the database goes when nobody uses it any more.
    _database: Fresh,
    _data: TempDir,
}

/// The program, as cargo last built it: the same one for every role, whatever is built meanwhile.
pub(super) fn program(repo: &Repo, folder: &Path) -> Result<PathBuf> {
    let built = repo.target()?.join("debug").join("millstream");
    let kept = folder.join("millstream");
    fs::remove_file(&kept).ok();
    fs::hard_link(&built, &kept)
        .with_context(|| format!("\"{}\" is not built", built.display()))?;
    Ok(kept)
}

impl Product {
    /// Starts it; what it logs goes to `log`.
    pub(super) fn start(program: &Path, services: &Private, log: &Path) -> Result<Self> {
        let database = Fresh::create(services, "fuzz")?;
        let data = tempfile::tempdir()?;
        let (port, admin_port) = (free_port()?, free_port()?);
        let log =
            File::create(log).with_context(|| format!("cannot write \"{}\"", log.display()))?;
        let mut command = Command::new(program);
        // Only what is set here: the developer's own settings are for another Millstream.
        command.env_clear();
        if knows(program, RATE_LIMIT) {
            command.env(RATE_LIMIT, "off");
        }
        command
            .env("DATABASE_URL", database.url())
            .env("MILLSTREAM_SETUP_SECRET", SETUP_SECRET)
            .args(["--log", "warn", "--listen"])
            .arg(format!("127.0.0.1:{port}"))
            .arg("--admin-listen")
            .arg(format!("127.0.0.1:{admin_port}"))
            .arg("--data-dir")
            .arg(data.path())
            .stdout(Stdio::null())
            .stderr(log);
        Ok(Self {
            running: Leashed::spawn(&mut command)?,
            url: format!("http://127.0.0.1:{port}"),
            _database: database,
            _data: data,
        })
    }

    /// Where it is.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// Whether it still runs.
    pub(super) fn is_up(&mut self) -> Result<bool> {
        Ok(self.running.try_wait()?.is_none())
    }
}

/// Whether it has a setting: an unknown one would keep it from starting.
fn knows(program: &Path, setting: &str) -> bool {
    let help = Command::new(program).arg("--help").output();
    help.is_ok_and(|help| String::from_utf8_lossy(&help.stdout).contains(setting))
}
