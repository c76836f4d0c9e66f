//! `POST /teams`

use crate::answer::{Answer, One};
use crate::api::schema::{self, Problems};
use crate::api::teams::TeamBody;
use crate::auth::Caller;
use crate::error::ApiError;
use crate::extract::value::text;
use crate::extract::{JsonBody, NoParams};
use crate::idempotency::write;
use crate::state::AppState;
use axum::extract::State;
use axum::response::Response;
use millstream_domain::team::{Purpose, TeamName, TeamRole};
use millstream_store::team::CreateTeam;
use utoipa::ToSchema;

/// A new team.
#[derive(ToSchema)]
#[schema(example = json!({"name": "Engine", "description": "All that turns"}))]
#[expect(dead_code, reason = "describes the body, which is read field by field")]
pub(crate) struct NewTeam {
    /// 1 to 80 characters.
    #[schema(schema_with = schema::line::<80>)]
    name: String,
    /// Markdown, up to 4 KiB.
    #[schema(schema_with = schema::block_or_null::<4096>, required = false)]
    description: Option<String>,
}

#[utoipa::path(
    post, path = "/teams", tag = "teams",
    summary = "Found a team",
    description = "Whoever founds a team owns it.",
    request_body = NewTeam,
    responses((status = 201, description = "Founded", body = One<TeamBody>), Problems),
    security(("bearer" = [])),
)]
pub(crate) async fn create_team(
    State(app): State<AppState>,
    caller: Caller,
    _: NoParams,
    JsonBody(mut fields): JsonBody,
) -> Result<Response, ApiError> {
    let name = fields.required("name", text(TeamName::new));
    let description = fields.optional("description", text(Purpose::new));
    let actor = caller.actor.clone();
    let create = fields.finish(|| {
        Some(CreateTeam {
            actor,
            name: name?,
            description,
        })
    })?;
    write(&app, &caller, create, |team| {
        let body = TeamBody::with_role(Some(TeamRole::Owner), team);
        Answer::versioned(team.version, body).created(&format!("/api/v1/teams/{}", team.id))
    })
    .await
}
