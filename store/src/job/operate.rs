//! What admins do to jobs: try one again, call one off. Acts like any other: each says that it happened.

use super::{Job, find, visible};
use crate::{Change, Changed, Changing, StoreError};
use millstream_domain::ids::JobId;
use millstream_domain::job::JobState;
use millstream_domain::policy::{Action, Actor, Target, decide};
use millstream_event_log::events::job::{JobActedOn, JobEvent};

/// Somebody wants a job to be tried again, now. One that waits for its next try need not wait; one that has ended without
/// having done what it was for begins anew.
#[derive(Debug)]
pub struct RetryJob {
    /// Who.
    pub actor: Actor,
    /// Which.
    pub id: JobId,
}

/// Somebody calls a job off. One that waits ends at once; one that runs is told, and ends when it has stopped.
#[derive(Debug)]
pub struct CancelJob {
    /// Who.
    pub actor: Actor,
    /// Which.
    pub id: JobId,
}

impl Change for RetryJob {
    type Output = Job;

    async fn apply(self, cx: &mut Changing<'_>) -> Result<Changed<Job>, StoreError> {
        let before = held(cx, &self.actor, self.id).await?;
        match before.state {
            JobState::Done => return Err(StoreError::Conflict("the job is done".into())),
            // Its handler may have heard already, and is not told to go on.
            JobState::Running if before.cancel_asked => {
                return Err(StoreError::Conflict(
                    "the job was called off and has not stopped yet: retry it when it has".into(),
                ));
            }
            // It is being tried.
            JobState::Running => return Ok(Changed::nothing(before)),
            JobState::Waiting if before.run_at <= cx.now => return Ok(Changed::nothing(before)),
            JobState::Waiting | JobState::Failed | JobState::Cancelled | JobState::Dead => {}
        }
        let now = cx.now;
        sqlx::query!(
            "update jobs.job
             set state = 'waiting', run_at = $2, attempts = case when state = 'waiting' then attempts else 0 end,
                 progress = null, finished_at = null, cancel_asked = false
             where id = $1",
            self.id.0,
            now,
        )
        .execute(cx.db())
        .await?;
        cx.wants.jobs = true;
        told(cx, before, JobEvent::Retried).await
    }
}

impl Change for CancelJob {
    type Output = Job;

    async fn apply(self, cx: &mut Changing<'_>) -> Result<Changed<Job>, StoreError> {
        let before = held(cx, &self.actor, self.id).await?;
        match before.state {
            JobState::Waiting => {}
            JobState::Running if !before.cancel_asked => {}
            JobState::Running | JobState::Cancelled => return Ok(Changed::nothing(before)),
            JobState::Done | JobState::Failed | JobState::Dead => {
                return Err(StoreError::Conflict("the job has ended".into()));
            }
        }
        let now = cx.now;
        sqlx::query!(
            "update jobs.job
             set cancel_asked = true,
                 state = case when state = 'waiting' then 'cancelled' else state end,
                 finished_at = case when state = 'waiting' then $2::timestamptz end
             where id = $1",
            self.id.0,
            now,
        )
        .execute(cx.db())
        .await?;
        told(cx, before, JobEvent::Cancelled).await
    }
}

/// The job, locked, for somebody who may act on it.
async fn held(cx: &mut Changing<'_>, actor: &Actor, id: JobId) -> Result<Job, StoreError> {
    sqlx::query!("select id from jobs.job where id = $1 for update", id.0)
        .fetch_optional(cx.db())
        .await?;
    let job = visible(actor, find(cx.db(), id).await?)?;
    decide(actor, Action::OperateJobs, Target::SYSTEM)?;
    Ok(job)
}

/// The job as it is now, and what was done to it.
async fn told(
    cx: &mut Changing<'_>,
    before: Job,
    event: impl Fn(JobActedOn) -> JobEvent,
) -> Result<Changed<Job>, StoreError> {
    let after = find(cx.db(), before.id).await?;
    let after = after.ok_or(StoreError::NotFound)?;
    let acted = JobActedOn {
        job_id: before.id,
        kind: before.kind,
        queue: before.queue,
        state_before: before.state,
        state: after.state,
        attempts: before.attempts,
    };
    Ok(Changed::because(after, event(acted)))
}
