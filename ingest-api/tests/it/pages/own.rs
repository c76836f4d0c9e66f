//! What is one's own: API tokens, log-ins, the inbox, and what is new since one was last here.

use super::between;
use crate::app::{PASSWORD, TestApp};
use chrono::TimeDelta;
use serde_json::json;

#[tokio::test]
async fn an_api_token_is_shown_once_and_works_until_it_is_revoked() {
    let app = TestApp::new().await;
    app.user("ada").await;
    let ada = app.browser("ada").await;
    assert!(
        ada.page(&app, "/settings/tokens")
            .await
            .contains("No tokens yet")
    );
    let fields = [("name", "Mill wheel"), ("scopes", "read"), ("days", "7")];
    let made = ada
        .post(&app, "/settings/tokens", &fields)
        .await
        .expect(201)
        .text();
    let token = between(&made, "id=\"token\" value=\"", "\"");
    assert!(token.starts_with("mst_"));
    // Nothing may ask for this page again.
    assert!(made.contains(" data-still>") && !made.contains("data-here"));
    app.get("/teams").token(&token).send().await.expect(200);
    let list = ada.page(&app, "/settings/tokens").await;
    assert!(list.contains("Mill wheel") && !list.contains(&token));
    assert!(list.contains(" data-here=\"/settings/tokens\">") && !list.contains("data-still"));
    assert!(list.contains("Never used") || list.contains("just now"));
    let id = between(&list, "name=\"token\" value=\"", "\"");
    ada.post(&app, "/settings/tokens/revoke", &[("token", &id)])
        .await
        .expect(303);
    app.get("/teams").token(&token).send().await.expect(401);
    assert!(
        !ada.page(&app, "/settings/tokens")
            .await
            .contains("Mill wheel")
    );
}

#[tokio::test]
async fn a_token_without_a_scope_or_a_name_comes_back_with_what_was_typed() {
    let app = TestApp::new().await;
    app.user("ada").await;
    let ada = app.browser("ada").await;
    let back = ada
        .post(
            &app,
            "/settings/tokens",
            &[("name", "nightly"), ("days", "")],
        )
        .await;
    let back = back.expect(422).text();
    assert!(back.contains("value=\"nightly\"") && back.contains("id=\"scopes-wrong\""));
    let back = ada
        .post(
            &app,
            "/settings/tokens",
            &[("name", " "), ("scopes", "write")],
        )
        .await;
    assert!(back.expect(422).text().contains("id=\"name-wrong\""));
}

#[tokio::test]
async fn all_other_log_ins_end_at_once_and_this_one_stays() {
    let app = TestApp::new().await;
    let user = app.user("ada").await;
    let (here, there) = (app.browser("ada").await, app.browser("ada").await);
    here.post(&app, "/settings/sessions/end-others", &[])
        .await
        .expect(303);
    there.get(&app, "/settings").await.expect(303);
    app.get("/auth/me").by(&user).send().await.expect(401);
    let left = here.page(&app, "/settings").await;
    assert!(left.contains("This browser") && !left.contains("/settings/sessions/end-others"));
}

#[tokio::test]
async fn another_address_is_saved_with_the_password_and_the_form_says_where_it_is_missing() {
    let app = TestApp::new().await;
    app.user("ada").await;
    let ada = app.browser("ada").await;
    let save = async |email: &str, password: &str| {
        let fields = [
            ("display_name", "Ada"),
            ("email", email),
            ("time_zone", "UTC"),
            ("locale", "en"),
            ("current_password", password),
        ];
        ada.post(&app, "/settings/profile", &fields).await
    };
    // The form always sends the address; one that is the same needs nothing.
    save("ada@example.org", "").await.expect(303);
    for (password, message) in [
        ("", "must be given to change the e-mail address"),
        ("wrong horse", "must be your password as it is now"),
    ] {
        let back = save("ada@new.example", password).await.expect(422).text();
        assert_eq!(back.matches(message).count(), 1, "{back}");
        assert!(back.contains("ada@new.example") && !back.contains("wrong horse"));
    }
    save("ada@new.example", PASSWORD).await.expect(303);
    assert!(
        ada.page(&app, "/settings")
            .await
            .contains("ada@new.example")
    );
}

#[tokio::test]
async fn the_inbox_marks_all_that_its_filter_shows_and_nothing_else() {
    let app = TestApp::with_views().await;
    let (ada, team, project) = app.with_project().await;
    let grace = app.user("grace").await;
    app.member(&ada, &team, &grace, "member").await;
    let task = app.task(&grace, &project, "Grease the wheel").await;
    let path = format!("/tasks/{}/comments", task["id"].as_str().unwrap());
    let assign = json!({"assignees": [{"user_id": ada.id}]});
    let path_of_task = format!("/tasks/{}", task["id"].as_str().unwrap());
    app.patch(&path_of_task, assign)
        .by(&grace)
        .send()
        .await
        .expect(200);
    let told = app
        .post(&path, json!({"body": "look, @ada"}))
        .by(&grace)
        .send()
        .await
        .expect(201);
    app.get("/notifications")
        .by(&ada)
        .after(&told)
        .send()
        .await
        .expect(200);
    let browser = app.browser("ada").await;
    let inbox = browser.page(&app, "/inbox?reason=mentioned").await;
    assert!(inbox.contains("mentioned you") && !inbox.contains("assigned you"));
    // Nobody has seen what came after the page was made.
    let early = [("until", "2020-01-01T00:00:00Z"), ("reason", "mentioned")];
    browser.post(&app, "/inbox/read", &early).await.expect(303);
    assert!(browser.page(&app, "/inbox").await.contains("mentioned you"));
    let until = (app.store.clock().now() + TimeDelta::seconds(1)).to_rfc3339();
    let all = [("until", until.as_str()), ("reason", "mentioned")];
    browser.post(&app, "/inbox/read", &all).await.expect(303);
    let left = browser.page(&app, "/inbox").await;
    assert!(left.contains("assigned you") && !left.contains("mentioned you"));
    browser
        .post(&app, "/inbox/read", &[("until", &until)])
        .await
        .expect(303);
    assert!(browser.page(&app, "/inbox").await.contains("All read"));
    assert!(
        browser
            .page(&app, "/inbox?show=all")
            .await
            .contains("assigned you")
    );
}

#[tokio::test]
async fn home_tells_what_others_did_since_the_visit_before() {
    let app = TestApp::with_views().await;
    let (ada, team, project) = app.with_project().await;
    let grace = app.user("grace").await;
    app.member(&ada, &team, &grace, "member").await;
    let before = app.task(&grace, &project, "Before").await;
    let browser = app.browser("ada").await;
    app.clock.advance(TimeDelta::minutes(6));
    browser.page(&app, "/teams").await;
    assert!(
        !browser.page(&app, "/").await.contains("New since"),
        "{before}"
    );
    // A pause makes the next page a new visit.
    app.clock.advance(TimeDelta::hours(2));
    let (ada, grace) = (app.log_in("ada").await, app.log_in("grace").await);
    let body = json!({"project_id": project, "title": "Meanwhile"});
    app.post("/tasks", body.clone())
        .by(&grace)
        .send()
        .await
        .expect(201);
    let own = app.post("/tasks", json!({"project_id": project, "title": "Own"}));
    let last = own.by(&ada).send().await.expect(201);
    app.get("/activity")
        .by(&ada)
        .after(&last)
        .send()
        .await
        .expect(200);
    let home = browser.page(&app, "/").await;
    assert!(home.contains("New since") && home.contains("<span class=\"count\">1</span>"));
    assert_eq!(home.matches("class=\"fresh\"").count(), 1);
    assert_eq!(home.matches("class=\"since\"").count(), 1);
    let (new, old) = home.split_once("class=\"since\"").unwrap();
    assert!(new.contains("Meanwhile") && old.contains("Before"));
    // Within the same visit it stays where it is; and a page that keeps itself up to date is no visit.
    app.clock.advance(TimeDelta::minutes(10));
    assert!(
        browser
            .page(&app, "/activity")
            .await
            .contains("class=\"fresh\"")
    );
}

#[tokio::test]
async fn what_one_watches_stands_below_what_one_works_on() {
    let app = TestApp::new().await;
    let (ada, team, project) = app.with_project().await;
    let grace = app.user("grace").await;
    app.member(&ada, &team, &grace, "member").await;
    app.task(&grace, &project, "Watched wheel").await;
    let browser = app.browser("ada").await;
    assert!(!browser.page(&app, "/").await.contains("Watched wheel"));
    browser
        .post(&app, "/tasks/ENG-1/watch", &[("watches", "true")])
        .await
        .expect(303);
    let home = browser.page(&app, "/").await;
    let (before, watching) = home.split_once("id=\"watching\"").unwrap();
    assert!(watching.contains("Watched wheel"));
    // Its box belongs to the form that acts on what is chosen.
    let (_, form) = before.split_once("action=\"/tasks/bulk\"").unwrap();
    assert!(!form.contains("</form>"));
}

#[tokio::test]
async fn keys_of_one_letter_are_turned_off_for_a_browser() {
    let app = TestApp::new().await;
    app.user("ada").await;
    let ada = app.browser("ada").await;
    assert!(!ada.page(&app, "/settings").await.contains("data-keys"));
    let off = ada.post(&app, "/settings/keys", &[("keys", "off")]).await;
    let off = off.expect(303);
    let cookie = off.header("set-cookie").unwrap().split(';').next();
    assert_eq!(cookie, Some("millstream_keys=off"));
    let ada = ada.also(cookie.unwrap());
    let page = ada.page(&app, "/settings").await;
    assert!(page.contains("data-keys=\"off\""));
    assert!(page.contains("value=\"off\" aria-pressed=\"true\""));
    let on = ada.post(&app, "/settings/keys", &[("keys", "on")]).await;
    let on = on.expect(303);
    assert!(on.header("set-cookie").unwrap().contains("Max-Age=0"));
}

#[tokio::test]
async fn pages_of_many_projects_hear_of_them_and_gather_what_they_hear() {
    let app = TestApp::with_views().await;
    let (ada, team, first) = app.with_project().await;
    let mut projects = vec![first];
    for number in 0..24 {
        let key = format!("A{number:02}");
        projects.push(app.project(&ada, &team, &key).await);
    }
    // The last by name: what one works on is heard before what the navigation names.
    let last = app.project(&ada, &team, "ZEAL").await;
    let me = app.get("/auth/me").by(&ada).send().await.data();
    let body = json!({
        "project_id": last, "title": "Grease the wheel", "assignees": [{"user_id": me["id"]}],
    });
    app.post("/tasks", body).by(&ada).send().await.expect(201);
    let ada = app.browser("ada").await;
    for path in ["/", "/activity", "/search", "/projects"] {
        let page = ada.page(&app, path).await;
        let topics = between(&page, "data-topics=\"", "\"");
        assert_eq!(topics.matches("project:").count(), 20, "{path}");
        assert!(topics.ends_with(" notifications") && page.contains(" data-calm"));
        if path == "/" {
            assert!(topics.starts_with(&format!("project:{last} ")), "{topics}");
        }
    }
    let board = ada.page(&app, "/projects/ZEAL?view=board").await;
    assert!(!board.contains(" data-calm"));
}
