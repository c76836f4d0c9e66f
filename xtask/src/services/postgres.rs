//! A Postgres of our own: one folder holds its data (`data/`), its unix socket and its log.

pub(crate) mod private;
pub(crate) mod programs;
pub(crate) mod psql;

use crate::process;
use crate::services::Durability;
use crate::services::account::Account;
use crate::services::postgres::programs::Programs;
use anyhow::{Context, Result};
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What its log says when it can be talked to, and when it gives up.
pub(crate) const READY: &str = "ready to accept connections";
pub(crate) const FAILED: &str = "FATAL:";

/// Our settings, in a file of their own beside the ones that initdb writes.
const SETTINGS: &str = "millstream.conf";

/// A Postgres in its folder.
pub(crate) struct Cluster {
    pub(crate) folder: PathBuf,
    pub(crate) programs: Programs,
    pub(crate) account: Account,
}

impl Cluster {
    /// Where the data is.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// Makes the data folder. `C.UTF-8` sorts the same everywhere and still knows upper and lower
    /// case.
    pub(crate) fn init(&self) -> Result<()> {
        let mut initdb = self.command("initdb");
        initdb.arg("--pgdata").arg(self.data());
        initdb.args(["--username=postgres", "--auth=trust", "--encoding=UTF8"]);
        initdb.args(["--locale=C.UTF-8", "--no-sync"]);
        process::output(&mut initdb)?;
        let conf = self.data().join("postgresql.conf");
        let text = fs::read_to_string(&conf).context("initdb made no postgresql.conf")?;
        fs::write(&conf, format!("{text}\ninclude '{SETTINGS}'\n"))?;
        Ok(())
    }

    /// Writes our settings; they hold from the next start on.
    pub(crate) fn configure(&self, port: u16, durability: Durability) -> Result<()> {
        let mut text = format!(
            "listen_addresses = '127.0.0.1'\nport = {port}\nunix_socket_directories = '{}'\n\
             max_connections = 200\nshared_buffers = 256MB\nlc_messages = 'C'\n",
            self.folder.display()
        );
        if durability == Durability::None {
            text.push_str("fsync = off\nsynchronous_commit = off\nfull_page_writes = off\n");
        }
        let file = self.data().join(SETTINGS);
        fs::write(&file, text).with_context(|| format!("cannot write \"{}\"", file.display()))?;
        self.account.give(&file)
    }

    /// The port in our settings.
    pub(crate) fn port(&self) -> Option<u16> {
        let text = fs::read_to_string(self.data().join(SETTINGS)).ok()?;
        text.lines()
            .find_map(|line| line.strip_prefix("port = ")?.parse().ok())
    }

    /// One of Postgres' programs under the right account. The environment's own `PG…` variables are
    /// for other servers.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = self.account.command(&self.programs.path(program));
        command.current_dir(&self.folder).env("LC_ALL", "C");
        for variable in [
            "PGDATA",
            "PGHOST",
            "PGPORT",
            "PGUSER",
            "PGDATABASE",
            "PGOPTIONS",
        ] {
            command.env_remove(variable);
        }
        command
    }
}

/// The url of a database of a server on this machine.
pub(crate) fn url(port: u16, database: &str) -> String {
    format!("postgres://postgres@127.0.0.1:{port}/{database}")
}

/// A port that nobody listens on. Somebody could take it before we do; then Postgres says so and
/// the command fails.
pub(crate) fn free_port() -> Result<u16> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).context("no free port on 127.0.0.1")?;
    Ok(listener.local_addr()?.port())
}

/// Whether nobody listens on a port.
pub(crate) fn is_free(port: u16) -> bool {
    TcpListener::bind(("127.0.0.1", port)).is_ok()
}

/// The major version that made a data folder.
pub(crate) fn version_of(data: &Path) -> Option<u32> {
    fs::read_to_string(data.join("PG_VERSION"))
        .ok()?
        .trim()
        .parse()
        .ok()
}
