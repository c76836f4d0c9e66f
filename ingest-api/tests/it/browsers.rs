//! What browsers are told: which sites' scripts may use the API, and what may run, be framed or be guessed.

use crate::app::{Answer, TestApp};
use axum::http::Method;
use std::collections::BTreeSet;

const TOOLS: &str = "https://tools.example.org";

async fn app(origins: &[&str]) -> TestApp {
    let origins = origins
        .iter()
        .map(|origin| origin.parse().unwrap())
        .collect();
    TestApp::with_settings(|settings| settings.cors_origins = origins).await
}

async fn preflight(app: &TestApp, path: &str, origin: &str) -> Answer {
    let asked = app.request(Method::OPTIONS, path).header("origin", origin);
    let asked = asked.header("access-control-request-method", "PATCH");
    let asked = asked.header("access-control-request-headers", "authorization,if-match");
    asked.send().await
}

fn allowed(answer: &Answer) -> Option<&str> {
    answer.header("access-control-allow-origin")
}

#[tokio::test]
async fn a_site_that_was_named_may_use_the_api_and_read_what_belongs_to_it() {
    let app = app(&["http://localhost:3000", TOOLS]).await;
    let ada = app.user("ada").await;
    let before = preflight(&app, "/api/v1/tasks", TOOLS).await.expect(200);
    assert_eq!(allowed(&before), Some(TOOLS));
    assert_eq!(
        before.header("access-control-allow-credentials"),
        Some("true")
    );
    let list = |answer: &Answer, name: &str| -> BTreeSet<String> {
        let list = answer.header(name).unwrap().to_lowercase();
        list.split(',').map(str::to_owned).collect()
    };
    let methods = list(&before, "access-control-allow-methods");
    assert!(
        methods.contains("patch") && !methods.contains("trace"),
        "{methods:?}"
    );
    let sent = list(&before, "access-control-allow-headers");
    for name in [
        "authorization",
        "if-match",
        "idempotency-key",
        "millstream-wait-for",
    ] {
        assert!(sent.contains(name), "{sent:?}");
    }
    let read = app
        .get("/teams")
        .by(&ada)
        .header("origin", TOOLS)
        .send()
        .await
        .expect(200);
    assert_eq!(allowed(&read), Some(TOOLS));
    let shown = list(&read, "access-control-expose-headers");
    for name in [
        "etag",
        "location",
        "millstream-position",
        "ratelimit-remaining",
        "retry-after",
        "x-request-id",
    ] {
        assert!(shown.contains(name), "{shown:?}");
    }
    assert!(
        read.headers
            .get_all("vary")
            .iter()
            .any(|name| name == "origin")
    );
    // Errors are read too, wherever they come from.
    let large = "x".repeat(9_000);
    for path in [
        "/api/v1/nowhere".to_owned(),
        "/api/v1/tasks".into(),
        format!("/api/v1/tasks?q={large}"),
    ] {
        let answer = app
            .request(Method::GET, &path)
            .header("origin", TOOLS)
            .send()
            .await;
        assert!(answer.status >= 400);
        assert_eq!(allowed(&answer), Some(TOOLS), "{}", answer.status);
    }
}

#[tokio::test]
async fn every_other_site_is_told_nothing() {
    let named = app(&[TOOLS]).await;
    let ada = named.user("ada").await;
    for origin in [
        "https://evil.example",
        "http://tools.example.org",
        "https://tools.example.org:8443",
        "https://tools.example.org.evil.example",
        "https://evil-tools.example.org",
        "https://TOOLS.example.org",
        "null",
        "*",
        "",
    ] {
        let before = preflight(&named, "/api/v1/tasks", origin).await;
        assert_eq!(allowed(&before), None, "{origin}");
        let read = named
            .get("/teams")
            .by(&ada)
            .header("origin", origin)
            .send()
            .await;
        assert_eq!(allowed(&read.expect(200)), None, "{origin}");
    }
    // Pages are for no script of another site.
    for path in ["/", "/problems", "/api/docs/"] {
        let page = named
            .request(Method::GET, path)
            .header("origin", TOOLS)
            .send()
            .await;
        assert_eq!(allowed(&page), None, "{path}");
    }
    let unnamed = TestApp::new().await;
    let before = preflight(&unnamed, "/api/v1/tasks", TOOLS).await;
    let told = before
        .headers
        .keys()
        .filter(|name| name.as_str().starts_with("access-control"));
    assert_eq!(told.count(), 0);
}

#[tokio::test]
async fn every_answer_says_what_a_browser_must_not_do_with_it() {
    let app = TestApp::new().await;
    let long = format!("/api/v1/tasks?q={}", "x".repeat(9_000));
    for path in [
        "/",
        "/problems",
        "/static/millstream.css",
        "/api/v1/openapi.json",
        "/api/v1/tasks",
        "/nowhere",
        &long,
    ] {
        let answer = app.request(Method::GET, path).send().await;
        let policy = answer.header("content-security-policy").unwrap();
        assert!(
            policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"),
            "{path}"
        );
        assert!(!policy.contains("unsafe"), "{path}: {policy}");
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "same-origin"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            assert_eq!(answer.header(name), Some(value), "{path}");
        }
        let permissions = answer.header("permissions-policy").unwrap();
        assert!(
            permissions.contains("camera=()") && permissions.contains("geolocation=()"),
            "{path}"
        );
        assert_eq!(answer.header("strict-transport-security"), None, "{path}");
    }
}

#[tokio::test]
async fn browsers_insist_on_tls_where_the_public_address_has_it() {
    let secure = |settings: &mut millstream_ingest_api::Settings| {
        settings.public_url = "https://tasks.example.org".into();
    };
    let app = TestApp::with_settings(secure).await;
    let answer = app.request(Method::GET, "/").send().await;
    let insists = answer.header("strict-transport-security").unwrap();
    // Of this host alone, whoever has those below it.
    assert_eq!(insists, "max-age=31536000");
}

#[tokio::test]
async fn the_session_cookie_is_this_hosts_alone_where_there_is_tls_and_forms_come_from_the_public_url()
 {
    let app = TestApp::with_settings(|settings| {
        settings.public_url = "https://tasks.example.org".into();
        settings.public_url_given = true;
    })
    .await;
    app.user("ada").await;
    // `Host` is another one here, as behind a proxy.
    let log_in = |origin: &'static str| {
        let form = app.request(Method::POST, "/login").header("origin", origin);
        form.body(
            "application/x-www-form-urlencoded",
            "login=ada&password=correct+horse+battery",
        )
    };
    let done = log_in("https://tasks.example.org").send().await;
    let cookie = done.header("set-cookie").unwrap();
    assert!(cookie.starts_with("__Host-millstream_session="), "{cookie}");
    assert!(
        cookie.contains("; Secure") && cookie.contains("; Path=/;"),
        "{cookie}"
    );
    for origin in ["http://millstream.test", "http://tasks.example.org"] {
        let refused = log_in(origin).send().await.expect(403);
        assert_eq!(refused.header("set-cookie"), None);
        assert!(
            refused.text().contains("https://tasks.example.org"),
            "{origin}"
        );
    }
}
