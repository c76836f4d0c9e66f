//! `prepare`: makes `.sqlx`, the query data with which sqlx's macros check queries while no
//! database is there.
//!
//! The macros make it themselves: with `SQLX_OFFLINE=false`, `DATABASE_URL` and `SQLX_OFFLINE_DIR`
//! they ask the database about each query and write a file for it. So: a fresh database with all
//! migrations, one `cargo check` of the crates that have queries, and a comparison with what is
//! committed.

mod folder;
mod queries;

use crate::prepare::folder::Difference;
use crate::prepare::queries::Touched;
use crate::process;
use crate::repo::Repo;
use crate::services::{Durability, Fresh, POSTGRES, Private};
use anyhow::Result;
use std::path::Path;
use std::process::ExitCode;

/// Where the macros look, in the workspace's root.
const SQLX: &str = ".sqlx";

/// Runs it; with `check`, changes nothing and fails when something is stale.
pub(crate) fn run(repo: &Repo, check: bool) -> Result<ExitCode> {
    if check {
        let stale = stale(repo)?;
        for line in &stale {
            println!("{line}");
        }
        let verdict = if stale.is_empty() {
            "is fresh"
        } else {
            "is stale: run `cargo xtask prepare`"
        };
        println!("{SQLX} {verdict}");
        return Ok(if stale.is_empty() {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        });
    }
    let made = make(repo)?;
    let differences = folder::compare(made.path(), &repo.path(SQLX))?;
    folder::apply(made.path(), &repo.path(SQLX), &differences)?;
    for difference in &differences {
        println!("{difference}");
    }
    println!("{SQLX} is fresh: {} files changed", differences.len());
    Ok(ExitCode::SUCCESS)
}

/// What in `.sqlx` no longer fits the queries and migrations.
pub(crate) fn stale(repo: &Repo) -> Result<Vec<String>> {
    let made = make(repo)?;
    let differences = folder::compare(made.path(), &repo.path(SQLX))?;
    Ok(differences.iter().map(Difference::to_string).collect())
}

/// Makes all query data in a temporary folder.
fn make(repo: &Repo) -> Result<tempfile::TempDir> {
    let made = tempfile::tempdir()?;
    let crates = queries::crates(repo)?;
    if crates.is_empty() {
        return Ok(made);
    }
    let services = Private::start(&[POSTGRES], Durability::None)?;
    let database = Fresh::create(&services, "prepare")?;
    database.migrate(&repo.path("migrations"))?;
    let touched = Touched::now(&crates)?;
    expand(repo, database.url(), made.path())?;
    drop((touched, database, services));
    Ok(made)
}

/// Compiles so that the macros of what was touched write to `into`. All crates, as `lint` does: cargo then has what they
/// depend on with the same features.
fn expand(repo: &Repo, url: &str, into: &Path) -> Result<()> {
    let mut check = repo.cargo(["check", "--workspace", "--all-targets"]);
    check
        .env("DATABASE_URL", url)
        .env("SQLX_OFFLINE", "false")
        .env("SQLX_OFFLINE_DIR", into);
    process::run(&mut check)
}
