//! Events of schedules: what admins say is to be done again and again. That a schedule runs by itself is no event: the job
//! that it enqueues says so, and many come by every day. That somebody runs it by hand is.

use super::{Change, events};
use crate::testing::at;
use crate::topic::Topic;
use chrono::{DateTime, Utc};
use millstream_domain::field::Invalid;
use millstream_domain::ids::{JobId, ScheduleId};
use millstream_domain::job::Queue;
use millstream_domain::schedule::{MissedPolicy, Timetable, checked_every};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

/// A schedule as events carry it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScheduleState {
    /// Its id.
    pub id: ScheduleId,
    /// Its name.
    pub name: String,
    /// The times on the wall at which it runs; either these or `every_s`.
    pub cron: Option<String>,
    /// The seconds between two runs.
    pub every_s: Option<i32>,
    /// Whose wall it is.
    pub time_zone: String,
    /// From when the seconds are counted.
    pub since: DateTime<Utc>,
    /// The kind of the job that it enqueues.
    pub kind: String,
    /// What the job is given.
    pub args: Value,
    /// Where the job waits.
    pub queue: Queue,
    /// Whether it runs at all.
    pub enabled: bool,
    /// What becomes of runs whose time passed while nothing ran.
    pub missed: MissedPolicy,
    /// Most of them that are made up for, where all are.
    pub missed_max: i32,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// Counts its changes, from 1.
    pub version: i64,
}

impl ScheduleState {
    /// When it runs.
    pub fn timetable(&self) -> Result<Timetable, Invalid> {
        if let Some(cron) = &self.cron {
            return Timetable::of_cron(cron, &self.time_zone);
        }
        let seconds = checked_every(self.every_s.unwrap_or(0).into())?;
        Timetable::every(seconds, self.since, &self.time_zone)
    }

    /// When it runs next; never while it is off.
    #[must_use]
    pub fn next_after(&self, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let timetable = self.timetable().ok().filter(|_| self.enabled)?;
        timetable.next_after(after)
    }
}

/// A schedule that came to be or ceased to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScheduleAlone {
    /// The schedule.
    pub schedule: ScheduleState,
}

/// Somebody ran a schedule by hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScheduleRun {
    /// Which.
    pub schedule_id: ScheduleId,
    /// Its name then.
    pub name: String,
    /// The kind of the job.
    pub kind: String,
    /// The job.
    pub job_id: JobId,
}

events! {
    /// What happened to a schedule.
    ScheduleEvent ("schedule", Topic::SystemNotifications, version 1) {
        /// It was made.
        Created(ScheduleAlone) = "schedule.created",
        /// It was changed.
        Updated(Box<Change<ScheduleState>>) = "schedule.updated",
        /// It was removed.
        Deleted(ScheduleAlone) = "schedule.deleted",
        /// Somebody ran it by hand.
        Run(ScheduleRun) = "schedule.run",
    }
    key(event) event.id().0;
    subject(event) format!("schedule/{}", event.id());
    samples samples();
}

impl ScheduleEvent {
    /// The schedule.
    #[must_use]
    pub fn id(&self) -> ScheduleId {
        match self {
            Self::Created(s) | Self::Deleted(s) => s.schedule.id,
            Self::Updated(c) => c.after.id,
            Self::Run(run) => run.schedule_id,
        }
    }

    /// Its name, the newest that the event knows.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Created(s) | Self::Deleted(s) => &s.schedule.name,
            Self::Updated(c) => &c.after.name,
            Self::Run(run) => &run.name,
        }
    }
}

fn samples() -> Vec<ScheduleEvent> {
    let schedule = ScheduleState {
        id: ScheduleId(Uuid::from_u128(0x90)),
        name: "Summary of the day".into(),
        cron: Some("*/15 * * * *".into()),
        every_s: None,
        time_zone: "Europe/Vienna".into(),
        since: at(0),
        kind: "daily_summary".into(),
        args: json!({"hour": 8}),
        queue: Queue::Default,
        enabled: true,
        missed: MissedPolicy::Once,
        missed_max: 1,
        created_at: at(0),
        updated_at: at(0),
        version: 1,
    };
    let after = ScheduleState {
        cron: None,
        every_s: Some(900),
        since: at(60),
        updated_at: at(60),
        version: 2,
        ..schedule.clone()
    };
    vec![
        ScheduleEvent::Created(ScheduleAlone {
            schedule: schedule.clone(),
        }),
        ScheduleEvent::Updated(Box::new(Change {
            before: schedule.clone(),
            after,
        })),
        ScheduleEvent::Run(ScheduleRun {
            schedule_id: schedule.id,
            name: schedule.name.clone(),
            kind: schedule.kind.clone(),
            job_id: JobId(Uuid::from_u128(0x60)),
        }),
        ScheduleEvent::Deleted(ScheduleAlone { schedule }),
    ]
}
