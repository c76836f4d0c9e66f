//! A mirror of the log elsewhere: every record as it is, in order.
//!
//! ```text
//! log ─► every record ─► Kafka, or Redis
//! ```
//!
//! It always reads the log itself, whatever the other pipelines read: it is what they read it through. A record that the
//! mirror refuses for good (one that is too large for it) becomes a dead letter, and its readers get it from the log.

use crate::pipeline::Pipeline;
use millstream_event_log::Record;

/// The pipeline, by the name of its mirror.
#[must_use]
pub fn pipeline(name: &'static str) -> Pipeline<Record> {
    Pipeline::each(name, |record| Ok(vec![record.clone()]))
}
