//! `POST /auth/register`

use crate::app::{PASSWORD, SETUP_SECRET, TestApp};
use serde_json::{Value, json};

fn account(name: &str) -> Value {
    json!({"username": name, "email": format!("{name}@example.org"), "password": PASSWORD})
}

#[tokio::test]
async fn the_first_person_brings_the_set_up_secret_and_becomes_admin() {
    let app = TestApp::new().await;
    let without = app.post("/auth/register", account("ada")).send().await;
    without.expect_error(403, "forbidden");
    let mut body = account("ada");
    body["setup_secret"] = json!("open barley");
    let wrong = app.post("/auth/register", body.clone()).send().await;
    wrong.expect_error(403, "forbidden");
    body["setup_secret"] = json!(SETUP_SECRET);
    let ada = app.post("/auth/register", body).send().await.expect(201);
    assert_eq!(ada.data()["role"], "admin");
    assert_eq!(ada.data()["email"], "ada@example.org");
    assert!(!ada.text().contains("password"), "{}", ada.text());

    let mut later = account("grace");
    later["setup_secret"] = json!("ignored");
    let grace = app.post("/auth/register", later).send().await.expect(201);
    assert_eq!(grace.data()["role"], "member");
    assert_eq!(
        grace.header("location"),
        Some(&*format!("/api/v1/users/{}", grace.id()))
    );
}

#[tokio::test]
async fn a_setting_closes_registration_to_all_but_the_first() {
    let app = TestApp::with_settings(|settings| settings.registration_open = false).await;
    let mut first = account("ada");
    first["setup_secret"] = json!(SETUP_SECRET);
    app.post("/auth/register", first).send().await.expect(201);
    let second = app.post("/auth/register", account("grace")).send().await;
    second.expect_error(403, "forbidden");
    // Who may not register is not told what would be wrong with it.
    let odd = app
        .post("/auth/register", json!({"username": 7}))
        .send()
        .await;
    odd.expect_error(403, "forbidden");
}

#[tokio::test]
async fn names_and_addresses_are_taken_once_whatever_their_case() {
    let app = TestApp::new().await;
    app.user("ada").await;
    let mut same_name = account("Ada");
    same_name["email"] = json!("other@example.org");
    let same_name = app.post("/auth/register", same_name).send().await;
    let same_name = same_name.expect_error(409, "conflict");
    same_name.expect_fields(&[("username", "taken")]);
    let mut same_address = account("grace");
    same_address["email"] = json!("ADA@example.org");
    let same_address = app.post("/auth/register", same_address).send().await;
    let same_address = same_address.expect_error(409, "conflict");
    same_address.expect_fields(&[("email", "taken")]);
    let both = app.post("/auth/register", account("ada")).send().await;
    let both = both.expect_error(409, "conflict");
    both.expect_fields(&[("username", "taken"), ("email", "taken")]);
}

#[tokio::test]
async fn everything_wrong_with_an_account_is_told_at_once() {
    let app = TestApp::new().await;
    let body = json!({"username": "a b", "email": "nobody", "password": "short", "role": "admin"});
    let answer = app.post("/auth/register", body).send().await;
    answer
        .expect_error(422, "validation_failed")
        .expect_fields(&[
            ("username", "invalid"),
            ("email", "invalid"),
            ("password", "too_short"),
            ("role", "unknown"),
        ]);
}
