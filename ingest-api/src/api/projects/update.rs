//! `PATCH /projects/{id}`

use crate::answer::One;
use crate::api::projects::{ProjectBody, project_answer};
use crate::api::schema::{self, Problems};
use crate::auth::Caller;
use crate::error::ApiError;
use crate::extract::value::{boolean, text};
use crate::extract::{Fields, Id, IfMatch, JsonBody, NoParams};
use crate::idempotency::write;
use crate::state::AppState;
use axum::extract::State;
use axum::response::Response;
use millstream_domain::ids::ProjectId;
use millstream_domain::project::ProjectName;
use millstream_domain::team::Purpose;
use millstream_store::project::UpdateProject;
use utoipa::ToSchema;

/// What is to be different about a project.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the body, which is read field by field")]
pub(crate) struct ProjectPatch {
    /// 1 to 80 characters.
    #[schema(schema_with = schema::line::<80>, required = false)]
    name: Option<String>,
    /// Markdown, up to 4 KiB; null empties it.
    #[schema(schema_with = schema::block_or_null::<4096>, required = false)]
    description: Option<String>,
    #[schema(nullable = false)]
    archived: Option<bool>,
}

/// Reads it, from a body or from a form.
pub(crate) fn read(
    mut fields: Fields,
    caller: &Caller,
    id: ProjectId,
    expected_version: Option<millstream_store::Versions>,
) -> Result<UpdateProject, ApiError> {
    let name = fields.changed("name", text(ProjectName::new));
    let description = fields.emptiable("description", Purpose::new);
    let archived = fields.changed("archived", boolean);
    fields.read_only(&[
        "id",
        "key",
        "team_id",
        "created_at",
        "updated_at",
        "version",
    ]);
    let actor = caller.actor.clone();
    fields.finish(|| {
        Some(UpdateProject {
            actor,
            id,
            expected_version,
            name,
            description,
            archived,
        })
    })
}

#[utoipa::path(
    patch, path = "/projects/{id}", tag = "projects",
    summary = "Change a project",
    params(IfMatch, ("id" = uuid::Uuid, Path, description = "The project")),
    request_body(content = ProjectPatch, content_type = "application/merge-patch+json"),
    responses((status = 200, description = "The project as it is now", body = One<ProjectBody>), Problems),
    security(("bearer" = [])),
)]
pub(crate) async fn update_project(
    State(app): State<AppState>,
    caller: Caller,
    Id(id): Id<ProjectId>,
    IfMatch(expected_version): IfMatch,
    _: NoParams,
    JsonBody(fields): JsonBody,
) -> Result<Response, ApiError> {
    let update = read(fields, &caller, id, expected_version)?;
    write(&app, &caller, update, project_answer).await
}
