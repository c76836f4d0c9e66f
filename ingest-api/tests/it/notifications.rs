//! Notifications, kept by their pipeline.

use crate::app::{Answer, TestApp, User};
use serde_json::{Value, json};

struct Inbox {
    app: TestApp,
    ada: User,
    grace: User,
    last: Answer,
}

/// ada assigns a task to grace, mentions her in a comment, and finishes the task.
async fn inbox() -> Inbox {
    let app = TestApp::with_views().await;
    let (ada, team, project) = app.with_project().await;
    let grace = app.user("grace").await;
    app.member(&ada, &team, &grace, "member").await;
    app.task(&ada, &project, "Grease the wheel").await;
    let body = json!({"assignees": [{"user_id": grace.id}]});
    let assign = app.post("/tasks/ENG-1/assign", body).by(&ada);
    assign.send().await.expect(200);
    let comment = app.post(
        "/tasks/ENG-1/comments",
        json!({"body": "Left side, @grace."}),
    );
    comment.by(&ada).send().await.expect(201);
    let last = app
        .patch("/tasks/ENG-1", json!({"status": "done"}))
        .by(&ada);
    let last = last.send().await.expect(200);
    Inbox {
        app,
        ada,
        grace,
        last,
    }
}

impl Inbox {
    async fn list(&self, by: &User, query: &str, after: &Answer) -> Answer {
        let path = format!("/notifications{query}");
        self.app
            .get(&path)
            .by(by)
            .after(after)
            .send()
            .await
            .expect(200)
    }

    async fn unread(&self, after: &Answer) -> Value {
        let count = self.app.get("/notifications/count").by(&self.grace);
        count.after(after).send().await.expect(200).data()["unread"].clone()
    }

    async fn read(&self, body: Value) -> Answer {
        let request = self.app.post("/notifications/read", body);
        request.by(&self.grace).send().await
    }
}

#[tokio::test]
async fn people_are_told_what_concerns_them_and_not_what_they_did() {
    let inbox = inbox().await;
    let list = inbox.list(&inbox.grace, "", &inbox.last).await;
    assert_eq!(
        list.each("reason"),
        ["status_changed", "mentioned", "assigned"]
    );
    let mention = &list.data()[1];
    assert_eq!(mention["task"]["name"], "ENG-1");
    assert_eq!(mention["actor"]["username"], "ada");
    assert_eq!(mention["read_at"], Value::Null);
    let url = mention["url"].as_str().unwrap();
    let there = inbox
        .app
        .request(axum::http::Method::GET, url)
        .by(&inbox.grace);
    assert_eq!(
        there.send().await.expect(200).id(),
        mention["comment_id"].as_str().unwrap()
    );
    let own = inbox.list(&inbox.ada, "", &inbox.last).await;
    assert!(own.each("reason").is_empty());
    assert_eq!(inbox.unread(&inbox.last).await, 3);
}

#[tokio::test]
async fn notifications_are_read_by_id_by_time_and_all_at_once() {
    let inbox = inbox().await;
    let list = inbox.list(&inbox.grace, "", &inbox.last).await;
    let ids = list.each("id");
    let one = inbox.read(json!({"ids": [ids[0]]})).await.expect(200);
    assert_eq!(one.data()["unread"], 2);
    assert_eq!(inbox.unread(&one).await, 2);
    let unread = inbox.list(&inbox.grace, "?unread=true", &one).await;
    assert_eq!(unread.each("id"), ids[1..]);
    let early = inbox.read(json!({"before": "2025-12-31T00:00:00Z"})).await;
    assert_eq!(early.expect(200).data()["unread"], 2);
    let all = inbox.read(json!({"all": true})).await.expect(200);
    assert_eq!(all.data()["unread"], 0);
    assert_eq!(inbox.unread(&all).await, 0);
    let list = inbox.list(&inbox.grace, "", &all).await;
    assert!(
        list.data()
            .as_array()
            .unwrap()
            .iter()
            .all(|n| n["read_at"].is_string())
    );
}

#[tokio::test]
async fn exactly_one_of_the_three_ways_is_named_and_ids_are_ones_own() {
    let inbox = inbox().await;
    let list = inbox.list(&inbox.grace, "", &inbox.last).await;
    let id = list.each("id").remove(0);
    for wrong in [
        json!({}),
        json!({"ids": [id], "all": true}),
        json!({"all": false}),
        json!({"ids": [7]}),
    ] {
        let answer = inbox.read(wrong).await;
        answer.expect_error(422, "validation_failed");
    }
    let foreign = json!({"ids": [id]});
    let foreign = inbox
        .app
        .post("/notifications/read", foreign)
        .by(&inbox.ada);
    let foreign = foreign.send().await.expect_error(422, "validation_failed");
    foreign.expect_fields(&[("ids[0]", "not_found")]);
    assert_eq!(inbox.unread(&inbox.last).await, 3);
}
