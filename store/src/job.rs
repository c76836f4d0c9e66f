//! Jobs: work that takes longer than a request may. What wants one enqueues it in its own transaction
//! ([`enqueue`](enqueue::enqueue)), a runner takes it ([`run`]), people look at it and act on it ([`operate`]).
//!
//! *Invariant:* a job is run by whoever took it last. Each taking raises the fence, and whatever comes under an older one,
//! a sign of life or a result, is refused.
//!
//! To add a kind: its arguments, which implement [`JobArgs`], beside the SQL of its noun here, and its handler in
//! `sinks/src/jobs/<kind>.rs`.

pub mod enqueue;
pub mod operate;
pub mod run;

pub use enqueue::{Enqueued, JobArgs, JobRefused, NewJob};
pub use operate::{CancelJob, RetryJob};

use crate::actor::stored;
use crate::housekeeping::PRUNED_PER_ROUND;
use crate::page::ByTime;
use crate::{Page, PageRequest, Store, StoreError};
use chrono::{DateTime, TimeDelta, Utc};
use millstream_domain::ids::{JobId, UserId};
use millstream_domain::job::{JobState, Queue};
use millstream_domain::policy::{Action, Actor, Target, decide};
use serde_json::value::RawValue;
use sqlx::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

/// How long jobs are kept that did what they were for or were called off.
const DONE_KEPT: TimeDelta = TimeDelta::days(7);
/// How long jobs are kept that failed: somebody may come back from a holiday and look.
const FAILED_KEPT: TimeDelta = TimeDelta::days(30);

/// A job as people see it.
#[derive(Debug, Clone)]
pub struct Job {
    /// Which.
    pub id: JobId,
    /// What it does.
    pub kind: String,
    /// Where it waits.
    pub queue: Queue,
    /// How far it is.
    pub state: JobState,
    /// How often it was begun.
    pub attempts: i32,
    /// How often it may be.
    pub max_attempts: i32,
    /// How much of it is done, from 0 to 1, if it says so.
    pub progress: Option<f64>,
    /// What went wrong the last time.
    pub error: Option<String>,
    /// What came out.
    pub result: Option<Box<RawValue>>,
    /// When it is due.
    pub run_at: DateTime<Utc>,
    /// When it was last begun.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub finished_at: Option<DateTime<Utc>>,
    /// Whose it is; `None` for Millstream itself.
    pub created_by: Option<UserId>,
    /// When it was enqueued.
    pub created_at: DateTime<Utc>,
    /// Whether somebody has called it off.
    pub cancel_asked: bool,
}

/// Which jobs are asked for; an empty filter asks for all.
#[derive(Debug, Clone, Default)]
pub struct JobFilter {
    /// In one of these states; none given means any.
    pub states: Vec<JobState>,
    /// In this queue.
    pub queue: Option<Queue>,
    /// Of this kind.
    pub kind: Option<String>,
}

struct Row {
    id: Uuid,
    kind: String,
    queue: String,
    state: String,
    attempts: i32,
    max_attempts: i32,
    progress: Option<f64>,
    error: Option<String>,
    result: Option<Json<Box<RawValue>>>,
    run_at: DateTime<Utc>,
    started_at: Option<DateTime<Utc>>,
    finished_at: Option<DateTime<Utc>>,
    created_by: Option<Uuid>,
    created_at: DateTime<Utc>,
    cancel_asked: bool,
}

impl Row {
    fn into_job(self) -> Job {
        Job {
            id: JobId(self.id),
            kind: self.kind,
            queue: stored(&self.queue),
            state: stored(&self.state),
            attempts: self.attempts,
            max_attempts: self.max_attempts,
            progress: self.progress,
            error: self.error,
            result: self.result.map(|json| json.0),
            run_at: self.run_at,
            started_at: self.started_at,
            finished_at: self.finished_at,
            created_by: self.created_by.map(UserId),
            created_at: self.created_at,
            cancel_asked: self.cancel_asked,
        }
    }
}

/// A job by its id.
async fn find(db: &mut PgConnection, id: JobId) -> Result<Option<Job>, sqlx::Error> {
    let row = sqlx::query_as!(
        Row,
        r#"select id, kind, queue, state, attempts, max_attempts, progress, error,
                  result as "result: Json<Box<RawValue>>", run_at, started_at, finished_at, created_by, created_at,
                  cancel_asked
           from jobs.job where id = $1"#,
        id.0,
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(Row::into_job))
}

/// Whether somebody may see a job. To others it answers like one that does not exist.
fn visible(actor: &Actor, job: Option<Job>) -> Result<Job, StoreError> {
    let job = job.ok_or(StoreError::NotFound)?;
    let target = Target {
        team: None,
        owner: job.created_by,
    };
    decide(actor, Action::ReadJob, target)?;
    Ok(job)
}

impl Store {
    /// A job, for its owner and for admins.
    pub async fn job(&self, actor: &Actor, id: JobId) -> Result<Job, StoreError> {
        let mut db = self.pool.acquire().await?;
        visible(actor, find(&mut db, id).await?)
    }

    /// Jobs, newest first, for admins.
    pub async fn jobs(
        &self,
        actor: &Actor,
        filter: &JobFilter,
        page: &PageRequest,
    ) -> Result<Page<Job>, StoreError> {
        decide(actor, Action::OperateJobs, Target::SYSTEM)?;
        let states: Vec<String> = filter.states.iter().map(ToString::to_string).collect();
        let after: Option<ByTime> = page.after()?;
        let rows = sqlx::query_as!(
            Row,
            r#"select id, kind, queue, state, attempts, max_attempts, progress, error,
                      result as "result: Json<Box<RawValue>>", run_at, started_at, finished_at, created_by, created_at,
                      cancel_asked
               from jobs.job
               where (cardinality($1::text[]) = 0 or state = any($1))
                 and ($2::text is null or queue = $2)
                 and ($3::text is null or kind = $3)
                 and ($4::timestamptz is null or (created_at, id) < ($4, $5::uuid))
               order by created_at desc, id desc
               limit $6"#,
            &states,
            filter.queue.map(Queue::as_str),
            filter.kind,
            after.map(|after| after.0),
            after.map(|after| after.1),
            page.rows(),
        )
        .fetch_all(&self.pool)
        .await?;
        let jobs = rows.into_iter().map(Row::into_job).collect();
        Ok(Page::of(jobs, page, |job: &Job| {
            ByTime(job.created_at, job.id.0)
        }))
    }

    /// Forgets jobs that have had their time.
    pub(crate) async fn prune_jobs(&self) -> Result<u64, StoreError> {
        let now = self.clock.now();
        let done = sqlx::query!(
            "delete from jobs.job where id in (
                 select id from jobs.job
                 where finished_at < $1 and (state in ('done', 'cancelled') or finished_at < $2) limit $3)",
            now - DONE_KEPT,
            now - FAILED_KEPT,
            PRUNED_PER_ROUND,
        )
        .execute(&self.pool)
        .await?;
        Ok(done.rows_affected())
    }
}
