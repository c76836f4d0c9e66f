//! Reports over HTTP and as pages. Whether their numbers are right is tried in `sinks/tests/it/lake`; here, who gets which.

use crate::app::TestApp;
use millstream_event_log::testing::redis::redis;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn a_report_sees_a_write_at_once() {
    let app = TestApp::with_lake().await;
    let (ada, team, project) = app.with_project().await;
    let task = app.task(&ada, &project, "Mend the sails").await;
    let task = task["id"].as_str().unwrap();
    let begin = json!({"status": "in_progress"});
    let path = format!("/tasks/{task}");
    app.patch(&path, begin).by(&ada).send().await.expect(200);
    let done = app
        .patch(&path, json!({"status": "done"}))
        .by(&ada)
        .send()
        .await
        .expect(200);
    for (path, number) in [
        ("/analytics/dashboard".to_owned(), "/throughput/completed"),
        (
            format!("/analytics/users/{}/stats", ada.id),
            "/lead_time/count",
        ),
        (
            format!("/analytics/teams/{team}/performance"),
            "/cycle_time/count",
        ),
        (
            format!("/analytics/projects/{project}/flow"),
            "/throughput/completed",
        ),
    ] {
        let told = app
            .get(&path)
            .by(&ada)
            .after(&done)
            .send()
            .await
            .expect(200);
        let counted = told.data();
        // Nobody works on it, so it is nobody's.
        let expected = u64::from(!number.starts_with("/lead_time"));
        assert_eq!(
            counted.pointer(number).unwrap(),
            &json!(expected),
            "{path}: {counted}"
        );
        assert!(!told.position().is_empty());
    }
    let flow = app
        .get(&format!("/analytics/projects/{project}/flow?days=2"))
        .by(&ada);
    let flow = flow.send().await.expect(200).data();
    assert_eq!(flow["cumulative"].as_array().unwrap().len(), 2);
    assert_eq!(flow["cumulative"][1]["done"], 1);
    let spread = app
        .get("/analytics/tasks/distribution")
        .by(&ada)
        .send()
        .await
        .expect(200)
        .data();
    assert_eq!(
        spread["groups"],
        json!([{"value": "done", "label": "done", "count": 1}])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_told_of_what_they_may_not_see() {
    let app = TestApp::with_lake().await;
    let (ada, team, project) = app.with_project().await;
    let made = app.task(&ada, &project, "Mend the sails").await;
    let made = made["id"].as_str().unwrap();
    let grace = app.user("grace").await;
    let last = app
        .patch(&format!("/tasks/{made}"), json!({"priority": "high"}))
        .by(&ada);
    let last = last.send().await.expect(200);
    let board = app.get("/analytics/dashboard").by(&grace).after(&last);
    let board = board.send().await.expect(200).data();
    assert_eq!(board["now"]["open"], 0);
    let board = app
        .get(&format!("/analytics/dashboard?team={team}"))
        .by(&grace);
    assert_eq!(board.send().await.expect(200).data()["now"]["open"], 0);
    for path in [
        format!("/analytics/teams/{team}/performance"),
        format!("/analytics/projects/{project}/flow"),
    ] {
        app.get(&path).by(&grace).send().await.expect(404);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_asked_is_named() {
    let app = TestApp::with_lake().await;
    let ada = app.user("ada").await;
    for query in [
        "days=0", "days=367", "days=x", "days=-1", "weeks=3", "team=x",
    ] {
        let path = format!("/analytics/dashboard?{query}");
        let refused = app.get(&path).by(&ada).send().await;
        let refused = refused.expect(400);
        let name = query.split('=').next().unwrap();
        assert!(refused.text().contains(name), "{query}: {}", refused.text());
    }
    let refused = app
        .get("/analytics/tasks/distribution?by=mood")
        .by(&ada)
        .send()
        .await;
    assert!(
        refused
            .expect(400)
            .text()
            .contains("status, priority, assignee")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_lake_reports_are_unavailable_and_everything_else_is_not() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    app.get("/analytics/dashboard")
        .by(&ada)
        .send()
        .await
        .expect(503);
    app.get("/auth/me").by(&ada).send().await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn all_numbers_of_an_answer_are_as_of_one_place_in_the_log() {
    let app = TestApp::with_lake().await;
    let (ada, team, project) = app.with_project().await;
    app.task(&ada, &project, "Mend the sails").await;
    let task = app.task(&ada, &project, "Oil the wheel").await;
    let path = format!("/tasks/{}", task["id"].as_str().unwrap());
    let last = app.patch(&path, json!({"priority": "high"})).by(&ada);
    let last = last.send().await.expect(200);
    let board = format!("/analytics/dashboard?by=status,priority&by=assignee&team={team}");
    let board = app.get(&board).by(&ada).after(&last).send().await;
    let board = board.expect(200);
    let told = board.data();
    let spread = json!([
        {"by": "status", "groups": [{"value": "todo", "label": "todo", "count": 2}], "others": 0},
        {"by": "priority", "groups": [
            {"value": "high", "label": "high", "count": 1},
            {"value": "medium", "label": "medium", "count": 1},
        ], "others": 0},
        {"by": "assignee", "groups": [{"value": null, "label": null, "count": 2}], "others": 0},
    ]);
    assert_eq!(told["spread"], spread);
    let seq = |position: &str| position.strip_prefix('s').unwrap().parse::<u64>().unwrap();
    let as_of = told["as_of"].as_str().unwrap();
    assert!(seq(as_of) >= seq(&board.position()), "{told}");
    // What was written later is as of later.
    let last = app.patch(&path, json!({"priority": "low"})).by(&ada);
    let last = last.send().await.expect(200);
    for path in [
        "/analytics/dashboard".to_owned(),
        "/analytics/tasks/distribution".to_owned(),
        format!("/analytics/users/{}/stats", ada.id),
        format!("/analytics/teams/{team}/performance"),
        format!("/analytics/projects/{project}/flow"),
    ] {
        let later = app.get(&path).by(&ada).after(&last).send().await;
        let later = later.expect(200).data();
        assert!(seq(later["as_of"].as_str().unwrap()) > seq(as_of), "{path}");
    }
    let refused = app.get("/analytics/dashboard?by=mood").by(&ada);
    assert!(refused.send().await.expect(400).text().contains("by"));
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_are_told_what_is_kept_for_the_same_question() {
    let (redis, _connected) = redis().await;
    let app = TestApp::with_lake_and_redis(redis.clone()).await;
    let (ada, team, project) = app.with_project().await;
    let browser = app.browser("ada").await;
    // The last thing that happens: the lake stands at one place from here on.
    let last = app.patch(&format!("/teams/{team}"), json!({"name": "Grinders"}));
    let last = last.by(&ada).send().await.expect(200);
    let spread = app.get("/analytics/tasks/distribution").by(&ada);
    spread.after(&last).send().await.expect(200);
    let mut keys = redis::cmd("KEYS");
    keys.arg(redis.name("kept:*"));
    let kept = async || -> usize {
        let names: Vec<String> = redis.ask(&keys).await.unwrap();
        names.len()
    };
    assert_eq!(kept().await, 1);
    for (before, (page, api)) in [
        (
            "/analytics".to_owned(),
            "/analytics/dashboard?by=status,priority,project,assignee".to_owned(),
        ),
        (
            format!("/analytics/users/{}", ada.id),
            format!("/analytics/users/{}/stats", ada.id),
        ),
        (
            format!("/analytics/teams/{team}"),
            format!("/analytics/teams/{team}/performance"),
        ),
        (
            "/analytics/projects/ENG".to_owned(),
            format!("/analytics/projects/{project}/flow"),
        ),
    ]
    .into_iter()
    .enumerate()
    {
        browser.page(&app, &page).await;
        assert_eq!(kept().await, before + 2, "{page}");
        app.get(&api).by(&ada).send().await.expect(200);
        assert_eq!(kept().await, before + 2, "{api}");
    }
}
