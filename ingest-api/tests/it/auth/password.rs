//! `POST /auth/password`

use crate::app::{PASSWORD, TestApp};
use serde_json::json;

#[tokio::test]
async fn a_new_password_needs_the_old_one_and_ends_all_other_sessions() {
    let app = TestApp::new().await;
    let here = app.user("ada").await;
    let there = app.log_in("ada").await;
    let body =
        |current: &str| json!({"current_password": current, "new_password": "better battery"});
    let wrong = app.post("/auth/password", body("wrong horse")).by(&here);
    let wrong = wrong.send().await.expect_error(422, "validation_failed");
    wrong.expect_fields(&[("current_password", "invalid")]);
    let right = app.post("/auth/password", body(PASSWORD)).by(&here);
    right.send().await.expect(204);
    app.get("/auth/me").by(&here).send().await.expect(200);
    let other = app.get("/auth/me").by(&there).send().await;
    other.expect_error(401, "unauthenticated");
    let old = json!({"login": "ada", "password": PASSWORD});
    let old = app.post("/auth/login", old).send().await;
    old.expect_error(401, "unauthenticated");
    let new = json!({"login": "ada", "password": "better battery"});
    app.post("/auth/login", new).send().await.expect(200);
}
