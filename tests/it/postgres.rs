//! The same on a Postgres server.

use crate::api::Session;
use crate::installation::{Installation, PATIENCE};
use millstream_store::testing::TestDatabase;
use std::path::Path;
use std::time::Duration;
use tokio::time::Instant;

/// A database in which nothing is.
pub(crate) async fn empty() -> TestDatabase {
    let database = TestDatabase::new().await;
    for sql in [
        "drop schema app cascade",
        "drop schema jobs cascade",
        "drop schema stream cascade",
        "drop table _sqlx_migrations",
    ] {
        sqlx::query(sql).execute(database.pool()).await.unwrap();
    }
    database
}

/// Whether a task that somebody made is found in every view.
pub(crate) async fn finds(reader: &Session, name: &str, position: &str) {
    let found = reader
        .get_after("/search?q=wheel", position)
        .await
        .expect(200)
        .data();
    assert_eq!(found[0]["task"]["name"], name, "{found}");
    let activity = reader
        .get_after("/activity", position)
        .await
        .expect(200)
        .data();
    assert_eq!(activity[0]["task"]["name"], name, "{activity}");
    let audit = reader.get_after("/audit", position).await.expect(200);
    let audit = audit.data();
    let made = audit
        .as_array()
        .unwrap()
        .iter()
        .find(|entry| entry["action"] == "task.created");
    assert_eq!(made.unwrap()["entity_name"], name, "{audit}");
}

#[tokio::test]
async fn an_empty_database_gets_its_schema_and_a_restart_keeps_what_was_done() {
    let database = empty().await;
    let installation = Installation::on(&database);
    let server = installation.start().await;
    assert!(
        server.log().contains("Database            Postgres\n"),
        "{}",
        server.log()
    );
    assert!(!installation.data().join("postgres").exists());
    let ada = server.found().await;
    let project = ada.project("ENG").await;
    let position = ada.task(&project, "Fix the mill wheel").await.position();
    finds(&ada, "ENG-1", &position).await;
    assert_eq!(server.stop().await.code(), Some(0));

    let server = installation.start().await;
    assert!(
        !server.log().contains("Nobody has registered yet"),
        "{}",
        server.log()
    );
    let ada = server.api().log_in("ada").await;
    finds(&ada, "ENG-1", &position).await;
    assert_eq!(server.stop().await.code(), Some(0));
}

#[tokio::test]
async fn the_schema_can_be_brought_up_to_date_without_a_server() {
    let database = empty().await;
    let installation = Installation::on(&database);
    for _ in 0..2 {
        let ended = installation.run(&["migrate"]).await.expect(0);
        ended.says("the database's schema is up to date");
    }
    let tables = "select count(*) from information_schema.tables where table_schema = 'app'";
    let tables: i64 = sqlx::query_scalar(tables)
        .fetch_one(database.pool())
        .await
        .unwrap();
    assert!(tables > 10, "{tables}");
}

#[tokio::test]
async fn connections_that_are_cut_are_made_anew() {
    let database = TestDatabase::new().await;
    let installation = Installation::on(&database);
    let server = installation.start().await;
    let ada = server.found().await;
    let project = ada.project("ENG").await;
    let cut = "select count(pg_terminate_backend(pid)) from pg_stat_activity
               where datname = current_database() and application_name = 'millstream'";
    let cut: i64 = sqlx::query_scalar(cut)
        .fetch_one(database.pool())
        .await
        .unwrap();
    assert!(cut > 0);
    let deadline = Instant::now() + PATIENCE;
    let body = serde_json::json!({"project_id": project, "title": "Fix the mill wheel"});
    let position = loop {
        let answer = ada
            .post_once("/tasks", &body, "the one task")
            .await
            .unwrap();
        if answer.status() == 201 {
            break answer.position();
        }
        assert!(Instant::now() < deadline, "{answer:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    finds(&ada, "ENG-1", &position).await;
    assert_eq!(server.stop().await.code(), Some(0));
}

#[tokio::test]
async fn two_servers_on_one_database_show_the_same() {
    let database = TestDatabase::new().await;
    let installations = [Installation::on(&database), Installation::on(&database)];
    let first = installations[0].start().await;
    let ada = first.found().await;
    let second = installations[1].start().await;
    let project = ada.project("ENG").await;
    let position = ada.task(&project, "Fix the mill wheel").await.position();
    let elsewhere = second.api().log_in("ada").await;
    finds(&elsewhere, "ENG-1", &position).await;
    finds(&ada, "ENG-1", &position).await;
    // The pipelines of the one that goes are taken over by the one that stays.
    assert_eq!(first.stop().await.code(), Some(0));
    let task = elsewhere.task(&project, "Oil the wheel").await;
    finds(&elsewhere, "ENG-2", &task.position()).await;
}

#[tokio::test]
async fn the_pipelines_of_a_server_that_was_killed_are_taken_over() {
    let database = TestDatabase::new().await;
    let installations = [Installation::on(&database), Installation::on(&database)];
    let first = installations[0].start().await;
    let ada = first.found().await;
    let project = ada.project("ENG").await;
    let second = installations[1].start().await;
    let elsewhere = second.api().log_in("ada").await;
    first.kill();
    let position = elsewhere
        .task(&project, "Fix the mill wheel")
        .await
        .position();
    finds(&elsewhere, "ENG-1", &position).await;
}

#[tokio::test]
async fn a_database_that_there_is_not_is_told_by_name() {
    let database = TestDatabase::new().await;
    let url = format!("{}_of_nobody", database.url());
    let ended = Installation::at(&url).run(&[]).await.expect(1);
    ended
        .complains("the Postgres server of DATABASE_URL cannot be reached")
        .complains("_of_nobody\" does not exist");
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_left_alone() {
    let database = TestDatabase::new().await;
    let later = "insert into _sqlx_migrations values (20990101000001, 'later', now(), true, '', 1)";
    sqlx::query(later).execute(database.pool()).await.unwrap();
    let ended = Installation::on(&database).run(&[]).await.expect(1);
    ended
        .complains("a newer Millstream has been at work on this database")
        .complains("20990101000001");
}

#[tokio::test]
async fn a_search_index_that_is_lost_or_damaged_is_built_anew() {
    let database = TestDatabase::new().await;
    let installation = Installation::on(&database);
    let server = installation.start().await;
    let ada = server.found().await;
    let project = ada.project("ENG").await;
    let position = ada.task(&project, "Fix the mill wheel").await.position();
    finds(&ada, "ENG-1", &position).await;
    assert_eq!(server.stop().await.code(), Some(0));
    let search = installation.data().join("search");

    std::fs::remove_dir_all(&search).unwrap();
    let server = installation.start().await;
    let ada = server.api().log_in("ada").await;
    finds(&ada, "ENG-1", &position).await;
    assert_eq!(server.stop().await.code(), Some(0));

    overwrite(&search);
    let server = installation.start().await;
    let ada = server.api().log_in("ada").await;
    finds(&ada, "ENG-1", &position).await;
}

/// Overwrites every file in a folder and in those below it.
fn overwrite(folder: &Path) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            overwrite(&path);
        } else {
            std::fs::write(path, "no index").unwrap();
        }
    }
}
