//! What people do to jobs. That jobs begin and end is no event: the job itself says so, and many come by every minute.

use super::events;
use crate::topic::Topic;
use millstream_domain::ids::JobId;
use millstream_domain::job::{JobState, Queue};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A job that somebody did something to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobActedOn {
    /// Which.
    pub job_id: JobId,
    /// What it does.
    pub kind: String,
    /// Where it waits.
    pub queue: Queue,
    /// How far it was.
    pub state_before: JobState,
    /// How far it is now.
    pub state: JobState,
    /// How often it had been begun.
    pub attempts: i32,
}

events! {
    /// What somebody did to a job.
    JobEvent ("job", Topic::SystemNotifications, version 1) {
        /// It is to be tried again, now.
        Retried(JobActedOn) = "job.retried",
        /// It was called off; if it was running, it was asked to stop.
        Cancelled(JobActedOn) = "job.cancelled",
    }
    key(event) event.job().job_id.0;
    subject(event) format!("job/{}", event.job().job_id);
    samples samples();
}

impl JobEvent {
    /// The job.
    #[must_use]
    pub fn job(&self) -> &JobActedOn {
        match self {
            Self::Retried(job) | Self::Cancelled(job) => job,
        }
    }
}

fn samples() -> Vec<JobEvent> {
    let job = |state_before, state| JobActedOn {
        job_id: JobId(Uuid::from_u128(0x60)),
        kind: "report".into(),
        queue: Queue::Heavy,
        state_before,
        state,
        attempts: 5,
    };
    vec![
        JobEvent::Retried(job(JobState::Dead, JobState::Waiting)),
        JobEvent::Cancelled(job(JobState::Running, JobState::Running)),
    ]
}
