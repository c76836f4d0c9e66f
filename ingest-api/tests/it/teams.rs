//! Teams and their members.

use crate::app::TestApp;
use serde_json::json;

#[tokio::test]
async fn whoever_founds_a_team_owns_it() {
    let app = TestApp::new().await;
    app.user("ada").await;
    let grace = app.user("grace").await;
    let body = json!({"name": " Millers ", "description": "They *grind*."});
    let made = app.post("/teams", body).by(&grace).send().await.expect(201);
    let team = made.data();
    assert_eq!(team["name"], "Millers");
    assert_eq!(team["your_role"], "owner");
    assert_eq!(team["version"], 1);
    let path = format!("/teams/{}", made.id());
    let body = json!({"name": "Mill hands", "description": null});
    let changed = app.patch(&path, body).by(&grace).send().await.expect(200);
    assert_eq!(changed.data()["description"], "");
    assert_eq!(changed.data()["version"], 2);
    app.delete(&path).by(&grace).send().await.expect(204);
    let gone = app.get(&path).by(&grace).send().await;
    gone.expect_error(404, "not_found");
}

#[tokio::test]
async fn members_are_added_changed_and_removed() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let grace = app.user("grace").await;
    let team = app.team(&ada, "Millers").await;
    let path = format!("/teams/{team}/members/{}", grace.id);
    let put = |role: &str| app.put(&path, json!({"role": role})).by(&ada);
    let added = put("viewer").send().await.expect(201);
    assert_eq!(added.header("location"), Some(&*format!("/api/v1{path}")));
    assert_eq!(added.data()["user"]["username"], "grace");
    let changed = put("maintainer").send().await.expect(200);
    assert_eq!(changed.data()["role"], "maintainer");
    let wrong = put("king").send().await;
    let wrong = wrong.expect_error(422, "validation_failed");
    wrong.expect_fields(&[("role", "not_one_of")]);
    let list = app.get(&format!("/teams/{team}/members")).by(&grace);
    let list = list.send().await.expect(200);
    assert_eq!(list.each("role"), ["owner", "maintainer"]);
    app.delete(&path).by(&grace).send().await.expect(204);
    let out = app.get(&format!("/teams/{team}")).by(&grace).send().await;
    out.expect_error(404, "not_found");
}

#[tokio::test]
async fn the_last_owner_cannot_go() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let team = app.team(&ada, "Millers").await;
    let path = format!("/teams/{team}/members/{}", ada.id);
    let leave = app.delete(&path).by(&ada).send().await;
    leave.expect_error(409, "conflict");
    let step_down = app.put(&path, json!({"role": "member"})).by(&ada);
    step_down.send().await.expect_error(409, "conflict");
}

#[tokio::test]
async fn a_team_that_holds_projects_is_not_deleted() {
    let app = TestApp::new().await;
    let (ada, team, project) = app.with_project().await;
    let path = format!("/teams/{team}");
    let full = app.delete(&path).by(&ada).send().await;
    full.expect_error(409, "conflict");
    app.delete(&format!("/projects/{project}"))
        .by(&ada)
        .send()
        .await
        .expect(204);
    app.delete(&path).by(&ada).send().await.expect(204);
}

#[tokio::test]
async fn somebody_who_does_not_exist_cannot_be_added() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let team = app.team(&ada, "Millers").await;
    for nobody in ["0198c0de-0000-7000-8000-000000000000", "nobody"] {
        let path = format!("/teams/{team}/members/{nobody}");
        let answer = app.put(&path, json!({"role": "member"})).by(&ada);
        answer.send().await.expect_error(404, "not_found");
    }
}

#[tokio::test]
async fn a_member_is_read_where_they_were_put() {
    let app = TestApp::new().await;
    let (ada, team, _) = app.with_project().await;
    let grace = app.user("grace").await;
    let path = format!("/teams/{team}/members/{}", grace.id);
    app.get(&path)
        .by(&ada)
        .send()
        .await
        .expect_error(404, "not_found");
    let put = app
        .put(&path, json!({"role": "viewer"}))
        .by(&ada)
        .send()
        .await;
    let put = put.expect(201);
    assert_eq!(put.header("location"), Some(&*format!("/api/v1{path}")));
    let read = app.get(&path).by(&grace).send().await.expect(200);
    assert_eq!(read.data(), put.data());
    let stranger = app.user("stranger").await;
    let hidden = app.get(&path).by(&stranger).send().await;
    hidden.expect_error(404, "not_found");
}

#[tokio::test]
async fn members_are_listed_a_page_at_a_time() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let team = app.team(&ada, "Millers").await;
    for name in ["grace", "edsger", "barbara"] {
        let user = app.user(name).await;
        app.member(&ada, &team, &user, "viewer").await;
    }
    let (mut names, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("/teams/{team}/members?limit=3{cursor}");
        let page = app.get(&path).by(&ada).send().await.expect(200);
        let data = page.data();
        let on_it = data.as_array().unwrap().iter();
        names.extend(on_it.map(|member| member["user"]["username"].clone()));
        let Some(next) = page.next_cursor() else {
            break;
        };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(names, ["ada", "barbara", "edsger", "grace"]);
    // The text "a\0b", as a cursor that somebody made up.
    for forged in ["ImFcdTAwMDBiIg", "bm9uc2Vuc2U"] {
        let path = format!("/teams/{team}/members?cursor={forged}");
        let forged = app.get(&path).by(&ada).send().await;
        forged.expect_error(400, "bad_request");
    }
}

#[tokio::test]
async fn a_membership_has_a_version_that_keeps_two_from_changing_it_at_once() {
    let app = TestApp::new().await;
    let (ada, team, _) = app.with_project().await;
    let grace = app.user("grace").await;
    let path = format!("/teams/{team}/members/{}", grace.id);
    let put = |role: &str| app.put(&path, json!({"role": role})).by(&ada);
    let early = put("viewer").header("if-match", "\"1-a\"").send().await;
    early.expect_error(412, "precondition_failed");
    let added = put("viewer").send().await.expect(201);
    let first = added.header("etag").unwrap().to_owned();
    assert_eq!(added.data()["version"], 1);
    assert_eq!(added.data()["created_at"], added.data()["added_at"]);
    let known = app.get(&path).by(&ada).header("if-none-match", &first);
    known.send().await.expect(304);
    app.clock.advance(chrono::TimeDelta::minutes(1));
    let changed = put("member").header("if-match", &first).send().await;
    let changed = changed.expect(200);
    assert_eq!(changed.data()["version"], 2);
    assert_ne!(changed.data()["updated_at"], added.data()["updated_at"]);
    assert_eq!(changed.data()["created_at"], added.data()["created_at"]);
    let late = put("maintainer").header("if-match", &first).send().await;
    late.expect_error(412, "precondition_failed");
    let gone = app.delete(&path).by(&ada).header("if-match", &first);
    gone.send().await.expect_error(412, "precondition_failed");
    let newest = changed.header("etag").unwrap().to_owned();
    let gone = app.delete(&path).by(&ada).header("if-match", &newest);
    gone.send().await.expect(204);
}
