//! The operations of the document, and the ways to ask each of them: where ids stand, and whose they are.

use super::samples::{self, NOMAD, Sample};
use super::world::{Of, PERSONAL};
use serde_json::Value;

/// An operation, and one way to ask it.
#[derive(Debug)]
pub(super) struct Route {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) sample: Sample,
    pub(super) slots: Vec<Slot>,
}

/// A place for an id.
#[derive(Debug, Clone)]
pub(super) struct Slot {
    pub(super) place: Place,
    /// What it names.
    pub(super) thing: String,
    /// Another one of the same team, to begin with.
    pub(super) sibling: bool,
}

/// Where an id stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// Under this name in the path.
    Path(String),
    /// Under this name in the query, always.
    Query(String),
    /// Under this name in the query, if anything.
    Filter(String),
    /// At this place in the body.
    Body(String),
}

/// A variant of a request: whose the ids are, slot by slot. `None` sends nothing there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Variant {
    pub(super) about: String,
    pub(super) ids: Vec<Option<Of>>,
}

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
    let document = serde_json::to_value(millstream_ingest_api::openapi()).unwrap();
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
            add(Place::Path(name.to_owned()), &thing);
        }
    }
    for (name, value) in pairs(sample.query) {
        if let Some(thing) = in_braces(value) {
            add(Place::Query(name.to_owned()), thing);
        }
    }
    let mut texts = Vec::new();
    find_placeholders(&sample.body, "", &mut texts);
    for (at, thing) in texts {
        add(Place::Body(at), &thing);
    }
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        let known = FILTERS.iter().find(|(name, _)| parameter["name"] == *name);
        if let Some((name, thing)) = known.filter(|_| sample.case.is_empty()) {
            add(Place::Filter((*name).to_owned()), thing);
        }
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

impl Route {
    /// Method and path, and what it is a case of.
    pub(super) fn name(&self) -> String {
        let (method, path, case) = (&self.method, &self.path, self.sample.case);
        match case {
            "" => format!("{method} {path}"),
            _ => format!("{method} {path} ({case})"),
        }
    }

    pub(super) fn writes(&self) -> bool {
        self.method != "GET"
    }

    /// As it should be asked; then each id swapped, alone; all ids of the path; and the parent for its sibling.
    pub(super) fn variants(&self) -> Vec<Variant> {
        let plain: Vec<_> = self.slots.iter().map(Slot::plain).collect();
        let mut variants = vec![Variant {
            about: String::new(),
            ids: plain.clone(),
        }];
        let mut swap = |about: String, swapped: &dyn Fn(usize) -> Option<Of>| {
            let ids = (0..plain.len())
                .map(|at| swapped(at).or(plain[at]))
                .collect();
            variants.push(Variant { about, ids });
        };
        let in_path: Vec<usize> = (0..self.slots.len())
            .filter(|at| matches!(self.slots[*at].place, Place::Path(_)))
            .collect();
        for (at, slot) in self.slots.iter().enumerate() {
            if let Place::Filter(name) = &slot.place {
                swap(format!("`?{name}=`"), &|i| (i == at).then_some(Of::Home));
            }
            if !slot.is_open() {
                swap(slot.about(), &|i| (i == at).then_some(Of::Away));
            }
        }
        if let [parent, _, ..] = in_path.as_slice() {
            swap("all of the path of another team".to_owned(), &|i| {
                in_path.contains(&i).then_some(Of::Away)
            });
            let thing = &self.slots[*parent].thing;
            swap(format!("under another {thing}"), &|i| {
                (i == *parent).then_some(Of::Sibling)
            });
        }
        variants
    }
}

impl Slot {
    fn plain(&self) -> Option<Of> {
        match self.place {
            Place::Filter(_) => None,
            _ if self.sibling => Some(Of::Sibling),
            _ => Some(Of::Home),
        }
    }

    /// Whether it is for everybody to give.
    pub(super) fn is_open(&self) -> bool {
        self.thing.starts_with(NOMAD)
    }

    pub(super) fn is_personal(&self) -> bool {
        PERSONAL.contains(&&*self.thing)
    }

    /// What is different once its id is swapped.
    fn about(&self) -> String {
        let name = match &self.place {
            Place::Path(name) => format!("`{{{name}}}`"),
            Place::Query(name) | Place::Filter(name) => format!("`?{name}=`"),
            Place::Body(at) => format!("`{}`", at[1..].replace('/', ".")),
        };
        let whose = if self.is_personal() {
            "of somebody else"
        } else {
            "of another team"
        };
        format!("{name} {whose}")
    }
}
