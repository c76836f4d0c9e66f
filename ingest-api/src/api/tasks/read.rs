//! `GET /tasks/{id}`

use crate::answer::{Answer, One};
use crate::api::schema::Problems;
use crate::api::tasks::{TaskBody, task_answer};
use crate::auth::Caller;
use crate::error::ApiError;
use crate::extract::{Id, NoParams};
use crate::state::AppState;
use axum::extract::State;
use millstream_store::task::TaskRef;

#[utoipa::path(
    get, path = "/tasks/{id}", tag = "tasks",
    summary = "A task",
    params(("id" = String, Path, description = "The task's id, or its name such as `ENG-42`")),
    responses((status = 200, description = "The task", body = One<TaskBody>), Problems),
    security(("bearer" = [])),
)]
pub(crate) async fn read_task(
    State(app): State<AppState>,
    caller: Caller,
    Id(task): Id<TaskRef>,
    _: NoParams,
) -> Result<Answer, ApiError> {
    let task = app.store().task(&caller.actor, &task).await?;
    Ok(task_answer(&task))
}
