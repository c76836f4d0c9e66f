//! Behind a proxy: the client's address is one and the same for sessions, audit and limits, and nobody chooses theirs.

use crate::app::{Answer, PASSWORD, Request, TestApp, User};
use serde_json::json;

const PROXY: &str = "10.0.0.1";

async fn app() -> TestApp {
    TestApp::with_settings(|settings| {
        settings.trusted_proxies = vec!["10.0.0.0/8".parse().unwrap()];
    })
    .await
}

fn log_in<'a>(app: &'a TestApp, password: &str) -> Request<'a> {
    app.post("/auth/login", json!({"login": "ada", "password": password}))
        .from(PROXY)
}

/// From where a session was begun, as its person sees it.
async fn ip_of(app: &TestApp, answer: Answer) -> String {
    let text = |field: &str| answer.data()[field].as_str().unwrap().to_owned();
    let user = User {
        id: answer.data()["user"]["id"].to_string(),
        access_token: text("access_token"),
        refresh_token: text("refresh_token"),
    };
    let sessions = app.get("/auth/sessions").by(&user).send().await;
    let sessions = sessions.expect(200).data();
    let mut sessions = sessions.as_array().unwrap().iter();
    let current = sessions.find(|session| session["current"] == true);
    current.unwrap()["ip"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_client_is_the_last_that_no_trusted_hop_vouches_for() {
    let app = app().await;
    app.user("ada").await;
    for (header, value, expected) in [
        (
            "x-forwarded-for",
            "1.2.3.4, 203.0.113.9, 10.9.9.9",
            "203.0.113.9",
        ),
        (
            "forwarded",
            "for=1.2.3.4, for=\"[2001:db8::17]:4711\"",
            "2001:db8::17",
        ),
        ("x-forwarded-for", "1.2.3.4, unknown", PROXY),
    ] {
        let answer = log_in(&app, PASSWORD).header(header, value).send().await;
        assert_eq!(ip_of(&app, answer.expect(200)).await, expected, "{value}");
    }
    let stranger = log_in(&app, PASSWORD).from("198.51.100.7");
    let stranger = stranger
        .header("x-forwarded-for", "203.0.113.9")
        .send()
        .await;
    assert_eq!(ip_of(&app, stranger.expect(200)).await, "198.51.100.7");
}

#[tokio::test]
async fn a_made_up_address_brings_no_tries_of_its_own() {
    let app = app().await;
    app.user("ada").await;
    let known = log_in(&app, PASSWORD).header("x-forwarded-for", "192.0.2.1");
    known.send().await.expect(200);
    let stranger = |n: u8| {
        let claims = format!("192.0.2.1, 198.51.100.{n}, 203.0.113.9");
        log_in(&app, "wrong horse").header("x-forwarded-for", &claims)
    };
    for n in 0..99 {
        let address = format!("203.0.113.{}", 10 + n / 20).parse().ok();
        app.store.try_login("ada", address).await.unwrap();
    }
    stranger(1).send().await.expect(401);
    let last = stranger(2).send().await;
    last.expect_error(429, "rate_limited");
    let known = log_in(&app, PASSWORD).header("x-forwarded-for", "192.0.2.1");
    known.send().await.expect(200);
}
