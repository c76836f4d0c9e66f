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
use crate::extract::params::{CURSOR_CHARACTERS_MAX, bounded, flag};
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
use millstream_store::project::ProjectFilter;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

#[derive(Template)]
#[template(path = "pages/projects.html")]
struct ProjectsPage {
    shell: Shell,
    /// By name.
    projects: Vec<ProjectState>,
    is_archive: bool,
    /// Where the list goes on.
    next: Option<String>,
}

/// All of them.
pub(crate) async fn show_all(
    State(app): State<AppState>,
    viewer: Viewer,
    mut params: Params,
) -> Result<Response, ApiError> {
    let is_archive = params.one("archived", flag).unwrap_or(false);
    let page = PageRequest {
        cursor: params.one("cursor", |text| bounded(text, CURSOR_CHARACTERS_MAX)),
        ..PageRequest::default()
    };
    params.finish(|| Some(()))?;
    let filter = ProjectFilter {
        archived: Some(is_archive),
        ..ProjectFilter::default()
    };
    let actor = &viewer.caller.actor;
    let found = app.store().projects_by_name(actor, filter, &page).await?;
    let shown: Vec<_> = found.items.iter().map(|project| project.id).collect();
    super::render(&ProjectsPage {
        projects: found.items,
        is_archive,
        next: found.next_cursor.map(|cursor| {
            let cursor = utf8_percent_encode(&cursor, NON_ALPHANUMERIC);
            format!("/projects?archived={is_archive}&cursor={cursor}")
        }),
        shell: Shell::of(&app, viewer, Section::Projects)
            .await?
            .showing(shown),
    })
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
        .about(&project);
    match sent(&mut params, "view").as_deref() {
        Some("board") => board::show(&app, shell, project, params).await,
        Some("calendar") => calendar::show(&app, shell, project, params).await,
        _ => list::show(&app, shell, project, params).await,
    }
}
