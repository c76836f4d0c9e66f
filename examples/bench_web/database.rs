//! A database of its own, empty, and a data folder that belongs to it: the server that is measured brings the schema.

use sqlx::postgres::PgPoolOptions;
use sqlx::{Connection, PgConnection, PgPool};
use std::path::Path;
use tempfile::TempDir;

/// The url of a database whose user may create others.
const SERVER: &str = "TEST_DATABASE_URL";

/// The database; dropped by [`Database::remove`].
#[derive(Debug)]
pub(crate) struct Database {
    server: String,
    name: String,
    pool: PgPool,
    folder: TempDir,
}

impl Database {
    pub(crate) async fn create() -> Self {
        let server = std::env::var(SERVER).unwrap_or_else(|_| panic!("{SERVER} is not set"));
        let name = format!("millstream_bench_{}", std::process::id());
        run(&server, &format!("create database {name}")).await;
        let pool = PgPoolOptions::new().max_connections(2);
        let pool = pool.connect(&with_database(&server, &name)).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        Self {
            server,
            name,
            pool,
            folder,
        }
    }

    pub(crate) fn url(&self) -> String {
        with_database(&self.server, &self.name)
    }

    pub(crate) fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// Where the server keeps what is not in the database: the same for one server after the other, as what they keep
    /// belongs together.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
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
