//! Who may know whom. A crate that knows too much is the first step to one that cannot be tested,
//! replaced or understood alone; ARCHITECTURE.md has the picture.

use crate::repo::{demand, packages};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// A crate, the crates of ours that it may depend on, and why no others.
const ARROWS: &[(&str, &[&str], &str)] = &[
    (
        "domain",
        &[],
        "pure: ids, types and the policy mean the same wherever they are used",
    ),
    (
        "event-log",
        &["domain"],
        "what happened is told without knowing who stores or reads it",
    ),
    (
        "store",
        &["event-log", "domain"],
        "state and its event are one write; views are just tables here",
    ),
    (
        "pipelines",
        &["event-log", "domain"],
        "no I/O, so that replay equals live: sinks bring the effects",
    ),
    (
        "search",
        &["domain"],
        "an index that is given documents and asked queries",
    ),
    (
        "analytics-engine",
        &["domain"],
        "a lake that is given records and asked questions",
    ),
    (
        "sinks",
        &[
            "pipelines",
            "store",
            "search",
            "analytics-engine",
            "event-log",
            "domain",
        ],
        "every effect of a pipeline, and nothing that answers people",
    ),
    (
        "ingest-api",
        &["store", "search", "analytics-engine", "event-log", "domain"],
        "writes state and reads views; it may run where no pipeline does",
    ),
    (
        "bench",
        &[
            "sinks",
            "pipelines",
            "store",
            "analytics-engine",
            "event-log",
            "domain",
        ],
        "measures the parts one by one, built as the product is; nothing depends on it",
    ),
    (
        "browser",
        &[],
        "uses the product as people do, from outside",
    ),
    (
        "xtask",
        &[],
        "compiles in seconds, also when nothing else compiles",
    ),
];

/// Dev-dependencies that turn against an arrow, and why they are all right.
const AGAINST_THE_ARROWS: &[(&str, &str, &str)] = &[(
    "event-log",
    "store",
    "only its integration tests: a database with all migrations, per test",
)];

/// Foreign crates that only some of ours may use, and why.
const ROOMS: &[(&str, &[&str], &str)] = &[
    (
        "sqlx",
        &["event-log", "store", "sinks", "millstream", "bench"],
        "SQL stands in store, the log's own in event-log",
    ),
    (
        "timely",
        &["pipelines"],
        "the engine below the pipelines is nobody else's business",
    ),
    (
        "tantivy",
        &["search"],
        "the index is reached through search",
    ),
    (
        "axum",
        &["ingest-api", "millstream"],
        "HTTP is ingest-api's",
    ),
];

/// The binary: wiring, so it may know all of ours but xtask.
const BINARY: &str = "millstream";

#[test]
fn the_crates_know_only_whom_they_may_know() {
    let mut broken = Vec::new();
    for (name, known) in dependencies(|kind| kind != Some("dev")) {
        let allowed = ARROWS.iter().find(|(own, ..)| *own == name);
        if allowed.is_none() && name != BINARY {
            broken.push(format!(
                "{name} has no line in ARROWS: say whom it may know, and why"
            ));
        }
        let (may, why) =
            allowed.map_or((None, "xtask is a tool"), |(_, may, why)| (Some(may), why));
        let wrong = known.iter().filter(|other| match may {
            Some(may) => !may.contains(&other.as_str()),
            None => *other == "xtask",
        });
        broken.extend(wrong.map(|other| format!("{name} must not depend on {other} ({why})")));
    }
    demand(
        &broken,
        "Move the code to the crate that may know both, or hand in a value or a trait. The arrows \
         are in ARCHITECTURE.md and in xtask/tests/it/arrows.rs.",
    );
}

#[test]
fn dev_dependencies_close_no_circle() {
    let normal = dependencies(|kind| kind != Some("dev"));
    let mut circles = Vec::new();
    for (name, known) in dependencies(|kind| kind == Some("dev")) {
        let back = known
            .into_iter()
            .filter(|other| reaches(&normal, other, &name));
        circles.extend(back.map(|other| (name.clone(), other)));
    }
    let told = |(from, to): &(String, String)| {
        AGAINST_THE_ARROWS
            .iter()
            .any(|(f, t, _)| f == from && t == to)
    };
    let untold = circles.iter().filter(|circle| !told(circle));
    let untold =
        untold.map(|(from, to)| format!("{from} tests with {to}, which depends on {from}"));
    demand(
        &untold.collect::<Vec<_>>(),
        "Such a crate is compiled twice, as two different crates. Move the test to the crate \
         that may know both.",
    );
    let gone = AGAINST_THE_ARROWS
        .iter()
        .filter(|(from, to, _)| !circles.iter().any(|(f, t)| f == from && t == to));
    let gone = gone.map(|(from, to, _)| format!("{from} to {to}"));
    demand(
        &gone.collect::<Vec<_>>(),
        "No longer needed; remove it from AGAINST_THE_ARROWS:",
    );
}

#[test]
fn foreign_crates_stay_in_their_rooms() {
    let mut broken = Vec::new();
    for package in packages() {
        let name = name_of(&package);
        let used = dependencies_of(&package, |kind| kind != Some("dev"));
        let wrong = ROOMS.iter().filter(|(foreign, rooms, _)| {
            used.contains(*foreign) && !rooms.contains(&name.as_str())
        });
        broken.extend(wrong.map(|(it, _, why)| format!("{name} must not depend on {it} ({why})")));
    }
    demand(
        &broken,
        "Use what the crate that owns it offers, or add to that.",
    );
}

/// Of each crate of ours, by short name, which of ours it depends on.
fn dependencies(kind: impl Fn(Option<&str>) -> bool) -> BTreeMap<String, BTreeSet<String>> {
    let packages = packages();
    let ours: BTreeSet<_> = packages.iter().map(name_of).collect();
    let of = |package: &Value| {
        let all = dependencies_of(package, &kind).into_iter();
        all.filter(|name| ours.contains(name)).collect()
    };
    packages
        .iter()
        .map(|package| (name_of(package), of(package)))
        .collect()
}

/// All that a package depends on, ours by short name.
fn dependencies_of(package: &Value, kind: impl Fn(Option<&str>) -> bool) -> BTreeSet<String> {
    let all = package["dependencies"].as_array().unwrap();
    all.iter()
        .filter(|it| kind(it["kind"].as_str()))
        .map(name_of)
        .collect()
}

/// Ours are called by their folders here.
fn name_of(package: &Value) -> String {
    let name = package["name"].as_str().unwrap();
    name.strip_prefix("millstream-").unwrap_or(name).to_owned()
}

fn reaches(arrows: &BTreeMap<String, BTreeSet<String>>, from: &str, to: &str) -> bool {
    let next = arrows.get(from).into_iter().flatten();
    from == to || next.into_iter().any(|next| reaches(arrows, next, to))
}
