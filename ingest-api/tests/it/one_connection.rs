//! The embedded database has one connection. Nothing may hold it while it asks for another: that would wait for ever.

use crate::app::{TestApp, User};
use serde_json::{Value, json};

async fn act(app: &TestApp, by: &User, path: &str, body: Value) -> u16 {
    let request = app.post(path, body).by(by);
    let request = request.header("idempotency-key", path);
    request.send().await.status
}

#[tokio::test]
async fn everything_works_over_a_single_connection() {
    let app = TestApp::with_one_connection().await;
    let (ada, team, project) = app.with_project().await;
    let grace = app.user("grace").await;
    app.member(&ada, &team, &grace, "viewer").await;
    let task = json!({"project_id": project, "title": "Grease", "tags": ["oil"], "assignees": [{"user_id": grace.id}]});
    assert_eq!(act(&app, &ada, "/tasks", task).await, 201);
    let comment = json!({"body": "Left, @grace."});
    assert_eq!(
        act(&app, &grace, "/tasks/ENG-1/comments", comment.clone()).await,
        403
    );
    let comment = app.post("/tasks/ENG-1/comments", comment).by(&ada);
    let last = comment.send().await.expect(201);
    let reads = [
        "/activity",
        "/audit",
        "/search?q=grease",
        "/tasks/ENG-1/history",
    ];
    let reads = reads.map(|path| app.get(path).by(&ada).after(&last).send());
    for read in futures::future::join_all(reads).await {
        let items = read.expect(200).data();
        assert!(!items.as_array().unwrap().is_empty());
    }
    let told = app
        .get("/notifications")
        .by(&grace)
        .after(&last)
        .send()
        .await;
    assert_eq!(told.expect(200).each("reason"), ["mentioned", "assigned"]);
}
