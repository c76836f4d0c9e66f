//! A team's name and description, and its end.

use crate::api::teams::update::read;
use crate::error::ApiError;
use crate::extract::{Fields, Id};
use crate::pages::form::{PageForm, Wrong, kept, members, sent};
use crate::pages::shell::{Section, Shell};
use crate::pages::texts::ENGLISH;
use crate::pages::viewer::Viewer;
use crate::state::AppState;
use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use millstream_domain::field::FieldCode;
use millstream_domain::ids::TeamId;
use millstream_domain::policy::{Action, Target, decide};
use millstream_event_log::events::team::TeamState;
use millstream_store::team::DeleteTeam;

#[derive(Template)]
#[template(path = "pages/team_edit.html")]
struct EditTeamPage {
    shell: Shell,
    team: TeamState,
    may_delete: bool,
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

/// The form.
pub(crate) async fn show(
    State(app): State<AppState>,
    viewer: Viewer,
    Id(team): Id<TeamId>,
) -> Result<Response, ApiError> {
    page(&app, viewer, team, Typed::default()).await
}

async fn page(
    app: &AppState,
    viewer: Viewer,
    team: TeamId,
    typed: Typed,
) -> Result<Response, ApiError> {
    let actor = viewer.caller.actor.clone();
    let team = app.store().team(&actor, team).await?;
    decide(&actor, Action::EditTeam, Target::team(team.id))?;
    let kept = || (team.name.clone(), team.description.clone());
    let (name, description) = typed.fields.unwrap_or_else(kept);
    let status = if typed.wrong.status().is_success() {
        typed.wrong_delete.status()
    } else {
        typed.wrong.status()
    };
    let page = EditTeamPage {
        shell: Shell::of(app, viewer, Section::Teams).await?,
        may_delete: decide(&actor, Action::DeleteTeam, Target::team(team.id)).is_ok(),
        team,
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
    Id(team): Id<TeamId>,
    PageForm { viewer, mut params }: PageForm,
) -> Result<Response, ApiError> {
    let version = params.one("version", |text| Ok(text.parse::<i64>().unwrap_or(0)));
    let sent = members(&mut params, &["name", "description"]);
    params.finish(|| Some(()))?;
    let fields = Some((kept(&sent, "name"), kept(&sent, "description")));
    let known = version.map(Into::into);
    let changed = match read(Fields::new(sent), &viewer.caller, team, known) {
        Ok(update) => {
            let written = app.store().write(&viewer.caller.origin, update).await;
            written.map(drop).map_err(ApiError::from)
        }
        Err(error) => Err(error),
    };
    match changed {
        Ok(()) => Ok(Redirect::to(&format!("/teams/{team}")).into_response()),
        Err(error) => {
            let typed = Typed {
                wrong: Wrong::of(error)?,
                fields,
                ..Typed::default()
            };
            page(&app, viewer, team, typed).await
        }
    }
}

/// Deletes it, if its name was typed: there is no way back.
pub(crate) async fn delete(
    State(app): State<AppState>,
    Id(id): Id<TeamId>,
    PageForm { viewer, mut params }: PageForm,
) -> Result<Response, ApiError> {
    let typed_name = sent(&mut params, "confirm").unwrap_or_default();
    params.finish(|| Some(()))?;
    let actor = viewer.caller.actor.clone();
    let team = app.store().team(&actor, id).await?;
    decide(&actor, Action::DeleteTeam, Target::team(id))?;
    let wrong = if typed_name.trim() == team.name {
        let delete = DeleteTeam {
            actor,
            id,
            expected_version: None,
        };
        match app.store().write(&viewer.caller.origin, delete).await {
            Ok(_) => return Ok(Redirect::to("/teams").into_response()),
            Err(error) => Wrong::of(error.into())?,
        }
    } else {
        Wrong::field("confirm", FieldCode::Invalid, ENGLISH.not_the_team)
    };
    let typed = Typed {
        wrong_delete: wrong,
        ..Typed::default()
    };
    page(&app, viewer, id, typed).await
}
