//! The crates that have checked queries, and making cargo compile them again.

use crate::repo::{Package, Repo};
use anyhow::Result;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// What sqlx's checked macros are called, without `_unchecked`, which write nothing.
const MACROS: [&str; 6] = [
    "query!",
    "query_as!",
    "query_scalar!",
    "query_file!",
    "query_file_as!",
    "query_file_scalar!",
];

/// The workspace's crates that use sqlx and have a checked query in some source file.
pub(crate) fn crates(repo: &Repo) -> Result<Vec<Package>> {
    let mut found = Vec::new();
    for package in repo
        .members()?
        .into_iter()
        .filter(|package| package.uses("sqlx"))
    {
        let mut any = false;
        for folder in ["src", "tests", "examples", "benches"] {
            any = any || has_query(&package.folder().join(folder))?;
        }
        if any {
            found.push(package);
        }
    }
    Ok(found)
}

fn has_query(folder: &Path) -> Result<bool> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Ok(false);
    };
    for entry in entries {
        let path = entry?.path();
        let found = if path.is_dir() {
            has_query(&path)?
        } else {
            path.extension().is_some_and(|it| it == "rs") && is_query(&fs::read_to_string(&path)?)
        };
        if found {
            return Ok(true);
        }
    }
    Ok(false)
}

/// A name of ours that ends like a macro's, such as `my_query!`, is none.
fn is_query(text: &str) -> bool {
    MACROS.iter().any(|name| {
        text.match_indices(name).any(|(at, _)| {
            !text[..at].ends_with(|before: char| before.is_alphanumeric() || before == '_')
        })
    })
}

/// Crates whose sources look changed, so that cargo compiles them and their macros run. cargo does
/// not know that the macros depend on the database. Dropping it gives the files their old times
/// back, so that later builds stay fresh.
pub(crate) struct Touched(Vec<(PathBuf, SystemTime)>);

impl Touched {
    /// Touches the first source file of everything that cargo builds of these crates.
    #[expect(
        clippy::disallowed_methods,
        reason = "file times are the machine's, not the product's"
    )]
    pub(crate) fn now(crates: &[Package]) -> Result<Self> {
        let now = SystemTime::now();
        let mut touched = Self(Vec::new());
        for target in crates.iter().flat_map(|package| &package.targets) {
            let before = fs::metadata(&target.src_path)?.modified()?;
            set_modified(&target.src_path, now)?;
            touched.0.push((target.src_path.clone(), before));
        }
        Ok(touched)
    }
}

impl Drop for Touched {
    fn drop(&mut self) {
        for (path, before) in &self.0 {
            // At worst something is compiled once more than needed.
            set_modified(path, *before).ok();
        }
    }
}

fn set_modified(path: &Path, time: SystemTime) -> Result<()> {
    Ok(File::options()
        .append(true)
        .open(path)?
        .set_modified(time)?)
}

#[cfg(test)]
mod tests {
    use super::is_query;

    #[test]
    fn checked_queries_are_found_and_others_are_not() {
        assert!(is_query("let row = sqlx::query!(\"select 1\")"));
        assert!(is_query("query_as!(Task, \"select 1\")"));
        assert!(!is_query("sqlx::query(\"select 1\")"));
        assert!(!is_query("my_query!(1)"));
    }
}
