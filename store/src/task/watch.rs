//! Somebody watches a task, or does not want to hear of it.
//!
//! Without a choice, people are told of tasks that they made, work on or have spoken in. Whoever watches one is told although
//! they do none of that; whoever chose not to watch is told only what is meant for them, whatever they do. The choice says
//! nothing about the task, whose version stays.

use super::{Task, TaskRef, locked};
use crate::{Change, Changed, Changing, Store, StoreError};
use millstream_domain::ids::{TaskId, UserId};
use millstream_domain::policy::{Action, Actor, Refusal};
use millstream_domain::task::WATCHERS_MAX;
use millstream_event_log::events::WatchEvent;
use millstream_event_log::events::watch::Watcher;

/// Somebody who watches a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskWatcher {
    /// Who.
    pub user_id: UserId,
    /// How they are shown.
    pub display_name: String,
}

/// Who watches a task, and what the one who asks has chosen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TaskWatchers {
    /// Those who chose to, by username.
    pub watchers: Vec<TaskWatcher>,
    /// The choice of who asks; `None` where they made none.
    pub chosen: Option<bool>,
}

impl Store {
    /// Who watches a task that the actor sees.
    pub async fn watchers(
        &self,
        actor: &Actor,
        task: &TaskRef,
    ) -> Result<TaskWatchers, StoreError> {
        let task = self.task(actor, task).await?.state.id;
        let me = actor.user_id();
        let rows = sqlx::query!(
            "select w.user_id, w.watches, u.display_name
             from app.task_watcher w join app.user u on u.id = w.user_id
             where w.task_id = $1 and (w.watches or w.user_id = $2) order by u.username",
            task.0,
            me.map(|me| me.0),
        )
        .fetch_all(&self.pool)
        .await?;
        let chosen = rows.iter().find(|row| Some(UserId(row.user_id)) == me);
        Ok(TaskWatchers {
            chosen: chosen.map(|row| row.watches),
            watchers: rows
                .into_iter()
                .filter(|row| row.watches)
                .map(|row| TaskWatcher {
                    user_id: UserId(row.user_id),
                    display_name: row.display_name,
                })
                .collect(),
        })
    }
}

/// Somebody chooses whether to be told what happens to a task.
#[derive(Debug)]
pub struct WatchTask {
    /// Who, for themselves.
    pub actor: Actor,
    /// Which task.
    pub task: TaskRef,
    /// Whether they want to be told.
    pub watches: bool,
}

impl Change for WatchTask {
    type Output = Task;

    async fn apply(self, cx: &mut Changing<'_>) -> Result<Changed<Task>, StoreError> {
        let user_id = self.actor.user_id().ok_or(Refusal::Unauthenticated)?;
        let mut task = locked(cx, &self.actor, &self.task, Action::WatchTasks).await?;
        if task.state.trashed_at.is_some() {
            return Err(StoreError::NotFound);
        }
        let chosen = choice(cx, task.state.id, user_id).await?;
        if chosen == Some(self.watches) {
            return Ok(Changed::nothing(task));
        }
        let watched_before = chosen == Some(true);
        task.watchers_count += i64::from(self.watches) - i64::from(watched_before);
        if task.watchers_count > i64::try_from(WATCHERS_MAX).unwrap_or(i64::MAX) {
            let message = format!("the task has {WATCHERS_MAX} watchers, the most there can be");
            return Err(StoreError::Conflict(message));
        }
        self.save(cx, task.state.id, user_id).await?;
        let watcher = Watcher {
            user_id,
            task_id: task.state.id,
            name: task.state.name.clone(),
            title: task.state.title.clone(),
            project_id: task.state.project_id,
            team_id: task.state.team_id,
            since: cx.now,
        };
        let event = if self.watches {
            WatchEvent::Watched(watcher)
        } else {
            WatchEvent::Unwatched(watcher)
        };
        Ok(Changed::because(task, event))
    }
}

impl WatchTask {
    async fn save(
        &self,
        cx: &mut Changing<'_>,
        task: TaskId,
        user: UserId,
    ) -> Result<(), StoreError> {
        let now = cx.now;
        sqlx::query!(
            "insert into app.task_watcher (task_id, user_id, watches, since) values ($1, $2, $3, $4)
             on conflict (task_id, user_id) do update set watches = excluded.watches, since = excluded.since",
            task.0,
            user.0,
            self.watches,
            now,
        )
        .execute(cx.db())
        .await?;
        Ok(())
    }
}

/// What somebody chose before, if anything. The task is locked, so the answer holds.
async fn choice(
    cx: &mut Changing<'_>,
    task: TaskId,
    user: UserId,
) -> Result<Option<bool>, StoreError> {
    Ok(sqlx::query_scalar!(
        "select watches from app.task_watcher where task_id = $1 and user_id = $2",
        task.0,
        user.0,
    )
    .fetch_optional(cx.db())
    .await?)
}
