//! `/teams`: all of them, a new one, and one with its members.

mod edit;
mod tags;

pub(crate) use edit::{delete, show as show_edit, update};
pub(crate) use tags::{
    create as create_tag, delete as delete_tag, show as show_tags, update as update_tag,
};

use crate::error::ApiError;
use crate::extract::params::{CURSOR_CHARACTERS_MAX, bounded, id};
use crate::extract::value::text;
use crate::extract::{Fields, Id, Params};
use crate::pages::form::{PageForm, Wrong, kept, members as fields_of, sent};
use crate::pages::shell::{Section, Shell};
use crate::pages::show::Avatar;
use crate::pages::texts::ENGLISH;
use crate::pages::texts::Texts;
use crate::pages::viewer::Viewer;
use crate::pages::whole::list_all;
use crate::state::AppState;
use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use millstream_domain::field::{FieldCode, FieldError};
use millstream_domain::ids::{TeamId, UserId};
use millstream_domain::policy::{Action, Target, decide};
use millstream_domain::team::{Purpose, TeamName, TeamRole};
use millstream_event_log::events::project::ProjectState;
use millstream_event_log::events::team::TeamState;
use millstream_store::project::ProjectFilter;
use millstream_store::team::{CreateTeam, PutMember, RemoveMember};
use millstream_store::{PageRequest, StoreError};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use uuid::Uuid;

#[derive(Template)]
#[template(path = "pages/teams.html")]
struct TeamsPage {
    shell: Shell,
    teams: Vec<TeamCard>,
    /// Where the list goes on.
    next: Option<String>,
}

struct TeamCard {
    id: String,
    name: String,
    description: String,
    /// What the viewer is in it.
    role: Option<&'static str>,
}

#[derive(Template)]
#[template(path = "pages/team_new.html")]
struct NewTeamPage {
    shell: Shell,
    wrong: Wrong,
    name: String,
    description: String,
}

#[derive(Template)]
#[template(path = "pages/team.html")]
struct TeamPage {
    shell: Shell,
    team: TeamState,
    /// By name, without those in the archive.
    projects: Vec<ProjectState>,
    members: Vec<MemberRow>,
    may_manage: bool,
    wrong: Wrong,
    /// What was typed into the form for a new member.
    username: String,
}

struct MemberRow {
    id: String,
    username: String,
    avatar: Avatar,
    role: TeamRole,
    is_me: bool,
}

/// A role in words.
#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "templates pass references"
)]
fn role_text(role: &TeamRole, t: &Texts) -> &'static str {
    match role {
        TeamRole::Owner => t.role_owner,
        TeamRole::Maintainer => t.role_maintainer,
        TeamRole::Member => t.role_member,
        TeamRole::Viewer => t.role_viewer,
    }
}

/// All of them.
pub(crate) async fn show_all(
    State(app): State<AppState>,
    viewer: Viewer,
    mut params: Params,
) -> Result<Response, ApiError> {
    let page = PageRequest {
        cursor: params.one("cursor", |text| bounded(text, CURSOR_CHARACTERS_MAX)),
        ..PageRequest::default()
    };
    params.finish(|| Some(()))?;
    let found = app.store().teams(&viewer.caller.actor, &page).await?;
    let shell = Shell::of(&app, viewer, Section::Teams).await?;
    let mine = &shell.viewer.visitor.person.teams;
    let next = found.next_cursor.map(|cursor| {
        let cursor = utf8_percent_encode(&cursor, NON_ALPHANUMERIC);
        format!("/teams?cursor={cursor}")
    });
    let teams = found.items;
    let teams = teams
        .into_iter()
        .map(|team| TeamCard {
            role: mine.get(&team.id).map(|role| role_text(role, shell.t)),
            id: team.id.to_string(),
            name: team.name,
            description: team.description,
        })
        .collect();
    super::render(&TeamsPage { shell, teams, next })
}

/// The form for a new one.
pub(crate) async fn show_new(
    State(app): State<AppState>,
    viewer: Viewer,
) -> Result<Response, ApiError> {
    super::render(&NewTeamPage {
        shell: Shell::of(&app, viewer, Section::Teams).await?,
        wrong: Wrong::default(),
        name: String::new(),
        description: String::new(),
    })
}

/// Founds it.
pub(crate) async fn create(
    State(app): State<AppState>,
    PageForm { viewer, mut params }: PageForm,
) -> Result<Response, ApiError> {
    let sent = fields_of(&mut params, &["name", "description"]);
    params.finish(|| Some(()))?;
    let (typed_name, typed_description) = (kept(&sent, "name"), kept(&sent, "description"));
    let mut fields = Fields::new(sent);
    let name = fields.required("name", text(TeamName::new));
    let description = fields.optional("description", text(Purpose::new));
    let actor = viewer.caller.actor.clone();
    let create = fields.finish(|| {
        Some(CreateTeam {
            actor,
            name: name?,
            description,
        })
    });
    let created = match create {
        Ok(create) => app
            .store()
            .write(&viewer.caller.origin, create)
            .await
            .map_err(ApiError::from),
        Err(error) => Err(error),
    };
    match created {
        Ok(team) => Ok(Redirect::to(&format!("/teams/{}", team.output.id)).into_response()),
        Err(error) => {
            let page = NewTeamPage {
                wrong: Wrong::of(error)?,
                shell: Shell::of(&app, viewer, Section::Teams).await?,
                name: typed_name,
                description: typed_description,
            };
            Ok((page.wrong.status(), super::render(&page)?).into_response())
        }
    }
}

/// One with its members.
pub(crate) async fn show(
    State(app): State<AppState>,
    viewer: Viewer,
    Id(team): Id<TeamId>,
) -> Result<Response, ApiError> {
    page(&app, viewer, team, String::new(), Wrong::default()).await
}

async fn page(
    app: &AppState,
    viewer: Viewer,
    team: TeamId,
    username: String,
    wrong: Wrong,
) -> Result<Response, ApiError> {
    let actor = viewer.caller.actor.clone();
    let me = viewer.caller.id;
    let team = app.store().team(&actor, team).await?;
    let members = app.store().members(&actor, team.id).await?;
    let of_team = ProjectFilter {
        team: Some(team.id),
        archived: Some(false),
    };
    let (store, by) = (app.store(), &actor);
    let list = async |page: PageRequest| store.projects_by_name(by, of_team, &page).await;
    let projects = list_all(list).await?;
    let page = TeamPage {
        shell: Shell::of(app, viewer, Section::Teams).await?,
        may_manage: decide(&actor, Action::ManageMembers, Target::team(team.id)).is_ok(),
        members: members
            .into_iter()
            .map(|member| MemberRow {
                id: member.user_id.to_string(),
                avatar: Avatar::of(member.user_id, &member.display_name),
                username: member.username,
                role: member.role,
                is_me: member.user_id == me,
            })
            .collect(),
        team,
        projects,
        wrong,
        username,
    };
    Ok((page.wrong.status(), super::render(&page)?).into_response())
}

/// Adds somebody, or gives a member another role.
pub(crate) async fn put_member(
    State(app): State<AppState>,
    Id(team_id): Id<TeamId>,
    PageForm { viewer, mut params }: PageForm,
) -> Result<Response, ApiError> {
    let username = sent(&mut params, "username").unwrap_or_default();
    let role = params.needed("role", str::parse::<TeamRole>);
    let role = params.finish(|| role)?;
    let name = username.trim().trim_start_matches('@').to_lowercase();
    // A name that nobody has means nobody, and whether somebody may add members is asked first: who may not does not learn
    // from the answer which names there are.
    let person = app.store().person_named(&name).await?;
    let put = PutMember {
        actor: viewer.caller.actor.clone(),
        team_id,
        user_id: person.map_or(UserId(Uuid::nil()), |person| person.id),
        role,
        expected_version: None,
    };
    let written = app.store().write(&viewer.caller.origin, put).await;
    let put = written.map_err(|error| match error {
        StoreError::NotFound => unknown(),
        error => error.into(),
    });
    match put {
        Ok(_) => Ok(Redirect::to(&format!("/teams/{team_id}")).into_response()),
        Err(error) => page(&app, viewer, team_id, username, Wrong::of(error)?).await,
    }
}

fn unknown() -> ApiError {
    let error = FieldError::new("username", FieldCode::NotFound, ENGLISH.not_a_user);
    ApiError::validation(vec![error])
}

/// Removes a member, or leaves.
pub(crate) async fn remove_member(
    State(app): State<AppState>,
    Id(team_id): Id<TeamId>,
    PageForm { viewer, mut params }: PageForm,
) -> Result<Response, ApiError> {
    let user_id = params.needed("user_id", id);
    let user_id = params.finish(|| user_id)?;
    let is_leaving = user_id == viewer.caller.id;
    let remove = RemoveMember {
        actor: viewer.caller.actor.clone(),
        team_id,
        user_id,
        expected_version: None,
    };
    let removed = app.store().write(&viewer.caller.origin, remove).await;
    match removed.map_err(ApiError::from) {
        Ok(_) if is_leaving => Ok(Redirect::to("/teams").into_response()),
        Ok(_) => Ok(Redirect::to(&format!("/teams/{team_id}")).into_response()),
        Err(error) => page(&app, viewer, team_id, String::new(), Wrong::of(error)?).await,
    }
}
