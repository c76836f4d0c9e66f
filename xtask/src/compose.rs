//! What can be known of `compose/` where no container engine runs: the compose file follows the specification and names
//! nothing that there is not, the Dockerfile is free of known mistakes, and dashboard and rules ask for metrics that
//! Millstream has. The tools come from `PyPI`.

use crate::process;
use crate::python::{Python, Tool};
use crate::repo::Repo;
use crate::steps::Outcome;
use anyhow::{Context, Result};
use std::collections::BTreeSet;
use std::fs;

const TOOL: Tool = Tool {
    name: "compose",
    requirements: include_str!("compose/requirements.txt"),
    options: &[],
};

/// The script, which has the YAML parser that we lack.
const CHECK: &str = "xtask/src/compose/check.py";
/// Where metrics are asked for.
const ASKING: [&str; 2] = [
    "compose/grafana/dashboards/millstream.json",
    "compose/prometheus/rules.yml",
];
/// Where they are told.
const TOLD: &str = "docs/METRICS.md";
/// How the names of our metrics begin.
const PREFIXES: [&str; 2] = ["millstream_", "http_request"];
/// What Prometheus adds to the name of a histogram.
const SUFFIXES: [&str; 3] = ["_bucket", "_count", "_sum"];

/// Checks all of it.
pub(crate) fn check(repo: &Repo) -> Result<Outcome> {
    let unknown = unknown_metrics(repo)?;
    for line in &unknown {
        eprintln!("{line}");
    }
    if !unknown.is_empty() {
        return Ok(Outcome::Failed(format!(
            "{} names of metrics that {TOLD} does not know",
            unknown.len()
        )));
    }
    let python = match Python::find_or_install(&TOOL) {
        Ok(python) => python,
        Err(error) => return Ok(Outcome::LeftOut(format!("{error:#}"))),
    };
    let mut compose = python.command("python");
    compose.arg(repo.path(CHECK)).arg(repo.path("compose"));
    let mut dockerfile = python.command("hadolint");
    dockerfile.arg(repo.path("compose/Dockerfile"));
    let good = process::passes(&mut compose)? & process::passes(&mut dockerfile)?;
    Ok(if good {
        Outcome::Ok("by specification and lint; no container was started".into())
    } else {
        Outcome::Failed("what is wrong with compose/ is told above".into())
    })
}

/// Metrics that are asked for and that nobody tells, a line each.
fn unknown_metrics(repo: &Repo) -> Result<Vec<String>> {
    let read = |path: &str| {
        fs::read_to_string(repo.path(path)).with_context(|| format!("cannot read {path}"))
    };
    let told = read(TOLD)?;
    let mut unknown = Vec::new();
    for path in ASKING {
        let text = read(path)?;
        let missing = missing(&text, &told);
        unknown.extend(missing.into_iter().map(|name| format!("{path}: {name}")));
    }
    Ok(unknown)
}

/// The metrics in a text that are not among those that are told.
fn missing(asking: &str, told: &str) -> BTreeSet<String> {
    let told: BTreeSet<_> = metrics(told).collect();
    let plain = |name: &str| {
        let bare = SUFFIXES.iter().find_map(|suffix| name.strip_suffix(suffix));
        bare.unwrap_or(name).to_owned()
    };
    metrics(asking)
        .filter(|name| !told.contains(name) && !told.contains(&*plain(name)))
        .map(str::to_owned)
        .collect()
}

/// The words that are names of metrics.
fn metrics(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
        .filter(|word| PREFIXES.iter().any(|prefix| word.starts_with(prefix)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_metric_that_nobody_tells_is_named() {
        let told = "| `millstream_lag_ms` | gauge | | `http_request_duration_seconds` |";
        let asking = "sum(millstream_lag_ms) rate(http_request_duration_seconds_bucket[5m]) \
                      millstream_lagg_ms millstream-keys up";
        let missing: Vec<_> = missing(asking, told).into_iter().collect();
        assert_eq!(missing.concat(), ["millstream_", "lagg_ms"].concat());
    }
}
