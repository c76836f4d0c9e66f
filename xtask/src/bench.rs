//! `bench <job>`: measures in a release build. A job compares ours with something known, in one run
//! on one machine, and prints the ratio last; absolute times say little on a shared machine.
//!
//! To add a job: a variant of [`Job`] and an arm in [`run`].

use crate::process::{self, Leashed};
use crate::repo::Repo;
use crate::services::{self, Durability, POSTGRES, Private};
use anyhow::Result;
use clap::Subcommand;
use std::process::ExitCode;

/// What can be measured.
#[derive(Debug, Subcommand)]
pub(crate) enum Job {
    /// The stream core: writes into the log, replay through pipelines.
    Stream {
        /// Passed on to the measuring program, `examples/bench_stream`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// The API: four requests, as ratios to pgbench running the same statements.
    Api {
        /// Passed on to the measuring program, `examples/bench_web`. `--quick` only tries whether it
        /// works, in a development build.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// The pages of a task and of a list, beside the API's answers about the same, as ratios to pgbench.
    Pages {
        /// Passed on, as above.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Live connections: memory of idle ones, one change to a thousand watchers, deliveries against a bare server.
    Live {
        /// Passed on, as above.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
}

/// Runs one.
pub(crate) fn run(repo: &Repo, job: &Job) -> Result<ExitCode> {
    match job {
        Job::Stream { args } => example(repo, "bench_stream", &[], args),
        Job::Api { args } => example(repo, "bench_web", &["requests"], args),
        Job::Pages { args } => example(repo, "bench_web", &["requests", "--pages"], args),
        Job::Live { args } => example(repo, "bench_web", &["live"], args),
    }
}

/// Builds first, the product too, and starts the services then: nothing else should run while it
/// measures.
fn example(repo: &Repo, name: &str, job: &[&str], args: &[String]) -> Result<ExitCode> {
    let quick = args.iter().any(|arg| arg == "--quick");
    let profile = if quick { "dev" } else { "release" };
    let how = ["--profile", profile, "--example", name];
    process::run(repo.cargo(["build", "--bin", "millstream"]).args(how))?;
    let services = Private::start(&[POSTGRES], Durability::Full)?;
    let mut measure = repo.cargo(["run", "--quiet"]);
    measure
        .args(how)
        .arg("--")
        .args(job)
        .args(args)
        .envs(services.env());
    if let Some(pgbench) = services::program("pgbench") {
        measure.env("PGBENCH", pgbench);
    }
    let status = Leashed::spawn(&mut measure)?.wait()?;
    Ok(if status.success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
