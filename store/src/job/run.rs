//! Running jobs, as the database sees it: a job is taken by one statement, kept by signs of life, and ended under the
//! fence of its taking. Nothing is held in between: no connection, no transaction.

use crate::actor::stored;
use crate::{Store, StoreError};
use chrono::{DateTime, TimeDelta, Utc};
use millstream_domain::ids::{JobId, UserId};
use millstream_domain::job::{JobState, Queue};
use millstream_event_log::signals::{Wake, Work};
use serde_json::value::RawValue;
use sqlx::types::Json;

/// Most bytes of a result: it says what came out, and refers to files instead of holding them.
pub const RESULT_BYTES_MAX: usize = 64 << 10;
/// Most bytes of what is kept of an error.
const ERROR_BYTES_MAX: usize = 4 << 10;
/// Jobs of lost runners that one look takes back.
const TAKEN_BACK_MAX: i64 = 1_000;
/// What is said of a job whose runner was not heard of any more.
const LOST: &str = "the process that ran it ended, or was cut off from the database";

/// Who takes jobs, and which.
#[derive(Debug, Clone, Copy)]
pub struct Taking<'a> {
    /// Who: a name that is this process's alone.
    pub owner: &'a str,
    /// From where.
    pub queue: Queue,
    /// Of which kinds: what a newer program has enqueued is left to it.
    pub kinds: &'a [String],
    /// How many at most.
    pub limit: i64,
    /// How long they are the owner's without a sign of life.
    pub lease: TimeDelta,
}

/// A job that was taken.
#[derive(Debug, Clone)]
pub struct Taken {
    /// Which.
    pub id: JobId,
    /// What it does.
    pub kind: String,
    /// Where it waited.
    pub queue: Queue,
    /// What with.
    pub args: Box<RawValue>,
    /// Which try this is, from 1.
    pub attempt: i32,
    /// The last try.
    pub max_attempts: i32,
    /// Whose it is.
    pub created_by: Option<UserId>,
    /// What signs of life and the end are written down under.
    pub fence: i64,
}

/// What a sign of life is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pulse {
    /// Go on.
    GoOn,
    /// Somebody has called it off.
    CancelAsked,
    /// Somebody else has it.
    Lost,
}

/// How a try ended.
#[derive(Debug, Clone)]
pub enum Ending {
    /// It did what it was for.
    Done(Option<Box<RawValue>>),
    /// It cannot be done.
    Failed(String),
    /// It was called off, and stopped.
    Cancelled,
    /// It will be tried again.
    PutOff {
        /// When.
        until: DateTime<Utc>,
        /// What went wrong.
        error: String,
    },
    /// It was tried as often as it may be.
    Dead(String),
    /// The process stops: as if it had not been taken.
    GivenBack,
}

impl Ending {
    fn state(&self) -> JobState {
        match self {
            Self::Done(_) => JobState::Done,
            Self::Failed(_) => JobState::Failed,
            Self::Cancelled => JobState::Cancelled,
            Self::PutOff { .. } | Self::GivenBack => JobState::Waiting,
            Self::Dead(_) => JobState::Dead,
        }
    }

    fn error(&self) -> Option<String> {
        match self {
            Self::Failed(error) | Self::PutOff { error, .. } | Self::Dead(error) => {
                Some(keepable(error))
            }
            Self::Done(_) | Self::Cancelled | Self::GivenBack => None,
        }
    }
}

/// As much of an error as is kept, without what Postgres cannot keep.
fn keepable(error: &str) -> String {
    let end = error.floor_char_boundary(ERROR_BYTES_MAX);
    error[..end].replace('\0', "\u{fffd}")
}

impl Store {
    /// What wakes the runner of jobs.
    #[must_use]
    pub fn jobs_wake(&self) -> Wake {
        self.signals.wake(Work::Jobs).clone()
    }

    /// Takes jobs that are due, the one that is due longest first.
    pub async fn take_jobs(&self, taking: &Taking<'_>) -> Result<Vec<Taken>, StoreError> {
        let now = self.clock.now();
        let rows = sqlx::query!(
            r#"
            with next as (
                select id from jobs.job
                where state = 'waiting' and queue = $1 and run_at <= $2 and kind = any($3)
                order by run_at, id limit $4
                for update skip locked
            )
            update jobs.job j
            set state = 'running', attempts = attempts + 1, fence = fence + 1, owner = $5, leased_until = $6,
                started_at = $2, progress = null
            from next where j.id = next.id
            returning j.id, j.kind, j.queue, j.args as "args: Json<Box<RawValue>>", j.attempts, j.max_attempts,
                      j.created_by, j.fence
            "#,
            taking.queue.as_str(),
            now,
            taking.kinds,
            taking.limit,
            taking.owner,
            now + taking.lease,
        )
        .fetch_all(&self.pool)
        .await?;
        let taken = rows.into_iter().map(|row| Taken {
            id: JobId(row.id),
            kind: row.kind,
            queue: stored(&row.queue),
            args: row.args.0,
            attempt: row.attempts,
            max_attempts: row.max_attempts,
            created_by: row.created_by.map(UserId),
            fence: row.fence,
        });
        Ok(taken.collect())
    }

    /// Jobs whose lease has run out wait again: for whoever takes them next, or, if they were called off or have had
    /// their tries, for nothing any more. How many they were.
    pub async fn take_back_jobs(&self) -> Result<u64, StoreError> {
        let done = sqlx::query!(
            "with lost as (
                 select id, case when cancel_asked then 'cancelled' when attempts < max_attempts then 'waiting'
                                 else 'dead' end as state
                 from jobs.job where state = 'running' and leased_until < $1
                 order by leased_until limit $2
                 for update skip locked
             )
             update jobs.job j
             set state = lost.state, error = $3, owner = null, leased_until = null,
                 finished_at = case when lost.state = 'waiting' then null else $1::timestamptz end
             from lost where j.id = lost.id",
            self.clock.now(),
            TAKEN_BACK_MAX,
            LOST,
        )
        .execute(&self.pool)
        .await?;
        Ok(done.rows_affected())
    }

    /// A sign of life, with how much is done.
    pub async fn keep_job(
        &self,
        job: &Taken,
        progress: Option<f64>,
        lease: TimeDelta,
    ) -> Result<Pulse, StoreError> {
        let cancel_asked = sqlx::query_scalar!(
            "update jobs.job set leased_until = $3, progress = coalesce($4, progress)
             where id = $1 and fence = $2 and state = 'running'
             returning cancel_asked",
            job.id.0,
            job.fence,
            self.clock.now() + lease,
            progress.map(|progress| progress.clamp(0.0, 1.0)),
        )
        .fetch_optional(&self.pool)
        .await?;
        Ok(match cancel_asked {
            None => Pulse::Lost,
            Some(true) => Pulse::CancelAsked,
            Some(false) => Pulse::GoOn,
        })
    }

    /// Writes down how a try ended; `false` when somebody else has the job, and nothing was written. What was called off
    /// meanwhile is not tried again.
    pub async fn end_job(&self, job: &Taken, ending: &Ending) -> Result<bool, StoreError> {
        let until = match ending {
            Ending::PutOff { until, .. } => Some(*until),
            _ => None,
        };
        let result = match ending {
            Ending::Done(result) => result.as_ref().map(|json| json.get()),
            _ => None,
        };
        let is_given_back = matches!(ending, Ending::GivenBack);
        let done = sqlx::query!(
            "with held as (
                 select id, case when $3 = 'waiting' and cancel_asked then 'cancelled' else $3 end as state
                 from jobs.job where id = $1 and fence = $2 and state = 'running'
                 for update
             )
             update jobs.job j
             set state = held.state, owner = null, leased_until = null,
                 error = case when $4 then error else $5 end, result = $6::text::json, run_at = coalesce($7, run_at),
                 attempts = attempts - $4::boolean::integer,
                 progress = case when held.state = 'done' then 1 else progress end,
                 finished_at = case when held.state = 'waiting' then null else $8::timestamptz end
             from held where j.id = held.id",
            job.id.0,
            job.fence,
            ending.state().as_str(),
            is_given_back,
            ending.error(),
            result,
            until,
            self.clock.now(),
        )
        .execute(&self.pool)
        .await?;
        Ok(done.rows_affected() == 1)
    }
}
