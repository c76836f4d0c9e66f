//! The dataflow of a pipeline on timely: source, route, keyed operator, committer, in one shape for every pipeline.
//!
//! The timely timestamp is the reader's clock in microseconds since 1970, strictly ascending per batch. While the reader
//! catches up it shows the time of the last record read, at the end of the log the time of day; so "the frontier passed
//! the due time" means "everything that happened before it has been seen", live and in a replay alike.

mod committer;
pub(crate) mod guard;
mod key_state;
pub(crate) mod keyed;
pub(crate) mod output;
pub(crate) mod plain;
mod source;
mod stable_hash;
mod wire;

use crate::pipeline::{Graph, Item};
use crate::sink::StateRow;
use chrono::{DateTime, Utc};
use millstream_event_log::{Cut, Record};
use output::Output;
use serde::{Deserialize, Serialize};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::mpsc::Receiver;
use timely::scheduling::SyncActivator;
use timely::worker::Worker;

/// Timely's timestamp: microseconds since 1970 by the reader's clock.
pub(crate) type Clockwork = u64;

/// The reader's clock as a timestamp.
pub(crate) fn micros(at: DateTime<Utc>) -> Clockwork {
    u64::try_from(at.timestamp_micros()).unwrap_or(0)
}

/// The time of a timestamp; 1970 for one that no time has.
pub(crate) fn from_micros(at: Clockwork) -> DateTime<Utc> {
    i64::try_from(at)
        .ok()
        .and_then(DateTime::from_timestamp_micros)
        .unwrap_or_default()
}

/// What the source emits.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Input {
    /// What an operator remembered before the start.
    Restored(Restored),
    /// A record of the log.
    Record(#[serde(with = "wire")] Record),
}

/// A state row on its way into its operator.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Restored {
    pub(crate) operator: String,
    pub(crate) key: String,
    pub(crate) state: String,
}

impl Restored {
    /// The row, unless it says that there is nothing to remember.
    pub(crate) fn of(row: StateRow) -> Option<Self> {
        let state = row.state?.get().to_owned();
        Some(Self {
            operator: row.operator,
            key: row.key,
            state,
        })
    }
}

/// What the reader sends into the dataflow. Every message but the last carries permits, which bound the queue.
pub(crate) enum Feed<Permit> {
    /// What the operators remembered; the first message, before any record.
    States(Vec<Restored>),
    /// Records, the cut behind them, and the reader's clock.
    Batch {
        records: Vec<Record>,
        cut: Cut,
        at: Clockwork,
        permit: Permit,
    },
    /// Time has passed without records.
    Tick { at: Clockwork, permit: Permit },
}

/// What the dataflow gives back: everything that became final since the last time.
pub(crate) enum Finished<I, Permit> {
    /// The outputs of closed epochs, the cut behind them if records were among them, and their permits.
    Epochs {
        outputs: Vec<Output<I>>,
        cut: Option<Cut>,
        permits: Vec<Permit>,
    },
    /// The earliest time at which a timer wants to fire.
    NextDue(Option<Clockwork>),
}

/// Closed epochs that wait for the frontier: when they close, and what comes with them.
pub(crate) type Open<Permit> = Rc<RefCell<VecDeque<(Clockwork, Option<Cut>, Permit)>>>;

/// Where the committer puts what is final.
pub(crate) type Deliver<I, Permit> = Box<dyn FnMut(Finished<I, Permit>)>;

/// The ends of the dataflow that one worker holds. Only worker 0 has any.
pub(crate) struct Ends<I, Permit> {
    pub(crate) feed: Receiver<Feed<Permit>>,
    pub(crate) deliver: Deliver<I, Permit>,
}

/// Builds the dataflow on one worker. Answers with what wakes the source; worker 0's is the one that counts.
pub(crate) fn install<I: Item, Permit: 'static>(
    worker: &mut Worker,
    name: &str,
    graph: &dyn Graph<I>,
    ends: Option<Ends<I, Permit>>,
) -> SyncActivator {
    let open: Open<Permit> = Open::default();
    let (feed, deliver) = ends.map(|e| (e.feed, e.deliver)).unzip();
    worker.dataflow_named(name, |scope| {
        let (records, activator) = source::source(scope, feed, Rc::clone(&open));
        let outputs = graph.build(scope, records);
        committer::committer(outputs, deliver, open, scope.worker().peers());
        activator
    })
}
