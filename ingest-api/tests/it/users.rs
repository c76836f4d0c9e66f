//! People.

use crate::app::{PASSWORD, TestApp};
use serde_json::json;

#[tokio::test]
async fn people_see_those_who_share_a_team_and_no_addresses() {
    let app = TestApp::new().await;
    let (ada, team, _) = app.with_project().await;
    let grace = app.user("grace").await;
    let edsger = app.user("edsger").await;
    app.member(&ada, &team, &grace, "member").await;
    let list = app.get("/users").by(&grace).send().await.expect(200);
    assert_eq!(list.each("username"), ["ada", "grace"]);
    assert_eq!(list.each("email"), ["null", "grace@example.org"]);
    let list = app.get("/users").by(&edsger).send().await.expect(200);
    assert_eq!(list.each("username"), ["edsger"]);
    let list = app.get("/users?q=D").by(&ada).send().await.expect(200);
    assert_eq!(
        list.each("email"),
        ["ada@example.org", "edsger@example.org"]
    );
}

#[tokio::test]
async fn only_admins_look_after_accounts() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let grace = app.user("grace").await;
    let hers = format!("/users/{}", grace.id);
    let admins = format!("/users/{}", ada.id);
    app.get(&hers).by(&grace).send().await.expect(200);
    let own = app.patch(&hers, json!({"role": "admin"})).by(&grace);
    own.send().await.expect_error(403, "forbidden");
    let foreign = app.get(&admins).by(&grace).send().await;
    foreign.expect_error(404, "not_found");
    let foreign = app.delete(&admins).by(&grace).send().await;
    foreign.expect_error(404, "not_found");
    // Whom the list of people shows is no secret: but no business of hers either.
    let team = app.team(&ada, "Millers").await;
    app.member(&ada, &team, &grace, "member").await;
    for request in [
        app.get(&admins),
        app.delete(&admins),
        app.patch(&admins, json!({"display_name": "Ada"})),
    ] {
        let refused = request.by(&grace).send().await;
        refused.expect_error(403, "forbidden");
    }
    let nobody = app.get(&format!("/users/{team}")).by(&grace).send().await;
    nobody.expect_error(404, "not_found");
    let changed = app.patch(&hers, json!({"role": "manager"})).by(&ada);
    assert_eq!(changed.send().await.expect(200).data()["role"], "manager");
}

#[tokio::test]
async fn a_deactivated_person_is_out_at_once_and_may_come_back() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let grace = app.user("grace").await;
    let hers = format!("/users/{}", grace.id);
    app.delete(&hers).by(&ada).send().await.expect(204);
    let out = app.get("/auth/me").by(&grace).send().await;
    out.expect_error(401, "unauthenticated");
    let log_in = json!({"login": "grace", "password": PASSWORD});
    let refused = app.post("/auth/login", log_in).send().await;
    refused.expect_error(401, "unauthenticated");
    let back = app.patch(&hers, json!({"active": true})).by(&ada);
    back.send().await.expect(200);
    app.log_in("grace").await;
}

#[tokio::test]
async fn the_last_owner_of_a_team_is_not_deactivated() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let grace = app.user("grace").await;
    let team = app.team(&grace, "Millers").await;
    let hers = format!("/users/{}", grace.id);
    let delete = || app.delete(&hers).by(&ada);
    let refused = delete().send().await.expect_error(409, "conflict");
    let why = refused.json()["detail"].as_str().unwrap().to_owned();
    assert!(why.contains("\"Millers\""), "{why}");
    let off = app.patch(&hers, json!({"active": false})).by(&ada);
    off.send().await.expect_error(409, "conflict");
    app.member(&grace, &team, &ada, "owner").await;
    delete().send().await.expect(204);
}

#[tokio::test]
async fn the_last_admin_stays() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let path = format!("/users/{}", ada.id);
    let step_down = app.patch(&path, json!({"role": "member"})).by(&ada);
    step_down.send().await.expect_error(409, "conflict");
    let leave = app.delete(&path).by(&ada).send().await;
    leave.expect_error(409, "conflict");
}
