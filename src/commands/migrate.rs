//! `millstream migrate`: brings the schema up to date and ends. For installations whose running role may not do that.

use crate::config::Settings;
use crate::data_dir::DataDir;
use crate::database::Database;
use anyhow::Result;
use std::process::ExitCode;

/// Runs the command.
pub(crate) async fn run(settings: &Settings) -> Result<ExitCode> {
    let data = DataDir::open(&settings.data_dir)?;
    let database = Database::open(settings, &data).await?;
    database.close().await;
    eprintln!("the database's schema is up to date");
    Ok(ExitCode::SUCCESS)
}
