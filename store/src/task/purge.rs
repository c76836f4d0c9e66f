//! A task is removed for ever: by an admin, or because it has been in the trash for long enough.

use super::{TaskRef, load, locked, resolve, save};
use crate::version::check_version;
use crate::{Change, Changed, Changing, Store, StoreError};
use chrono::{DateTime, TimeDelta, Utc};
use millstream_domain::cause::in_full;
use millstream_domain::ids::TaskId;
use millstream_domain::policy::{Action, Actor};
use millstream_event_log::events::task::{TaskAlone, TaskEvent, TaskState};
use millstream_event_log::{Event, Origin};

/// Days that a task stays in the trash, unless an admin says otherwise: long enough to miss something after a holiday.
pub const TRASH_DAYS: u16 = 30;
/// Tasks that one step removes, each in a transaction of its own. A backlog takes more steps.
const PURGED_PER_ROUND: i64 = 500;

/// An admin removes a task for ever, with its comments; in the trash or not. Its sub-tasks stay, on their own.
#[derive(Debug)]
pub struct PurgeTask {
    /// Who.
    pub actor: Actor,
    /// Which.
    pub task: TaskRef,
    /// The version that they know, if they said.
    pub expected_version: Option<crate::Versions>,
}

impl Change for PurgeTask {
    type Output = ();

    async fn apply(self, cx: &mut Changing<'_>) -> Result<Changed<()>, StoreError> {
        super::update::lock_team(cx, &self.actor, &self.task, Action::PurgeTasks).await?;
        lock_family(cx, &self.task).await?;
        let task = locked(cx, &self.actor, &self.task, Action::PurgeTasks).await?;
        check_version(self.expected_version, task.state.version)?;
        remove(cx, task.state).await
    }
}

/// The time of a task in the trash has passed.
struct Forget {
    task: TaskId,
    /// What was thrown away before.
    before: DateTime<Utc>,
}

impl Change for Forget {
    type Output = ();

    async fn apply(self, cx: &mut Changing<'_>) -> Result<Changed<()>, StoreError> {
        let (actor, task) = (Actor::System, TaskRef::Id(self.task));
        super::update::lock_team(cx, &actor, &task, Action::PurgeTasks).await?;
        lock_family(cx, &task).await?;
        let task = locked(cx, &actor, &task, Action::PurgeTasks).await?.state;
        // It may have come back, and even gone again, since the list was made.
        if task.trashed_at.is_none_or(|at| at >= self.before) {
            return Ok(Changed::nothing(()));
        }
        remove(cx, task).await
    }
}

impl Store {
    /// Removes some of what has been in the trash for so many days, and says so; how many, 0 when no more can go. Each task once: who comes second finds nothing.
    pub async fn empty_trash(&self, days: u16) -> Result<usize, StoreError> {
        let before = self.clock.now() - TimeDelta::days(days.into());
        let tasks = sqlx::query_scalar!(
            "select id from app.task where trashed_at < $1 order by trashed_at, id limit $2",
            before,
            PURGED_PER_ROUND,
        )
        .fetch_all(&self.pool)
        .await?;
        let mut removed = 0;
        for task in tasks.into_iter().map(TaskId) {
            match self
                .write(&Origin::default(), Forget { task, before })
                .await
            {
                Ok(_) => removed += 1,
                // Another process was faster.
                Err(StoreError::NotFound) => {}
                // One that cannot go does not keep those behind it; without a database none can.
                Err(error @ StoreError::Unavailable(_)) => return Err(error),
                Err(error) => {
                    let error = in_full(&error);
                    tracing::warn!(%task, error, "a task stays in the trash");
                }
            }
        }
        Ok(removed)
    }
}

/// Locks a task and its parts, in the order in which everybody does who locks several.
async fn lock_family(cx: &mut Changing<'_>, task: &TaskRef) -> Result<(), StoreError> {
    let id = resolve(cx.db(), task).await?;
    sqlx::query!(
        "select id from app.task where id = $1 or parent_id = $1 order by id for update",
        id.0,
    )
    .fetch_all(cx.db())
    .await?;
    Ok(())
}

async fn remove(cx: &mut Changing<'_>, task: TaskState) -> Result<Changed<()>, StoreError> {
    let mut events = set_parts_free(cx, task.id).await?;
    sqlx::query!("delete from app.task where id = $1", task.id.0)
        .execute(cx.db())
        .await?;
    events.push(TaskEvent::Deleted(Box::new(TaskAlone { task })).into());
    Ok(Changed { output: (), events })
}

/// The foreign key would do it too, and say nothing.
async fn set_parts_free(cx: &mut Changing<'_>, parent: TaskId) -> Result<Vec<Event>, StoreError> {
    let parts = sqlx::query_scalar!(
        "select id from app.task where parent_id = $1 order by id for no key update",
        parent.0,
    )
    .fetch_all(cx.db())
    .await?;
    let mut events = Vec::with_capacity(parts.len() + 1);
    for before in load(cx.db(), &parts).await? {
        let mut after = before.state.clone();
        after.parent_id = None;
        events.extend(
            save::changed(cx, before, after, TaskEvent::Updated)
                .await?
                .events,
        );
    }
    Ok(events)
}
