//! `accept`: runs the tests and lets them rewrite their expected outputs with what came out. Look
//! at the difference before you commit it: this makes any output the right one.
//!
//! `INSTA_UPDATE` is insta's switch; `MILLSTREAM_ACCEPT` is for our own files (golden cases,
//! generated documents). Inline snapshots are not rewritten: insta leaves those to `cargo insta
//! review`.

use crate::repo::Repo;
use crate::{process, test};
use anyhow::Result;
use std::process::{Command, ExitCode};

const ACCEPT: [(&str, &str); 2] = [("INSTA_UPDATE", "always"), ("MILLSTREAM_ACCEPT", "1")];

/// Runs it.
pub(crate) fn run(repo: &Repo, args: &[String]) -> Result<ExitCode> {
    let tally = test::tests(repo, args, &ACCEPT)?;
    show_changes(repo);
    println!("{tally}");
    Ok(tally.exit_code())
}

/// What differs from the last commit; nothing where there is no git.
fn show_changes(repo: &Repo) {
    let mut git = Command::new("git");
    git.args(["status", "--short"]).current_dir(repo.root());
    if let Ok(changes) = process::output(&mut git) {
        println!(
            "\nchanged now; read `git diff` before you commit:\n{}",
            changes.trim_end()
        );
    }
}
