//! `millstream audit verify`: proves that nobody tampered with the audit, or says where somebody did.

use crate::checkpoints;
use crate::config::Settings;
use crate::data_dir::DataDir;
use crate::database::Database;
use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use millstream_sinks::audit::verify::verify;
use std::path::PathBuf;
use std::process::ExitCode;

/// What can be done with the audit.
#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// Recompute every entry, the tree and every signed checkpoint, and say what was found.
    ///
    /// Exit code 0: everything holds. 1: something does not; the first bad entry or checkpoint is named.
    Verify(VerifyArgs),
}

/// How to verify.
#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// A checkpoint that you kept elsewhere (GET /api/v1/audit/checkpoint): then not even somebody who owns this machine
    /// can have rewritten what came before it.
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,
}

/// Runs the command.
pub(crate) async fn run(settings: &Settings, command: AuditCommand) -> Result<ExitCode> {
    let AuditCommand::Verify(args) = command;
    let given = match &args.checkpoint {
        Some(file) => Some(
            std::fs::read_to_string(file)
                .with_context(|| format!("the checkpoint \"{}\"", file.display()))?,
        ),
        None => None,
    };
    let data = DataDir::open(&settings.data_dir)?;
    let key = checkpoints::key(&data)?;
    let kept = checkpoints::kept(&data)?;
    let database = Database::open(settings, &data).await?;
    let bar = ProgressBar::new(0).with_style(style());
    let mut progress = |done, all| {
        bar.set_length(all);
        bar.set_position(done);
    };
    let report = verify(
        database.pool(),
        &kept,
        key.verifier(),
        given.as_deref(),
        &mut progress,
    )
    .await;
    bar.finish_and_clear();
    database.close().await;
    let report = report.context("the audit could not be verified")?;
    eprintln!("{report}");
    Ok(if report.holds() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn style() -> ProgressStyle {
    ProgressStyle::with_template("{bar:40} {human_pos} of {human_len} entries, {per_sec}")
        .unwrap_or_else(|_| ProgressStyle::default_bar())
}
