//! schemathesis, in a Python environment of its own: in the cache folder, so that it is installed once, and for each set of
//! pinned versions anew.

use crate::process;
use anyhow::{Context, Result};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Every package with its version: a run next year tries the same cases.
const REQUIREMENTS: &str = include_str!("requirements.txt");
/// Written last: an environment without it was not finished.
const FINISHED: &str = "installed.txt";

/// The environment.
pub(super) struct Python {
    bin: PathBuf,
}

impl Python {
    /// The environment, made first where it is not there yet. `Err` says what is missing.
    pub(super) fn find_or_install() -> Result<Self> {
        let folder = cache()?.join("schemathesis");
        let python = Self {
            bin: folder.join("bin"),
        };
        let installed = fs::read_to_string(folder.join(FINISHED));
        if installed.is_ok_and(|installed| installed == REQUIREMENTS) {
            return Ok(python);
        }
        python.install(&folder)?;
        Ok(python)
    }

    fn install(&self, folder: &Path) -> Result<()> {
        fs::create_dir_all(folder)
            .with_context(|| format!("cannot make \"{}\"", folder.display()))?;
        eprintln!("installing schemathesis into {}", folder.display());
        let mut venv = Command::new("python3");
        venv.args(["-m", "venv", "--clear"]).arg(folder);
        process::output(&mut venv).context(
            "Python 3.10 or newer with venv is needed (Debian: `apt-get install python3-venv`)",
        )?;
        let requirements = folder.join("requirements.txt");
        fs::write(&requirements, REQUIREMENTS)?;
        let mut pip = self.command("pip");
        pip.args(["install", "--quiet", "--disable-pip-version-check"])
            .arg("--requirement")
            .arg(&requirements);
        process::output(&mut pip).context("schemathesis could not be installed from PyPI")?;
        fs::write(folder.join(FINISHED), REQUIREMENTS)?;
        Ok(())
    }

    /// One of its programs.
    pub(super) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.bin.join(program));
        // Whatever the developer's own Python is set to; and no compiled files beside our sources.
        command
            .env_remove("PYTHONPATH")
            .env_remove("PYTHONHOME")
            .env("PYTHONDONTWRITEBYTECODE", "1");
        command
    }
}

/// The project's cache folder, the one that `.ci/run` builds in.
fn cache() -> Result<PathBuf> {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    let cache = set("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.or_else(|| Some(PathBuf::from(set("HOME")?).join(".cache")));
    let cache = cache.context("neither XDG_CACHE_HOME nor HOME names a folder for caches")?;
    Ok(cache.join("millstream"))
}
