//! `GET /search`, kept by its pipeline.

use crate::app::TestApp;
use chrono::TimeDelta;
use serde_json::json;

#[tokio::test]
async fn tasks_are_found_with_marks_and_facets() {
    let app = TestApp::with_views().await;
    let (ada, _, project) = app.with_project().await;
    app.task(&ada, &project, "Mend the sails").await;
    app.clock.advance(TimeDelta::seconds(1));
    let body = json!({"project_id": project, "title": "Grease the <wheel>", "priority": "high"});
    let made = app.post("/tasks", body).by(&ada).send().await.expect(201);
    let found = app
        .get("/search?q=wheel")
        .by(&ada)
        .after(&made)
        .send()
        .await;
    let found = found.expect(200);
    let hits = found.data();
    assert_eq!(hits.as_array().unwrap().len(), 1);
    assert_eq!(hits[0]["task"]["name"], "ENG-2");
    let html = hits[0]["highlights"][0]["html"].as_str().unwrap();
    assert!(
        html.contains("<mark>wheel</mark>") && !html.contains("<wheel"),
        "{html}"
    );
    let meta = found.json()["meta"].clone();
    assert!(meta["took_ms"].is_number());
    assert_eq!(meta["total"], 1);
    assert_eq!(
        meta["facets"]["status"],
        json!([{"value": "todo", "count": 1}])
    );
    let newest = app.get("/search").by(&ada).send().await.expect(200).data();
    let names: Vec<_> = newest
        .as_array()
        .unwrap()
        .iter()
        .map(|hit| hit["task"]["name"].clone())
        .collect();
    assert_eq!(names, ["ENG-2", "ENG-1"]);
    for (query, expected) in [
        ("priority:%3E=high", 1),
        ("status:todo", 2),
        ("-wheel+status:todo", 1),
        ("weel", 0),
    ] {
        let found = app.get(&format!("/search?q={query}")).by(&ada).send().await;
        let count = found.expect(200).data().as_array().unwrap().len();
        assert_eq!(count, expected, "{query}");
    }
}

#[tokio::test]
async fn nobody_finds_what_they_may_not_see() {
    let app = TestApp::with_views().await;
    let (ada, _, project) = app.with_project().await;
    let grace = app.user("grace").await;
    let body = json!({"project_id": project, "title": "Secret"});
    let made = app.post("/tasks", body).by(&ada).send().await.expect(201);
    let found = app
        .get("/search?q=secret")
        .by(&grace)
        .after(&made)
        .send()
        .await;
    let found = found.expect(200);
    assert_eq!(found.data(), json!([]));
    assert_eq!(found.json()["meta"]["total"], 0);
    assert!(!found.text().contains("todo"), "{}", found.text());
}

#[tokio::test]
async fn a_query_that_cannot_be_read_is_told_where() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let bad = app.get("/search?q=wheel+status:lost").by(&ada).send().await;
    let bad = bad.expect_error(400, "bad_request");
    assert_eq!(bad.fields()[0].0, "q");
    let detail = bad.json()["detail"].as_str().unwrap().to_owned();
    assert!(
        detail.chars().any(|c| c.is_ascii_digit()) || detail.contains("lost"),
        "{detail}"
    );
    let long = app
        .get(&format!("/search?q={}", "x".repeat(4 * 1024 + 1)))
        .by(&ada);
    let long = long.send().await.expect_error(400, "bad_request");
    long.expect_fields(&[("q", "too_long")]);
}

#[tokio::test]
async fn whoever_has_left_a_team_finds_nothing_of_it_though_the_index_stands_still() {
    let mut app = TestApp::with_views().await;
    let (ada, team, project) = app.with_project().await;
    let grace = app.user("grace").await;
    app.member(&ada, &team, &grace, "viewer").await;
    let body = json!({"project_id": project, "title": "Grease the wheel"});
    let made = app.post("/tasks", body).by(&ada).send().await.expect(201);
    let before = app.get("/search?q=wheel").by(&grace).after(&made);
    let before = before.send().await.expect(200).json();
    assert_eq!(before["meta"]["total"], 1);
    app.halt().await;
    let membership = format!("/teams/{team}/members/{}", grace.id);
    app.delete(&membership).by(&ada).send().await.expect(204);
    let after = app.get("/search?q=wheel").by(&grace).send().await;
    let after = after.expect(200).json();
    assert_eq!(after["data"], json!([]));
    assert_eq!(after["meta"]["total"], 0);
    let hers = app.get("/search?q=wheel").by(&ada).send().await;
    assert_eq!(hers.expect(200).json()["meta"]["total"], 1);
}
