//! Many tasks in one request.

use crate::app::{Answer, TestApp, User};
use serde_json::{Value, json};

async fn batch(app: &TestApp, by: &User, operations: Value) -> Answer {
    let request = app.post("/tasks/batch", json!({"operations": operations}));
    request.by(by).send().await
}

/// The status of each operation, with the code of what was wrong and the fields.
fn told(answer: &Answer) -> Vec<String> {
    let results = answer.data()["results"].clone();
    let told = results.as_array().unwrap().iter().map(|result| {
        let error = &result["error"];
        let fields = error["fields"].as_array().into_iter().flatten();
        let fields = fields.map(|f| format!(" {}", f["field"].as_str().unwrap()));
        let code = error["code"].as_str().map(|code| format!(" {code}"));
        let code = code.unwrap_or_default();
        format!("{}{code}{}", result["status"], fields.collect::<String>())
    });
    told.collect()
}

#[tokio::test]
async fn what_is_good_is_done_in_order_in_one_write() {
    let app = TestApp::new().await;
    let (ada, _, project) = app.with_project().await;
    for title in ["one", "two", "three"] {
        app.task(&ada, &project, title).await;
    }
    let operations = json!([
        {"op": "create", "body": {"project_id": project, "title": "four", "tags": ["mill"], "parent_id": null}},
        {"op": "patch", "id": "ENG-1", "body": {"status": "done"}, "version": 1},
        {"op": "patch", "id": "ENG-1", "body": {"title": "uno"}, "version": 2},
        {"op": "archive", "id": "ENG-2"},
        {"op": "delete", "id": "ENG-3", "body": {}},
        {"op": "patch", "id": "ENG-2"},
    ]);
    let done = batch(&app, &ada, operations).await.expect(200);
    assert_eq!(told(&done), ["201", "200", "200", "200", "204", "200"]);
    let data = done.data();
    let results = data["results"].as_array().unwrap();
    assert_eq!(data["undo_id"], Value::Null);
    assert_eq!(results[0]["data"]["name"], "ENG-4");
    assert_eq!(results[1]["data"]["version"], 2);
    assert_eq!(results[4], json!({"status": 204, "data": null}));
    for (result, name) in [(0, "ENG-4"), (2, "ENG-1"), (3, "ENG-2")] {
        let read = app.get(&format!("/tasks/{name}")).by(&ada).send().await;
        assert_eq!(read.expect(200).data(), results[result]["data"]);
    }
    let gone = app.get("/tasks/ENG-3").by(&ada).send().await;
    gone.expect_error(404, "not_found");
    assert!(!done.position().is_empty());
    let none = batch(&app, &ada, json!([])).await.expect(200);
    assert_eq!(none.data(), json!({"results": [], "undo_id": null}));
    app.expect_no_event(&none).await;
}

#[tokio::test]
async fn what_is_wrong_fails_alone_as_it_would_have_failed_alone() {
    let app = TestApp::new().await;
    let (ada, _, project) = app.with_project().await;
    let grace = app.user("grace").await;
    let team = app.team(&grace, "Bakers").await;
    let bakery = app.project(&grace, &team, "BAK").await;
    let dough = app.task(&grace, &bakery, "dough").await;
    let mine = app.task(&ada, &project, "wheel").await;
    // The first who registered is the admin and sees everything; somebody else does not.
    let joan = app.user("joan").await;
    let mill = mine["project_id"].clone();
    let home = app.get("/projects").by(&ada).send().await.expect(200);
    let home = home.data()[0]["team_id"].as_str().unwrap().to_owned();
    app.member(&ada, &home, &joan, "member").await;
    let operations = json!([
        {"op": "create", "body": {"project_id": mill, "title": " ", "odd": 1}},
        {"op": "create", "body": {"project_id": bakery, "title": "x"}},
        {"op": "patch", "id": dough["id"], "body": {"title": "x"}},
        {"op": "patch", "id": "BAK-1", "body": {"title": "x"}},
        {"op": "patch", "id": mine["id"], "body": {"parent_id": dough["id"], "assignees": [{"user_id": grace.id}]}},
        {"op": "patch", "id": mine["id"], "body": {"project_id": mill}, "version": "1"},
        {"op": "patch", "id": mine["id"], "body": {"title": "late"}, "version": 9},
        {"op": "delete", "id": "ENG-99"},
        {"op": "archive", "id": "no name"},
        {"op": "explode", "id": "ENG-1"},
        "patch",
        {"op": "patch", "id": "ENG-1", "body": {"title": "better"}},
    ]);
    let done = batch(&app, &joan, operations).await.expect(200);
    assert_eq!(
        told(&done),
        [
            "422 validation_failed title odd",
            "422 validation_failed project_id",
            "404 not_found",
            "404 not_found",
            "422 validation_failed assignees[0].user_id parent_id",
            "422 validation_failed version project_id",
            "412 precondition_failed",
            "404 not_found",
            "404 not_found",
            "422 validation_failed op",
            "422 validation_failed ",
            "200",
        ]
    );
    let data = done.data();
    assert!(data["results"][0].get("data").is_none());
    let alone = app.post(
        "/tasks",
        json!({"project_id": mill, "title": " ", "odd": 1}),
    );
    let alone = alone.by(&joan).send().await.expect(422).json();
    assert_eq!(data["results"][0]["error"], alone["error"]);
    let dough = app.get("/tasks/BAK-1").by(&grace).send().await;
    assert_eq!(dough.expect(200).data()["title"], "dough");
}

#[tokio::test]
async fn a_batch_of_another_form_is_refused_as_a_whole() {
    let app = TestApp::new().await;
    let (ada, _, project) = app.with_project().await;
    let one = json!({"op": "create", "body": {"project_id": project, "title": "x"}});
    let many = batch(&app, &ada, json!(vec![one.clone(); 501])).await;
    let many = many.expect_error(422, "validation_failed");
    many.expect_fields(&[("operations", "too_long")]);
    for (body, expected) in [
        (json!({}), ("operations", "required")),
        (json!({"operations": one}), ("operations", "invalid")),
        (json!({"operations": [], "undo": true}), ("undo", "unknown")),
    ] {
        let refused = app.post("/tasks/batch", body).by(&ada).send().await;
        let refused = refused.expect_error(422, "validation_failed");
        refused.expect_fields(&[expected]);
    }
    let tasks = app.get("/tasks").by(&ada).send().await.expect(200);
    assert_eq!(tasks.data(), json!([]));
}

#[tokio::test]
async fn five_hundred_are_not_too_many() {
    let app = TestApp::new().await;
    let (ada, _, project) = app.with_project().await;
    let new = |n: usize| {
        let body = json!({"project_id": project, "title": format!("{n}"), "tags": ["all"]});
        json!({"op": "create", "body": body})
    };
    let made = batch(&app, &ada, (0..500).map(new).collect()).await;
    let made = made.expect(200).data();
    assert_eq!(made["results"][499]["data"]["name"], "ENG-500");
    let done =
        |n: usize| json!({"op": "patch", "id": format!("ENG-{n}"), "body": {"status": "done"}});
    let done = batch(&app, &ada, (1..=500).rev().map(done).collect()).await;
    assert_eq!(told(&done.expect(200)), vec!["200"; 500]);
}

#[tokio::test]
async fn a_viewer_changes_nothing_and_the_audit_knows_what_they_tried() {
    let app = TestApp::with_views().await;
    let (ada, team, project) = app.with_project().await;
    let vera = app.user("vera").await;
    app.member(&ada, &team, &vera, "viewer").await;
    let task = app.task(&ada, &project, "wheel").await;
    let operations = json!([
        {"op": "create", "body": {"project_id": project, "title": "x"}},
        {"op": "patch", "id": task["id"], "body": {"title": "x"}},
        {"op": "archive", "id": task["id"]},
        {"op": "delete", "id": task["id"]},
    ]);
    let done = batch(&app, &vera, operations).await.expect(200);
    assert_eq!(told(&done), vec!["403 forbidden"; 4]);
    let read = app.get("/tasks/ENG-1").by(&ada).send().await.expect(200);
    assert_eq!(read.data(), task);
    let last = app.post("/tasks/ENG-1/archive", json!({})).by(&ada);
    let last = last.send().await.expect(200);
    let told = app.get("/audit?action=access.refused").by(&ada);
    let told = told.after(&last).send().await.expect(200);
    let entities = told.each("entity_id");
    assert!(
        entities.contains(&task["id"].as_str().unwrap().to_owned()),
        "{entities:?}"
    );
    assert_eq!(entities.len(), 2);
}

#[tokio::test]
async fn a_batch_that_is_repeated_is_done_once_with_what_was_refused() {
    let app = TestApp::new().await;
    let (ada, _, project) = app.with_project().await;
    let operations = json!([
        {"op": "create", "body": {"project_id": project, "title": "x"}},
        {"op": "patch", "id": "ENG-2", "body": {"title": "y"}},
    ]);
    let send = |operations: Value| {
        let request = app.post("/tasks/batch", json!({"operations": operations}));
        request.by(&ada).header("idempotency-key", "k").send()
    };
    let first = send(operations.clone()).await.expect(200);
    assert_eq!(told(&first), ["201", "404 not_found"]);
    app.task(&ada, &project, "ENG-2 by now").await;
    let again = send(operations).await.expect(200);
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_eq!(again.body, first.body);
    assert_eq!(again.position(), first.position());
    let other = send(json!([])).await;
    other.expect_error(422, "idempotency_key_reused");
    let tasks = app.get("/tasks").by(&ada).send().await.expect(200);
    assert_eq!(tasks.each("title"), ["ENG-2 by now", "x"]);
}

#[tokio::test]
async fn on_one_connection_a_batch_waits_for_nobody() {
    let app = TestApp::with_one_connection().await;
    let (ada, team, project) = app.with_project().await;
    let vera = app.user("vera").await;
    app.member(&ada, &team, &vera, "viewer").await;
    let operations = json!([
        {"op": "create", "body": {"project_id": project, "title": "x", "tags": ["new"]}},
        {"op": "patch", "id": "ENG-1", "body": {"title": "y"}},
    ]);
    let done = batch(&app, &ada, operations.clone()).await.expect(200);
    assert_eq!(told(&done), ["201", "404 not_found"]);
    let refused = batch(&app, &vera, operations).await.expect(200);
    assert_eq!(told(&refused), vec!["403 forbidden"; 2]);
}
