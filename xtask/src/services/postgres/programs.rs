//! Postgres' programs: found where Debian puts them or in PATH, installed where we may.

use crate::process;
use crate::services::{TEST_DATABASE_URL, packages};
use anyhow::{Result, bail};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The oldest version that the product supports.
const VERSION_MIN: u32 = 15;
/// Debian keeps each version in a folder of its own, out of PATH.
const DEBIAN: &str = "/usr/lib/postgresql";

/// A folder with `postgres`, `initdb`, `pg_ctl`.
#[derive(Debug, Clone)]
pub(crate) struct Programs {
    bin: PathBuf,
    pub(crate) version: u32,
}

impl Programs {
    /// The path of one of them.
    pub(crate) fn path(&self, program: &str) -> PathBuf {
        self.bin.join(program)
    }

    /// The newest on this machine; installed first where that takes nothing but root on Debian.
    pub(crate) fn find_or_install() -> Result<Self> {
        if let Some(programs) = Self::find() {
            return Ok(programs);
        }
        // The server that the package may start for itself has a port and data of its own and does not matter.
        packages::install_where_we_may("Postgres", &["postgresql"])?;
        let Some(programs) = Self::find() else {
            bail!(
                "Postgres {VERSION_MIN} or newer is needed and was not found in {DEBIAN} or PATH. \
                 Install it (Debian, Ubuntu: `apt-get install postgresql` as root), or set \
                 {TEST_DATABASE_URL} to the url of a server whose user may create databases"
            );
        };
        Ok(programs)
    }

    /// The newest on this machine.
    pub(crate) fn find() -> Option<Self> {
        let debian = fs::read_dir(DEBIAN).into_iter().flatten().flatten();
        let debian = debian.map(|entry| entry.path().join("bin"));
        let path = process::in_path("postgres").and_then(|file| fs::canonicalize(file).ok());
        let path = path.and_then(|file| file.parent().map(Path::to_owned));
        debian
            .chain(path)
            .filter_map(|bin| {
                Some(Self {
                    version: version(&bin)?,
                    bin,
                })
            })
            .filter(|programs| programs.version >= VERSION_MIN)
            .max_by_key(|programs| programs.version)
    }
}

/// The major version of a folder that has all we need.
fn version(bin: &Path) -> Option<u32> {
    let complete = ["initdb", "pg_ctl", "postgres"]
        .iter()
        .all(|name| bin.join(name).is_file());
    let text = process::output(Command::new(bin.join("postgres")).arg("--version")).ok()?;
    major(&text).filter(|_| complete)
}

/// Reads `postgres (PostgreSQL) 15.16 (Debian …)`.
fn major(text: &str) -> Option<u32> {
    let number = text.split_once("(PostgreSQL) ")?.1;
    let digits = number
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(number.len());
    number[..digits].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::major;

    #[test]
    fn the_major_version_is_read() {
        assert_eq!(
            major("postgres (PostgreSQL) 15.16 (Debian 15.16-0+deb12u1)\n"),
            Some(15)
        );
        assert_eq!(major("postgres (PostgreSQL) 18beta1"), Some(18));
        assert_eq!(major("something else"), None);
    }
}
