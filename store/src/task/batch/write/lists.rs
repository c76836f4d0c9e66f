//! Who works on the tasks of a batch, and their tags: what is gone and what is new, of all of them at once.

use crate::{Changing, StoreError};
use chrono::{DateTime, Utc};
use millstream_domain::ids::TaskId;
use millstream_event_log::events::task::{Assignee, Tag, TaskState};
use uuid::Uuid;

/// A task as it was, if it was, and as it is.
pub(super) type Pair<'a> = (Option<&'a TaskState>, &'a TaskState);

/// The ids of what a list had and has no more, each beside its task's.
fn gone<'a, T: 'a>(
    pairs: &[Pair<'a>],
    list: impl Fn(&'a TaskState) -> &'a [T],
    id: impl Fn(&T) -> Uuid,
) -> (Vec<Uuid>, Vec<Uuid>) {
    let mut gone = (Vec::new(), Vec::new());
    for (before, after) in pairs {
        for old in before.map(&list).unwrap_or_default() {
            if !list(after).iter().any(|new| id(new) == id(old)) {
                gone.0.push(after.id.0);
                gone.1.push(id(old));
            }
        }
    }
    gone
}

/// What a list has that it had not, or not so, each beside its task's id.
fn new<'a, T: PartialEq + 'a>(
    pairs: &[Pair<'a>],
    list: impl Fn(&'a TaskState) -> &'a [T],
) -> Vec<(TaskId, &'a T)> {
    let mut all = Vec::new();
    for (before, after) in pairs {
        let old = before.map(&list).unwrap_or_default();
        let fresh = list(after).iter().filter(|item| !old.contains(item));
        all.extend(fresh.map(|item| (after.id, item)));
    }
    all
}

pub(super) async fn write_assignees(
    cx: &mut Changing<'_>,
    pairs: &[Pair<'_>],
) -> Result<(), StoreError> {
    let (tasks, users) = gone(pairs, |t| &t.assignees, |a: &Assignee| a.user_id.0);
    if !tasks.is_empty() {
        sqlx::query!(
            "delete from app.task_assignee a using unnest($1::uuid[], $2::uuid[]) as g (task_id, user_id)
             where a.task_id = g.task_id and a.user_id = g.user_id",
            &tasks,
            &users,
        )
        .execute(cx.db())
        .await?;
    }
    let new: Vec<(TaskId, &Assignee)> = new(pairs, |t| &t.assignees);
    if new.is_empty() {
        return Ok(());
    }
    let tasks: Vec<Uuid> = new.iter().map(|(task, _)| task.0).collect();
    let users: Vec<Uuid> = new.iter().map(|(_, a)| a.user_id.0).collect();
    let roles: Vec<String> = new.iter().map(|(_, a)| a.role.to_string()).collect();
    let by = new.iter().map(|(_, a)| a.assigned_by.map(Uuid::from));
    let by: Vec<Option<Uuid>> = by.collect();
    let at: Vec<DateTime<Utc>> = new.iter().map(|(_, a)| a.assigned_at).collect();
    sqlx::query!(
        "insert into app.task_assignee as a (task_id, user_id, role, assigned_by, assigned_at)
         select task_id, user_id, role, assigned_by, assigned_at
         from unnest($1::uuid[], $2::uuid[], $3::text[], $4::uuid[], $5::timestamptz[])
              as t (task_id, user_id, role, assigned_by, assigned_at)
         on conflict (task_id, user_id) do update
         set role = excluded.role, assigned_by = excluded.assigned_by, assigned_at = excluded.assigned_at",
        &tasks,
        &users,
        &roles,
        &by as &[Option<Uuid>],
        &at,
    )
    .execute(cx.db())
    .await?;
    Ok(())
}

pub(super) async fn write_tags(
    cx: &mut Changing<'_>,
    pairs: &[Pair<'_>],
) -> Result<(), StoreError> {
    let (tasks, tags) = gone(pairs, |t| &t.tags, |tag: &Tag| tag.id.0);
    if !tasks.is_empty() {
        sqlx::query!(
            "delete from app.task_tag tt using unnest($1::uuid[], $2::uuid[]) as g (task_id, tag_id)
             where tt.task_id = g.task_id and tt.tag_id = g.tag_id",
            &tasks,
            &tags,
        )
        .execute(cx.db())
        .await?;
    }
    let new: Vec<(TaskId, &Tag)> = new(pairs, |t| &t.tags);
    if new.is_empty() {
        return Ok(());
    }
    let tasks: Vec<Uuid> = new.iter().map(|(task, _)| task.0).collect();
    let tags: Vec<Uuid> = new.iter().map(|(_, tag)| tag.id.0).collect();
    sqlx::query!(
        "insert into app.task_tag (task_id, tag_id) select * from unnest($1::uuid[], $2::uuid[])
         on conflict do nothing",
        &tasks,
        &tags,
    )
    .execute(cx.db())
    .await?;
    Ok(())
}
