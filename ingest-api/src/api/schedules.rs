//! Schedules: what is done again and again, and when. For admins.

pub(crate) mod create;
pub(crate) mod fields;
pub(crate) mod list;
pub(crate) mod one;
pub(crate) mod preview;
pub(crate) mod run;

use crate::answer::Answer;
use crate::api::schema;
use chrono::{DateTime, Utc};
use millstream_domain::ids::{JobId, ScheduleId};
use millstream_domain::job::Queue;
use millstream_domain::schedule::MissedPolicy;
use millstream_store::schedule::Schedule;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// A schedule.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Schedule)]
pub(crate) struct ScheduleBody {
    #[schema(value_type = Uuid)]
    id: ScheduleId,
    #[schema(example = "Summary of the day")]
    name: String,
    /// The times on the wall at which it runs; null where `every_s` is given.
    #[schema(example = "0 8 * * 1-5")]
    cron: Option<String>,
    /// The seconds between two runs; null where `cron` is given.
    every_s: Option<i32>,
    /// Whose wall it is.
    #[schema(schema_with = schema::time_zone)]
    time_zone: String,
    /// What its jobs do.
    #[schema(example = "daily_summary")]
    kind: String,
    /// What they are given.
    #[schema(value_type = Object)]
    args: Value,
    /// Where they wait.
    #[schema(schema_with = schema::queue)]
    queue: Queue,
    enabled: bool,
    /// What becomes of runs whose time passed while nothing ran.
    #[schema(schema_with = schema::missed_policy)]
    missed: MissedPolicy,
    /// Most of them that are made up for, where all are.
    missed_max: i32,
    /// How many were not made up for.
    missed_count: i64,
    /// Null while it is off.
    next_run_at: Option<DateTime<Utc>>,
    last_run_at: Option<DateTime<Utc>>,
    /// The job of the newest run; it is forgotten some days after it has ended.
    #[schema(value_type = Option<Uuid>)]
    last_job_id: Option<JobId>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    version: i64,
}

impl ScheduleBody {
    /// As it is shown now.
    fn of(schedule: &Schedule, now: DateTime<Utc>) -> Self {
        let state = &schedule.state;
        Self {
            id: state.id,
            name: state.name.clone(),
            cron: state.cron.clone(),
            every_s: state.every_s,
            time_zone: state.time_zone.clone(),
            kind: state.kind.clone(),
            args: state.args.clone(),
            queue: state.queue,
            enabled: state.enabled,
            missed: state.missed,
            missed_max: state.missed_max,
            missed_count: schedule.missed_count,
            next_run_at: state.next_after(now),
            last_run_at: schedule.last_run_at,
            last_job_id: schedule.last_job_id,
            created_at: state.created_at,
            updated_at: state.updated_at,
            version: state.version,
        }
    }
}

/// One schedule.
pub(crate) fn schedule_answer(schedule: &Schedule, now: DateTime<Utc>) -> Answer {
    let version = schedule.state.version;
    Answer::versioned(version, ScheduleBody::of(schedule, now))
}
