//! What this test sends to the routes: a body where one is read, a query where one must be given.
//!
//! To add one: a line below. `{task}` and its like in a body or a query stand for the id of a thing of [`world`], with
//! `sibling_` before it for another one of the same team, and are swapped for foreign ones by themselves. A route may have
//! several samples; all but the first say what they are a case of.
//!
//! [`world`]: super::world

use crate::app::{PASSWORD, SETUP_SECRET};
use serde_json::{Value, json};

/// Whom everybody may log in as.
pub(super) const NOMAD: &str = "nomad";

/// One way to ask a route.
#[derive(Debug, Clone, Default)]
pub(super) struct Sample {
    /// Method and path, as the document has them.
    pub(super) route: &'static str,
    /// What it is a case of, where a route has several.
    pub(super) case: &'static str,
    /// Sent after the question mark.
    pub(super) query: &'static str,
    /// Sent as JSON, unless it is null.
    pub(super) body: Value,
    /// What the ids in the path are, where that does not follow from the path: names and things.
    pub(super) path: &'static [(&'static str, &'static str)],
}

fn sample(route: &'static str, body: Value) -> Sample {
    Sample {
        route,
        body,
        ..Sample::default()
    }
}

impl Sample {
    fn case(self, case: &'static str) -> Self {
        Self { case, ..self }
    }

    fn query(self, query: &'static str) -> Self {
        Self { query, ..self }
    }

    fn path(self, path: &'static [(&'static str, &'static str)]) -> Self {
        Self { path, ..self }
    }
}

/// All of them.
pub(super) fn all() -> Vec<Sample> {
    [accounts(), teams(), tasks(), views(), pipelines()].concat()
}

fn accounts() -> Vec<Sample> {
    let newcomer = json!({
        "username": "newcomer", "email": "newcomer@example.org", "password": PASSWORD, "setup_secret": SETUP_SECRET,
    });
    let password =
        json!({"current_password": PASSWORD, "new_password": "another staple altogether"});
    let log_in = json!({"login": NOMAD, "password": PASSWORD});
    let renew = json!({"refresh_token": "{nomads_refresh_token}"});
    // Only a mail has a token that is good.
    let reset = json!({"token": "void", "new_password": "another staple altogether"});
    let token = json!({"name": "nightly report", "scopes": ["read"]});
    vec![
        sample("POST /api/v1/auth/register", newcomer),
        sample("POST /api/v1/auth/login", log_in),
        sample("POST /api/v1/auth/refresh", renew),
        sample("POST /api/v1/auth/logout", json!({})),
        sample("POST /api/v1/auth/password", password),
        sample("PATCH /api/v1/auth/me", json!({"display_name": "Renamed"})),
        sample(
            "POST /api/v1/auth/reset",
            json!({"email": "nomad@example.org"}),
        ),
        sample("POST /api/v1/auth/reset/confirm", reset),
        sample("POST /api/v1/auth/tokens", token),
        sample("PATCH /api/v1/users/{id}", json!({"role": "manager"})),
    ]
}

fn teams() -> Vec<Sample> {
    let member = "PUT /api/v1/teams/{id}/members/{user_id}";
    let project = json!({"team_id": "{team}", "key": "NEW", "name": "New"});
    vec![
        sample("POST /api/v1/teams", json!({"name": "New"})),
        sample("PATCH /api/v1/teams/{id}", json!({"name": "Renamed"})),
        sample(member, json!({"role": "viewer"})),
        sample(member, json!({"role": "owner"})).case("as owner"),
        sample("POST /api/v1/projects", project),
        sample("PATCH /api/v1/projects/{id}", json!({"name": "Renamed"})),
        sample(
            "POST /api/v1/tags",
            json!({"team_id": "{team}", "name": "new"}),
        ),
        sample("PATCH /api/v1/tags/{id}", json!({"name": "renamed"})),
    ]
}

fn tasks() -> Vec<Sample> {
    let assignees = json!([{"user_id": "{user}", "role": "owner"}]);
    let task = json!({
        "project_id": "{project}", "title": "New", "parent_id": "{task}", "assignees": assignees,
    });
    let patch = json!({"title": "Renamed", "parent_id": "{sibling_task}", "assignees": assignees});
    let assign = json!({"assignees": assignees});
    let batch = |operation: Value| {
        let body = json!({"operations": [operation]});
        sample("POST /api/v1/tasks/batch", body)
    };
    let comment = "PATCH /api/v1/tasks/{id}/comments/{comment_id}";
    let delete = "DELETE /api/v1/tasks/{id}";
    let to = "POST /api/v1/tasks/{id}/move";
    let named: &[_] = &[("id", "task_name")];
    vec![
        sample("GET /api/v1/tasks/{id}", Value::Null),
        sample("GET /api/v1/tasks/{id}", Value::Null)
            .case("by name")
            .path(named),
        batch(json!({"op": "create", "body": task})),
        batch(json!({"op": "patch", "id": "{task}", "body": patch})).case("patch"),
        batch(json!({"op": "archive", "id": "{task}"})).case("archive"),
        batch(json!({"op": "delete", "id": "{task}"})).case("delete"),
        sample("POST /api/v1/tasks", task),
        sample("PATCH /api/v1/tasks/{id}", patch),
        sample("PATCH /api/v1/tasks/{id}", json!({"title": "Renamed"}))
            .case("by name")
            .path(named),
        sample(delete, Value::Null),
        sample(delete, Value::Null)
            .case("for ever")
            .query("permanent=true"),
        sample("POST /api/v1/tasks/{id}/assign", assign),
        sample(to, json!({"status": "done", "after": "{sibling_task}"})),
        sample(to, json!({"before": "{sibling_task}"})).case("before"),
        sample(to, json!({"project_id": "{sibling_project}"})).case("to a project"),
        sample("POST /api/v1/tasks/{id}/comments", json!({"body": "New"})),
        sample(comment, json!({"body": "Edited"})),
    ]
}

fn views() -> Vec<Sample> {
    let read = "POST /api/v1/notifications/read";
    let order = |mut body: Value| {
        body["format"] = json!("csv");
        sample("POST /api/v1/reports", body)
    };
    vec![
        sample(read, json!({"ids": ["{notification}"]})),
        sample(read, json!({"all": true})).case("all"),
        sample(
            "PUT /api/v1/notifications/preferences",
            json!({"mail": {"assigned": false}}),
        ),
        sample(
            "POST /api/v1/schedules",
            json!({"name": "New", "kind": "empty_trash", "cron": "0 8 * * *"}),
        ),
        sample("PATCH /api/v1/schedules/{id}", json!({"enabled": false})),
        order(json!({"kind": "dashboard", "params": {"team": "{team}", "project": "{project}"}})),
        order(json!({"kind": "stats", "params": {"user": "{user}"}})).case("of somebody"),
        order(json!({"kind": "tasks", "params": {"assignee": "{user}"}})).case("of tasks"),
        // Answers are given by the whole program alone, and tried in its `tests/it/sql.rs`: here, who gets as far.
        sample(
            "POST /api/v1/analytics/sql",
            json!({"sql": "x".repeat(40_000)}),
        ),
        sample("GET /api/v1/audit", Value::Null),
        sample("GET /api/v1/audit", Value::Null)
            .case("of a task")
            .query("entity=task&entity_id={task}"),
        sample("GET /api/v1/audit/export", Value::Null),
        sample("GET /api/v1/audit/export", Value::Null)
            .case("of a task")
            .query("entity=task&entity_id={task}"),
        sample("GET /api/v1/audit/proof", Value::Null).query("index=0&size=1"),
    ]
}

fn pipelines() -> Vec<Sample> {
    let activity: &[(&str, &str)] = &[("name", "=activity")];
    vec![
        sample("GET /api/v1/pipelines/{name}", Value::Null).path(activity),
        sample("POST /api/v1/pipelines/{name}/rebuild", json!({})).path(activity),
        sample("POST /api/v1/pipelines/{name}/resume", json!({})).path(&[("name", "=audit")]),
        sample("GET /api/v1/pipelines/{name}/dead-letters", Value::Null).path(activity),
        sample(
            "POST /api/v1/pipelines/{name}/dead-letters/{seq}/retry",
            json!({}),
        )
        .path(&[("name", "=activity"), ("seq", "=1")]),
        sample(
            "POST /api/v1/pipelines/{name}/dead-letters/{seq}/discard",
            json!({"reason": "nobody misses it"}),
        )
        .path(&[("name", "=activity"), ("seq", "=2")]),
    ]
}
