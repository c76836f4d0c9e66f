//! `GET /projects/{id}`

use crate::answer::{Answer, One};
use crate::api::projects::{ProjectBody, project_answer};
use crate::api::schema::Problems;
use crate::auth::Caller;
use crate::error::ApiError;
use crate::extract::{Id, NoParams};
use crate::state::AppState;
use axum::extract::State;
use millstream_domain::ids::ProjectId;

#[utoipa::path(
    get, path = "/projects/{id}", tag = "projects",
    summary = "A project",
    params(("id" = uuid::Uuid, Path, description = "The project")),
    responses((status = 200, description = "The project", body = One<ProjectBody>), Problems),
    security(("bearer" = [])),
)]
pub(crate) async fn read_project(
    State(app): State<AppState>,
    caller: Caller,
    Id(id): Id<ProjectId>,
    _: NoParams,
) -> Result<Answer, ApiError> {
    let project = app.store().project(&caller.actor, id).await?;
    Ok(project_answer(&project))
}
