//! Addresses that want to lead somewhere else, and references to what is not there.

use crate::app::TestApp;
use axum::http::Method;
use serde_json::json;

/// An id that nothing has.
const ABSENT: &str = "01900000-0000-7000-8000-0000deaddead";

#[tokio::test]
async fn a_path_leads_only_where_it_literally_leads() {
    let app = TestApp::new().await;
    let (ada, team, _) = app.with_project().await;
    for path in [
        "/api/v1/tasks/../users".to_owned(),
        format!("/api/v1/teams/{team}/../{team}"),
        format!("/api/v1/teams/{team}/."),
        format!("/api/v1//teams/{team}"),
        format!("//api/v1/teams/{team}"),
        format!("/api/v1/teams/{team}/"),
        format!("/api/v1/teams/{team}%2fmembers"),
        format!("/api/v1/teams/{team}%00"),
        format!("/api/v1/teams/{team}%20"),
        format!("/api/v1/teams/{team};x=1"),
        format!("/API/v1/teams/{team}"),
        format!("/api%2fv1/teams/{team}"),
        "/api/v1/teams/%2e%2e".into(),
        "/api/v1/teams/%00".into(),
        "/api/v1/teams/%ff%fe".into(),
        "/api/v1/teams/%zz".into(),
        "/api/v1/teams/%".into(),
        "/static/..%2f..%2fetc%2fpasswd".into(),
        "/static/../etc/passwd".into(),
        "/static/%00".into(),
        "/problems/..%2f".into(),
        "/problems/%ff".into(),
        "/api/docs/..%2f..%2fCargo.toml".into(),
        "/%00".into(),
        "/\\..\\".into(),
    ] {
        let answer = app.request(Method::GET, &path).by(&ada).send().await;
        assert!(
            matches!(answer.status, 400 | 404),
            "{path}: {}",
            answer.status
        );
        assert!(answer.text().len() < 2_000, "{path}");
    }
}

#[tokio::test]
async fn a_query_is_known_bounded_and_text() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let many = vec!["x=1"; 2_000].join("&");
    let values = vec!["todo"; 101].join(",");
    let long = "x".repeat(4 * 1024 + 1);
    for query in [
        "odd=1",
        "limit=1&limit=1",
        "q=%00",
        "q=%ff",
        "q=%",
        "q=%zz",
        "cursor=%00",
        "%00=1",
        "limit=1e9",
        "limit=99999999999999999999",
        "limit=-1",
        "sort=-",
        "due_before=2026-02-30T00:00:00Z",
        &many,
        &format!("status={values}"),
        &format!("q={long}"),
        &format!("cursor={}", "x".repeat(1025)),
    ] {
        let answer = app.get(&format!("/tasks?{query}")).by(&ada).send().await;
        let answer = answer.expect_error(400, "bad_request");
        // What was sent is not sent back.
        assert!(answer.body.len() < 20_000, "{}", answer.body.len());
    }
}

#[tokio::test]
async fn a_reference_to_what_is_not_there_is_told_by_its_field() {
    let app = TestApp::new().await;
    let (ada, team, project) = app.with_project().await;
    let task = app.task(&ada, &project, "Grease").await;
    let task = format!("/tasks/{}", task["id"].as_str().unwrap());
    let assignees = json!([{"user_id": ABSENT}]);
    for (request, field) in [
        (
            app.post("/tasks", json!({"project_id": ABSENT, "title": "x"})),
            "project_id",
        ),
        (
            app.post(
                "/projects",
                json!({"team_id": ABSENT, "key": "X1", "name": "x"}),
            ),
            "team_id",
        ),
        (app.patch(&task, json!({"parent_id": ABSENT})), "parent_id"),
        (
            app.patch(&task, json!({"assignees": assignees})),
            "assignees[0].user_id",
        ),
        (
            app.post(&format!("{task}/assign"), json!({"assignees": assignees})),
            "assignees[0].user_id",
        ),
        (
            app.post("/notifications/read", json!({"ids": [ABSENT]})),
            "ids[0]",
        ),
    ] {
        let answer = request.by(&ada).send().await;
        let answer = answer.expect_error(422, "validation_failed");
        answer.expect_fields(&[(field, "not_found")]);
    }
    let nobody = app.put(
        &format!("/teams/{team}/members/{ABSENT}"),
        json!({"role": "viewer"}),
    );
    nobody.by(&ada).send().await.expect_error(404, "not_found");
}
