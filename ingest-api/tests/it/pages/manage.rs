//! Projects, teams and tags: what their maintainers do with them in a browser.

use super::between;
use crate::app::{TestApp, User};
use serde_json::json;

/// Ada owns a team with a project; Grace may only look.
async fn mill(app: &TestApp) -> (User, String, String) {
    let (ada, team, project) = app.with_project().await;
    let grace = app.user("grace").await;
    app.member(&ada, &team, &grace, "viewer").await;
    (ada, team, project)
}

#[tokio::test]
async fn a_project_is_renamed_and_a_form_that_was_overtaken_keeps_its_text() {
    let app = TestApp::new().await;
    mill(&app).await;
    let ada = app.browser("ada").await;
    let form = ada.page(&app, "/projects/ENG/edit").await;
    let version = between(&form, "name=\"version\" value=\"", "\"");
    let fields = [
        ("name", "Engine"),
        ("description", "All wheels"),
        ("version", &*version),
    ];
    let saved = ada
        .post(&app, "/projects/ENG/edit", &fields)
        .await
        .expect(303);
    assert_eq!(saved.header("location"), Some("/projects/ENG"));
    let fields = [
        ("name", "Motor"),
        ("description", ""),
        ("version", &*version),
    ];
    let back = ada
        .post(&app, "/projects/ENG/edit", &fields)
        .await
        .expect(412)
        .text();
    assert!(back.contains("value=\"Motor\"") && back.contains("Somebody changed this"));
    assert!(ada.page(&app, "/projects").await.contains("Engine"));
    let back = ada
        .post(
            &app,
            "/projects/ENG/edit",
            &[("name", " "), ("description", "")],
        )
        .await;
    assert!(back.expect(422).text().contains("id=\"name-wrong\""));
}

#[tokio::test]
async fn an_archived_project_leaves_the_navigation_and_comes_back() {
    let app = TestApp::new().await;
    mill(&app).await;
    let ada = app.browser("ada").await;
    ada.post(&app, "/projects/ENG/archive", &[("archived", "true")])
        .await
        .expect(303);
    let side = "class=\"entry\" href=\"/projects/ENG\"";
    let all = ada.page(&app, "/projects").await;
    assert!(!all.contains("/projects/ENG\""));
    let archive = ada.page(&app, "/projects?archived=true").await;
    assert!(!archive.contains(side) && archive.contains("class=\"cover\" href=\"/projects/ENG\""));
    assert!(ada.page(&app, "/projects/ENG").await.contains("Archived"));
    ada.post(&app, "/projects/ENG/archive", &[("archived", "false")])
        .await
        .expect(303);
    assert!(ada.page(&app, "/projects").await.contains(side));
}

#[tokio::test]
async fn a_project_is_deleted_only_by_its_key_and_only_without_tasks() {
    let app = TestApp::new().await;
    let (user, _, project) = mill(&app).await;
    let task = app.task(&user, &project, "Grease the wheel").await;
    let ada = app.browser("ada").await;
    let wrong = ada
        .post(&app, "/projects/ENG/delete", &[("confirm", "GNE")])
        .await;
    assert!(wrong.expect(422).text().contains("id=\"confirm-wrong\""));
    ada.post(&app, "/projects/ENG/delete", &[("confirm", "ENG")])
        .await
        .expect(409);
    let path = format!("/tasks/{}?permanent=true", task["id"].as_str().unwrap());
    app.delete(&path).by(&user).send().await.expect(204);
    ada.post(&app, "/projects/ENG/delete", &[("confirm", "eng")])
        .await
        .expect(303);
    ada.get(&app, "/projects/ENG").await.expect(404);
}

#[tokio::test]
async fn a_team_is_renamed_left_and_deleted_by_its_name() {
    let app = TestApp::new().await;
    let (_, team, _) = mill(&app).await;
    let (ada, grace) = (app.browser("ada").await, app.browser("grace").await);
    let edit = format!("/teams/{team}/edit");
    ada.post(
        &app,
        &edit,
        &[("name", "Wheelwrights"), ("description", "")],
    )
    .await
    .expect(303);
    let seen = grace.page(&app, &format!("/teams/{team}")).await;
    assert!(seen.contains("Wheelwrights") && !seen.contains(&edit));
    grace.get(&app, &edit).await.expect(403);
    grace
        .post(&app, &edit, &[("name", "Mine")])
        .await
        .expect(403);
    let delete = format!("/teams/{team}/delete");
    grace
        .post(&app, &delete, &[("confirm", "Wheelwrights")])
        .await
        .expect(403);
    // It holds a project.
    ada.post(&app, &delete, &[("confirm", "Wheelwrights")])
        .await
        .expect(409);
    ada.post(&app, "/projects/ENG/delete", &[("confirm", "ENG")])
        .await
        .expect(303);
    ada.post(&app, &delete, &[("confirm", "Millers")])
        .await
        .expect(422);
    ada.post(&app, &delete, &[("confirm", "Wheelwrights")])
        .await
        .expect(303);
    ada.get(&app, &format!("/teams/{team}")).await.expect(404);
}

#[tokio::test]
async fn tags_are_made_renamed_coloured_and_deleted() {
    let app = TestApp::new().await;
    let (_, team, _) = mill(&app).await;
    let (ada, grace) = (app.browser("ada").await, app.browser("grace").await);
    let tags = format!("/teams/{team}/tags");
    assert!(ada.page(&app, &tags).await.contains("No tags yet"));
    ada.post(&app, &tags, &[("name", "wheel"), ("color", "teal")])
        .await
        .expect(303);
    let again = ada
        .post(&app, &tags, &[("name", "Wheel"), ("color", "mauve")])
        .await;
    assert!(again.expect(422).text().contains("value=\"mauve\""));
    let list = ada.page(&app, &tags).await;
    let tag = between(&list, "id=\"tag-", "\"");
    let version = between(&list, "name=\"version\" value=\"", "\"");
    let path = format!("{tags}/{tag}");
    let change = [
        ("name", "axle"),
        ("color", "#1e90ff"),
        ("version", &*version),
    ];
    ada.post(&app, &path, &change).await.expect(303);
    ada.post(&app, &path, &change).await.expect(412);
    // A name that cannot be: the form is open, with what was typed.
    let wrong = [("name", "axle, or hub"), ("color", "red")];
    let back = ada.post(&app, &path, &wrong).await.expect(422).text();
    let form = between(&back, "class=\"menu\" open", "</form>");
    assert!(form.contains("value=\"axle, or hub\"") && form.contains("<option selected>red"));
    assert!(form.contains(&format!("id=\"wrong-{tag}\" role=\"alert\"")));
    let list = ada.page(&app, &tags).await;
    assert!(list.contains("axle") && list.contains("fill=\"#1e90ff\"") && !list.contains("wheel"));
    let seen = grace.page(&app, &tags).await;
    assert!(seen.contains("axle") && !seen.contains(&path));
    grace
        .post(&app, &format!("{path}/delete"), &[])
        .await
        .expect(403);
    let elsewhere = app.team(&app.log_in("ada").await, "Others").await;
    let elsewhere = format!("/teams/{elsewhere}/tags/{tag}");
    ada.post(&app, &elsewhere, &[("name", "lost")])
        .await
        .expect(404);
    ada.post(&app, &format!("{path}/delete"), &[])
        .await
        .expect(303);
    assert!(ada.page(&app, &tags).await.contains("No tags yet"));
}

#[tokio::test]
async fn what_was_tried_in_a_browser_and_refused_is_in_the_audit() {
    let app = TestApp::with_views().await;
    let (ada, team, _) = mill(&app).await;
    let grace = app.browser("grace").await;
    let edit = format!("/teams/{team}/edit");
    grace
        .post(&app, &edit, &[("name", "Mine")])
        .await
        .expect(403);
    let last = app
        .post("/teams", json!({"name": "Others"}))
        .by(&ada)
        .send()
        .await;
    let last = last.expect(201);
    let list = app
        .get("/audit?limit=10")
        .by(&ada)
        .after(&last)
        .send()
        .await;
    let entries = list.expect(200).data();
    let refused = entries
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["outcome"] == "refused");
    let refused = refused.unwrap();
    assert_eq!(refused["actor"]["username"], "grace");
    assert_eq!(refused["entity_id"], team);
}

#[tokio::test]
async fn whoever_may_not_add_members_does_not_learn_which_names_there_are() {
    let app = TestApp::new().await;
    let (ada, team, _) = app.with_project().await;
    let (vera, _) = (app.user("vera").await, app.user("eve").await);
    app.member(&ada, &team, &vera, "viewer").await;
    let path = format!("/teams/{team}/members");
    for (name, status) in [("vera", 403), ("eve", 404)] {
        let browser = app.browser(name).await;
        for sought in ["eve", "nobody-at-all"] {
            let form = [("username", sought), ("role", "member")];
            browser.post(&app, &path, &form).await.expect(status);
        }
    }
    let owner = app.browser("ada").await;
    let form = [("username", "nobody-at-all"), ("role", "member")];
    owner.post(&app, &path, &form).await.expect(422);
}
