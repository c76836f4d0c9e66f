//! Comparing the query data that was made with the one that is committed.

use anyhow::Result;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::path::Path;

/// One file that has to change.
pub(crate) struct Difference {
    file: OsString,
    kind: Kind,
    /// The query that it is about.
    query: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Missing,
    Changed,
    NoLongerUsed,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            Kind::Missing => "missing",
            Kind::Changed => "changed",
            Kind::NoLongerUsed => "no longer used",
        };
        write!(f, "{kind}: {} ({})", self.file.display(), self.query)
    }
}

type Files = BTreeMap<OsString, Vec<u8>>;

/// What in `committed` differs from `made`.
pub(crate) fn compare(made: &Path, committed: &Path) -> Result<Vec<Difference>> {
    let (made, committed) = (read(made)?, read(committed)?);
    let names: BTreeSet<_> = made.keys().chain(committed.keys()).collect();
    let differences = names.into_iter().filter_map(|file| {
        let (kind, text) = match (made.get(file), committed.get(file)) {
            (Some(new), None) => (Kind::Missing, new),
            (Some(new), Some(old)) if new != old => (Kind::Changed, new),
            (None, Some(old)) => (Kind::NoLongerUsed, old),
            _ => return None,
        };
        Some(Difference {
            file: file.clone(),
            kind,
            query: start_of_query(text),
        })
    });
    Ok(differences.collect())
}

/// Makes `committed` equal to `made`.
pub(crate) fn apply(made: &Path, committed: &Path, differences: &[Difference]) -> Result<()> {
    fs::create_dir_all(committed)?;
    for Difference { file, kind, .. } in differences {
        if *kind == Kind::NoLongerUsed {
            fs::remove_file(committed.join(file))?;
        } else {
            fs::copy(made.join(file), committed.join(file))?;
        }
    }
    Ok(())
}

/// The `query-….json` files of a folder; a folder that is not there has none.
fn read(folder: &Path) -> Result<Files> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Ok(Files::new());
    };
    let mut files = Files::new();
    for entry in entries {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with("query-") {
            files.insert(entry.file_name(), fs::read(entry.path())?);
        }
    }
    Ok(files)
}

/// Enough of a query to know which one it is.
fn start_of_query(data: &[u8]) -> String {
    #[derive(Deserialize)]
    struct Data {
        query: String,
    }
    const SHOWN_CHARS: usize = 70;
    let query =
        serde_json::from_slice::<Data>(data).map_or_else(|_| "unreadable".into(), |d| d.query);
    let line = query.split_whitespace().collect::<Vec<_>>().join(" ");
    line.chars().take(SHOWN_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_applying_the_differences_there_are_none() {
        let (made, old) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let write = |folder: &Path, name, sql| {
            fs::write(folder.join(name), format!("{{\"query\": \"{sql}\"}}")).unwrap();
        };
        write(made.path(), "query-a.json", "select  1");
        write(made.path(), "query-b.json", "select 2");
        write(old.path(), "query-b.json", "select 0");
        write(old.path(), "query-c.json", "select 3");
        let found = compare(made.path(), old.path()).unwrap();
        let lines: Vec<_> = found.iter().map(ToString::to_string).collect();
        assert_eq!(
            lines,
            [
                "missing: query-a.json (select 1)",
                "changed: query-b.json (select 2)",
                "no longer used: query-c.json (select 3)",
            ]
        );
        apply(made.path(), old.path(), &found).unwrap();
        assert!(compare(made.path(), old.path()).unwrap().is_empty());
    }
}
