//! `DELETE /projects/{id}`

use crate::answer::Answer;
use crate::api::schema::Problems;
use crate::auth::Caller;
use crate::error::ApiError;
use crate::extract::{Id, IfMatch, NoParams};
use crate::state::AppState;
use axum::extract::State;
use axum::http::StatusCode;
use millstream_domain::ids::ProjectId;
use millstream_store::project::DeleteProject;

#[utoipa::path(
    delete, path = "/projects/{id}", tag = "projects",
    summary = "Delete a project",
    description = "Only one that holds no tasks; archive it otherwise.",
    params(IfMatch, ("id" = uuid::Uuid, Path, description = "The project")),
    responses((status = 204, description = "Deleted"), Problems),
    security(("bearer" = [])),
)]
pub(crate) async fn delete_project(
    State(app): State<AppState>,
    caller: Caller,
    Id(id): Id<ProjectId>,
    IfMatch(expected_version): IfMatch,
    _: NoParams,
) -> Result<Answer, ApiError> {
    let delete = DeleteProject {
        actor: caller.actor.clone(),
        id,
        expected_version,
    };
    let written = app.store().write(&caller.origin, delete).await?;
    Ok(Answer::empty(StatusCode::NO_CONTENT).at(written.position))
}
