//! `check`: everything that CI asks for, in one command. Runs all steps even if one fails, and ends
//! with a summary.

use crate::repo::Repo;
use crate::steps::{self, Outcome, Step};
use crate::{compose, generated, lint, test};
use anyhow::Result;
use std::process::ExitCode;

const TEST: &str = "test";

/// Runs every step; the last line is the count of the tests.
pub(crate) fn run(repo: &Repo) -> ExitCode {
    let mut all = Vec::from(lint::STEPS);
    all.push(Step {
        name: "generated files",
        run: generated_files,
    });
    all.push(Step {
        name: "containers",
        run: compose::check,
    });
    all.push(Step {
        name: TEST,
        run: tests,
    });
    let summary = steps::run(repo, &all);
    summary.print();
    if let Some(counts) = summary.note(TEST) {
        println!("\n{counts}");
    }
    summary.exit_code()
}

fn generated_files(repo: &Repo) -> Result<Outcome> {
    let mut stale = Vec::new();
    for file in generated::ALL {
        let found = (file.stale)(repo)?;
        for line in &found {
            eprintln!("{}: {line}", file.what);
        }
        if !found.is_empty() {
            stale.push(format!("{} is stale: run `{}`", file.what, file.make));
        }
    }
    Ok(if stale.is_empty() {
        Outcome::Ok(String::new())
    } else {
        Outcome::Failed(stale.join("; "))
    })
}

fn tests(repo: &Repo) -> Result<Outcome> {
    let tally = test::tests(repo, &[], &[])?;
    let counts = tally.to_string();
    Ok(if tally.is_good() {
        Outcome::Ok(counts)
    } else {
        Outcome::Failed(counts)
    })
}
