//! `dev`: the product, built and started again when a source file changes. A change that does not
//! build leaves the old one running.

mod sources;

use crate::dev::sources::Sources;
use crate::process::{self, Leashed};
use crate::repo::Repo;
use anyhow::Result;
use std::process::ExitCode;
use std::thread::sleep;
use std::time::Duration;

/// How often the sources are looked at: some hundred files, so this costs next to nothing.
const POLL: Duration = Duration::from_millis(500);

/// Runs until Ctrl-C.
pub(crate) fn run(repo: &Repo, args: &[String]) -> Result<ExitCode> {
    let sources = Sources::of(repo)?;
    let mut product = None;
    loop {
        let seen = sources.state();
        if process::run(&mut repo.cargo(["build", "--package", "millstream"])).is_ok() {
            drop(product.take());
            product = Some(start(repo, args)?);
        } else if product.is_some() {
            eprintln!("dev: it does not build; the old one goes on");
        }
        eprintln!("dev: watching {sources}");
        while sources.state() == seen {
            sleep(POLL);
            product = product.and_then(still_running);
        }
        eprintln!("dev: something changed");
    }
}

fn start(repo: &Repo, args: &[String]) -> Result<Leashed> {
    let mut command = repo.cargo(["run", "--quiet", "--package", "millstream", "--"]);
    // The product, unlike a build, may have the developer's own database.
    if let Some(url) = std::env::var_os("DATABASE_URL") {
        command.env("DATABASE_URL", url);
    }
    command.args(args);
    Leashed::spawn(&mut command)
}

/// `None`, and a word about it, once it has ended by itself.
fn still_running(mut product: Leashed) -> Option<Leashed> {
    match product.try_wait() {
        Ok(None) => Some(product),
        Ok(Some(status)) => {
            eprintln!("dev: it ended ({status}); the next change starts it again");
            product.wait().ok();
            None
        }
        Err(error) => {
            eprintln!("dev: lost sight of it: {error}");
            None
        }
    }
}
