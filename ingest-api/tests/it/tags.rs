//! Tags: `/tags`, and what tasks and searches show of them.

use crate::app::{Answer, TestApp, User};
use serde_json::{Value, json};

struct Shop {
    app: TestApp,
    ada: User,
    grace: User,
    team: String,
    project: String,
}

/// The admin owns the team; grace is a member.
async fn shop(app: TestApp) -> Shop {
    let (ada, team, project) = app.with_project().await;
    let grace = app.user("grace").await;
    app.member(&ada, &team, &grace, "member").await;
    Shop {
        app,
        ada,
        grace,
        team,
        project,
    }
}

impl Shop {
    async fn tag(&self, name: &str) -> String {
        let body = json!({"team_id": self.team, "name": name});
        let made = self.app.post("/tags", body).by(&self.ada).send().await;
        made.expect(201).id()
    }

    async fn tagged(&self, title: &str, tags: Value) -> Answer {
        let body = json!({"project_id": self.project, "title": title, "tags": tags});
        let made = self.app.post("/tasks", body).by(&self.grace).send().await;
        made.expect(201)
    }

    async fn tags_of(&self, task: &str) -> Value {
        let task = self.app.get(&format!("/tasks/{task}")).by(&self.grace);
        task.send().await.expect(200).data()["tags"].clone()
    }
}

#[tokio::test]
async fn a_tag_is_made_read_changed_and_deleted() {
    let shop = shop(TestApp::new().await).await;
    let app = &shop.app;
    let body = json!({"team_id": shop.team, "name": " Needs oil ", "color": "#1E90FF"});
    let made = app
        .post("/tags", body)
        .by(&shop.ada)
        .send()
        .await
        .expect(201);
    let path = format!("/tags/{}", made.id());
    assert_eq!(made.header("location"), Some(&*format!("/api/v1{path}")));
    let tag = made.data();
    assert_eq!(
        (&tag["name"], &tag["color"]),
        (&json!("Needs oil"), &json!("#1e90ff"))
    );
    assert_eq!(
        (&tag["team_id"], &tag["version"]),
        (&json!(shop.team), &json!(1))
    );
    let read = app.get(&path).by(&shop.grace).send().await.expect(200);
    assert_eq!(read.data(), tag);
    let etag = read.header("etag").unwrap().to_owned();
    let changed = app
        .patch(&path, json!({"name": "oil", "color": null}))
        .by(&shop.ada);
    let changed = changed.header("if-match", &etag).send().await.expect(200);
    assert_eq!(
        (&changed.data()["name"], &changed.data()["color"]),
        (&json!("oil"), &json!("gray"))
    );
    let stale = app.patch(&path, json!({"name": "x"})).by(&shop.ada);
    let stale = stale.header("if-match", &etag).send().await;
    stale.expect_error(412, "precondition_failed");
    let nothing = app
        .patch(&path, json!({}))
        .by(&shop.ada)
        .send()
        .await
        .expect(200);
    app.expect_no_event(&nothing).await;
    let deleted = app.delete(&path).by(&shop.ada).send().await.expect(204);
    assert!(!deleted.position().is_empty());
    app.get(&path)
        .by(&shop.ada)
        .send()
        .await
        .expect_error(404, "not_found");
}

#[tokio::test]
async fn what_is_wrong_with_a_tag_is_told_at_once() {
    let shop = shop(TestApp::new().await).await;
    let app = &shop.app;
    let body = json!({"team_id": "x", "name": "a,b", "color": "mauve", "id": "x"});
    let wrong = app.post("/tags", body).by(&shop.ada).send().await;
    wrong
        .expect_error(422, "validation_failed")
        .expect_fields(&[
            ("team_id", "invalid"),
            ("name", "invalid"),
            ("color", "not_one_of"),
            ("id", "unknown"),
        ]);
    let id = shop.tag("oil").await;
    let path = format!("/tags/{id}");
    let body = json!({"name": null, "team_id": shop.team, "color": 7});
    let wrong = app.patch(&path, body).by(&shop.ada).send().await;
    wrong
        .expect_error(422, "validation_failed")
        .expect_fields(&[
            ("name", "required"),
            ("color", "invalid"),
            ("team_id", "read_only"),
        ]);
    let body = json!({"team_id": shop.team, "name": "OIL"});
    let taken = app.post("/tags", body).by(&shop.ada).send().await;
    taken
        .expect_error(409, "conflict")
        .expect_fields(&[("name", "taken")]);
    let other = shop.tag("wheel").await;
    let taken = app
        .patch(&format!("/tags/{other}"), json!({"name": "Oil"}))
        .by(&shop.ada);
    let taken = taken.send().await.expect_error(409, "conflict");
    taken.expect_fields(&[("name", "taken")]);
}

#[tokio::test]
async fn tags_are_listed_for_those_who_see_their_team() {
    let shop = shop(TestApp::new().await).await;
    let app = &shop.app;
    for name in ["a", "b", "c"] {
        shop.tag(name).await;
    }
    let bakers = app.team(&shop.grace, "Bakers").await;
    let body = json!({"team_id": bakers, "name": "bread"});
    app.post("/tags", body)
        .by(&shop.grace)
        .send()
        .await
        .expect(201);
    let list = async |by: &User, query: &str| {
        let path = format!("/tags{query}");
        app.get(&path)
            .by(by)
            .send()
            .await
            .expect(200)
            .each("name")
            .concat()
    };
    assert_eq!(list(&shop.grace, "").await, "abcbread");
    assert_eq!(
        list(&shop.grace, &format!("?team={}", shop.team)).await,
        "abc"
    );
    let stranger = app.user("stranger").await;
    assert_eq!(list(&stranger, "").await, "");
    let first = app
        .get("/tags?limit=3")
        .by(&shop.grace)
        .send()
        .await
        .expect(200);
    let cursor = first.next_cursor().unwrap();
    assert_eq!(
        list(&shop.grace, &format!("?limit=3&cursor={cursor}")).await,
        "bread"
    );
    let odd = app.get("/tags?name=a").by(&shop.grace).send().await;
    odd.expect_error(400, "bad_request")
        .expect_fields(&[("name", "unknown")]);
}

#[tokio::test]
async fn search_and_tasks_follow_a_tag_that_is_renamed_and_deleted() {
    let shop = shop(TestApp::with_views().await).await;
    let app = &shop.app;
    shop.tagged("Grease", json!(["oil", "Wheel"])).await;
    shop.tagged("Sweep", json!(["oil"])).await;
    let tags = app
        .get("/tags")
        .by(&shop.grace)
        .send()
        .await
        .expect(200)
        .data();
    let oil = tags
        .as_array()
        .unwrap()
        .iter()
        .find(|tag| tag["name"] == "oil")
        .unwrap();
    let path = format!("/tags/{}", oil["id"].as_str().unwrap());
    let found = async |query: &str, after: &Answer| {
        let path = format!("/search?q=tag:{query}");
        let found = app
            .get(&path)
            .by(&shop.grace)
            .after(after)
            .send()
            .await
            .expect(200);
        found.data().as_array().unwrap().len()
    };
    let renamed = app.patch(&path, json!({"name": "grease"})).by(&shop.ada);
    let renamed = renamed.send().await.expect(200);
    assert_eq!(shop.tags_of("ENG-1").await, json!(["grease", "Wheel"]));
    assert_eq!(
        (
            found("oil", &renamed).await,
            found("grease", &renamed).await
        ),
        (0, 2)
    );
    let deleted = app.delete(&path).by(&shop.ada).send().await.expect(204);
    assert_eq!(shop.tags_of("ENG-1").await, json!(["Wheel"]));
    assert_eq!(found("grease", &deleted).await, 0);
    assert_eq!(found("wheel", &deleted).await, 1);
    let history = app
        .get("/tasks/ENG-2/history")
        .by(&shop.grace)
        .after(&deleted);
    let history = history.send().await.expect(200);
    assert_eq!(history.each("type"), ["task.created", "task.updated"]);
    let change = &history.data()[1]["changes"][0];
    assert_eq!(
        *change,
        json!({"field": "tags", "from": ["grease"], "to": []})
    );
    let activity = app
        .get("/activity")
        .by(&shop.grace)
        .after(&deleted)
        .send()
        .await;
    let texts = activity.expect(200).each("text");
    assert_eq!(texts[0], "ada deleted the tag “grease”");
    assert!(
        texts.contains(&"ada changed name of “grease” from oil to grease".to_owned()),
        "{texts:?}"
    );
}
