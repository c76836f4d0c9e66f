//! The document by itself: complete, and every route in it answers.

use super::schema::Schemas;
use crate::app::TestApp;
use axum::http::Method;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Methods that a path item of the document can hold.
const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];
/// What needs no log-in.
pub(crate) const OPEN: [&str; 10] = [
    "POST /api/v1/auth/register",
    "POST /api/v1/auth/login",
    "POST /api/v1/auth/refresh",
    "POST /api/v1/auth/reset",
    "POST /api/v1/auth/reset/confirm",
    "GET /api/v1/openapi.json",
    "GET /.well-known/jwks.json",
    "GET /auth/keys/public",
    "GET /health/live",
    "GET /health/ready",
];

/// The document as it is served.
pub(super) async fn document(app: &TestApp) -> Value {
    let answer = app.get("/openapi.json").send().await.expect(200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    answer.json()
}

/// Every operation: its method, its path, and what is said of it.
fn operations(document: &Value) -> Vec<(String, String, Value)> {
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            assert!(METHODS.contains(&method.as_str()), "{path}: {method}");
            operations.push((method.to_uppercase(), path.clone(), operation.clone()));
        }
    }
    operations.sort_by_key(|(method, path, _)| (path.clone(), method.clone()));
    operations
}

#[tokio::test]
async fn the_routes_are_on_file() {
    let app = TestApp::new().await;
    let document = document(&app).await;
    let lines: Vec<_> = operations(&document)
        .iter()
        .map(|(method, path, operation)| {
            format!(
                "{method} {path}: {}",
                operation["summary"].as_str().unwrap()
            )
        })
        .collect();
    insta::assert_snapshot!("routes", lines.join("\n"));
}

#[tokio::test]
async fn every_operation_is_described_completely() {
    let app = TestApp::new().await;
    let document = document(&app).await;
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1."));
    assert_eq!(document["info"]["title"], "Millstream");
    let tags: BTreeSet<_> = document["tags"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tag| tag["name"].to_string())
        .collect();
    let mut ids = BTreeSet::new();
    for (method, path, operation) in operations(&document) {
        let name = format!("{method} {path}");
        assert!(
            ids.insert(operation["operationId"].to_string()),
            "{name}: id taken"
        );
        let tag = operation["tags"][0].to_string();
        assert!(tags.contains(&tag), "{name}: {tag} is not introduced");
        let responses = operation["responses"].as_object().unwrap();
        assert!(
            responses
                .keys()
                .any(|status| status.starts_with('2') || status == "101"),
            "{name}"
        );
        let is_open = OPEN.contains(&&*name);
        assert_eq!(operation["security"].is_null(), is_open, "{name}");
        check_refusals(&name, &operation);
        check_parameters(&name, &path, &operation);
        let has_body = operation["requestBody"].is_object();
        assert!(!has_body || method != "GET" && method != "DELETE", "{name}");
    }
}

/// Every refusal is named, none is "any other"; all are problems.
fn check_refusals(name: &str, operation: &Value) {
    let responses = operation["responses"].as_object().unwrap();
    assert!(!responses.contains_key("default"), "{name}");
    for status in ["400", "429", "500", "503"] {
        assert!(responses.contains_key(status), "{name}: {status}");
    }
    let wants_log_in = operation["security"].is_array();
    assert!(!wants_log_in || responses.contains_key("401"), "{name}");
    for (status, response) in responses {
        let is_refusal = status.starts_with(['4', '5']);
        let problem = &response["content"]["application/problem+json"];
        let has_form = problem["schema"]["$ref"].is_string() || name.ends_with("/health/ready");
        assert!(!is_refusal || has_form, "{name}: {status}");
    }
}

/// What stands in braces in the path is described, and nothing else is said to be in the path.
fn check_parameters(name: &str, path: &str, operation: &Value) {
    let mut braces: Vec<&str> = path.split(['{', '}']).skip(1).step_by(2).collect();
    braces.sort_unstable();
    let none = Vec::new();
    let parameters = operation["parameters"].as_array().unwrap_or(&none);
    let in_path = parameters.iter().filter(|p| p["in"] == "path");
    let mut described: Vec<_> = in_path.map(|p| p["name"].as_str().unwrap()).collect();
    described.sort_unstable();
    assert_eq!(described, braces, "{name}");
    for parameter in parameters {
        assert!(parameter["description"].is_string(), "{name}: {parameter}");
        assert_eq!(
            parameter["required"] == true,
            parameter["in"] == "path" || path.ends_with("/proof") && parameter["in"] == "query",
            "{name}: {parameter}"
        );
    }
}

#[tokio::test]
async fn every_reference_leads_somewhere_and_every_required_member_is_described() {
    fn walk(document: &Value, value: &Value, path: &str) {
        if let Some(reference) = value["$ref"].as_str() {
            assert!(
                document.pointer(&reference[1..]).is_some(),
                "{path}: {reference}"
            );
        }
        if let (Some(required), Some(known)) = (
            value["required"].as_array(),
            value["properties"].as_object(),
        ) {
            for name in required {
                assert!(known.contains_key(name.as_str().unwrap()), "{path}: {name}");
            }
        }
        match value {
            Value::Array(items) => items.iter().for_each(|item| walk(document, item, path)),
            Value::Object(members) => {
                for (name, member) in members {
                    walk(document, member, &format!("{path}/{name}"));
                }
            }
            _ => {}
        }
    }
    let app = TestApp::new().await;
    let document = document(&app).await;
    walk(&document, &document, "");
}

#[tokio::test]
async fn every_route_answers_and_all_but_a_few_want_a_log_in() {
    let app = TestApp::new().await;
    let document = document(&app).await;
    for (method, path, _) in operations(&document) {
        let name = format!("{method} {path}");
        let method: Method = method.parse().unwrap();
        let answer = app
            .request(method, &path.replace(['{', '}'], "x"))
            .send()
            .await;
        if OPEN.contains(&&*name) {
            assert!(
                matches!(answer.status, 200 | 422),
                "{name}: {}",
                answer.status
            );
        } else {
            answer.expect_error(401, "unauthenticated");
        }
    }
}

#[tokio::test]
async fn nothing_is_required_of_a_patch() {
    let app = TestApp::new().await;
    let document = document(&app).await;
    let schemas = Schemas(&document);
    for (_, path, operation) in operations(&document)
        .iter()
        .filter(|(method, ..)| method == "PATCH")
    {
        let content = &operation["requestBody"]["content"]["application/merge-patch+json"];
        let schema = schemas.resolve(&content["schema"]);
        assert!(schema["properties"].is_object(), "{path}");
        assert_eq!(schema["required"], Value::Null, "{path}");
    }
}

#[tokio::test]
async fn bodies_have_no_members_but_those_that_are_described() {
    let app = TestApp::new().await;
    let document = document(&app).await;
    let schemas = Schemas(&document);
    let mut bodies = 0;
    for (method, path, operation) in operations(&document) {
        let contents = operation["requestBody"]["content"].as_object();
        for content in contents.into_iter().flat_map(|it| it.values()) {
            let schema = schemas.resolve(&content["schema"]);
            assert!(schema["properties"].is_object(), "{method} {path}");
            assert_eq!(schema["additionalProperties"], false, "{method} {path}");
            bodies += 1;
        }
    }
    assert!(bodies > 10, "{bodies}");
}

#[tokio::test]
async fn parameters_of_one_name_have_one_form() {
    let app = TestApp::new().await;
    let document = document(&app).await;
    let limit = json!({"type": "integer", "minimum": 1, "maximum": 100, "default": 50});
    let mut limits = 0;
    for (method, path, operation) in operations(&document) {
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            let (name, schema) = (&parameter["name"], &parameter["schema"]);
            if name == "limit" {
                assert_eq!(*schema, limit, "{method} {path}");
                limits += 1;
            }
            let is_text = schema["type"] == "string" && schema["enum"].is_null();
            let has_form = schema["format"].is_string() || schema["pattern"].is_string();
            let is_query = parameter["in"] == "query";
            assert!(!is_query || !is_text || has_form, "{method} {path}: {name}");
        }
    }
    assert!(limits > 5, "{limits}");
}
