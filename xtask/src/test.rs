//! `test`: the one command for all tests. Starts what they need, runs them, stops what it started.

mod tally;

use crate::process::Leashed;
use crate::repo::Repo;
use crate::services::{CHROMIUM, Durability, KAFKA, POSTGRES, Private, REDIS, SMTP};
use crate::steps::Outcome;
use crate::test::tally::Tally;
use crate::{browser, duckdb, fuzz_api};
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
        &[POSTGRES, REDIS, KAFKA, SMTP, CHROMIUM]
    } else {
        &[POSTGRES, REDIS, KAFKA, SMTP]
    };
    let mut services = Private::start(needed, Durability::None)?;
    services.bring_kafkas_jars();
    let mut command = repo.cargo(command(args));
    command.envs(services.env()).envs(env.iter().copied());
    command.envs(duckdb::python());
    if browsers {
        // The tests of the program itself build it, where they run too.
        let is_built = packages(args.iter().map(String::as_str)).next().is_none();
        let program = if is_built {
            browser::built(repo)?
        } else {
            browser::program(repo)?
        };
        command.envs([program]).envs(browser::axe());
    }
    let mut tally = stream(&mut command)?;
    if args.is_empty() {
        tally.also(&api(repo, &services));
    }
    for missing in services.missing() {
        println!("{missing}");
        tally.also(&Outcome::LeftOut(missing.clone()));
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

/// What cargo is asked: all crates unless some are named. A failing test program does not keep the others from running.
fn command(args: &[String]) -> Vec<&str> {
    let args = args.iter().map(String::as_str);
    let all = packages(args.clone()).next().is_none();
    let which = all.then_some("--workspace");
    let command = ["test", "--no-fail-fast"].into_iter().chain(which);
    command.chain(args).collect()
}

/// Whether tests of pages may be among those that are asked for.
fn with_browsers(args: &[String]) -> bool {
    let mut named = packages(args.iter().map(String::as_str)).peekable();
    named.peek().is_none() || named.any(|name| name == browser::PACKAGE)
}

/// The packages that are named: `-p x`, `-px`, `--package x`, `--package=x`.
fn packages<'a>(args: impl Iterator<Item = &'a str> + Clone) -> impl Iterator<Item = &'a str> {
    let ours = args.take_while(|arg| *arg != "--");
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
    use super::{command, with_browsers};

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn all_crates_are_tested_unless_some_are_named() {
        assert!(command(&words("moving -- --nocapture -p")).contains(&"--workspace"));
        assert!(!command(&words("-p millstream-domain rank")).contains(&"--workspace"));
    }

    #[test]
    fn browsers_are_brought_when_a_test_may_need_them() {
        let brought = |text: &str| with_browsers(&words(text));
        assert!(brought("a_comment"));
        assert!(brought("-p millstream-domain -p millstream-browser"));
        assert!(brought("--package=millstream-browser comment"));
        assert!(!brought("-p millstream-domain -- millstream-browser"));
    }
}
