//! `test`: the one command for all tests. Starts what they need, runs them, stops what it started.

mod tally;

use crate::process::Leashed;
use crate::repo::Repo;
use crate::services::{CHROMIUM, Durability, POSTGRES, Private};
use crate::steps::Outcome;
use crate::test::tally::Tally;
use crate::{browser, fuzz_api};
use anyhow::{Context, Result};
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, ExitCode, Stdio};

/// Runs it; the last line is the count.
pub(crate) fn run(repo: &Repo, args: &[String]) -> Result<ExitCode> {
    let tally = tests(repo, args, &[])?;
    println!("{tally}");
    Ok(tally.exit_code())
}

/// Runs `cargo test` with private services around it and counts.
pub(crate) fn tests(repo: &Repo, args: &[String], env: &[(&str, &str)]) -> Result<Tally> {
    let browsers = with_browsers(args);
    let needed: &[_] = if browsers {
        &[POSTGRES, CHROMIUM]
    } else {
        &[POSTGRES]
    };
    let services = Private::start(needed, Durability::None)?;
    let mut command = repo.cargo(cargo_args(args));
    command.envs(services.env()).envs(env.iter().copied());
    if browsers {
        // Among all crates cargo builds the program anyway, before any test runs.
        let program = if packages(args).next().is_some() {
            browser::program(repo)?
        } else {
            browser::built(repo)?
        };
        command.envs([program]).envs(browser::axe());
    }
    let mut tally = stream(&mut command)?;
    if args.is_empty() {
        tally.also(&api(repo, &services));
    }
    Ok(tally)
}

/// The short form of `fuzz-api` counts as one test.
fn api(repo: &Repo, services: &Private) -> Outcome {
    eprintln!("\nfuzz-api, in its short form");
    let outcome = fuzz_api::short(repo, services)
        .unwrap_or_else(|error| Outcome::Failed(format!("{error:#}")));
    println!("fuzz-api: {outcome}");
    outcome
}

/// All crates unless some are named; and a failing test program does not keep the others from
/// running.
fn cargo_args(args: &[String]) -> Vec<&str> {
    let everything = packages(args).next().is_none().then_some("--workspace");
    ["test", "--no-fail-fast"]
        .into_iter()
        .chain(everything)
        .chain(args.iter().map(String::as_str))
        .collect()
}

/// Whether tests of pages are among them.
fn with_browsers(args: &[String]) -> bool {
    let mut named = packages(args).peekable();
    named.peek().is_none() || named.any(|name| name == browser::PACKAGE)
}

/// The packages that are named: `-p x`, `-px`, `--package x`, `--package=x`.
fn packages(args: &[String]) -> impl Iterator<Item = &str> {
    let ours = args
        .iter()
        .map(String::as_str)
        .take_while(|arg| *arg != "--");
    let after = ours.clone().skip(1).map(Some).chain([None]);
    ours.zip(after).filter_map(|(arg, after)| match arg {
        "-p" | "--package" => after,
        _ => arg
            .strip_prefix("--package=")
            .or_else(|| arg.strip_prefix("-p")),
    })
}

/// Shows the output as it comes and counts the results in it.
fn stream(command: &mut Command) -> Result<Tally> {
    let mut cargo = Leashed::spawn(command.stdout(Stdio::piped()))?;
    let output = cargo.output().context("cargo has no output")?;
    let tally = count(BufReader::new(output), std::io::stdout())?;
    let status = cargo.wait()?;
    Ok(tally.ended(status.success()))
}

fn count(mut from: impl BufRead, mut to: impl Write) -> Result<Tally> {
    let mut tally = Tally::default();
    let mut line = Vec::new();
    while from.read_until(b'\n', &mut line)? > 0 {
        to.write_all(&line)?;
        tally.line(&String::from_utf8_lossy(&line));
        line.clear();
    }
    Ok(tally)
}

#[cfg(test)]
mod tests {
    use super::{cargo_args, with_browsers};

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn all_crates_are_tested_unless_some_are_named() {
        let filter = words("moving -- --nocapture -p");
        assert!(cargo_args(&filter).contains(&"--workspace"));
        let named = words("-p millstream-domain rank");
        assert!(!cargo_args(&named).contains(&"--workspace"));
    }

    #[test]
    fn browsers_are_brought_when_a_test_may_need_them() {
        assert!(with_browsers(&words("a_comment")));
        assert!(with_browsers(&words(
            "-p millstream-domain -p millstream-browser"
        )));
        assert!(with_browsers(&words(
            "--package=millstream-browser comment"
        )));
        assert!(!with_browsers(&words(
            "-p millstream-domain -- millstream-browser"
        )));
    }
}
