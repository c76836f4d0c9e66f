//! Whatever a client sends: it is never our fault. Every operation of the document is given odd values for each of its
//! parameters and fields, and none may answer with a 5xx.

use crate::app::{TestApp, User};
use axum::http::Method;
use serde_json::{Map, Value, json};

/// Not asked: they end the session that asks.
const ENDING: [&str; 2] = ["/api/v1/auth/logout", "/api/v1/auth/password"];

/// Not asked: answered by the whole program alone, and asked oddly in its `tests/it/sql.rs`.
const OF_THE_PROGRAM: &str = "/api/v1/analytics/sql";

/// Odd parts of an address: empty, too long, not text, numbers beyond all types, what SQL and globs take for their own.
const ODD_TEXTS: [&str; 16] = [
    "",
    "%00",
    "%ff",
    "-1",
    "0",
    "99999999999999999999",
    "1e999",
    "NaN",
    "%F0%9F%92%A5",
    "%27%20or%201=1--",
    "%25_%5C",
    "..%2F..",
    "2026-13-45T99:99:99Z",
    "0000-01-01T00:00:00Z",
    "9999-12-31T23:59:59Z",
    "00000000-0000-0000-0000-000000000000",
];

/// Odd values of a field.
fn odd_values(known_id: &str) -> Vec<Value> {
    vec![
        Value::Null,
        json!(true),
        json!(-1),
        json!(1e308),
        json!(u64::MAX),
        json!(""),
        json!("\0"),
        json!("💥\u{202e}\u{fffd}"),
        json!("x".repeat(70_000)),
        json!("0001-01-01T00:00:00Z"),
        json!("9999-12-31T23:59:59.999999Z"),
        json!([]),
        json!([null, 7, "", "\0", {}]),
        json!([{"user_id": null}, {"user_id": known_id, "role": null}, {"user_id": "x", "role": []}]),
        json!([{"user_id": known_id, "role": null}]),
        json!({}),
        json!({"\0": "\0"}),
        json!({"a": {"b": [1e-308, null, {"": ""}]}}),
        json!(known_id),
    ]
}

struct Poked<'a> {
    app: &'a TestApp,
    by: &'a User,
    faults: Vec<String>,
    asked: usize,
}

impl Poked<'_> {
    async fn ask(&mut self, method: &str, address: &str, body: Option<&Value>) {
        let method: Method = method.to_uppercase().parse().unwrap();
        let request = self.app.request(method, address).by(self.by);
        let answer = match body {
            Some(body) => request.json(body.clone()).send().await,
            None => request.send().await,
        };
        self.asked += 1;
        if answer.status >= 500 {
            let body: String = body
                .map(Value::to_string)
                .unwrap_or_default()
                .chars()
                .take(200)
                .collect();
            self.faults
                .push(format!("{} {body}: {}", answer.what, answer.text()));
        }
    }

    /// Odd ids in the path, odd values in the query.
    async fn poke_address(&mut self, method: &str, path: &str, good: &str, operation: &Value) {
        for odd in ODD_TEXTS {
            if path.contains('{') {
                self.ask(method, &with_ids(path, odd), None).await;
            }
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                if parameter["in"] == "query" {
                    let name = parameter["name"].as_str().unwrap();
                    self.ask(method, &format!("{good}?{name}={odd}"), None)
                        .await;
                }
            }
        }
    }

    /// Each field odd in turn, the others as they should be.
    async fn poke_body(
        &mut self,
        method: &str,
        address: &str,
        good: &Map<String, Value>,
        odd: &[Value],
    ) {
        for whole in odd {
            self.ask(method, address, Some(whole)).await;
        }
        for name in good.keys() {
            for odd in odd {
                let mut body = good.clone();
                body.insert(name.clone(), odd.clone());
                self.ask(method, address, Some(&Value::Object(body))).await;
            }
        }
    }
}

/// The path with every id in it replaced.
fn with_ids(path: &str, id: &str) -> String {
    let parts = path.split(['{', '}']).enumerate();
    parts
        .map(|(at, part)| if at % 2 == 0 { part } else { id })
        .collect()
}

/// A body in which everything is as it should be, as far as that is known here: fields of the schema by name.
fn good_body(document: &Value, operation: &Value, project: &str, team: &str) -> Map<String, Value> {
    let content = operation["requestBody"]["content"]
        .as_object()
        .and_then(|c| c.values().next());
    let Some(content) = content else {
        return Map::new();
    };
    let reference = content["schema"]["$ref"]
        .as_str()
        .or_else(|| content["schema"]["oneOf"][1]["$ref"].as_str());
    let schema = reference
        .and_then(|name| document.pointer(&name[1..]))
        .unwrap();
    let value = |name: &str| match name {
        "project_id" => json!(project),
        "team_id" => json!(team),
        "key" => json!("ODD"),
        "role" => json!("viewer"),
        "title" | "name" | "body" => json!("Odd"),
        "username" | "login" => json!("odd"),
        "email" => json!("odd@example.org"),
        "password" | "setup_secret" | "refresh_token" => json!("long enough"),
        "assignees" => json!([]),
        _ => Value::Null,
    };
    let fields = schema["properties"].as_object().unwrap();
    fields
        .keys()
        .map(|name| (name.clone(), value(name)))
        .collect()
}

#[tokio::test]
async fn no_odd_input_is_our_fault() {
    let app = TestApp::with_lake().await;
    let (ada, team, project) = app.with_project().await;
    let task = app.task(&ada, &project, "Grease the wheel").await;
    let task = task["id"].as_str().unwrap();
    let document = app.get("/openapi.json").send().await.expect(200).json();
    let odd = odd_values(&ada.id);
    let mut poked = Poked {
        app: &app,
        by: &ada,
        faults: Vec::new(),
        asked: 0,
    };
    for (path, item) in document["paths"].as_object().unwrap() {
        let id = if path.contains("/teams/") {
            &team
        } else if path.contains("/projects/") {
            &project
        } else {
            task
        };
        let good = with_ids(path, id);
        for (method, operation) in item.as_object().unwrap() {
            if ENDING.contains(&path.as_str()) || path == OF_THE_PROGRAM {
                continue;
            }
            poked.poke_address(method, path, &good, operation).await;
            let fields = good_body(&document, operation, &project, &team);
            if !fields.is_empty() {
                poked.poke_body(method, &good, &fields, &odd).await;
            }
        }
    }
    assert!(poked.asked > 1_000, "only {} requests", poked.asked);
    assert_eq!(poked.faults, Vec::<String>::new());
}
