//! Every answer that any test gets is held against the document: its status, its content type, and the form of its JSON. The
//! tests' client asks [`check`] after each request.

use super::schema::Schemas;
use crate::app::Answer;
use axum::http::Method;
use serde_json::Value;
use std::sync::LazyLock;

static DOCUMENT: LazyLock<Value> =
    LazyLock::new(|| serde_json::to_value(millstream_ingest_api::openapi()).unwrap());

/// Panics when an operation of the document answers what the document does not say. What is no operation is the router's
/// to answer.
pub(crate) fn check(method: &Method, path: &str, answer: &Answer) {
    let Some(operation) = operation(method, path) else {
        return;
    };
    let (what, status) = (&answer.what, answer.status.to_string());
    let response = operation["responses"].get(&status);
    let response = response.unwrap_or_else(|| {
        panic!(
            "{what}: the document does not describe {status}: {}",
            answer.text()
        )
    });
    if answer.body.is_empty() {
        return;
    }
    let sent = answer.header("content-type").unwrap_or_default();
    let sent = sent.split(';').next().unwrap_or_default();
    let content = response["content"].get(sent);
    let content = content
        .unwrap_or_else(|| panic!("{what}: the document does not describe {status} as {sent:?}"));
    let is_packed = answer.header("content-encoding").is_some();
    // Lines of JSON are a text to the document.
    if sent.ends_with("json") && sent != "application/x-ndjson" && !is_packed {
        let mut wrong = Vec::new();
        Schemas(&DOCUMENT).check(&content["schema"], &answer.json(), what, &mut wrong);
        assert_eq!(wrong, Vec::<String>::new());
    }
}

/// What the document says of a method and a path; of two templates that fit, of the one with fewer blanks.
fn operation(method: &Method, path: &str) -> Option<&'static Value> {
    let paths = DOCUMENT["paths"].as_object().unwrap().iter();
    let fitting = paths.filter(|(template, _)| fits(template, path));
    let (_, item) = fitting.min_by_key(|(template, _)| template.matches('{').count())?;
    item.get(method.as_str().to_lowercase())
}

fn fits(template: &str, path: &str) -> bool {
    let (template, path) = (template.split('/'), path.split('/'));
    let segments = template.clone().zip(path.clone());
    template.count() == path.count()
        && segments
            .into_iter()
            .all(|(wanted, found)| wanted == found || wanted.starts_with('{'))
}
