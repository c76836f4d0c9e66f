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
    let browsers = parts(args)
        .into_iter()
        .any(|part| with_browsers(part.into_iter()));
    let needed: &[_] = if browsers {
        &[POSTGRES, CHROMIUM]
    } else {
        &[POSTGRES]
    };
    let services = Private::start(needed, Durability::None)?;
    let is_some_named = packages(args.iter().map(String::as_str)).next().is_some();
    let mut tally = Tally::default();
    for part in parts(args) {
        let mut command = repo.cargo(&part);
        command.envs(services.env()).envs(env.iter().copied());
        if with_browsers(part.iter().copied()) {
            // The tests of the other crates have built the program, where they came first.
            let program = if is_some_named {
                browser::program(repo)?
            } else {
                browser::built(repo)?
            };
            command.envs([program]).envs(browser::axe());
        }
        tally = tally.and(stream(&mut command)?);
    }
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

/// What cargo is asked, part by part: all crates unless some are named, those of the browser by themselves. What they depend on
/// switches on a feature of `serde_json` that the product does without, and cargo gives what is tested together one set of
/// features. A failing test program does not keep the others from running.
fn parts(args: &[String]) -> Vec<Vec<&str>> {
    let args: Vec<_> = args.iter().map(String::as_str).collect();
    let part = |which: &[&'static str]| {
        let command = ["test", "--no-fail-fast"].iter().chain(which);
        command.copied().chain(args.iter().copied()).collect()
    };
    if packages(args.iter().copied()).next().is_some() {
        return vec![part(&[])];
    }
    vec![
        part(&["--workspace", "--exclude", browser::PACKAGE]),
        part(&["--package", browser::PACKAGE]),
    ]
}

/// Whether tests of pages are among those of the packages that are named.
fn with_browsers<'a>(args: impl Iterator<Item = &'a str> + Clone) -> bool {
    packages(args).any(|name| name == browser::PACKAGE)
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
    use super::{parts, with_browsers};

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn all_crates_are_tested_unless_some_are_named() {
        let filter = words("moving -- --nocapture -p");
        let parts_of_all = parts(&filter);
        assert!(parts_of_all[0].contains(&"--workspace"));
        assert_eq!(parts_of_all.len(), 2);
        let named = words("-p millstream-domain rank");
        assert_eq!(parts(&named).len(), 1);
        assert!(!parts(&named)[0].contains(&"--workspace"));
    }

    #[test]
    fn browsers_are_brought_when_a_test_may_need_them() {
        let brought = |text: &str| -> Vec<bool> {
            let args = words(text);
            let parts = parts(&args).into_iter();
            parts.map(|part| with_browsers(part.into_iter())).collect()
        };
        assert_eq!(brought("a_comment"), [false, true]);
        assert_eq!(
            brought("-p millstream-domain -p millstream-browser"),
            [true]
        );
        assert_eq!(brought("--package=millstream-browser comment"), [true]);
        assert_eq!(
            brought("-p millstream-domain -- millstream-browser"),
            [false]
        );
    }
}
