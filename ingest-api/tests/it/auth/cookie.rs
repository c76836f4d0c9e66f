//! The cookie of a browser's session, as a way into the API.

use crate::app::{Answer, PASSWORD, Request, TestApp};
use axum::http::Method;
use serde_json::json;

/// A browser that is logged in.
struct Browser {
    cookie: String,
    /// What its forms carry.
    csrf: String,
}

impl Browser {
    async fn log_in(app: &TestApp, name: &str) -> Self {
        let form = format!("login={name}&password={}", PASSWORD.replace(' ', "+"));
        let entered = app
            .request(Method::POST, "/login")
            .body("application/x-www-form-urlencoded", form)
            .send()
            .await
            .expect(303);
        let cookie = entered.header("set-cookie").unwrap();
        let cookie = cookie.split(';').next().unwrap().to_owned();
        let page = app
            .request(Method::GET, "/teams")
            .header("cookie", &cookie)
            .send()
            .await
            .expect(200)
            .text();
        let (_, rest) = page.split_once("name=\"csrf\" value=\"").unwrap();
        let csrf = rest.split('"').next().unwrap().to_owned();
        Self { cookie, csrf }
    }

    fn asks<'a>(&self, request: Request<'a>) -> Request<'a> {
        request.header("cookie", &self.cookie)
    }

    async fn writes(&self, request: Request<'_>) -> Answer {
        let request = self.asks(request).header("x-csrf-token", &self.csrf);
        request.send().await
    }
}

#[tokio::test]
async fn a_browser_reads_with_its_cookie_and_writes_with_its_token_beside_it() {
    let app = TestApp::new().await;
    let (_, _, project) = app.with_project().await;
    let browser = Browser::log_in(&app, "ada").await;
    let me = browser.asks(app.get("/auth/me")).send().await.expect(200);
    assert_eq!(me.data()["username"], "ada");
    let task = || {
        app.post(
            "/tasks",
            json!({"project_id": project, "title": "Grease the wheel"}),
        )
    };
    let bare = browser.asks(task()).send().await;
    bare.expect_error(403, "forbidden");
    for wrong in ["", "x", "Z".repeat(43).as_str()] {
        let forged = browser.asks(task()).header("x-csrf-token", wrong);
        forged.send().await.expect_error(403, "forbidden");
    }
    let made = browser.writes(task()).await.expect(201);
    let path = format!("/tasks/{}", made.id());
    let renamed = app.patch(&path, json!({"title": "Grease both"}));
    browser.writes(renamed).await.expect(200);
    let bare = browser.asks(app.delete(&path)).send().await;
    bare.expect_error(403, "forbidden");
    browser.writes(app.delete(&path)).await.expect(204);
}

#[tokio::test]
async fn the_token_of_one_session_is_no_good_for_another() {
    let app = TestApp::new().await;
    let (ada, _) = (app.user("ada").await, app.user("grace").await);
    let (hers, other) = (
        Browser::log_in(&app, "ada").await,
        Browser::log_in(&app, "grace").await,
    );
    let team = app.post("/teams", json!({"name": "Millers"}));
    let crossed = hers.asks(team).header("x-csrf-token", &other.csrf);
    crossed.send().await.expect_error(403, "forbidden");
    // Whoever says who they are in another way is not asked for what belongs to the cookie.
    let team = app.post("/teams", json!({"name": "Millers"})).by(&ada);
    hers.asks(team).send().await.expect(201);
    let nobody = app.get("/auth/me").header("authorization", "Bearer x.y.z");
    let nobody = hers.asks(nobody).send().await;
    nobody.expect_error(401, "unauthenticated");
}

#[tokio::test]
async fn a_cookie_ends_with_its_session() {
    let app = TestApp::new().await;
    app.user("ada").await;
    let browser = Browser::log_in(&app, "ada").await;
    let sessions = browser.asks(app.get("/auth/sessions")).send().await;
    let sessions = sessions.expect(200).data();
    assert_eq!(sessions[0]["current"], true);
    browser
        .writes(app.post("/auth/logout", json!({})))
        .await
        .expect(204);
    let after = browser.asks(app.get("/auth/me")).send().await;
    let after = after.expect_error(401, "unauthenticated");
    assert!(after.header("www-authenticate").is_some());
    let none = app.get("/auth/me").header("cookie", "millstream_session=x");
    none.send().await.expect_error(401, "unauthenticated");
}

#[tokio::test]
async fn what_another_site_tried_with_a_cookie_is_in_the_audit() {
    let app = TestApp::with_views().await;
    app.user("ada").await;
    let browser = Browser::log_in(&app, "ada").await;
    let tried = browser.asks(app.post("/teams", json!({"name": "Evil"})));
    tried.send().await.expect_error(403, "forbidden");
    let made = browser
        .writes(app.post("/teams", json!({"name": "Millers"})))
        .await
        .expect(201);
    let list = browser.asks(app.get("/audit?q=POST")).after(&made);
    let entries = list.send().await.expect(200).data();
    assert_eq!(entries[0]["outcome"], "refused");
    assert_eq!(entries[0]["reason"], "POST /api/v1/teams");
    assert_eq!(entries[0]["via"], "session");
}
