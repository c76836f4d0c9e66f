//! Bodies: their form, their limits, and how everything that is wrong with them is told at once.

use crate::app::{TestApp, User};
use axum::http::Method;
use serde_json::{Value, json};

const JSON: &str = "application/json";
const MERGE_PATCH: &str = "application/merge-patch+json";

struct Made {
    app: TestApp,
    ada: User,
    project: String,
    task: String,
}

async fn made() -> Made {
    let app = TestApp::new().await;
    let (ada, _, project) = app.with_project().await;
    let task = app.task(&ada, &project, "Grease the wheel").await;
    let task = task["id"].as_str().unwrap().to_owned();
    Made {
        app,
        ada,
        project,
        task,
    }
}

impl Made {
    async fn raw(
        &self,
        content_type: &str,
        body: impl Into<axum::body::Body>,
    ) -> crate::app::Answer {
        let request = self.app.request(Method::POST, "/api/v1/tasks");
        request.body(content_type, body).by(&self.ada).send().await
    }

    async fn patch(&self, body: Value) -> crate::app::Answer {
        let path = format!("/tasks/{}", self.task);
        self.app.patch(&path, body).by(&self.ada).send().await
    }
}

#[tokio::test]
async fn everything_wrong_with_a_task_is_told_at_once() {
    let made = made().await;
    let body = json!({
        "project_id": 7, "title": "  ", "status": "lost", "due_at": "tomorrow", "estimated_hours": -1,
        "assignees": [{"user_id": "x"}, {"user_id": made.ada.id, "role": "boss", "boss": true}],
        "tags": ["ok", ""], "metadata": [], "version": 3, "colour": "red",
    });
    let answer = made.app.post("/tasks", body).by(&made.ada).send().await;
    let answer = answer.expect_error(422, "validation_failed");
    let mut told = answer.fields();
    told.sort();
    let mut expected = [
        ("project_id", "invalid"),
        ("title", "required"),
        ("status", "not_one_of"),
        ("due_at", "invalid"),
        ("estimated_hours", "out_of_range"),
        ("assignees[0].user_id", "invalid"),
        ("assignees[1].role", "not_one_of"),
        ("assignees[1].boss", "unknown"),
        ("tags[1]", "required"),
        ("metadata", "invalid"),
        ("version", "read_only"),
        ("colour", "unknown"),
    ]
    .map(|(field, code)| (field.to_owned(), code.to_owned()));
    expected.sort();
    assert_eq!(told, expected);
    let body = answer.json();
    let message = &body["error"]["fields"][0]["message"];
    assert!(message.as_str().is_some_and(|text| !text.is_empty()));
}

#[tokio::test]
async fn malformed_json_is_a_bad_request_and_a_wrong_type_is_not() {
    let made = made().await;
    for bad in [
        "{",
        "{\"title\": 1,}",
        "{\"title\": \"a\", \"title\": \"b\"}",
        "{} {}",
    ] {
        let answer = made.raw(JSON, bad).await;
        answer.expect_error(400, "bad_request");
    }
    let deep = format!("{{\"metadata\": {}1{}}}", "[".repeat(64), "]".repeat(64));
    made.raw(JSON, deep).await.expect_error(400, "bad_request");
    for wrong in ["[]", "7", "null", "\"text\""] {
        let answer = made.raw(JSON, wrong).await;
        answer.expect_error(422, "validation_failed");
    }
    let empty = made.raw(JSON, "").await;
    let empty = empty.expect_error(422, "validation_failed");
    empty.expect_fields(&[("project_id", "required"), ("title", "required")]);
}

#[tokio::test]
async fn bodies_are_json_of_a_bounded_size() {
    let made = made().await;
    let good = json!({"project_id": made.project, "title": "x"}).to_string();
    for wrong in [
        "text/plain",
        "application/x-www-form-urlencoded",
        MERGE_PATCH,
        "application/json; charset=latin1",
    ] {
        let answer = made.raw(wrong, good.clone()).await;
        answer.expect_error(415, "unsupported_media_type");
    }
    made.raw("application/json; charset=UTF-8", good)
        .await
        .expect(201);
    let large = format!("{{\"title\": \"{}\"}}", "x".repeat(1024 * 1024));
    let large = made.raw(JSON, large).await;
    large.expect_error(413, "payload_too_large");
}

#[tokio::test]
async fn lengths_are_counted_in_characters_after_trimming() {
    let made = made().await;
    let title = |text: String| json!({"project_id": made.project, "title": text});
    let fits = title(format!(" {} ", "ä".repeat(200)));
    let fits = made.app.post("/tasks", fits).by(&made.ada).send().await;
    assert_eq!(fits.expect(201).data()["title"], "ä".repeat(200));
    let long = title("ä".repeat(201));
    let long = made.app.post("/tasks", long).by(&made.ada).send().await;
    let long = long.expect_error(422, "validation_failed");
    long.expect_fields(&[("title", "too_long")]);
    let text = json!({"description": "x".repeat(64 * 1024 + 1)});
    let text = made
        .patch(text)
        .await
        .expect_error(422, "validation_failed");
    text.expect_fields(&[("description", "too_long")]);
}

#[tokio::test]
async fn an_empty_patch_changes_nothing_and_tells_nobody() {
    let made = made().await;
    let answer = made.patch(json!({})).await.expect(200);
    assert_eq!(answer.data()["version"], 1);
    made.app.expect_no_event(&answer).await;
    let same = made.patch(json!({"title": "Grease the wheel"})).await;
    let same = same.expect(200);
    assert_eq!(same.data()["version"], 1);
    made.app.expect_no_event(&same).await;
}

#[tokio::test]
async fn null_in_a_patch_clears_and_what_is_missing_stays() {
    let made = made().await;
    let full = json!({
        "description": "Both sides.", "due_at": "2026-02-01T10:00:00+01:00", "estimated_hours": 2.5,
        "tags": ["wheel"], "metadata": {"side": "left"}, "recurrence": "FREQ=WEEKLY",
    });
    let answer = made.patch(full).await.expect(200);
    assert_eq!(answer.data()["due_at"], "2026-02-01T09:00:00Z");
    let path = format!("/tasks/{}", made.task);
    let request = made.app.request(Method::PATCH, &format!("/api/v1{path}"));
    let nulls = json!({"due_at": null, "description": null, "tags": null, "recurrence": null});
    let request = request.body(MERGE_PATCH, nulls.to_string()).by(&made.ada);
    let task = request.send().await.expect(200).data();
    assert_eq!(task["due_at"], Value::Null);
    assert_eq!(task["description"], "");
    assert_eq!(task["tags"], json!([]));
    assert_eq!(task["recurrence"], Value::Null);
    assert_eq!(task["estimated_hours"], 2.5);
    assert_eq!(task["version"], 3);
    let title = made.patch(json!({"title": null, "status": null})).await;
    let title = title.expect_error(422, "validation_failed");
    title.expect_fields(&[("title", "required"), ("status", "required")]);
}

#[tokio::test]
async fn metadata_are_patched_member_by_member() {
    let made = made().await;
    let first = json!({"metadata": {"side": "left", "oil": {"kind": "linseed", "ml": 20}}});
    made.patch(first).await.expect(200);
    let patch = json!({"metadata": {"side": null, "oil": {"ml": 30}, "seen": true}});
    let task = made.patch(patch).await.expect(200).data();
    let expected = json!({"oil": {"kind": "linseed", "ml": 30}, "seen": true});
    assert_eq!(task["metadata"], expected);
    let cleared = made.patch(json!({"metadata": null})).await.expect(200);
    assert_eq!(cleared.data()["metadata"], json!({}));
}

#[tokio::test]
async fn what_the_server_sets_cannot_be_patched() {
    let made = made().await;
    let body = json!({"name": "ENG-9", "archived": true, "project_id": made.project});
    let answer = made.patch(body).await;
    let answer = answer.expect_error(422, "validation_failed");
    let read_only: Vec<_> = answer.fields().into_iter().map(|(_, code)| code).collect();
    assert_eq!(read_only, ["read_only"; 3]);
}

#[tokio::test]
async fn an_assignee_without_a_role_is_a_collaborator() {
    let made = made().await;
    let path = format!("/tasks/{}/assign", made.task);
    for role in [json!({}), json!({"role": null})] {
        let mut assignee = role;
        assignee["user_id"] = json!(made.ada.id);
        let body = json!({"assignees": [assignee]});
        let answer = made
            .app
            .post(&path, body.clone())
            .by(&made.ada)
            .send()
            .await;
        assert_eq!(
            answer.expect(200).data()["assignees"][0]["role"],
            "collaborator"
        );
        made.patch(json!({"assignees": []})).await.expect(200);
        let answer = made.patch(body).await.expect(200);
        assert_eq!(answer.data()["assignees"][0]["username"], "ada");
    }
}

#[tokio::test]
async fn what_nobody_sees_and_what_turns_a_text_around_is_no_name() {
    let app = TestApp::new().await;
    let (ada, team, project) = app.with_project().await;
    for (name, code) in [("\u{200b}\u{feff}", "required"), ("a\u{202e}b", "invalid")] {
        let task = json!({"project_id": project, "title": name});
        let named = json!({"name": name, "team_id": team, "key": "OPS"});
        for (field, request) in [
            ("title", app.post("/tasks", task)),
            ("name", app.post("/teams", json!({"name": name}))),
            ("name", app.post("/projects", named)),
            (
                "display_name",
                app.patch("/auth/me", json!({"display_name": name})),
            ),
        ] {
            let refused = request.by(&ada).send().await;
            let refused = refused.expect_error(422, "validation_failed");
            let wrong = &refused.json()["error"]["fields"][0];
            assert_eq!(
                (&wrong["field"], &wrong["code"]),
                (&json!(field), &json!(code))
            );
        }
    }
}

#[tokio::test]
async fn hours_with_more_than_two_decimals_are_refused_and_not_rounded_in_silence() {
    let app = TestApp::new().await;
    let (ada, _, project) = app.with_project().await;
    let fine = json!({"project_id": project, "title": "Mill", "estimated_hours": 0.1256});
    let refused = app.post("/tasks", fine).by(&ada).send().await;
    let refused = refused.expect_error(422, "validation_failed");
    let wrong = refused.json()["error"]["fields"][0].clone();
    let expected = json!({
        "field": "estimated_hours", "code": "invalid", "message": "must have at most two decimals",
    });
    assert_eq!(wrong, expected);
}

#[tokio::test]
async fn metadata_that_grow_too_large_are_told_together_with_bad_references() {
    let made = made().await;
    let half = |name: &str| json!({"metadata": {name: "x".repeat(9 * 1024)}});
    made.patch(half("first")).await.expect(200);
    let nobody = "0198c0de-0000-7000-8000-000000000000";
    let mut body = half("second");
    body["parent_id"] = json!(nobody);
    body["assignees"] = json!([{"user_id": nobody}]);
    let answer = made.patch(body).await;
    answer
        .expect_error(422, "validation_failed")
        .expect_fields(&[
            ("assignees[0].user_id", "not_found"),
            ("parent_id", "not_found"),
            ("metadata", "too_long"),
        ]);
}
