//! Python environments for tools that come from `PyPI`: in the cache folder, so that each is installed once, and for each
//! set of pinned versions anew.

use crate::process;
use anyhow::{Context, Result};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Written last: an environment without it was not finished.
const FINISHED: &str = "installed.txt";

/// A tool and what it takes to install it.
pub(crate) struct Tool {
    /// Names the environment.
    pub(crate) name: &'static str,
    /// Every package with its version: a run next year does the same.
    pub(crate) requirements: &'static str,
    /// More options of `pip install`.
    pub(crate) options: &'static [&'static str],
}

/// An environment.
pub(crate) struct Python {
    folder: PathBuf,
}

impl Python {
    /// The environment of a tool, made first where it is not there yet. `Err` says what is missing.
    pub(crate) fn find_or_install(tool: &Tool) -> Result<Self> {
        let python = Self {
            folder: cache()?.join(tool.name),
        };
        let installed = fs::read_to_string(python.folder.join(FINISHED));
        if installed.is_ok_and(|installed| installed == tool.requirements) {
            return Ok(python);
        }
        python.install(tool)?;
        Ok(python)
    }

    fn install(&self, tool: &Tool) -> Result<()> {
        let Tool {
            name,
            requirements: text,
            options,
        } = tool;
        let folder = &self.folder;
        fs::create_dir_all(folder)
            .with_context(|| format!("cannot make \"{}\"", folder.display()))?;
        eprintln!("installing {name} into {}", folder.display());
        let mut venv = Command::new("python3");
        venv.args(["-m", "venv", "--clear"]).arg(folder);
        process::output(&mut venv).context(
            "Python 3.10 or newer with venv is needed (Debian: `apt-get install python3-venv`)",
        )?;
        let requirements = folder.join("requirements.txt");
        fs::write(&requirements, text)?;
        let mut pip = self.command("pip");
        pip.args(["install", "--quiet", "--disable-pip-version-check"])
            .args(*options)
            .arg("--requirement")
            .arg(&requirements);
        process::output(&mut pip)
            .with_context(|| format!("{name} could not be installed from PyPI"))?;
        fs::write(folder.join(FINISHED), text)?;
        Ok(())
    }

    /// Where one of its programs is.
    pub(crate) fn program(&self, program: &str) -> PathBuf {
        self.folder.join("bin").join(program)
    }

    /// One of its programs.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.program(program));
        // Whatever the developer's own Python is set to; and no compiled files beside our sources.
        command
            .env_remove("PYTHONPATH")
            .env_remove("PYTHONHOME")
            .env("PYTHONDONTWRITEBYTECODE", "1");
        command
    }

    /// A file of an installed package, by its path below `site-packages`.
    pub(crate) fn file(&self, path: &Path) -> Result<PathBuf> {
        let versions = self.folder.join("lib");
        let entries = fs::read_dir(&versions)
            .with_context(|| format!("cannot read \"{}\"", versions.display()))?;
        entries
            .flatten()
            .map(|version| version.path().join("site-packages").join(path))
            .find(|file| file.is_file())
            .with_context(|| {
                let folder = self.folder.display();
                format!("\"{}\" is not in \"{folder}\"", path.display())
            })
    }
}

/// The project's cache folder, the one that `.ci/run` builds in.
pub(crate) fn cache() -> Result<PathBuf> {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    let cache = set("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.or_else(|| Some(PathBuf::from(set("HOME")?).join(".cache")));
    let cache = cache.context("neither XDG_CACHE_HOME nor HOME names a folder for caches")?;
    Ok(cache.join("millstream"))
}
