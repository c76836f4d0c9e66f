//! What people do to pipelines, and to the records that a pipeline refused. What pipelines do by themselves is no event.

use super::events;
use crate::cut::Seq;
use crate::topic::Topic;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A pipeline that somebody did something to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PipelineActedOn {
    /// Its name; of a node's own, with the node: `search@here`.
    pub pipeline: String,
}

/// Somebody wants a view to be made anew from the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RebuildAsked {
    /// The pipeline that keeps the view.
    pub pipeline: String,
    /// Whether it is only to be compared with the one that there is.
    pub compare_only: bool,
}

/// A record that a pipeline had refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedRecord {
    /// The pipeline.
    pub pipeline: String,
    /// The record.
    pub seq: Seq,
}

/// A record that a pipeline had refused, and that nobody misses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiscardedRecord {
    /// The pipeline.
    pub pipeline: String,
    /// The record.
    pub seq: Seq,
    /// Why nobody does.
    pub reason: String,
}

events! {
    /// What somebody did to a pipeline.
    PipelineEvent ("pipeline", Topic::SystemNotifications, version 1) {
        /// Its view is to be made anew.
        RebuildAsked(RebuildAsked) = "pipeline.rebuild_asked",
        /// It had halted, and is to try again.
        Resumed(PipelineActedOn) = "pipeline.resumed",
        /// A record that it had refused is to be tried again: where this event stands, the pipeline reads that record.
        DeadLetterRetried(RefusedRecord) = "pipeline.dead_letter_retried",
        /// A record that it had refused stays out.
        DeadLetterDiscarded(DiscardedRecord) = "pipeline.dead_letter_discarded",
    }
    // A pipeline is known by its name, which keeps its events in order.
    key(event) PipelineEvent::key_of(event.pipeline());
    subject(event) format!("pipeline/{}", event.pipeline());
    samples samples();
}

impl PipelineEvent {
    /// The pipeline's name.
    #[must_use]
    pub fn pipeline(&self) -> &str {
        match self {
            Self::RebuildAsked(asked) => &asked.pipeline,
            Self::Resumed(acted) => &acted.pipeline,
            Self::DeadLetterRetried(record) => &record.pipeline,
            Self::DeadLetterDiscarded(record) => &record.pipeline,
        }
    }

    /// The key of everything that people do to the pipeline of this name.
    #[must_use]
    pub fn key_of(pipeline: &str) -> Uuid {
        Uuid::new_v5(
            &Uuid::NAMESPACE_OID,
            format!("pipeline/{pipeline}").as_bytes(),
        )
    }
}

fn samples() -> Vec<PipelineEvent> {
    let pipeline = "activity".to_owned();
    vec![
        PipelineEvent::RebuildAsked(RebuildAsked {
            pipeline: pipeline.clone(),
            compare_only: false,
        }),
        PipelineEvent::Resumed(PipelineActedOn {
            pipeline: pipeline.clone(),
        }),
        PipelineEvent::DeadLetterRetried(RefusedRecord {
            pipeline: pipeline.clone(),
            seq: 7,
        }),
        PipelineEvent::DeadLetterDiscarded(DiscardedRecord {
            pipeline,
            seq: 9,
            reason: "a test of the import; nobody needs it".into(),
        }),
    ]
}
