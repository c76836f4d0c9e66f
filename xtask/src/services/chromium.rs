//! Chromium for one command: a chromedriver on a free port, through which each test opens browsers of its own.
//!
//! Every browser's profile lies in the keeper's folder. Browsers talk to the driver through a pipe (the tests ask for
//! that), so they end with it, whatever ended it.

use crate::process;
use crate::services::account::Account;
use crate::services::keeper::Keeper;
use crate::services::{Durability, Started, TEST_CHROMEDRIVER_URL, folder, free_port, packages};
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

/// What the driver says when it can be talked to, and when it gives up.
const READY: &str = "started successfully";
const FAILED: &str = "Exiting";
/// It then ends its browsers.
const SHUTDOWN: &str = "TERM";
/// What Debian calls the browser and the driver. They are made for each other: one version.
const PACKAGES: [&str; 2] = ["chromium", "chromium-driver"];
/// The names that the browser has on other systems.
const BROWSERS: [&str; 4] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
];

/// Starts a driver; browsers are started by whoever needs one.
pub(crate) fn start(_: Durability) -> Result<Started> {
    let program = find_or_install()?;
    let begin = Instant::now();
    let started = start_with(&program).context("cannot start chromedriver")?;
    eprintln!(
        "Chromium: {} (ready in {:.1} s)",
        started.address,
        begin.elapsed().as_secs_f32()
    );
    Ok(started)
}

fn start_with(program: &Path) -> Result<Started> {
    // Under our own account, root's too: the browser loads nothing but pages of ours.
    let account = Account::Own;
    let folder = folder::temporary(&account)?;
    let port = free_port()?;
    let mut server = account.server(Path::new("env"), SHUTDOWN);
    for variable in ["TMPDIR", "HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"] {
        let mut set = std::ffi::OsString::from(format!("{variable}="));
        set.push(folder.path());
        server.arg(set);
    }
    server.arg(program).arg(format!("--port={port}"));
    let mut keeper = Keeper::new(folder, SHUTDOWN, &server)?;
    keeper.start(READY, FAILED)?;
    Ok(Started {
        address: format!("http://127.0.0.1:{port}"),
        keeper,
    })
}

/// The driver; installed first, with the browser, where that takes nothing but root on Debian.
fn find_or_install() -> Result<PathBuf> {
    if let Some(program) = find() {
        return Ok(program);
    }
    packages::install_where_we_may("Chromium", &PACKAGES)?;
    let Some(program) = find() else {
        bail!(
            "Chromium and chromedriver are needed and were not found in PATH. Install them \
             (Debian: `apt-get install {}` as root), or set {TEST_CHROMEDRIVER_URL} to the url of \
             a chromedriver that runs",
            PACKAGES.join(" ")
        );
    };
    Ok(program)
}

/// The driver, if it and a browser are there and run.
fn find() -> Option<PathBuf> {
    let program = process::in_path("chromedriver")?;
    let runs = process::succeeds(Command::new(&program).arg("--version"));
    let browser = BROWSERS.iter().any(|name| process::in_path(name).is_some());
    (runs && browser).then_some(program)
}
