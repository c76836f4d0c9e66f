//! Schedules: what is done again and again. Admins make and change them here; the pipeline `schedules` keeps their time and
//! enqueues their jobs ([`fire`]).
//!
//! *Invariant:* a schedule that is stored has times that can be read, and arguments that its kind of job accepts.

mod change;
pub mod fire;
mod kinds;
mod ship;

pub use change::{CreateSchedule, DeleteSchedule, RunSchedule, ScheduleEdit, UpdateSchedule};
pub use kinds::{KINDS, Kind, kind};
pub use ship::{SHIPPED, Shipped};

use crate::actor::stored;
use crate::page::ByTime;
use crate::{Changing, Page, PageRequest, Store, StoreError};
use chrono::{DateTime, Utc};
use millstream_domain::ids::{JobId, ScheduleId};
use millstream_domain::policy::{Action, Actor, Target, decide};
use millstream_event_log::events::schedule::ScheduleState;
use serde_json::Value;
use sqlx::types::Json;
use uuid::Uuid;

/// A schedule, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// What admins say of it.
    pub state: ScheduleState,
    /// The time of its newest run.
    pub last_run_at: Option<DateTime<Utc>>,
    /// The job of its newest run; forgotten some days after it has ended.
    pub last_job_id: Option<JobId>,
    /// How many runs were missed, and not made up for.
    pub missed_count: i64,
}

struct Row {
    id: Uuid,
    name: String,
    cron: Option<String>,
    every_s: Option<i32>,
    time_zone: String,
    since: DateTime<Utc>,
    kind: String,
    args: Json<Value>,
    queue: String,
    enabled: bool,
    missed: String,
    missed_max: i32,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    version: i64,
    last_run_at: Option<DateTime<Utc>>,
    last_job_id: Option<Uuid>,
    missed_count: i64,
}

impl Row {
    fn into_schedule(self) -> Schedule {
        let state = ScheduleState {
            id: ScheduleId(self.id),
            name: self.name,
            cron: self.cron,
            every_s: self.every_s,
            time_zone: self.time_zone,
            since: self.since,
            kind: self.kind,
            args: self.args.0,
            queue: stored(&self.queue),
            enabled: self.enabled,
            missed: stored(&self.missed),
            missed_max: self.missed_max,
            created_at: self.created_at,
            updated_at: self.updated_at,
            version: self.version,
        };
        Schedule {
            state,
            last_run_at: self.last_run_at,
            last_job_id: self.last_job_id.map(JobId),
            missed_count: self.missed_count,
        }
    }
}

macro_rules! select_schedules {
    ($which:literal $(, $value:expr)*) => {
        sqlx::query_as!(
            Row,
            r#"select id, name, cron, every_s, time_zone, since, kind, args as "args: Json<Value>", queue, enabled, missed,
                      missed_max, created_at, updated_at, version, last_run_at, last_job_id, missed_count
               from app.schedule "# + $which
            $(, $value)*
        )
    };
}

impl Store {
    /// All schedules, oldest first, for admins.
    pub async fn schedules(
        &self,
        actor: &Actor,
        page: &PageRequest,
    ) -> Result<Page<Schedule>, StoreError> {
        decide(actor, Action::ManageSchedules, Target::SYSTEM)?;
        let after: Option<ByTime> = page.after()?;
        let rows = select_schedules!(
            "where ($1::timestamptz is null or (created_at, id) > ($1, $2::uuid)) order by created_at, id limit $3",
            after.map(|after| after.0),
            after.map(|after| after.1),
            page.rows()
        )
        .fetch_all(&self.pool)
        .await?;
        let rows = Page::of(rows, page, |row| ByTime(row.created_at, row.id));
        Ok(rows.map(Row::into_schedule))
    }

    /// A schedule, for admins.
    pub async fn schedule(&self, actor: &Actor, id: ScheduleId) -> Result<Schedule, StoreError> {
        decide(actor, Action::ManageSchedules, Target::SYSTEM)?;
        let row = select_schedules!("where id = $1", id.0)
            .fetch_optional(&self.pool)
            .await?;
        row.map(Row::into_schedule).ok_or(StoreError::NotFound)
    }
}

/// A schedule, locked for a change by somebody who may.
async fn locked(
    cx: &mut Changing<'_>,
    actor: &Actor,
    id: ScheduleId,
) -> Result<Schedule, StoreError> {
    decide(actor, Action::ManageSchedules, Target::SYSTEM)?;
    let row = select_schedules!("where id = $1 for update", id.0)
        .fetch_optional(cx.db())
        .await?;
    row.map(Row::into_schedule).ok_or(StoreError::NotFound)
}
