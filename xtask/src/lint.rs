//! `lint`: what can be said without running anything of ours: format, clippy, dependency policy.

use std::process::ExitCode;

use anyhow::Result;

use crate::repo::Repo;
use crate::steps::{self, Outcome, Step};
use crate::{policy, process};

/// The steps of `lint`, which are the first of `check`.
pub(crate) const STEPS: [Step; 3] = [
    Step { name: "format", run: format },
    Step { name: "clippy", run: clippy },
    Step { name: "dependency policy", run: dependency_policy },
];

/// Runs them.
pub(crate) fn run(repo: &Repo) -> Result<ExitCode> {
    let summary = steps::run(repo, &STEPS);
    summary.print();
    Ok(summary.exit_code())
}

fn format(repo: &Repo) -> Result<Outcome> {
    if !process::succeeds(&mut repo.cargo(["fmt", "--version"])) {
        return Ok(missing("rustfmt"));
    }
    let formatted = process::run(&mut repo.cargo(["fmt", "--check"])).is_ok();
    Ok(verdict(formatted, "run `cargo fmt`"))
}

fn clippy(repo: &Repo) -> Result<Outcome> {
    if !process::succeeds(&mut repo.cargo(["clippy", "--version"])) {
        return Ok(missing("clippy"));
    }
    let args = ["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"];
    Ok(verdict(process::run(&mut repo.cargo(args)).is_ok(), "see its output above"))
}

/// cargo-deny where it is installed; else the part of it that needs neither a tool nor the network.
fn dependency_policy(repo: &Repo) -> Result<Outcome> {
    if process::succeeds(&mut repo.cargo(["deny", "--version"])) {
        let kept = process::run(&mut repo.cargo(["deny", "check"])).is_ok();
        return Ok(verdict(kept, "see what cargo-deny says above, and deny.toml"));
    }
    let broken = policy::check(repo)?;
    for line in &broken {
        eprintln!("{line}");
    }
    Ok(match broken.len() {
        0 => Outcome::Ok(
            "licences, bans and sources; advisories left out: cargo-deny is not installed".into(),
        ),
        count => Outcome::Failed(format!("{count} against deny.toml, named above")),
    })
}

fn missing(component: &str) -> Outcome {
    Outcome::LeftOut(format!(
        "{component} is not installed (`rustup component add {component}`)"
    ))
}

fn verdict(good: bool, advice: &str) -> Outcome {
    if good { Outcome::Ok(String::new()) } else { Outcome::Failed(advice.to_owned()) }
}
