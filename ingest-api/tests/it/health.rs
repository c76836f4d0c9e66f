//! How the server says that it is well.

use crate::app::{Answer, TestApp};
use axum::http::Method;
use chrono::TimeDelta;
use millstream_domain::clock::Clock;
use millstream_store::pipeline;
use serde_json::json;

async fn get(app: &TestApp, path: &str) -> Answer {
    app.request(Method::GET, path).send().await
}

#[tokio::test]
async fn a_server_with_its_database_is_live_and_ready() {
    let app = TestApp::new().await;
    let live = get(&app, "/health/live").await.expect(200);
    assert_eq!(live.json(), json!({"status": "live"}));
    let ready = get(&app, "/health/ready").await.expect(200);
    let expected = json!({"database": "ok", "schema": "ok", "keys": "ok"});
    assert_eq!(ready.json()["parts"], expected);
    assert_eq!(ready.header("cache-control"), Some("no-store"));
}

#[tokio::test]
async fn a_server_without_its_database_lives_but_is_not_ready() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    app.store.pool().close().await;
    get(&app, "/health/live").await.expect(200);
    let ready = get(&app, "/health/ready").await.expect(503);
    assert_eq!(ready.json()["status"], "unavailable");
    assert_eq!(ready.json()["parts"]["database"], "unavailable");
    let tasks = app.get("/tasks").by(&ada).send().await;
    let tasks = tasks.expect_error(503, "unavailable");
    assert_eq!(tasks.header("retry-after"), Some("1"));
    get(&app, "/problems/unavailable").await.expect(200);
}

#[tokio::test]
async fn a_schema_that_lacks_a_step_is_not_ready() {
    let app = TestApp::new().await;
    let newest =
        "delete from _sqlx_migrations where version = (select max(version) from _sqlx_migrations)";
    sqlx::query(newest).execute(app.store.pool()).await.unwrap();
    let ready = get(&app, "/health/ready").await.expect(503);
    assert_eq!(ready.json()["parts"]["schema"], "behind");
}

#[tokio::test]
async fn the_view_of_a_node_that_is_gone_has_stopped_and_takes_nobody_down() {
    let app = TestApp::new().await;
    app.user("ada").await;
    let (pool, ttl) = (app.store.pool(), TimeDelta::seconds(15));
    for node in ["gone", "here"] {
        let name = format!("search@{node}");
        pipeline::acquire(pool, &name, 1, node, app.clock.now(), ttl)
            .await
            .unwrap();
        app.clock.advance(TimeDelta::seconds(61));
    }
    let here = pipeline::renew(pool, "search@here", 1, app.clock.now(), ttl);
    assert!(here.await.unwrap());
    let ready = get(&app, "/health/ready").await.expect(200);
    let states: Vec<_> = ready.json()["pipelines"]
        .as_array()
        .unwrap()
        .iter()
        .map(|pipeline| (pipeline["name"].clone(), pipeline["state"].clone()))
        .collect();
    let expected = [("search@gone", "stopped"), ("search@here", "running")];
    assert_eq!(
        states,
        expected.map(|(name, state)| (json!(name), json!(state)))
    );
    let ada = app.log_in("ada").await;
    let pipelines = app.get("/pipelines").by(&ada).send().await.expect(200);
    assert_eq!(pipelines.each("state"), ["stopped", "running"]);
    let page = app.get("/pipelines?limit=1").by(&ada).send().await;
    let page = page.expect(200);
    assert_eq!(page.each("name"), ["search@gone"]);
    let next = format!("/pipelines?cursor={}", page.next_cursor().unwrap());
    let rest = app.get(&next).by(&ada).send().await.expect(200);
    assert_eq!(rest.each("name"), ["search@here"]);
    assert_eq!(rest.next_cursor(), None);
}
