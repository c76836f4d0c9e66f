//! What was typed into a form that is not taken: it comes back, to those whose browser says that a page of ours sent it.

use super::between;
use crate::app::{Answer, Browser, PASSWORD, TestApp, form};
use axum::http::Method;

const TEXT: &str = "Half a <thought>\nand more";
/// The same, as it stands in a page.
const SHOWN: &str = "Half a &#60;thought&#62;\nand more";

/// ENG-1, and ada's browser.
async fn world() -> (TestApp, Browser) {
    let app = TestApp::new().await;
    let (ada, _, project) = app.with_project().await;
    app.task(&ada, &project, "Mend the wheel").await;
    let browser = app.browser("ada").await;
    (app, browser)
}

/// A form with a token of another session, from a page of `site`.
async fn send(
    app: &TestApp,
    by: &Browser,
    site: &str,
    path: &str,
    fields: &[(&str, &str)],
) -> Answer {
    let request = app.request(Method::POST, path);
    let request = request.header("sec-fetch-site", site);
    let fields: Vec<_> = fields.iter().copied().chain([("csrf", "old")]).collect();
    form(by.with(request), &fields).send().await
}

async fn comments(app: &TestApp, by: &Browser) -> usize {
    let page = by.page(app, "/tasks/ENG-1").await;
    page.matches("<li class=\"said\"").count()
}

#[tokio::test]
async fn a_form_with_an_old_token_comes_back_with_its_text_and_a_new_token() {
    let (app, ada) = world().await;
    let path = "/tasks/ENG-1/comments";
    let back = send(
        &app,
        &ada,
        "same-origin",
        path,
        &[("body", TEXT), ("before", "7")],
    )
    .await;
    let page = back.expect(403).text();
    for part in [
        SHOWN,
        "action=\"/tasks/ENG-1/comments\"",
        "name=\"before\" value=\"7\"",
    ] {
        assert!(page.contains(part), "{part} in {page}");
    }
    assert_eq!(comments(&app, &ada).await, 0);
    // What the page would send is taken.
    let token = between(&page, "name=\"csrf\" value=\"", "\"");
    let request = app.request(Method::POST, path);
    let again = [("body", TEXT), ("csrf", &*token)];
    form(ada.with(request), &again).send().await.expect(303);
    assert_eq!(comments(&app, &ada).await, 1);
}

#[tokio::test]
async fn nothing_comes_back_to_another_site_or_to_a_browser_that_says_nothing_or_with_a_password() {
    let (app, ada) = world().await;
    let path = "/tasks/ENG-1/comments";
    for site in ["cross-site", "same-site", "none"] {
        let back = send(&app, &ada, site, path, &[("body", TEXT)]).await;
        assert!(!back.expect(403).text().contains("Half a"), "{site}");
    }
    let silent = form(ada.with(app.request(Method::POST, path)), &[("body", TEXT)]);
    let back = silent.send().await.expect(403);
    assert!(!back.text().contains("Half a"));
    let fields = [("name", "Ada"), ("current_password", "wrong horse")];
    let back = send(&app, &ada, "same-origin", "/settings/profile", &fields).await;
    assert!(!back.expect(403).text().contains("wrong horse"));
}

#[tokio::test]
async fn a_form_whose_session_has_ended_is_shown_again_behind_the_log_in() {
    let (app, ada) = world().await;
    let elsewhere = app.browser("ada").await;
    let end = elsewhere.post(&app, "/settings/sessions/end-others", &[]);
    end.await.expect(303);
    let path = "/tasks/ENG-1";
    let fields = [
        ("title", "Mend it"),
        ("description", TEXT),
        ("version", "1"),
        ("whole", "1"),
    ];
    let login = send(&app, &ada, "same-origin", path, &fields).await;
    let login = login.expect(401).text();
    assert!(
        login.contains("action=\"/login\"") && login.contains(SHOWN),
        "{login}"
    );
    assert!(!login.contains("name=\"kept.csrf\""));
    let carried = [
        ("login", "ada"),
        ("next", "/tasks/ENG-1/edit"),
        ("kept_to", path),
        ("kept.title", "Mend it"),
        ("kept.description", TEXT),
        ("kept.version", "1"),
        ("kept.whole", "1"),
    ];
    let enter = async |site: &str, password: &str| {
        let request = app
            .request(Method::POST, "/login")
            .header("accept", "text/html");
        let fields = [&carried[..], &[("password", password)]].concat();
        form(request.header("sec-fetch-site", site), &fields)
            .send()
            .await
    };
    // A wrong password keeps it for the next try.
    let again = enter("same-origin", "wrong horse").await;
    assert!(again.expect(401).text().contains(SHOWN));
    let back = enter("same-origin", PASSWORD).await.expect(200);
    assert!(back.header("set-cookie").is_some());
    let page = back.text();
    assert!(
        page.contains(SHOWN) && page.contains("href=\"/tasks/ENG-1/edit\""),
        "{page}"
    );
    assert!(page.contains("action=\"/tasks/ENG-1\""));
    // Who does not say where the form comes from is logged in, and no more.
    let plain = enter("none", PASSWORD).await.expect(303);
    assert_eq!(plain.header("location"), Some("/tasks/ENG-1/edit"));
    let task = elsewhere.page(&app, path).await;
    assert!(task.contains("Mend the wheel") && !task.contains("Half a"));
}

#[tokio::test]
async fn without_a_text_an_ended_session_leads_to_the_log_in_as_before() {
    let (app, ada) = world().await;
    let elsewhere = app.browser("ada").await;
    let end = elsewhere.post(&app, "/settings/sessions/end-others", &[]);
    end.await.expect(303);
    for (path, field) in [
        ("/logout", ("x", "")),
        ("/tasks/ENG-1/watch", ("watches", "true")),
    ] {
        let to = send(&app, &ada, "same-origin", path, &[field]).await;
        let to = to.expect(303);
        assert!(to.header("location").unwrap().starts_with("/login"));
    }
}

#[tokio::test]
async fn forms_that_change_something_keep_a_draft_by_what_they_change() {
    let (app, ada) = world().await;
    for (path, draft) in [
        ("/tasks/ENG-1/edit", "task-ENG-1"),
        ("/projects/ENG/edit", "project-ENG"),
    ] {
        let page = ada.page(&app, path).await;
        let draft = format!("data-draft=\"{draft}\"");
        assert!(
            page.contains(&draft) && page.contains("class=\"notice kept\""),
            "{path}"
        );
    }
}
