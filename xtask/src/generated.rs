//! Files that are made from others and committed all the same, so that they can be read and used
//! without being made. `check` fails when one no longer fits its source.
//!
//! To add one: a line in [`ALL`], and the command that makes it.

use crate::prepare;
use crate::repo::Repo;
use anyhow::Result;

/// A generated file or folder.
pub(crate) struct Generated {
    /// Its place in the repository.
    pub(crate) what: &'static str,
    /// The command that makes it.
    pub(crate) make: &'static str,
    /// Says, without changing anything, what no longer fits; nothing means that it is fresh.
    pub(crate) stale: fn(&Repo) -> Result<Vec<String>>,
}

/// Every one of them. What a test writes and compares (snapshots, golden files, docs/EVENTS.md) is
/// not here: the test says itself when it is stale, and `accept` makes it.
pub(crate) const ALL: &[Generated] = &[Generated {
    what: ".sqlx",
    make: "cargo xtask prepare",
    stale: prepare::stale,
}];
