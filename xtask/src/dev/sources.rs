//! What `dev` watches: the folders of the workspace's crates, and what is compiled into them from
//! elsewhere.

use crate::repo::Repo;
use anyhow::Result;
use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Beside the crates' own: compiled into them, or settling how they are built.
const MORE: [&str; 5] = [
    "templates",
    "migrations",
    ".sqlx",
    "Cargo.toml",
    "Cargo.lock",
];

/// The watched folders and files.
pub(crate) struct Sources {
    places: Vec<PathBuf>,
    shown: String,
}

impl Sources {
    /// The sources of the product: all crates but this one, without their tests.
    pub(crate) fn of(repo: &Repo) -> Result<Self> {
        let crates = repo.members()?;
        let crates = crates
            .iter()
            .filter(|package| package.name != "millstream-xtask");
        let mut places: Vec<_> = crates
            .flat_map(|package| [package.folder().join("src"), package.manifest_path.clone()])
            .chain(MORE.map(|place| repo.path(place)))
            .filter(|place| place.exists())
            .collect();
        places.sort();
        places.dedup();
        let shown = format!(
            "{} files and folders below {}",
            places.len(),
            repo.root().display()
        );
        Ok(Self { places, shown })
    }

    /// The times of all files; two states are equal when nothing changed between them. A file that
    /// cannot be read, or goes away meanwhile, counts as absent.
    pub(crate) fn state(&self) -> BTreeMap<PathBuf, SystemTime> {
        let mut times = BTreeMap::new();
        self.places
            .iter()
            .for_each(|place| collect(place, &mut times));
        times
    }
}

impl fmt::Display for Sources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

fn collect(place: &Path, times: &mut BTreeMap<PathBuf, SystemTime>) {
    let Ok(metadata) = place.metadata() else {
        return;
    };
    if metadata.is_dir() {
        let entries = fs::read_dir(place).into_iter().flatten().flatten();
        entries
            .map(|entry| entry.path())
            .filter(|path| !is_hidden(path))
            .for_each(|path| {
                collect(&path, times);
            });
    } else if let Ok(time) = metadata.modified() {
        times.insert(place.to_owned(), time);
    }
}

/// Editors keep their swap files so.
fn is_hidden(path: &Path) -> bool {
    path.file_name()
        .is_some_and(|name| name.to_string_lossy().starts_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_file_changes_the_state_and_a_hidden_one_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let sources = Sources {
            places: vec![folder.path().to_owned()],
            shown: String::new(),
        };
        let before = sources.state();
        fs::write(folder.path().join(".a.swp"), "").unwrap();
        assert!(sources.state() == before);
        fs::write(folder.path().join("a.rs"), "").unwrap();
        assert!(sources.state() != before);
    }
}
