//! `GET /tasks/{id}/history`

use crate::app::TestApp;
use serde_json::json;

#[tokio::test]
async fn the_history_of_a_task_is_read_from_the_log_oldest_first() {
    let app = TestApp::new().await;
    let (ada, _, project) = app.with_project().await;
    app.task(&ada, &project, "Grease the wheel").await;
    let patch = json!({"priority": "high", "title": "Grease both wheels"});
    app.patch("/tasks/ENG-1", patch)
        .by(&ada)
        .send()
        .await
        .expect(200);
    let comment = app.post("/tasks/ENG-1/comments", json!({"body": "Left first."}));
    let comment = comment.by(&ada).send().await.expect(201);
    let history = app.get("/tasks/ENG-1/history").by(&ada).after(&comment);
    let history = history.send().await.expect(200);
    assert_eq!(
        history.each("type"),
        ["task.created", "task.updated", "comment.created"]
    );
    let items = history.data();
    assert_eq!(items[1]["actor"]["username"], "ada");
    let changes = items[1]["changes"].as_array().unwrap();
    let priority = changes.iter().find(|c| c["field"] == "priority").unwrap();
    assert_eq!(
        (&priority["from"], &priority["to"]),
        (&json!("medium"), &json!("high"))
    );
    let first = app.get("/tasks/ENG-1/history?limit=2").by(&ada);
    let first = first.send().await.expect(200);
    let cursor = first.next_cursor().unwrap();
    let rest = app
        .get(&format!("/tasks/ENG-1/history?cursor={cursor}"))
        .by(&ada);
    let rest = rest.send().await.expect(200);
    assert_eq!(rest.each("type"), ["comment.created"]);
    assert_eq!(rest.next_cursor(), None);
    let odd = app
        .get("/tasks/ENG-1/history?cursor=odd")
        .by(&ada)
        .send()
        .await;
    odd.expect_error(400, "bad_request")
        .expect_fields(&[("cursor", "invalid")]);
}
