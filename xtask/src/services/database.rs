//! A fresh database beside the others of a server, gone when dropped.

use crate::services::{Private, Psql, TEST_DATABASE_URL};
use anyhow::{Context, Result};
use std::fs;
use std::path::{Path, PathBuf};

/// The database.
pub(crate) struct Fresh {
    server: Psql,
    own: Psql,
    name: String,
}

impl Fresh {
    /// Creates it beside the others of the server, which may be one that somebody else uses too.
    pub(crate) fn create(services: &Private, purpose: &str) -> Result<Self> {
        let url = services
            .address(TEST_DATABASE_URL)
            .context("there is no Postgres")?;
        let server = Psql::new(url)?;
        let name = format!("millstream_{purpose}_{}", std::process::id());
        server.execute(&format!("create database {name}"))?;
        Ok(Self {
            own: server.database(&name),
            server,
            name,
        })
    }

    /// Its url.
    pub(crate) fn url(&self) -> &str {
        self.own.url()
    }

    /// Applies `*.sql` in the order of their names.
    pub(crate) fn migrate(&self, migrations: &Path) -> Result<()> {
        for file in sql_files(migrations)? {
            let text = fs::read_to_string(&file)?;
            // The head with which sqlx, too, runs a migration outside a transaction.
            let one_transaction = !text.starts_with("-- no-transaction");
            self.own
                .run_file(&file, one_transaction)
                .with_context(|| format!("the migration \"{}\" fails", file.display()))?;
        }
        Ok(())
    }
}

impl Drop for Fresh {
    fn drop(&mut self) {
        if let Err(error) = self
            .server
            .execute(&format!("drop database {} with (force)", self.name))
        {
            eprintln!("cannot drop the database \"{}\": {error:#}", self.name);
        }
    }
}

fn sql_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder)
        .with_context(|| format!("cannot read the migrations in \"{}\"", folder.display()))?;
    let mut files = entries
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<Vec<_>>>()?;
    files.retain(|file| file.extension().is_some_and(|extension| extension == "sql"));
    files.sort();
    Ok(files)
}
