//! `bench <job>`: measures in a release build. A job compares ours with something known, in one run
//! on one machine, and prints the ratio last; absolute times say little on a shared machine.
//!
//! To add a job: a variant of [`Job`] and an arm in [`run`].

use crate::duckdb;
use crate::process::{self, Leashed};
use crate::repo::Repo;
use crate::services::{self, Durability, KAFKA, POSTGRES, Private, REDIS, Service};
use anyhow::Result;
use clap::Subcommand;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

/// What can be measured.
#[derive(Debug, Subcommand)]
pub(crate) enum Job {
    /// The stream core: writes into the log, replay through pipelines.
    Stream {
        /// Passed on to the measuring program, `bench/src/bin/bench_stream`.
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
    /// The logs: each written, read and followed, as ratios to bare clients of Postgres, Kafka and Redis.
    Logs {
        /// Passed on to the measuring program, `bench/src/bin/bench_logs`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// The lake: reports and SQL over five million events, as ratios to `DuckDB` on the same files; and how fast it is written.
    Analytics {
        /// Passed on to the measuring program, `bench/src/bin/bench_analytics`.
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

/// A measuring program, and what it needs.
struct Program<'a> {
    /// Its name: of an example of the product, or of a program of the package `millstream-bench`.
    name: &'a str,
    kind: &'a str,
    /// What it is told before what the caller says.
    job: &'a [&'a str],
    services: &'a [&'static Service],
}

/// Runs one.
pub(crate) fn run(repo: &Repo, job: &Job) -> Result<ExitCode> {
    let database: &[_] = &[POSTGRES];
    let program = |kind, name, job, services| Program {
        name,
        kind,
        job,
        services,
    };
    let example = |job| program("--example", "bench_web", job, database);
    let own = |name, services| program("--bin", name, &[], services);
    match job {
        Job::Stream { args } => own("bench_stream", database).run(repo, args),
        Job::Api { args } => example(&["requests"]).run(repo, args),
        Job::Pages { args } => example(&["requests", "--pages"]).run(repo, args),
        Job::Live { args } => example(&["live"]).run(repo, args),
        Job::Logs { args } => own("bench_logs", &[POSTGRES, KAFKA, REDIS]).run(repo, args),
        Job::Analytics { args } => own("bench_analytics", database).run(repo, args),
    }
}

impl Program<'_> {
    /// Builds first, the product too, and starts the services then: nothing else should run while it
    /// measures. What was built is started as it is: `cargo run` of the one program would build most of
    /// the dependencies again, without the features that only the product asks for.
    fn run(&self, repo: &Repo, args: &[String]) -> Result<ExitCode> {
        let quick = args.iter().any(|arg| arg == "--quick");
        let profile = if quick { "dev" } else { "release" };
        let mut how = vec!["--profile", profile, self.kind, self.name];
        if self.kind == "--bin" {
            how.extend(["--package", "millstream-bench"]);
        }
        let product = ["build", "--package", "millstream", "--bin", "millstream"];
        process::run(repo.cargo(product).args(&how))?;
        let services = Private::start(self.services, Durability::Full)?;
        let mut measure = Command::new(self.built(repo, quick)?);
        measure
            .args(self.job)
            .args(args)
            .current_dir(repo.root())
            .env_remove("DATABASE_URL")
            .envs(services.env());
        if let Some(pgbench) = services::program("pgbench") {
            measure.env("PGBENCH", pgbench);
        }
        if self.name == "bench_analytics" {
            measure.envs(duckdb::python());
        }
        let status = Leashed::spawn(&mut measure)?.wait()?;
        Ok(if status.success() {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    }

    /// Where cargo puts it.
    fn built(&self, repo: &Repo, quick: bool) -> Result<PathBuf> {
        let profile = if quick { "debug" } else { "release" };
        let mut folder = repo.target()?.join(profile);
        if self.kind == "--example" {
            folder.push("examples");
        }
        Ok(folder.join(self.name))
    }
}
