//! Postgres inside this process: PostgreSQL 17 as WebAssembly, compiled ahead of time (crate `pglite-oxide`).
//!
//! It has one backend and so one connection, no background processes (nobody vacuums or writes checkpoints by itself;
//! [`upkeep`] does), and does not sync to the disk: it survives the death of the process, not the loss of power.
//!
//! [`upkeep`]: crate::database

use anyhow::{Context, Result, anyhow};
use pglite_oxide::PgliteServer;
use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions, PgSslMode};
use std::fs;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Longest path of a Unix socket that Linux takes, with room for the terminating zero.
const SOCKET_PATH_MAX: usize = 107;
/// How long somebody waits for the one connection: all work queues for it, an import's batches among it.
const ACQUIRE: Duration = Duration::from_secs(30);

/// The running server.
#[derive(Debug)]
pub(super) struct Embedded {
    server: PgliteServer,
}

impl Embedded {
    /// Starts the server on a folder (made at the first start), and connects.
    pub(super) async fn start(folder: &Path) -> Result<(Self, PgPool)> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .context("the database's folder")?;
        let socket = socket_path(folder)?;
        let (folder, listen) = (folder.to_owned(), socket.clone());
        let server = tokio::task::spawn_blocking(move || {
            PgliteServer::builder().path(folder).unix(listen).start()
        })
        .await
        .context("the embedded Postgres panicked at its start")?
        .map_err(|error| anyhow!("{error:#}"))
        .context("the embedded Postgres does not start")?;
        fs::set_permissions(&socket, fs::Permissions::from_mode(0o600))
            .context("the database's socket")?;
        let pool = connect(&socket).await?;
        Ok((Self { server }, pool))
    }

    /// Stops the server. The pool must be closed before.
    pub(super) async fn stop(self) {
        let stopped = tokio::task::spawn_blocking(move || self.server.shutdown()).await;
        match stopped {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(
                error = format!("{error:#}"),
                "the embedded Postgres did not stop cleanly"
            ),
            Err(error) => tracing::warn!(%error, "the embedded Postgres panicked at its stop"),
        }
    }
}

/// The socket, in the folder that only this user can enter; elsewhere only if that path is too long for a socket.
fn socket_path(folder: &Path) -> Result<PathBuf> {
    let usual = folder.join(".s.PGSQL.5432");
    if usual.as_os_str().len() <= SOCKET_PATH_MAX {
        return Ok(usual);
    }
    let short = std::env::temp_dir().join(format!("millstream-{}", std::process::id()));
    fs::DirBuilder::new()
        .mode(0o700)
        .create(&short)
        .with_context(|| format!("the folder \"{}\"", short.display()))?;
    Ok(short.join(".s.PGSQL.5432"))
}

/// One connection, kept for ever: there is one backend, and it ends with its connection.
async fn connect(socket: &Path) -> Result<PgPool> {
    let options = PgConnectOptions::new_without_pgpass()
        .socket(socket.parent().unwrap_or(socket))
        .port(5432)
        .username("postgres")
        .database("postgres")
        .ssl_mode(PgSslMode::Disable)
        .application_name("millstream");
    PgPoolOptions::new()
        .max_connections(1)
        .min_connections(1)
        .idle_timeout(None)
        .max_lifetime(None)
        .acquire_timeout(ACQUIRE)
        .connect_with(options)
        .await
        .context("the embedded Postgres does not answer")
}
