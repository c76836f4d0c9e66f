//! Fields of a task are changed.

use super::{AssigneeSpec, Task, TaskRef, act, load_one, locked};
use crate::user::check_version;
use crate::{Change, Changed, Changing, StoreError, tag};
use chrono::{DateTime, Utc};
use millstream_domain::field::FieldCode;
use millstream_domain::ids::{TaskId, TeamId};
use millstream_domain::policy::{Action, Actor};
use millstream_domain::task::{Description, Hours, Metadata, Priority, Status, TagName, Title};
use millstream_event_log::events::Change as Before;
use millstream_event_log::events::task::{TaskEvent, TaskState};
use sqlx::types::Json;
use uuid::Uuid;

/// How deep tasks may be parts of tasks: bounds the search for cycles.
const PARENTS_MAX: i32 = 20;

/// What is to be different; `None` leaves it as it is, `Some(None)` clears it.
#[derive(Debug, Clone, Default)]
pub struct TaskEdit {
    /// One line.
    pub title: Option<Title>,
    /// Markdown.
    pub description: Option<Description>,
    /// How far it is.
    pub status: Option<Status>,
    /// How much it matters.
    pub priority: Option<Priority>,
    /// When it is due.
    pub due_at: Option<Option<DateTime<Utc>>>,
    /// Hours it is thought to take.
    pub estimated_hours: Option<Option<Hours>>,
    /// Hours it took.
    pub actual_hours: Option<Option<Hours>>,
    /// Who works on it, all of them.
    pub assignees: Option<Vec<AssigneeSpec>>,
    /// Its tags, all of them.
    pub tags: Option<Vec<TagName>>,
    /// The task it is a part of.
    pub parent_id: Option<Option<TaskId>>,
    /// What the team keeps with it.
    pub metadata: Option<Metadata>,
    /// How it recurs.
    pub recurrence: Option<Option<String>>,
}

/// Somebody changes fields of a task.
#[derive(Debug)]
pub struct UpdateTask {
    /// Who.
    pub actor: Actor,
    /// Which.
    pub task: TaskRef,
    /// The version that they know, if they said.
    pub expected_version: Option<i64>,
    /// What is to be different.
    pub edit: TaskEdit,
}

impl Change for UpdateTask {
    type Output = Task;

    async fn apply(self, cx: &mut Changing<'_>) -> Result<Changed<Task>, StoreError> {
        let before = locked(cx, &self.actor, &self.task, Action::WriteTasks).await?;
        if before.state.trashed_at.is_some() {
            return Err(StoreError::NotFound);
        }
        check_version(self.expected_version, before.state.version)?;
        let (id, team) = (before.state.id, before.state.team_id);
        if let Some(assignees) = &self.edit.assignees {
            act::check_assignees(cx, team, assignees).await?;
            act::set_assignees(cx, id, assignees).await?;
        }
        if let Some(parent) = self.edit.parent_id {
            check_parent(cx, team, Some(id), parent).await?;
        }
        if let Some(names) = &self.edit.tags {
            let tags = tag::ids_of(cx, team, names).await?;
            set_tags(cx, id, &tags).await?;
        }
        let wanted = self.edit.applied(&before.state, cx.now);
        save(cx, &wanted).await?;
        finish(cx, before, TaskEvent::Updated).await
    }
}

/// Raises the version and says what happened, if anything did.
pub(super) async fn finish(
    cx: &mut Changing<'_>,
    before: Task,
    event: fn(Box<Before<TaskState>>) -> TaskEvent,
) -> Result<Changed<Task>, StoreError> {
    let id = before.state.id;
    let mut after = load_one(cx.db(), id).await?;
    if after == before {
        return Ok(Changed::nothing(before));
    }
    let now = cx.now;
    after.state.version = sqlx::query_scalar!(
        "update app.task set version = version + 1, updated_at = $2 where id = $1 returning version",
        id.0,
        now,
    )
    .fetch_one(cx.db())
    .await?;
    after.state.updated_at = now;
    let change = Before {
        before: before.state,
        after: after.state.clone(),
    };
    Ok(Changed::because(after, event(Box::new(change))))
}

impl TaskEdit {
    /// The fields that stand in the task's own row.
    fn applied(self, before: &TaskState, now: DateTime<Utc>) -> TaskState {
        let mut task = before.clone();
        if let Some(title) = self.title {
            task.title = title.into_string();
        }
        if let Some(description) = self.description {
            task.description = description.into_string();
        }
        task.status = self.status.unwrap_or(task.status);
        task.priority = self.priority.unwrap_or(task.priority);
        task.due_at = self.due_at.unwrap_or(task.due_at);
        task.estimated_hours = self
            .estimated_hours
            .map_or(task.estimated_hours, |h| h.map(Hours::get));
        task.actual_hours = self
            .actual_hours
            .map_or(task.actual_hours, |h| h.map(Hours::get));
        task.parent_id = self.parent_id.unwrap_or(task.parent_id);
        if let Some(metadata) = self.metadata {
            task.metadata = metadata;
        }
        task.recurrence = self.recurrence.unwrap_or(task.recurrence);
        task.completed_at = match (task.status, before.completed_at) {
            (Status::Done, None) => Some(now),
            (Status::Done, done) => done,
            (Status::Todo | Status::InProgress | Status::Blocked, _) => None,
        };
        task
    }
}

async fn save(cx: &mut Changing<'_>, task: &TaskState) -> Result<(), StoreError> {
    sqlx::query!(
        "update app.task
         set title = $2, description = $3, status = $4, priority = $5, due_at = $6, estimated_hours = $7,
             actual_hours = $8, parent_id = $9, metadata = $10, recurrence = $11, completed_at = $12
         where id = $1",
        task.id.0,
        task.title,
        task.description,
        task.status.as_str(),
        task.priority.as_str(),
        task.due_at,
        task.estimated_hours,
        task.actual_hours,
        task.parent_id.map(Uuid::from),
        Json(&task.metadata) as _,
        task.recurrence,
        task.completed_at,
    )
    .execute(cx.db())
    .await?;
    Ok(())
}

/// Sets all tags of a task.
pub(super) async fn set_tags(
    cx: &mut Changing<'_>,
    task: TaskId,
    tags: &[Uuid],
) -> Result<(), StoreError> {
    sqlx::query!(
        "delete from app.task_tag where task_id = $1 and tag_id <> all($2)",
        task.0,
        tags
    )
    .execute(cx.db())
    .await?;
    if !tags.is_empty() {
        sqlx::query!(
            "insert into app.task_tag (task_id, tag_id) select $1, unnest($2::uuid[]) on conflict do nothing",
            task.0,
            tags,
        )
        .execute(cx.db())
        .await?;
    }
    Ok(())
}

/// A parent must be a task of the same team, not too deep, and not a part of the task itself.
pub(super) async fn check_parent(
    cx: &mut Changing<'_>,
    team: TeamId,
    task: Option<TaskId>,
    parent: Option<TaskId>,
) -> Result<(), StoreError> {
    let Some(parent) = parent else { return Ok(()) };
    // Shared locks on the way up would not keep two tasks from becoming each other's parent; one lock per team does.
    sqlx::query!(
        "select id from app.team where id = $1 for no key update",
        team.0
    )
    .fetch_optional(cx.db())
    .await?;
    let line = sqlx::query!(
        r#"
        with recursive line (id, parent_id, depth) as (
            select id, parent_id, 1 from app.task where id = $1 and team_id = $2 and trashed_at is null
            union all
            select t.id, t.parent_id, line.depth + 1
            from line join app.task t on t.id = line.parent_id where line.depth < $3
        )
        select id as "id!", depth as "depth!" from line
        "#,
        parent.0,
        team.0,
        PARENTS_MAX,
    )
    .fetch_all(cx.db())
    .await?;
    let wrong = |code, message: &str| Err(StoreError::field("parent_id", code, message));
    if line.is_empty() {
        return wrong(FieldCode::NotFound, "must be a task of the same team");
    }
    if task.is_some_and(|task| line.iter().any(|above| above.id == task.0)) {
        return wrong(
            FieldCode::Invalid,
            "must not be the task itself or a part of it",
        );
    }
    if line.len() >= usize::try_from(PARENTS_MAX).unwrap_or(usize::MAX) {
        return wrong(
            FieldCode::OutOfRange,
            "must not be more than 20 levels deep",
        );
    }
    Ok(())
}
