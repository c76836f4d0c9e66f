//! Log in, renew, look where one is logged in, log out.

use crate::app::{Answer, PASSWORD, TestApp};
use chrono::TimeDelta;
use serde_json::json;

async fn refresh(app: &TestApp, token: &str) -> Answer {
    let body = json!({"refresh_token": token});
    app.post("/auth/refresh", body).send().await
}

fn text(answer: &Answer, field: &str) -> String {
    answer.data()[field].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_person_logs_in_by_name_or_address() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    for login in ["ada", " ADA ", "Ada@Example.org"] {
        let body = json!({"login": login, "password": PASSWORD});
        let answer = app.post("/auth/login", body).send().await.expect(200);
        let data = answer.data();
        assert_eq!(data["token_type"], "Bearer");
        assert_eq!(data["expires_in"], 900);
        assert_eq!(data["user"]["id"], ada.id);
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        let me = app.get("/auth/me").token(&text(&answer, "access_token"));
        assert_eq!(me.send().await.expect(200).data()["username"], "ada");
    }
}

#[tokio::test]
async fn a_wrong_name_and_a_wrong_password_answer_alike() {
    let app = TestApp::new().await;
    app.user("ada").await;
    let mut details = Vec::new();
    for (login, password) in [
        ("ada", "wrong horse"),
        ("nobody", PASSWORD),
        ("a\0", PASSWORD),
    ] {
        let body = json!({"login": login, "password": password});
        let answer = app.post("/auth/login", body).send().await;
        if login.contains('\0') {
            answer.expect_error(422, "validation_failed");
            continue;
        }
        let answer = answer.expect_error(401, "unauthenticated");
        details.push(answer.json()["detail"].clone());
    }
    assert_eq!(details[0], details[1]);
}

#[tokio::test]
async fn an_access_token_expires_and_is_renewed() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    app.clock.advance(TimeDelta::minutes(14));
    app.get("/auth/me").by(&ada).send().await.expect(200);
    app.clock.advance(TimeDelta::minutes(2));
    let late = app.get("/auth/me").by(&ada).send().await;
    late.expect_error(401, "unauthenticated");
    let renewed = refresh(&app, &ada.refresh_token).await.expect(200);
    assert_ne!(text(&renewed, "refresh_token"), ada.refresh_token);
    let me = app.get("/auth/me").token(&text(&renewed, "access_token"));
    me.send().await.expect(200);
}

#[tokio::test]
async fn a_refresh_token_that_comes_twice_ends_the_session() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let first = refresh(&app, &ada.refresh_token).await.expect(200);
    app.clock.advance(TimeDelta::seconds(11));
    let reused = refresh(&app, &ada.refresh_token).await;
    reused.expect_error(401, "unauthenticated");
    let heir = refresh(&app, &text(&first, "refresh_token")).await;
    heir.expect_error(401, "unauthenticated");
    let access = app.get("/auth/me").token(&text(&first, "access_token"));
    access.send().await.expect_error(401, "unauthenticated");
    app.log_in("ada").await;
}

#[tokio::test]
async fn a_repeat_because_the_answer_was_lost_is_forgiven() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    refresh(&app, &ada.refresh_token).await.expect(200);
    app.clock.advance(TimeDelta::seconds(5));
    let again = refresh(&app, &ada.refresh_token).await.expect(200);
    refresh(&app, &text(&again, "refresh_token"))
        .await
        .expect(200);
}

#[tokio::test]
async fn logging_out_ends_the_session_at_once() {
    let app = TestApp::new().await;
    let here = app.user("ada").await;
    let there = app.log_in("ada").await;
    let out = app.post("/auth/logout", json!({})).by(&here);
    assert!(out.send().await.expect(204).body.is_empty());
    let me = app.get("/auth/me").by(&here).send().await;
    me.expect_error(401, "unauthenticated");
    let renewed = refresh(&app, &here.refresh_token).await;
    renewed.expect_error(401, "unauthenticated");
    app.get("/auth/me").by(&there).send().await.expect(200);
}

#[tokio::test]
async fn sessions_are_listed_and_ended_one_by_one() {
    let app = TestApp::new().await;
    let here = app.user("ada").await;
    let there = app.log_in("ada").await;
    let grace = app.user("grace").await;
    let list = app.get("/auth/sessions").by(&here).send().await.expect(200);
    let sessions = list.data();
    let sessions = sessions.as_array().unwrap();
    assert_eq!(sessions.len(), 2);
    let other = sessions.iter().find(|s| s["current"] == false).unwrap();
    let path = format!("/auth/sessions/{}", other["id"].as_str().unwrap());
    let foreign = app.delete(&path).by(&grace).send().await;
    foreign.expect_error(404, "not_found");
    app.delete(&path).by(&here).send().await.expect(204);
    let gone = app.get("/auth/me").by(&there).send().await;
    gone.expect_error(401, "unauthenticated");
    let list = app.get("/auth/sessions").by(&here).send().await.expect(200);
    assert_eq!(list.each("current"), ["true"]);
}

#[tokio::test]
async fn a_profile_is_changed_by_its_owner_within_bounds() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let body = json!({"display_name": "Ada", "time_zone": "Europe/Vienna", "locale": "de"});
    let me = app
        .patch("/auth/me", body)
        .by(&ada)
        .send()
        .await
        .expect(200);
    assert_eq!(me.data()["display_name"], "Ada");
    assert_eq!(me.data()["time_zone"], "Europe/Vienna");
    let body = json!({"role": "member", "username": "eve", "time_zone": "Mars", "locale": "tlh"});
    let wrong = app.patch("/auth/me", body).by(&ada).send().await;
    wrong
        .expect_error(422, "validation_failed")
        .expect_fields(&[
            ("time_zone", "not_one_of"),
            ("locale", "not_one_of"),
            ("username", "read_only"),
            ("role", "read_only"),
        ]);
}
