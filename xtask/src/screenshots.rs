//! `screenshots`: a picture of every page, in all ways to look at it, into `screenshots/`, which git ignores; and what every
//! page costs on a slow network.

use crate::browser;
use crate::process::Leashed;
use crate::repo::Repo;
use crate::services::{CHROMIUM, Durability, Private};
use anyhow::Result;
use std::process::ExitCode;

/// Runs it.
pub(crate) fn run(repo: &Repo) -> Result<ExitCode> {
    let program = browser::program(repo)?;
    let services = Private::start(&[CHROMIUM], Durability::None)?;
    let mut command = repo.cargo(["run", "--quiet", "--package", browser::PACKAGE]);
    command
        .args(["--bin", "screenshots", "--"])
        .arg(repo.path("screenshots"))
        .envs(services.env())
        .envs([program]);
    let status = Leashed::spawn(&mut command)?.wait()?;
    Ok(if status.success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
