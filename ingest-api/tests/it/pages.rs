//! What people see in a browser.

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
