//! Schedules whose time has come: their jobs, enqueued in the commit that also remembers that the time came. What is missed
//! is decided here, because only here it is known what time it is.

use crate::postgres::View;
use chrono::{DateTime, Utc};
use millstream_domain::clock::Clock;
use millstream_domain::ids::ScheduleId;
use millstream_pipelines::operators::schedule::Due;
use millstream_pipelines::sink::Commit;
use millstream_store::schedule::fire;
use sqlx::{Postgres, Transaction};
use std::sync::Arc;

/// Enqueues jobs.
#[derive(Debug, Clone)]
pub struct SchedulesView {
    clock: Arc<dyn Clock>,
}

impl SchedulesView {
    /// One that goes by this clock.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock }
    }
}

impl View for SchedulesView {
    type Item = Due;

    async fn apply(
        &mut self,
        tx: &mut Transaction<'_, Postgres>,
        commit: &Commit<Due>,
    ) -> Result<(), sqlx::Error> {
        let now = self.clock.now();
        let due = || commit.effects.iter().map(|effect| &effect.item);
        let mut ids: Vec<ScheduleId> = due().map(|due| due.schedule.id).collect();
        ids.sort_unstable();
        ids.dedup();
        let mut fired = fire::lock(tx, &ids).await?;
        for due in due() {
            // One that is not among them was removed meanwhile.
            let Some(fired) = fired.get_mut(&due.schedule.id) else {
                continue;
            };
            if fired.until.is_some_and(|until| due.at <= until) {
                continue;
            }
            fired.until = Some(due.at);
            if is_left_out(due, now) {
                fired.missed += 1;
            } else {
                let job = fire::run(tx, &due.schedule, due.at, now).await?;
                fired.last_run = Some((due.at, job));
            }
        }
        fire::note(tx, &fired).await
    }
}

/// Whether this run was missed, and is not made up for.
fn is_left_out(due: &Due, now: DateTime<Utc>) -> bool {
    let schedule = &due.schedule;
    let most = u32::try_from(schedule.missed_max).unwrap_or(1);
    // Times that were good when it was planned are good now.
    let left_out = |times| schedule.missed.leaves_out(&times, most, due.at, now);
    schedule.timetable().is_ok_and(left_out)
}
