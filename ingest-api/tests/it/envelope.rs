//! What every answer and every error looks like, whatever it is about.

use crate::app::TestApp;
use axum::http::Method;

#[tokio::test]
async fn one_thing_comes_in_an_envelope_with_the_id_of_the_request() {
    let app = TestApp::new().await;
    let (ada, team, _) = app.with_project().await;
    let path = format!("/teams/{team}");
    let answer = app.get(&path).by(&ada).header("x-request-id", "mill 7");
    let answer = answer.send().await.expect(200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.header("x-request-id"), Some("mill 7"));
    assert_eq!(answer.json()["meta"]["request_id"], "mill 7");
    assert_eq!(answer.data()["id"], team);
    let time = answer.header("x-response-time-ms").unwrap();
    assert!(time.parse::<u64>().is_ok(), "{time}");
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
}

#[tokio::test]
async fn a_list_comes_with_a_cursor_that_is_null_at_the_end() {
    let app = TestApp::new().await;
    let (ada, _, _) = app.with_project().await;
    let answer = app.get("/teams").by(&ada).send().await.expect(200);
    assert_eq!(answer.each("name"), ["Millers"]);
    let meta = &answer.json()["meta"];
    assert!(meta["next_cursor"].is_null() && meta.as_object().unwrap().contains_key("next_cursor"));
    assert_eq!(meta["request_id"], answer.header("x-request-id").unwrap());
}

#[tokio::test]
async fn a_request_id_that_is_not_printable_or_too_long_is_replaced() {
    let app = TestApp::new().await;
    for sent in ["a\tb", &"x".repeat(129)] {
        let answer = app.get("/openapi.json").header("x-request-id", sent);
        let answer = answer.send().await.expect(200);
        let given = answer.header("x-request-id").unwrap().to_owned();
        assert!(given.parse::<uuid::Uuid>().is_ok(), "{given}");
    }
}

#[tokio::test]
async fn what_is_created_stands_where_its_location_says() {
    let app = TestApp::new().await;
    let (ada, _, project) = app.with_project().await;
    let body = serde_json::json!({"project_id": project, "title": "Grease the wheel"});
    let made = app.post("/tasks", body).by(&ada).send().await.expect(201);
    let location = made.header("location").unwrap();
    let found = app.request(Method::GET, location).by(&ada).send().await;
    let found = found.expect(200);
    assert_eq!(found.data(), made.data());
    assert_eq!(found.header("etag"), made.header("etag"));
    assert!(!made.position().is_empty());
}

#[tokio::test]
async fn errors_of_the_router_have_the_form_of_all_others() {
    let app = TestApp::new().await;
    let lost = app.get("/nowhere").send().await;
    let lost = lost.expect_error(404, "not_found");
    assert_eq!(lost.json()["instance"], "/api/v1/nowhere");
    let ada = app.user("ada").await;
    let wrong = app.request(Method::PUT, "/api/v1/tasks").by(&ada);
    let wrong = wrong.send().await;
    let wrong = wrong.expect_error(405, "method_not_allowed");
    let allowed = wrong.header("allow").unwrap();
    assert!(
        allowed.contains("GET") && allowed.contains("POST"),
        "{allowed}"
    );
    let page = app.get("/openapi.json").header("accept", "text/html");
    page.send().await.expect_error(406, "not_acceptable");
}

#[tokio::test]
async fn whoever_is_not_logged_in_is_told_how_to() {
    let app = TestApp::new().await;
    for path in [
        "/tasks",
        "/teams",
        "/auth/me",
        "/audit/checkpoint",
        "/search",
    ] {
        let answer = app.get(path).send().await;
        let answer = answer.expect_error(401, "unauthenticated");
        assert!(
            answer
                .header("www-authenticate")
                .unwrap()
                .starts_with("Bearer")
        );
    }
}

#[tokio::test]
async fn every_wrong_parameter_is_named_at_once() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let path = "/tasks?limit=101&status=lost&odd=1&team=x&sort=colour&cursor=y";
    let answer = app.get(path).by(&ada).send().await;
    answer.expect_error(400, "bad_request").expect_fields(&[
        ("status", "not_one_of"),
        ("team", "invalid"),
        ("sort", "not_one_of"),
        ("limit", "out_of_range"),
        ("odd", "unknown"),
    ]);
    let cursor = app.get("/tasks?cursor=y").by(&ada).send().await;
    let cursor = cursor.expect_error(400, "bad_request");
    cursor.expect_fields(&[("cursor", "invalid")]);
    let none = app.get("/auth/me?limit=1").by(&ada).send().await;
    let none = none.expect_error(400, "bad_request");
    none.expect_fields(&[("limit", "unknown")]);
}

#[tokio::test]
async fn addresses_and_headers_are_bounded() {
    let app = TestApp::new().await;
    let long = format!("/tasks?q={}", "x".repeat(8 * 1024));
    let long = app.get(&long).send().await;
    long.expect_error(414, "uri_too_long");
    let large = app.get("/tasks").header("x-large", &"x".repeat(16 * 1024));
    large.send().await.expect_error(431, "headers_too_large");
}

#[tokio::test]
async fn answers_are_compressed_for_those_who_ask() {
    let app = TestApp::new().await;
    let plain = app.get("/openapi.json").send().await.expect(200);
    let packed = app.get("/openapi.json").header("accept-encoding", "gzip");
    let packed = packed.send().await.expect(200);
    assert_eq!(plain.header("content-encoding"), None);
    assert_eq!(packed.header("content-encoding"), Some("gzip"));
    assert!(packed.header("vary").unwrap().contains("accept-encoding"));
    assert!(packed.body.len() < plain.body.len() / 2);
}
