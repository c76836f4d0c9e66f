//! `POST /tasks/{id}/watch`, `POST /tasks/{id}/unwatch`

use crate::answer::One;
use crate::api::schema::Problems;
use crate::api::tasks::{TaskBody, task_answer};
use crate::auth::Caller;
use crate::error::ApiError;
use crate::extract::{Id, JsonBody, NoParams};
use crate::idempotency::write;
use crate::state::AppState;
use axum::extract::State;
use axum::response::Response;
use millstream_store::task::{TaskRef, WatchTask};

#[utoipa::path(
    post, path = "/tasks/{id}/watch", tag = "tasks",
    summary = "Watch a task",
    description = "You are told when its status changes, when somebody comments on it, and when it is overdue. Whoever sees a \
                   task may watch it. May be repeated.",
    params(("id" = String, Path, description = "The task's id, or its name such as `ENG-42`")),
    responses((status = 200, description = "The task as it is now", body = One<TaskBody>), Problems),
    security(("bearer" = [])),
)]
pub(crate) async fn watch_task(
    State(app): State<AppState>,
    caller: Caller,
    Id(task): Id<TaskRef>,
    _: NoParams,
    JsonBody(fields): JsonBody,
) -> Result<Response, ApiError> {
    fields.finish(|| Some(()))?;
    choose(&app, &caller, task, true).await
}

#[utoipa::path(
    post, path = "/tasks/{id}/unwatch", tag = "tasks",
    summary = "Do not watch a task",
    description = "You are told of it no more, although you made it or have commented on it; only when it is given to you, is \
                   overdue while it is yours, or somebody mentions you. May be repeated.",
    params(("id" = String, Path, description = "The task's id, or its name such as `ENG-42`")),
    responses((status = 200, description = "The task as it is now", body = One<TaskBody>), Problems),
    security(("bearer" = [])),
)]
pub(crate) async fn unwatch_task(
    State(app): State<AppState>,
    caller: Caller,
    Id(task): Id<TaskRef>,
    _: NoParams,
    JsonBody(fields): JsonBody,
) -> Result<Response, ApiError> {
    fields.finish(|| Some(()))?;
    choose(&app, &caller, task, false).await
}

async fn choose(
    app: &AppState,
    caller: &Caller,
    task: TaskRef,
    watches: bool,
) -> Result<Response, ApiError> {
    let actor = caller.actor.clone();
    let watch = WatchTask {
        actor,
        task,
        watches,
    };
    write(app, caller, watch, task_answer).await
}
