//! Projects.

use crate::app::TestApp;
use serde_json::json;

#[tokio::test]
async fn a_project_begins_in_a_team_under_a_key_of_its_own() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let team = app.team(&ada, "Millers").await;
    let body = json!({"team_id": team, "key": "ENG", "name": "Engine"});
    let made = app.post("/projects", body.clone()).by(&ada).send().await;
    let made = made.expect(201);
    assert_eq!(made.data()["archived"], false);
    assert_eq!(made.data()["team_id"], team);
    let taken = app.post("/projects", body).by(&ada).send().await;
    let taken = taken.expect_error(409, "conflict");
    taken.expect_fields(&[("key", "taken")]);
    let body = json!({"team_id": team, "key": "eng-1", "name": "", "archived": "yes"});
    let wrong = app.post("/projects", body).by(&ada).send().await;
    wrong
        .expect_error(422, "validation_failed")
        .expect_fields(&[
            ("key", "invalid"),
            ("name", "required"),
            ("archived", "invalid"),
        ]);
}

#[tokio::test]
async fn a_project_may_be_put_away_from_the_start() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let team = app.team(&ada, "Millers").await;
    let body = json!({"team_id": team, "key": "OLD", "name": "Old mill", "archived": true});
    let made = app.post("/projects", body).by(&ada).send().await;
    let made = made.expect(201);
    assert_eq!(made.data()["archived"], true);
    let list = app.get("/projects?archived=true").by(&ada).send().await;
    assert_eq!(list.expect(200).each("key"), ["OLD"]);
    let task = json!({"project_id": made.id(), "title": "Grease"});
    let task = app.post("/tasks", task).by(&ada).send().await;
    let task = task.expect_error(422, "validation_failed");
    task.expect_fields(&[("project_id", "invalid")]);
}

#[tokio::test]
async fn a_team_that_may_not_be_seen_is_like_one_that_does_not_exist() {
    let app = TestApp::new().await;
    let (_, team, project) = app.with_project().await;
    let grace = app.user("grace").await;
    for team in [&*team, "0198c0de-0000-7000-8000-000000000000"] {
        let body = json!({"team_id": team, "key": "OWN", "name": "Own"});
        let answer = app.post("/projects", body).by(&grace).send().await;
        let answer = answer.expect_error(422, "validation_failed");
        answer.expect_fields(&[("team_id", "not_found")]);
    }
    for project in [&*project, "0198c0de-0000-7000-8000-000000000000", "x"] {
        let path = format!("/projects/{project}");
        let read = app.get(&path).by(&grace).send().await;
        read.expect_error(404, "not_found");
        let tasks = app.get(&format!("{path}/tasks")).by(&grace).send().await;
        tasks.expect_error(404, "not_found");
        let change = app.patch(&path, json!({"name": "Mine"})).by(&grace);
        change.send().await.expect_error(404, "not_found");
    }
}

#[tokio::test]
async fn projects_are_listed_by_team_and_by_whether_they_are_archived() {
    let app = TestApp::new().await;
    let (ada, team, project) = app.with_project().await;
    app.project(&ada, &team, "OPS").await;
    let other = app.team(&ada, "Bakers").await;
    app.project(&ada, &other, "OVEN").await;
    let archive = app.patch(&format!("/projects/{project}"), json!({"archived": true}));
    archive.by(&ada).send().await.expect(200);
    for (query, expected) in [
        (String::new(), vec!["ENG", "OPS", "OVEN"]),
        (format!("?team={team}"), vec!["ENG", "OPS"]),
        ("?archived=false".to_owned(), vec!["OPS", "OVEN"]),
        (format!("?team={team}&archived=true"), vec!["ENG"]),
    ] {
        let list = app.get(&format!("/projects{query}")).by(&ada).send().await;
        assert_eq!(list.expect(200).each("key"), expected, "{query}");
    }
}

#[tokio::test]
async fn a_project_that_holds_tasks_is_archived_and_not_deleted() {
    let app = TestApp::new().await;
    let (ada, _, project) = app.with_project().await;
    app.task(&ada, &project, "Grease the wheel").await;
    let delete = app.delete(&format!("/projects/{project}")).by(&ada);
    delete.send().await.expect_error(409, "conflict");
    let key = app.patch(&format!("/projects/{project}"), json!({"key": "NEW"}));
    let key = key
        .by(&ada)
        .send()
        .await
        .expect_error(422, "validation_failed");
    key.expect_fields(&[("key", "read_only")]);
}

#[tokio::test]
async fn an_archived_project_takes_no_tasks_until_it_is_taken_out_again() {
    let app = TestApp::new().await;
    let (ada, team, project) = app.with_project().await;
    let other = app.project(&ada, &team, "OPS").await;
    app.task(&ada, &project, "there already").await;
    app.task(&ada, &other, "elsewhere").await;
    let archive = async |archived: bool| {
        let patch = app.patch(
            &format!("/projects/{project}"),
            json!({"archived": archived}),
        );
        patch.by(&ada).send().await.expect(200)
    };
    archive(true).await;
    let body = json!({"project_id": project, "title": "new"});
    let create = || app.post("/tasks", body.clone()).by(&ada).send();
    let refused = create().await.expect_error(422, "validation_failed");
    refused.expect_fields(&[("project_id", "invalid")]);
    let body = json!({"project_id": project});
    let bring = || app.post("/tasks/OPS-1/move", body.clone()).by(&ada).send();
    let refused = bring().await.expect_error(422, "validation_failed");
    refused.expect_fields(&[("project_id", "invalid")]);
    // What is in it is still worked on.
    let patch = app.patch("/tasks/ENG-1", json!({"status": "done"}));
    patch.by(&ada).send().await.expect(200);
    archive(false).await;
    create().await.expect(201);
    assert_eq!(bring().await.expect(200).data()["name"], "ENG-3");
}

#[tokio::test]
async fn a_project_is_deleted_when_not_even_the_trash_holds_a_task_of_it() {
    let app = TestApp::new().await;
    let (ada, _, project) = app.with_project().await;
    app.task(&ada, &project, "x").await;
    app.delete("/tasks/ENG-1").by(&ada).send().await.expect(204);
    let path = format!("/projects/{project}");
    let delete = || app.delete(&path).by(&ada).send();
    delete().await.expect_error(409, "conflict");
    let purge = app.delete("/tasks/ENG-1?permanent=true").by(&ada);
    purge.send().await.expect(204);
    delete().await.expect(204);
    app.get(&path)
        .by(&ada)
        .send()
        .await
        .expect_error(404, "not_found");
}
