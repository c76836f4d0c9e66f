//! `dev`: the product, built and started again when a source file changes. A change that does not
//! build leaves the old one running.

mod sources;

use std::process::{Child, Command, ExitCode};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::dev::sources::Sources;
use crate::process;
use crate::repo::Repo;

/// How often the sources are looked at: some hundred files, so this costs next to nothing.
const POLL: Duration = Duration::from_millis(500);
/// How long the product may take to stop after SIGTERM before it is killed.
const STOP_MAX: Duration = Duration::from_secs(15);

/// Runs until Ctrl-C, which the terminal sends to the product too.
pub(crate) fn run(repo: &Repo, args: &[String]) -> Result<ExitCode> {
    let sources = Sources::of(repo)?;
    let mut product = None;
    loop {
        let seen = sources.state();
        if process::run(&mut repo.tied_cargo(["build", "--package", "millstream"])).is_ok() {
            product.take().map(stop).transpose()?;
            product = Some(start(repo, args)?);
        }
        eprintln!("dev: watching {sources}");
        while sources.state() == seen {
            sleep(POLL);
            product = product.and_then(still_running);
        }
        eprintln!("dev: something changed");
    }
}

fn start(repo: &Repo, args: &[String]) -> Result<Child> {
    let mut command = repo.tied_cargo(["run", "--quiet", "--package", "millstream", "--"]);
    // The product, unlike a build, may have the developer's own database.
    if let Some(url) = std::env::var_os("DATABASE_URL") {
        command.env("DATABASE_URL", url);
    }
    command.args(args);
    process::announce(&command);
    command.spawn().context("cannot run cargo")
}

/// `None`, and a word about it, once it has ended by itself.
fn still_running(mut product: Child) -> Option<Child> {
    match product.try_wait() {
        Ok(None) => Some(product),
        Ok(Some(status)) => {
            eprintln!("dev: it ended ({status}); the next change starts it again");
            None
        }
        Err(error) => {
            eprintln!("dev: lost sight of it: {error}");
            None
        }
    }
}

/// SIGTERM, and time to finish. `cargo run` becomes the product, so the id is the product's.
fn stop(mut product: Child) -> Result<()> {
    process::succeeds(Command::new("kill").args(["-s", "TERM", &product.id().to_string()]));
    let start = Instant::now();
    while product.try_wait()?.is_none() {
        if start.elapsed() > STOP_MAX {
            eprintln!(
                "dev: it did not stop in {} s; killing it",
                STOP_MAX.as_secs()
            );
            product.kill()?;
        }
        sleep(Duration::from_millis(20));
    }
    Ok(())
}
