//! A task is removed for ever.

use super::{TaskRef, load_one, locked, save};
use crate::{Change, Changed, Changing, StoreError};
use millstream_domain::ids::TaskId;
use millstream_domain::policy::{Action, Actor};
use millstream_event_log::Event;
use millstream_event_log::events::task::{TaskAlone, TaskEvent};

/// An admin removes a task for ever, with its comments; in the trash or not. Its sub-tasks stay, on their own.
#[derive(Debug)]
pub struct PurgeTask {
    /// Who.
    pub actor: Actor,
    /// Which.
    pub task: TaskRef,
}

impl Change for PurgeTask {
    type Output = ();

    async fn apply(self, cx: &mut Changing<'_>) -> Result<Changed<()>, StoreError> {
        super::update::lock_team(cx, &self.actor, &self.task, Action::PurgeTasks).await?;
        let task = locked(cx, &self.actor, &self.task, Action::PurgeTasks)
            .await?
            .state;
        let mut events = set_parts_free(cx, task.id).await?;
        sqlx::query!("delete from app.task where id = $1", task.id.0)
            .execute(cx.db())
            .await?;
        events.push(TaskEvent::Deleted(Box::new(TaskAlone { task })).into());
        Ok(Changed { output: (), events })
    }
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
    for part in parts {
        let before = load_one(cx.db(), TaskId(part)).await?;
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
