//! `GET /activity`, kept by its pipeline.

use crate::app::TestApp;
use serde_json::json;

#[tokio::test]
async fn what_happened_is_told_newest_first_and_in_the_readers_language() {
    let app = TestApp::with_views().await;
    let (ada, _, project) = app.with_project().await;
    app.task(&ada, &project, "Grease the wheel").await;
    let done = app
        .patch("/tasks/ENG-1", json!({"status": "done"}))
        .by(&ada);
    let done = done.send().await.expect(200);
    let list = app.get("/activity").by(&ada).after(&done).send().await;
    let list = list.expect(200);
    assert_eq!(
        list.each("text"),
        [
            "ada finished ENG-1 “Grease the wheel”",
            "ada created ENG-1 “Grease the wheel”",
            "ada created “ENG”",
            "ada added ada as owner",
            "ada founded the team “Millers”",
        ]
    );
    let newest = &list.data()[0];
    assert_eq!(newest["task"]["name"], "ENG-1");
    assert_eq!(newest["actor"]["username"], "ada");
    assert_eq!(
        newest["changes"][0],
        json!({"field": "status", "from": "todo", "to": "done"})
    );
    app.patch("/auth/me", json!({"locale": "de"}))
        .by(&ada)
        .send()
        .await
        .expect(200);
    let list = app
        .get("/activity?limit=1")
        .by(&ada)
        .send()
        .await
        .expect(200);
    assert_eq!(
        list.each("text"),
        ["ada hat ENG-1 „Grease the wheel“ erledigt"]
    );
}

#[tokio::test]
async fn activity_is_narrowed_and_paged() {
    let app = TestApp::with_views().await;
    let (ada, team, project) = app.with_project().await;
    let grace = app.user("grace").await;
    app.member(&ada, &team, &grace, "member").await;
    let first = app.task(&ada, &project, "First").await;
    let other = app.project(&ada, &team, "OPS").await;
    let body = json!({"project_id": other, "title": "Second"});
    let last = app.post("/tasks", body).by(&grace).send().await.expect(201);
    let first = first["id"].as_str().unwrap();
    let mut all = app
        .get("/activity")
        .by(&ada)
        .after(&last)
        .send()
        .await
        .expect(200)
        .each("id");
    for (query, expected) in [
        (format!("task={first}"), vec!["task.created"]),
        (
            format!("project={other}"),
            vec!["task.created", "project.created"],
        ),
        (format!("user={}", grace.id), vec!["task.created"]),
    ] {
        let list = app.get(&format!("/activity?{query}")).by(&ada).send().await;
        assert_eq!(list.expect(200).each("type"), expected, "{query}");
    }
    let mut paged = Vec::new();
    let mut path = "/activity?limit=3".to_owned();
    loop {
        let page = app.get(&path).by(&ada).send().await.expect(200);
        paged.extend(page.each("id"));
        let Some(cursor) = page.next_cursor() else {
            break;
        };
        path = format!("/activity?limit=3&cursor={cursor}");
    }
    assert_eq!(paged, all);
    all.dedup();
    assert_eq!(paged.len(), all.len());
}

#[tokio::test]
async fn what_happens_in_other_teams_is_not_told() {
    let app = TestApp::with_views().await;
    let (ada, team, project) = app.with_project().await;
    let grace = app.user("grace").await;
    let body = json!({"project_id": project, "title": "Secret"});
    let made = app.post("/tasks", body).by(&ada).send().await.expect(201);
    for query in [
        String::new(),
        format!("?project={project}"),
        format!("?task={}", made.id()),
    ] {
        let list = app
            .get(&format!("/activity{query}"))
            .by(&grace)
            .after(&made);
        let list = list.send().await.expect(200);
        assert!(list.each("text").is_empty(), "{}", list.text());
    }
    app.member(&ada, &team, &grace, "viewer").await;
    let list = app.get("/activity").by(&grace).send().await.expect(200);
    assert!(list.each("type").contains(&"task.created".to_owned()));
}
