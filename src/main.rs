//! Millstream: the one binary. Wiring only; what it does stands in the crates of the workspace.

mod checkpoints;
mod commands;
mod config;
mod data_dir;
mod database;
mod lifecycle;
mod roles;
mod telemetry;

use clap::Parser;
use config::{Cli, Command};
use std::process::ExitCode;

/// Wrong usage or settings; `1` is any other failure.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    if let Err(complaint) = config::check_names(names) {
        eprintln!("error: {complaint}");
        return ExitCode::from(USAGE);
    }
    // Answers `--help`, and wrong usage with exit code 2, by itself.
    let cli = Cli::parse();
    if let Err(error) = telemetry::start_logs(&cli.settings) {
        eprintln!("error: {error:#}");
        return ExitCode::from(USAGE);
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: the system gives no threads: {error}");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(run(cli)) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    let settings = cli.settings;
    match cli.command {
        None => roles::all::run(&settings, cli.demo).await,
        Some(Command::Migrate) => commands::migrate::run(&settings).await,
        Some(Command::Audit(command)) => commands::audit::run(&settings, command).await,
    }
}
