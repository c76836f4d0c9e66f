//! Talking about a task over a WebSocket.

use super::Mill;
use crate::app::{Live, TestApp};
use axum::http::Method;
use millstream_ingest_api::settings::RateLimits;
use serde_json::json;
use std::num::NonZeroU32;

#[tokio::test]
async fn a_comment_that_one_sends_another_sees() {
    let mill = Mill::new().await;
    let mut ada = Live::talk(&mill.server, &mill.ada, "ENG-1").await;
    let mut grace = Live::talk(&mill.server, &mill.grace, &mill.task).await;
    ada.say(json!({"body": "Does it *turn*?"})).await;
    let message = grace.next().await;
    assert_eq!(message["type"], "comment");
    assert_eq!(message["comment"]["body"], "Does it *turn*?");
    assert_eq!(message["comment"]["author"]["username"], "ada");
    // Whoever wrote it is answered, and sees it too.
    let mut types = [ada.next_of().await.0, ada.next_of().await.0];
    types.sort();
    assert_eq!(types, ["comment", "written"]);
    // It is the comment that everybody finds.
    let list = mill.app.get("/tasks/ENG-1/comments").by(&mill.grace);
    let list = list.send().await.expect(200).data();
    assert_eq!(list[0]["id"], message["comment"]["id"]);
    assert_eq!(list[0]["author"]["username"], "ada");
}

#[tokio::test]
async fn edits_and_deletions_are_told_and_changes_of_the_task_are_not() {
    let mill = Mill::new().await;
    let mut grace = Live::talk(&mill.server, &mill.grace, "ENG-1").await;
    mill.comment("Squeak").await;
    let id = grace.next().await["comment"]["id"].clone();
    mill.rename("Not a comment").await;
    let path = format!("/tasks/ENG-1/comments/{}", id.as_str().unwrap());
    let edit = mill.app.patch(&path, json!({"body": "Squeal"}));
    edit.by(&mill.ada).send().await.expect(200);
    let edited = grace.next().await;
    assert_eq!(edited["comment"]["body"], "Squeal");
    assert!(edited["comment"]["edited_at"].is_string());
    mill.app
        .delete(&path)
        .by(&mill.ada)
        .send()
        .await
        .expect(204);
    let deleted = grace.next().await;
    assert_eq!(deleted["comment"]["id"], id);
    assert!(deleted["comment"]["deleted_at"].is_string());
}

#[tokio::test]
async fn what_is_wrong_with_a_comment_is_told_as_the_api_tells_it() {
    let mill = Mill::new().await;
    let mut live = Live::talk(&mill.server, &mill.ada, "ENG-1").await;
    for (said, code, field) in [
        (json!({}), "validation_failed", Some("body")),
        (json!({"body": ""}), "validation_failed", Some("body")),
        (json!({"body": 1}), "validation_failed", Some("body")),
        (
            json!({"body": "x", "text": "y"}),
            "validation_failed",
            Some("text"),
        ),
        (json!([]), "validation_failed", Some("")),
    ] {
        live.say(said.clone()).await;
        let answer = live.next().await;
        assert_eq!(answer["type"], "error", "{said}");
        let problem = &answer["problem"];
        assert!(
            problem["instance"].as_str().unwrap().ends_with("/comments"),
            "{answer}"
        );
        assert_ne!(problem["meta"]["request_id"], "", "{answer}");
        let error = &problem["error"];
        assert_eq!(error["code"], code, "{said}: {answer}");
        assert_eq!(
            error["fields"][0]["field"].as_str(),
            field,
            "{said}: {answer}"
        );
    }
    // And the connection goes on.
    live.say(json!({"body": "Fine"})).await;
    let types = [live.next_of().await.0, live.next_of().await.0];
    assert!(types.contains(&"written".to_owned()), "{types:?}");
}

#[tokio::test]
async fn a_task_that_may_not_be_seen_has_nothing_to_talk_about() {
    let mill = Mill::new().await;
    let stranger = mill.app.user("mallory").await;
    let bearer = format!("Bearer {}", stranger.access_token);
    let headers = [("authorization", &*bearer)];
    for task in ["ENG-1", "ENG-99", "00000000-0000-0000-0000-000000000001"] {
        let path = format!("/ws/tasks/{task}/comments");
        let answer = Live::ask(&mill.server, &path, &headers).await;
        answer.unwrap_err().expect(404, "not_found");
    }
}

#[tokio::test]
async fn a_token_that_may_only_read_listens_and_does_not_write() {
    let mill = Mill::new().await;
    let token = mill.token(json!(["read"])).await;
    let token = token["token"].as_str().unwrap();
    let path = "/ws/tasks/ENG-1/comments";
    let mut live = Live::with_token(&mill.server, path, token).await;
    live.say(json!({"body": "May I?"})).await;
    let answer = live.next().await;
    assert_eq!(answer["problem"]["error"]["code"], "forbidden", "{answer}");
    mill.comment("You may not").await;
    assert_eq!(live.next().await["comment"]["body"], "You may not");
    let mut signals = Live::with_token(&mill.server, "/live", token).await;
    signals
        .subscribe(&[&mill.task_topic(), "notifications"])
        .await;
}

#[tokio::test]
async fn a_comment_of_a_connection_is_audited_like_one_of_a_request() {
    let app = TestApp::with_views().await;
    let mill = Mill::of(app).await;
    let mut live = Live::talk(&mill.server, &mill.ada, "ENG-1").await;
    live.say(json!({"body": "Who said that?"})).await;
    live.next().await;
    live.next().await;
    // Written later, it waits for the one before.
    let last = mill
        .app
        .post("/tasks/ENG-1/comments", json!({"body": "Later"}));
    let last = last.by(&mill.ada).send().await.expect(201);
    let path = format!("/audit?entity=comment&actor={}", mill.ada.id);
    let entries = mill.app.request(Method::GET, &format!("/api/v1{path}"));
    let entries = entries.by(&mill.ada).after(&last).send().await.expect(200);
    let entries = entries.data();
    let by_socket = &entries[1];
    assert_eq!(by_socket["action"], "comment.created", "{entries}");
    assert_eq!(by_socket["ip"], "127.0.0.1", "{entries}");
    assert!(by_socket["request_id"].is_string(), "{entries}");
}

#[tokio::test]
async fn comments_of_a_connection_are_counted_like_requests() {
    let number = |number| NonZeroU32::new(number).unwrap();
    let limits = RateLimits {
        person: number(400),
        address: number(1_000),
        log_in: number(1_000),
        ..RateLimits::default()
    };
    let app = TestApp::with_settings(|settings| settings.rate_limits = Some(limits)).await;
    let mill = Mill::of(app).await;
    let mut live = Live::talk(&mill.server, &mill.grace, "ENG-1").await;
    let mut refused = None;
    for _ in 0..600 {
        live.say(json!({"body": ""})).await;
        let answer = live.next().await;
        if answer["problem"]["error"]["code"] == "rate_limited" {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.expect("a quota of 400 lets 600 through only in half a minute");
    assert_eq!(refused["problem"]["status"], 429);
    // The next request is told so, with the same quota.
    let bearer = format!("Bearer {}", mill.grace.access_token);
    let headers = [("authorization", &*bearer)];
    let answer = Live::ask(&mill.server, "/live", &headers)
        .await
        .unwrap_err();
    let answer = answer.expect(429, "rate_limited");
    assert_eq!(answer.header("ratelimit-limit"), Some("400"));
    assert_eq!(answer.header("ratelimit-remaining"), Some("0"));
    assert!(answer.header("retry-after").is_some());
}
