//! `bench <job>`: measures in a release build. A job compares ours with something known, in one run
//! on one machine, and prints the ratio last; absolute times say little on a shared machine.
//!
//! To add a job: a variant of [`Job`] and an arm in [`run`].

use crate::process::{self, Leashed};
use crate::repo::Repo;
use crate::services::{Durability, Private};
use anyhow::Result;
use clap::Subcommand;
use std::process::ExitCode;

/// What can be measured.
#[derive(Debug, Subcommand)]
pub(crate) enum Job {
    /// The stream core: writes into the log, replay through pipelines.
    Stream {
        /// Passed on to the measuring program, `examples/bench_stream.rs`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
}

/// Runs one.
pub(crate) fn run(repo: &Repo, job: &Job) -> Result<ExitCode> {
    match job {
        Job::Stream { args } => example(repo, "bench_stream", args),
    }
}

/// Builds first and starts the services then: nothing else should run while it measures.
fn example(repo: &Repo, name: &str, args: &[String]) -> Result<ExitCode> {
    process::run(&mut repo.cargo(["build", "--release", "--example", name]))?;
    let services = Private::start(Durability::Full)?;
    let mut measure = repo.cargo(["run", "--quiet", "--release", "--example", name, "--"]);
    let status = Leashed::spawn(measure.args(args).envs(services.env()))?.wait()?;
    Ok(if status.success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
