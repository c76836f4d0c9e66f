//! For tests, here and in other crates: a database of one's own, and a store with a clock and ids that tests set.
//!
//! The server is named by `TEST_DATABASE_URL` (a superuser on its `postgres` database), which `cargo xtask test` sets. A
//! template with the schema is made once per state of the migrations; each test gets a copy of it.

pub mod builders;

pub use builders::TaskBuilder;

use crate::{MIGRATOR, Store};
use millstream_domain::clock::{MockClock, SeededIds};
use millstream_event_log::mover::Mover;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection, PgConnection, PgPool};
use std::str::FromStr;
use std::sync::Arc;
use uuid::Uuid;

/// Connections of a test's pool: enough for a test's own concurrency, and a hundred tests at once stay below what a
/// server allows.
const CONNECTIONS: u32 = 8;

/// A fresh database with the schema, dropped with this value.
#[derive(Debug)]
pub struct TestDatabase {
    pool: PgPool,
    server: PgConnectOptions,
    name: String,
}

/// The options of the server that tests use.
///
/// # Panics
/// When `TEST_DATABASE_URL` is not set: such a test is never left out in silence.
#[must_use]
pub fn server() -> PgConnectOptions {
    let url = std::env::var("TEST_DATABASE_URL").expect(
        "this test needs Postgres: run it through `cargo xtask test`, or set TEST_DATABASE_URL",
    );
    PgConnectOptions::from_str(&url).expect("TEST_DATABASE_URL must be a Postgres URL")
}

impl TestDatabase {
    /// A database with a pool of a few connections.
    pub async fn new() -> Self {
        Self::with_connections(CONNECTIONS).await
    }

    /// A database with a pool of one connection, like the embedded one: whoever holds a connection while asking for
    /// another waits for ever, and the test fails by its timeout.
    pub async fn single_connection() -> Self {
        Self::with_connections(1).await
    }

    async fn with_connections(connections: u32) -> Self {
        let server = server();
        let template = template(&server).await;
        let name = format!("millstream_test_{}", Uuid::from_u128(unique()).simple());
        let mut admin = PgConnection::connect_with(&server)
            .await
            .expect("the test server answers");
        // Through the log, and not by copying files: that takes a checkpoint, and five times as long.
        let create = format!("create database {name} template {template} strategy wal_log");
        run(&mut admin, create).await;
        admin.close().await.expect("a clean end");
        let pool = PgPoolOptions::new()
            .max_connections(connections)
            .connect_with(server.clone().database(&name))
            .await
            .expect("the fresh database answers");
        Self { pool, server, name }
    }

    /// The database's pool.
    #[must_use]
    pub fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// The database's URL, for a child process.
    #[must_use]
    pub fn url(&self) -> String {
        let url = std::env::var("TEST_DATABASE_URL").unwrap_or_default();
        let (base, query) = url
            .split_once('?')
            .map_or((url.as_str(), String::new()), |(b, q)| (b, format!("?{q}")));
        let base = base.rsplit_once('/').map_or(base, |(server, _)| server);
        format!("{base}/{}{query}", self.name)
    }
}

impl Drop for TestDatabase {
    /// Drops the database on a thread of its own, because `drop` cannot wait. What fails to be dropped is harmless: the
    /// server of the tests lives as long as they do.
    fn drop(&mut self) {
        let (server, name) = (self.server.clone(), self.name.clone());
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            let Ok(runtime) = runtime else { return };
            runtime.block_on(async {
                if let Ok(mut admin) = PgConnection::connect_with(&server).await {
                    let drop =
                        sqlx::AssertSqlSafe(format!("drop database if exists {name} with (force)"));
                    let _ = sqlx::query(drop).execute(&mut admin).await;
                }
            });
        });
        let _ = dropped.join();
    }
}

/// The template for this state of the migrations; made by whoever comes first.
async fn template(server: &PgConnectOptions) -> String {
    let state = MIGRATOR.iter().fold(0u64, |hash, migration| {
        migration.checksum.iter().fold(hash, |hash, byte| {
            hash.wrapping_mul(31).wrapping_add(u64::from(*byte))
        })
    });
    let name = format!("millstream_template_{state:x}");
    let mut admin = PgConnection::connect_with(server)
        .await
        .expect("the test server answers");
    let mut tx = admin.begin().await.expect("a transaction");
    sqlx::query("select pg_advisory_xact_lock(72616772)")
        .execute(&mut *tx)
        .await
        .expect("the lock");
    let exists: bool =
        sqlx::query_scalar("select exists (select from pg_database where datname = $1)")
            .bind(&name)
            .fetch_one(&mut *tx)
            .await
            .expect("the catalog answers");
    if !exists {
        let unfinished = format!("{name}_unfinished");
        let mut second = PgConnection::connect_with(server)
            .await
            .expect("the test server answers");
        run(
            &mut second,
            format!("drop database if exists {unfinished} with (force)"),
        )
        .await;
        run(&mut second, format!("create database {unfinished}")).await;
        let mut fresh = PgConnection::connect_with(&server.clone().database(&unfinished))
            .await
            .expect("the fresh database answers");
        MIGRATOR
            .run(&mut fresh)
            .await
            .expect("the migrations apply");
        fresh.close().await.expect("a clean end");
        run(
            &mut second,
            format!("alter database {unfinished} rename to {name}"),
        )
        .await;
    }
    tx.commit().await.expect("the lock is given back");
    name
}

async fn run(db: &mut PgConnection, sql: String) {
    sqlx::query(sqlx::AssertSqlSafe(sql.clone()))
        .execute(db)
        .await
        .unwrap_or_else(|e| panic!("{sql}: {e}"));
}

#[expect(
    clippy::disallowed_methods,
    reason = "databases of tests that run at once need names that differ"
)]
fn unique() -> u128 {
    Uuid::now_v7().as_u128()
}

/// A store on a database of its own, with a clock and ids that the test sets, and a mover to be run by hand.
#[derive(Debug)]
pub struct TestStore {
    /// The store.
    pub store: Store,
    /// Its clock.
    pub clock: Arc<MockClock>,
    /// Moves the outbox into the log.
    pub mover: Mover,
    database: TestDatabase,
}

impl TestStore {
    /// A store on a fresh database.
    pub async fn new() -> Self {
        Self::on(TestDatabase::new().await)
    }

    /// A store on a database with a single connection, like the embedded one.
    pub async fn single_connection() -> Self {
        Self::on(TestDatabase::single_connection().await)
    }

    /// A store on this database.
    #[must_use]
    pub fn on(database: TestDatabase) -> Self {
        let clock = Arc::new(MockClock::default());
        let mover = Mover::new(database.pool().clone());
        let store = Store::new(
            database.pool().clone(),
            mover.poke(),
            clock.clone(),
            Arc::new(SeededIds::new(1)),
        );
        Self {
            store,
            clock,
            mover,
            database,
        }
    }

    /// The database.
    #[must_use]
    pub fn database(&self) -> &TestDatabase {
        &self.database
    }
}
