//! The other side: pgbench, running scripts.

use crate::machine;
use crate::script::Script;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;
use tempfile::TempDir;

/// pgbench's own threads: as many as the machine has cores here, and no more.
const THREADS: usize = 2;

/// Scripts, ready to run.
pub(crate) struct Scripts {
    folder: TempDir,
    files: Vec<PathBuf>,
    variables: Vec<(String, String)>,
}

/// What came of a run.
pub(crate) struct Ran {
    pub(crate) per_second: f64,
    pub(crate) average_ms: f64,
    /// What pgbench itself has used of a processor.
    pub(crate) cpu_us: u64,
    pub(crate) transactions: u64,
}

impl Scripts {
    pub(crate) fn write(scripts: Vec<Script>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (mut files, mut variables) = (Vec::new(), Vec::new());
        for (n, script) in scripts.into_iter().enumerate() {
            let file = folder.path().join(format!("{n}.sql"));
            fs::write(&file, script.text).unwrap();
            files.push(file);
            variables.extend(script.variables);
        }
        Self {
            folder,
            files,
            variables,
        }
    }

    /// Runs them. `run` keeps the ids of one run apart from those of another.
    pub(crate) fn run(
        &self,
        program: &PathBuf,
        url: &str,
        connections: usize,
        time: Duration,
        run: u64,
    ) -> Ran {
        let mut command = Command::new(program);
        command
            .current_dir(self.folder.path())
            .args(["--no-vacuum", "--protocol", "prepared"])
            .args(["--client", &connections.to_string()])
            .args(["--jobs", &THREADS.min(connections).to_string()])
            // Whole seconds: what is shorter is counted as one.
            .args(["--time", &time.as_secs().max(1).to_string()])
            .args(["--random-seed", &run.to_string()])
            .args(["--define", &format!("made={}", run * 1_000_000)]);
        for file in &self.files {
            command.arg("--file").arg(file);
        }
        for (name, value) in &self.variables {
            command.args(["--define", &format!("{name}={value}")]);
        }
        let before = machine::ended_children_us(std::process::id());
        let output = command.arg(url).output();
        let output = output.unwrap_or_else(|error| panic!("{}: {error}", program.display()));
        let cpu_us = machine::ended_children_us(std::process::id()) - before;
        let mut said = String::from_utf8_lossy(&output.stdout).into_owned();
        if !output.status.success() {
            let _ = write!(said, "{}", String::from_utf8_lossy(&output.stderr));
            panic!("pgbench fails:\n{said}");
        }
        let number = |before: &str| -> f64 {
            let rest = said
                .split(before)
                .nth(1)
                .unwrap_or_else(|| panic!("{said}"));
            let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.');
            rest[..end.unwrap_or(rest.len())].parse().unwrap()
        };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a count"
        )]
        let transactions = number("number of transactions actually processed: ") as u64;
        Ran {
            per_second: number("tps = "),
            average_ms: number("latency average = "),
            cpu_us,
            transactions,
        }
    }
}
