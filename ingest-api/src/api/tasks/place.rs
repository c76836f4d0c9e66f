//! `POST /tasks/{id}/archive`, `POST /tasks/{id}/restore`, `DELETE /tasks/{id}`

use crate::answer::{Answer, One};
use crate::api::schema::Problems;
use crate::api::tasks::{TaskBody, task_answer};
use crate::auth::Caller;
use crate::error::ApiError;
use crate::extract::params::flag;
use crate::extract::{Id, IfMatch, JsonBody, NoParams, Params};
use crate::idempotency::write;
use crate::state::AppState;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use millstream_store::task::{PurgeTask, SetTaskPlace, TaskPlace, TaskRef};

#[utoipa::path(
    post, path = "/tasks/{id}/archive", tag = "tasks",
    summary = "Put a task away",
    description = "It stays searchable and can be restored. May be repeated.",
    params(IfMatch, ("id" = String, Path, description = "The task's id, or its name such as `ENG-42`")),
    responses((status = 200, description = "The task as it is now", body = One<TaskBody>), Problems),
    security(("bearer" = [])),
)]
pub(crate) async fn archive_task(
    State(app): State<AppState>,
    caller: Caller,
    Id(task): Id<TaskRef>,
    IfMatch(version): IfMatch,
    _: NoParams,
    JsonBody(fields): JsonBody,
) -> Result<Response, ApiError> {
    fields.finish(|| Some(()))?;
    let archive = to(&caller, task, version, TaskPlace::Archive);
    write(&app, &caller, archive, task_answer).await
}

#[utoipa::path(
    post, path = "/tasks/{id}/restore", tag = "tasks",
    summary = "Bring a task back",
    description = "From the archive or the trash. May be repeated.",
    params(IfMatch, ("id" = String, Path, description = "The task's id, or its name such as `ENG-42`")),
    responses((status = 200, description = "The task as it is now", body = One<TaskBody>), Problems),
    security(("bearer" = [])),
)]
pub(crate) async fn restore_task(
    State(app): State<AppState>,
    caller: Caller,
    Id(task): Id<TaskRef>,
    IfMatch(version): IfMatch,
    _: NoParams,
    JsonBody(fields): JsonBody,
) -> Result<Response, ApiError> {
    fields.finish(|| Some(()))?;
    let restore = to(&caller, task, version, TaskPlace::Open);
    write(&app, &caller, restore, task_answer).await
}

#[utoipa::path(
    delete, path = "/tasks/{id}", tag = "tasks",
    summary = "Throw a task away",
    description = "It goes into the trash: 404 afterwards, listed by `GET /tasks?trashed=true`, back by `/restore`, and removed \
                   for ever after 30 days. With `permanent=true`, which is the admin's, it is removed at once, in the trash or \
                   not, with its comments; its sub-tasks stay, on their own.",
    params(
        IfMatch,
        ("id" = String, Path, description = "The task's id, or its name such as `ENG-42`"),
        ("permanent" = Option<bool>, Query, description = "For ever (admin)"),
    ),
    responses((status = 204, description = "In the trash, or gone"), Problems),
    security(("bearer" = [])),
)]
pub(crate) async fn trash_task(
    State(app): State<AppState>,
    caller: Caller,
    Id(task): Id<TaskRef>,
    IfMatch(version): IfMatch,
    mut params: Params,
) -> Result<Answer, ApiError> {
    let permanent = params.one("permanent", flag).unwrap_or(false);
    params.finish(|| Some(()))?;
    let position = if permanent {
        let purge = PurgeTask {
            actor: caller.actor.clone(),
            task,
            expected_version: version,
        };
        app.store().write(&caller.origin, purge).await?.position
    } else {
        let trash = to(&caller, task, version, TaskPlace::Trash);
        app.store().write(&caller.origin, trash).await?.position
    };
    Ok(Answer::empty(StatusCode::NO_CONTENT).at(position))
}

fn to(
    caller: &Caller,
    task: TaskRef,
    expected_version: Option<millstream_store::Versions>,
    place: TaskPlace,
) -> SetTaskPlace {
    SetTaskPlace {
        actor: caller.actor.clone(),
        task,
        expected_version,
        place,
    }
}
