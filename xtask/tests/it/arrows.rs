//! Who may know whom. A crate that knows too much is the first step to one that cannot be tested,
//! replaced or understood alone; ARCHITECTURE.md has the picture.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::repo::{demand, packages};

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
        &["event-log", "store", "sinks", "millstream"],
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
            broken.push(format!("{name} has no line in ARROWS (xtask/tests/it/arrows.rs): say whom it may know and why"));
        }
        for other in known {
            let fine = allowed.map_or(other != "xtask", |(_, may, _)| {
                may.contains(&other.as_str())
            });
            if !fine {
                let why = allowed.map_or("nothing depends on xtask", |(_, _, why)| *why);
                broken.push(format!("{name} must not depend on {other} ({why})"));
            }
        }
    }
    demand(
        &broken,
        "Move the code to the crate that may know both, or pass a value or a trait in; ARCHITECTURE.md, \"Code map\".",
    );
}

#[test]
fn dev_dependencies_close_no_circle() {
    let normal = dependencies(|kind| kind != Some("dev"));
    let mut broken = Vec::new();
    for (name, known) in dependencies(|kind| kind == Some("dev")) {
        for other in known {
            let told = AGAINST_THE_ARROWS
                .iter()
                .any(|(from, to, _)| *from == name && *to == other);
            if reaches(&normal, &other, &name) && !told {
                broken.push(format!(
                    "{name} has the dev-dependency {other}, which depends on {name}"
                ));
            }
        }
    }
    demand(
        &broken,
        "Such a crate is compiled twice, as two different crates. Move the test to the crate that may know both.",
    );
}

#[test]
fn foreign_crates_stay_in_their_rooms() {
    let mut broken = Vec::new();
    for package in packages() {
        let name = short(package["name"].as_str().unwrap());
        for (foreign, rooms, why) in ROOMS {
            let used = names(&package, |kind| kind != Some("dev")).any(|it| it == *foreign);
            if used && !rooms.contains(&name) {
                broken.push(format!("{name} must not depend on {foreign} ({why})"));
            }
        }
    }
    demand(
        &broken,
        "Use what the crate that owns it offers, or add to that.",
    );
}

/// Of each crate of ours, by short name, which of ours it depends on.
fn dependencies(kind: impl Fn(Option<&str>) -> bool) -> BTreeMap<String, BTreeSet<String>> {
    let packages = packages();
    let ours: BTreeSet<_> = packages
        .iter()
        .map(|package| package["name"].as_str().unwrap())
        .collect();
    let known = |package: &Value| {
        names(package, &kind)
            .filter(|it| ours.contains(it.as_str()))
            .map(|it| short(&it).to_owned())
            .collect()
    };
    packages
        .iter()
        .map(|package| {
            (
                short(package["name"].as_str().unwrap()).to_owned(),
                known(package),
            )
        })
        .collect()
}

fn names(package: &Value, kind: impl Fn(Option<&str>) -> bool) -> impl Iterator<Item = String> {
    let all = package["dependencies"].as_array().unwrap();
    let names: Vec<_> = all
        .iter()
        .filter(|it| kind(it["kind"].as_str()))
        .map(|it| it["name"].as_str().unwrap().to_owned())
        .collect();
    names.into_iter()
}

fn short(name: &str) -> &str {
    name.strip_prefix("millstream-").unwrap_or(name)
}

fn reaches(arrows: &BTreeMap<String, BTreeSet<String>>, from: &str, to: &str) -> bool {
    from == to
        || arrows
            .get(from)
            .is_some_and(|known| known.iter().any(|next| reaches(arrows, next, to)))
}
