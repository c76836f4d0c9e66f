//! Views that are late, sessions that ended, and what came while somebody looked.

use super::between;
use crate::app::TestApp;
use axum::http::Method;
use serde_json::json;

#[tokio::test]
async fn a_view_that_is_late_is_shown_as_it_is() {
    // Nobody keeps the views here: none of them will have seen the write.
    let app = TestApp::new().await;
    let (ada, _, project) = app.with_project().await;
    app.task(&ada, &project, "Mend the wheel").await;
    let body = json!({"project_id": project, "title": "Grease it"});
    let written = app.post("/tasks", body).by(&ada).send().await.expect(201);
    let browser = app.browser("ada").await;
    for path in ["/inbox", "/activity", "/admin/audit", "/"] {
        let page = browser.with(app.request(Method::GET, path));
        let page = page
            .header("millstream-wait-for", &written.position())
            .header("millstream-wait-ms", "0");
        page.send().await.expect(200);
    }
}

#[tokio::test]
async fn a_form_of_a_session_that_ended_leads_back_to_its_page() {
    let app = TestApp::new().await;
    let to = async |method: Method, path: &str, from: Option<&str>| {
        let request = app.request(method, path).header("accept", "text/html");
        let request = match from {
            Some(from) => request.header("referer", from),
            None => request,
        };
        let answer = request.send().await.expect(303);
        answer.header("location").unwrap().to_owned()
    };
    let path = "/tasks/ENG-1/place";
    let here = "http://millstream.test/tasks/ENG-1?show=all";
    assert_eq!(
        to(Method::POST, path, Some(here)).await,
        "/login?next=%2Ftasks%2FENG%2D1%3Fshow%3Dall"
    );
    for other in [None, Some("http://evil.example/tasks/ENG-1"), Some("null")] {
        assert_eq!(to(Method::POST, path, other).await, "/login?next=%2F");
    }
    assert_eq!(
        to(Method::GET, "/inbox", Some(here)).await,
        "/login?next=%2Finbox"
    );
}

#[tokio::test]
async fn what_came_after_the_inbox_was_read_is_not_marked_with_all_that_it_shows() {
    let app = TestApp::with_views().await;
    let (ada, team, project) = app.with_project().await;
    let grace = app.user("grace").await;
    app.member(&ada, &team, &grace, "member").await;
    let task = app.task(&grace, &project, "Grease the wheel").await;
    let path = format!("/tasks/{}/comments", task["id"].as_str().unwrap());
    let tell = async |body: &str| {
        let said = app.post(&path, json!({"body": body})).by(&grace);
        let said = said.send().await.expect(201);
        let seen = app.get("/notifications").by(&ada).after(&said);
        seen.send().await.expect(200);
        app.clock.advance(chrono::TimeDelta::milliseconds(1));
    };
    tell("look, @ada").await;
    let browser = app.browser("ada").await;
    // The page is rendered later than its newest line.
    let page = {
        app.clock.advance(chrono::TimeDelta::seconds(5));
        let page = browser.page(&app, "/inbox").await;
        app.clock.advance(chrono::TimeDelta::seconds(-4));
        page
    };
    tell("and here, @ada").await;
    let until = between(&page, "name=\"until\" value=\"", "\"");
    let all = [("until", until.as_str())];
    browser.post(&app, "/inbox/read", &all).await.expect(303);
    let left = browser.page(&app, "/inbox").await;
    assert_eq!(left.matches("aria-label=\"unread\"").count(), 1, "{left}");
}
