//! What operators hand to the committer.

use super::{Clockwork, wire};
use crate::pipeline::Item;
use chrono::{DateTime, Utc};
use millstream_event_log::Seq;
use serde::{Deserialize, Serialize};

/// One thing that an operator said about one record or one timer.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(bound = "I: Item")]
pub(crate) struct Output<I> {
    /// The record; for a timer behind an epoch, the last record of the log up to there.
    pub(crate) seq: Seq,
    /// Before or after what the record itself did: a timer that was due before the record comes first.
    pub(crate) phase: Phase,
    /// The record's time, or when the timer was due.
    pub(crate) at: DateTime<Utc>,
    /// For a timer, what orders its key among others that are due at the same moment.
    pub(crate) turn: u64,
    /// The place among the outputs of the same call.
    pub(crate) place: u32,
    /// What it is.
    #[serde(with = "wire")]
    pub(crate) kind: Kind<I>,
}

/// The order of things that stand at one record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Phase {
    /// Timers of the record's key that were due before it.
    Before,
    /// The record itself.
    Record,
    /// Timers that became due behind it.
    After,
}

/// What an output is.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(bound = "I: Item")]
pub(crate) enum Kind<I> {
    /// An effect.
    Effect(I),
    /// What is to be remembered about a key; `None` for nothing.
    State {
        operator: String,
        key: String,
        state: Option<String>,
    },
    /// The record was refused.
    Dead { key: String, error: String },
    /// Nothing can go on, and no new start mends it. Not part of any commit.
    Halt { error: String },
    /// The earliest timer of this worker has changed. Not part of any commit.
    Due {
        worker: usize,
        due: Option<Clockwork>,
    },
}

impl<I> Output<I> {
    /// The order of the log, which no number of workers changes: first by record, then by what stands at it, then by
    /// the time and the place within one call.
    pub(crate) fn order(&self) -> (Seq, Phase, DateTime<Utc>, u64, u32) {
        (self.seq, self.phase, self.at, self.turn, self.place)
    }
}
