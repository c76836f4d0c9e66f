//! Who may do what, by role: the same table for every way in, tried here through the API.

use crate::app::{Request, TestApp, User};
use serde_json::json;

struct World {
    app: TestApp,
    team: String,
    project: String,
    admin: User,
    owner: User,
    maintainer: User,
    member: User,
    viewer: User,
    manager: User,
    stranger: User,
}

async fn world() -> World {
    let app = TestApp::new().await;
    let admin = app.user("ada").await;
    let owner = app.user("owner").await;
    let team = app.team(&owner, "Millers").await;
    let project = app.project(&owner, &team, "ENG").await;
    app.task(&owner, &project, "Grease the wheel").await;
    let mut others = Vec::new();
    for role in ["maintainer", "member", "viewer"] {
        let user = app.user(role).await;
        app.member(&owner, &team, &user, role).await;
        others.push(user);
    }
    let [maintainer, member, viewer] = others.try_into().unwrap();
    let manager = app.user("manager").await;
    let path = format!("/users/{}", manager.id);
    let promote = app.patch(&path, json!({"role": "manager"})).by(&admin);
    promote.send().await.expect(200);
    let stranger = app.user("stranger").await;
    World {
        app,
        team,
        project,
        admin,
        owner,
        maintainer,
        member,
        viewer,
        manager,
        stranger,
    }
}

impl World {
    /// Sends what `ask` makes, as everybody in turn: admin, owner, maintainer, member, viewer, manager, stranger.
    async fn check<'a>(&'a self, what: &str, ask: impl Fn() -> Request<'a>, expected: [u16; 7]) {
        let people = [
            &self.admin,
            &self.owner,
            &self.maintainer,
            &self.member,
            &self.viewer,
            &self.manager,
            &self.stranger,
        ];
        let mut found = Vec::new();
        for person in people {
            found.push(ask().by(person).send().await.status);
        }
        assert_eq!(found, expected, "{what}");
    }
}

#[tokio::test]
async fn a_team_and_what_is_in_it_is_seen_by_its_members_and_by_managers() {
    let world = world().await;
    let (app, seen) = (&world.app, [200, 200, 200, 200, 200, 200, 404]);
    for path in [
        format!("/teams/{}", world.team),
        format!("/teams/{}/members", world.team),
        format!("/projects/{}", world.project),
        format!("/projects/{}/tasks", world.project),
        "/tasks/ENG-1".into(),
        "/tasks/ENG-1/comments".into(),
        "/tasks/ENG-1/history".into(),
    ] {
        world.check(&path, || app.get(&path), seen).await;
    }
}

#[tokio::test]
async fn tasks_are_written_by_members_and_projects_by_maintainers() {
    let world = world().await;
    let app = &world.app;
    let body = json!({"project_id": world.project, "title": "x"});
    let create = || app.post("/tasks", body.clone());
    world
        .check("create a task", create, [201, 201, 201, 201, 403, 403, 422])
        .await;
    let change = || app.patch("/tasks/ENG-1", json!({"priority": "high"}));
    world
        .check("change a task", change, [200, 200, 200, 200, 403, 403, 404])
        .await;
    for act in ["archive", "restore"] {
        let path = format!("/tasks/ENG-1/{act}");
        let ask = || app.post(&path, json!({}));
        world
            .check(act, ask, [200, 200, 200, 200, 403, 403, 404])
            .await;
    }
    let assign = || app.post("/tasks/ENG-1/assign", json!({"assignees": []}));
    world
        .check("assign", assign, [200, 200, 200, 200, 403, 403, 404])
        .await;
    let comment = || app.post("/tasks/ENG-1/comments", json!({"body": "x"}));
    world
        .check("comment", comment, [201, 201, 201, 201, 403, 403, 404])
        .await;
    let path = format!("/projects/{}", world.project);
    let rename = || app.patch(&path, json!({"name": "Engine"}));
    world
        .check(
            "rename a project",
            rename,
            [200, 200, 200, 403, 403, 403, 404],
        )
        .await;
    let delete = || app.delete(&path);
    world
        .check(
            "delete a project",
            delete,
            [409, 409, 409, 403, 403, 403, 404],
        )
        .await;
}

#[tokio::test]
async fn a_team_is_run_by_maintainers_and_given_up_by_owners() {
    let world = world().await;
    let app = &world.app;
    let path = format!("/teams/{}", world.team);
    let rename = || app.patch(&path, json!({"name": "Mill hands"}));
    world
        .check("rename", rename, [200, 200, 200, 403, 403, 403, 404])
        .await;
    let delete = || app.delete(&path);
    world
        .check("delete", delete, [409, 409, 403, 403, 403, 403, 404])
        .await;
    let member = format!("{path}/members/{}", world.stranger.id);
    let promote = || app.put(&member, json!({"role": "owner"}));
    // The last is asked by the one who has just become an owner.
    let expected = [201, 200, 403, 403, 403, 403, 200];
    world.check("make an owner", promote, expected).await;
    let role = || app.put(&member, json!({"role": "viewer"}));
    let by = |user| role().by(user).send();
    by(&world.maintainer).await.expect_error(403, "forbidden");
    by(&world.owner).await.expect(200);
    let remove = app.delete(&member).by(&world.maintainer).send().await;
    remove.expect(204);
}

#[tokio::test]
async fn collections_of_admins_are_forbidden_to_others() {
    let world = world().await;
    let app = &world.app;
    let admins = [200, 403, 403, 403, 403, 403, 403];
    world.check("audit", || app.get("/audit"), admins).await;
    world
        .check("checkpoint", || app.get("/audit/checkpoint"), admins)
        .await;
    let everybody = [200; 7];
    for path in [
        "/teams",
        "/projects",
        "/tasks",
        "/users",
        "/activity",
        "/notifications",
        "/search",
    ] {
        world.check(path, || app.get(path), everybody).await;
    }
}

#[tokio::test]
async fn everybody_founds_teams() {
    let world = world().await;
    let ask = || world.app.post("/teams", json!({"name": "Own"}));
    world.check("found a team", ask, [201; 7]).await;
}
