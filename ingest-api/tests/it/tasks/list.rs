//! `GET /tasks`, `GET /projects/{id}/tasks`

use crate::app::{TestApp, User};
use chrono::TimeDelta;
use serde_json::json;

async fn numbers(app: &TestApp, by: &User, path: &str) -> Vec<String> {
    app.get(path).by(by).send().await.expect(200).each("number")
}

#[tokio::test]
async fn filters_narrow_the_list() {
    let app = TestApp::new().await;
    let (ada, team, project) = app.with_project().await;
    let grace = app.user("grace").await;
    app.member(&ada, &team, &grace, "member").await;
    let bodies = [
        json!({"title": "Grease the wheel", "priority": "high", "tags": ["oil"], "assignees": [{"user_id": grace.id}]}),
        json!({"title": "Mend the sails", "status": "in_progress", "due_at": "2026-01-02T00:00:00Z", "tags": ["oil", "sail"]}),
        json!({"title": "Sweep", "status": "done", "due_at": "2026-01-03T00:00:00Z"}),
    ];
    for (at, mut body) in bodies.into_iter().enumerate() {
        body["project_id"] = json!(project);
        let by = if at == 2 { &grace } else { &ada };
        app.post("/tasks", body).by(by).send().await.expect(201);
    }
    app.clock.advance(TimeDelta::days(10));
    let (ada, grace) = (app.log_in("ada").await, app.log_in("grace").await);
    for (query, expected) in [
        (String::new(), "321"),
        ("status=todo".into(), "1"),
        ("status=todo&status=done".into(), "31"),
        ("status=todo,done".into(), "31"),
        ("priority=high".into(), "1"),
        ("assignee=me".into(), "1"),
        (format!("assignee={}", ada.id), ""),
        ("created_by=me".into(), "3"),
        ("tag=oil".into(), "21"),
        ("tag=oil&tag=SAIL".into(), "2"),
        ("due_before=2026-01-03T00:00:00Z".into(), "2"),
        ("due_after=2026-01-02T00:00:00Z".into(), "32"),
        ("overdue=true".into(), "2"),
        ("overdue=false".into(), "31"),
        ("q=the+WHEEL".into(), "1"),
        (format!("team={team}&project={project}"), "321"),
        ("team=0198c0de-0000-7000-8000-000000000000".into(), ""),
        ("sort=title".into(), "123"),
        ("sort=-priority&status=todo,done".into(), "13"),
        ("sort=due_at".into(), "231"),
    ] {
        let found = numbers(&app, &grace, &format!("/tasks?{query}")).await;
        assert_eq!(found.concat(), expected, "{query}");
    }
    let path = format!("/projects/{project}/tasks?status=done");
    assert_eq!(numbers(&app, &grace, &path).await, ["3"]);
    let twice = app.get(&format!("/projects/{project}/tasks?project={project}"));
    let twice = twice.by(&ada).send().await.expect_error(400, "bad_request");
    twice.expect_fields(&[("project", "unknown")]);
}

#[tokio::test]
async fn pages_follow_each_other_while_tasks_are_made_and_thrown_away() {
    let app = TestApp::new().await;
    let (ada, _, project) = app.with_project().await;
    for at in 1..=5 {
        app.task(&ada, &project, &format!("Sack {at}")).await;
    }
    let first = app.get("/tasks?limit=2").by(&ada).send().await.expect(200);
    assert_eq!(first.each("number"), ["5", "4"]);
    app.task(&ada, &project, "Sack 6").await;
    app.delete("/tasks/ENG-4").by(&ada).send().await.expect(204);
    let mut cursor = first.next_cursor();
    let mut rest = Vec::new();
    while let Some(after) = cursor {
        let path = format!("/tasks?limit=2&cursor={after}");
        let page = app.get(&path).by(&ada).send().await.expect(200);
        rest.extend(page.each("number"));
        cursor = page.next_cursor();
    }
    assert_eq!(rest, ["3", "2", "1"]);
    let after = first.next_cursor().unwrap();
    let other = app
        .get(&format!("/tasks?sort=title&cursor={after}"))
        .by(&ada);
    let other = other.send().await.expect_error(400, "bad_request");
    other.expect_fields(&[("cursor", "invalid")]);
}

#[tokio::test]
async fn a_list_shows_what_the_caller_may_see() {
    let app = TestApp::new().await;
    let (ada, _, project) = app.with_project().await;
    app.task(&ada, &project, "Grease the wheel").await;
    let grace = app.user("grace").await;
    assert!(numbers(&app, &grace, "/tasks").await.is_empty());
    let by_project = format!("/tasks?project={project}");
    assert!(numbers(&app, &grace, &by_project).await.is_empty());
}

#[tokio::test]
async fn archive_and_trash_are_asked_for() {
    let app = TestApp::new().await;
    let (ada, _, project) = app.with_project().await;
    for title in ["open", "archived", "trashed"] {
        app.task(&ada, &project, title).await;
    }
    let archive = app.post("/tasks/ENG-2/archive", json!({})).by(&ada);
    archive.send().await.expect(200);
    app.delete("/tasks/ENG-3").by(&ada).send().await.expect(204);
    for (query, expected) in [
        ("", "1"),
        ("archived=false", "1"),
        ("archived=true", "2"),
        ("archived=any", "21"),
        ("trashed=true", "3"),
        ("trashed=false&archived=any", "21"),
    ] {
        let found = numbers(&app, &ada, &format!("/tasks?{query}")).await;
        assert_eq!(found.concat(), expected, "{query}");
    }
}
