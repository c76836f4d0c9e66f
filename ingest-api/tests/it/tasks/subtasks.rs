//! `GET /tasks/{id}/subtasks`, and `parent` as a filter.

use crate::app::{TestApp, User};
use serde_json::{Value, json};

async fn part(app: &TestApp, by: &User, project: &str, title: &str, parent: &Value) -> Value {
    let body = json!({"project_id": project, "title": title, "parent_id": parent});
    app.post("/tasks", body)
        .by(by)
        .send()
        .await
        .expect(201)
        .data()
}

#[tokio::test]
async fn the_parts_of_a_task_are_listed_filtered_and_paged() {
    let app = TestApp::new().await;
    let (ada, team, project) = app.with_project().await;
    let whole = app.task(&ada, &project, "Mill").await["id"].clone();
    let wheel = part(&app, &ada, &project, "Wheel", &whole).await["id"].clone();
    part(&app, &ada, &project, "Sails", &whole).await;
    part(&app, &ada, &project, "Spokes", &wheel).await;
    // A part may stand in another project of the team.
    let other = app.project(&ada, &team, "OPS").await;
    part(&app, &ada, &other, "Keys", &whole).await;
    let titles = async |path: &str| {
        let list = app.get(path).by(&ada).send().await.expect(200);
        list.each("title").join(" ")
    };
    assert_eq!(titles("/tasks/ENG-1/subtasks").await, "Keys Sails Wheel");
    assert_eq!(
        titles("/tasks/ENG-1/subtasks?sort=title&limit=2").await,
        "Keys Sails"
    );
    let in_project = format!("/tasks/ENG-1/subtasks?project={other}");
    assert_eq!(titles(&in_project).await, "Keys");
    assert_eq!(titles("/tasks/ENG-2/subtasks").await, "Spokes");
    let parent = whole.as_str().unwrap();
    assert_eq!(
        titles(&format!("/tasks?parent={parent}")).await,
        "Keys Sails Wheel"
    );
    let of_project = format!("/projects/{project}/tasks?parent={parent}");
    assert_eq!(titles(&of_project).await, "Sails Wheel");
    app.delete("/tasks/ENG-3").by(&ada).send().await.expect(204);
    assert_eq!(titles("/tasks/ENG-1/subtasks").await, "Keys Wheel");
    let stranger = app.user("stranger").await;
    let hidden = app.get("/tasks/ENG-1/subtasks").by(&stranger).send().await;
    hidden.expect_error(404, "not_found");
    let odd = app
        .get(&format!("/tasks/ENG-1/subtasks?parent={parent}"))
        .by(&ada);
    let odd = odd.send().await.expect_error(400, "bad_request");
    odd.expect_fields(&[("parent", "unknown")]);
}

#[tokio::test]
async fn no_task_becomes_a_part_of_its_own_parts_or_of_another_teams() {
    let app = TestApp::new().await;
    let (ada, _, project) = app.with_project().await;
    let whole = app.task(&ada, &project, "Mill").await["id"].clone();
    let wheel = part(&app, &ada, &project, "Wheel", &whole).await["id"].clone();
    let spokes = part(&app, &ada, &project, "Spokes", &wheel).await["id"].clone();
    for parent in [&whole, &wheel, &spokes] {
        let patch = app
            .patch("/tasks/ENG-1", json!({"parent_id": parent}))
            .by(&ada);
        let patch = patch.send().await.expect_error(422, "validation_failed");
        patch.expect_fields(&[("parent_id", "invalid")]);
    }
    let bakers = app.team(&ada, "Bakers").await;
    let ovens = app.project(&ada, &bakers, "OVEN").await;
    let bread = app.task(&ada, &ovens, "Bread").await["id"].clone();
    let patch = app
        .patch("/tasks/ENG-1", json!({"parent_id": bread}))
        .by(&ada);
    let patch = patch.send().await.expect_error(422, "validation_failed");
    patch.expect_fields(&[("parent_id", "not_found")]);
    let free = app
        .patch("/tasks/ENG-2", json!({"parent_id": null}))
        .by(&ada);
    assert_eq!(
        free.send().await.expect(200).data()["parent_id"],
        Value::Null
    );
}
