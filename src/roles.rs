//! The roles: which parts run in one process. [`all`] is the sum of the others; each of them starts its own part, and nothing
//! of it stands twice.

pub(crate) mod all;
mod analytics;
mod awaited;
mod between;
mod doors;
pub(crate) mod engine;
pub(crate) mod greeting;
mod guest;
mod http;
mod nodes;
pub(crate) mod pipelines;
pub(crate) mod search;
mod views;
pub(crate) mod web;
mod workers;

use crate::config::{Role, Settings};
use crate::usage::Usage;
use anyhow::Result;
use std::process::ExitCode;

/// Runs a part of Millstream in this process.
pub(crate) async fn run(role: &Role) -> Result<ExitCode> {
    match role {
        Role::Web(part) => web::run(&part.settings).await,
        Role::Pipelines(part) => pipelines::run(&part.settings).await,
        Role::Search(part) => search::run(&part.settings).await,
        Role::Analytics(part) => analytics::run(&part.settings).await,
    }
}

/// A part alone cannot run on the embedded database: nobody else could reach what is inside this process.
fn needs_database(settings: &Settings, role: &str) -> Result<()> {
    match settings.database_url {
        Some(_) => Ok(()),
        None => Err(Usage::because(format!(
            "`millstream {role}` is one process of several on one Postgres server, and the embedded database cannot be \
             shared: set DATABASE_URL (or run `millstream` alone, which is everything in one process)"
        ))),
    }
}

/// Whoever is not talked to by people does not know by which address they come, unless told.
fn needs_public_url(settings: &Settings, role: &str) -> Result<String> {
    settings.public_url.clone().ok_or_else(|| {
        Usage::because(format!(
            "`millstream {role}` has to know by which address people reach `millstream web`: set MILLSTREAM_PUBLIC_URL to the \
             same for all processes"
        ))
    })
}
