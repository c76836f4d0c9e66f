//! What is done to a task: assigned, archived, thrown away, brought back.

use crate::app::TestApp;
use serde_json::json;

#[tokio::test]
async fn assigning_sets_everybody_who_works_on_it() {
    let app = TestApp::new().await;
    let (ada, team, project) = app.with_project().await;
    let grace = app.user("grace").await;
    app.member(&ada, &team, &grace, "member").await;
    app.task(&ada, &project, "Grease the wheel").await;
    let assign = |assignees: serde_json::Value| {
        let body = json!({"assignees": assignees});
        app.post("/tasks/ENG-1/assign", body).by(&ada).send()
    };
    let both = json!([{"user_id": ada.id}, {"user_id": grace.id, "role": "owner"}]);
    let first = assign(both.clone()).await.expect(200);
    let names: Vec<_> = first.data()["assignees"]
        .as_array()
        .unwrap()
        .iter()
        .map(|a| a["username"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(names, ["grace", "ada"]);
    let again = assign(both).await.expect(200);
    assert_eq!(again.data(), first.data());
    app.expect_no_event(&again).await;
    let twice = assign(json!([{"user_id": ada.id}, {"user_id": ada.id}])).await;
    let twice = twice.expect_error(422, "validation_failed");
    twice.expect_fields(&[("assignees[1].user_id", "invalid")]);
    let none = assign(json!([])).await.expect(200);
    assert_eq!(none.data()["assignees"], json!([]));
    let missing = app
        .post("/tasks/ENG-1/assign", json!({}))
        .by(&ada)
        .send()
        .await;
    let missing = missing.expect_error(422, "validation_failed");
    missing.expect_fields(&[("assignees", "required")]);
}

#[tokio::test]
async fn an_archived_task_is_still_read_and_comes_back() {
    let app = TestApp::new().await;
    let (ada, _, project) = app.with_project().await;
    app.task(&ada, &project, "Grease the wheel").await;
    let act = |act: &str| {
        let path = format!("/tasks/ENG-1/{act}");
        app.request(axum::http::Method::POST, &format!("/api/v1{path}"))
            .by(&ada)
            .send()
    };
    let archived = act("archive").await.expect(200);
    assert_eq!(archived.data()["archived"], true);
    assert!(!archived.position().is_empty());
    let again = act("archive").await.expect(200);
    assert_eq!(again.data()["version"], archived.data()["version"]);
    app.expect_no_event(&again).await;
    let read = app.get("/tasks/ENG-1").by(&ada).send().await.expect(200);
    assert_eq!(read.data()["archived"], true);
    let back = act("restore").await.expect(200);
    assert_eq!(back.data()["archived"], false);
    let body = app
        .post("/tasks/ENG-1/archive", json!({"why": "done"}))
        .by(&ada);
    let body = body.send().await.expect_error(422, "validation_failed");
    body.expect_fields(&[("why", "unknown")]);
}

#[tokio::test]
async fn a_task_in_the_trash_is_gone_until_it_is_brought_back() {
    let app = TestApp::new().await;
    let (ada, _, project) = app.with_project().await;
    app.task(&ada, &project, "Grease the wheel").await;
    let trashed = app.delete("/tasks/ENG-1").by(&ada).send().await.expect(204);
    assert!(!trashed.position().is_empty());
    let gone = || app.get("/tasks/ENG-1").by(&ada).send();
    gone().await.expect_error(404, "not_found");
    let patch = app.patch("/tasks/ENG-1", json!({"title": "x"})).by(&ada);
    patch.send().await.expect_error(404, "not_found");
    let twice = app.delete("/tasks/ENG-1").by(&ada).send().await;
    twice.expect_error(404, "not_found");
    let comment = app.post("/tasks/ENG-1/comments", json!({"body": "x"}));
    comment.by(&ada).send().await.expect_error(404, "not_found");
    let back = app.post("/tasks/ENG-1/restore", json!({})).by(&ada);
    assert_eq!(back.send().await.expect(200).data()["archived"], false);
    gone().await.expect(200);
}

#[tokio::test]
async fn only_an_admin_removes_a_task_for_ever() {
    let app = TestApp::new().await;
    let (ada, team, project) = app.with_project().await;
    let grace = app.user("grace").await;
    app.member(&ada, &team, &grace, "owner").await;
    for title in ["one", "two"] {
        app.task(&ada, &project, title).await;
    }
    let purge = |by, task: &str| {
        let path = format!("/tasks/{task}?permanent=true");
        app.delete(&path).by(by).send()
    };
    purge(&grace, "ENG-1").await.expect_error(403, "forbidden");
    let odd = app
        .delete("/tasks/ENG-1?permanent=yes")
        .by(&ada)
        .send()
        .await;
    let odd = odd.expect_error(400, "bad_request");
    odd.expect_fields(&[("permanent", "not_one_of")]);
    let gone = purge(&ada, "ENG-1").await.expect(204);
    assert!(!gone.position().is_empty());
    purge(&ada, "ENG-1").await.expect_error(404, "not_found");
    let back = app.post("/tasks/ENG-1/restore", json!({})).by(&ada);
    back.send().await.expect_error(404, "not_found");
    // Out of the trash, too, and only in the version that one knows.
    let trash = app.delete("/tasks/ENG-2?permanent=false").by(&grace);
    trash.send().await.expect(204);
    let listed = app.get("/tasks?trashed=true").by(&grace).send().await;
    assert!(listed.expect(200).data()[0]["trashed_at"].is_string());
    let stale = app.delete("/tasks/ENG-2?permanent=true").by(&ada);
    let stale = stale.header("if-match", "\"1-0\"").send().await;
    stale.expect_error(412, "precondition_failed");
    purge(&ada, "ENG-2").await.expect(204);
    let listed = app.get("/tasks?trashed=true").by(&ada).send().await;
    assert_eq!(listed.expect(200).data(), json!([]));
}

#[tokio::test]
async fn whoever_assigned_somebody_and_when_is_shown_and_sent_back_unchanged() {
    let app = TestApp::new().await;
    let (ada, team, project) = app.with_project().await;
    let grace = app.user("grace").await;
    app.member(&ada, &team, &grace, "member").await;
    app.task(&ada, &project, "Grease the wheel").await;
    let assign = |by, assignees: serde_json::Value| {
        let body = json!({"assignees": assignees});
        app.post("/tasks/ENG-1/assign", body).by(by).send()
    };
    let first = assign(&ada, json!([{"user_id": grace.id}]))
        .await
        .expect(200);
    let assignee = first.data()["assignees"][0].clone();
    assert_eq!(assignee["assigned_by"], json!(ada.id));
    assert!(assignee["assigned_at"].is_string());
    app.clock.advance(chrono::TimeDelta::minutes(1));
    let same = assign(&grace, json!([assignee])).await.expect(200);
    app.expect_no_event(&same).await;
    let mut answers = assignee.clone();
    answers["role"] = json!("owner");
    let second = assign(&grace, json!([answers])).await.expect(200);
    assert_eq!(second.data()["assignees"][0], answers);
    let history = app.get("/tasks/ENG-1/history").by(&ada).after(&second);
    let history = history.send().await.expect(200).data();
    assert_eq!(history[2]["actor"]["username"], "grace");
    let change = &history[2]["changes"][0];
    assert_eq!(
        (
            &change["field"],
            &change["from"][0]["role"],
            &change["to"][0]["role"]
        ),
        (&json!("assignees"), &json!("collaborator"), &json!("owner"))
    );
}
