//! Steps of a check: run one after the other, also after a failure, with a summary that says of
//! each what came of it.

use crate::repo::Repo;
use anyhow::Result;
use std::fmt;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// One step.
pub(crate) struct Step {
    pub(crate) name: &'static str,
    /// An error counts as [`Outcome::Failed`] with its text.
    pub(crate) run: fn(&Repo) -> Result<Outcome>,
}

/// What came of a step; the text goes into the summary.
pub(crate) enum Outcome {
    Ok(String),
    Failed(String),
    /// Not run, and why: for what the machine lacks.
    LeftOut(String),
}

impl Outcome {
    fn word(&self) -> &'static str {
        match self {
            Self::Ok(_) => "ok",
            Self::Failed(_) => "failed",
            Self::LeftOut(_) => "left out",
        }
    }

    fn note(&self) -> &str {
        match self {
            Self::Ok(note) | Self::Failed(note) | Self::LeftOut(note) => note,
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.word(), self.note())
    }
}

/// The steps' outcomes, in order.
pub(crate) struct Summary(Vec<(&'static str, Outcome, Duration)>);

/// Runs every step.
pub(crate) fn run(repo: &Repo, steps: &[Step]) -> Summary {
    let done = steps.iter().map(|step| {
        eprintln!("\n== {}", step.name);
        let start = Instant::now();
        let outcome = (step.run)(repo).unwrap_or_else(|error| {
            eprintln!("error: {error:#}");
            Outcome::Failed(first_line(&format!("{error:#}")))
        });
        (step.name, outcome, start.elapsed())
    });
    Summary(done.collect())
}

impl Summary {
    /// A table for people.
    pub(crate) fn print(&self) {
        println!("\nsummary");
        for (name, outcome, took) in &self.0 {
            let took = format!("{:.1} s", took.as_secs_f32());
            let line = format!(
                "  {name:<18} {:<9} {took:>9}  {}",
                outcome.word(),
                outcome.note()
            );
            println!("{}", line.trim_end());
        }
    }

    /// Failure if any step failed. What was left out is told, and fails nothing.
    pub(crate) fn exit_code(&self) -> ExitCode {
        let failed = self
            .0
            .iter()
            .any(|(_, outcome, _)| matches!(outcome, Outcome::Failed(_)));
        if failed {
            ExitCode::FAILURE
        } else {
            ExitCode::SUCCESS
        }
    }

    /// The note of the step with this name.
    pub(crate) fn note(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(step, ..)| *step == name)
            .map(|(_, outcome, _)| outcome.note())
    }
}

fn first_line(text: &str) -> String {
    text.lines()
        .next()
        .unwrap_or_default()
        .trim_end_matches(':')
        .to_owned()
}
