//! What a verification found, and how it is told to people.

use std::fmt;
use std::mem::discriminant;

/// Something that is not as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// The fields of an entry do not give its hash any more.
    Edited {
        /// The entry.
        index: u64,
        /// The record that it tells of.
        seq: i64,
        /// The fields that the log has differently, where it could be asked.
        fields: Vec<&'static str>,
    },
    /// Entries are not there.
    Missing {
        /// The first of them.
        first: u64,
        /// The last of them.
        last: u64,
    },
    /// There are two entries at one place.
    Duplicate {
        /// The place.
        index: u64,
    },
    /// There is an entry at a place that there is not.
    NoPlace {
        /// The place.
        index: i64,
    },
    /// An entry tells of a record that comes before that of the entry before it.
    OutOfOrder {
        /// The entry.
        index: u64,
        /// Its record.
        seq: i64,
        /// The record of the entry before.
        before: i64,
    },
    /// An entry says that it was written in a form that this program does not know.
    UnknownForm {
        /// The entry.
        index: u64,
        /// The form.
        form: i16,
    },
    /// The part of the tree that an entry holds does not follow from the hashes before it.
    Tree {
        /// The entry.
        index: u64,
    },
    /// An entry differs from what the log says of its record.
    DiffersFromLog {
        /// The entry.
        index: u64,
        /// The record.
        seq: i64,
        /// In these fields.
        fields: Vec<&'static str>,
    },
    /// An entry tells of a record that the log does not have.
    NotInLog {
        /// The entry.
        index: u64,
        /// The record.
        seq: i64,
    },
    /// Records of the log that the pipeline has passed have no entry.
    NoEntry {
        /// The first of them.
        first: u64,
        /// The last of them.
        last: u64,
    },
    /// The hash of the entries is not the one that was signed.
    Checkpoint {
        /// The checkpoint's size.
        size: u64,
        /// The size of the last one before it that holds, 0 if none does.
        held: u64,
    },
    /// There are fewer entries than when a checkpoint was signed.
    Shorter {
        /// The checkpoint's size.
        size: u64,
        /// How many there are.
        entries: u64,
    },
    /// A checkpoint is not one of ours.
    BadCheckpoint {
        /// Which.
        name: String,
        /// Why.
        reason: String,
    },
}

impl Finding {
    /// The entry that it names, where it names one.
    #[must_use]
    pub fn index(&self) -> Option<u64> {
        match *self {
            Self::Edited { index, .. }
            | Self::Missing { first: index, .. }
            | Self::Duplicate { index }
            | Self::OutOfOrder { index, .. }
            | Self::UnknownForm { index, .. }
            | Self::Tree { index }
            | Self::DiffersFromLog { index, .. }
            | Self::NotInLog { index, .. } => Some(index),
            Self::NoPlace { .. }
            | Self::NoEntry { .. }
            | Self::Checkpoint { .. }
            | Self::Shorter { .. }
            | Self::BadCheckpoint { .. } => None,
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Edited { index, seq, fields } => {
                write!(
                    f,
                    "Entry {index} (record {seq}) was edited: its fields do not give its hash any more."
                )?;
                if fields.is_empty() {
                    Ok(())
                } else {
                    write!(f, " The event log differs in {}.", fields.join(", "))
                }
            }
            Self::Missing { first, last } if first == last => {
                write!(f, "Entry {first} is missing.")
            }
            Self::Missing { first, last } => write!(f, "Entries {first} to {last} are missing."),
            Self::Duplicate { index } => write!(f, "There is more than one entry {index}."),
            Self::NoPlace { index } => {
                write!(
                    f,
                    "There is an entry at the place {index}, where none can be."
                )
            }
            Self::OutOfOrder { index, seq, before } => write!(
                f,
                "Entry {index} is out of order: it tells of record {seq}, the entry before it of record {before}."
            ),
            Self::UnknownForm { index, form } => write!(
                f,
                "Entry {index} says that it was written in form {form}, which this version does not know."
            ),
            Self::Tree { index } => write!(
                f,
                "Entry {index} holds a part of the tree that does not follow from the hashes up to it: a hash was changed."
            ),
            Self::DiffersFromLog { index, seq, fields } => write!(
                f,
                "Entry {index} differs from record {seq} of the event log in {}.",
                fields.join(", ")
            ),
            Self::NotInLog { index, seq } => {
                write!(
                    f,
                    "Entry {index} tells of record {seq}, which the event log does not have."
                )
            }
            Self::NoEntry { first, last } if first == last => {
                write!(f, "Record {first} of the event log has no entry.")
            }
            Self::NoEntry { first, last } => {
                write!(
                    f,
                    "Records {first} to {last} of the event log have no entry."
                )
            }
            Self::Checkpoint { size, held } => write!(
                f,
                "The checkpoint of {size} entries no longer holds: of the entries {held} to {}, some are not those that \
                 were signed.",
                size.saturating_sub(1)
            ),
            Self::Shorter { size, entries } => write!(
                f,
                "The checkpoint of {size} entries no longer holds: there are only {entries}. The end was cut off, or an \
                 older backup was restored."
            ),
            Self::BadCheckpoint { name, reason } => {
                write!(f, "Checkpoint \"{name}\" does not count: {reason}.")
            }
        }
    }
}

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
