//! Every metric stands in docs/METRICS.md, once, and nothing stands there that is not measured; the same of alerts.

use crate::repo::{demand, files_with, text};
use std::collections::BTreeSet;

const DOCUMENT: &str = "docs/METRICS.md";
const RULES: &str = "compose/prometheus/rules.yml";

/// What the names of metrics begin with: ours, and those that every HTTP server has.
const BEGINNINGS: [&str; 2] = ["millstream_", "http_"];

#[test]
fn every_metric_is_in_its_document() {
    let measured: BTreeSet<_> = files_with("rs")
        .into_iter()
        .filter(|file| file.contains("src/"))
        .flat_map(|file| names(&text(&file).unwrap()))
        .collect();
    let rows = rows();
    let mut told = BTreeSet::new();
    let twice: Vec<_> = rows
        .into_iter()
        .filter(|name| !told.insert(name.clone()))
        .collect();
    demand(&twice, &format!("These stand in {DOCUMENT} twice:"));
    let untold: Vec<_> = measured.difference(&told).cloned().collect();
    demand(
        &untold,
        &format!("Say in {DOCUMENT} what these metrics mean:"),
    );
    let gone: Vec<_> = told.difference(&measured).cloned().collect();
    demand(
        &gone,
        &format!("Nothing measures these any more; take them out of {DOCUMENT}:"),
    );
}

#[test]
fn every_alert_is_in_the_document_and_the_other_way_round() {
    let document = text(DOCUMENT).unwrap();
    let told: BTreeSet<_> = document
        .split('`')
        .filter(|word| word.starts_with("Millstream"))
        .map(str::to_owned)
        .collect();
    let rules = text(RULES).unwrap();
    let alerts: BTreeSet<_> = rules
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- alert: "))
        .map(str::to_owned)
        .collect();
    assert!(!alerts.is_empty(), "{RULES} has rules");
    let apart: Vec<_> = told.symmetric_difference(&alerts).cloned().collect();
    demand(
        &apart,
        &format!("These alerts stand in only one of {DOCUMENT} and {RULES}:"),
    );
}

/// The names in the document's table, as they stand there.
fn rows() -> Vec<String> {
    let document = text(DOCUMENT).unwrap();
    let names = document
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    names.map(str::to_owned).collect()
}

/// The names of metrics that stand in a source text: whole literals of three words or more. (The names of cookies have two.)
fn names(source: &str) -> BTreeSet<String> {
    let literals = source.split('"');
    let names = literals.filter(|it| {
        let plain = it.chars().all(|c| c.is_ascii_lowercase() || c == '_');
        let ours = BEGINNINGS.iter().any(|beginning| it.starts_with(beginning));
        plain && ours && it.matches('_').count() >= 2
    });
    names.map(str::to_owned).collect()
}

#[test]
fn names_of_metrics_are_told_from_other_literals() {
    let source = "counter!(\"http_a_total\", 1); (\"millstream_b_ms\", |p| p.b); \"millstream_session\"; \"a_b_c\"";
    let found: Vec<_> = names(source).into_iter().collect();
    assert_eq!(found, ["http_a_total", "millstream_b_ms"]);
}
