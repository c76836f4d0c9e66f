//! `PATCH /teams/{id}`

use crate::answer::One;
use crate::api::schema::{self, Problems};
use crate::api::teams::{TeamBody, team_answer};
use crate::auth::Caller;
use crate::error::ApiError;
use crate::extract::value::text;
use crate::extract::{Fields, Id, IfMatch, JsonBody, NoParams};
use crate::idempotency::write;
use crate::state::AppState;
use axum::extract::State;
use axum::response::Response;
use millstream_domain::ids::TeamId;
use millstream_domain::team::{Purpose, TeamName};
use millstream_store::team::UpdateTeam;
use utoipa::ToSchema;

/// What is to be different about a team.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the body, which is read field by field")]
pub(crate) struct TeamPatch {
    /// 1 to 80 characters.
    #[schema(schema_with = schema::line::<80>, required = false)]
    name: Option<String>,
    /// Markdown, up to 4 KiB; null empties it.
    #[schema(schema_with = schema::block_or_null::<4096>, required = false)]
    description: Option<String>,
}

/// Reads it, from a body or from a form.
pub(crate) fn read(
    mut fields: Fields,
    caller: &Caller,
    id: TeamId,
    expected_version: Option<millstream_store::Versions>,
) -> Result<UpdateTeam, ApiError> {
    let name = fields.changed("name", text(TeamName::new));
    let description = fields.emptiable("description", Purpose::new);
    fields.read_only(&["id", "your_role", "created_at", "updated_at", "version"]);
    let actor = caller.actor.clone();
    fields.finish(|| {
        Some(UpdateTeam {
            actor,
            id,
            expected_version,
            name,
            description,
        })
    })
}

#[utoipa::path(
    patch, path = "/teams/{id}", tag = "teams",
    summary = "Change a team",
    params(IfMatch, ("id" = uuid::Uuid, Path, description = "The team")),
    request_body(content = TeamPatch, content_type = "application/merge-patch+json"),
    responses((status = 200, description = "The team as it is now", body = One<TeamBody>), Problems),
    security(("bearer" = [])),
)]
pub(crate) async fn update_team(
    State(app): State<AppState>,
    caller: Caller,
    Id(id): Id<TeamId>,
    IfMatch(expected_version): IfMatch,
    _: NoParams,
    JsonBody(fields): JsonBody,
) -> Result<Response, ApiError> {
    let update = read(fields, &caller, id, expected_version)?;
    write(&app, &caller, update, |team| team_answer(&caller, team)).await
}
