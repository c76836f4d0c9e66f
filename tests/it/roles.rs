//! Millstream may run as a Postgres role that cannot change the schema; the owner's is then used for that alone.

use crate::installation::{Installation, ended};
use crate::postgres::{empty, finds};
use crate::server::Server;
use millstream_store::testing::TestDatabase;
use reqwest::Url;
use sqlx::{AssertSqlSafe, Connection, PgConnection};

/// Makes a role that reads and writes and may do nothing else; its name.
async fn reader_and_writer(database: &TestDatabase) -> String {
    let url = Url::parse(&database.url()).unwrap();
    let role = format!("{}_role", url.path().trim_start_matches('/'));
    for sql in [
        format!("create role {role} login"),
        format!("grant pg_read_all_data, pg_write_all_data to {role}"),
    ] {
        sqlx::query(AssertSqlSafe(sql))
            .execute(database.pool())
            .await
            .unwrap();
    }
    role
}

#[tokio::test]
async fn a_role_that_may_not_change_the_schema_needs_the_owner_for_that_alone() {
    let database = empty().await;
    let role = reader_and_writer(&database).await;
    let mut url = Url::parse(&database.url()).unwrap();
    url.set_username(&role).unwrap();
    let installation = Installation::at(url.as_str());

    let refused = installation.run(&["migrate"]).await.expect(1);
    refused
        .complains("the database's schema could not be brought up to date")
        .complains("permission denied");
    let mut command = installation.command(&["migrate"]);
    command.env("MIGRATE_DATABASE_URL", database.url());
    ended(command).await.expect(0);
    let mut command = installation.command::<&str>(&[]);
    command.env("MIGRATE_DATABASE_URL", database.url());
    let server = Server::start(command).await;
    let ada = server.found().await;
    let project = ada.project("ENG").await;
    let position = ada.task(&project, "Fix the mill wheel").await.position();
    finds(&ada, "ENG-1", &position).await;
    assert_eq!(server.stop().await.code(), Some(0));

    // Roles are the server's, and stay when the database goes.
    drop(database);
    let mut admin = PgConnection::connect_with(&millstream_store::testing::server())
        .await
        .unwrap();
    let drop = AssertSqlSafe(format!("drop role {role}"));
    sqlx::query(drop).execute(&mut admin).await.unwrap();
}
