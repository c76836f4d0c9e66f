//! What schemathesis found, as it says in its JSON report.

use anyhow::{Context, Result};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// The report of one role's run, as much of it as we read.
#[derive(Debug, Deserialize)]
pub(super) struct Report {
    /// Larger than what JSON's numbers are read into: as it stands there.
    seed: Option<Box<RawValue>>,
    running_time: f64,
    complete: bool,
    operations: Operations,
    test_cases: TestCases,
    failures: Vec<Failure>,
    errors: Vec<serde_json::Value>,
}

#[derive(Debug, Deserialize)]
struct Operations {
    tested: u64,
}

#[derive(Debug, Deserialize)]
struct TestCases {
    generated: u64,
}

/// One kind of failure, with the operations that have it.
#[derive(Debug, Deserialize)]
struct Failure {
    title: String,
    operations: Vec<String>,
}

impl Report {
    /// Reads the file.
    pub(super) fn read(file: &Path) -> Result<Self> {
        let text = fs::read_to_string(file)
            .with_context(|| format!("schemathesis wrote no \"{}\"", file.display()))?;
        serde_json::from_str(&text)
            .with_context(|| format!("\"{}\" is not the report that was expected", file.display()))
    }
}

/// The reports of all roles, in the order in which they ran.
#[derive(Debug, Default)]
pub(super) struct Findings {
    reports: Vec<(String, Report)>,
    /// What is no failure of a case: a server that died, a run that broke off.
    troubles: Vec<String>,
}

impl Findings {
    /// Takes in what came of a role.
    pub(super) fn add(&mut self, role: &str, report: Report) {
        if !report.complete {
            self.troubles.push(format!("{role}: the run broke off"));
        }
        for error in &report.errors {
            self.troubles.push(format!("{role}: {error}"));
        }
        self.reports.push((role.to_owned(), report));
    }

    /// Takes in something else that went wrong.
    pub(super) fn trouble(&mut self, role: &str, what: &str) {
        self.troubles.push(format!("{role}: {what}"));
    }

    /// Whether nothing is wrong.
    pub(super) fn is_clean(&self) -> bool {
        self.troubles.is_empty() && self.failures() == 0
    }

    fn failures(&self) -> usize {
        let failures = self.reports.iter().flat_map(|(_, report)| &report.failures);
        failures.map(|failure| failure.operations.len()).sum()
    }

    /// One line.
    pub(super) fn summary(&self) -> String {
        let cases: u64 = self
            .reports
            .iter()
            .map(|(_, r)| r.test_cases.generated)
            .sum();
        let roles: Vec<_> = self.reports.iter().map(|(role, _)| role.as_str()).collect();
        let troubles = match self.troubles.len() {
            0 => String::new(),
            count => format!(", {count} troubles"),
        };
        format!(
            "{cases} cases as {}: {} failures{troubles}",
            roles.join(", "),
            self.failures()
        )
    }

    /// A table of the roles, and the failures by check and operation.
    pub(super) fn print(&self) {
        println!(
            "\n{:<10} {:>10} {:>8} {:>9} {:>7}  seed",
            "role", "operations", "cases", "failures", "seconds"
        );
        for (role, report) in &self.reports {
            let failures: usize = report.failures.iter().map(|f| f.operations.len()).sum();
            let seed = report.seed.as_deref().map_or("", RawValue::get);
            println!(
                "{role:<10} {:>10} {:>8} {failures:>9} {:>7.0}  {seed}",
                report.operations.tested, report.test_cases.generated, report.running_time
            );
        }
        for (check, operations) in self.by_check() {
            println!("\n{check}");
            for (operation, roles) in operations {
                println!("  {operation} ({})", roles.join(", "));
            }
        }
        for trouble in &self.troubles {
            println!("\n{trouble}");
        }
    }

    fn by_check(&self) -> BTreeMap<&str, BTreeMap<&str, Vec<&str>>> {
        let mut checks: BTreeMap<&str, BTreeMap<&str, Vec<&str>>> = BTreeMap::new();
        for (role, report) in &self.reports {
            for failure in &report.failures {
                let operations = checks.entry(&failure.title).or_default();
                for operation in &failure.operations {
                    operations.entry(operation).or_default().push(role);
                }
            }
        }
        checks
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn report(failures: &serde_json::Value, complete: bool) -> Report {
        let text = json!({
            "seed": 7, "running_time": 1.5, "complete": complete, "operations": {"tested": 3},
            "test_cases": {"generated": 40}, "failures": failures, "errors": [],
        });
        serde_json::from_str(&text.to_string()).unwrap()
    }

    #[test]
    fn a_seed_may_be_larger_than_any_number() {
        let text = r#"{"seed": 96290807090892189567721260151099313662, "running_time": 1.5, "complete": true,
            "operations": {"tested": 3}, "test_cases": {"generated": 40}, "failures": [], "errors": []}"#;
        let report: Report = serde_json::from_str(text).unwrap();
        let seed = report.seed.unwrap();
        assert_eq!(seed.get(), "96290807090892189567721260151099313662");
    }

    #[test]
    fn failures_are_counted_over_roles_and_named_once() {
        let failures = json!([{"title": "Server error", "operations": ["GET /a", "GET /b"]}]);
        let mut findings = Findings::default();
        findings.add("viewer", report(&failures, true));
        findings.add("admin", report(&failures, true));
        assert_eq!(findings.summary(), "80 cases as viewer, admin: 4 failures");
        let of_a = &findings.by_check()["Server error"]["GET /a"];
        assert_eq!(*of_a, ["viewer", "admin"]);
        assert!(!findings.is_clean());
    }

    #[test]
    fn a_run_that_broke_off_is_not_clean() {
        let mut findings = Findings::default();
        findings.add("viewer", report(&json!([]), true));
        assert!(findings.is_clean());
        findings.add("admin", report(&json!([]), false));
        assert!(!findings.is_clean());
    }
}
