//! The page of a task, without script: what is said about it, who watches it, what is set of it.

use super::between;
use crate::app::{TestApp, User};
use serde_json::json;

/// ENG-1, and two people of its team.
async fn world() -> (TestApp, User, User) {
    let app = TestApp::new().await;
    let (ada, team, project) = app.with_project().await;
    let grace = app.user("grace").await;
    app.member(&ada, &team, &grace, "member").await;
    app.task(&ada, &project, "Mend the wheel").await;
    (app, ada, grace)
}

/// Where the forms of the only comment are sent to.
fn place_of_comment(page: &str) -> String {
    let id = between(page, "id=\"comment-", "\"");
    format!("/tasks/ENG-1/comments/{id}")
}

#[tokio::test]
async fn a_comment_is_changed_where_it_stands_and_what_it_said_is_a_page() {
    let (app, ..) = world().await;
    let ada = app.browser("ada").await;
    ada.post(
        &app,
        "/tasks/ENG-1/comments",
        &[("body", "It squeeks.\r\nStill.")],
    )
    .await
    .expect(303);
    let page = ada.page(&app, "/tasks/ENG-1").await;
    let place = place_of_comment(&page);
    let version = between(&page, "name=\"version\" value=\"", "\"");
    // Lines end as people see them, whatever browsers send.
    assert!(page.contains(">It squeeks.\nStill.</textarea>"), "{page}");
    assert!(!page.contains(&format!("{place}/history")));

    let change = [("body", "It squeaks."), ("version", &version)];
    let changed = ada.post(&app, &place, &change).await.expect(303);
    assert!(changed.header("location").unwrap().contains("#comment-"));
    let page = ada.page(&app, "/tasks/ENG-1").await;
    assert!(page.contains("<p>It squeaks.</p>") && !page.contains("squeeks"));
    let history = ada.page(&app, &format!("{place}/history")).await;
    assert!(history.contains("squeaks") && history.contains("squeeks"));

    // Whoever did not see the last change gets their text back.
    let stale = [("body", "It sings."), ("version", &version)];
    let refused = ada.post(&app, &place, &stale).await.expect(412).text();
    assert!(refused.contains(">It sings.</textarea>") && refused.contains("squeaks."));
}

#[tokio::test]
async fn a_deleted_comment_leaves_a_mark_and_its_text_nowhere() {
    let (app, ..) = world().await;
    let ada = app.browser("ada").await;
    ada.post(&app, "/tasks/ENG-1/comments", &[("body", "Nobody knows.")])
        .await
        .expect(303);
    let place = place_of_comment(&ada.page(&app, "/tasks/ENG-1").await);
    ada.post(&app, &place, &[("act", "delete")])
        .await
        .expect(303);
    for path in ["/tasks/ENG-1".to_owned(), format!("{place}/history")] {
        let page = ada.page(&app, &path).await;
        assert!(page.contains("This comment was deleted."), "{path}");
        assert!(!page.contains("Nobody knows."), "{path}");
    }
    ada.post(&app, &place, &[("body", "Or do they?")])
        .await
        .expect(404);
}

#[tokio::test]
async fn comments_are_changed_by_their_author_and_deleted_by_maintainers_too() {
    let (app, ada, grace) = world().await;
    let hedy = app.user("hedy").await;
    let task = app.get("/tasks/ENG-1").by(&ada).send().await.data();
    let project = task["project_id"].as_str().unwrap();
    let project = app.get(&format!("/projects/{project}")).by(&ada).send();
    let team = project.await.data()["team_id"].as_str().unwrap().to_owned();
    app.member(&ada, &team, &hedy, "maintainer").await;
    for (author, body) in [(&grace, "Mine."), (&hedy, "By the maintainer.")] {
        let comment = app.post("/tasks/ENG-1/comments", json!({"body": body}));
        comment.by(author).send().await.expect(201);
        app.clock.advance(chrono::TimeDelta::seconds(1));
    }
    let forms = |page: &str| {
        let edits = page.matches("id=\"edit-").count();
        (edits, page.matches("id=\"delete-").count())
    };
    let maintainer = app.browser("hedy").await;
    let page = maintainer.page(&app, "/tasks/ENG-1").await;
    assert_eq!(forms(&page), (1, 2));
    let place = place_of_comment(&page);
    maintainer
        .post(&app, &place, &[("body", "Ours.")])
        .await
        .expect(403);
    let author = app.browser("grace").await;
    assert_eq!(forms(&author.page(&app, "/tasks/ENG-1").await), (1, 1));
    let deletion = maintainer.post(&app, &place, &[("act", "delete")]).await;
    deletion.expect(303);
    assert_eq!(forms(&author.page(&app, "/tasks/ENG-1").await), (0, 0));
}

#[tokio::test]
async fn people_watch_a_task_and_stop_watching_it() {
    let (app, ..) = world().await;
    let grace = app.browser("grace").await;
    let watching = |page: &str| between(page, "id=\"watching\"", "</aside>");
    let before = watching(&grace.page(&app, "/tasks/ENG-1").await);
    assert!(before.contains("name=\"watches\" value=\"true\"") && !before.contains("grace"));
    let choice = [("watches", "true")];
    grace
        .post(&app, "/tasks/ENG-1/watch", &choice)
        .await
        .expect(303);
    let after = watching(&grace.page(&app, "/tasks/ENG-1").await);
    assert!(after.contains("name=\"watches\" value=\"false\"") && after.contains("grace"));
    // Whoever made a task is told of it without a choice.
    let ada = app.browser("ada").await;
    let hers = watching(&ada.page(&app, "/tasks/ENG-1").await);
    assert!(hers.contains("name=\"watches\" value=\"false\""));
}

#[tokio::test]
async fn a_part_is_added_from_the_page_of_the_whole() {
    let (app, ..) = world().await;
    let ada = app.browser("ada").await;
    let part = [
        ("project", "ENG"),
        ("parent", "ENG-1"),
        ("next", "/tasks/ENG-1#parts"),
        ("title", "Grease the axle"),
    ];
    let added = ada.post(&app, "/tasks", &part).await.expect(303);
    assert_eq!(added.header("location"), Some("/tasks/ENG-1#parts"));
    assert!(
        ada.page(&app, "/tasks/ENG-1")
            .await
            .contains("Grease the axle")
    );
    let elsewhere = [&part[..2], &[("next", "//evil.example"), part[3]]].concat();
    let added = ada.post(&app, "/tasks", &elsewhere).await.expect(303);
    assert_eq!(added.header("location"), Some("/"));
}

#[tokio::test]
async fn one_property_is_set_by_a_page_of_its_own() {
    let (app, _, grace) = world().await;
    let ada = app.browser("ada").await;
    for what in ["status", "priority", "due", "assignees", "tags"] {
        let page = ada
            .page(&app, &format!("/tasks/set/{what}?task=ENG-1"))
            .await;
        assert!(page.contains("action=\"/tasks/ENG-1\""), "{what}");
    }
    let people = [("assignee", grace.id.as_str()), ("owner", &grace.id)];
    ada.post(&app, "/tasks/ENG-1", &people).await.expect(303);
    let tags = [("tags", ""), ("tags", "wheel"), ("tags", "oil, water")];
    ada.post(&app, "/tasks/ENG-1", &tags).await.expect(303);
    ada.post(&app, "/tasks/ENG-1", &[("due_at", "in 2 weeks")])
        .await
        .expect(303);
    let task = app.get("/tasks/ENG-1").by(&grace).send().await.data();
    assert_eq!(task["assignees"][0]["role"], "owner");
    assert_eq!(task["tags"], json!(["oil", "water", "wheel"]));
    assert!(task["due_at"].is_string());
    let page = ada.page(&app, "/tasks/set/assignees?task=ENG-1").await;
    let checked = format!("name=\"owner\" value=\"{}\" checked", grace.id);
    assert!(page.contains(&checked), "{page}");
    // All of them unchecked is nobody.
    let shown = [
        ("was_assignee", grace.id.as_str()),
        ("was_owner", &grace.id),
    ];
    ada.post(&app, "/tasks/ENG-1", &shown).await.expect(303);
    let task = app.get("/tasks/ENG-1").by(&grace).send().await.data();
    assert_eq!(task["assignees"], json!([]));

    ada.get(&app, "/tasks/set/rank?task=ENG-1")
        .await
        .expect(404);
    ada.get(&app, "/tasks/set/status").await.expect(404);
    ada.get(&app, "/tasks/set/status?task=ENG-99")
        .await
        .expect(404);
}

#[tokio::test]
async fn a_property_of_several_tasks_is_added_and_replaces_nothing() {
    let (app, user, _) = world().await;
    let project = app.get("/tasks/ENG-1").by(&user).send().await.data();
    let project = project["project_id"].as_str().unwrap().to_owned();
    app.task(&user, &project, "Paint it").await;
    let ada = app.browser("ada").await;
    ada.post(&app, "/tasks/ENG-1", &[("tags", "wheel")])
        .await
        .expect(303);
    let both = "task=ENG-1&task=ENG-2&back=/projects/ENG";
    let page = ada.page(&app, &format!("/tasks/set/tags?{both}")).await;
    assert!(page.contains("action=\"/tasks/bulk\"") && page.contains("value=\"ENG-2\""));
    let form = [
        ("task", "ENG-1"),
        ("task", "ENG-2"),
        ("back", "/projects/ENG"),
        ("act", "change"),
        ("tagging", "tag"),
        ("tags", ""),
        ("tags", "oil"),
    ];
    let done = ada.post(&app, "/tasks/bulk", &form).await.expect(303);
    assert_eq!(done.header("location"), Some("/projects/ENG"));
    for (name, tags) in [
        ("ENG-1", json!(["oil", "wheel"])),
        ("ENG-2", json!(["oil"])),
    ] {
        let task = app.get(&format!("/tasks/{name}")).by(&user).send().await;
        assert_eq!(task.data()["tags"], tags, "{name}");
    }
}

#[tokio::test]
async fn a_picker_for_tasks_of_several_teams_offers_all_their_people_and_tags() {
    let (app, user, _) = world().await;
    let other = app.team(&user, "Sawyers").await;
    let saw = app.project(&user, &other, "SAW").await;
    let hedy = app.user("hedy").await;
    app.member(&user, &other, &hedy, "member").await;
    app.task(&user, &saw, "Sharpen it").await;
    let ada = app.browser("ada").await;
    ada.post(&app, "/tasks/SAW-1", &[("tags", "teeth")])
        .await
        .expect(303);
    let one = ada.page(&app, "/tasks/set/assignees?task=ENG-1").await;
    assert!(!one.contains("hedy") && !one.contains("not in every team"));
    let both = "task=ENG-1,SAW-1&back=/";
    let page = ada
        .page(&app, &format!("/tasks/set/assignees?{both}"))
        .await;
    assert!(page.contains("value=\"hedy\"") && page.contains("value=\"ada\""));
    // Ada is in both teams, hedy in one.
    let hedy = between(&page, "value=\"hedy\"", "</label>");
    assert!(hedy.contains("not in every team"), "{hedy}");
    let ada_line = between(&page, "value=\"ada\"", "</label>");
    assert!(!ada_line.contains("not in every team"), "{ada_line}");
    let page = ada.page(&app, &format!("/tasks/set/tags?{both}")).await;
    assert!(page.contains("value=\"teeth\"") && page.contains("· 2 selected"));
    // What is nobody's has nobody to offer, and is told when it is tried.
    let page = ada
        .page(&app, "/tasks/set/assignees?task=ENG-1,NONE-1")
        .await;
    assert!(page.contains("value=\"ada\""));
}

#[tokio::test]
async fn tags_are_shown_in_their_colour_without_a_style_in_the_page() {
    let (app, user, _) = world().await;
    let ada = app.browser("ada").await;
    ada.post(&app, "/tasks/ENG-1", &[("tags", "oil, sky")])
        .await
        .expect(303);
    let tags = app.get("/tags").by(&user).send().await.data();
    for (tag, color) in tags.as_array().unwrap().iter().zip(["teal", "#1e90ff"]) {
        let path = format!("/tags/{}", tag["id"].as_str().unwrap());
        let colored = app.patch(&path, json!({"color": color})).by(&user);
        colored.send().await.expect(200);
    }
    for path in ["/tasks/ENG-1", "/projects/ENG", "/projects/ENG?view=board"] {
        let page = ada.page(&app, path).await;
        assert!(page.contains("tag-teal"), "{path}");
        assert!(page.contains("fill=\"#1e90ff\""), "{path}");
        assert!(!page.contains("style="), "{path}");
    }
}
