//! What can be wrong with an audit, and the sentence that says so.

use std::fmt;

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

impl Finding {
    /// Takes another in, if it is the continuation of this one.
    pub(super) fn goes_on_with(&mut self, other: &Self) -> bool {
        match (self, other) {
            (Self::Missing { last: end, .. }, Self::Missing { first, last })
            | (Self::NoEntry { last: end, .. }, Self::NoEntry { first, last })
                if *first == *end + 1 =>
            {
                *end = *last;
                true
            }
            _ => false,
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
