//! `POST /tasks`, `GET /tasks/{id}`

use crate::app::TestApp;
use serde_json::{Value, json};

#[tokio::test]
async fn a_task_comes_back_as_it_was_given_with_what_the_server_adds() {
    let app = TestApp::new().await;
    let (ada, team, project) = app.with_project().await;
    let grace = app.user("grace").await;
    app.member(&ada, &team, &grace, "member").await;
    let body = json!({
        "project_id": project, "title": " Grease the wheel ", "description": "Both **sides**.",
        "status": "in_progress", "priority": "urgent", "due_at": "2026-02-01T10:00:00+01:00",
        "estimated_hours": 2.5, "tags": ["oil", "Wheel"], "metadata": {"side": ["left", 1]},
        "assignees": [{"user_id": ada.id}, {"user_id": grace.id, "role": "owner"}],
        "recurrence": "RRULE:FREQ=WEEKLY;BYDAY=MO",
    });
    let made = app.post("/tasks", body).by(&ada).send().await.expect(201);
    let task = made.data();
    let expected = json!({
        "id": made.id(), "name": "ENG-1", "number": 1, "project_id": project, "title": "Grease the wheel",
        "description": "Both **sides**.", "status": "in_progress", "priority": "urgent",
        "due_at": "2026-02-01T09:00:00Z", "estimated_hours": 2.5, "actual_hours": null,
        "assignees": [
            {
                "user_id": grace.id, "username": "grace", "role": "owner", "assigned_by": ada.id,
                "assigned_at": "2026-01-01T00:00:00Z",
            },
            {
                "user_id": ada.id, "username": "ada", "role": "collaborator", "assigned_by": ada.id,
                "assigned_at": "2026-01-01T00:00:00Z",
            },
        ],
        "tags": ["oil", "Wheel"], "parent_id": null, "metadata": {"side": ["left", 1]},
        "recurrence": "FREQ=WEEKLY;BYDAY=MO", "archived": false, "trashed_at": null, "rank": task["rank"],
        "watchers_count": task["watchers_count"], "comments_count": 0, "created_by": ada.id,
        "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z", "completed_at": null,
        "version": 1,
    });
    assert_eq!(task, expected);
    assert!(task["rank"].is_string() && task["watchers_count"].is_number());
    // Sent back as it is shown, it is the same.
    let shown = json!({"assignees": task["assignees"], "tags": task["tags"]});
    let same = app.patch("/tasks/ENG-1", shown).by(&ada).send().await;
    app.expect_no_event(&same.expect(200)).await;
}

#[tokio::test]
async fn a_task_is_found_by_its_id_and_by_its_name() {
    let app = TestApp::new().await;
    let (ada, _, project) = app.with_project().await;
    let task = app.task(&ada, &project, "Grease the wheel").await;
    for name in [task["id"].as_str().unwrap(), "ENG-1", "eng-1"] {
        let found = app.get(&format!("/tasks/{name}")).by(&ada).send().await;
        assert_eq!(found.expect(200).data(), task);
    }
    for nothing in ["ENG-2", "OPS-1", "ENG-0", "x", "%00"] {
        let lost = app.get(&format!("/tasks/{nothing}")).by(&ada).send().await;
        lost.expect_error(404, "not_found");
    }
}

#[tokio::test]
async fn what_a_task_refers_to_must_exist_and_be_visible() {
    let app = TestApp::new().await;
    let (ada, _, project) = app.with_project().await;
    let grace = app.user("grace").await;
    let bakers = app.team(&grace, "Bakers").await;
    let oven = app.project(&grace, &bakers, "OVEN").await;
    let bread = app.task(&grace, &oven, "Bake").await;
    let body = json!({
        "project_id": project, "title": "x", "parent_id": bread["id"],
        "assignees": [{"user_id": ada.id}, {"user_id": grace.id}],
    });
    let answer = app.post("/tasks", body).by(&ada).send().await;
    let answer = answer.expect_error(422, "validation_failed");
    answer.expect_fields(&[
        ("assignees[1].user_id", "not_found"),
        ("parent_id", "not_found"),
    ]);
    for foreign in [&*project, "0198c0de-0000-7000-8000-000000000000"] {
        let body = json!({"project_id": foreign, "title": "x"});
        let answer = app.post("/tasks", body).by(&grace).send().await;
        let answer = answer.expect_error(422, "validation_failed");
        answer.expect_fields(&[("project_id", "not_found")]);
    }
}

#[tokio::test]
async fn what_is_done_is_completed_and_what_is_opened_again_is_not() {
    let app = TestApp::new().await;
    let (ada, _, project) = app.with_project().await;
    app.task(&ada, &project, "Grease the wheel").await;
    let patch = |status: &str| {
        app.patch("/tasks/ENG-1", json!({"status": status}))
            .by(&ada)
    };
    let done = patch("done").send().await.expect(200);
    assert_eq!(done.data()["completed_at"], "2026-01-01T00:00:00Z");
    let open = patch("todo").send().await.expect(200);
    assert_eq!(open.data()["completed_at"], Value::Null);
}
