//! `POST /tasks`

use super::fields::{READ_ONLY, assignees, hours, metadata, recurrence, tags};
use crate::answer::One;
use crate::api::schema::{self, Problems};
use crate::api::tasks::{TaskBody, task_answer};
use crate::auth::Caller;
use crate::error::ApiError;
use crate::extract::value::{id, text, time, word};
use crate::extract::{Fields, JsonBody, NoParams};
use crate::idempotency::write;
use crate::state::AppState;
use axum::extract::State;
use axum::response::Response;
use chrono::{DateTime, Utc};
use millstream_domain::task::{Description, Priority, Status, Title};
use millstream_store::task::{CreateTask, NewTask};
use utoipa::ToSchema;
use uuid::Uuid;

/// A new task.
#[derive(ToSchema)]
#[schema(as = NewTask)]
#[expect(dead_code, reason = "describes the body, which is read field by field")]
pub(crate) struct NewTaskBody {
    project_id: Uuid,
    /// One line, 1 to 200 characters.
    #[schema(schema_with = schema::line::<200>)]
    title: String,
    /// Markdown, up to 64 KiB.
    #[schema(schema_with = schema::block_or_null::<65536>, required = false)]
    description: Option<String>,
    /// Default `todo`.
    #[schema(schema_with = schema::status_or_null, required = false)]
    status: Option<String>,
    /// Default `medium`.
    #[schema(schema_with = schema::priority_or_null, required = false)]
    priority: Option<String>,
    due_at: Option<DateTime<Utc>>,
    /// 0 to 99,999.99, with at most two decimals.
    #[schema(minimum = 0, maximum = 99_999.99, multiple_of = 0.01)]
    estimated_hours: Option<f64>,
    /// 0 to 99,999.99, with at most two decimals.
    #[schema(minimum = 0, maximum = 99_999.99, multiple_of = 0.01)]
    actual_hours: Option<f64>,
    /// At most 20 members of the team.
    #[schema(max_items = 20)]
    assignees: Option<Vec<AssigneeSpecBody>>,
    /// At most 20 names; unknown ones are made.
    #[schema(schema_with = schema::tags_or_null, required = false)]
    tags: Option<Vec<String>>,
    parent_id: Option<Uuid>,
    /// Up to 16 KiB as JSON.
    #[schema(value_type = Option<Object>)]
    metadata: Option<()>,
    /// RFC 5545 RRULE.
    #[schema(schema_with = schema::rule_or_null, required = false)]
    recurrence: Option<String>,
}

/// Somebody who is to work on a task.
#[derive(ToSchema)]
#[schema(as = AssigneeSpec)]
#[expect(dead_code, reason = "describes the body, which is read field by field")]
pub(crate) struct AssigneeSpecBody {
    user_id: Uuid,
    /// Default `collaborator`.
    #[schema(schema_with = schema::assignee_role_or_null, required = false)]
    role: Option<String>,
    /// May be sent back with the rest; it changes nothing.
    username: Option<String>,
    /// May be sent back with the rest; it changes nothing.
    assigned_by: Option<Uuid>,
    /// May be sent back with the rest; it changes nothing.
    assigned_at: Option<DateTime<Utc>>,
}

/// Reads the body.
pub(crate) fn read(mut fields: Fields) -> Result<NewTask, ApiError> {
    let project_id = fields.required("project_id", id);
    let title = fields.required("title", text(Title::new));
    let description = fields.optional("description", text(Description::new));
    let status = fields.optional("status", word);
    let priority = fields.optional("priority", word);
    let due_at = fields.optional("due_at", time);
    let estimated_hours = fields.optional("estimated_hours", hours);
    let actual_hours = fields.optional("actual_hours", hours);
    let assignees = assignees(&mut fields);
    let tags = tags(&mut fields);
    let parent_id = fields.optional("parent_id", id);
    let metadata = fields.optional("metadata", metadata);
    let recurrence = fields.optional("recurrence", recurrence);
    fields.read_only(READ_ONLY);
    fields.finish(|| {
        Some(NewTask {
            project_id: project_id?,
            title: title?,
            description,
            status: status.unwrap_or(Status::Todo),
            priority: priority.unwrap_or(Priority::Medium),
            due_at,
            estimated_hours,
            actual_hours,
            assignees: assignees.unwrap_or_default(),
            tags: tags.unwrap_or_default(),
            parent_id,
            metadata: metadata.unwrap_or_default(),
            recurrence,
        })
    })
}

#[utoipa::path(
    post, path = "/tasks", tag = "tasks",
    summary = "Make a task",
    request_body = NewTaskBody,
    responses((status = 201, description = "Made", body = One<TaskBody>), Problems),
    security(("bearer" = [])),
)]
pub(crate) async fn create_task(
    State(app): State<AppState>,
    caller: Caller,
    _: NoParams,
    JsonBody(fields): JsonBody,
) -> Result<Response, ApiError> {
    let create = CreateTask {
        actor: caller.actor.clone(),
        task: read(fields)?,
    };
    write(&app, &caller, create, |task| {
        task_answer(task).created(&format!("/api/v1/tasks/{}", task.state.id))
    })
    .await
}
