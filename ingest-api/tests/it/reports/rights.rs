//! Whose reports they are, and what is in them.

use super::{ended, file, made, ordered, tasks};
use crate::app::TestApp;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn a_report_is_its_owners_and_the_admins() {
    let app = TestApp::with_lake().await.making_reports();
    let root = app.user("root").await;
    let (ada, eve) = (app.user("ada").await, app.user("eve").await);
    let id = ordered(&app, &ada, tasks("csv")).await;
    file(&app, &ada, &id).await;
    let (path, download) = (format!("/reports/{id}"), format!("/reports/{id}/download"));
    let unknown = "/reports/01890000-0000-7000-8000-000000000000";
    for at in [&*path, &*download, unknown] {
        let refused = app.get(at).by(&eve).send().await;
        refused.expect_error(404, "not_found");
    }
    app.delete(&path).by(&eve).send().await.expect(404);
    app.get(&format!("/jobs/{id}"))
        .by(&ada)
        .send()
        .await
        .expect(200);
    for at in [&path, &download] {
        app.get(at).by(&root).send().await.expect(200);
    }
    // Lists are everybody's own.
    let list = app.get("/reports").by(&root).send().await.expect(200);
    assert!(list.each("id").is_empty());
    app.delete(&path).by(&root).send().await.expect(204);
    for at in [&path, &download] {
        app.get(at).by(&ada).send().await.expect(404);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_teams_rows_are_in_nobodys_file() {
    let app = TestApp::with_lake().await.making_reports();
    let (ada, team, project) = app.with_project().await;
    app.task(&ada, &project, "Secret recipe").await;
    let grace = app.user("grace").await;
    let hers = app.team(&grace, "Bakers").await;
    let oven = app.project(&grace, &hers, "OVEN").await;
    app.task(&grace, &oven, "Bake").await;
    for format in ["csv", "json"] {
        let told = made(&app, &grace, tasks(format)).await.text();
        assert!(told.contains("Bake") && !told.contains("Secret"), "{told}");
        let board = json!({"kind": "distribution", "format": format, "params": {"by": "team"}});
        let told = made(&app, &grace, board).await.text();
        assert!(
            told.contains("Bakers") && !told.contains("Millers"),
            "{told}"
        );
        let all = made(&app, &ada, tasks(format)).await.text();
        assert!(all.contains("Bake") && all.contains("Secret"), "{all}");
    }
    for (kind, name, id) in [
        ("performance", "team", &team),
        ("flow", "project", &project),
        ("tasks", "team", &team),
        ("dashboard", "project", &project),
        ("stats", "user", &ada.id),
    ] {
        let order = json!({"kind": kind, "format": "csv", "params": {name: id}});
        let refused = app.post("/reports", order).by(&grace).send().await;
        let field = format!("params.{name}");
        refused.expect(422).expect_fields(&[(&field, "not_found")]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_lost_access_since_gets_no_file_and_is_told_why() {
    let app = TestApp::with_lake().await;
    let (ada, team, project) = app.with_project().await;
    app.task(&ada, &project, "Secret recipe").await;
    let (grace, eve) = (app.user("grace").await, app.user("eve").await);
    app.member(&ada, &team, &grace, "member").await;
    app.member(&ada, &team, &eve, "member").await;
    let of_team = json!({"kind": "performance", "format": "csv", "params": {"team": team}});
    let of_project = json!({"kind": "tasks", "format": "csv", "params": {"project": project}});
    let refused = [
        ordered(&app, &grace, of_team.clone()).await,
        ordered(&app, &grace, of_project).await,
    ];
    let everything = ordered(&app, &grace, tasks("csv")).await;
    let deactivated = ordered(&app, &eve, of_team).await;
    let path = format!("/teams/{team}/members/{}", grace.id);
    app.delete(&path).by(&ada).send().await.expect(204);
    let path = format!("/users/{}", eve.id);
    app.delete(&path).by(&ada).send().await.expect(204);

    let app = app.making_reports();
    for (id, what) in refused.iter().zip(["team", "project"]) {
        let report = ended(&app, &grace, id).await;
        assert_eq!(report["state"], "failed");
        let why = format!(
            "the {what} that it is about is not there any more, or you do not see it any more"
        );
        assert_eq!(report["error"], why);
        let none = app.get(&format!("/reports/{id}/download")).by(&grace);
        none.send().await.expect_error(409, "conflict");
    }
    let told = file(&app, &grace, &everything).await.text();
    assert!(!told.contains("Secret"), "{told}");
    let report = ended(&app, &ada, &deactivated).await;
    assert_eq!(
        report["error"],
        "whoever ordered it may not log in any more"
    );
}
