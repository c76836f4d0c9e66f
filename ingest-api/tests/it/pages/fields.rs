//! The fields of a task in forms without script: what a form did not show, or did not change, stays as it is.

use super::between;
use crate::app::{TestApp, User};
use serde_json::{Value, json};

/// ENG-1 of a team of two.
struct World {
    app: TestApp,
    ada: User,
    grace: User,
    team: String,
    project: String,
}

impl World {
    async fn new() -> Self {
        let app = TestApp::new().await;
        let (ada, team, project) = app.with_project().await;
        let grace = app.user("grace").await;
        app.member(&ada, &team, &grace, "member").await;
        app.task(&ada, &project, "Mend the wheel").await;
        Self {
            app,
            ada,
            grace,
            team,
            project,
        }
    }

    async fn change(&self, patch: Value) {
        let change = self.app.patch("/tasks/ENG-1", patch).by(&self.grace);
        change.send().await.expect(200);
    }

    async fn task(&self) -> Value {
        let task = self.app.get("/tasks/ENG-1").by(&self.ada);
        task.send().await.expect(200).data()
    }
}

/// Whoever works on it, in the order of their ids.
fn people(task: &Value) -> Vec<&str> {
    let people = task["assignees"].as_array().unwrap().iter();
    let mut people: Vec<_> = people.map(|a| a["user_id"].as_str().unwrap()).collect();
    people.sort_unstable();
    people
}

/// What a form sends that nobody typed into, but for the boxes that are not checked.
fn filled(page: &str) -> Vec<(String, String)> {
    let start = page.find("id=\"task-form\"").unwrap();
    let form = &page[start..];
    let form = &form[..form.find("</form>").unwrap()];
    let mut fields = Vec::new();
    for input in form.split("<input ").skip(1) {
        let input = &input[..input.find('>').unwrap()];
        let is_sent = !input.contains("type=\"checkbox\"") || input.ends_with(" checked");
        let name = between(input, "name=\"", "\"");
        if is_sent && name != "csrf" {
            fields.push((name, between(input, "value=\"", "\"")));
        }
    }
    fields
}

async fn save(world: &World, fields: &[(String, String)], title: &str) -> u16 {
    let browser = world.app.browser("ada").await;
    let fields: Vec<_> = fields
        .iter()
        .map(|(name, value)| match name.as_str() {
            "title" => ("title", title),
            name => (name, value.as_str()),
        })
        .collect();
    let answer = browser.post(&world.app, "/tasks/ENG-1", &fields).await;
    answer.status
}

#[tokio::test]
async fn saving_a_title_leaves_seconds_the_parent_in_the_trash_and_people_who_left() {
    let world = World::new().await;
    let (app, ada) = (&world.app, &world.ada);
    let (hedy, joan) = (app.user("hedy").await, app.user("joan").await);
    for user in [&hedy, &joan] {
        app.member(ada, &world.team, user, "member").await;
    }
    let parent = app.task(ada, &world.project, "Mend the mill").await;
    let assignees = json!([{"user_id": hedy.id}, {"user_id": joan.id}]);
    let due = "2027-03-01T10:20:30Z";
    world
        .change(json!({"due_at": due, "parent_id": parent["id"], "assignees": assignees}))
        .await;
    let path = format!("/tasks/{}", parent["id"].as_str().unwrap());
    app.delete(&path).by(ada).send().await.expect(204);
    sqlx::query("update app.user set active = false where username = 'joan'")
        .execute(app.store.pool())
        .await
        .unwrap();
    let before = world.task().await;
    let browser = app.browser("ada").await;
    let form = filled(&browser.page(app, "/tasks/ENG-1/edit").await);
    assert_eq!(save(&world, &form, "Mend the big wheel").await, 303);
    let after = world.task().await;
    assert_eq!(after["title"], "Mend the big wheel");
    for field in ["due_at", "parent_id", "assignees"] {
        assert_eq!(after[field], before[field], "{field}");
    }
}

#[tokio::test]
async fn whoever_was_added_meanwhile_stays_when_others_are_chosen_by_boxes() {
    let world = World::new().await;
    let (app, ada, grace) = (&world.app, &world.ada, &world.grace);
    let browser = app.browser("ada").await;
    let shown = browser.page(app, "/tasks/set/assignees?task=ENG-1").await;
    assert!(!shown.contains("was_assignee"));
    let patch = json!({"assignees": [{"user_id": grace.id}], "tags": ["oil"]});
    world.change(patch).await;
    let chosen = [("assignee", ada.id.as_str())];
    browser.post(app, "/tasks/ENG-1", &chosen).await.expect(303);
    let tags = [("was_tag", ""), ("tags", ""), ("tags", "wheel")];
    browser.post(app, "/tasks/ENG-1", &tags).await.expect(303);
    let task = world.task().await;
    let mut both = [ada.id.as_str(), grace.id.as_str()];
    both.sort_unstable();
    assert_eq!(people(&task), both);
    assert_eq!(task["tags"], json!(["oil", "wheel"]));
    // Now both are shown: one goes, the other answers for it.
    let shown = browser.page(app, "/tasks/set/assignees?task=ENG-1").await;
    assert_eq!(shown.matches("name=\"was_assignee\"").count(), 2);
    let chosen = [
        ("was_assignee", ada.id.as_str()),
        ("was_assignee", &grace.id),
        ("assignee", &grace.id),
        ("owner", &grace.id),
    ];
    browser.post(app, "/tasks/ENG-1", &chosen).await.expect(303);
    let tags = [("was_tag", ""), ("was_tag", "oil"), ("tags", "")];
    browser.post(app, "/tasks/ENG-1", &tags).await.expect(303);
    let task = world.task().await;
    assert_eq!(people(&task), [grace.id.as_str()]);
    assert_eq!(task["assignees"][0]["role"], "owner");
    assert_eq!(task["tags"], json!(["wheel"]));
}

#[tokio::test]
async fn facts_that_somebody_else_changed_meanwhile_are_not_overwritten() {
    let world = World::new().await;
    let browser = world.app.browser("ada").await;
    let page = browser.page(&world.app, "/tasks/ENG-1").await;
    let facts = between(&page, "id=\"facts\"", "</form>");
    let version = between(&facts, "name=\"version\" value=\"", "\"");
    world.change(json!({"status": "in_progress"})).await;
    let chosen = [
        ("version", version.as_str()),
        ("status", "todo"),
        ("priority", "urgent"),
        ("due_at", "2027-03-01"),
    ];
    let back = browser.post(&world.app, "/tasks/ENG-1", &chosen).await;
    let back = between(&back.expect(412).text(), "id=\"facts\"", "</form>");
    // What was chosen is there, and what only the other changed is as they changed it.
    assert!(back.contains("value=\"in_progress\" selected"), "{back}");
    assert!(back.contains("value=\"urgent\" selected"), "{back}");
    assert!(back.contains("name=\"due_at\" value=\"2027-03-01\""));
    assert!(!back.contains(&format!("name=\"version\" value=\"{version}\"")));
    assert_eq!(world.task().await["priority"], "medium");
}

#[tokio::test]
async fn a_due_time_that_is_not_understood_comes_back_as_it_was_typed() {
    let world = World::new().await;
    world
        .change(json!({"due_at": "2027-03-01T10:20:30Z"}))
        .await;
    let browser = world.app.browser("ada").await;
    let typed = [("due_at", "when the mill stands still")];
    let back = browser.post(&world.app, "/tasks/ENG-1", &typed).await;
    let back = back.expect(422).text();
    assert!(back.contains("value=\"when the mill stands still\""));
}

#[tokio::test]
async fn hours_that_are_no_finite_number_are_refused_with_the_text_kept() {
    let world = World::new().await;
    let (app, ada) = (&world.app, world.app.browser("ada").await);
    let before = world.task().await;
    for hours in ["NaN", "inf", "-infinity", "1e400"] {
        for field in ["estimated_hours", "actual_hours"] {
            let form = [("title", "Another"), ("whole", "1"), (field, hours)];
            let back = ada.post(app, "/tasks/ENG-1", &form).await.expect(422);
            let text = back.text();
            assert!(text.contains(&format!("value=\"{hours}\"")), "{text}");
            assert!(text.contains("value=\"Another\""), "{text}");
        }
        let new = [
            ("title", "New"),
            ("project", "ENG"),
            ("estimated_hours", hours),
        ];
        ada.post(app, "/tasks", &new).await.expect(422);
    }
    assert_eq!(world.task().await, before);
    let form = [
        ("title", "Another"),
        ("whole", "1"),
        ("estimated_hours", "1,5"),
    ];
    ada.post(app, "/tasks/ENG-1", &form).await.expect(303);
    assert_eq!(world.task().await["estimated_hours"], 1.5);
}
