//! `GET /tasks`, `GET /projects/{id}/tasks`, `GET /tasks/{id}/subtasks`

use super::filters::{Asked, TaskFilters, read};
use crate::answer::{Answer, Many};
use crate::api::schema::Problems;
use crate::api::tasks::TaskBody;
use crate::auth::Caller;
use crate::error::ApiError;
use crate::extract::params::id;
use crate::extract::{Id, Params};
use crate::state::AppState;
use axum::extract::State;
use millstream_domain::ids::ProjectId;
use millstream_store::task::TaskRef;

#[utoipa::path(
    get, path = "/tasks", tag = "tasks",
    summary = "Tasks",
    description = "Those of the teams that you see. Filters that may be repeated also take several values between commas.",
    params(
        ("project" = Option<Vec<uuid::Uuid>>, Query, description = "One of these projects"),
        ("parent" = Option<uuid::Uuid>, Query, description = "Parts of this task"),
        TaskFilters,
    ),
    responses((status = 200, description = "A page of tasks", body = Many<TaskBody>), Problems),
    security(("bearer" = [])),
)]
pub(crate) async fn list_tasks(
    State(app): State<AppState>,
    caller: Caller,
    mut params: Params,
) -> Result<Answer, ApiError> {
    let project = params.many("project", id);
    let parent = params.one("parent", id);
    let mut asked = read(&app, &caller, params)?;
    (asked.filter.project, asked.filter.parent) = (project, parent);
    list(&app, &caller, asked).await
}

#[utoipa::path(
    get, path = "/projects/{id}/tasks", tag = "projects",
    summary = "Tasks of a project",
    params(
        ("id" = uuid::Uuid, Path, description = "The project"),
        ("parent" = Option<uuid::Uuid>, Query, description = "Parts of this task"),
        TaskFilters,
    ),
    responses((status = 200, description = "A page of tasks", body = Many<TaskBody>), Problems),
    security(("bearer" = [])),
)]
pub(crate) async fn list_project_tasks(
    State(app): State<AppState>,
    caller: Caller,
    Id(project): Id<ProjectId>,
    mut params: Params,
) -> Result<Answer, ApiError> {
    let parent = params.one("parent", id);
    let mut asked = read(&app, &caller, params)?;
    // A project that is not there, or not to be seen, has no empty list.
    app.store().project(&caller.actor, project).await?;
    (asked.filter.project, asked.filter.parent) = (vec![project], parent);
    list(&app, &caller, asked).await
}

#[utoipa::path(
    get, path = "/tasks/{id}/subtasks", tag = "tasks",
    summary = "Sub-tasks of a task",
    description = "Those that have it as their `parent_id`, not their own sub-tasks.",
    params(
        ("id" = String, Path, description = "The task's id, or its name such as `ENG-42`"),
        ("project" = Option<Vec<uuid::Uuid>>, Query, description = "One of these projects"),
        TaskFilters,
    ),
    responses((status = 200, description = "A page of tasks", body = Many<TaskBody>), Problems),
    security(("bearer" = [])),
)]
pub(crate) async fn list_subtasks(
    State(app): State<AppState>,
    caller: Caller,
    Id(task): Id<TaskRef>,
    mut params: Params,
) -> Result<Answer, ApiError> {
    let project = params.many("project", id);
    let mut asked = read(&app, &caller, params)?;
    let parent = app.store().task(&caller.actor, &task).await?.state.id;
    (asked.filter.project, asked.filter.parent) = (project, Some(parent));
    list(&app, &caller, asked).await
}

async fn list(app: &AppState, caller: &Caller, asked: Asked) -> Result<Answer, ApiError> {
    let Asked { filter, sort, page } = asked;
    let tasks = app
        .store()
        .tasks(&caller.actor, &filter, sort, &page)
        .await?;
    Ok(Answer::page(tasks.map(|task| TaskBody::from(&task))))
}
