//! `millstream rebuild`: through the running server and without one, refused, interrupted by `kill -9`, and its exit codes.

use crate::api::Session;
use crate::installation::Installation;
use millstream_store::testing::TestDatabase;
use serde_json::json;
use sqlx::PgPool;
use std::time::Duration;

/// The views that can be made anew.
const VIEWS: [&str; 3] = ["activity", "notifications", "search"];

/// Somebody who has written so much, with views that show it.
async fn written(ada: &Session, tasks: usize) {
    let project = ada.project("ENG").await;
    for n in 0..tasks {
        ada.task(&project, &format!("Wheel {n}")).await;
    }
    let last = ada.post("/teams", &json!({"name": "The last write"})).await;
    for view in ["/activity", "/search", "/notifications"] {
        ada.get_after(view, &last.position()).await.expect(200);
    }
}

async fn lines(pool: &PgPool) -> Vec<String> {
    sqlx::query_scalar("select a::text from app.activity a order by seq")
        .fetch_all(pool)
        .await
        .unwrap()
}

async fn damage(pool: &PgPool) {
    sqlx::query("delete from app.activity where seq = (select max(seq) from app.activity)")
        .execute(pool)
        .await
        .unwrap();
}

#[tokio::test]
async fn views_are_made_anew_by_the_running_server_and_without_one_on_the_embedded_database() {
    let installation = Installation::embedded();
    let server = installation.start().await;
    written(&server.found().await, 5).await;
    for view in VIEWS {
        let done = installation.run(&["rebuild", view]).await.expect(0);
        done.says("was made anew").says("0 differed");
    }
    let ada = server.api().log_in("ada").await;
    let found = ada.get("/search?q=wheel").await.expect(200);
    assert_eq!(found.data().as_array().map(Vec::len), Some(5));
    server.stop().await;
    for view in VIEWS {
        let done = installation.run(&["rebuild", view]).await.expect(0);
        done.says("was made anew").says("0 differed");
    }
    let done = installation
        .run(&["rebuild", "search", "--compare-only"])
        .await;
    done.expect(0).says("was compared with what the log gives");
}

#[tokio::test]
async fn what_cannot_be_made_anew_is_wrong_usage_with_the_reason() {
    let installation = Installation::embedded();
    let server = installation.start().await;
    server.found().await;
    for (view, why) in [
        ("audit", "millstream audit verify"),
        ("mails", "cannot be taken back"),
        ("kafka", "repairs a mirror"),
        ("timers", "goes on from what it remembers"),
        ("lake", "delete the folder"),
        (
            "everything",
            "only activity, notifications, search are made anew",
        ),
    ] {
        let refused = installation.run(&["rebuild", view]).await.expect(2);
        refused.complains(why);
    }
}

#[tokio::test]
async fn what_differs_is_an_exit_code_of_comparing_and_is_mended_by_making_anew() {
    let database = TestDatabase::new().await;
    let installation = Installation::on(&database);
    let server = installation.start().await;
    written(&server.found().await, 3).await;
    let whole = lines(database.pool()).await;
    damage(database.pool()).await;
    let compare = ["rebuild", "activity", "--compare-only"];
    let told = installation.run(&compare).await.expect(1);
    told.says("1 differed")
        .says("missing before: 1")
        .says("before: nothing");
    let done = installation.run(&["rebuild", "activity"]).await.expect(0);
    done.says("1 differed");
    assert_eq!(lines(database.pool()).await, whole);
    installation.run(&compare).await.expect(0);
}

#[tokio::test]
async fn kill_9_in_the_middle_leaves_the_view_whole_and_it_can_be_begun_anew() {
    let database = TestDatabase::new().await;
    let installation = Installation::on(&database);
    let mut server = installation.start().await;
    written(&server.found().await, 30).await;
    let whole = lines(database.pool()).await;
    damage(database.pool()).await;
    let damaged = lines(database.pool()).await;
    for ms in [0, 30, 100, 300] {
        let ada = server.api().log_in("ada").await;
        for view in ["activity", "notifications"] {
            ada.post(&format!("/pipelines/{view}/rebuild"), &json!({}))
                .await
                .expect(202);
        }
        tokio::time::sleep(Duration::from_millis(ms)).await;
        server.kill();
        let now = lines(database.pool()).await;
        assert!(now == damaged || now == whole, "half a view after {ms} ms");
        server = installation.start().await;
    }
    for view in VIEWS {
        installation.run(&["rebuild", view]).await.expect(0);
    }
    assert_eq!(lines(database.pool()).await, whole);
}
