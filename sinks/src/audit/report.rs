//! What a verification found, and how it is told to people.

use super::finding::Finding;
use std::fmt;
use std::mem::discriminant;

/// Findings of one kind that are listed one by one: of a thousand edited entries nobody reads more, and the rest is
/// counted. Per kind, so that no number of edited entries hides the checkpoint.
pub const LISTED_MAX: usize = 10;

/// How the youngest entries were compared with the event log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Compared {
    /// The first entry that was to be compared: the size of the last checkpoint that holds.
    pub from: u64,
    /// How many were.
    pub entries: u64,
    /// Where the log begins, when it no longer reaches back to `from`.
    pub log_begins: Option<u64>,
}

/// What a verification found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// How many entries there are.
    pub entries: u64,
    /// How many checkpoints there are.
    pub checkpoints: u64,
    /// How many of them hold.
    pub holding: u64,
    /// The size of the last checkpoint that can be read.
    pub last_checkpoint: Option<u64>,
    /// The comparison with the log.
    pub compared: Compared,
    /// What is wrong, at most [`LISTED_MAX`] of a kind, in the order in which it was found: by index, then the log.
    pub findings: Vec<Finding>,
    /// How many findings more there are.
    pub unlisted: u64,
}

impl Report {
    /// Whether everything is as it was written.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.findings.is_empty()
    }

    /// The first bad entry.
    #[must_use]
    pub fn first_bad_entry(&self) -> Option<u64> {
        self.findings.iter().filter_map(Finding::index).min()
    }

    /// The size of the first checkpoint that no longer holds.
    #[must_use]
    pub fn first_bad_checkpoint(&self) -> Option<u64> {
        let size = |finding: &Finding| match finding {
            Finding::Checkpoint { size, .. } | Finding::Shorter { size, .. } => Some(*size),
            _ => None,
        };
        self.findings.iter().filter_map(size).min()
    }

    pub(super) fn add(&mut self, finding: Finding) {
        if self
            .findings
            .last_mut()
            .is_some_and(|last| last.goes_on_with(&finding))
        {
            return;
        }
        let kind = discriminant(&finding);
        if self
            .findings
            .iter()
            .filter(|known| discriminant(*known) == kind)
            .count()
            < LISTED_MAX
        {
            self.findings.push(finding);
        } else {
            self.unlisted += 1;
        }
    }

    fn summary(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "The audit has {}.",
            count(self.entries, "entry", "entries")
        )?;
        match self.last_checkpoint {
            None => writeln!(
                f,
                "There is no checkpoint; only the event log speaks for them."
            )?,
            Some(size) => {
                let (holding, all) = (
                    self.holding,
                    count(self.checkpoints, "checkpoint", "checkpoints"),
                );
                let size = count(size, "entry", "entries");
                writeln!(
                    f,
                    "{holding} of {all} hold; the last one was signed over {size}."
                )?;
            }
        }
        let Compared {
            from,
            entries,
            log_begins,
        } = &self.compared;
        if self.entries > *from {
            let young = count(*entries, "entry was", "entries were");
            writeln!(
                f,
                "No checkpoint that holds covers entry {from} and younger ones: {young} compared with the event log."
            )?;
        }
        match log_begins {
            Some(seq) => writeln!(
                f,
                "The event log begins at record {seq}; what is older was not compared."
            ),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.summary(f)?;
        for finding in &self.findings {
            writeln!(f, "{finding}")?;
        }
        if self.unlisted > 0 {
            writeln!(
                f,
                "And {} more.",
                count(self.unlisted, "finding", "findings")
            )?;
        }
        match (self.first_bad_entry(), self.first_bad_checkpoint()) {
            _ if self.holds() => f.write_str("Nothing was changed."),
            (Some(index), _) => write!(f, "NOT AS IT WAS WRITTEN: the first bad entry is {index}."),
            (None, Some(size)) => write!(
                f,
                "NOT AS IT WAS WRITTEN: the first checkpoint that no longer holds is that of size {size}."
            ),
            (None, None) => f.write_str("NOT AS IT WAS WRITTEN."),
        }
    }
}

fn count(n: u64, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}
