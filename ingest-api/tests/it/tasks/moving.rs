//! `POST /tasks/{id}/move`

use crate::app::{Answer, TestApp, User};
use axum::http::Method;
use serde_json::{Value, json};

async fn moved(app: &TestApp, by: &User, task: &str, body: Value) -> Answer {
    let path = format!("/tasks/{task}/move");
    app.post(&path, body).by(by).send().await
}

async fn board(app: &TestApp, by: &User, project: &str) -> String {
    let path = format!("/projects/{project}/tasks?sort=rank");
    app.get(&path)
        .by(by)
        .send()
        .await
        .expect(200)
        .each("title")
        .concat()
}

#[tokio::test]
async fn a_task_goes_to_a_place_and_into_a_column() {
    let app = TestApp::new().await;
    let (ada, _, project) = app.with_project().await;
    let mut ids = Vec::new();
    for title in ["a", "b", "c"] {
        ids.push(app.task(&ada, &project, title).await["id"].clone());
    }
    let body = json!({"after": ids[1], "status": "in_progress"});
    let there = moved(&app, &ada, "ENG-1", body.clone()).await.expect(200);
    assert_eq!(there.data()["status"], "in_progress");
    assert_eq!(board(&app, &ada, &project).await, "bac");
    let again = moved(&app, &ada, "ENG-1", body).await.expect(200);
    assert_eq!(again.data(), there.data());
    app.expect_no_event(&again).await;
    moved(&app, &ada, "ENG-3", json!({"before": ids[1]}))
        .await
        .expect(200);
    assert_eq!(board(&app, &ada, &project).await, "cba");
    let nowhere = moved(&app, &ada, "ENG-3", json!({})).await.expect(200);
    app.expect_no_event(&nowhere).await;
    let nobody = "0198c0de-0000-7000-8000-000000000000";
    let lost = json!({"after": nobody, "before": ids[0]});
    let lost = moved(&app, &ada, "ENG-1", lost).await;
    let lost = lost.expect_error(422, "validation_failed");
    lost.expect_fields(&[("after", "not_found"), ("before", "not_found")]);
    let etag = there.header("etag").unwrap().to_owned();
    moved(&app, &ada, "ENG-1", json!({"status": "todo"}))
        .await
        .expect(200);
    let stale = app
        .post("/tasks/ENG-1/move", json!({"status": "done"}))
        .by(&ada);
    let stale = stale.header("if-match", &etag).send().await;
    stale.expect_error(412, "precondition_failed");
    // Without a body, as a button sends it.
    let path = "/api/v1/tasks/ENG-1/move";
    app.request(Method::POST, path)
        .by(&ada)
        .send()
        .await
        .expect(200);
}

#[tokio::test]
async fn what_is_wrong_with_a_destination_is_told() {
    let app = TestApp::new().await;
    let (ada, _, project) = app.with_project().await;
    app.task(&ada, &project, "a").await;
    let body =
        json!({"status": "gone", "after": 7, "before": "x", "project_id": "ENG", "rank": "a"});
    let wrong = moved(&app, &ada, "ENG-1", body).await;
    wrong
        .expect_error(422, "validation_failed")
        .expect_fields(&[
            ("status", "not_one_of"),
            ("after", "invalid"),
            ("before", "invalid"),
            ("project_id", "invalid"),
            ("rank", "unknown"),
        ]);
    let nil = "0198c0de-0000-7000-8000-000000000000";
    let absent = moved(&app, &ada, "ENG-1", json!({"after": nil})).await;
    let absent = absent.expect_error(422, "validation_failed");
    absent.expect_fields(&[("after", "not_found")]);
    let absent = moved(&app, &ada, "ENG-1", json!({"project_id": nil})).await;
    let absent = absent.expect_error(422, "validation_failed");
    absent.expect_fields(&[("project_id", "not_found")]);
}

#[tokio::test]
async fn in_another_project_a_task_is_found_by_its_old_name_too() {
    let app = TestApp::with_views().await;
    let (ada, team, project) = app.with_project().await;
    app.task(&ada, &project, "Grease the wheel").await;
    let other = app.project(&ada, &team, "OPS").await;
    app.task(&ada, &other, "first").await;
    let there = moved(&app, &ada, "ENG-1", json!({"project_id": other}))
        .await
        .expect(200);
    assert_eq!(there.data()["name"], "OPS-2");
    for name in ["ENG-1", "eng-1", "OPS-2"] {
        let read = app
            .get(&format!("/tasks/{name}"))
            .by(&ada)
            .send()
            .await
            .expect(200);
        assert_eq!(read.data()["name"], "OPS-2", "{name}");
    }
    // Written by its old name, and found by it.
    let patch = app
        .patch("/tasks/ENG-1", json!({"priority": "high"}))
        .by(&ada);
    let patched = patch.send().await.expect(200);
    let found = app
        .get("/search?q=ENG-1")
        .by(&ada)
        .after(&patched)
        .send()
        .await;
    assert_eq!(found.expect(200).data()[0]["task"]["name"], "OPS-2");
    // The number is not given again.
    assert_eq!(app.task(&ada, &project, "next").await["name"], "ENG-2");
}

#[tokio::test]
async fn moving_takes_the_right_to_write_in_both_projects() {
    let app = TestApp::new().await;
    let (ada, team, project) = app.with_project().await;
    app.task(&ada, &project, "Grease the wheel").await;
    let grace = app.user("grace").await;
    let bakers = app.team(&grace, "Bakers").await;
    let ovens = app.project(&grace, &bakers, "OVEN").await;
    // She does not see the task; then sees it; then writes here, and he only reads there.
    let to_ovens = || moved(&app, &grace, "ENG-1", json!({"project_id": ovens}));
    to_ovens().await.expect_error(404, "not_found");
    app.member(&ada, &team, &grace, "viewer").await;
    to_ovens().await.expect_error(403, "forbidden");
    let alan = app.user("alan").await;
    app.member(&ada, &team, &alan, "member").await;
    let by_alan = || moved(&app, &alan, "ENG-1", json!({"project_id": ovens}));
    let unseen = by_alan().await.expect_error(422, "validation_failed");
    unseen.expect_fields(&[("project_id", "not_found")]);
    app.member(&grace, &bakers, &alan, "viewer").await;
    by_alan().await.expect_error(403, "forbidden");
    let path = format!("/teams/{bakers}/members/{}", alan.id);
    let promote = app.put(&path, json!({"role": "member"})).by(&grace);
    promote.send().await.expect(200);
    by_alan().await.expect(200);
}
