//! Postgres inside this process: PostgreSQL 17 as WebAssembly, compiled ahead of time (crate `pglite-oxide`).
//!
//! It has one backend and so one connection, which is kept for ever; no background processes, so that nobody writes
//! checkpoints or vacuums (see [`upkeep`]); and it does not sync to the disk: it survives the death of the process, not
//! the loss of power. What was measured: `docs/decisions/0002-embedded-postgres.md`.

mod upkeep;

use crate::socket;
use anyhow::{Context, Result, anyhow};
use pglite_oxide::PgliteServer;
use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions, PgSslMode};
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::UnixStream;
use tokio_util::sync::CancellationToken;

/// How long somebody waits for the one connection: all work queues for it, an import's batches among it.
const ACQUIRE: Duration = Duration::from_secs(30);
/// Postgres's own cache. It is resident from the start; behind it the system's file cache holds the rest.
const SHARED_BUFFERS: &str = "32MB";
/// How often the database is looked after: what a few seconds of writes leave behind is tidied up in milliseconds.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// How long the one connection may be busy before we look whether there still is a server behind it.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a stop waits for the server. It may be killed at any time; a clean stop only makes the next start faster.
const STOP_TIME_MAX: Duration = Duration::from_secs(5);

/// The running server. Clones are the same one.
#[derive(Debug, Clone)]
pub(super) struct Embedded {
    folder: PathBuf,
    socket: PathBuf,
    pool: PgPool,
    server: Arc<Mutex<Option<PgliteServer>>>,
}

impl Embedded {
    /// Starts the server on a folder (made at the first start), and connects.
    pub(super) async fn start(folder: &Path) -> Result<(Self, PgPool)> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .context("the database's folder")?;
        let socket = socket::path_in(folder, ".s.PGSQL.5432")?;
        let server = serve(folder.to_owned(), socket.clone()).await?;
        let pool = connect(&socket).await?;
        let embedded = Self {
            folder: folder.to_owned(),
            socket,
            pool: pool.clone(),
            server: Arc::new(Mutex::new(Some(server))),
        };
        Ok((embedded, pool))
    }

    /// Looks after the database until told to stop: does what its missing background processes would do, and starts the
    /// server anew should it have ended.
    pub(super) async fn keep(self, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = tokio::time::sleep(LOOK_EVERY) => {}
                () = stop.cancelled() => return,
            }
            // A connection in time is proof enough; it goes back at once, and the upkeep asks for it statement by
            // statement, so that requests come in between.
            let answers = tokio::time::timeout(PATIENCE, self.pool.acquire()).await;
            let done = match answers {
                Ok(Ok(connection)) => {
                    drop(connection);
                    upkeep::look(&self.pool).await.map_err(Into::into)
                }
                Ok(Err(_)) | Err(_) => self.revive().await,
            };
            if let Err(error) = done {
                tracing::warn!(
                    error = format!("{error:#}"),
                    "the embedded Postgres could not be looked after"
                );
            }
        }
    }

    /// Starts the server anew if it has ended. Its thread ends with the first error on its socket: when our side closed
    /// the connection while an answer was being written.
    async fn revive(&self) -> Result<()> {
        match UnixStream::connect(&self.socket).await {
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => {}
            // It lives and is busy.
            Ok(_) | Err(_) => return Ok(()),
        }
        tracing::warn!("the embedded Postgres has ended and is started anew");
        let _ = shut_down(self.take()).await;
        let server = serve(self.folder.clone(), self.socket.clone()).await?;
        *self.server.lock().unwrap_or_else(PoisonError::into_inner) = Some(server);
        Ok(())
    }

    /// Stops the server. The pool must be closed before: the server serves its connection to the end.
    pub(super) async fn stop(self) {
        match tokio::time::timeout(STOP_TIME_MAX, shut_down(self.take())).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(
                error = format!("{error:#}"),
                "the embedded Postgres did not stop cleanly"
            ),
            Err(_) => tracing::warn!("the embedded Postgres did not stop in time"),
        }
    }

    fn take(&self) -> Option<PgliteServer> {
        self.server
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }
}

/// Starts a server. The socket can be used by this user alone.
async fn serve(folder: PathBuf, socket: PathBuf) -> Result<PgliteServer> {
    let listen = socket.clone();
    let server = tokio::task::spawn_blocking(move || {
        PgliteServer::builder()
            .path(folder)
            .unix(listen)
            .postgres_config("shared_buffers", SHARED_BUFFERS)
            .start()
    })
    .await
    .context("the embedded Postgres panicked at its start")?
    .map_err(|error| anyhow!("{error:#}"))
    .context("the embedded Postgres does not start")?;
    fs::set_permissions(&socket, fs::Permissions::from_mode(0o600))
        .context("the database's socket")?;
    Ok(server)
}

async fn shut_down(server: Option<PgliteServer>) -> Result<()> {
    let Some(server) = server else { return Ok(()) };
    tokio::task::spawn_blocking(move || server.shutdown())
        .await
        .context("it panicked")?
        .map_err(|error| anyhow!("{error:#}"))
}

/// One connection, kept for ever: there is one backend, and it ends with its connection. Its statements have no limit on time:
/// nobody else holds a lock that they could wait for, and what ends a statement is a signal, which a server inside this
/// process does not get.
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
        // Asked for an answer when it is given back, which nobody can interrupt. Asked when it is taken, whoever gives up
        // waiting at that moment would take the connection, and with it the server, along.
        .test_before_acquire(false)
        .acquire_timeout(ACQUIRE)
        .connect_with(options)
        .await
        .context("the embedded Postgres does not answer")
}

#[cfg(test)]
mod tests;
