//! The repository as the tests see it: the files that are, or are about to be, committed.

use serde_json::Value;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Fails with everything that breaks a rule, and what the rule is.
#[track_caller]
pub(crate) fn demand(broken: &[String], rule: &str) {
    assert!(broken.is_empty(), "{rule}\n  {}", broken.join("\n  "));
}

/// The folder of the workspace's Cargo.toml.
pub(crate) fn root() -> PathBuf {
    Path::new(&env::var_os("CARGO_MANIFEST_DIR").unwrap())
        .parent()
        .unwrap()
        .to_owned()
}

/// Every file but the ignored ones, relative to the root, with `/` between folders.
pub(crate) fn files() -> Vec<String> {
    let mut files = from_git().unwrap_or_else(|| {
        let mut found = Vec::new();
        walk(&root(), &mut found);
        found
    });
    // A file that was deleted and is still in git's index.
    files.retain(|file| root().join(file).is_file());
    files.sort();
    files
}

/// Those with an extension.
pub(crate) fn files_with(extension: &str) -> Vec<String> {
    let dot = format!(".{extension}");
    files()
        .into_iter()
        .filter(|file| file.ends_with(&dot))
        .collect()
}

/// A file's text; `None` for what is not text.
pub(crate) fn text(file: &str) -> Option<String> {
    String::from_utf8(fs::read(root().join(file)).unwrap()).ok()
}

/// The workspace's packages, as `cargo metadata` tells them.
pub(crate) fn packages() -> Vec<Value> {
    let output = Command::new(env::var_os("CARGO").unwrap())
        .args(["metadata", "--format-version=1", "--no-deps", "--offline"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    metadata["packages"].as_array().unwrap().clone()
}

/// Files that git knows, and new ones that it does not ignore. `None` without git, or outside a
/// clone.
fn from_git() -> Option<Vec<String>> {
    let output = Command::new("git")
        .args([
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ])
        .current_dir(root())
        .output()
        .ok()?;
    let listed = String::from_utf8(output.stdout)
        .ok()
        .filter(|_| output.status.success())?;
    Some(listed.split_terminator('\0').map(str::to_owned).collect())
}

fn walk(folder: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path: PathBuf = entry.unwrap().path();
        let relative = path
            .strip_prefix(root())
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned();
        if is_ignored(&relative) {
            continue;
        }
        if path.is_dir() {
            walk(&path, found);
        } else {
            found.push(relative);
        }
    }
}

/// The folders of .gitignore, and git's own.
fn is_ignored(path: &str) -> bool {
    let ignored = fs::read_to_string(root().join(".gitignore")).unwrap_or_default();
    path == ".git"
        || ignored
            .lines()
            .any(|line| line.strip_prefix('/') == Some(path))
}
