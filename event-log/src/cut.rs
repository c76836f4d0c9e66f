//! Positions inside the log and the pieces in which it is read.

use crate::record::Record;
use serde::{Deserialize, Serialize};

/// The place of a record in the log: 1, 2, 3 … without gaps.
pub type Seq = u64;

/// A place in the log as Postgres keeps it, which has no unsigned integers; it is never negative.
pub(crate) fn to_seq(stored: i64) -> Seq {
    u64::try_from(stored).unwrap_or(0)
}

/// How far somebody has read: everything up to and including `seq`.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub struct Cut {
    /// The last record that is behind the cut; 0 before the first.
    pub seq: Seq,
}

impl Cut {
    /// Before the first record.
    pub const START: Self = Self { seq: 0 };

    /// Behind this record.
    #[must_use]
    pub fn at(seq: Seq) -> Self {
        Self { seq }
    }
}

/// How much one read may bring. At least one record always comes, however large.
#[derive(Debug, Clone, Copy)]
pub struct Budget {
    /// Most records.
    pub records: usize,
    /// Most bytes of payload.
    pub bytes: usize,
}

/// What one read brought, and how far the reader is with it.
#[derive(Debug, Clone, PartialEq)]
pub struct Batch {
    /// The records behind the cut that was asked for, ascending and dense.
    pub records: Vec<Record>,
    /// The cut to go on from.
    pub cut: Cut,
    /// Where the log ended when it was read.
    pub tail: Seq,
}

impl Batch {
    /// Whether the log went on behind what was read. Where nothing was read, there was nothing.
    #[must_use]
    pub fn has_more(&self) -> bool {
        !self.records.is_empty() && self.cut.seq < self.tail
    }
}

/// The ends of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// The first record that is still there (1 until the log is trimmed).
    pub head: Seq,
    /// The last record; `head - 1` when the log is empty.
    pub tail: Seq,
}
