//! `Millstream-Position` and `Millstream-Wait-For`: everybody reads their own writes, in whatever view.

use crate::app::TestApp;
use millstream_event_log::Position;
use serde_json::json;

const VIEWS: [&str; 4] = ["/activity", "/notifications", "/audit", "/search"];

#[tokio::test]
async fn a_read_that_waits_for_a_write_has_seen_it_in_every_view() {
    let app = TestApp::with_views().await;
    let (ada, _, project) = app.with_project().await;
    let body = json!({"project_id": project, "title": "Grease the wheel"});
    let made = app.post("/tasks", body).by(&ada).send().await.expect(201);
    for path in VIEWS {
        let seen = app.get(path).by(&ada).after(&made).send().await.expect(200);
        let lag = seen.header("millstream-lag-ms").unwrap();
        assert!(lag.parse::<u64>().is_ok(), "{path}: {lag}");
        // How far the view is can be waited for in turn, without patience: it is there.
        let there = app.get(path).by(&ada).header("millstream-wait-ms", "0");
        let there = there.header("millstream-wait-for", &seen.position());
        there.send().await.expect(200);
    }
    let found = app
        .get("/search?q=grease")
        .by(&ada)
        .send()
        .await
        .expect(200);
    assert_eq!(found.data()[0]["task"]["name"], "ENG-1");
    let lines = app
        .get("/activity?user=me")
        .by(&ada)
        .send()
        .await
        .expect(200);
    assert_eq!(lines.each("type")[0], "task.created");
}

#[tokio::test]
async fn a_view_that_has_not_seen_a_write_in_time_says_so() {
    let app = TestApp::new().await;
    let (ada, _, project) = app.with_project().await;
    let body = json!({"project_id": project, "title": "Grease the wheel"});
    let made = app.post("/tasks", body).by(&ada).send().await.expect(201);
    let proof = ["/audit/proof?index=0&size=1", "/audit/checkpoint"];
    for path in VIEWS.into_iter().chain(proof) {
        let request = app.get(path).by(&ada).header("millstream-wait-ms", "1");
        let request = request.header("millstream-wait-for", &made.position());
        let behind = request.send().await.expect_error(504, "view_behind");
        assert!(behind.header("retry-after").is_some(), "{path}");
        if VIEWS.contains(&path) {
            app.get(path).by(&ada).send().await.expect(200);
        }
    }
}

#[tokio::test]
async fn a_write_that_changes_nothing_answers_a_position_that_holds_all_before_it() {
    let app = TestApp::with_views().await;
    let (ada, team, project) = app.with_project().await;
    app.task(&ada, &project, "Grease the wheel").await;
    let member = format!("/teams/{team}/members/{}", ada.id);
    for nothing in [
        app.patch("/tasks/ENG-1", json!({})),
        app.patch(&format!("/teams/{team}"), json!({})),
        app.patch("/auth/me", json!({})),
        app.put(&member, json!({"role": "owner"})),
        app.delete("/auth/sessions"),
    ] {
        let answer = nothing.by(&ada).send().await;
        app.expect_no_event(&answer).await;
        let seen = app.get("/search?q=grease").by(&ada).after(&answer);
        assert_eq!(
            seen.send().await.expect(200).data()[0]["task"]["name"],
            "ENG-1"
        );
    }
    let body = json!({"refresh_token": ada.refresh_token});
    let renewed = app.post("/auth/refresh", body).send().await.expect(200);
    assert!(!renewed.position().is_empty());
}

#[tokio::test]
async fn what_is_waited_for_must_be_a_position_and_the_wait_bounded() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    for (name, value) in [
        ("millstream-wait-for", "yesterday"),
        ("millstream-wait-for", ""),
        ("millstream-wait-ms", "10001"),
        ("millstream-wait-ms", "-1"),
    ] {
        let request = app.get("/activity").by(&ada).header(name, value);
        request.send().await.expect_error(400, "bad_request");
    }
}

#[tokio::test]
async fn a_write_that_nobody_made_is_not_waited_for() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    for id in [1_000_000, i64::MAX] {
        let made_up = Position::Write(id).to_string();
        for path in ["/activity", "/notifications"] {
            let request = app
                .get(path)
                .by(&ada)
                .header("millstream-wait-for", &made_up);
            request.send().await.expect_error(400, "bad_request");
        }
    }
}
