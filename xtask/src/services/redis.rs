//! A Redis for one command: a temporary folder, a free port, and a keeper that removes both.

use crate::process;
use crate::services::account::Account;
use crate::services::keeper::Keeper;
use crate::services::{Durability, Started, TEST_REDIS_URL, folder, free_port, packages};
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

/// What its log says when it can be talked to, and when it gives up.
const READY: &str = "Ready to accept connections";
const FAILED: &str = "# Failed";
/// It then writes what it has to and ends.
const SHUTDOWN: &str = "TERM";

/// Starts one.
pub(crate) fn start(durability: Durability) -> Result<Started> {
    let program = find_or_install()?;
    let begin = Instant::now();
    let started = start_with(&program, durability).context("cannot start a Redis")?;
    eprintln!(
        "Redis: {} (ready in {:.1} s)",
        started.address,
        begin.elapsed().as_secs_f32()
    );
    Ok(started)
}

fn start_with(program: &Path, durability: Durability) -> Result<Started> {
    let account = Account::find()?;
    let folder = folder::temporary(&account)?;
    let port = free_port()?;
    let mut server = account.server(program, SHUTDOWN);
    server.args(["--bind", "127.0.0.1", "--port", &port.to_string(), "--dir"]);
    server.arg(folder.path());
    // No snapshots: they fork a server that others are measuring, and nobody reads them.
    server.args(["--save", "", "--daemonize", "no"]);
    if durability == Durability::Full {
        server.args(["--appendonly", "yes", "--appendfsync", "everysec"]);
    }
    let mut keeper = Keeper::new(folder, SHUTDOWN, &server)?;
    keeper.start(READY, FAILED)?;
    Ok(Started {
        address: format!("redis://127.0.0.1:{port}"),
        keeper,
    })
}

/// The server; installed first where that takes nothing but root on Debian.
fn find_or_install() -> Result<PathBuf> {
    if let Some(program) = find() {
        return Ok(program);
    }
    // The server that the package may start for itself has a port and data of its own and does not matter.
    packages::install_where_we_may("Redis", &["redis-server"])?;
    let Some(program) = find() else {
        bail!(
            "redis-server is needed and was not found in PATH. Install it (Debian, Ubuntu: \
             `apt-get install redis-server` as root), or set {TEST_REDIS_URL} to the url of a \
             server that tests may fill and empty"
        );
    };
    Ok(program)
}

/// The server, if it is there and runs.
fn find() -> Option<PathBuf> {
    let program = process::in_path("redis-server")?;
    process::succeeds(Command::new(&program).arg("--version")).then_some(program)
}
