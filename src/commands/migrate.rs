//! `millstream migrate`: brings the schema up to date and ends. For installations whose running role may not do that.
//!
//! On a Postgres server it takes nothing but that: no data folder, no keys, and no row of a node that is gone again.

use crate::config::Settings;
use crate::control::message::Report;
use crate::database::Database;
use crate::terminal;
use anyhow::Result;
use std::process::ExitCode;

const DONE: &str = "the database's schema is up to date";

/// Does it on the server of the settings.
pub(crate) async fn alone(settings: &Settings) -> Result<ExitCode> {
    let database = Database::open_server(settings).await?;
    database.close().await;
    terminal::line(DONE);
    Ok(ExitCode::SUCCESS)
}

/// Says so: whoever has opened the database, the running server or this process, has brought it up to date by that.
pub(crate) async fn run(report: &Report) -> Result<bool> {
    report.line(DONE).await?;
    Ok(true)
}
