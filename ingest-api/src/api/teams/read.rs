//! `GET /teams/{id}`

use crate::answer::{Answer, One};
use crate::api::schema::Problems;
use crate::api::teams::{TeamBody, team_answer};
use crate::auth::Caller;
use crate::error::ApiError;
use crate::extract::{Id, NoParams};
use crate::state::AppState;
use axum::extract::State;
use millstream_domain::ids::TeamId;

#[utoipa::path(
    get, path = "/teams/{id}", tag = "teams",
    summary = "A team",
    params(("id" = uuid::Uuid, Path, description = "The team")),
    responses((status = 200, description = "The team", body = One<TeamBody>), Problems),
    security(("bearer" = [])),
)]
pub(crate) async fn read_team(
    State(app): State<AppState>,
    caller: Caller,
    Id(id): Id<TeamId>,
    _: NoParams,
) -> Result<Answer, ApiError> {
    let team = app.store().team(&caller.actor, id).await?;
    Ok(team_answer(&caller, &team))
}
