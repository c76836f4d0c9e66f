//! A Redis server, as everything here uses one: what it holds can be lost at any time, and nobody waits for it.
//!
//! It is reached over TLS where its URL begins with `rediss://`, and as the user that the URL names ([`server`]).
//!
//! Somebody runs [`Redis::run`], which connects, and connects again after a loss. Until then, and from the first command
//! that is not answered in time, every command fails at once with [`RedisError::Away`], and whoever asked does without.

mod server;

use millstream_domain::cause::in_full;
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, Cmd, FromRedisValue, Pipeline, ScriptInvocation};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// How long a server may take to accept a connection.
const CONNECT_TIME_MAX: Duration = Duration::from_secs(1);
/// How long a command may take. A server that is alive answers in less than a millisecond; one that does not answer must
/// not hold up a request.
const ANSWER_TIME_MAX: Duration = Duration::from_millis(500);
/// Pause between two tries to connect: also how late it is noticed that the server is back.
const RETRY: Duration = Duration::from_millis(250);
/// How often a connection is tried that nobody uses.
const PING: Duration = Duration::from_secs(1);
/// What a name is made of in front of what it names, if nobody says otherwise.
pub const PREFIX: &str = "millstream:";

pub use server::InvalidServer;

/// A server, under names that begin with a prefix. Cheap to clone; all clones share one connection.
#[derive(Clone)]
pub struct Redis(Arc<Shared>);

struct Shared {
    client: Client,
    prefix: String,
    connection: watch::Sender<Option<MultiplexedConnection>>,
}

/// Why Redis did not do it.
#[derive(Debug, thiserror::Error)]
pub enum RedisError {
    /// There is no connection.
    #[error("Redis is away")]
    Away,
    /// It wants to know who we are, or does not believe it.
    #[error(
        "Redis wants a user and a password, or does not take these: REDIS_URL names them, as in \
         redis://user:password@host, with @, / and : in them written as %40, %2F and %3A"
    )]
    NotLetIn(#[source] redis::RedisError),
    /// We do not believe who it is.
    #[error(
        "the certificate of Redis is not trusted: name the file of the authority that has signed it (REDIS_CA_FILE), and see \
         that REDIS_URL names the host that it is for"
    )]
    Untrusted(#[source] redis::RedisError),
    /// It takes nothing more that needs room.
    #[error(
        "Redis is full: give it more memory (maxmemory), or let the mirror keep less (REDIS_STREAM_LEN)"
    )]
    Full(#[source] redis::RedisError),
    /// The connection was lost, or the server said no.
    #[error("Redis did not do it")]
    Failed(#[source] redis::RedisError),
}

impl From<redis::RedisError> for RedisError {
    fn from(error: redis::RedisError) -> Self {
        let error = server::first(error);
        if server::is_not_let_in(&error) {
            Self::NotLetIn(error)
        } else if server::is_untrusted(&error) {
            Self::Untrusted(error)
        } else if server::is_full(&error) {
            Self::Full(error)
        } else {
            Self::Failed(error)
        }
    }
}

impl Redis {
    /// The server at this URL. Nothing is connected before [`Redis::run`]. Over TLS it is believed when the system trusts who
    /// has signed its certificate.
    pub fn at(url: &str, prefix: &str) -> Result<Self, InvalidServer> {
        let client = server::client(url, None)?;
        Ok(Self::of(client, prefix.to_owned()))
    }

    /// The same over TLS, believed when this authority has signed its certificate, and nobody else. `authority` is one
    /// certificate, or several, in PEM form.
    pub fn signed_by(authority: &[u8], url: &str, prefix: &str) -> Result<Self, InvalidServer> {
        let client = server::client(url, Some(authority))?;
        Ok(Self::of(client, prefix.to_owned()))
    }

    fn of(client: Client, prefix: String) -> Self {
        Self(Arc::new(Shared {
            client,
            prefix,
            connection: watch::Sender::new(None),
        }))
    }

    /// The same server over a connection of its own, so that what is large does not hold up what is urgent.
    #[must_use]
    pub fn apart(&self) -> Self {
        Self::of(self.0.client.clone(), self.0.prefix.clone())
    }

    /// The same server and connection, under names that begin with `more` behind the prefix.
    #[must_use]
    pub fn within(&self, more: &str) -> Self {
        Self(Arc::new(Shared {
            client: self.0.client.clone(),
            prefix: format!("{}{more}", self.0.prefix),
            connection: self.0.connection.clone(),
        }))
    }

    /// The name of something of ours.
    #[must_use]
    pub fn name(&self, of: &str) -> String {
        format!("{}{of}", self.0.prefix)
    }

    /// Whether the server can be asked.
    #[must_use]
    pub fn is_there(&self) -> bool {
        self.0.connection.borrow().is_some()
    }

    /// Waits until the server can be asked. Cancel-safe.
    pub async fn arrived(&self) {
        // The sender lives as long as `self`.
        let _ = self
            .0
            .connection
            .subscribe()
            .wait_for(Option::is_some)
            .await;
    }

    /// Waits until the server cannot be asked any more. Cancel-safe.
    pub async fn left(&self) {
        let _ = self
            .0
            .connection
            .subscribe()
            .wait_for(Option::is_none)
            .await;
    }

    /// One command.
    pub async fn ask<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, RedisError> {
        let mut connection = self.connection()?;
        self.heard(command.query_async(&mut connection).await)
    }

    /// Several commands in one go.
    pub async fn ask_all<T: FromRedisValue>(&self, commands: &Pipeline) -> Result<T, RedisError> {
        let mut connection = self.connection()?;
        self.heard(commands.query_async(&mut connection).await)
    }

    /// A script.
    pub async fn call<T: FromRedisValue>(
        &self,
        script: &ScriptInvocation<'_>,
    ) -> Result<T, RedisError> {
        let mut connection = self.connection()?;
        self.heard(script.invoke_async(&mut connection).await)
    }

    /// A connection for listening, which is no good for anything else.
    pub async fn listen(&self, channel: &str) -> Result<redis::aio::PubSub, RedisError> {
        let open = async {
            let mut listening = self.0.client.get_async_pubsub().await?;
            listening.subscribe(channel).await?;
            Ok::<_, redis::RedisError>(listening)
        };
        let opened = tokio::time::timeout(CONNECT_TIME_MAX, open).await;
        Ok(opened.map_err(|_| RedisError::Away)??)
    }

    /// Keeps connected until told to stop.
    pub async fn run(self, stop: CancellationToken) {
        metrics::gauge!("millstream_redis_up").set(0);
        let mut is_known_away = false;
        while !stop.is_cancelled() {
            match self.connect(ANSWER_TIME_MAX).await {
                Ok(connection) => {
                    self.0.connection.send_replace(Some(connection));
                    metrics::gauge!("millstream_redis_up").set(1);
                    tracing::info!("connected to Redis");
                    is_known_away = false;
                    tokio::select! {
                        () = stop.cancelled() => {}
                        () = self.watch() => tracing::warn!("the connection to Redis is lost; going on without"),
                    }
                    self.0.connection.send_replace(None);
                    metrics::gauge!("millstream_redis_up").set(0);
                }
                Err(error) if !is_known_away => {
                    tracing::warn!(
                        error = in_full(&error),
                        "Redis cannot be reached; going on without, and trying again"
                    );
                    is_known_away = true;
                }
                Err(_) => {}
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(RETRY) => {}
            }
        }
    }

    /// A connection for whoever asks, which has answered. It holds up nobody else when its answers take long.
    pub async fn connect(
        &self,
        answer_time_max: Duration,
    ) -> Result<MultiplexedConnection, RedisError> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECT_TIME_MAX))
            .set_response_timeout(Some(answer_time_max));
        let mut connection = self
            .0
            .client
            .get_multiplexed_async_connection_with_config(&config)
            .await?;
        redis::cmd("PING").exec_async(&mut connection).await?;
        Ok(connection)
    }

    /// Until the connection is lost.
    async fn watch(&self) {
        while self.is_there() {
            tokio::select! {
                () = self.left() => {}
                () = tokio::time::sleep(PING) => {
                    // What it answers is noted by `heard`.
                    let _: Result<(), _> = self.ask(&redis::cmd("PING")).await;
                }
            }
        }
    }

    fn connection(&self) -> Result<MultiplexedConnection, RedisError> {
        self.0.connection.borrow().clone().ok_or(RedisError::Away)
    }

    /// An answer; when it says that the connection is of no use any more, nobody else tries it.
    fn heard<T>(&self, answer: Result<T, redis::RedisError>) -> Result<T, RedisError> {
        if answer.as_ref().is_err_and(is_lost) {
            self.0
                .connection
                .send_if_modified(|connection| connection.take().is_some());
        }
        Ok(answer?)
    }
}

/// Whether the error is the connection's, and not the command's.
fn is_lost(error: &redis::RedisError) -> bool {
    error.is_io_error()
        || error.is_timeout()
        || error.is_connection_dropped()
        || error.is_unrecoverable_error()
}

impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the URL: it may hold a password.
        f.debug_struct("Redis")
            .field("prefix", &self.0.prefix)
            .field("is_there", &self.is_there())
            .finish_non_exhaustive()
    }
}
