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
            None => MIGRATOR.run(&self.pool).await,
            Some(url) => {
                let setting = "MIGRATE_DATABASE_URL";
                let owner = reach(options(url, setting)?, 1, setting).await?;
                MIGRATOR.run(&owner).await
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

/// A pool whose server answers. It is given time to: both may be starting at once.
async fn reach(options: PgConnectOptions, connections: u32, setting: &str) -> Result<PgPool> {
    let pool = PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(ACQUIRE)
        .test_before_acquire(false)
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
