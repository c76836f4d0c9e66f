//! A schedule is made, changed, removed, or run by hand.

use super::kinds::{self, known};
use super::{Schedule, locked};
use crate::job::{Job, NewJob};
use crate::version::check_version;
use crate::{Change, Changed, Changing, StoreError};
use chrono::{DateTime, Utc};
use millstream_domain::field::{FieldCode, FieldError};
use millstream_domain::ids::ScheduleId;
use millstream_domain::job::Queue;
use millstream_domain::policy::{Action, Actor, Target, decide};
use millstream_domain::schedule::{CronExpression, MissedPolicy, ScheduleName};
use millstream_domain::user::TimeZone;
use millstream_event_log::events::Change as Before;
use millstream_event_log::events::schedule::{
    ScheduleAlone, ScheduleEvent, ScheduleRun, ScheduleState,
};
use serde_json::Value;

/// An admin makes a schedule.
#[derive(Debug)]
pub struct CreateSchedule {
    /// Who.
    pub actor: Actor,
    /// What it is called.
    pub name: ScheduleName,
    /// The kind of its jobs.
    pub kind: String,
    /// All the rest; what is not given is by default.
    pub edit: ScheduleEdit,
}

/// An admin changes a schedule.
#[derive(Debug)]
pub struct UpdateSchedule {
    /// Who.
    pub actor: Actor,
    /// Which.
    pub id: ScheduleId,
    /// The version that they know, if they said.
    pub expected_version: Option<crate::Versions>,
    /// What is to be different.
    pub edit: ScheduleEdit,
}

/// What is to be different about a schedule; `None` leaves it as it is.
#[derive(Debug, Clone, Default)]
pub struct ScheduleEdit {
    /// What it is called.
    pub name: Option<ScheduleName>,
    /// Its times on the wall. They take the place of seconds, unless those are named too.
    pub cron: Option<Option<CronExpression>>,
    /// The seconds between two runs. They take the place of times on the wall, unless those are named too.
    pub every_s: Option<Option<u32>>,
    /// Whose wall it is.
    pub time_zone: Option<TimeZone>,
    /// The kind of its jobs.
    pub kind: Option<String>,
    /// What they are given.
    pub args: Option<Value>,
    /// Where they wait.
    pub queue: Option<Queue>,
    /// Whether it runs.
    pub enabled: Option<bool>,
    /// What becomes of runs that were missed.
    pub missed: Option<MissedPolicy>,
    /// Most of them that are made up for.
    pub missed_max: Option<u32>,
}

impl ScheduleEdit {
    /// The schedule as it is to be; all that is wrong with it at once.
    fn applied(
        self,
        before: &ScheduleState,
        now: DateTime<Utc>,
    ) -> Result<ScheduleState, StoreError> {
        let mut after = before.clone();
        if let Some(name) = self.name {
            after.name = name.into_string();
        }
        let (cron, every_s) = match (self.cron, self.every_s) {
            (Some(Some(cron)), None) => (Some(cron.into_string()), None),
            (None, Some(Some(seconds))) => (None, Some(seconds)),
            (cron, every_s) => {
                let stood = before.every_s.and_then(|s| u32::try_from(s).ok());
                let kept = || before.cron.clone();
                let cron = cron.map_or_else(kept, |cron| cron.map(CronExpression::into_string));
                (cron, every_s.unwrap_or(stood))
            }
        };
        after.cron = cron;
        after.every_s = every_s.and_then(|s| i32::try_from(s).ok());
        if after.every_s != before.every_s || before.version == 0 {
            after.since = now;
        }
        if let Some(zone) = self.time_zone {
            after.time_zone = zone.into_string();
        }
        after.kind = self.kind.unwrap_or(after.kind);
        after.args = self.args.unwrap_or(after.args);
        after.queue = self.queue.unwrap_or(after.queue);
        after.enabled = self.enabled.unwrap_or(after.enabled);
        after.missed = self.missed.unwrap_or(after.missed);
        if let Some(most) = self.missed_max {
            after.missed_max = i32::try_from(most).unwrap_or(after.missed_max);
        }
        check(&after)?;
        Ok(after)
    }
}

fn check(schedule: &ScheduleState) -> Result<(), StoreError> {
    let mut wrong: Vec<_> = known(&schedule.kind)?
        .check(&schedule.args)
        .err()
        .into_iter()
        .collect();
    match (&schedule.cron, schedule.every_s) {
        (Some(_), Some(_)) => wrong.push(FieldError::new(
            "every_s",
            FieldCode::Invalid,
            "must be null where `cron` is given",
        )),
        (None, None) => wrong.push(FieldError::new(
            "cron",
            FieldCode::Required,
            "must be given where `every_s` is not",
        )),
        (Some(_), None) | (None, Some(_)) => {}
    }
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(StoreError::Fields(wrong))
    }
}

impl Change for CreateSchedule {
    type Output = Schedule;

    async fn apply(self, cx: &mut Changing<'_>) -> Result<Changed<Schedule>, StoreError> {
        decide(&self.actor, Action::ManageSchedules, Target::SYSTEM)?;
        let queue = known(&self.kind)?.queue;
        let fresh = ScheduleState {
            id: cx.id(),
            name: self.name.into_string(),
            cron: None,
            every_s: None,
            time_zone: "UTC".to_owned(),
            since: cx.now,
            kind: self.kind,
            args: Value::Object(serde_json::Map::new()),
            queue,
            enabled: true,
            missed: MissedPolicy::Once,
            missed_max: 1,
            created_at: cx.now,
            updated_at: cx.now,
            version: 0,
        };
        let mut schedule = self.edit.applied(&fresh, cx.now)?;
        schedule.version = 1;
        insert(cx, &schedule).await?;
        let output = Schedule {
            state: schedule.clone(),
            last_run_at: None,
            last_job_id: None,
            missed_count: 0,
        };
        let event = ScheduleEvent::Created(ScheduleAlone { schedule });
        Ok(Changed::because(output, event))
    }
}

async fn insert(cx: &mut Changing<'_>, schedule: &ScheduleState) -> Result<(), StoreError> {
    sqlx::query!(
        "insert into app.schedule (id, name, cron, every_s, time_zone, since, kind, args, queue, enabled, missed,
                                   missed_max, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8::text::json, $9, $10, $11, $12, $13, $13)",
        schedule.id.0,
        schedule.name,
        schedule.cron,
        schedule.every_s,
        schedule.time_zone,
        schedule.since,
        schedule.kind,
        schedule.args.to_string(),
        schedule.queue.as_str(),
        schedule.enabled,
        schedule.missed.as_str(),
        schedule.missed_max,
        schedule.created_at,
    )
    .execute(cx.db())
    .await?;
    Ok(())
}

impl Change for UpdateSchedule {
    type Output = Schedule;

    async fn apply(self, cx: &mut Changing<'_>) -> Result<Changed<Schedule>, StoreError> {
        let found = locked(cx, &self.actor, self.id).await?;
        let before = found.state.clone();
        check_version(self.expected_version, before.version)?;
        let mut after = self.edit.applied(&before, cx.now)?;
        if after == before {
            return Ok(Changed::nothing(found));
        }
        after.version += 1;
        after.updated_at = cx.now;
        save(cx, &after).await?;
        let output = Schedule {
            state: after.clone(),
            ..found
        };
        let event = ScheduleEvent::Updated(Box::new(Before { before, after }));
        Ok(Changed::because(output, event))
    }
}

async fn save(cx: &mut Changing<'_>, schedule: &ScheduleState) -> Result<(), StoreError> {
    sqlx::query!(
        "update app.schedule
         set name = $2, cron = $3, every_s = $4, time_zone = $5, since = $6, kind = $7, args = $8::text::json, queue = $9,
             enabled = $10, missed = $11, missed_max = $12, updated_at = $13, version = $14
         where id = $1",
        schedule.id.0,
        schedule.name,
        schedule.cron,
        schedule.every_s,
        schedule.time_zone,
        schedule.since,
        schedule.kind,
        schedule.args.to_string(),
        schedule.queue.as_str(),
        schedule.enabled,
        schedule.missed.as_str(),
        schedule.missed_max,
        schedule.updated_at,
        schedule.version,
    )
    .execute(cx.db())
    .await?;
    Ok(())
}

/// An admin removes a schedule. What it has enqueued stays.
#[derive(Debug)]
pub struct DeleteSchedule {
    /// Who.
    pub actor: Actor,
    /// Which.
    pub id: ScheduleId,
    /// The version that they know, if they said.
    pub expected_version: Option<crate::Versions>,
}

impl Change for DeleteSchedule {
    type Output = ();

    async fn apply(self, cx: &mut Changing<'_>) -> Result<Changed<()>, StoreError> {
        let schedule = locked(cx, &self.actor, self.id).await?.state;
        check_version(self.expected_version, schedule.version)?;
        sqlx::query!("delete from app.schedule where id = $1", self.id.0)
            .execute(cx.db())
            .await?;
        let event = ScheduleEvent::Deleted(ScheduleAlone { schedule });
        Ok(Changed::because((), event))
    }
}

/// An admin runs a schedule now, beside its times; one that is off, too.
#[derive(Debug)]
pub struct RunSchedule {
    /// Who.
    pub actor: Actor,
    /// Which.
    pub id: ScheduleId,
}

impl Change for RunSchedule {
    type Output = Job;

    async fn apply(self, cx: &mut Changing<'_>) -> Result<Changed<Job>, StoreError> {
        let schedule = locked(cx, &self.actor, self.id).await?.state;
        let attempts = kinds::kind(&schedule.kind).map_or(1, |kind| kind.attempts_max);
        let job = NewJob::planned(cx.id(), &schedule, attempts, cx.now)?;
        let job = cx.enqueue(&job.owned_by(cx.origin.actor)).await?.into_job();
        let now = cx.now;
        sqlx::query!(
            "update app.schedule set last_run_at = $2, last_job_id = $3 where id = $1",
            self.id.0,
            now,
            job.id.0,
        )
        .execute(cx.db())
        .await?;
        let run = ScheduleRun {
            schedule_id: schedule.id,
            name: schedule.name,
            kind: schedule.kind,
            job_id: job.id,
        };
        Ok(Changed::because(job, ScheduleEvent::Run(run)))
    }
}
