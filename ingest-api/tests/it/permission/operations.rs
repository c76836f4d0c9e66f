//! The operations of the document with their samples, and where ids stand in each.

use super::route::{Place, Route, Slot};
use super::samples::{self, Sample};
use serde_json::Value;

/// Parameters of a query that hold ids, and what they name.
const FILTERS: [(&str, &str); 8] = [
    ("team", "team"),
    ("project", "project"),
    ("task", "task"),
    ("parent", "task"),
    ("user", "user"),
    ("actor", "user"),
    ("assignee", "user"),
    ("created_by", "user"),
];

/// Ids in bodies that mean nothing: they may be there so that what was read can be sent back.
const READ_OVER: [&str; 1] = ["/assigned_by"];

/// Every operation of the document, in every way that there is a sample of.
pub(super) fn all() -> Vec<Route> {
    let mut document = serde_json::to_value(millstream_ingest_api::openapi()).unwrap();
    document.sort_all_objects();
    let mut samples = samples::all();
    let (mut routes, mut missing) = (Vec::new(), Vec::new());
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let name = format!("{} {path}", method.to_uppercase());
            let mut own: Vec<_> = samples.extract_if(.., |s| s.route == name).collect();
            if own.is_empty() {
                missing.extend(not_plain(&name, operation));
                own.push(Sample::default());
            }
            missing.extend(ids_left_out(&document, &name, operation, &own));
            for sample in own {
                let slots = slots(path, operation, &sample);
                let (method, path) = (method.to_uppercase(), path.clone());
                routes.push(Route {
                    method,
                    path,
                    sample,
                    slots,
                });
            }
        }
    }
    missing.extend(
        samples
            .iter()
            .map(|sample| format!("there is no route \"{}\"", sample.route)),
    );
    assert!(
        missing.is_empty(),
        "see to ingest-api/tests/it/permission/samples.rs, ids as \"{{task}}\": {missing:#?}"
    );
    routes
}

/// Without a sample nothing is sent but the path: that must be enough.
fn not_plain(name: &str, operation: &Value) -> Option<String> {
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    let mut needed = parameters.filter(|p| p["required"] == true && p["in"] != "path");
    let wants_more = operation["requestBody"].is_object() || needed.next().is_some();
    wants_more
        .then(|| format!("\"{name}\" has a body or parameters that must be given, and no sample"))
}

/// Every id that the body can have must be in a sample, so that it is swapped.
fn ids_left_out(
    document: &Value,
    name: &str,
    operation: &Value,
    samples: &[Sample],
) -> Vec<String> {
    let mut ids = Vec::new();
    let content = operation["requestBody"]["content"].as_object();
    for content in content.into_iter().flat_map(serde_json::Map::values) {
        find_ids(document, &content["schema"], "", &mut ids);
    }
    ids.retain(|at| {
        let sent = |sample: &Sample| {
            let sent = sample.body.pointer(at).and_then(Value::as_str);
            sent.is_some_and(|text| in_braces(text).is_some())
        };
        !READ_OVER.iter().any(|name| at.ends_with(name)) && !samples.iter().any(sent)
    });
    let told =
        |at| format!("the body of \"{name}\" can have an id at {at}, and no sample has one there");
    ids.into_iter().map(told).collect()
}

/// Where a schema has ids; of lists, in the first item.
fn find_ids(document: &Value, schema: &Value, at: &str, ids: &mut Vec<String>) {
    if let Some(reference) = schema["$ref"].as_str() {
        let schema = document.pointer(&reference[1..]).unwrap();
        return find_ids(document, schema, at, ids);
    }
    if schema["format"] == "uuid" {
        ids.push(at.to_owned());
    }
    for choice in ["oneOf", "anyOf", "allOf"] {
        for schema in schema[choice].as_array().into_iter().flatten() {
            find_ids(document, schema, at, ids);
        }
    }
    if let Some(items) = schema.get("items") {
        find_ids(document, items, &format!("{at}/0"), ids);
    }
    for (name, schema) in schema["properties"].as_object().into_iter().flatten() {
        find_ids(document, schema, &format!("{at}/{name}"), ids);
    }
}

fn slots(path: &str, operation: &Value, sample: &Sample) -> Vec<Slot> {
    let mut slots = slots_in(path, sample);
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        let known = FILTERS.iter().find(|(name, _)| parameter["name"] == *name);
        if let Some((name, thing)) = known.filter(|_| sample.case.is_empty()) {
            slots.push(Slot {
                place: Place::Filter((*name).to_owned()),
                thing: (*thing).to_owned(),
                sibling: false,
            });
        }
    }
    slots
}

/// Where ids stand in the path, and in what a sample sends.
pub(super) fn slots_in(path: &str, sample: &Sample) -> Vec<Slot> {
    let mut slots = Vec::new();
    let mut add = |place, thing: &str| {
        slots.push(Slot {
            place,
            thing: thing.trim_start_matches("sibling_").to_owned(),
            sibling: thing.starts_with("sibling_"),
        });
    };
    let segments: Vec<_> = path.split('/').collect();
    for (collection, name) in segments.iter().zip(&segments[1..]) {
        if let Some(name) = in_braces(name) {
            let given = sample.path.iter().find(|(n, _)| *n == name);
            let thing = given.map_or_else(|| singular(collection), |(_, thing)| (*thing).into());
            // What is no id is the same for everybody.
            if !thing.starts_with('=') {
                add(Place::Path(name.to_owned()), &thing);
            }
        }
    }
    for (name, value) in pairs(sample.query) {
        if let Some(thing) = in_braces(value) {
            add(Place::Query(name.to_owned()), thing);
        }
    }
    let mut texts = Vec::new();
    let mut body = sample.body.clone();
    body.sort_all_objects();
    find_placeholders(&body, "", &mut texts);
    for (at, thing) in texts {
        add(Place::Body(at), &thing);
    }
    slots
}

/// The name and value of each pair of a query.
pub(super) fn pairs(query: &str) -> impl Iterator<Item = (&str, &str)> {
    query.split('&').filter_map(|pair| pair.split_once('='))
}

fn in_braces(text: &str) -> Option<&str> {
    text.strip_prefix('{')?.strip_suffix('}')
}

/// What stands in a collection: of members, people.
fn singular(collection: &str) -> String {
    match collection {
        "members" => "user".to_owned(),
        other => other.trim_end_matches('s').replace('-', "_"),
    }
}

fn find_placeholders(value: &Value, at: &str, found: &mut Vec<(String, String)>) {
    match value {
        Value::String(text) => {
            found.extend(in_braces(text).map(|thing| (at.to_owned(), thing.to_owned())));
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                find_placeholders(item, &format!("{at}/{index}"), found);
            }
        }
        Value::Object(members) => {
            for (name, member) in members {
                find_placeholders(member, &format!("{at}/{name}"), found);
            }
        }
        _ => {}
    }
}
