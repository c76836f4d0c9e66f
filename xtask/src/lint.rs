//! `lint`: what can be said without running anything of ours: format, clippy, dependency policy.

use crate::repo::Repo;
use crate::steps::{self, Outcome, Step};
use crate::{policy, process};
use anyhow::Result;
use std::process::ExitCode;

/// The steps of `lint`, which are the first of `check`.
pub(crate) const STEPS: [Step; 3] = [
    Step {
        name: "format",
        run: format,
    },
    Step {
        name: "clippy",
        run: clippy,
    },
    Step {
        name: "dependency policy",
        run: dependency_policy,
    },
];

/// Runs them.
pub(crate) fn run(repo: &Repo) -> ExitCode {
    let summary = steps::run(repo, &STEPS);
    summary.print();
    summary.exit_code()
}

fn format(repo: &Repo) -> Result<Outcome> {
    if !process::succeeds(&mut repo.cargo(["fmt", "--version"])) {
        return Ok(missing("rustfmt"));
    }
    let formatted = process::passes(&mut repo.cargo(["fmt", "--all", "--check"]))?;
    Ok(verdict(formatted, "run `cargo fmt`"))
}

fn clippy(repo: &Repo) -> Result<Outcome> {
    if !process::succeeds(&mut repo.cargo(["clippy", "--version"])) {
        return Ok(missing("clippy"));
    }
    let mut clippy = repo.cargo(["clippy", "--workspace", "--all-targets"]);
    let clean = process::passes(clippy.args(["--", "-D", "warnings"]))?;
    Ok(verdict(clean, "see its output above"))
}

/// cargo-deny where it is installed; else the part of it that needs neither a tool nor the network.
fn dependency_policy(repo: &Repo) -> Result<Outcome> {
    if process::succeeds(&mut repo.cargo(["deny", "--version"])) {
        let kept = process::passes(&mut repo.cargo(["deny", "check"]))?;
        return Ok(verdict(kept, "see what cargo-deny says above"));
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
    if good {
        Outcome::Ok(String::new())
    } else {
        Outcome::Failed(advice.to_owned())
    }
}
