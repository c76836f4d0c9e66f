//! Lists that are longer than a page: nothing of them is out of reach.

use super::between;
use crate::app::{TestApp, User};
use serde_json::json;

/// A hundred projects of Ada's, named before any other.
async fn crowd() -> (TestApp, User, String) {
    let app = TestApp::new().await;
    let (ada, team, _) = app.with_project().await;
    for number in 0..100 {
        let body = json!({
            "team_id": team, "key": format!("A{number:03}"), "name": format!("Aa {number:03}"),
        });
        let made = app.post("/projects", body).by(&ada).send().await;
        made.expect(201);
    }
    (app, ada, team)
}

#[tokio::test]
async fn the_hundred_and_first_project_is_found_filtered_by_and_worked_in() {
    let (app, ada, team) = crowd().await;
    let late = app.project(&ada, &team, "ZEAL").await;
    let browser = app.browser("ada").await;

    // Elsewhere the navigation says that there are more; on its own pages it is named.
    let home = browser.page(&app, "/").await;
    assert!(!home.contains("/projects/ZEAL") && home.contains("href=\"/projects\">"));
    let board = browser.page(&app, "/projects/ZEAL?view=board").await;
    assert!(board.contains(&format!("project:{late} ")), "is live");
    assert!(board.contains("<a class=\"entry\" href=\"/projects/ZEAL\" aria-current=\"page\">"));

    browser.page(&app, "/activity?project=ZEAL").await;
    let form = browser.page(&app, "/tasks/new?project=ZEAL").await;
    assert!(form.contains("<option value=\"ZEAL\" selected>"));
    let none = browser.get(&app, "/activity?project=NONE").await;
    none.expect(404);

    // All of them, page by page.
    let (mut path, mut seen) = ("/projects".to_owned(), 0);
    loop {
        let page = browser.page(&app, &path).await;
        seen += page.matches("class=\"cover\"").count();
        let Some((_, rest)) = page.split_once("rel=\"next\" href=\"") else {
            assert!(page.contains("<a class=\"cover\" href=\"/projects/ZEAL\">"));
            break;
        };
        path = rest.split_once('"').unwrap().0.replace("&#38;", "&");
    }
    assert_eq!(seen, 102);
    let forged = browser.get(&app, "/projects?cursor=mine").await;
    forged.expect(400);
}

#[tokio::test]
async fn a_board_in_the_archive_is_live_and_its_activity_is_shown() {
    let app = TestApp::new().await;
    let (ada, _, project) = app.with_project().await;
    let path = format!("/projects/{project}");
    let archived = app.patch(&path, json!({"archived": true})).by(&ada);
    archived.send().await.expect(200);
    let browser = app.browser("ada").await;
    let board = browser.page(&app, "/projects/ENG?view=board").await;
    assert!(board.contains(&format!("project:{project} ")));
    assert!(!board.contains("class=\"entry\" href=\"/projects/ENG\""));
    let activity = browser.page(&app, "/activity?project=ENG").await;
    assert!(activity.contains("<option value=\"ENG\" selected>"));
    let all = browser.page(&app, "/projects").await;
    assert!(!all.contains("href=\"/projects/ENG\""));
    let archive = browser.page(&app, "/projects?archived=true").await;
    assert!(archive.contains("href=\"/projects/ENG\""));
}

#[tokio::test]
async fn a_team_beyond_the_first_hundred_can_be_reached_and_chosen() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    for number in 0..100 {
        app.team(&ada, &format!("Team {number:03}")).await;
    }
    let last = app.team(&ada, "Last").await;
    let browser = app.browser("ada").await;
    let form = browser.page(&app, "/projects/new").await;
    assert!(form.contains(&format!("<option value=\"{last}\">Last")));
    let mut page = browser.page(&app, "/teams").await;
    assert!(!page.contains(&format!("/teams/{last}")));
    for _ in 0..2 {
        let next = between(&page, "rel=\"next\" href=\"", "\"");
        page = browser.page(&app, &next).await;
    }
    assert!(page.contains(&format!("/teams/{last}")));
}

#[tokio::test]
async fn the_newest_comments_are_shown_and_lead_to_the_earlier_ones() {
    let app = TestApp::new().await;
    let (ada, _, project) = app.with_project().await;
    app.task(&ada, &project, "Mend the wheel").await;
    for number in 0..101 {
        let body = json!({"body": format!("Turn {number:03}.")});
        let said = app.post("/tasks/ENG-1/comments", body).by(&ada);
        said.send().await.expect(201);
    }
    let browser = app.browser("ada").await;
    let said = [("body", "The last word.")];
    let there = browser.post(&app, "/tasks/ENG-1/comments", &said).await;
    let there = there.expect(303).header("location").unwrap().to_owned();
    let (path, anchor) = there.split_once('#').unwrap();
    let newest = browser.page(&app, path).await;
    assert!(newest.contains(&format!("id=\"{anchor}\"")), "leads to it");
    assert!(newest.find("Turn 002.") < newest.find("The last word."));
    assert!(!newest.contains("Turn 001."));

    let earlier = between(&newest, "rel=\"prev\" href=\"", "\"");
    let (earlier, _) = earlier.split_once('#').unwrap();
    let page = browser.page(&app, earlier).await;
    assert!(page.contains("Turn 000.") && page.contains("Turn 001."));
    assert!(!page.contains("Turn 002.") && !page.contains("rel=\"prev\""));

    // A change to an earlier one leads back to where it stands.
    let id = between(&page, "id=\"comment-", "\"");
    let before = between(&page, "name=\"before\" value=\"", "\"");
    let change = [("body", "Turn nothing."), ("before", &*before)];
    let place = format!("/tasks/ENG-1/comments/{id}");
    let there = browser.post(&app, &place, &change).await.expect(303);
    let there = there.header("location").unwrap();
    let (path, _) = there.split_once('#').unwrap();
    assert!(browser.page(&app, path).await.contains("Turn nothing."));
}

#[tokio::test]
async fn a_link_to_an_old_comment_leads_to_where_it_is_shown() {
    let app = TestApp::with_views().await;
    let (ada, team, project) = app.with_project().await;
    let grace = app.user("grace").await;
    app.member(&ada, &team, &grace, "member").await;
    app.task(&ada, &project, "Mend the wheel").await;
    let mut ids = Vec::new();
    for number in 0..120 {
        let body = json!({"body": format!("Turn {number:03}.")});
        let said = app.post("/tasks/ENG-1/comments", body).by(&ada);
        ids.push(said.send().await.expect(201).id());
    }
    let browser = app.browser("grace").await;
    let at = |id: &str| format!("/tasks/ENG-1?comment={id}");
    // With what was said next; and it says where the newest are.
    let old = browser.page(&app, &at(&ids[3])).await;
    assert!(old.contains("Turn 003.") && old.contains("Turn 013.") && !old.contains("Turn 014."));
    let own = format!("href=\"{}#comment-{}\"", at(&ids[3]), ids[3]);
    assert!(old.contains(&own) && old.contains("rel=\"next\""));
    // What the newest page has is shown there.
    let newest = browser.page(&app, "/tasks/ENG-1").await;
    for id in [&ids[20], &ids[119]] {
        let page = browser.page(&app, &at(id)).await;
        assert!(page.contains("Turn 119.") && page.contains("Turn 020."));
        assert!(newest.contains(id.as_str()));
    }
    let edge = browser.page(&app, &at(&ids[19])).await;
    assert!(edge.contains("Turn 019.") && !edge.contains("Turn 119."));
    // One that is not there, or another task's.
    let other = browser.page(&app, &at(&project)).await;
    assert!(other.contains("Turn 119."));
    browser.get(&app, &at("me")).await.expect(400);
}

#[tokio::test]
async fn hits_are_narrowed_down_to_projects_that_the_navigation_does_not_name() {
    let app = TestApp::with_views().await;
    let (ada, team, _) = app.with_project().await;
    for number in 0..100 {
        app.project(&ada, &team, &format!("A{number:03}")).await;
    }
    let mut last = None;
    for key in ["YARN", "ZEAL"] {
        let project = app.project(&ada, &team, key).await;
        let body = json!({"project_id": project, "title": "Grease the wheel"});
        let made = app.post("/tasks", body).by(&ada).send().await;
        last = Some(made.expect(201));
    }
    let seen = app.get("/search?q=wheel").by(&ada).after(&last.unwrap());
    seen.send().await.expect(200);
    let page = app.browser("ada").await.page(&app, "/search?q=wheel").await;
    assert!(page.contains("project%3AYARN") && page.contains("project%3AZEAL"));
}

#[tokio::test]
async fn what_a_comment_said_is_told_newest_first_however_often_it_changed() {
    let app = TestApp::with_views().await;
    let (ada, _, project) = app.with_project().await;
    app.task(&ada, &project, "Mend the wheel").await;
    let first = app.post("/tasks/ENG-1/comments", json!({"body": "Word 000."}));
    let comment = first.by(&ada).send().await.expect(201).id();
    let path = format!("/tasks/ENG-1/comments/{comment}");
    for number in 1..=100 {
        let body = json!({"body": format!("Word {number:03}.")});
        let changed = app.patch(&path, body).by(&ada).send().await;
        changed.expect(200);
    }
    let last = app.patch(&path, json!({"body": "Last word."})).by(&ada);
    let last = last.send().await.expect(200);
    let read = app.get("/tasks/ENG-1/history?limit=1").by(&ada);
    read.after(&last).send().await.expect(200);

    let browser = app.browser("ada").await;
    let newest = browser.page(&app, &format!("{path}/history")).await;
    assert!(newest.find("Last word.") < newest.find("Word 100."));
    assert!(newest.contains("Word 002.") && !newest.contains("Word 001."));
    let earlier = between(&newest, "rel=\"next\" href=\"", "\"");
    let page = browser.page(&app, &earlier).await;
    assert!(page.contains("Word 000.") && page.contains("Word 001."));
    assert!(!page.contains("Word 002.") && !page.contains("rel=\"next\""));
}
