//! The stream runtime, its operators, and the pipelines built from them.
//!
//! ```text
//!             worker 0                     worker 0 … N                worker 0
//!  Log ─► reader ─► source ─► by record key ─► route ─► by operator key ─► keyed ─► committer ─► Sink
//!  (tokio)  permits, feed, wake                        (state, timers)        commit queue   (tokio)
//! ```
//!
//! - A [`Pipeline`] is a value: a name, a way to read records, an [`Operator`] with state per key, or a plain function.
//! - A [`Runner`] runs one pipeline: a timely runtime on its own threads between two tokio futures, reader and
//!   committer, that are joined by bounded queues. Nothing else crosses between the two worlds.
//! - What a pipeline has made of a record is committed by its [`sink::Sink`] in one atomic write with the cut, so every
//!   restart goes on exactly where the last commit ended.
//! - Pipelines share nothing: one that is stuck or panics touches no other.
//!
//! *Invariant:* operators do no I/O, read no clock, draw no random number.

pub mod dataflow;
pub mod dataflows;
pub mod operator;
pub mod operators;
pub mod pipeline;
pub mod runner;
pub mod sink;
pub mod testing;

pub use operator::{Context, Operator, Reject};
pub use pipeline::{OnReject, Pipeline};
pub use runner::Runner;
