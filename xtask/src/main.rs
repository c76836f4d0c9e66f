//! The developers' own commands: `cargo xtask <command>`, the only door to building, testing and
//! checking. CI calls `check` and nothing else.
//!
//! To add a command: a file `<command>.rs` with a `run`, a variant of [`Command`] whose doc comment
//! is its help, and one line in [`run`]. Nothing here knows the product's crates; it must compile
//! in seconds.
#![expect(
    clippy::print_stdout,
    reason = "a command line tool: results go to stdout, what it is doing to stderr"
)]

mod accept;
mod bench;
mod browser;
mod check;
mod compose;
mod dev;
mod duckdb;
mod fuzz_api;
mod generated;
mod lint;
mod migration;
mod policy;
mod prepare;
mod process;
mod python;
mod repo;
mod screenshots;
mod services;
mod steps;
mod test;

use crate::repo::Repo;
use anyhow::Result;
use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// The developers' own commands.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// All that CI asks for: format, clippy, dependency policy, generated files, tests.
    Check,
    /// Run the tests; brings the services that they need and stops them at the end.
    Test {
        /// Passed on to `cargo test`, for example a part of a test's name, or `-p
        /// millstream-domain`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Format, clippy and dependency policy.
    Lint,
    /// Run the tests and rewrite the expected outputs (snapshots, golden files) with what came out.
    Accept {
        /// Passed on to `cargo test`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Make .sqlx again: the query data that lets the project compile without a database.
    Prepare {
        /// Change nothing, only say whether it is stale.
        #[arg(long)]
        check: bool,
    },
    /// Run the product; build and start it again when a source file changes.
    Dev {
        /// Passed on to the product.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Keep private services running, for development.
    Services {
        #[command(subcommand)]
        action: services::Action,
    },
    /// Measure, in a release build.
    Bench {
        #[command(subcommand)]
        job: bench::Job,
    },
    /// Try out the whole API with schemathesis, as several roles.
    FuzzApi(fuzz_api::Options),
    /// Take a picture of every page into screenshots/, and measure what each costs on a slow network.
    Screenshots,
    /// Start a new migration file.
    Migration {
        /// A verb and a table, such as `create_tasks`.
        name: String,
    },
}

fn main() -> ExitCode {
    run(Cli::parse().command).unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}

fn run(command: Command) -> Result<ExitCode> {
    let repo = Repo::find()?;
    match command {
        Command::Check => Ok(check::run(&repo)),
        Command::Test { args } => test::run(&repo, &args),
        Command::Lint => Ok(lint::run(&repo)),
        Command::Accept { args } => accept::run(&repo, &args),
        Command::Prepare { check } => prepare::run(&repo, check),
        Command::Dev { args } => dev::run(&repo, &args),
        Command::Services { action } => services::run(&repo, &action),
        Command::Bench { job } => bench::run(&repo, &job),
        Command::FuzzApi(options) => fuzz_api::run(&repo, &options),
        Command::Screenshots => screenshots::run(&repo),
        Command::Migration { name } => migration::run(&repo, &name),
    }
}
