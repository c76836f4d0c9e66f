//! `POST /tasks/{id}/watch`, `POST /tasks/{id}/unwatch`

use crate::app::{Answer, TestApp, User};
use serde_json::json;

async fn choose(app: &TestApp, by: &User, what: &str) -> Answer {
    let path = format!("/tasks/ENG-1/{what}");
    app.post(&path, json!({})).by(by).send().await.expect(200)
}

#[tokio::test]
async fn watchers_are_counted_and_told_until_they_stop() {
    let app = TestApp::with_views().await;
    let (ada, team, project) = app.with_project().await;
    let viewer = app.user("edsger").await;
    app.member(&ada, &team, &viewer, "viewer").await;
    let task = app.task(&ada, &project, "Grease the wheel").await;
    let etag = app.get("/tasks/ENG-1").by(&ada).send().await;
    let etag = etag.header("etag").unwrap().to_owned();
    let watched = choose(&app, &viewer, "watch").await;
    assert_eq!(watched.data()["watchers_count"], 1);
    // Nothing about the task has changed, but what is shown has.
    assert_eq!(watched.data()["version"], task["version"]);
    let cached = app
        .get("/tasks/ENG-1")
        .by(&ada)
        .header("if-none-match", &etag);
    cached.send().await.expect(200);
    let again = choose(&app, &viewer, "watch").await;
    assert_eq!(again.data(), watched.data());
    app.expect_no_event(&again).await;
    let comment = async |text: &str| {
        let comment = app.post("/tasks/ENG-1/comments", json!({"body": text}));
        comment.by(&ada).send().await.expect(201)
    };
    let reasons = async |by: &User, after: &Answer| {
        let told = app.get("/notifications").by(by).after(after).send().await;
        told.expect(200).each("reason")
    };
    comment("Left first.").await;
    let done = app
        .patch("/tasks/ENG-1", json!({"status": "done"}))
        .by(&ada);
    let done = done.send().await.expect(200);
    assert_eq!(
        reasons(&viewer, &done).await,
        ["status_changed", "commented"]
    );
    let stopped = choose(&app, &viewer, "unwatch").await;
    assert_eq!(stopped.data()["watchers_count"], 0);
    comment("Then right.").await;
    let last = comment("And you, @edsger?").await;
    assert_eq!(reasons(&viewer, &last).await[0], "mentioned");
    assert_eq!(reasons(&viewer, &last).await.len(), 3);
    // Who watches is nobody else's business.
    let history = app
        .get("/tasks/ENG-1/history")
        .by(&ada)
        .after(&last)
        .send()
        .await;
    let history = history.expect(200).each("type");
    assert!(
        history.iter().all(|kind| !kind.contains("watched")),
        "{history:?}"
    );
    let activity = app.get("/activity?task=").by(&ada).send().await;
    activity.expect_error(400, "bad_request");
    let activity = app.get("/activity").by(&ada).after(&last).send().await;
    let activity = activity.expect(200).each("type");
    assert!(
        activity.iter().all(|kind| !kind.contains("watched")),
        "{activity:?}"
    );
}
