//! Comments on tasks.

use crate::app::{TestApp, User};
use serde_json::{Value, json};

struct Talk {
    app: TestApp,
    ada: User,
    grace: User,
    viewer: User,
}

/// The admin owns the team; grace is a member, edsger a viewer. There is one task.
async fn talk() -> Talk {
    let app = TestApp::new().await;
    let (ada, team, project) = app.with_project().await;
    let (grace, viewer) = (app.user("grace").await, app.user("edsger").await);
    app.member(&ada, &team, &grace, "member").await;
    app.member(&ada, &team, &viewer, "viewer").await;
    app.task(&ada, &project, "Grease the wheel").await;
    Talk {
        app,
        ada,
        grace,
        viewer,
    }
}

#[tokio::test]
async fn a_comment_is_written_edited_and_deleted_and_keeps_its_place() {
    let Talk {
        app, ada, grace, ..
    } = talk().await;
    let body = json!({"body": "*Left* side <script>alert(1)</script>"});
    let made = app.post("/tasks/ENG-1/comments", body).by(&grace);
    let made = made.send().await.expect(201);
    assert_eq!(made.data()["author"]["username"], "grace");
    let html = made.data()["body_html"].as_str().unwrap().to_owned();
    assert!(
        html.contains("<em>Left</em>") && !html.contains("<script"),
        "{html}"
    );
    let path = format!("/tasks/ENG-1/comments/{}", made.id());
    let edited = app.patch(&path, json!({"body": "Right side."})).by(&grace);
    let edited = edited.send().await.expect(200).data();
    assert_eq!(
        (&edited["version"], &edited["body"]),
        (&json!(2), &json!("Right side."))
    );
    assert!(edited["edited_at"].is_string());
    let answer = app.post("/tasks/ENG-1/comments", json!({"body": "Both!"}));
    answer.by(&ada).send().await.expect(201);
    app.delete(&path).by(&grace).send().await.expect(204);
    let list = app.get("/tasks/ENG-1/comments").by(&ada).send().await;
    let list = list.expect(200);
    assert_eq!(list.each("body"), ["", "Both!"]);
    assert!(list.data()[0]["deleted_at"].is_string());
    assert_eq!(list.data()[1]["deleted_at"], Value::Null);
    let task = app.get("/tasks/ENG-1").by(&ada).send().await.expect(200);
    assert_eq!(task.data()["comments_count"], 1);
    let late = app.patch(&path, json!({"body": "Again."})).by(&grace);
    late.send().await.expect_error(404, "not_found");
}

#[tokio::test]
async fn a_comment_is_edited_by_its_author_and_deleted_by_maintainers_too() {
    let Talk {
        app,
        ada,
        grace,
        viewer,
    } = talk().await;
    let made = app.post("/tasks/ENG-1/comments", json!({"body": "Mine."}));
    let made = made.by(&ada).send().await.expect(201);
    let path = format!("/tasks/ENG-1/comments/{}", made.id());
    for other in [&grace, &viewer] {
        app.get(&path).by(other).send().await.expect(200);
        let edit = app.patch(&path, json!({"body": "Yours."})).by(other);
        edit.send().await.expect_error(403, "forbidden");
        let empty = app.patch(&path, json!({})).by(other).send().await;
        empty.expect_error(403, "forbidden");
        let delete = app.delete(&path).by(other).send().await;
        delete.expect_error(403, "forbidden");
    }
    let write = app.post("/tasks/ENG-1/comments", json!({"body": "Hello?"}));
    write
        .by(&viewer)
        .send()
        .await
        .expect_error(403, "forbidden");
    let hers = app.post("/tasks/ENG-1/comments", json!({"body": "Hers."}));
    let hers = hers.by(&grace).send().await.expect(201);
    let path = format!("/tasks/ENG-1/comments/{}", hers.id());
    app.delete(&path).by(&ada).send().await.expect(204);
}

#[tokio::test]
async fn what_is_wrong_with_a_comment_is_told_at_once() {
    let Talk { app, grace, .. } = talk().await;
    let body = json!({"body": " ", "author": "ada"});
    let empty = app.post("/tasks/ENG-1/comments", body).by(&grace);
    let empty = empty.send().await.expect_error(422, "validation_failed");
    assert_eq!(empty.fields().len(), 2);
    assert_eq!(
        empty.fields()[0],
        ("body".to_owned(), "required".to_owned())
    );
    let long = json!({"body": "x".repeat(64 * 1024 + 1)});
    let long = app.post("/tasks/ENG-1/comments", long).by(&grace);
    let long = long.send().await.expect_error(422, "validation_failed");
    long.expect_fields(&[("body", "too_long")]);
}

#[tokio::test]
async fn a_comment_is_found_only_below_its_own_task() {
    let Talk {
        app, ada, grace, ..
    } = talk().await;
    let made = app.post("/tasks/ENG-1/comments", json!({"body": "Here."}));
    let made = made.by(&grace).send().await.expect(201);
    let project = app.get("/tasks/ENG-1").by(&ada).send().await.data()["project_id"].clone();
    app.task(&ada, project.as_str().unwrap(), "Another").await;
    let path = format!("/tasks/ENG-2/comments/{}", made.id());
    app.get(&path)
        .by(&grace)
        .send()
        .await
        .expect_error(404, "not_found");
    app.delete(&path)
        .by(&grace)
        .send()
        .await
        .expect_error(404, "not_found");
}

#[tokio::test]
async fn what_a_comment_said_before_is_read_until_it_is_deleted() {
    let Talk {
        app,
        ada,
        grace,
        viewer,
    } = talk().await;
    let made = app.post("/tasks/ENG-1/comments", json!({"body": "*Left* side."}));
    let made = made.by(&grace).send().await.expect(201);
    let other = app.post("/tasks/ENG-1/comments", json!({"body": "Both!"}));
    other.by(&ada).send().await.expect(201);
    let path = format!("/tasks/ENG-1/comments/{}", made.id());
    let edited = app.patch(&path, json!({"body": "Right side."})).by(&grace);
    let edited = edited.send().await.expect(200);
    let history = format!("{path}/history");
    let read = app
        .get(&history)
        .by(&viewer)
        .after(&edited)
        .send()
        .await
        .expect(200);
    assert_eq!(read.each("type"), ["comment.created", "comment.edited"]);
    assert_eq!(read.each("body"), ["*Left* side.", "Right side."]);
    let first = &read.data()[0];
    assert_eq!(first["actor"]["username"], "grace");
    assert!(
        first["body_html"]
            .as_str()
            .unwrap()
            .contains("<em>Left</em>")
    );
    let page = app
        .get(&format!("{history}?limit=1"))
        .by(&viewer)
        .send()
        .await;
    let cursor = page.expect(200).next_cursor().unwrap();
    let page = app
        .get(&format!("{history}?cursor={cursor}"))
        .by(&viewer)
        .send()
        .await;
    assert_eq!(page.expect(200).each("type"), ["comment.edited"]);
    let stranger = app.user("stranger").await;
    let hidden = app.get(&history).by(&stranger).send().await;
    hidden.expect_error(404, "not_found");
    // A maintainer has deleted it: who did what is kept, what it said is not shown.
    let deleted = app.delete(&path).by(&ada).send().await.expect(204);
    let read = app
        .get(&history)
        .by(&grace)
        .after(&deleted)
        .send()
        .await
        .expect(200);
    let kinds = ["comment.created", "comment.edited", "comment.deleted"];
    assert_eq!(read.each("type"), kinds);
    assert!(!read.text().contains("side"), "{}", read.text());
    assert_eq!(read.data()[2]["actor"]["username"], "ada");
}
