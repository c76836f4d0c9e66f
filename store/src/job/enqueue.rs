//! Enqueuing: a job is written in the transaction that wants it, and exists if and only if that is committed.

use super::{Job, find};
use crate::{Changing, StoreError};
use chrono::{DateTime, Utc};
use millstream_domain::field::FieldCode;
use millstream_domain::ids::{JobId, UserId};
use millstream_domain::job::{JobState, Queue};
use millstream_event_log::events::schedule::ScheduleState;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::{RawValue, to_raw_value};
use sqlx::PgConnection;
use std::borrow::Cow;
use uuid::Uuid;

/// Most bytes of a job's arguments: they say what to do, and refer to data instead of holding it.
pub const ARGS_BYTES_MAX: usize = 64 << 10;
/// Most bytes of an idempotency key: it stands in an index.
pub const KEY_BYTES_MAX: usize = 255;
/// How often enqueuing under a key looks for the job that keeps it out. That job can go only by housekeeping, days after
/// its end.
const LOOKS_MAX: usize = 3;

/// The arguments of one kind of job, and what holds for all jobs of that kind.
pub trait JobArgs: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The kind's name, for ever: rows keep it.
    const KIND: &'static str;
    /// Where jobs of this kind wait.
    const QUEUE: Queue = Queue::Default;
    /// How often one is tried. With the pauses between, five take some minutes.
    const ATTEMPTS_MAX: u16 = 5;
}

/// A job to be enqueued.
#[derive(Debug, Clone)]
pub struct NewJob {
    id: JobId,
    kind: Cow<'static, str>,
    queue: Queue,
    attempts_max: u16,
    args: Box<RawValue>,
    key: Option<String>,
    run_at: DateTime<Utc>,
    created_at: DateTime<Utc>,
    created_by: Option<UserId>,
}

/// Why something is no job.
#[derive(Debug, thiserror::Error)]
pub enum JobRefused {
    /// Its arguments are too large.
    #[error("the arguments have {bytes} bytes; {ARGS_BYTES_MAX} are the limit")]
    ArgsTooLarge {
        /// How many they have.
        bytes: usize,
    },
    /// Its arguments have no JSON form.
    #[error("the arguments have no JSON form")]
    Args(#[source] serde_json::Error),
    /// Its key is too long, or has the one character that Postgres cannot keep.
    #[error("a key has 1 to {KEY_BYTES_MAX} bytes, none of them 0")]
    Key,
}

impl From<JobRefused> for StoreError {
    fn from(refused: JobRefused) -> Self {
        let code = match refused {
            JobRefused::ArgsTooLarge { .. } => FieldCode::TooLong,
            JobRefused::Args(_) | JobRefused::Key => FieldCode::Invalid,
        };
        Self::field("", code, refused.to_string())
    }
}

impl NewJob {
    /// A job that is due at once, for nobody in particular.
    pub fn of<A: JobArgs>(id: JobId, args: &A, now: DateTime<Utc>) -> Result<Self, JobRefused> {
        let args = to_raw_value(args).map_err(JobRefused::Args)?;
        let bytes = args.get().len();
        if bytes > ARGS_BYTES_MAX {
            return Err(JobRefused::ArgsTooLarge { bytes });
        }
        Ok(Self {
            id,
            kind: A::KIND.into(),
            queue: A::QUEUE,
            attempts_max: A::ATTEMPTS_MAX.max(1),
            args,
            key: None,
            run_at: now,
            created_at: now,
            created_by: None,
        })
    }

    /// A job of a kind that is known by its name alone, because a schedule names it.
    pub(crate) fn planned(
        id: JobId,
        plan: &ScheduleState,
        attempts_max: u16,
        now: DateTime<Utc>,
    ) -> Result<Self, JobRefused> {
        let args = to_raw_value(&plan.args).map_err(JobRefused::Args)?;
        Ok(Self {
            id,
            kind: plan.kind.clone().into(),
            queue: plan.queue,
            attempts_max: attempts_max.max(1),
            args,
            key: None,
            run_at: now,
            created_at: now,
            created_by: None,
        })
    }

    /// The same, of which there is to be one: nothing is enqueued while there is a job of this kind with this key.
    pub fn once(mut self, key: impl Into<String>) -> Result<Self, JobRefused> {
        let key = key.into();
        if key.is_empty() || key.len() > KEY_BYTES_MAX || key.contains('\0') {
            return Err(JobRefused::Key);
        }
        self.key = Some(key);
        Ok(self)
    }

    /// The same, owned by somebody, who may look at it.
    #[must_use]
    pub fn owned_by(mut self, owner: Option<UserId>) -> Self {
        self.created_by = owner;
        self
    }

    /// The same, due at another time.
    #[must_use]
    pub fn due(mut self, at: DateTime<Utc>) -> Self {
        self.run_at = at;
        self
    }

    fn as_enqueued(&self) -> Job {
        Job {
            id: self.id,
            kind: self.kind.clone().into_owned(),
            queue: self.queue,
            state: JobState::Waiting,
            attempts: 0,
            max_attempts: i32::from(self.attempts_max),
            progress: None,
            error: None,
            result: None,
            run_at: self.run_at,
            started_at: None,
            finished_at: None,
            created_by: self.created_by,
            created_at: self.created_at,
            cancel_asked: false,
        }
    }
}

/// The answer to enqueuing.
#[derive(Debug, Clone)]
pub enum Enqueued {
    /// The job is new.
    Fresh(Job),
    /// There was one of this kind and key already.
    Before(Job),
}

impl Enqueued {
    /// The job that there is now.
    #[must_use]
    pub fn into_job(self) -> Job {
        match self {
            Self::Fresh(job) | Self::Before(job) => job,
        }
    }
}

/// Enqueues a job in the caller's transaction.
pub async fn enqueue(db: &mut PgConnection, job: &NewJob) -> Result<Enqueued, sqlx::Error> {
    for _ in 0..LOOKS_MAX {
        if insert(db, job).await? {
            return Ok(Enqueued::Fresh(job.as_enqueued()));
        }
        // A statement of its own, to see what was committed while the first one waited for it.
        if let Some(id) = keeper(db, job).await?
            && let Some(before) = find(db, id).await?
        {
            return Ok(Enqueued::Before(before));
        }
    }
    Err(sqlx::Error::RowNotFound)
}

/// Writes the row, unless one with the same key is there. The arguments go as text: a parameter of type `json` goes as
/// `jsonb`, which keeps neither their form nor every character.
async fn insert(db: &mut PgConnection, job: &NewJob) -> Result<bool, sqlx::Error> {
    let done = sqlx::query!(
        "insert into jobs.job
             (id, kind, queue, state, args, idempotency_key, max_attempts, run_at, created_by, created_at)
         values ($1, $2, $3, 'waiting', $4::text::json, $5, $6, $7, $8, $9)
         on conflict (kind, idempotency_key) do nothing",
        job.id.0,
        &*job.kind,
        job.queue.as_str(),
        job.args.get(),
        job.key,
        i32::from(job.attempts_max),
        job.run_at,
        job.created_by.map(Uuid::from),
        job.created_at,
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The job that has the key.
async fn keeper(db: &mut PgConnection, job: &NewJob) -> Result<Option<JobId>, sqlx::Error> {
    let id = sqlx::query_scalar!(
        "select id from jobs.job where kind = $1 and idempotency_key = $2",
        &*job.kind,
        job.key,
    )
    .fetch_optional(db)
    .await?;
    Ok(id.map(JobId))
}

impl Changing<'_> {
    /// A job of whoever acts.
    pub fn new_job<A: JobArgs>(&self, args: &A) -> Result<NewJob, StoreError> {
        let job = NewJob::of(self.id(), args, self.now)?;
        Ok(job.owned_by(self.origin.actor))
    }

    /// Enqueues a job with this change; a runner is woken after the commit.
    pub async fn enqueue(&mut self, job: &NewJob) -> Result<Enqueued, StoreError> {
        let enqueued = enqueue(self.db(), job).await?;
        self.wants.jobs = true;
        Ok(enqueued)
    }
}
