//! `--demo`: a team at work on a fresh installation, and nothing anywhere else.

use crate::installation::{Installation, PATIENCE};
use crate::server::Server;
use millstream_store::testing::TestDatabase;
use std::time::Duration;
use tokio::time::Instant;

#[tokio::test]
async fn the_demo_is_a_team_at_work_and_is_told_once() {
    let installation = Installation::embedded();
    let server = installation.start_with(&["--demo"]).await;
    let password = installation.kept("demo-password").trim().to_owned();
    let greeting = format!("log in as ada, password {password}");
    assert!(server.log().contains(&greeting), "{}", server.log());
    let ada = server.api().log_in_with("ada", &password).await;
    let tasks = ada.all("/tasks?archived=any").await;
    assert!(tasks.len() > 10, "{tasks:?}");
    // Written before the server began to listen, so the views may still be on their way.
    let last = ada
        .post("/teams", &serde_json::json!({"name": "Later"}))
        .await;
    let position = last.expect(201).position();
    let word = tasks[0]["title"]
        .as_str()
        .unwrap()
        .split(' ')
        .max_by_key(|word| word.len());
    let query = format!("/search?q={}", word.unwrap());
    let found = ada.get_after(&query, &position).await.expect(200).data();
    let names: Vec<_> = found
        .as_array()
        .unwrap()
        .iter()
        .map(|hit| &hit["task"]["name"])
        .collect();
    assert!(names.contains(&&tasks[0]["name"]), "{query}: {names:?}");
    assert_eq!(server.stop().await.code(), Some(0));

    let server = installation.start_with(&["--demo"]).await;
    assert!(server.log().contains(&greeting), "{}", server.log());
    let ada = server.api().log_in_with("ada", &password).await;
    assert_eq!(ada.all("/tasks?archived=any").await, tasks);
}

#[tokio::test]
async fn a_demo_that_was_cut_off_says_so_instead_of_passing_for_a_whole_one() {
    let database = TestDatabase::new().await;
    let installation = Installation::on(&database);
    let telling = Server::launch(installation.command(&["--demo"]));
    let deadline = Instant::now() + PATIENCE;
    loop {
        let tasks = sqlx::query_scalar::<_, i64>("select count(*) from app.task");
        if tasks.fetch_one(database.pool()).await.unwrap() > 0 {
            break;
        }
        assert!(Instant::now() < deadline, "{}", telling.log());
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    telling.kill();
    for _ in 0..2 {
        let server = installation.start_with(&["--demo"]).await;
        assert!(
            server.log().contains("cut off while it was told"),
            "{}",
            server.log()
        );
        assert_eq!(server.stop().await.code(), Some(0));
    }
}

#[tokio::test]
async fn where_somebody_works_already_no_demo_is_told() {
    let installation = Installation::embedded();
    let server = installation.start().await;
    server.found().await;
    assert_eq!(server.stop().await.code(), Some(0));

    let server = installation.start_with(&["--demo"]).await;
    assert!(
        server
            .log()
            .contains("not told: somebody works here already"),
        "{}",
        server.log()
    );
    let ada = server.api().log_in("ada").await;
    assert!(ada.all("/tasks?archived=any").await.is_empty());
}
