//! `POST /tasks/{id}/move`

use crate::answer::One;
use crate::api::schema::{self, Problems};
use crate::api::tasks::{TaskBody, task_answer};
use crate::auth::Caller;
use crate::error::ApiError;
use crate::extract::value::{id, word};
use crate::extract::{Fields, Id, IfMatch, JsonBody, NoParams};
use crate::idempotency::write;
use crate::state::AppState;
use axum::extract::State;
use axum::response::Response;
use millstream_store::task::{MoveTask, TaskRef};
use utoipa::ToSchema;
use uuid::Uuid;

/// Where a task is to go. What is not given stays.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the body, which is read field by field")]
pub(crate) struct Destination {
    /// Into this column.
    #[schema(schema_with = schema::status_or_null, required = false)]
    status: Option<String>,
    /// Right behind this task of the same project.
    after: Option<Uuid>,
    /// Right before this task of the same project.
    before: Option<Uuid>,
    /// Into this project, at its end if no place is named.
    project_id: Option<Uuid>,
}

fn read(
    mut fields: Fields,
    caller: &Caller,
    task: TaskRef,
    expected_version: Option<millstream_store::Versions>,
) -> Result<MoveTask, ApiError> {
    let status = fields.optional("status", word);
    let after = fields.optional("after", id);
    let before = fields.optional("before", id);
    let project = fields.optional("project_id", id);
    let actor = caller.actor.clone();
    fields.finish(|| {
        Some(MoveTask {
            actor,
            task,
            expected_version,
            status,
            after,
            before,
            project,
        })
    })
}

#[utoipa::path(
    post, path = "/tasks/{id}/move", tag = "tasks",
    summary = "Move a task on its board, or to another project",
    description = "Only this task changes: there is always room between two ranks. May be repeated.\n\n\
                   In another project it gets a new number and name, and the old name stays valid. That takes the right to \
                   write tasks in both. In a project of another team it keeps the assignees who belong to that team, too, and \
                   its tags by name; it leaves its parent, and cannot go while it has sub-tasks.",
    params(IfMatch, ("id" = String, Path, description = "The task's id, or its name such as `ENG-42`")),
    request_body = Destination,
    responses((status = 200, description = "The task as it is now", body = One<TaskBody>), Problems),
    security(("bearer" = [])),
)]
pub(crate) async fn move_task(
    State(app): State<AppState>,
    caller: Caller,
    Id(task): Id<TaskRef>,
    IfMatch(expected_version): IfMatch,
    _: NoParams,
    JsonBody(fields): JsonBody,
) -> Result<Response, ApiError> {
    let change = read(fields, &caller, task, expected_version)?;
    write(&app, &caller, change, task_answer).await
}
