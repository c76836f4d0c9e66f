//! `POST /projects`

use crate::answer::One;
use crate::api::projects::{ProjectBody, project_answer};
use crate::api::schema::{self, Problems};
use crate::auth::Caller;
use crate::error::ApiError;
use crate::extract::value::{boolean, id, text};
use crate::extract::{Fields, JsonBody, NoParams};
use crate::idempotency::write;
use crate::state::AppState;
use axum::extract::State;
use axum::response::Response;
use millstream_domain::project::{ProjectKey, ProjectName};
use millstream_domain::team::Purpose;
use millstream_store::project::CreateProject;
use utoipa::ToSchema;

/// A new project.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the body, which is read field by field")]
pub(crate) struct NewProject {
    /// The team it belongs to.
    team_id: uuid::Uuid,
    /// 2 to 10 capitals and digits, unique; it stays.
    #[schema(example = "ENG", pattern = "^[A-Z][A-Z0-9]{1,9}$")]
    key: String,
    /// 1 to 80 characters.
    #[schema(schema_with = schema::line::<80>)]
    name: String,
    /// Markdown, up to 4 KiB.
    #[schema(schema_with = schema::block_or_null::<4096>, required = false)]
    description: Option<String>,
    /// Whether it is put away from the start.
    #[schema(example = false)]
    archived: Option<bool>,
}

/// Reads the body.
pub(crate) fn read(mut fields: Fields, caller: &Caller) -> Result<CreateProject, ApiError> {
    let team_id = fields.required("team_id", id);
    let key = fields.required("key", text(ProjectKey::new));
    let name = fields.required("name", text(ProjectName::new));
    let description = fields.optional("description", text(Purpose::new));
    let archived = fields.optional("archived", boolean);
    let actor = caller.actor.clone();
    fields.finish(|| {
        Some(CreateProject {
            actor,
            team_id: team_id?,
            key: key?,
            name: name?,
            description,
            archived: archived.unwrap_or(false),
        })
    })
}

#[utoipa::path(
    post, path = "/projects", tag = "projects",
    summary = "Begin a project",
    request_body = NewProject,
    responses((status = 201, description = "Begun", body = One<ProjectBody>), Problems),
    security(("bearer" = [])),
)]
pub(crate) async fn create_project(
    State(app): State<AppState>,
    caller: Caller,
    _: NoParams,
    JsonBody(fields): JsonBody,
) -> Result<Response, ApiError> {
    let create = read(fields, &caller)?;
    write(&app, &caller, create, |project| {
        project_answer(project).created(&format!("/api/v1/projects/{}", project.id))
    })
    .await
}
