//! The database: a server that the settings name, or the embedded one.

#[cfg(feature = "embedded")]
mod embedded;

use crate::config::Settings;
use crate::data_dir::DataDir;
use crate::lifecycle::Group;
use crate::usage::Usage;
use anyhow::{Context, Result, bail};
use millstream_store::MIGRATOR;
use sqlx::migrate::MigrateError;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection, PgConnection, PgPool};
use std::pin::pin;
use std::str::FromStr;
use std::time::Duration;

/// Connections to a real server: requests, a handful of pipelines, the mover. More would only queue inside Postgres instead of here.
const CONNECTIONS: u32 = 20;
/// How long a request waits for a connection before it is answered with 503.
const ACQUIRE: Duration = Duration::from_secs(10);
/// A connection that was in use so shortly before is there: it was asked when it was given back. To ask again each time
/// would cost every statement another round trip.
const TRUSTED: Duration = Duration::from_secs(1);
/// How long one statement may run: a bit longer than a request, which has a minute. Whoever asked has been answered by then,
/// and the database is not to go on for nobody. What reads or removes much does so in bounded steps, far below it.
const STATEMENT_TIME_MAX: Duration = Duration::from_secs(75);
/// How long a statement may wait for a row that somebody else has locked: longer than any transaction of ours takes, and well
/// below a request's minute, so that the one who waits is told, and gives its connection back.
const LOCK_TIME_MAX: Duration = Duration::from_secs(20);
/// How long the start waits for the database without saying so.
const SILENCE_MAX: Duration = Duration::from_secs(1);
/// How long a stop waits for connections to be given back. They are cut off then, which rolls back what they were doing.
const CLOSE_TIME_MAX: Duration = Duration::from_secs(5);

/// The database, running.
#[derive(Debug)]
pub(crate) struct Database {
    pool: PgPool,
    #[cfg(feature = "embedded")]
    embedded: Option<embedded::Embedded>,
}

impl Database {
    /// Connects to the server of the settings, or starts the embedded one, and brings the schema up to date.
    pub(crate) async fn open(settings: &Settings, data: &DataDir) -> Result<Self> {
        let database = match &settings.database_url {
            Some(url) => Self::connect(url).await?,
            None => Self::embedded(data).await?,
        };
        database
            .migrate(settings.migrate_database_url.as_deref())
            .await?;
        Ok(database)
    }

    /// Connects to the server of the settings, and brings the schema up to date.
    pub(crate) async fn open_server(settings: &Settings) -> Result<Self> {
        let database = Self::open_to_read(settings).await?;
        database
            .migrate(settings.migrate_database_url.as_deref())
            .await?;
        Ok(database)
    }

    /// Connects to the server of the settings for somebody who only reads there: the schema is somebody else's to bring up to
    /// date.
    pub(crate) async fn open_to_read(settings: &Settings) -> Result<Self> {
        let url = settings.database_url.as_deref();
        let url = url.ok_or_else(|| Usage::because("set DATABASE_URL"))?;
        Self::connect(url).await
    }

    /// Statements are prepared and kept per connection. Behind a pooler that hands a connection to somebody else after
    /// each transaction and does not know of prepared statements (PgBouncer before 1.21), add
    /// `?statement-cache-capacity=0` to the URL.
    async fn connect(url: &str) -> Result<Self> {
        let options = options(url, "DATABASE_URL")?;
        let options = options.application_name("millstream");
        let pool = reach(options, CONNECTIONS, "DATABASE_URL").await?;
        Ok(Self {
            pool,
            #[cfg(feature = "embedded")]
            embedded: None,
        })
    }

    #[cfg(feature = "embedded")]
    async fn embedded(data: &DataDir) -> Result<Self> {
        let (embedded, pool) = embedded::Embedded::start(&data.path().join("postgres")).await?;
        Ok(Self {
            pool,
            embedded: Some(embedded),
        })
    }

    #[cfg(not(feature = "embedded"))]
    async fn embedded(_: &DataDir) -> Result<Self> {
        Err(Usage::because(
            "this Millstream was built without the embedded Postgres: set DATABASE_URL",
        ))
    }

    async fn migrate(&self, owner_url: Option<&str>) -> Result<()> {
        let migrated = match owner_url {
            None if self.is_embedded() => MIGRATOR.run(&self.pool).await,
            None => migrate_by(&self.pool).await,
            Some(url) => {
                let setting = "MIGRATE_DATABASE_URL";
                let owner = reach(options(url, setting)?, 1, setting).await?;
                migrate_by(&owner).await
            }
        };
        match migrated {
            Err(MigrateError::VersionMissing(step)) => bail!(
                "a newer Millstream has been at work on this database: this one does not know step {step} of its schema; \
                 start the newer one, or restore the backup from before the update"
            ),
            migrated => migrated.context("the database's schema could not be brought up to date"),
        }
    }

    /// The way in.
    pub(crate) fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// Whether it is the embedded one.
    pub(crate) fn is_embedded(&self) -> bool {
        #[cfg(feature = "embedded")]
        return self.embedded.is_some();
        #[cfg(not(feature = "embedded"))]
        return false;
    }

    /// Starts what keeps the embedded one in shape; a server of its own does that by itself.
    pub(crate) fn keep(&self, group: &mut Group) {
        #[cfg(feature = "embedded")]
        if let Some(embedded) = &self.embedded {
            group.spawn(embedded.clone().keep(group.stop_token()));
        }
        #[cfg(not(feature = "embedded"))]
        let _ = group;
    }

    /// Closes the connections, and stops the embedded server.
    pub(crate) async fn close(self) {
        let closed = tokio::time::timeout(CLOSE_TIME_MAX, self.pool.close()).await;
        if closed.is_err() {
            tracing::warn!("the database was still in use at the stop");
        }
        #[cfg(feature = "embedded")]
        if let Some(embedded) = self.embedded {
            embedded.stop().await;
        }
    }
}

/// Runs the migrations on one connection, without limits on time: an index on a large table takes as long as it takes, and so
/// does the wait for another process that is at it.
async fn migrate_by(pool: &PgPool) -> Result<(), MigrateError> {
    let mut connection = pool.acquire().await?;
    limit_time(&mut connection, Duration::ZERO, Duration::ZERO).await?;
    MIGRATOR.run(&mut *connection).await?;
    limit_time(&mut connection, STATEMENT_TIME_MAX, LOCK_TIME_MAX).await?;
    Ok(())
}

/// Sets how long a connection's statements may run and wait; nothing is no limit. By statements, because poolers such as
/// PgBouncer refuse a connection that is opened with options.
async fn limit_time(
    connection: &mut PgConnection,
    statement: Duration,
    lock: Duration,
) -> sqlx::Result<()> {
    sqlx::query(
        "select set_config('statement_timeout', $1, false), set_config('lock_timeout', $2, false)",
    )
    .bind(statement.as_millis().to_string())
    .bind(lock.as_millis().to_string())
    .execute(connection)
    .await?;
    Ok(())
}

/// Has a new connection's statements limited in time, and never compiled (JIT). Ours are short, so that compiling one takes longer
/// than running it; and while a table is young the planner expects so many rows that it would, at every execution.
async fn prepare(connection: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query("set jit = off")
        .execute(&mut *connection)
        .await?;
    limit_time(connection, STATEMENT_TIME_MAX, LOCK_TIME_MAX).await
}

/// A pool whose server answers. It is given time to: both may be starting at once.
async fn reach(options: PgConnectOptions, connections: u32, setting: &str) -> Result<PgPool> {
    let pool = PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(ACQUIRE)
        .test_before_acquire(false)
        .after_connect(|connection, _| Box::pin(prepare(connection)))
        .before_acquire(|connection, state| {
            Box::pin(async move {
                if state.idle_for > TRUSTED {
                    connection.ping().await?;
                }
                Ok(true)
            })
        });
    let mut reaching = pin!(pool.connect_with(options.clone()));
    let reached = tokio::time::timeout(SILENCE_MAX, &mut reaching).await;
    let reached = if let Ok(reached) = reached {
        reached
    } else {
        tracing::warn!(
            setting,
            wait_s = ACQUIRE.as_secs(),
            "the database does not answer yet; waiting for it"
        );
        reaching.await
    };
    let reached = match reached {
        // The pool does not say why it waited in vain: asked once more without it.
        Err(sqlx::Error::PoolTimedOut) => {
            let asked = tokio::time::timeout(ACQUIRE, PgConnection::connect_with(&options)).await;
            match asked {
                Ok(Err(reason)) => Err(reason),
                Ok(Ok(_)) | Err(_) => Err(sqlx::Error::PoolTimedOut),
            }
        }
        reached => reached,
    };
    reached.with_context(|| format!("the Postgres server of {setting} cannot be reached"))
}

/// What a URL says. The complaint is without the URL, which may hold a password.
fn options(url: &str, setting: &str) -> Result<PgConnectOptions> {
    let complaint = |reason: &dyn std::fmt::Display| {
        Usage::because(format!(
            "{setting} is not a Postgres URL such as postgres://user:password@host/database: {reason}"
        ))
    };
    if !["postgres://", "postgresql://"]
        .iter()
        .any(|scheme| url.starts_with(scheme))
    {
        return Err(complaint(&"it does not begin with postgres://"));
    }
    PgConnectOptions::from_str(url).map_err(|error| complaint(&error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use millstream_store::testing::TestDatabase;

    /// The settings of every connection that there is.
    async fn settings(pool: &PgPool) -> Vec<String> {
        let (mut held, mut all) = (Vec::new(), Vec::new());
        for _ in 0..pool.size() {
            let mut connection = pool.acquire().await.expect("a connection");
            let sql = "select concat_ws(' ', current_setting('statement_timeout'),
                              current_setting('lock_timeout'), current_setting('jit'))";
            let settings = sqlx::query_scalar(sql).fetch_one(&mut *connection).await;
            all.push(settings.expect("three settings"));
            held.push(connection);
        }
        all
    }

    #[tokio::test]
    async fn statements_are_limited_in_time_and_never_compiled_before_and_after_a_migration() {
        let test = TestDatabase::new().await;
        let database = Database::connect(&test.url()).await.expect("a database");
        for migrated in [false, true] {
            if migrated {
                database.migrate(None).await.expect("an up-to-date schema");
            }
            let settings = settings(database.pool()).await;
            assert!(!settings.is_empty());
            for settings in settings {
                assert_eq!(settings, "75s 20s off");
            }
        }
        database.close().await;
    }
}
