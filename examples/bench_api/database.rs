//! A database of its own, empty: the server that is measured brings its schema.

use sqlx::postgres::PgPoolOptions;
use sqlx::{Connection, PgConnection, PgPool};

/// The url of a database whose user may create others.
const SERVER: &str = "TEST_DATABASE_URL";

/// The database; dropped by [`Database::remove`].
#[derive(Debug)]
pub(crate) struct Database {
    server: String,
    name: String,
    pool: PgPool,
}

impl Database {
    pub(crate) async fn create() -> Self {
        let server = std::env::var(SERVER).unwrap_or_else(|_| panic!("{SERVER} is not set"));
        let name = format!("millstream_bench_{}", std::process::id());
        run(&server, &format!("create database {name}")).await;
        let pool = PgPoolOptions::new().max_connections(2);
        let pool = pool.connect(&with_database(&server, &name)).await.unwrap();
        Self { server, name, pool }
    }

    pub(crate) fn url(&self) -> String {
        with_database(&self.server, &self.name)
    }

    pub(crate) fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// Removes it, whoever still uses it.
    pub(crate) async fn remove(self) {
        self.pool.close().await;
        let name = &self.name;
        run(&self.server, &format!("drop database {name} with (force)")).await;
    }
}

async fn run(url: &str, statement: &str) {
    let mut connection = PgConnection::connect(url).await.unwrap();
    let statement = sqlx::AssertSqlSafe(statement.to_owned());
    sqlx::raw_sql(statement)
        .execute(&mut connection)
        .await
        .unwrap();
}

/// The same server, another database. Options at the end stay.
fn with_database(url: &str, name: &str) -> String {
    let mut url: reqwest::Url = url.parse().unwrap();
    url.set_path(name);
    url.into()
}
