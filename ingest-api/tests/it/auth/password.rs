//! `POST /auth/password`

use crate::app::{PASSWORD, SETUP_SECRET, TestApp};
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

#[tokio::test]
async fn a_password_is_the_same_however_its_letters_were_put_together() {
    let app = TestApp::new().await;
    let composed = "gr\u{fc}ne m\u{fc}hle";
    let decomposed = "gru\u{308}ne\u{a0}mu\u{308}hle";
    let account = json!({"username": "ada", "email": "ada@example.org", "password": decomposed,
                         "setup_secret": SETUP_SECRET});
    app.post("/auth/register", account).send().await.expect(201);
    for password in [composed, decomposed] {
        let body = json!({"login": "ada", "password": password});
        app.post("/auth/login", body).send().await.expect(200);
    }
    for other in [
        "grune muhle",
        "gr\u{fc}ne m\u{fc}hle ",
        "GR\u{dc}NE M\u{dc}HLE",
    ] {
        let body = json!({"login": "ada", "password": other});
        app.post("/auth/login", body).send().await.expect(401);
    }
}

#[tokio::test]
async fn long_passwords_count_to_the_last_character() {
    let app = TestApp::new().await;
    app.user("ada").await;
    let longest: String = ('\u{1f300}'..).take(128).collect();
    let register = |password: &str| {
        let body = json!({"username": "grace", "email": "grace@example.org", "password": password});
        app.post("/auth/register", body).send()
    };
    let too_long = register(&format!("{longest}!")).await;
    let too_long = too_long.expect_error(422, "validation_failed");
    too_long.expect_fields(&[("password", "too_long")]);
    register(&longest).await.expect(201);
    let mut almost = longest.clone();
    almost.pop();
    for (password, status) in [(longest, 200), (format!("{almost}!"), 401), (almost, 401)] {
        let body = json!({"login": "grace", "password": password});
        app.post("/auth/login", body).send().await.expect(status);
    }
}

#[tokio::test]
async fn what_everybody_tries_first_is_refused_with_a_reason() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    for bad in [
        "password123",
        "Millstream1",
        "ada@example.org",
        "tab\tin the middle",
    ] {
        let body = json!({"username": "grace", "email": "grace@example.org", "password": bad});
        let body = if bad.starts_with("ada") {
            json!({"username": "ada2", "email": "ada@example.org", "password": bad})
        } else {
            body
        };
        let refused = app.post("/auth/register", body).send().await;
        let refused = refused.expect_error(422, "validation_failed");
        assert!(
            refused.json()["error"]["fields"][0]["message"]
                .as_str()
                .unwrap()
                .starts_with("must not")
        );
        refused.expect_fields(&[("password", "invalid")]);
        let body = json!({"current_password": PASSWORD, "new_password": bad});
        let refused = app.post("/auth/password", body).by(&ada).send().await;
        let refused = refused.expect_error(422, "validation_failed");
        refused.expect_fields(&[("new_password", "invalid")]);
    }
}
