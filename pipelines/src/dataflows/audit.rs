//! The audit: one entry for each record of the log, none skipped.
//!
//! ```text
//! log ─► entry (a pure map) ─► the sink gives it its place in the Merkle tree
//! ```
//!
//! *Invariant:* the same record always gives the same entry: verification makes the youngest entries again and compares.
//! So what was before and after is taken from the record as it was written, not from what this version of the program
//! reads out of it. A record that gives no entry halts the pipeline: an audit does not skip.

pub mod canonical;
mod nouns;

use crate::operator::Reject;
use crate::pipeline::{OnReject, Pipeline};
use chrono::{DateTime, Utc};
use millstream_domain::ids::UserId;
use millstream_event_log::{Record, Seq, Via};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The pipeline, its view and its row.
pub const NAME: &str = "audit";

/// The pipeline.
#[must_use]
pub fn pipeline() -> Pipeline<Entry> {
    Pipeline::each(NAME, |record| Ok(vec![entry(record)?])).on_reject(OnReject::Halt)
}

/// How an act ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was done.
    Accepted,
    /// It was not allowed.
    Refused,
    /// It did not succeed.
    Failed,
}

impl Outcome {
    /// The word in the API and in the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }
}

/// What the audit keeps of a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The record.
    pub seq: Seq,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// Who acted.
    pub actor: Option<UserId>,
    /// By which way.
    pub via: Via,
    /// The record's type, such as `task.created`.
    pub action: String,
    /// The kind of thing it was done to.
    pub entity: String,
    /// The thing.
    pub entity_id: Option<Uuid>,
    /// What the thing was called then.
    pub entity_name: Option<String>,
    /// The client's address.
    pub ip: Option<String>,
    /// What the client called itself.
    pub user_agent: Option<String>,
    /// The request's id.
    pub request_id: Option<String>,
    /// The whole thing before, as canonical JSON.
    pub before: Option<String>,
    /// The whole thing after, as canonical JSON.
    pub after: Option<String>,
    /// How it ended.
    pub outcome: Outcome,
    /// Why it ended so, where there is something to say.
    pub reason: Option<String>,
}

/// The entry of a record.
pub fn entry(record: &Record) -> Result<Entry, Reject> {
    let event = record.event().map_err(|error| Reject(error.to_string()))?;
    let payload = serde_json::from_str(record.data.get())
        .map_err(|_| Reject("the payload is not a JSON object".into()))?;
    let told = nouns::tell(&event, payload);
    let origin = record.origin.clone();
    Ok(Entry {
        seq: record.seq,
        at: record.at,
        actor: origin.actor,
        via: origin.via,
        action: record.kind.to_string(),
        entity: told.entity,
        entity_id: told.entity_id,
        entity_name: told.entity_name,
        ip: origin.client_ip,
        user_agent: origin.user_agent,
        request_id: origin.request_id,
        before: told.before.as_ref().map(canonical::to_text),
        after: told.after.as_ref().map(canonical::to_text),
        outcome: told.outcome,
        reason: told.reason,
    })
}

#[cfg(test)]
mod tests;
