//! A new project.

use crate::api::projects::create::read;
use crate::error::ApiError;
use crate::extract::Fields;
use crate::pages::form::{PageForm, Wrong, kept, members};
use crate::pages::shell::{Section, Shell};
use crate::pages::viewer::Viewer;
use crate::pages::whole::list_all;
use crate::state::AppState;
use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use millstream_domain::policy::{Action, Target, decide};
use millstream_store::PageRequest;
use serde_json::{Map, Value};

#[derive(Template)]
#[template(path = "pages/project_new.html")]
struct NewProjectPage {
    shell: Shell,
    teams: Vec<TeamChoice>,
    wrong: Wrong,
    name: String,
    key: String,
    description: String,
}

/// A team that the viewer may begin a project in.
struct TeamChoice {
    id: String,
    name: String,
    is_chosen: bool,
}

/// The form.
pub(crate) async fn show_new(
    State(app): State<AppState>,
    viewer: Viewer,
) -> Result<Response, ApiError> {
    form(&app, viewer, &Map::new(), Wrong::default()).await
}

/// Begins it.
pub(crate) async fn create(
    State(app): State<AppState>,
    PageForm { viewer, mut params }: PageForm,
) -> Result<Response, ApiError> {
    let sent = members(&mut params, &["name", "key", "team_id", "description"]);
    params.finish(|| Some(()))?;
    let created = match read(Fields::new(sent.clone()), &viewer.caller) {
        Ok(create) => app
            .store()
            .write(&viewer.caller.origin, create)
            .await
            .map_err(ApiError::from),
        Err(error) => Err(error),
    };
    match created {
        Ok(project) => {
            let to = format!("/projects/{}", project.output.key);
            Ok(Redirect::to(&to).into_response())
        }
        Err(error) => form(&app, viewer, &sent, Wrong::of(error)?).await,
    }
}

async fn form(
    app: &AppState,
    viewer: Viewer,
    sent: &Map<String, Value>,
    wrong: Wrong,
) -> Result<Response, ApiError> {
    let kept = |name| kept(sent, name);
    let (store, actor) = (app.store(), &viewer.caller.actor);
    let teams = list_all(async |page: PageRequest| store.teams(actor, &page).await).await?;
    let may = |team| decide(actor, Action::ManageProjects, Target::team(team)).is_ok();
    let chosen = kept("team_id");
    let teams = teams
        .into_iter()
        .filter(|team| may(team.id))
        .map(|team| TeamChoice {
            is_chosen: team.id.to_string() == chosen,
            id: team.id.to_string(),
            name: team.name,
        })
        .collect();
    let status = wrong.status();
    let page = NewProjectPage {
        teams,
        wrong,
        name: kept("name"),
        key: kept("key"),
        description: kept("description"),
        shell: Shell::of(app, viewer, Section::Projects).await?,
    };
    Ok((status, super::super::render(&page)?).into_response())
}
