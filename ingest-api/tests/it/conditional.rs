//! `ETag`, `If-Match`, `If-None-Match`: what the client has already is not sent, what it has not seen is not overwritten.

use crate::app::TestApp;
use serde_json::json;

#[tokio::test]
async fn what_the_client_has_already_is_not_sent_again() {
    let app = TestApp::new().await;
    let (ada, team, project) = app.with_project().await;
    let task = app.task(&ada, &project, "Grease the wheel").await;
    let task = task["id"].as_str().unwrap().to_owned();
    for path in [
        format!("/teams/{team}"),
        format!("/projects/{project}"),
        format!("/tasks/{task}"),
        "/auth/me".to_owned(),
    ] {
        let first = app.get(&path).by(&ada).send().await.expect(200);
        let tag = first.header("etag").unwrap();
        let known = format!("\"other\", W/{tag}");
        let again = app.get(&path).by(&ada).header("if-none-match", &known);
        let again = again.send().await.expect(304);
        assert!(again.body.is_empty());
        assert_eq!(again.header("etag"), Some(tag));
        let other = app.get(&path).by(&ada).header("if-none-match", "\"other\"");
        other.send().await.expect(200);
    }
}

#[tokio::test]
async fn a_count_that_is_shown_changes_the_tag_but_not_the_version_that_must_match() {
    let app = TestApp::new().await;
    let (ada, _, project) = app.with_project().await;
    let task = app.task(&ada, &project, "Grease the wheel").await;
    let path = format!("/tasks/{}", task["id"].as_str().unwrap());
    let before = app.get(&path).by(&ada).send().await.expect(200);
    let tag = before.header("etag").unwrap();
    let comment = app.post(
        &format!("{path}/comments"),
        json!({"body": "Left side first."}),
    );
    comment.by(&ada).send().await.expect(201);
    let after = app.get(&path).by(&ada).header("if-none-match", tag);
    let after = after.send().await.expect(200);
    assert_eq!(after.data()["comments_count"], 1);
    assert_ne!(after.header("etag"), Some(tag));
    let patch = app.patch(&path, json!({"priority": "high"})).by(&ada);
    patch.header("if-match", tag).send().await.expect(200);
}

#[tokio::test]
async fn what_changed_meanwhile_is_not_overwritten() {
    let app = TestApp::new().await;
    let (ada, team, project) = app.with_project().await;
    let task = app.task(&ada, &project, "Grease the wheel").await;
    let task = format!("/tasks/{}", task["id"].as_str().unwrap());
    for (path, change) in [
        (task, json!({"title": "Grease both wheels"})),
        (format!("/projects/{project}"), json!({"name": "Engines"})),
        (format!("/teams/{team}"), json!({"name": "Mill hands"})),
        ("/auth/me".to_owned(), json!({"display_name": "Ada"})),
    ] {
        let seen = app.get(&path).by(&ada).send().await.expect(200);
        let tag = seen.header("etag").unwrap();
        let first = app.patch(&path, change).by(&ada).header("if-match", tag);
        let newer = first.send().await.expect(200);
        let stale = app.patch(&path, json!({})).by(&ada).header("if-match", tag);
        stale.send().await.expect_error(412, "precondition_failed");
        let newer = newer.header("etag").unwrap();
        let fresh = app
            .patch(&path, json!({}))
            .by(&ada)
            .header("if-match", newer);
        fresh.send().await.expect(200);
        let any = app.patch(&path, json!({})).by(&ada).header("if-match", "*");
        any.send().await.expect(200);
        if path != "/auth/me" {
            let stale = app.delete(&path).by(&ada).header("if-match", tag);
            stale.send().await.expect_error(412, "precondition_failed");
        }
    }
}

#[tokio::test]
async fn a_tag_that_is_not_ours_never_matches() {
    let app = TestApp::new().await;
    let (ada, team, _) = app.with_project().await;
    let path = format!("/teams/{team}");
    let odd = app
        .patch(&path, json!({"name": "X"}))
        .by(&ada)
        .header("if-match", "\"odd\"");
    odd.send().await.expect_error(412, "precondition_failed");
    let bare = app.patch(&path, json!({})).by(&ada).header("if-match", "1");
    let refused = bare.send().await.expect_error(400, "bad_request");
    let why = refused.json()["detail"].to_string();
    assert!(why.contains("double quotes"), "{why}");
}

#[tokio::test]
async fn of_a_list_of_tags_one_has_to_match() {
    let app = TestApp::new().await;
    let (ada, team, _) = app.with_project().await;
    let path = format!("/teams/{team}");
    let rename = |name: &str, tags: &str| {
        let patch = app.patch(&path, json!({"name": name})).by(&ada);
        patch.header("if-match", tags)
    };
    let good = rename("Bakers", "\"9-a\", W/\"1-b\", \"odd\"").send().await;
    assert_eq!(good.expect(200).data()["version"], 2);
    let stale = rename("Smiths", "\"1-a\", \"9-b\"").send().await;
    stale.expect_error(412, "precondition_failed");
}
