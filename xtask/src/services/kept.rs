//! The services that stay up between commands, for development: in `.services/`, which git ignores.
//!
//! As root the data may have to lie elsewhere, because the account that Postgres runs under cannot
//! enter root's own folders; then `.services/postgres` is a link to it.

use crate::process;
use crate::repo::Repo;
use crate::services::account::Account;
use crate::services::postgres::programs::Programs;
use crate::services::postgres::psql::Psql;
use crate::services::postgres::{self, Cluster};
use crate::services::{Durability, TEST_DATABASE_URL, folder};
use anyhow::{Context, Result, bail};
use std::fs::{self, DirBuilder};
use std::os::unix::fs::{DirBuilderExt, symlink};
use std::path::PathBuf;
use std::process::ExitCode;

/// The database for running the product by hand; tests make their own.
const DATABASE: &str = "millstream";

/// Starts what is not up.
pub(crate) fn up(repo: &Repo) -> Result<ExitCode> {
    let cluster = match existing(repo)? {
        Some(cluster) => cluster,
        None => create(repo)?,
    };
    if !is_up(&cluster) {
        start(&cluster)?;
    }
    let port = cluster
        .port()
        .context("the settings of the Postgres in .services are gone")?;
    let psql = Psql::new(&postgres::url(port, "postgres"))?;
    let known = format!("select 1 from pg_database where datname = '{DATABASE}'");
    if psql.execute(&known)?.trim().is_empty() {
        psql.execute(&format!("create database {DATABASE}"))?;
    }
    eprintln!(
        "Postgres {} is up, data in {}",
        cluster.programs.version,
        cluster.folder.display()
    );
    print_exports(port);
    Ok(ExitCode::SUCCESS)
}

/// Stops what is up.
pub(crate) fn down(repo: &Repo) -> Result<ExitCode> {
    match existing(repo)?.filter(is_up) {
        Some(cluster) => {
            process::output(pg_ctl(&cluster, "stop").args(["--mode", "fast"]))?;
            println!("Postgres is stopped; its data stays in .services");
        }
        None => println!("Postgres is not up"),
    }
    Ok(ExitCode::SUCCESS)
}

/// Says what is up.
pub(crate) fn status(repo: &Repo) -> Result<ExitCode> {
    let Some(cluster) = existing(repo)?.filter(is_up) else {
        println!("Postgres is not up (`cargo xtask services up` starts it)");
        return Ok(ExitCode::SUCCESS);
    };
    println!(
        "Postgres {} is up, data in {}",
        cluster.programs.version,
        cluster.folder.display()
    );
    cluster.port().into_iter().for_each(print_exports);
    Ok(ExitCode::SUCCESS)
}

fn print_exports(port: u16) {
    println!("export DATABASE_URL={}", postgres::url(port, DATABASE));
    println!(
        "export {TEST_DATABASE_URL}={}",
        postgres::url(port, "postgres")
    );
}

/// The Postgres of an earlier `up`, if there was one.
fn existing(repo: &Repo) -> Result<Option<Cluster>> {
    let Ok(folder) = fs::canonicalize(place(repo)) else {
        return Ok(None);
    };
    let Some(made_by) = postgres::version_of(&folder.join("data")) else {
        return Ok(None);
    };
    let programs = Programs::find_or_install()?;
    if programs.version != made_by {
        bail!(
            "the data in .services was made by Postgres {made_by}, and here is {}; \
             delete \"{}\" to start afresh",
            programs.version,
            folder.display()
        );
    }
    Ok(Some(Cluster {
        folder,
        programs,
        account: Account::find()?,
    }))
}

/// A new one, not started yet.
fn create(repo: &Repo) -> Result<Cluster> {
    let programs = Programs::find_or_install()?;
    let account = Account::find()?;
    let place = place(repo);
    fs::create_dir_all(repo.path(".services"))?;
    // Left by an `up` that did not get far.
    fs::remove_file(&place)
        .or_else(|_| fs::remove_dir_all(&place))
        .ok();
    let folder = if folder::fits(&repo.path(".services"), &account) {
        // Only for the account: the socket in it asks for no password.
        DirBuilder::new().mode(0o700).create(&place)?;
        account.give(&place)?;
        place
    } else {
        let elsewhere = folder::temporary(&account)?.keep();
        symlink(&elsewhere, &place)?;
        elsewhere
    };
    let cluster = Cluster {
        folder,
        programs,
        account,
    };
    cluster.init()?;
    Ok(cluster)
}

fn place(repo: &Repo) -> PathBuf {
    repo.path(".services/postgres")
}

/// On the port that it had, so that lines exported earlier stay true, unless somebody took it.
fn start(cluster: &Cluster) -> Result<()> {
    let port = match cluster.port().filter(|port| postgres::is_free(*port)) {
        Some(port) => port,
        None => postgres::free_port()?,
    };
    cluster.configure(port, Durability::Full)?;
    let log = cluster.folder.join("log");
    let start = process::output(pg_ctl(cluster, "start").arg("--log").arg(&log));
    start
        .map(drop)
        .with_context(|| format!("Postgres did not start, see \"{}\"", log.display()))
}

fn is_up(cluster: &Cluster) -> bool {
    process::succeeds(&mut pg_ctl(cluster, "status"))
}

/// `pg_ctl` finds the server by the process id in its data folder, waits, and stops with SIGINT.
fn pg_ctl(cluster: &Cluster, action: &str) -> std::process::Command {
    let mut command = cluster.command("pg_ctl");
    command.arg(action).arg("--pgdata").arg(cluster.data());
    command
}
