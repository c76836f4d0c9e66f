//! What people see in a browser.

mod admin;
mod fields;
mod kept;
mod late;
mod long;
mod manage;
mod overtaken;
mod own;
mod task;

use crate::app::{Answer, TestApp};
use axum::http::Method;

/// The codes of the contract.
const CODES: [&str; 22] = [
    "bad-request",
    "unauthenticated",
    "forbidden",
    "not-found",
    "method-not-allowed",
    "not-acceptable",
    "conflict",
    "timeout",
    "gone",
    "precondition-failed",
    "payload-too-large",
    "uri-too-long",
    "unsupported-media-type",
    "validation-failed",
    "idempotency-key-reused",
    "sql-refused",
    "sql-limit",
    "rate-limited",
    "internal",
    "headers-too-large",
    "unavailable",
    "view-behind",
];

async fn browse(app: &TestApp, path: &str) -> Answer {
    let request = app.request(Method::GET, path);
    request.header("accept", "text/html").send().await
}

/// The text between two others, the first of its kind.
#[track_caller]
pub(crate) fn between(text: &str, before: &str, after: &str) -> String {
    let (_, rest) = text.split_once(before).unwrap();
    rest.split_once(after).unwrap().0.to_owned()
}

#[tokio::test]
async fn every_problem_has_a_page_that_explains_it() {
    let app = TestApp::new().await;
    let list = browse(&app, "/problems").await.expect(200);
    for code in CODES {
        let path = format!("/problems/{code}");
        assert!(list.text().contains(&path), "{code}");
        let page = browse(&app, &path).await.expect(200);
        assert!(page.text().contains("<h1"), "{code}");
    }
    let links = list.text().matches("\"/problems/").count();
    assert_eq!(links, CODES.len());
    browse(&app, "/problems/of-mine").await.expect(404);
}

#[tokio::test]
async fn errors_in_a_browser_are_pages_and_below_the_api_never() {
    let app = TestApp::new().await;
    let lost = browse(&app, "/nowhere").await.expect(404);
    assert_eq!(
        lost.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    assert!(lost.text().contains(lost.header("x-request-id").unwrap()));
    let program = app.request(Method::GET, "/nowhere").send().await;
    program.expect_error(404, "not_found");
    browse(&app, "/api/v1/nowhere")
        .await
        .expect_error(404, "not_found");
}

#[tokio::test]
async fn whoever_is_logged_in_keeps_the_navigation_when_something_does_not_go() {
    let app = TestApp::new().await;
    let (ada, team, _) = app.with_project().await;
    let grace = app.user("grace").await;
    app.member(&ada, &team, &grace, "viewer").await;
    let grace = app.browser("grace").await;
    for (path, status) in [
        ("/projects/NONE", 404),
        ("/nowhere", 404),
        ("/admin", 403),
        ("/projects?of=mine", 400),
    ] {
        let lost = grace.get(&app, path).await.expect(status);
        let text = lost.text();
        assert!(text.contains("id=\"side\""), "{path}: {text}");
        assert!(text.contains("/projects/ENG"), "{path}");
        assert!(text.contains(lost.header("x-request-id").unwrap()));
    }
    let stranger = browse(&app, "/nowhere").await.expect(404).text();
    assert!(!stranger.contains("id=\"side\""));
}

#[tokio::test]
async fn pages_load_nothing_from_elsewhere() {
    let app = TestApp::new().await;
    for path in ["/", "/problems", "/api/docs/"] {
        let page = browse(&app, path).await.expect(200);
        let policy = page.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'"), "{path}: {policy}");
        let text = page.text();
        for source in ["src=\"http", "src=\"//", "stylesheet\" href=\"http"] {
            assert!(!text.contains(source), "{path}: {source}");
        }
    }
}

#[tokio::test]
async fn the_first_page_says_whether_somebody_has_registered() {
    let app = TestApp::new().await;
    let before = browse(&app, "/").await.expect(200).text();
    app.user("ada").await;
    let after = browse(&app, "/").await.expect(200).text();
    assert_ne!(before, after);
}

#[tokio::test]
async fn what_is_our_fault_is_a_page_with_the_id_of_the_request_and_nothing_more() {
    let app = TestApp::new().await;
    app.user("ada").await;
    let ada = app.browser("ada").await;
    let broken = sqlx::query("alter table app.last_seen rename to lost");
    broken.execute(app.store.pool()).await.unwrap();
    let fault = ada.get(&app, "/teams").await.expect(500);
    let text = fault.text();
    assert!(text.contains(fault.header("x-request-id").unwrap()));
    assert!(text.contains("Something went wrong on our side.") && !text.contains("last_seen"));
    app.store.pool().close().await;
    let away = ada.get(&app, "/teams").await.expect(503);
    assert!(away.header("retry-after").is_some());
    assert!(away.text().contains(away.header("x-request-id").unwrap()));
}
