//! A Postgres for one command: a temporary folder, a free port, and a keeper that removes both.

use crate::services::account::Account;
use crate::services::keeper::Keeper;
use crate::services::postgres::programs::Programs;
use crate::services::postgres::{self, Cluster};
use crate::services::{Durability, Started, folder};
use anyhow::{Context, Result};
use std::time::Instant;

/// Postgres then ends its sessions and stops, without waiting for clients.
const FAST_SHUTDOWN: &str = "INT";

/// Starts one.
pub(crate) fn start(durability: Durability) -> Result<Started> {
    let programs = Programs::find_or_install()?;
    let account = Account::find()?;
    let begin = Instant::now();
    let started = start_with(programs, account, durability).context("cannot start a Postgres")?;
    eprintln!(
        "Postgres: {} (ready in {:.1} s)",
        started.address,
        begin.elapsed().as_secs_f32()
    );
    Ok(started)
}

fn start_with(programs: Programs, account: Account, durability: Durability) -> Result<Started> {
    let folder = folder::temporary(&account)?;
    let mut server = account.server(&programs.path("postgres"), FAST_SHUTDOWN);
    server.arg("-D").arg(folder.path().join("data"));
    // From here on the folder is the keeper's: it goes away even if we are killed while initdb
    // runs.
    let mut keeper = Keeper::new(folder, FAST_SHUTDOWN, &server)?;
    let cluster = Cluster {
        folder: keeper.folder().to_owned(),
        programs,
        account,
    };
    cluster.init()?;
    let port = postgres::free_port()?;
    cluster.configure(port, durability)?;
    keeper.start(postgres::READY, postgres::FAILED)?;
    Ok(Started {
        address: postgres::url(port, "postgres"),
        keeper,
    })
}
