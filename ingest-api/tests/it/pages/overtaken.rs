//! A form under edit, and somebody who was quicker.

use super::between;
use crate::app::{TestApp, User};
use serde_json::{Value, json};

/// ENG-1 with a description, ada before its form, and grace who changes it meanwhile.
async fn world() -> (TestApp, User) {
    let app = TestApp::new().await;
    let (ada, team, project) = app.with_project().await;
    let grace = app.user("grace").await;
    app.member(&ada, &team, &grace, "member").await;
    let body = json!({
        "project_id": project, "title": "Mend the wheel", "description": "one\ntwo\nthree", "tags": ["wheel"],
    });
    app.post("/tasks", body).by(&ada).send().await.expect(201);
    (app, grace)
}

async fn change(app: &TestApp, by: &User, patch: Value) {
    let change = app.patch("/tasks/ENG-1", patch).by(by);
    change.send().await.expect(200);
}

/// The form as ada has filled it in: a description of hers, everything else as it was.
const FORM: [(&str, &str); 11] = [
    ("whole", "1"),
    ("version", "1"),
    ("title", "Mend the wheel"),
    ("description", "one\r\nTWO\r\nthree"),
    ("status", "todo"),
    ("priority", "medium"),
    ("due_at", ""),
    ("tags", "wheel"),
    ("estimated_hours", ""),
    ("actual_hours", ""),
    ("parent", ""),
];

fn with(changes: &[(&'static str, &'static str)]) -> Vec<(&'static str, &'static str)> {
    let changed = |(name, text): (&'static str, _)| {
        let other = changes.iter().find(|(changed, _)| *changed == name);
        (name, other.map_or(text, |(_, text)| *text))
    };
    FORM.into_iter().map(changed).collect()
}

#[tokio::test]
async fn a_form_that_was_overtaken_says_who_changed_what_and_keeps_what_was_typed() {
    let (app, grace) = world().await;
    let ada = app.browser("ada").await;
    let theirs =
        json!({"title": "Mend the big wheel", "description": "one\n2\nthree", "priority": "high"});
    change(&app, &grace, theirs).await;
    let page = ada
        .post(&app, "/tasks/ENG-1", &FORM)
        .await
        .expect(412)
        .text();

    let told = between(&page, "id=\"overtaken\"", "<label");
    assert!(told.contains("grace"), "{told}");
    // What only she changed stands in the form already.
    assert!(page.contains("name=\"title\" value=\"Mend the big wheel\""));
    assert!(told.contains("<del>Mend the wheel</del>"), "{told}");
    assert!(page.contains("<option value=\"high\" selected>"));
    // What both changed is as it was typed, and both are shown.
    assert!(page.contains(">one\nTWO\nthree</textarea>"), "{page}");
    assert!(told.contains("<del>2</del>") && told.contains("<ins>TWO</ins>"));
    assert!(told.contains("data-take=\"description\" value=\"one\n2\nthree\""));
    // What nobody changed is not spoken of.
    assert!(!told.contains("difference-tags") && !told.contains("difference-status"));

    let version = between(&page, "name=\"version\" value=\"", "\"");
    assert_eq!(version, "2");
    let again = with(&[
        ("version", "2"),
        ("title", "Mend the big wheel"),
        ("priority", "high"),
    ]);
    ada.post(&app, "/tasks/ENG-1", &again).await.expect(303);
    let task = app.get("/tasks/ENG-1").by(&grace).send().await.data();
    assert_eq!(task["title"], "Mend the big wheel");
    assert_eq!(task["description"], "one\nTWO\nthree");
    assert_eq!(task["priority"], "high");
}

#[tokio::test]
async fn a_form_under_edit_is_compared_without_being_saved() {
    let (app, grace) = world().await;
    let ada = app.browser("ada").await;
    let early = ada.post(&app, "/tasks/ENG-1/edit", &FORM).await.expect(200);
    assert!(!early.text().contains("class=\"overtaken\""));
    change(
        &app,
        &grace,
        json!({"assignees": [{"user_id": grace.id, "role": "owner"}]}),
    )
    .await;
    change(&app, &grace, json!({"due_at": "2026-12-24T17:00:00Z"})).await;
    let page = ada
        .post(&app, "/tasks/ENG-1/edit", &FORM)
        .await
        .expect(200)
        .text();
    assert!(page.contains("difference-due_at") && page.contains("difference-assignees"));
    assert!(page.contains(">one\nTWO\nthree</textarea>"));
    let chosen = format!("name=\"owner\" value=\"{}\" checked", grace.id);
    assert!(page.contains(&chosen), "{page}");
    let task = app.get("/tasks/ENG-1").by(&grace).send().await.data();
    assert_eq!(task["description"], "one\ntwo\nthree");
    assert_eq!(task["version"], 3);
}

#[tokio::test]
async fn a_form_that_is_wrong_and_overtaken_says_both() {
    let (app, grace) = world().await;
    let ada = app.browser("ada").await;
    change(&app, &grace, json!({"priority": "urgent"})).await;
    let wrong = with(&[("due_at", "soonish")]);
    let page = ada
        .post(&app, "/tasks/ENG-1", &wrong)
        .await
        .expect(422)
        .text();
    assert!(page.contains("value=\"soonish\"") && page.contains("is not a time"));
    assert!(page.contains("difference-priority"));
}

#[tokio::test]
async fn the_same_change_by_two_is_no_difference() {
    let (app, grace) = world().await;
    let ada = app.browser("ada").await;
    change(
        &app,
        &grace,
        json!({"description": "one\nTWO\nthree", "tags": ["Wheel"]}),
    )
    .await;
    let page = ada
        .post(&app, "/tasks/ENG-1", &FORM)
        .await
        .expect(412)
        .text();
    assert!(page.contains("class=\"overtaken\"") && !page.contains("class=\"difference\""));
}
