//! Millstream: the one binary. Wiring only; what it does stands in the crates of the workspace.

mod checkpoints;
mod commands;
mod config;
mod control;
mod data_dir;
mod database;
mod demo;
mod import;
mod lifecycle;
mod open_files;
mod roles;
mod socket;
mod sql;
mod telemetry;
mod terminal;
mod usage;

use commands::{FAILED, USAGE};
use config::Cli;
use std::process::ExitCode;
use usage::Usage;

/// Requests and pipelines allocate much and briefly, on all threads: the system's allocator took a sixth of the time of a
/// request.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    if let Some(code) = sql::run_if_child() {
        return code;
    }
    let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    if let Err(complaint) = config::check_names(names) {
        eprintln!("error: {complaint}");
        return ExitCode::from(USAGE);
    }
    let cli = Cli::read();
    if let Err(error) = telemetry::start_logs(&cli) {
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
            return ExitCode::from(FAILED);
        }
    };
    match runtime.block_on(run(cli)) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(if error.is::<Usage>() { USAGE } else { FAILED })
        }
    }
}

async fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    match cli.command {
        None => roles::all::run(&cli.settings, cli.demo).await,
        Some(command) => commands::run(&cli.settings, command).await,
    }
}
