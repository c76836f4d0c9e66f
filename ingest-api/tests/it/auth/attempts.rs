//! Brute force: what is over the limit, and who is not kept out.

use crate::app::{Answer, PASSWORD, TestApp};
use argon2::password_hash::PasswordHasher;
use argon2::{Algorithm, Argon2, Params, Version};
use chrono::TimeDelta;
use futures::future::join_all;
use serde_json::{Value, json};

const HOME: &str = "192.0.2.1";
const AWAY: &str = "203.0.113.9";

async fn try_from(app: &TestApp, login: &str, password: &str, address: &str) -> Answer {
    let body = json!({"login": login, "password": password});
    app.post("/auth/login", body).from(address).send().await
}

/// Uses up the tries that strangers have at a name, all but a few without the work of a hash.
async fn use_up(app: &TestApp, login: &str, but: usize) {
    let address = |n: usize| format!("198.51.100.{}", n / 20).parse().ok();
    let tries = (0..100 - but).map(|n| app.store.try_login(login, address(n)));
    for tried in join_all(tries).await {
        tried.unwrap();
    }
}

/// What an answer says, without what differs from request to request.
fn said(answer: &Answer) -> Value {
    let mut body = answer.json();
    body["meta"] = Value::Null;
    json!({"status": answer.status, "body": body, "retry": answer.header("retry-after")})
}

#[tokio::test]
async fn the_hundred_and_first_try_gets_a_429_even_with_the_right_password() {
    let app = TestApp::new().await;
    app.user("ada").await;
    use_up(&app, "ada", 1).await;
    let last = try_from(&app, "ada", "wrong horse", AWAY).await;
    last.expect_error(401, "unauthenticated");
    for address in [AWAY, "2001:db8::1"] {
        let refused = try_from(&app, "ada", PASSWORD, address).await;
        let refused = refused.expect_error(429, "rate_limited");
        assert_eq!(refused.header("retry-after"), Some("3600"));
    }
    // The other name is counted apart, as another one that nobody has would be; the hash is not reached by it either.
    let other = try_from(&app, "ada@example.org", PASSWORD, AWAY).await;
    other.expect_error(401, "unauthenticated");
    app.clock.advance(TimeDelta::hours(1));
    try_from(&app, "ada", PASSWORD, AWAY).await.expect(200);
}

#[tokio::test]
async fn who_is_where_they_usually_are_is_not_kept_out_by_strangers() {
    let app = TestApp::new().await;
    app.user("ada").await;
    try_from(&app, "ada", PASSWORD, HOME).await.expect(200);
    use_up(&app, "ada", 0).await;
    let away = try_from(&app, "ada", PASSWORD, AWAY).await;
    away.expect_error(429, "rate_limited");
    for _ in 0..30 {
        try_from(&app, "ada", PASSWORD, HOME).await.expect(200);
    }
}

#[tokio::test]
async fn a_known_address_has_twenty_wrong_tries() {
    let app = TestApp::new().await;
    app.user("ada").await;
    try_from(&app, "ada", PASSWORD, HOME).await.expect(200);
    let all = join_all((0..25).map(|_| try_from(&app, "ada", "wrong horse", HOME))).await;
    let wrong = all.iter().filter(|answer| answer.status == 401).count();
    let refused = all.iter().filter(|answer| answer.status == 429).count();
    assert_eq!((wrong, refused), (20, 5));
}

#[tokio::test]
async fn a_name_that_nobody_has_is_answered_like_one_that_somebody_has() {
    let app = TestApp::new().await;
    app.user("ada").await;
    let mut answers = Vec::new();
    for login in ["ada", "nobody"] {
        use_up(&app, login, 1).await;
        let wrong = try_from(&app, login, "wrong horse", AWAY).await;
        let refused = try_from(&app, login, "wrong horse", AWAY).await;
        answers.push((said(&wrong.expect(401)), said(&refused.expect(429))));
    }
    assert_eq!(answers[0], answers[1]);
}

#[tokio::test]
async fn the_counters_are_the_same_on_every_server_and_after_a_restart() {
    let app = TestApp::new().await;
    app.user("ada").await;
    use_up(&app, "ada", 0).await;
    let other = app.another_node();
    let refused = try_from(&other, "ada", PASSWORD, AWAY).await;
    refused.expect_error(429, "rate_limited");
}

#[tokio::test]
async fn the_password_of_a_session_is_not_tried_more_often_either() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    use_up(&app, "ada", 1).await;
    let body = json!({"current_password": "wrong horse", "new_password": "better battery"});
    let change = || app.post("/auth/password", body.clone()).by(&ada).from(AWAY);
    change().send().await.expect_error(422, "validation_failed");
    change().send().await.expect_error(429, "rate_limited");
}

#[tokio::test]
async fn a_hash_of_other_parameters_is_made_anew_at_log_in() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let weak = Params::new(8, 1, 1, None).unwrap();
    let weak = Argon2::new(Algorithm::Argon2id, Version::V0x13, weak);
    let old = weak.hash_password(PASSWORD.as_bytes()).unwrap().to_string();
    let pool = app.store.pool();
    sqlx::query("update app.user set password_hash = $1")
        .bind(&old)
        .execute(pool)
        .await
        .unwrap();
    try_from(&app, "ada", "wrong horse", HOME).await.expect(401);
    try_from(&app, "ada", PASSWORD, HOME).await.expect(200);
    let now: String = sqlx::query_scalar("select password_hash from app.user")
        .fetch_one(pool)
        .await
        .unwrap();
    assert!(now.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{now}");
    app.get("/auth/me").by(&ada).send().await.expect(200);
    try_from(&app, "ada", PASSWORD, HOME).await.expect(200);
}
