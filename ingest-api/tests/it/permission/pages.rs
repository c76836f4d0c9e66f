//! The pages: what this test sends to each, and as whom it browses.
//!
//! To add one: a line in [`all`]; the test says which page has none. `{task}` and its like are as in [`samples`], in the path
//! as well, where what a part of it means is told beside. Whoever is led to the log-in counts as refused with 401.
//!
//! [`samples`]: super::samples

use super::operations::slots_in;
use super::route::{Place, Route, Slot};
use super::samples::{NOMAD, Sample};
use crate::app::{Answer, Browser, PASSWORD, Request, SETUP_SECRET, form};
use millstream_ingest_api::PAGES;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Pages that show nothing of anybody's: everybody may have them.
pub(super) const OPEN: [&str; 12] = [
    "GET /",
    "GET /login",
    "POST /login",
    "GET /register",
    "POST /register",
    "GET /reset",
    "POST /reset",
    "POST /reset/confirm",
    "GET /static/{hash}/{file}",
    "GET /static/{file}",
    "GET /problems",
    "GET /problems/{code}",
];

/// What changes nothing but what is one's own.
pub(super) const OF_ONES_OWN: [&str; 20] = [
    "POST /login",
    "POST /logout",
    "POST /register",
    "POST /reset",
    "POST /reset/confirm",
    "POST /inbox/read",
    "POST /reports",
    "POST /reports/{id}/delete",
    "POST /settings/profile",
    "POST /settings/password",
    "POST /settings/theme",
    "POST /settings/keys",
    "POST /settings/mails",
    "POST /settings/sessions/end",
    "POST /settings/sessions/end-others",
    "POST /settings/tokens",
    "POST /settings/tokens/revoke",
    "POST /tasks/{id}/watch",
    // Compares what was typed with what is there, and changes nothing.
    "POST /tasks/{id}/edit",
    "POST /teams",
];

/// Parameters that say where a page begins and may be left out: what they name that is foreign is passed over.
const HINTS: [(&str, &str, &str); 1] = [("GET /tasks/new", "project", "project_key")];

/// The request as a browser of this person's makes it.
pub(super) fn browse<'a>(
    request: Request<'a>,
    browser: Option<&Browser>,
    route: &Route,
    body: &Value,
) -> Request<'a> {
    let fields = fields(body);
    let is_open = OPEN.contains(&route.sample.route);
    match (browser, route.writes()) {
        (Some(browser), false) => browser.with(request),
        // What everybody may send carries no token of a log-in.
        (Some(browser), true) if is_open => form(browser.with(request), &fields),
        (Some(browser), true) => browser.filled(request, &fields),
        (None, false) => request.header("accept", "text/html"),
        (None, true) => form(request.header("accept", "text/html"), &fields),
    }
}

/// The fields of a form; of a list, one for each value.
fn fields(body: &Value) -> Vec<(&str, &str)> {
    let members = body.as_object().into_iter().flatten();
    let fields = members.flat_map(|(name, value)| {
        let values = match value {
            Value::Array(values) => values.iter().collect(),
            value => vec![value],
        };
        let texts = values.into_iter().map(|value| value.as_str().unwrap());
        texts.map(|text| (name.as_str(), text))
    });
    fields.collect()
}

/// What the answer means in the table: to be led to the log-in is to be refused.
pub(super) fn status(answer: &Answer) -> u16 {
    let to = answer.header("location").unwrap_or_default();
    if answer.status == 303 && to.starts_with("/login?next=") {
        401
    } else {
        answer.status
    }
}

/// An answer's text without what differs each time.
pub(super) fn plain(answer: &Answer) -> String {
    let mut text = answer.text();
    for name in ["x-request-id", "location"] {
        if let Some(value) = answer.header(name).filter(|value| value.len() > 8) {
            text = text.replace(value, "…");
        }
    }
    text
}

/// Every page, in every way that there is a sample of.
pub(super) fn routes() -> Vec<Route> {
    let all = all();
    let known: BTreeSet<String> = PAGES
        .iter()
        .map(|(method, path)| format!("{} {path}", method.to_uppercase()))
        .collect();
    let sampled: BTreeSet<String> = all.iter().map(|sample| sample.route.to_owned()).collect();
    let differ: Vec<_> = known.symmetric_difference(&sampled).collect();
    assert!(
        differ.is_empty(),
        "pages without a sample, or samples without a page: see to ingest-api/tests/it/permission/pages.rs: {differ:#?}"
    );
    let route = |sample: Sample| {
        let (method, path) = sample.route.split_once(' ').unwrap();
        Route {
            method: method.to_owned(),
            path: path.to_owned(),
            slots: slots_in(path, &sample)
                .into_iter()
                .chain(hints(sample.route))
                .collect(),
            sample,
        }
    };
    all.into_iter().map(route).collect()
}

fn hints(route: &str) -> impl Iterator<Item = Slot> {
    let own = HINTS.iter().filter(move |(of, ..)| *of == route);
    own.map(|(_, name, thing)| Slot {
        place: Place::Filter((*name).to_owned()),
        thing: (*thing).to_owned(),
        sibling: false,
    })
}

fn get(route: &'static str) -> Sample {
    Sample {
        route,
        ..Sample::default()
    }
}

fn post(route: &'static str, body: Value) -> Sample {
    Sample {
        route,
        body,
        ..Sample::default()
    }
}

impl Sample {
    /// What the parts of the path are, in braces; or a text that is no id, as it is.
    fn of(self, path: &'static [(&'static str, &'static str)]) -> Self {
        Self { path, ..self }
    }

    fn asking(self, query: &'static str) -> Self {
        Self { query, ..self }
    }

    fn in_case(self, case: &'static str) -> Self {
        Self { case, ..self }
    }
}

fn all() -> Vec<Sample> {
    [doors(), projects(), tasks(), teams(), own(), admin()].concat()
}

fn doors() -> Vec<Sample> {
    let newcomer = json!({
        "username": "newcomer", "email": "newcomer@example.org", "password": PASSWORD, "setup_secret": SETUP_SECRET,
    });
    let reset = json!({"token": "void", "new_password": "another staple altogether"});
    vec![
        get("GET /login"),
        post("POST /login", json!({"login": NOMAD, "password": PASSWORD})),
        get("GET /register"),
        post("POST /register", newcomer),
        post("POST /logout", json!({})),
        get("GET /reset"),
        post("POST /reset", json!({"email": "nomad@example.org"})),
        post("POST /reset/confirm", reset),
        get("GET /static/{hash}/{file}").of(&[("hash", "=none"), ("file", "=millstream.css")]),
        get("GET /static/{file}").of(&[("file", "=millstream.css")]),
        get("GET /problems"),
        get("GET /problems/{code}").of(&[("code", "=forbidden")]),
    ]
}

fn projects() -> Vec<Sample> {
    let key: &[_] = &[("key", "project_key")];
    let new = json!({"team_id": "{team}", "key": "NEW", "name": "New", "description": ""});
    let edit = json!({"name": "Renamed", "description": ""});
    vec![
        get("GET /projects"),
        post("POST /projects", new),
        get("GET /projects/new"),
        get("GET /projects/{key}").of(key),
        get("GET /projects/{key}")
            .of(key)
            .asking("view=board")
            .in_case("board"),
        get("GET /projects/{key}")
            .of(key)
            .asking("view=calendar")
            .in_case("calendar"),
        get("GET /projects/{key}/edit").of(key),
        post("POST /projects/{key}/edit", edit).of(key),
        post("POST /projects/{key}/archive", json!({"archived": "true"})).of(key),
        post("POST /projects/{key}/delete", json!({"confirm": "HOM"})).of(key),
    ]
}

fn tasks() -> Vec<Sample> {
    let named: &[_] = &[("id", "task_name")];
    let comment: &[_] = &[("id", "task"), ("comment", "comment")];
    let new = json!({"project": "{project_key}", "title": "New"});
    vec![
        get("GET /search"),
        get("GET /search").asking("q=priority:low").in_case("words"),
        post("POST /tasks", new),
        get("GET /tasks/new"),
        post(
            "POST /tasks/bulk",
            json!({"task": ["{task_name}"], "status": "done"}),
        ),
        post(
            "POST /tasks/bulk",
            json!({"task": ["{task_name}"], "act": "trash"}),
        )
        .in_case("to the trash"),
        get("GET /tasks/{id}"),
        get("GET /tasks/{id}").of(named).in_case("by name"),
        post("POST /tasks/{id}", json!({"status": "done"})).of(named),
        get("GET /tasks/set/{what}")
            .of(&[("what", "=status")])
            .asking("task={task_name}"),
        get("GET /tasks/{id}/edit"),
        post("POST /tasks/{id}/edit", json!({"title": "Renamed"})),
        post("POST /tasks/{id}/watch", json!({"watches": "true"})),
        post("POST /tasks/{id}/comments", json!({"body": "New"})),
        post(
            "POST /tasks/{id}/comments/{comment}",
            json!({"body": "Edited"}),
        )
        .of(comment),
        get("GET /tasks/{id}/comments/{comment}/history").of(comment),
        post("POST /tasks/{id}/place", json!({"act": "archive"})),
        post(
            "POST /tasks/{id}/move",
            json!({"status": "done", "after": "{sibling_task}"}),
        ),
    ]
}

fn teams() -> Vec<Sample> {
    let tag: &[_] = &[("id", "team"), ("tag_id", "tag")];
    let edit = json!({"name": "Renamed", "description": ""});
    let member = json!({"username": "nomad", "role": "viewer"});
    vec![
        get("GET /analytics"),
        get("GET /analytics/sql"),
        // What is refused by its length alone: answers are tried where the whole program is, in its `tests/it/sql.rs`.
        post("POST /analytics/sql", json!({"sql": "x".repeat(40_000)})),
        get("GET /analytics/users/{id}"),
        get("GET /analytics/teams/{id}"),
        get("GET /analytics/projects/{key}").of(&[("key", "project_key")]),
        get("GET /reports"),
        post(
            "POST /reports",
            json!({"kind": "performance", "format": "csv", "team": "{team}"}),
        ),
        get("GET /reports/{id}/download"),
        post("POST /reports/{id}/delete", json!({})),
        get("GET /teams"),
        post("POST /teams", json!({"name": "New", "description": ""})),
        get("GET /teams/new"),
        get("GET /teams/{id}"),
        get("GET /teams/{id}/edit"),
        post("POST /teams/{id}/edit", edit),
        post("POST /teams/{id}/delete", json!({"confirm": "hearth"})),
        get("GET /teams/{id}/tags"),
        post(
            "POST /teams/{id}/tags",
            json!({"name": "new", "color": "teal"}),
        ),
        post("POST /teams/{id}/tags/{tag_id}", json!({"name": "renamed"})).of(tag),
        post("POST /teams/{id}/tags/{tag_id}/delete", json!({})).of(tag),
        post("POST /teams/{id}/members", member),
        post(
            "POST /teams/{id}/members/remove",
            json!({"user_id": "{user}"}),
        ),
    ]
}

fn own() -> Vec<Sample> {
    let profile = json!({"display_name": "Renamed"});
    let password =
        json!({"current_password": PASSWORD, "new_password": "another staple altogether"});
    let token = json!({"name": "nightly report", "scopes": ["read"], "days": "30"});
    vec![
        get("GET /"),
        get("GET /inbox"),
        get("GET /inbox")
            .asking("show=all&reason=mentioned")
            .in_case("of a reason"),
        post("POST /inbox/read", json!({"id": "{notification}"})),
        post("POST /inbox/read", json!({"until": "2100-01-01T00:00:00Z"})).in_case("all"),
        get("GET /activity"),
        get("GET /activity")
            .asking("project={project_key}")
            .in_case("of a project"),
        get("GET /settings"),
        post("POST /settings/profile", profile),
        post("POST /settings/password", password),
        post("POST /settings/theme", json!({"theme": "dark"})),
        post("POST /settings/keys", json!({"keys": "off"})),
        post(
            "POST /settings/sessions/end",
            json!({"session": "{session}"}),
        ),
        post("POST /settings/sessions/end-others", json!({})),
        get("GET /settings/mails"),
        post("POST /settings/mails", json!({"assigned": "on"})),
        get("GET /settings/tokens"),
        post("POST /settings/tokens", token),
        post("POST /settings/tokens/revoke", json!({"token": "{token}"})),
    ]
}

fn admin() -> Vec<Sample> {
    let schedule = json!({"name": "New", "kind": "empty_trash", "cron": "0 8 * * *"});
    vec![
        get("GET /admin"),
        get("GET /admin/pipelines/{name}").of(&[("name", "=activity")]),
        post("POST /admin/pipelines/{name}/rebuild", json!({})).of(&[("name", "=notifications")]),
        post("POST /admin/pipelines/{name}/resume", json!({})).of(&[("name", "=search")]),
        post(
            "POST /admin/pipelines/{name}/letters/{seq}/retry",
            json!({}),
        )
        .of(&[("name", "=activity"), ("seq", "=3")]),
        post(
            "POST /admin/pipelines/{name}/letters/{seq}/discard",
            json!({"reason": "nobody misses it"}),
        )
        .of(&[("name", "=activity"), ("seq", "=4")]),
        get("GET /admin/users"),
        post("POST /admin/users/{id}", json!({"role": "manager"})),
        get("GET /admin/audit"),
        get("GET /admin/audit/export"),
        get("GET /admin/audit/{index}").of(&[("index", "=0")]),
        get("GET /admin/jobs"),
        get("GET /admin/jobs/{id}"),
        post("POST /admin/jobs/{id}/retry", json!({})),
        post("POST /admin/jobs/{id}/cancel", json!({})),
        get("GET /admin/schedules"),
        post("POST /admin/schedules", schedule.clone()),
        get("GET /admin/schedules/new"),
        get("GET /admin/schedules/{id}"),
        post("POST /admin/schedules/{id}", schedule),
        post("POST /admin/schedules/{id}/run", json!({})),
        post("POST /admin/schedules/{id}/delete", json!({})),
        get("GET /admin/keys"),
    ]
}
