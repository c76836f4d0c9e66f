//! `POST /tasks/{id}/assign`

use super::create::AssigneeSpecBody;
use super::fields::assignees;
use crate::answer::One;
use crate::api::schema::Problems;
use crate::api::tasks::{TaskBody, task_answer};
use crate::auth::Caller;
use crate::error::ApiError;
use crate::extract::{Fields, Id, JsonBody, NoParams};
use crate::idempotency::write;
use crate::state::AppState;
use axum::extract::State;
use axum::response::Response;
use millstream_domain::field::{FieldCode, Invalid};
use millstream_store::task::{AssignTask, AssigneeSpec, TaskRef};
use utoipa::ToSchema;

/// All who are to work on a task.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the body, which is read field by field")]
pub(crate) struct Assignment {
    /// At most 20 members of the team; none takes everybody off.
    #[schema(max_items = 20)]
    assignees: Vec<AssigneeSpecBody>,
}

fn read(mut fields: Fields) -> Result<Vec<AssigneeSpec>, ApiError> {
    if !fields.has("assignees") {
        fields.wrong(
            "assignees",
            Invalid::new(FieldCode::Required, "must be given"),
        );
    }
    let assignees = assignees(&mut fields);
    fields.finish(|| assignees)
}

#[utoipa::path(
    post, path = "/tasks/{id}/assign", tag = "tasks",
    summary = "Say who works on a task",
    description = "Sets all assignees. May be repeated.",
    params(("id" = String, Path, description = "The task's id, or its name such as `ENG-42`")),
    request_body = Assignment,
    responses((status = 200, description = "The task as it is now", body = One<TaskBody>), Problems),
    security(("bearer" = [])),
)]
pub(crate) async fn assign_task(
    State(app): State<AppState>,
    caller: Caller,
    Id(task): Id<TaskRef>,
    _: NoParams,
    JsonBody(fields): JsonBody,
) -> Result<Response, ApiError> {
    let assign = AssignTask {
        actor: caller.actor.clone(),
        task,
        assignees: read(fields)?,
    };
    write(&app, &caller, assign, task_answer).await
}
