//! A project's name and description; its archive, and its end.

use crate::api::projects::update::read;
use crate::error::ApiError;
use crate::extract::Fields;
use crate::extract::params::flag;
use crate::pages::form::{PageForm, Wrong, kept, members, sent};
use crate::pages::shell::{Section, Shell};
use crate::pages::texts::ENGLISH;
use crate::pages::viewer::Viewer;
use crate::state::AppState;
use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use millstream_domain::field::FieldCode;
use millstream_domain::policy::{Action, Target, decide};
use millstream_domain::project::ProjectKey;
use millstream_event_log::events::project::ProjectState;
use millstream_store::project::{DeleteProject, UpdateProject};

#[derive(Template)]
#[template(path = "pages/project_edit.html")]
struct EditProjectPage {
    shell: Shell,
    project: ProjectState,
    wrong: Wrong,
    wrong_delete: Wrong,
    name: String,
    description: String,
}

/// What a form that comes back says.
#[derive(Default)]
struct Typed {
    wrong: Wrong,
    wrong_delete: Wrong,
    fields: Option<(String, String)>,
}

/// The project of this key, if the viewer may change it.
async fn own(app: &AppState, viewer: &Viewer, key: &str) -> Result<ProjectState, ApiError> {
    let key = ProjectKey::new(key).map_err(|_| ApiError::not_found())?;
    let actor = &viewer.caller.actor;
    let project = app.store().project_with_key(actor, &key).await?;
    decide(actor, Action::ManageProjects, Target::team(project.team_id))?;
    Ok(project)
}

/// The form.
pub(crate) async fn show(
    State(app): State<AppState>,
    viewer: Viewer,
    Path(key): Path<String>,
) -> Result<Response, ApiError> {
    let project = own(&app, &viewer, &key).await?;
    page(&app, viewer, project, Typed::default()).await
}

async fn page(
    app: &AppState,
    viewer: Viewer,
    project: ProjectState,
    typed: Typed,
) -> Result<Response, ApiError> {
    let kept = || (project.name.clone(), project.description.clone());
    let (name, description) = typed.fields.unwrap_or_else(kept);
    let status = if typed.wrong.status().is_success() {
        typed.wrong_delete.status()
    } else {
        typed.wrong.status()
    };
    let shell = Shell::of(app, viewer, Section::Projects).await?;
    let page = EditProjectPage {
        shell: shell.about(&project),
        project,
        wrong: typed.wrong,
        wrong_delete: typed.wrong_delete,
        name,
        description,
    };
    Ok((status, crate::pages::render(&page)?).into_response())
}

/// Changes it.
pub(crate) async fn update(
    State(app): State<AppState>,
    Path(key): Path<String>,
    PageForm { viewer, mut params }: PageForm,
) -> Result<Response, ApiError> {
    let version = params.one("version", |text| Ok(text.parse::<i64>().unwrap_or(0)));
    let sent = members(&mut params, &["name", "description"]);
    params.finish(|| Some(()))?;
    let project = own(&app, &viewer, &key).await?;
    let fields = Some((kept(&sent, "name"), kept(&sent, "description")));
    let known = version.map(Into::into);
    let changed = match read(Fields::new(sent), &viewer.caller, project.id, known) {
        Ok(update) => {
            let written = app.store().write(&viewer.caller.origin, update).await;
            written.map(drop).map_err(ApiError::from)
        }
        Err(error) => Err(error),
    };
    match changed {
        Ok(()) => Ok(Redirect::to(&format!("/projects/{}", project.key)).into_response()),
        Err(error) => {
            let typed = Typed {
                wrong: Wrong::of(error)?,
                fields,
                ..Typed::default()
            };
            page(&app, viewer, project, typed).await
        }
    }
}

/// Puts it into the archive, or takes it out.
pub(crate) async fn archive(
    State(app): State<AppState>,
    Path(key): Path<String>,
    PageForm { viewer, mut params }: PageForm,
) -> Result<Response, ApiError> {
    let archived = params.needed("archived", flag);
    let archived = params.finish(|| archived)?;
    let project = own(&app, &viewer, &key).await?;
    let update = UpdateProject {
        actor: viewer.caller.actor.clone(),
        id: project.id,
        expected_version: None,
        name: None,
        description: None,
        archived: Some(archived),
    };
    app.store().write(&viewer.caller.origin, update).await?;
    Ok(Redirect::to(&format!("/projects/{}", project.key)).into_response())
}

/// Deletes it, if its key was typed: there is no way back.
pub(crate) async fn delete(
    State(app): State<AppState>,
    Path(key): Path<String>,
    PageForm { viewer, mut params }: PageForm,
) -> Result<Response, ApiError> {
    let typed_key = sent(&mut params, "confirm").unwrap_or_default();
    params.finish(|| Some(()))?;
    let project = own(&app, &viewer, &key).await?;
    let wrong = if typed_key.trim().eq_ignore_ascii_case(&project.key) {
        let delete = DeleteProject {
            actor: viewer.caller.actor.clone(),
            id: project.id,
            expected_version: None,
        };
        match app.store().write(&viewer.caller.origin, delete).await {
            Ok(_) => return Ok(Redirect::to("/projects").into_response()),
            Err(error) => Wrong::of(error.into())?,
        }
    } else {
        Wrong::field("confirm", FieldCode::Invalid, ENGLISH.not_the_project)
    };
    let typed = Typed {
        wrong_delete: wrong,
        ..Typed::default()
    };
    page(&app, viewer, project, typed).await
}
