//! psql: the client for the few statements that the commands here run themselves.

use crate::process;
use crate::services;
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A client of one database.
pub(crate) struct Psql {
    program: PathBuf,
    url: String,
}

impl Psql {
    /// For the database that the url names.
    pub(crate) fn new(url: &str) -> Result<Self> {
        let program = services::program("psql").context(
            "psql was not found; install it (Debian: `apt-get install postgresql-client`)",
        )?;
        Ok(Self {
            program,
            url: url.to_owned(),
        })
    }

    /// The url.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// The same server and user, another database.
    pub(crate) fn database(&self, name: &str) -> Self {
        Self {
            program: self.program.clone(),
            url: with_database(&self.url, name),
        }
    }

    /// Runs statements.
    pub(crate) fn execute(&self, sql: &str) -> Result<String> {
        process::output(self.command().args(["--command", sql]))
    }

    /// Runs a file; in one transaction unless the file says otherwise.
    pub(crate) fn run_file(&self, file: &Path, one_transaction: bool) -> Result<()> {
        let mut command = self.command();
        if one_transaction {
            command.arg("--single-transaction");
        }
        process::output(command.arg("--file").arg(file)).map(drop)
    }

    /// Without the user's .psqlrc, stopping at the first error.
    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align"]);
        command
            .args(["--set", "ON_ERROR_STOP=1", "--dbname"])
            .arg(&self.url);
        command
    }
}

/// The url with another database; what follows `?` stays.
fn with_database(url: &str, name: &str) -> String {
    let (address, options) = url
        .split_once('?')
        .map_or((url, None), |(a, o)| (a, Some(o)));
    let host = address.find("://").map_or(0, |at| at + 3);
    let end = address[host..]
        .find('/')
        .map_or(address.len(), |at| host + at);
    let options = options
        .map(|options| format!("?{options}"))
        .unwrap_or_default();
    format!("{}/{name}{options}", &address[..end])
}

#[cfg(test)]
mod tests {
    use super::with_database;

    #[test]
    fn only_the_database_of_a_url_changes() {
        let check = |url, expected| assert_eq!(with_database(url, "x"), expected);
        check(
            "postgres://postgres@127.0.0.1:5432/postgres",
            "postgres://postgres@127.0.0.1:5432/x",
        );
        check("postgres://db.example.org", "postgres://db.example.org/x");
        check(
            "postgres://a:b@c/d?sslmode=disable",
            "postgres://a:b@c/x?sslmode=disable",
        );
    }
}
