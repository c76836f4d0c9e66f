//! Too many requests: who is held up, who is not, and what they are told. Time is that of the machine, so the quotas here are
//! so small, or so large, that it does not matter.

mod in_redis;

use crate::app::{PASSWORD, Server, TestApp};
use axum::http::Method;
use millstream_ingest_api::settings::RateLimits;
use serde_json::json;
use std::num::NonZeroU32;

async fn app(person: u32, address: u32, log_in: u32) -> TestApp {
    let number = |number| NonZeroU32::new(number).unwrap();
    let limits = RateLimits {
        person: number(person),
        address: number(address),
        log_in: number(log_in),
        ..RateLimits::default()
    };
    TestApp::with_settings(|settings| {
        settings.rate_limits = Some(limits);
        settings.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    })
    .await
}

/// Sends a request from an address, behind a proxy; the answer.
async fn ask(server: &Server, address: &str, head: &str, body: &str) -> String {
    let length = body.len();
    server
        .all_answers_to(format!(
            "{head} HTTP/1.1\r\nHost: mill\r\nX-Forwarded-For: {address}\r\nContent-Type: application/json\r\n\
             Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        ))
        .await
}

#[track_caller]
fn check(answer: &str, status: u16) {
    assert!(
        answer.starts_with(&format!("HTTP/1.1 {status}")),
        "{answer}"
    );
}

fn number(answer: &str, header: &str) -> Option<u64> {
    let mut lines = answer.lines();
    lines.find_map(|line| line.strip_prefix(header)?.strip_prefix(": ")?.parse().ok())
}

#[tokio::test]
async fn a_person_has_a_quota_and_is_told_how_it_stands() {
    let app = app(3, 1_000, 1_000).await;
    let (ada, grace) = (app.user("ada").await, app.user("grace").await);
    for left in ["2", "1", "0"] {
        let answer = app.get("/auth/me").by(&ada).send().await.expect(200);
        assert_eq!(answer.header("ratelimit-limit"), Some("3"));
        assert_eq!(answer.header("ratelimit-remaining"), Some(left));
        assert!(
            answer
                .header("ratelimit-reset")
                .unwrap()
                .parse::<u64>()
                .unwrap()
                <= 60
        );
        assert_eq!(answer.header("retry-after"), None);
    }
    let answer = app.get("/teams").by(&ada).send().await;
    let answer = answer.expect_error(429, "rate_limited");
    let wait: u64 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=20).contains(&wait), "{wait}");
    assert_eq!(answer.header("ratelimit-remaining"), Some("0"));
    // Another log-in of the same person is no way around it, and nobody else is held up.
    let again = app.log_in("ada").await;
    let answer = app.get("/auth/me").by(&again).send().await;
    answer.expect_error(429, "rate_limited");
    app.get("/auth/me").by(&grace).send().await.expect(200);
}

#[tokio::test]
async fn what_was_refused_was_not_done_and_is_not_kept_for_its_key() {
    let app = app(4, 1_000, 1_000).await;
    let (ada, _, project) = app.with_project().await;
    let task = || {
        app.post("/tasks", json!({"project_id": project, "title": "Grease"}))
            .by(&ada)
    };
    let keyed = || task().header("idempotency-key", "grease");
    task().send().await.expect(201);
    let mut answer = keyed().send().await;
    while answer.status == 201 {
        answer = task().send().await;
    }
    answer.expect_error(429, "rate_limited");
    let answer = keyed().send().await.expect_error(429, "rate_limited");
    assert_eq!(answer.header("idempotency-replayed"), None);
}

#[tokio::test]
async fn those_who_are_nobody_share_the_quota_of_their_address() {
    let app = app(1_000, 2, 1_000).await;
    let server = Server::start(&app).await;
    let document = "GET /api/v1/openapi.json";
    let (one, other) = ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9");
    let first = ask(&server, one, document, "").await;
    check(&first, 200);
    assert_eq!(number(&first, "ratelimit-limit"), Some(2));
    assert_eq!(number(&first, "ratelimit-remaining"), Some(1));
    // No token and a wrong token are asked who they are, and counted.
    check(&ask(&server, other, "GET /api/v1/tasks", "").await, 401);
    let refused = ask(&server, one, document, "").await;
    check(&refused, 429);
    assert!(
        number(&refused, "retry-after").is_some_and(|wait| wait >= 1),
        "{refused}"
    );
    check(&ask(&server, one, "GET /api/v1/tasks", "").await, 429);
    let forged = "GET /api/v1/tasks HTTP/1.1\r\nAuthorization: Bearer x.y.z\r\nX-Odd: ";
    check(&ask(&server, one, forged, "").await, 429);
    // Neighbours in other networks are not.
    check(&ask(&server, "2001:db8:1:3::1", document, "").await, 200);
    check(&ask(&server, "198.51.100.7", document, "").await, 200);
    // A probe never is.
    for _ in 0..4 {
        check(&ask(&server, one, "GET /health/live", "").await, 200);
    }
}

#[tokio::test]
async fn somebody_who_is_logged_in_is_not_held_up_by_their_neighbours() {
    let app = app(1_000, 1, 1_000).await;
    let ada = app.user("ada").await;
    let server = Server::start(&app).await;
    let address = "203.0.113.9";
    for status in [401, 429, 429] {
        check(
            &ask(&server, address, "GET /api/v1/tasks", "").await,
            status,
        );
    }
    let token = &ada.access_token;
    let head = format!("GET /api/v1/tasks HTTP/1.1\r\nAuthorization: Bearer {token}\r\nX-Odd: ");
    for _ in 0..3 {
        let answer = ask(&server, address, &head, "").await;
        check(&answer, 200);
        assert_eq!(number(&answer, "ratelimit-limit"), Some(1_000));
    }
}

#[tokio::test]
async fn log_ins_have_a_quota_of_their_own_whatever_is_sent_with_them() {
    let app = app(1_000, 1_000, 2).await;
    app.user("ada").await;
    let server = Server::start(&app).await;
    let good = json!({"login": "ada", "password": PASSWORD}).to_string();
    let wrong = json!({"login": "ada", "password": "wrong"}).to_string();
    let log_in = "POST /api/v1/auth/login";
    check(&ask(&server, "203.0.113.9", log_in, &wrong).await, 401);
    check(&ask(&server, "203.0.113.9", log_in, &good).await, 200);
    let with_token = format!("{log_in} HTTP/1.1\r\nAuthorization: Bearer x.y.z\r\nX-Odd: ");
    for head in [log_in, &with_token, "POST /api/v1/auth/register"] {
        check(&ask(&server, "203.0.113.9", head, &good).await, 429);
    }
    check(
        &ask(&server, "203.0.113.9", "GET /api/v1/openapi.json", "").await,
        200,
    );
    check(&ask(&server, "203.0.113.10", log_in, &good).await, 200);
}

#[tokio::test]
async fn a_program_has_a_quota_of_its_own() {
    let app = app(3, 1_000, 1_000).await;
    let ada = app.user("ada").await;
    let body = json!({"name": "nightly", "scopes": ["read"]});
    let token = app
        .post("/auth/tokens", body)
        .by(&ada)
        .send()
        .await
        .expect(201);
    let token = token.data()["token"].as_str().unwrap().to_owned();
    for status in [200, 200, 200, 429, 429] {
        app.get("/teams").token(&token).send().await.expect(status);
    }
    app.get("/teams").by(&ada).send().await.expect(200);
}

#[tokio::test]
async fn forms_that_log_in_share_the_quota_of_log_ins() {
    let app = app(1_000, 1_000, 2).await;
    let server = Server::start(&app).await;
    for path in ["/login", "/register"] {
        let answer = ask(&server, "203.0.113.9", &format!("POST {path}"), "").await;
        assert!(!answer.starts_with("HTTP/1.1 429"), "{answer}");
    }
    for path in [
        "/login",
        "/register",
        "/reset",
        "/reset/confirm",
        "/api/v1/auth/login",
    ] {
        check(
            &ask(&server, "203.0.113.9", &format!("POST {path}"), "").await,
            429,
        );
    }
    check(&ask(&server, "203.0.113.9", "GET /login", "").await, 200);
}

#[tokio::test]
async fn a_page_costs_whoever_looks_at_it_and_a_cookie_of_nobody_the_address() {
    let app = app(1_000, 2, 1_000).await;
    let server = Server::start(&app).await;
    let guess =
        |at: u32| format!("GET / HTTP/1.1\r\nCookie: millstream_session={at:064}\r\nX-Odd: ");
    for at in 0..2 {
        let answer = ask(&server, "203.0.113.9", &guess(at), "").await;
        assert!(!answer.starts_with("HTTP/1.1 429"), "{answer}");
    }
    check(&ask(&server, "203.0.113.9", &guess(2), "").await, 429);
    check(&ask(&server, "203.0.113.9", "GET /problems", "").await, 429);
    let file = ask(&server, "203.0.113.9", "GET /static/millstream.css", "").await;
    assert!(!file.starts_with("HTTP/1.1 429"), "{file}");
}

#[tokio::test]
async fn addresses_that_there_are_not_count_too() {
    let app = app(1_000, 2, 1_000).await;
    let server = Server::start(&app).await;
    let from = "2001:db8:9::1";
    check(&ask(&server, from, "GET /wp-login.php", "").await, 404);
    check(&ask(&server, from, "BREW /api/v1/nowhere", "").await, 404);
    check(&ask(&server, from, "GET /api/v1/nowhere", "").await, 429);
    check(&ask(&server, from, "GET /nowhere", "").await, 429);
    check(&ask(&server, from, "GET /health/live", "").await, 200);
}

#[tokio::test]
async fn a_page_tells_whoever_looks_at_it_how_their_quota_stands() {
    let app = app(3, 1_000, 1_000).await;
    app.user("ada").await;
    let form = format!("login=ada&password={}", PASSWORD.replace(' ', "+"));
    let entered = app
        .request(Method::POST, "/login")
        .body("application/x-www-form-urlencoded", form);
    let entered = entered.send().await.expect(303);
    let cookie = entered.header("set-cookie").unwrap();
    let cookie = cookie.split(';').next().unwrap();
    let look = || app.request(Method::GET, "/teams").header("cookie", cookie);
    for left in ["2", "1", "0"] {
        let page = look().send().await.expect(200);
        assert_eq!(page.header("ratelimit-limit"), Some("3"));
        assert_eq!(page.header("ratelimit-remaining"), Some(left));
    }
    let live = app.get("/live").header("cookie", cookie);
    for request in [look(), live] {
        let refused = request.send().await.expect(429);
        assert_eq!(refused.header("ratelimit-limit"), Some("3"));
        assert_eq!(refused.header("ratelimit-remaining"), Some("0"));
        assert!(refused.header("retry-after").is_some());
    }
}

/// Without a lake nothing is answered; that it was asked counts.
#[tokio::test]
async fn statements_have_a_quota_of_their_own_which_a_person_and_their_tokens_share() {
    let app = TestApp::with_settings(|settings| {
        settings.rate_limits = Some(RateLimits {
            statement: NonZeroU32::new(2).unwrap(),
            ..RateLimits::default()
        });
    })
    .await;
    let (ada, grace) = (app.user("ada").await, app.user("grace").await);
    let made = json!({"name": "a script", "scopes": ["read"]});
    let made = app.post("/auth/tokens", made).by(&ada).send().await;
    let token = made.expect(201).data()["token"].clone();
    let token = token.as_str().unwrap();
    let ask = || app.post("/analytics/sql", json!({"sql": "select 1"}));
    for (request, left) in [(ask().by(&ada), "1"), (ask().token(token), "0")] {
        let answer = request.send().await.expect_error(503, "unavailable");
        assert_eq!(answer.header("ratelimit-limit"), Some("2"));
        assert_eq!(answer.header("ratelimit-remaining"), Some(left));
    }
    for request in [ask().by(&ada), ask().token(token)] {
        let refused = request.send().await.expect_error(429, "rate_limited");
        let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=30).contains(&wait), "{wait}");
        assert_eq!(refused.header("ratelimit-limit"), Some("2"));
        assert_eq!(refused.header("ratelimit-remaining"), Some("0"));
    }
    // Everything else goes on, and so does everybody else.
    app.get("/auth/me").by(&ada).send().await.expect(200);
    let others = ask().by(&grace).send().await;
    others.expect_error(503, "unavailable");
}
