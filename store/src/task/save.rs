//! Writing a task's rows: its own, its assignees, its tags.

use super::{Task, sort};
use crate::{Changed, Changing, StoreError};
use chrono::{DateTime, Utc};
use millstream_domain::task::Status;
use millstream_event_log::events::Change as Before;
use millstream_event_log::events::task::{TaskEvent, TaskState};
use sqlx::types::Json;
use uuid::Uuid;

/// Which of the events of a changed task it was.
pub(super) type EventOf = fn(Box<Before<TaskState>>) -> TaskEvent;

/// Saves what is different about a task and says so; nothing is written and nothing said when nothing is.
pub(super) async fn changed(
    cx: &mut Changing<'_>,
    before: Task,
    after: TaskState,
    event: EventOf,
) -> Result<Changed<Task>, StoreError> {
    let Some(after) = next_version(&before.state, after, cx.now) else {
        return Ok(Changed::nothing(before));
    };
    if after.assignees != before.state.assignees {
        drop_assignees(cx, &after).await?;
        add_assignees(cx, &after).await?;
    }
    if after.tags != before.state.tags {
        drop_tags(cx, &after).await?;
        add_tags(cx, &after).await?;
    }
    update(cx, &after).await?;
    let task = Task {
        state: after.clone(),
        ..before
    };
    let change = Before {
        before: before.state,
        after,
    };
    Ok(Changed::because(task, event(Box::new(change))))
}

/// The task as its next version; `None` when nothing is different.
pub(super) fn next_version(
    before: &TaskState,
    mut after: TaskState,
    now: DateTime<Utc>,
) -> Option<TaskState> {
    sort(&mut after);
    if after == *before {
        return None;
    }
    after.version += 1;
    after.updated_at = now;
    Some(after)
}

/// When a task was finished, after its status was set: the time stays while it stays done.
pub(super) fn completed_at(
    status: Status,
    before: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    match status {
        Status::Done => before.or(Some(now)),
        Status::Todo | Status::InProgress | Status::Blocked => None,
    }
}

async fn update(cx: &mut Changing<'_>, task: &TaskState) -> Result<(), StoreError> {
    sqlx::query!(
        "update app.task
         set project_id = $2, team_id = $3, number = $4, title = $5, description = $6, status = $7, priority = $8,
             due_at = $9, estimated_hours = $10, actual_hours = $11, parent_id = $12, metadata = $13,
             recurrence = $14, archived = $15, trashed_at = $16, rank = $17, updated_at = $18, completed_at = $19,
             version = $20
         where id = $1",
        task.id.0,
        task.project_id.0,
        task.team_id.0,
        task.number,
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
        task.archived,
        task.trashed_at,
        task.rank,
        task.updated_at,
        task.completed_at,
        task.version,
    )
    .execute(cx.db())
    .await?;
    Ok(())
}

/// Writes a new task's own row.
pub(super) async fn insert(cx: &mut Changing<'_>, task: &TaskState) -> Result<(), StoreError> {
    sqlx::query!(
        "insert into app.task
             (id, project_id, team_id, number, title, description, status, priority, due_at, estimated_hours,
              actual_hours, parent_id, metadata, recurrence, rank, created_by, created_at, updated_at, completed_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $17, $18)",
        task.id.0,
        task.project_id.0,
        task.team_id.0,
        task.number,
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
        task.rank,
        task.created_by.map(Uuid::from),
        task.created_at,
        task.completed_at,
    )
    .execute(cx.db())
    .await?;
    Ok(())
}

async fn drop_assignees(cx: &mut Changing<'_>, task: &TaskState) -> Result<(), StoreError> {
    let users: Vec<Uuid> = task.assignees.iter().map(|a| a.user_id.0).collect();
    sqlx::query!(
        "delete from app.task_assignee where task_id = $1 and user_id <> all($2)",
        task.id.0,
        &users
    )
    .execute(cx.db())
    .await?;
    Ok(())
}

/// Who is an assignee already only gets the role.
pub(super) async fn add_assignees(
    cx: &mut Changing<'_>,
    task: &TaskState,
) -> Result<(), StoreError> {
    if task.assignees.is_empty() {
        return Ok(());
    }
    let users: Vec<Uuid> = task.assignees.iter().map(|a| a.user_id.0).collect();
    let roles: Vec<String> = task.assignees.iter().map(|a| a.role.to_string()).collect();
    let by: Vec<_> = task
        .assignees
        .iter()
        .map(|a| a.assigned_by.map(Uuid::from))
        .collect();
    let at: Vec<_> = task.assignees.iter().map(|a| a.assigned_at).collect();
    sqlx::query!(
        "insert into app.task_assignee as a (task_id, user_id, role, assigned_by, assigned_at)
         select $1, user_id, role, assigned_by, assigned_at
         from unnest($2::uuid[], $3::text[], $4::uuid[], $5::timestamptz[])
              as t (user_id, role, assigned_by, assigned_at)
         on conflict (task_id, user_id) do update set role = excluded.role where a.role <> excluded.role",
        task.id.0,
        &users,
        &roles,
        &by as &[Option<Uuid>],
        &at,
    )
    .execute(cx.db())
    .await?;
    Ok(())
}

async fn drop_tags(cx: &mut Changing<'_>, task: &TaskState) -> Result<(), StoreError> {
    let tags: Vec<Uuid> = task.tags.iter().map(|tag| tag.id.0).collect();
    sqlx::query!(
        "delete from app.task_tag where task_id = $1 and tag_id <> all($2)",
        task.id.0,
        &tags
    )
    .execute(cx.db())
    .await?;
    Ok(())
}

pub(super) async fn add_tags(cx: &mut Changing<'_>, task: &TaskState) -> Result<(), StoreError> {
    if task.tags.is_empty() {
        return Ok(());
    }
    let tags: Vec<Uuid> = task.tags.iter().map(|tag| tag.id.0).collect();
    sqlx::query!(
        "insert into app.task_tag (task_id, tag_id) select $1, unnest($2::uuid[]) on conflict do nothing",
        task.id.0,
        &tags,
    )
    .execute(cx.db())
    .await?;
    Ok(())
}
