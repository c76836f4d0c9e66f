//! The repository that a command works on: where it is, its cargo, and what cargo knows about it.

use crate::process;
use anyhow::{Context, Result};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The working copy around the current folder.
pub(crate) struct Repo {
    root: PathBuf,
}

impl Repo {
    /// Looks from the current folder upwards, as cargo does.
    pub(crate) fn find() -> Result<Self> {
        let mut locate = Command::new(cargo_program());
        locate.args(["locate-project", "--workspace", "--message-format", "plain"]);
        let manifest = PathBuf::from(process::output(&mut locate)?.trim());
        let root = manifest
            .parent()
            .context("Cargo.toml stands in no folder")?;
        Ok(Self {
            root: root.to_owned(),
        })
    }

    /// The folder of the workspace's Cargo.toml.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The absolute path of something in the repository.
    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }

    /// A path as it should be shown: relative to the repository where it is inside.
    pub(crate) fn show(&self, path: &Path) -> String {
        path.strip_prefix(&self.root)
            .unwrap_or(path)
            .display()
            .to_string()
    }

    /// cargo, started at the root.
    ///
    /// Without `DATABASE_URL`: it names the developer's own database, which neither the query macros
    /// nor a test may use. And without what cargo told this program of its own package: build scripts
    /// of dependencies ask whether it has changed, and half the tree would be built anew whenever
    /// somebody calls cargo by hand in between.
    pub(crate) fn cargo<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new(cargo_program());
        command
            .args(args)
            .current_dir(&self.root)
            .env_remove("DATABASE_URL");
        let names = std::env::vars_os().map(|(name, _)| name);
        for name in names.filter(|name| is_of_our_package(name)) {
            command.env_remove(name);
        }
        command
    }

    /// The workspace's own packages.
    pub(crate) fn members(&self) -> Result<Vec<Package>> {
        let metadata: Metadata<Package> =
            self.metadata(&["metadata", "--format-version=1", "--no-deps", "--offline"])?;
        Ok(metadata.packages)
    }

    /// Where cargo builds.
    pub(crate) fn target(&self) -> Result<PathBuf> {
        let metadata: Metadata<serde::de::IgnoredAny> =
            self.metadata(&["metadata", "--format-version=1", "--no-deps", "--offline"])?;
        Ok(metadata.target_directory)
    }

    /// What `cargo metadata` says, as much of it as `P` asks for.
    pub(crate) fn metadata<P: DeserializeOwned>(&self, args: &[&str]) -> Result<Metadata<P>> {
        let text = process::output(&mut self.cargo(args))?;
        serde_json::from_str(&text).context("cannot read what `cargo metadata` wrote")
    }
}

/// The part of `cargo metadata` that we read.
#[derive(Deserialize)]
pub(crate) struct Metadata<P> {
    pub(crate) packages: Vec<P>,
    target_directory: PathBuf,
    /// Who depends on whom, where that was asked for.
    pub(crate) resolve: Option<Graph>,
}

/// Who depends on whom.
#[derive(Default, Deserialize)]
pub(crate) struct Graph {
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    id: String,
    dependencies: Vec<String>,
}

impl Graph {
    /// All pairs of a package and one that it depends on directly, by their ids.
    pub(crate) fn edges(&self) -> impl Iterator<Item = (&str, &str)> {
        let nodes = self.nodes.iter();
        nodes.flat_map(|node| node.dependencies.iter().map(|it| (&*node.id, &**it)))
    }
}

/// A package of the workspace.
#[derive(Deserialize)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) manifest_path: PathBuf,
    pub(crate) targets: Vec<Target>,
    dependencies: Vec<Dependency>,
}

impl Package {
    /// The folder of its Cargo.toml.
    pub(crate) fn folder(&self) -> &Path {
        self.manifest_path.parent().unwrap_or(Path::new("."))
    }

    /// Whether it depends, in whatever way, on a package.
    pub(crate) fn uses(&self, name: &str) -> bool {
        self.dependencies
            .iter()
            .any(|dependency| dependency.name == name)
    }
}

/// A line in its Cargo.toml.
#[derive(Deserialize)]
struct Dependency {
    name: String,
}

/// Something that cargo builds: a library, a binary, a test, an example.
#[derive(Deserialize)]
pub(crate) struct Target {
    /// Its first source file.
    pub(crate) src_path: PathBuf,
}

/// Whether cargo tells a program something of the program's package by this variable.
fn is_of_our_package(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")
}

/// The cargo that started us, so that nested calls use the same toolchain.
fn cargo_program() -> OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargo_is_not_told_of_our_package() {
        let repo = Repo {
            root: PathBuf::from("/"),
        };
        let removed: Vec<_> = repo
            .cargo(["check"])
            .get_envs()
            .filter(|(_, value)| value.is_none())
            .map(|(name, _)| name.to_owned())
            .collect();
        // Cargo sets it for tests as well.
        assert!(
            removed.contains(&"CARGO_MANIFEST_DIR".into()),
            "{removed:?}"
        );
        assert!(!is_of_our_package(OsStr::new("CARGO_HOME")));
    }
}
