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
