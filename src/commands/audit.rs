//! `millstream audit verify`: proves that nobody tampered with the audit, or says where somebody did.

use super::Request;
use crate::control::message::Report;
use crate::roles::engine::Handle;
use crate::usage::Usage;
use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use millstream_sinks::audit::verify::verify;
use std::path::PathBuf;

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

/// The request of a command line.
pub(crate) fn request(command: AuditCommand) -> Result<Request> {
    let AuditCommand::Verify(args) = command;
    let checkpoint = match &args.checkpoint {
        None => None,
        Some(file) => Some(std::fs::read_to_string(file).map_err(|error| {
            Usage::because(format!("the checkpoint \"{}\": {error}", file.display()))
        })?),
    };
    Ok(Request::VerifyAudit { checkpoint })
}

/// Verifies.
pub(crate) async fn run(
    handle: &Handle,
    checkpoint: Option<String>,
    report: &Report,
) -> Result<bool> {
    let mut progress = |done, all| report.progress("verifying", done, all);
    let found = verify(
        handle.store.pool(),
        &handle.checkpoints,
        handle.audit_key.verifier(),
        checkpoint.as_deref(),
        &mut progress,
    )
    .await
    .context("the audit could not be verified")?;
    report.line(found.to_string()).await?;
    Ok(found.holds())
}
