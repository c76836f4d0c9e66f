//! Writes what a batch has come to: the rows of each kind by one statement.

mod lists;

use super::decide::Work;
use super::scene::Scene;
use crate::{Changing, StoreError, tag};
use millstream_domain::ids::TaskId;
use millstream_event_log::events::task::TaskState;
use sqlx::types::Json;
use uuid::Uuid;

/// Writes the difference between the two scenes.
pub(super) async fn write(
    cx: &mut Changing<'_>,
    before: &Scene,
    after: &Scene,
    work: &Work,
) -> Result<(), StoreError> {
    tag::many::insert(cx, &work.made).await?;
    give_numbers(cx, after, work).await?;
    let state = |id: &TaskId| after.tasks.get(id).map(|task| &task.state);
    let created: Vec<_> = work.created.iter().filter_map(state).collect();
    insert(cx, &created).await?;
    let changed: Vec<_> = work.changed.iter().filter_map(state).collect();
    update(cx, &changed).await?;
    let earlier = |task: &&TaskState| before.tasks.get(&task.id).map(|task| &task.state);
    let pairs = created.iter().chain(&changed);
    let pairs: Vec<_> = pairs.map(|task| (earlier(task), *task)).collect();
    lists::write_assignees(cx, &pairs).await?;
    lists::write_tags(cx, &pairs).await
}

/// The projects are locked.
async fn give_numbers(cx: &mut Changing<'_>, scene: &Scene, work: &Work) -> Result<(), StoreError> {
    if work.numbered.is_empty() {
        return Ok(());
    }
    let numbered = work.numbered.iter();
    let (ids, numbers): (Vec<Uuid>, Vec<i64>) = numbered
        .filter_map(|id| Some((id.0, scene.projects.get(id)?.last_number)))
        .unzip();
    sqlx::query!(
        "update app.project p set last_number = n.last_number
         from unnest($1::uuid[], $2::bigint[]) as n (id, last_number) where p.id = n.id",
        &ids,
        &numbers,
    )
    .execute(cx.db())
    .await?;
    Ok(())
}

/// New tasks' own rows. As JSON: columns as arrays would need one for each, and there is none for metadata.
async fn insert(cx: &mut Changing<'_>, tasks: &[&TaskState]) -> Result<(), StoreError> {
    if tasks.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "insert into app.task
             (id, project_id, team_id, number, title, description, status, priority, due_at, estimated_hours,
              actual_hours, parent_id, metadata, recurrence, rank, created_by, created_at, updated_at, completed_at)
         select id, project_id, team_id, number, title, description, status, priority, due_at, estimated_hours,
                actual_hours, parent_id, metadata, recurrence, rank, created_by, created_at, updated_at, completed_at
         from jsonb_to_recordset($1) as t
             (id uuid, project_id uuid, team_id uuid, number bigint, title text, description text, status text,
              priority text, due_at timestamptz, estimated_hours double precision, actual_hours double precision,
              parent_id uuid, metadata jsonb, recurrence text, rank text, created_by uuid, created_at timestamptz,
              updated_at timestamptz, completed_at timestamptz)",
        Json(tasks) as _,
    )
    .execute(cx.db())
    .await?;
    Ok(())
}

/// The rows of tasks that are different; project, number and rank are changed by a move alone.
async fn update(cx: &mut Changing<'_>, tasks: &[&TaskState]) -> Result<(), StoreError> {
    if tasks.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "update app.task as t
         set title = n.title, description = n.description, status = n.status, priority = n.priority,
             due_at = n.due_at, estimated_hours = n.estimated_hours, actual_hours = n.actual_hours,
             parent_id = n.parent_id, metadata = n.metadata, recurrence = n.recurrence, archived = n.archived,
             trashed_at = n.trashed_at, updated_at = n.updated_at, completed_at = n.completed_at, version = n.version
         from jsonb_to_recordset($1) as n
             (id uuid, title text, description text, status text, priority text, due_at timestamptz,
              estimated_hours double precision, actual_hours double precision, parent_id uuid, metadata jsonb,
              recurrence text, archived boolean, trashed_at timestamptz, updated_at timestamptz,
              completed_at timestamptz, version bigint)
         where t.id = n.id",
        Json(tasks) as _,
    )
    .execute(cx.db())
    .await?;
    Ok(())
}
