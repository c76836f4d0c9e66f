//! `GET /projects`

use crate::answer::{Answer, Many};
use crate::api::projects::ProjectBody;
use crate::api::schema::Problems;
use crate::auth::Caller;
use crate::error::ApiError;
use crate::extract::Params;
use crate::extract::params::{flag, id};
use crate::state::AppState;
use axum::extract::State;
use millstream_domain::field::Invalid;
use millstream_store::project::ProjectFilter;

#[utoipa::path(
    get, path = "/projects", tag = "projects",
    summary = "Projects",
    description = "Those of the teams that you see, oldest first.",
    params(
        ("team" = Option<uuid::Uuid>, Query, description = "Only of this team"),
        ("archived" = Option<String>, Query, description = "`false`, `true` or `any`; default `any`"),
        ("limit" = Option<u32>, Query, description = "1 to 100, default 50"),
        ("cursor" = Option<String>, Query, description = "`meta.next_cursor` of the page before"),
    ),
    responses((status = 200, description = "A page of projects", body = Many<ProjectBody>), Problems),
    security(("bearer" = [])),
)]
pub(crate) async fn list_projects(
    State(app): State<AppState>,
    caller: Caller,
    mut params: Params,
) -> Result<Answer, ApiError> {
    let team = params.one("team", id);
    let archived = params.one("archived", archived).flatten();
    let page = params.page();
    params.finish(|| Some(()))?;
    let projects = app
        .store()
        .projects(&caller.actor, ProjectFilter { team, archived }, &page)
        .await?;
    Ok(Answer::page(
        projects.map(|project| ProjectBody::from(&project)),
    ))
}

/// `false`, `true`, or `any` for both.
pub(crate) fn archived(text: &str) -> Result<Option<bool>, Invalid> {
    if text == "any" {
        return Ok(None);
    }
    flag(text)
        .map(Some)
        .map_err(|invalid| Invalid::new(invalid.code, "must be false, true or any"))
}
