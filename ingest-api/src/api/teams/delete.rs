//! `DELETE /teams/{id}`

use crate::answer::Answer;
use crate::api::schema::Problems;
use crate::auth::Caller;
use crate::error::ApiError;
use crate::extract::{Id, IfMatch, NoParams};
use crate::state::AppState;
use axum::extract::State;
use axum::http::StatusCode;
use millstream_domain::ids::TeamId;
use millstream_store::team::DeleteTeam;

#[utoipa::path(
    delete, path = "/teams/{id}", tag = "teams",
    summary = "Delete a team",
    description = "Only one that holds no projects any more.",
    params(IfMatch, ("id" = uuid::Uuid, Path, description = "The team")),
    responses((status = 204, description = "Deleted"), Problems),
    security(("bearer" = [])),
)]
pub(crate) async fn delete_team(
    State(app): State<AppState>,
    caller: Caller,
    Id(id): Id<TeamId>,
    IfMatch(expected_version): IfMatch,
    _: NoParams,
) -> Result<Answer, ApiError> {
    let delete = DeleteTeam {
        actor: caller.actor.clone(),
        id,
        expected_version,
    };
    let written = app.store().write(&caller.origin, delete).await?;
    Ok(Answer::empty(StatusCode::NO_CONTENT).at(written.position))
}
