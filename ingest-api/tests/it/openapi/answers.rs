//! What is answered is what the document says.

use super::document::document;
use super::schema::Schemas;
use crate::app::{Answer, PASSWORD, TestApp, User};
use axum::http::Method;
use serde_json::{Value, json};

/// Holds answers against the document.
struct Checked<'a> {
    app: &'a TestApp,
    document: Value,
    by: &'a User,
    wrong: Vec<String>,
}

impl<'a> Checked<'a> {
    async fn new(app: &'a TestApp, by: &'a User) -> Self {
        let (document, wrong) = (document(app).await, Vec::new());
        Self {
            app,
            document,
            by,
            wrong,
        }
    }

    /// Reads what stands at `path` once `ids` are put in.
    async fn read(&mut self, path: &str, ids: &[&str]) -> Answer {
        self.send(&format!("GET {path}"), ids, None)
            .await
            .expect(200)
    }

    async fn write(&mut self, what: &str, ids: &[&str], body: Value, status: u16) -> Answer {
        self.send(what, ids, Some(body)).await.expect(status)
    }

    async fn send(&mut self, what: &str, ids: &[&str], body: Option<Value>) -> Answer {
        let (method, path) = what.split_once(' ').unwrap();
        let mut concrete = format!("/api/v1{path}");
        for id in ids {
            let (before, rest) = concrete.split_once('{').unwrap();
            let (_, after) = rest.split_once('}').unwrap();
            concrete = format!("{before}{id}{after}");
        }
        let request = self
            .app
            .request(method.parse().unwrap(), &concrete)
            .by(self.by);
        let answer = match body {
            Some(body) => request.json(body).send().await,
            None => request.send().await,
        };
        let path = path.split('?').next().unwrap();
        let item = &self.document["paths"][format!("/api/v1{path}")];
        let operation = item[method.to_lowercase()].clone();
        self.compare(what, &operation, &answer);
        answer
    }

    /// Notes what the document says differently.
    fn compare(&mut self, what: &str, operation: &Value, answer: &Answer) {
        let status = answer.status.to_string();
        let responses = operation["responses"].as_object().unwrap();
        let response = responses.get(&status).or_else(|| responses.get("default"));
        let response = response.unwrap_or_else(|| panic!("{what}: {status} is not described"));
        let Some(content) = response["content"].as_object() else {
            assert!(answer.body.is_empty(), "{what}: {status} has a body");
            return;
        };
        let (kind, content) = content.iter().next().unwrap();
        let sent = answer.header("content-type").unwrap();
        assert_eq!(sent.split(';').next(), Some(&**kind), "{what}");
        if kind.ends_with("json") {
            let schemas = Schemas(&self.document);
            schemas.check(&content["schema"], &answer.json(), what, &mut self.wrong);
        }
    }

    fn done(self) {
        assert_eq!(self.wrong, Vec::<String>::new());
    }
}

#[tokio::test]
async fn what_is_written_is_answered_in_the_form_that_the_document_gives() {
    let app = TestApp::new().await;
    let (ada, grace) = (app.user("ada").await, app.user("grace").await);
    let mut api = Checked::new(&app, &ada).await;
    let team = api
        .write("POST /teams", &[], json!({"name": "Millers"}), 201)
        .await
        .id();
    let member = [&*team, &*grace.id];
    for (role, status) in [("member", 201), ("maintainer", 200)] {
        let what = "PUT /teams/{id}/members/{user_id}";
        api.write(what, &member, json!({"role": role}), status)
            .await;
    }
    let body = json!({"team_id": team, "key": "ENG", "name": "Engine"});
    let project = api.write("POST /projects", &[], body, 201).await.id();
    let body = json!({
        "project_id": project, "title": "Grease", "assignees": [{"user_id": grace.id}], "tags": ["oil"],
        "due_at": "2026-02-01T00:00:00Z", "estimated_hours": 1.5, "metadata": {"a": [1, null]},
    });
    let task = api.write("POST /tasks", &[], body, 201).await.id();
    let task = [&*task];
    let body = json!({"due_at": null, "estimated_hours": null, "status": "done"});
    api.write("PATCH /tasks/{id}", &task, body, 200).await;
    api.write(
        "PATCH /tasks/{id}",
        &task,
        json!({"title": "", "odd": 1}),
        422,
    )
    .await;
    let body = json!({"assignees": [{"user_id": ada.id, "role": "owner"}]});
    api.write("POST /tasks/{id}/assign", &task, body, 200).await;
    api.write("POST /tasks/{id}/archive", &task, json!({}), 200)
        .await;
    api.write("POST /tasks/{id}/restore", &task, json!({}), 200)
        .await;
    for act in ["watch", "unwatch", "move"] {
        let what = format!("POST /tasks/{{id}}/{act}");
        api.write(&what, &task, json!({}), 200).await;
    }
    let body = json!({"team_id": team, "name": "grease", "color": "teal"});
    let tag = api.write("POST /tags", &[], body, 201).await.id();
    api.write("PATCH /tags/{id}", &[&tag], json!({"color": null}), 200)
        .await;
    api.send("DELETE /tags/{id}", &[&tag], None)
        .await
        .expect(204);
    let body = json!({"body": "Left side, @grace."});
    let comment = api
        .write("POST /tasks/{id}/comments", &task, body, 201)
        .await
        .id();
    let path = "/tasks/{id}/comments/{comment_id}";
    let comment = [task[0], &*comment];
    api.write(&format!("PATCH {path}"), &comment, json!({}), 200)
        .await;
    api.send(&format!("DELETE {path}"), &comment, None)
        .await
        .expect(204);
    api.send("DELETE /tasks/{id}", &task, None)
        .await
        .expect(204);
    api.send("GET /tasks/{id}", &task, None).await.expect(404);
    api.send("DELETE /teams/{id}", &[&team], None)
        .await
        .expect(409);
    api.done();
}

#[tokio::test]
async fn what_is_read_is_answered_in_the_form_that_the_document_gives() {
    let app = TestApp::with_views().await;
    let (ada, team, project) = app.with_project().await;
    let grace = app.user("grace").await;
    app.member(&ada, &team, &grace, "member").await;
    let task = json!({
        "project_id": project, "title": "Grease", "tags": ["oil"], "assignees": [{"user_id": ada.id}],
    });
    let task = app.post("/tasks", task).by(&ada).send().await;
    let task = task.expect(201).id();
    let task = [&*task];
    let body = json!({"body": "Left side, @grace."});
    let comment = app.post("/tasks/ENG-1/comments", body).by(&ada);
    let last = comment.send().await.expect(201);
    for view in ["/activity", "/audit", "/notifications", "/search"] {
        app.get(view).by(&ada).after(&last).send().await.expect(200);
    }
    // A team that one sees without belonging to it.
    let bakers = app.team(&grace, "Bakers").await;
    let mut api = Checked::new(&app, &ada).await;
    for path in [
        "/auth/me",
        "/auth/sessions",
        "/users",
        "/teams",
        "/projects",
        "/tasks",
        "/tags",
        "/search?q=grease",
        "/activity",
        "/audit",
        "/notifications",
        "/notifications/count",
        "/pipelines",
        "/audit/proof?index=0&size=1",
        "/audit/checkpoint",
        "/openapi.json",
    ] {
        api.read(path, &[]).await;
    }
    api.read("/users/{id}", &[&grace.id]).await;
    api.read("/projects/{id}", &[&project]).await;
    let member = "/teams/{id}/members/{user_id}";
    api.read(member, &[&team, &grace.id]).await;
    api.read("/teams/{id}/members", &[&team]).await;
    for team in [team, bakers] {
        api.read("/teams/{id}", &[&team]).await;
    }
    for path in [
        "/tasks/{id}",
        "/tasks/{id}/history",
        "/tasks/{id}/comments",
        "/tasks/{id}/subtasks",
    ] {
        api.read(path, &task).await;
    }
    let said = [task[0], &*last.id()];
    let path = "/tasks/{id}/comments/{comment_id}";
    api.read(path, &said).await;
    api.read(&format!("{path}/history"), &said).await;
    api.by = &grace;
    let told = api.read("/notifications", &[]).await;
    assert_eq!(told.each("reason"), ["mentioned"]);
    api.read("/users", &[]).await;
    let what = "POST /notifications/read";
    api.write(what, &[], json!({"all": true}), 200).await;
    api.done();
}

#[tokio::test]
async fn log_ins_and_bare_bodies_have_their_form_too() {
    let app = TestApp::with_views().await;
    let ada = app.user("ada").await;
    let mut api = Checked::new(&app, &ada).await;
    let log_in = json!({"login": "ada", "password": PASSWORD});
    let tokens = api.write("POST /auth/login", &[], log_in, 200).await.data();
    let renew = json!({"refresh_token": tokens["refresh_token"]});
    api.write("POST /auth/refresh", &[], renew, 200).await;
    let account =
        json!({"username": "grace", "email": "grace@example.org", "password": "long enough"});
    api.write("POST /auth/register", &[], account, 201).await;
    for path in [
        "/health/live",
        "/health/ready",
        "/.well-known/jwks.json",
        "/auth/keys/public",
    ] {
        let answer = app.request(Method::GET, path).send().await.expect(200);
        let operation = api.document["paths"][path]["get"].clone();
        api.compare(path, &operation, &answer);
    }
    api.done();
}
