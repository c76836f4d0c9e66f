//! Jobs: what is done later, and what came of it. Every 202 answers one.

pub(crate) mod list;
pub(crate) mod operate;
pub(crate) mod read;

use crate::answer::Answer;
use crate::api::schema;
use chrono::{DateTime, Utc};
use millstream_domain::ids::{JobId, UserId};
use millstream_domain::job::{JobState, Queue};
use millstream_store::job::Job;
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

/// A job.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Job)]
pub(crate) struct JobBody {
    #[schema(value_type = Uuid)]
    id: JobId,
    /// What it does.
    #[schema(example = "report")]
    kind: String,
    #[schema(schema_with = schema::queue)]
    queue: Queue,
    #[schema(schema_with = schema::job_state)]
    state: JobState,
    /// How often it was begun.
    attempts: i32,
    /// How often it may be.
    max_attempts: i32,
    /// How much of it is done, from 0 to 1, if it says so.
    progress: Option<f64>,
    /// What went wrong the last time.
    error: Option<String>,
    /// What came out.
    #[schema(schema_with = schema::any)]
    result: Option<Box<RawValue>>,
    /// When it is due.
    run_at: DateTime<Utc>,
    /// When it was last begun.
    started_at: Option<DateTime<Utc>>,
    /// When it ended.
    finished_at: Option<DateTime<Utc>>,
    /// Whose it is; null for Millstream itself.
    #[schema(value_type = Option<Uuid>)]
    created_by: Option<UserId>,
    created_at: DateTime<Utc>,
}

impl From<&Job> for JobBody {
    fn from(job: &Job) -> Self {
        Self {
            id: job.id,
            kind: job.kind.clone(),
            queue: job.queue,
            state: job.state,
            attempts: job.attempts,
            max_attempts: job.max_attempts,
            progress: job.progress,
            error: job.error.clone(),
            result: job.result.clone(),
            run_at: job.run_at,
            started_at: job.started_at,
            finished_at: job.finished_at,
            created_by: job.created_by,
            created_at: job.created_at,
        }
    }
}

/// One job. It has no version, because nobody edits it; its tries stand in for one, and what is shown makes the tag.
pub(crate) fn job_answer(job: &Job) -> Answer {
    Answer::versioned(i64::from(job.attempts), JobBody::from(job))
}
