//! Debian packages of services, installed where that takes nothing but root.

use crate::process;
use crate::services::account;
use anyhow::Result;
use std::io;
use std::process::Command;

/// Installs packages, as root on Debian; elsewhere it does nothing, and whoever asked says what is missing.
pub(crate) fn install_where_we_may(service: &str, packages: &[&str]) -> Result<()> {
    if process::in_path("apt-get").is_none() || !account::is_root()? {
        return Ok(());
    }
    eprintln!("{service} is not installed; installing it");
    // It also fails for a source of packages that has nothing to do with ours.
    process::passes(apt().arg("update"))?;
    process::run(
        apt()
            .args(["install", "--yes", "--no-install-recommends"])
            .args(packages),
    )
}

/// What it says goes to stderr: stdout is for results.
fn apt() -> Command {
    let mut command = Command::new("apt-get");
    command
        .env("DEBIAN_FRONTEND", "noninteractive")
        .stdout(io::stderr());
    command.args(["-o", "Acquire::Retries=3", "-o", "DPkg::Lock::Timeout=300"]);
    command
}
