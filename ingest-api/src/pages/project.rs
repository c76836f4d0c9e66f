//! `/projects`: all of them, a new one, and one as a list, a board or a calendar.

mod board;
mod calendar;
mod edit;
mod list;
mod new;

pub(crate) use edit::{archive, delete, show as show_edit, update};
pub(crate) use new::{create, show_new};

use crate::error::ApiError;
use crate::extract::Params;
use crate::pages::form::sent;
use crate::pages::shell::{Section, Shell};
use crate::pages::viewer::Viewer;
use crate::state::AppState;
use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use millstream_domain::project::ProjectKey;
use millstream_event_log::events::project::ProjectState;
use millstream_store::PageRequest;
use millstream_store::page::LIMIT_MAX;
use millstream_store::project::ProjectFilter;

#[derive(Template)]
#[template(path = "pages/projects.html")]
struct ProjectsPage {
    shell: Shell,
    /// Those in the archive, by name.
    archived: Vec<ProjectState>,
}

/// All of them.
pub(crate) async fn show_all(
    State(app): State<AppState>,
    viewer: Viewer,
) -> Result<Response, ApiError> {
    let filter = ProjectFilter {
        archived: Some(true),
        ..ProjectFilter::default()
    };
    let most = PageRequest {
        limit: LIMIT_MAX,
        cursor: None,
    };
    let actor = &viewer.caller.actor;
    let mut archived = app.store().projects(actor, filter, &most).await?.items;
    archived.sort_by_cached_key(|project| project.name.to_lowercase());
    let shell = Shell::of(&app, viewer, Section::Projects).await?;
    super::render(&ProjectsPage { shell, archived })
}

/// One of them, in one of its views.
pub(crate) async fn show(
    State(app): State<AppState>,
    viewer: Viewer,
    Path(key): Path<String>,
    mut params: Params,
) -> Result<Response, ApiError> {
    let Ok(known) = ProjectKey::new(&key) else {
        return Err(ApiError::not_found());
    };
    if known.as_str() != key {
        return Ok(Redirect::permanent(&format!("/projects/{}", known.as_str())).into_response());
    }
    let project = app
        .store()
        .project_with_key(&viewer.caller.actor, &known)
        .await?;
    let shell = Shell::of(&app, viewer, Section::Projects)
        .await?
        .about(&project.key);
    match sent(&mut params, "view").as_deref() {
        Some("board") => board::show(&app, shell, project, params).await,
        Some("calendar") => calendar::show(&app, shell, project, params).await,
        _ => list::show(&app, shell, project, params).await,
    }
}
