//! Rules for the names of files: the same kind of thing is named the same way everywhere, so that
//! it can be found without searching, and tests that go through a folder find all of it.

use crate::repo::{demand, files};
use std::collections::BTreeMap;

/// A part of the repository and how its files, relative to it, are named.
struct Rule {
    part: &'static str,
    fits: fn(&str) -> bool,
    form: &'static str,
}

const RULES: &[Rule] = &[
    Rule {
        part: "migrations/",
        fits: |name| name == "README.md" || is_migration(name),
        form: "`<14 digits>_<verb>_<table>.sql`: start it with `cargo xtask migration <name>`",
    },
    Rule {
        part: "docs/decisions/",
        fits: |name| name == "README.md" || is_decision(name),
        form: "`<4 digits>-<what-was-decided>.md`",
    },
    Rule {
        part: "docs/",
        fits: |name| name.contains('/') || name.strip_suffix(".md").is_none_or(is_upper),
        form: "`UPPER_CASE.md`; anything else in a folder of its own",
    },
    Rule {
        part: "event-log/test-data/",
        fits: is_wire_form,
        form: "`<noun>/v<number>.json`, a file for every form ever written",
    },
    Rule {
        part: "pipelines/tests/golden/",
        fits: is_golden,
        form: "`<dataflow>/<story>/expected.jsonl`; the stories are in pipelines/tests/it/stories.rs",
    },
    Rule {
        part: "analytics-engine/tests/reports/",
        fits: |name| name.strip_suffix(".slt").is_some_and(is_snake),
        form: "`<report>.slt`",
    },
    Rule {
        part: "templates/",
        fits: |name| !name.chars().any(|c| c.is_ascii_uppercase()),
        form: "lower case",
    },
];

#[test]
fn files_are_named_by_the_rule_of_their_place() {
    let mut broken = Vec::new();
    for file in files() {
        let named = RULES
            .iter()
            .filter_map(|rule| Some((rule, file.strip_prefix(rule.part)?)));
        let wrong = named.filter(|(rule, name)| !(rule.fits)(name));
        broken.extend(wrong.map(|(rule, _)| format!("{file}: {}", rule.form)));
    }
    demand(&broken, "Rename:");
}

#[test]
fn rust_files_are_in_snake_case() {
    let is_wrong = |file: &String| {
        file.strip_suffix(".rs")
            .is_some_and(|path| !is_snake(path.rsplit('/').next().unwrap()))
    };
    let broken: Vec<_> = files().into_iter().filter(is_wrong).collect();
    demand(&broken, "Name the file after its module, in snake_case:");
}

#[test]
fn names_work_everywhere() {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-/".contains(c);
    let broken: Vec<_> = files()
        .into_iter()
        .filter(|file| !file.chars().all(plain))
        .collect();
    demand(
        &broken,
        "Use ASCII letters, digits, `.`, `_` and `-` only: no shell or archive trips over those.",
    );
}

#[test]
fn numbers_are_used_once() {
    let mut seen: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for file in files() {
        let numbered = ["docs/decisions/", "migrations/"]
            .iter()
            .any(|it| file.starts_with(it));
        if let Some((number, _)) = file.split_once(['-', '_']).filter(|_| numbered) {
            seen.entry(number.to_owned()).or_default().push(file);
        }
    }
    let twice = seen
        .into_values()
        .filter(|files| files.len() > 1)
        .map(|files| files.join(" and "));
    demand(
        &twice.collect::<Vec<_>>(),
        "Give the younger one the next free number:",
    );
}

fn is_migration(name: &str) -> bool {
    let parts = name
        .strip_suffix(".sql")
        .and_then(|stem| stem.split_once('_'));
    parts.is_some_and(|(version, words)| {
        is_number(version, 14) && is_snake(words) && words.contains('_')
    })
}

fn is_decision(name: &str) -> bool {
    let parts = name
        .strip_suffix(".md")
        .and_then(|stem| stem.split_once('-'));
    parts.is_some_and(|(number, words)| is_number(number, 4) && is_snake(&words.replace('-', "_")))
}

fn is_wire_form(name: &str) -> bool {
    let version = |file: &str| {
        let digits = file
            .strip_prefix('v')
            .and_then(|rest| rest.strip_suffix(".json"));
        digits.is_some_and(|digits| digits.parse::<u32>().is_ok())
    };
    name.split_once('/')
        .is_some_and(|(noun, file)| is_snake(noun) && version(file))
}

fn is_golden(name: &str) -> bool {
    let parts: Vec<_> = name.split('/').collect();
    match parts[..] {
        [dataflow, story, "expected.jsonl"] => is_snake(dataflow) && is_snake(story),
        _ => false,
    }
}

fn is_snake(name: &str) -> bool {
    let lower = name
        .chars()
        .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    lower && name.starts_with(|c: char| c.is_ascii_lowercase())
}

fn is_upper(name: &str) -> bool {
    name.chars()
        .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
}

fn is_number(text: &str, digits: usize) -> bool {
    text.len() == digits && text.chars().all(|c| c.is_ascii_digit())
}
