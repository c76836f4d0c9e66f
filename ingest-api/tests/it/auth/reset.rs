//! A forgotten password: `POST /auth/reset`, `POST /auth/reset/confirm`.

use crate::app::{Answer, PASSWORD, TestApp, User};
use axum::http::Method;
use chrono::TimeDelta;
use millstream_domain::ids::{MailId, UserId};
use serde_json::{Value, json};

async fn ask(app: &TestApp, email: &str, from: &str) -> Answer {
    let body = json!({"email": email});
    app.post("/auth/reset", body).from(from).send().await
}

/// The secret of a fresh link, as the mail would carry it.
async fn link(app: &TestApp, of: &User, email: &str) -> String {
    let user: UserId = of.id.parse().unwrap();
    let mail = MailId(app.store.ids().next());
    let token = app.store.new_reset_token(mail, user, email).await.unwrap();
    token.unwrap().secret
}

async fn confirm(app: &TestApp, body: Value) -> Answer {
    app.post("/auth/reset/confirm", body).send().await
}

#[tokio::test]
async fn asking_for_a_link_answers_the_same_whether_there_is_an_account_or_not() {
    let app = TestApp::new().await;
    app.user("ada").await;
    let mut answers = Vec::new();
    for email in ["ada@example.org", "nobody@example.org", " ADA@EXAMPLE.ORG "] {
        let answer = ask(&app, email, "192.0.2.1").await.expect(200);
        assert!(answer.header("millstream-position").is_none());
        answers.push(answer.data());
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
    let mails = app.store.claim_mails("test", 10).await.unwrap();
    let to: Vec<_> = mails.iter().map(|mail| mail.to.as_str()).collect();
    assert_eq!(to, ["ada@example.org"; 2]);
    let wrong = app.post("/auth/reset", json!({"email": "ada", "user": 1}));
    let wrong = wrong.send().await.expect_error(422, "validation_failed");
    wrong.expect_fields(&[("email", "invalid"), ("user", "unknown")]);
}

#[tokio::test]
async fn who_asks_too_often_is_told_to_wait_whomever_they_ask_for() {
    let app = TestApp::new().await;
    app.user("ada").await;
    let asks = (0..20).map(|n| {
        let app = &app;
        async move { ask(app, &format!("nobody{n}@example.org"), "192.0.2.1").await }
    });
    for heard in futures::future::join_all(asks).await {
        heard.expect(200);
    }
    for email in ["ada@example.org", "nobody@example.org"] {
        let refused = ask(&app, email, "192.0.2.1").await;
        let refused = refused.expect_error(429, "rate_limited");
        assert_eq!(refused.header("retry-after"), Some("3600"));
    }
    ask(&app, "ada@example.org", "192.0.2.2").await.expect(200);
}

#[tokio::test]
async fn a_link_sets_a_new_password_once_and_ends_all_sessions() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let token = link(&app, &ada, "ada@example.org").await;
    let body = json!({"token": token, "new_password": "better battery"});
    let done = confirm(&app, body.clone()).await.expect(204);
    assert!(done.body.is_empty());
    let me = app.get("/auth/me").by(&ada).send().await;
    me.expect_error(401, "unauthenticated");
    let renew = json!({"refresh_token": ada.refresh_token});
    let renew = app.post("/auth/refresh", renew).send().await;
    renew.expect_error(401, "unauthenticated");
    let again = confirm(&app, body).await;
    let again = again.expect_error(422, "validation_failed");
    again.expect_fields(&[("token", "invalid")]);
    for (password, status) in [(PASSWORD, 401), ("better battery", 200)] {
        let body = json!({"login": "ada", "password": password});
        let answer = app.post("/auth/login", body).send().await;
        answer.expect(status);
    }
}

#[tokio::test]
async fn a_password_that_may_not_be_chosen_does_not_use_the_link_up() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let token = link(&app, &ada, "ada@example.org").await;
    for (password, code) in [
        ("short", "too_short"),
        ("password123", "invalid"),
        ("ada@example.org", "invalid"),
    ] {
        let wrong = confirm(&app, json!({"token": token, "new_password": password})).await;
        let wrong = wrong.expect_error(422, "validation_failed");
        wrong.expect_fields(&[("new_password", code)]);
    }
    let made_up = json!({"token": "msp_made_up", "new_password": "short", "revoke_api_tokens": 1});
    let wrong = confirm(&app, made_up).await;
    let wrong = wrong.expect_error(422, "validation_failed");
    wrong.expect_fields(&[
        ("token", "invalid"),
        ("new_password", "too_short"),
        ("revoke_api_tokens", "invalid"),
    ]);
    let good = json!({"token": token, "new_password": "better battery"});
    confirm(&app, good).await.expect(204);
}

#[tokio::test]
async fn a_link_is_good_for_half_an_hour() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let token = link(&app, &ada, "ada@example.org").await;
    app.clock.advance(TimeDelta::minutes(30));
    let late = confirm(
        &app,
        json!({"token": token, "new_password": "better battery"}),
    )
    .await;
    late.expect_error(422, "validation_failed")
        .expect_fields(&[("token", "invalid")]);
}

/// Sends a form of a page; the page that is answered.
async fn form(app: &TestApp, path: &str, fields: &str) -> Answer {
    let form = app.request(Method::POST, path);
    form.body("application/x-www-form-urlencoded", fields.to_owned())
        .send()
        .await
}

#[tokio::test]
async fn a_password_is_reset_by_forms_alone() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let page = app.request(Method::GET, "/reset").send().await.expect(200);
    assert_eq!(page.header("cache-control"), Some("no-store"));
    let asked = form(&app, "/reset", "email=ada%40example.org")
        .await
        .expect(200);
    let nobody = form(&app, "/reset", "email=nobody%40example.org").await;
    assert_eq!(asked.text(), nobody.expect(200).text());
    assert_eq!(app.store.claim_mails("test", 10).await.unwrap().len(), 1);
    let wrong = form(&app, "/reset", "email=%3Cb%3E").await.expect(422);
    assert!(
        wrong.text().contains("must be an e-mail address"),
        "{}",
        wrong.text()
    );
    let token = link(&app, &ada, "ada@example.org").await;
    let weak = format!("token={token}&new_password=password123");
    let weak = form(&app, "/reset/confirm", &weak);
    let weak = weak.await.expect(422);
    assert!(
        weak.text().contains(&format!("value=\"{token}\"")),
        "{}",
        weak.text()
    );
    let good = format!("token=+{token}+&new_password=better+battery&revoke_api_tokens=yes");
    let done = form(&app, "/reset/confirm", &good).await.expect(200);
    assert!(
        done.text().contains("Your new password is set"),
        "{}",
        done.text()
    );
    let again = form(&app, "/reset/confirm", &good).await.expect(422);
    assert!(
        again.text().contains("ask for a new link"),
        "{}",
        again.text()
    );
    let log_in = json!({"login": "ada", "password": "better battery"});
    app.post("/auth/login", log_in).send().await.expect(200);
}

#[tokio::test]
async fn a_form_of_another_site_is_refused() {
    let app = TestApp::new().await;
    for path in ["/reset", "/reset/confirm"] {
        let foreign = app
            .request(Method::POST, path)
            .header("sec-fetch-site", "cross-site");
        let foreign = foreign.body("application/x-www-form-urlencoded", "email=a%40b.example");
        foreign.send().await.expect(403);
    }
}
