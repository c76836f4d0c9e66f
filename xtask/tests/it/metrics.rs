//! Every metric stands in docs/METRICS.md, and nothing stands there that is not measured.

use crate::repo::{demand, files_with, text};
use std::collections::BTreeSet;

const DOCUMENT: &str = "docs/METRICS.md";

/// What the names of metrics begin with: ours, and those that every HTTP server has.
const BEGINNINGS: [&str; 2] = ["millstream_", "http_"];

#[test]
fn every_metric_is_in_its_document() {
    let measured: BTreeSet<_> = files_with("rs")
        .into_iter()
        .filter(|file| file.contains("src/"))
        .flat_map(|file| names(&text(&file).unwrap()))
        .collect();
    let table = text(DOCUMENT).unwrap();
    let told: BTreeSet<_> = table
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next())
        .map(str::to_owned)
        .collect();
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
