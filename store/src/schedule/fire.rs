//! A schedule's time has come: its job is enqueued in the commit of the pipeline that kept the time.
//!
//! *Invariant:* a time of a schedule enqueues one job, however often the commit is tried and by whom: the row remembers until
//! when its times were dealt with (`fired_until`), and is locked by whoever deals with them.

use super::kinds::kind;
use crate::job::NewJob;
use crate::job::enqueue::{Enqueued, enqueue};
use chrono::{DateTime, Utc};
use millstream_domain::ids::{JobId, ScheduleId};
use millstream_event_log::events::schedule::ScheduleState;
use sqlx::PgConnection;
use std::collections::BTreeMap;
use uuid::Uuid;

/// What is to be written down of a schedule whose times have come.
#[derive(Debug, Clone, Copy, Default)]
pub struct Fired {
    /// The newest of its times that was dealt with; `None` when none ever was.
    pub until: Option<DateTime<Utc>>,
    /// The newest of those that ran, and its job.
    pub last_run: Option<(DateTime<Utc>, JobId)>,
    /// How many were left out.
    pub missed: i64,
}

/// Locks schedules and says until when the times of each were dealt with. One that was removed is not among them.
pub async fn lock(
    db: &mut PgConnection,
    schedules: &[ScheduleId],
) -> Result<BTreeMap<ScheduleId, Fired>, sqlx::Error> {
    let ids: Vec<Uuid> = schedules.iter().map(|id| id.0).collect();
    let rows = sqlx::query!(
        "select id, fired_until from app.schedule where id = any($1) order by id for no key update",
        &ids,
    )
    .fetch_all(db)
    .await?;
    let fired = |until| Fired {
        until,
        ..Fired::default()
    };
    Ok(rows
        .into_iter()
        .map(|row| (ScheduleId(row.id), fired(row.fired_until)))
        .collect())
}

/// Enqueues the job of one time of a schedule.
pub async fn run(
    db: &mut PgConnection,
    schedule: &ScheduleState,
    due: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<JobId, sqlx::Error> {
    let name = due.timestamp_micros().to_be_bytes();
    let id = JobId(Uuid::new_v5(&schedule.id.0, &name));
    // One that a newer program knows is left to it, and tried as often as is usual.
    let attempts = kind(&schedule.kind).map_or(5, |kind| kind.attempts_max);
    let key = format!("schedule/{}/{}", schedule.id, due.to_rfc3339());
    let job = NewJob::planned(id, schedule, attempts, now).and_then(|job| job.once(key));
    let job = job.map_err(|refused| sqlx::Error::Encode(Box::new(refused)))?;
    match enqueue(db, &job.due(due)).await? {
        Enqueued::Fresh(job) | Enqueued::Before(job) => Ok(job.id),
    }
}

/// Writes down what became of the times of schedules.
pub async fn note(
    db: &mut PgConnection,
    fired: &BTreeMap<ScheduleId, Fired>,
) -> Result<(), sqlx::Error> {
    let (mut ids, mut untils, mut runs, mut jobs, mut missed) =
        (vec![], vec![], vec![], vec![], vec![]);
    for (id, fired) in fired {
        ids.push(id.0);
        untils.push(fired.until);
        runs.push(fired.last_run.map(|(at, _)| at));
        jobs.push(fired.last_run.map(|(_, job)| job.0));
        missed.push(fired.missed);
    }
    sqlx::query!(
        "update app.schedule s
         set fired_until = f.until, last_run_at = coalesce(f.run, s.last_run_at),
             last_job_id = coalesce(f.job, s.last_job_id), missed_count = s.missed_count + f.missed
         from unnest($1::uuid[], $2::timestamptz[], $3::timestamptz[], $4::uuid[], $5::bigint[])
              as f (id, until, run, job, missed)
         where s.id = f.id",
        &ids,
        &untils as &[Option<DateTime<Utc>>],
        &runs as &[Option<DateTime<Utc>>],
        &jobs as &[Option<Uuid>],
        &missed,
    )
    .execute(db)
    .await?;
    Ok(())
}
