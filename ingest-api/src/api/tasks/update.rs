//! `PATCH /tasks/{id}`

use super::create::AssigneeSpecBody;
use super::fields::{READ_ONLY, assignees, hours, metadata_patch, recurrence, tags};
use crate::answer::One;
use crate::api::schema::{self, Problems};
use crate::api::tasks::{TaskBody, task_answer};
use crate::auth::Caller;
use crate::error::ApiError;
use crate::extract::value::{id, text, time, word};
use crate::extract::{Fields, Id, IfMatch, JsonBody, NoParams};
use crate::idempotency::write;
use crate::state::AppState;
use axum::extract::State;
use axum::response::Response;
use chrono::{DateTime, Utc};
use millstream_domain::task::{Description, Title};
use millstream_store::task::{TaskEdit, TaskRef, UpdateTask};
use utoipa::ToSchema;
use uuid::Uuid;

/// What is to be different about a task (JSON merge patch: null clears).
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the body, which is read field by field")]
pub(crate) struct TaskPatch {
    /// One line, 1 to 200 characters.
    #[schema(schema_with = schema::line::<200>, required = false)]
    title: Option<String>,
    /// Markdown, up to 64 KiB.
    #[schema(schema_with = schema::block_or_null::<65536>, required = false)]
    description: Option<String>,
    #[schema(schema_with = schema::status, required = false)]
    status: Option<String>,
    #[schema(schema_with = schema::priority, required = false)]
    priority: Option<String>,
    due_at: Option<DateTime<Utc>>,
    /// 0 to 99,999.99, with at most two decimals.
    #[schema(minimum = 0, maximum = 99_999.99, multiple_of = 0.01)]
    estimated_hours: Option<f64>,
    /// 0 to 99,999.99, with at most two decimals.
    #[schema(minimum = 0, maximum = 99_999.99, multiple_of = 0.01)]
    actual_hours: Option<f64>,
    /// All of them, at most 20 members of the team.
    #[schema(max_items = 20)]
    assignees: Option<Vec<AssigneeSpecBody>>,
    /// All of them, at most 20 names; unknown ones are made.
    #[schema(schema_with = schema::tags_or_null, required = false)]
    tags: Option<Vec<String>>,
    parent_id: Option<Uuid>,
    /// Merged member by member, null removes one; up to 16 KiB as JSON.
    #[schema(value_type = Option<Object>)]
    metadata: Option<()>,
    /// RFC 5545 RRULE.
    #[schema(schema_with = schema::rule_or_null, required = false)]
    recurrence: Option<String>,
}

/// Reads the body.
pub(crate) fn read(mut fields: Fields) -> Result<TaskEdit, ApiError> {
    let edit = TaskEdit {
        title: fields.changed("title", text(Title::new)),
        description: fields.emptiable("description", Description::new),
        status: fields.changed("status", word),
        priority: fields.changed("priority", word),
        due_at: fields.clearable("due_at", time),
        estimated_hours: fields.clearable("estimated_hours", hours),
        actual_hours: fields.clearable("actual_hours", hours),
        assignees: assignees(&mut fields),
        tags: tags(&mut fields),
        parent_id: fields.clearable("parent_id", id),
        metadata: fields.clearable("metadata", metadata_patch),
        recurrence: fields.clearable("recurrence", recurrence),
    };
    fields.read_only(READ_ONLY);
    // A task changes its project by an act of its own.
    fields.read_only(&["project_id"]);
    fields.finish(|| Some(edit))
}

#[utoipa::path(
    patch, path = "/tasks/{id}", tag = "tasks",
    summary = "Change a task",
    description = "Only what is given changes. `assignees` and `tags` replace the whole set.",
    params(IfMatch, ("id" = String, Path, description = "The task's id, or its name such as `ENG-42`")),
    request_body(content = TaskPatch, content_type = "application/merge-patch+json"),
    responses((status = 200, description = "The task as it is now", body = One<TaskBody>), Problems),
    security(("bearer" = [])),
)]
pub(crate) async fn update_task(
    State(app): State<AppState>,
    caller: Caller,
    Id(task): Id<TaskRef>,
    IfMatch(expected_version): IfMatch,
    _: NoParams,
    JsonBody(fields): JsonBody,
) -> Result<Response, ApiError> {
    let update = UpdateTask {
        actor: caller.actor.clone(),
        task,
        expected_version,
        edit: read(fields)?,
    };
    write(&app, &caller, update, task_answer).await
}
