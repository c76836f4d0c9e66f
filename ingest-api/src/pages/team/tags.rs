//! The tags of a team: made, renamed, coloured and deleted by its maintainers.

use crate::api::tags::{create, one};
use crate::error::ApiError;
use crate::extract::{Fields, Id, IdIn};
use crate::pages::form::{PageForm, Wrong, kept, members};
use crate::pages::shell::{Section, Shell};
use crate::pages::show::TagMark;
use crate::pages::viewer::Viewer;
use crate::state::AppState;
use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use millstream_domain::ids::{TagId, TeamId};
use millstream_domain::policy::{Action, Target, decide};
use millstream_domain::tag::{DEFAULT, NAMED};
use millstream_event_log::events::tag::TagState;
use millstream_event_log::events::team::TeamState;
use millstream_store::PageRequest;
use millstream_store::page::LIMIT_MAX;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use std::mem;

/// Most tags of a team that a page shows: whoever has more finds them in the API, and none of them again.
const SHOWN_MAX: usize = 1_000;

#[derive(Template)]
#[template(path = "pages/team_tags.html")]
struct TagsPage {
    shell: Shell,
    team: TeamState,
    tags: Vec<TagRow>,
    may_manage: bool,
    /// What is wrong with the form for a new one.
    wrong: Wrong,
    /// What is wrong with a change of one, where it is not said at its form.
    wrong_change: Wrong,
    name: String,
    color: String,
}

struct TagRow {
    id: String,
    mark: TagMark,
    /// Its name and colour in the form: as they are, or as they were typed.
    name: String,
    color: String,
    version: i64,
    /// What is wrong with what was typed; the form is open then.
    wrong: Option<Wrong>,
}

/// What a form that comes back says.
#[derive(Default)]
struct Typed {
    wrong: Wrong,
    wrong_change: Wrong,
    name: String,
    color: String,
    /// The tag whose form it is; `None` for that of a new one.
    tag: Option<TagId>,
}

/// Shows them.
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
    mut typed: Typed,
) -> Result<Response, ApiError> {
    let actor = viewer.caller.actor.clone();
    let team = app.store().team(&actor, team).await?;
    let mut tags = all(app, &viewer, team.id).await?;
    tags.sort_by_cached_key(|tag| tag.name.to_lowercase());
    let status = [&typed.wrong, &typed.wrong_change]
        .map(Wrong::status)
        .into_iter()
        .find(|status| !status.is_success())
        .unwrap_or_default();
    let mut rows: Vec<_> = tags.into_iter().map(TagRow::from).collect();
    if let Some(tag) = typed.tag {
        let row = rows.iter_mut().find(|row| row.id == tag.to_string());
        if let Some(row) = row {
            row.take(&mut typed);
        }
    }
    let page = TagsPage {
        shell: Shell::of(app, viewer, Section::Teams).await?,
        may_manage: decide(&actor, Action::ManageTags, Target::team(team.id)).is_ok(),
        tags: rows,
        team,
        wrong: typed.wrong,
        wrong_change: typed.wrong_change,
        name: typed.name,
        color: typed.color,
    };
    Ok((status, crate::pages::render(&page)?).into_response())
}

async fn all(app: &AppState, viewer: &Viewer, team: TeamId) -> Result<Vec<TagState>, ApiError> {
    let (mut tags, mut cursor) = (Vec::new(), None);
    while tags.len() < SHOWN_MAX {
        let page = PageRequest {
            limit: LIMIT_MAX,
            cursor,
        };
        let actor = &viewer.caller.actor;
        let found = app.store().tags(actor, Some(team), &page).await?;
        tags.extend(found.items);
        cursor = found.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    Ok(tags)
}

impl TagRow {
    /// Whether it has this colour.
    fn is(&self, color: &str) -> bool {
        self.color == color
    }

    /// Whether its colour is none of those that have a name.
    fn is_mixed(&self) -> bool {
        !NAMED.contains(&self.color.as_str())
    }

    /// Shows its form again, as it was typed.
    fn take(&mut self, typed: &mut Typed) {
        self.name = mem::take(&mut typed.name);
        if !typed.color.is_empty() {
            self.color = mem::take(&mut typed.color);
        }
        self.wrong = Some(mem::take(&mut typed.wrong_change));
    }

    /// What is wrong with a field of its form.
    fn wrong_at(&self, field: &str) -> Option<&str> {
        self.wrong.as_ref()?.at(field)
    }

    /// Whether somebody else changed it meanwhile.
    fn is_stale(&self) -> bool {
        self.wrong.as_ref().is_some_and(Wrong::is_stale)
    }

    /// What is wrong with the whole of its form.
    fn wrong_whole(&self) -> Option<&str> {
        self.wrong.as_ref()?.whole()
    }
}

impl From<TagState> for TagRow {
    fn from(tag: TagState) -> Self {
        Self {
            mark: TagMark::new(&tag.name, Some(&tag.color)),
            id: tag.id.to_string(),
            name: tag.name,
            color: tag.color,
            version: tag.version,
            wrong: None,
        }
    }
}

/// Where the tasks are that carry it.
fn tasks_url(tag: &TagRow) -> String {
    let query = format!("tag:\"{}\"", tag.mark.name.replace('"', ""));
    format!(
        "/search?q={}",
        utf8_percent_encode(&query, NON_ALPHANUMERIC)
    )
}

fn back(team: TeamId) -> Response {
    Redirect::to(&format!("/teams/{team}/tags")).into_response()
}

/// Makes one.
pub(crate) async fn create(
    State(app): State<AppState>,
    Id(team): Id<TeamId>,
    PageForm { viewer, mut params }: PageForm,
) -> Result<Response, ApiError> {
    let mut sent = members(&mut params, &["name", "color"]);
    params.finish(|| Some(()))?;
    let (name, color) = (kept(&sent, "name"), kept(&sent, "color"));
    sent.insert("team_id".to_owned(), team.to_string().into());
    // A team that is not to be seen is no field that is wrong: there is no such page.
    app.store().team(&viewer.caller.actor, team).await?;
    let made = match create::read(Fields::new(sent), &viewer.caller) {
        Ok(create) => {
            let written = app.store().write(&viewer.caller.origin, create).await;
            written.map(drop).map_err(ApiError::from)
        }
        Err(error) => Err(error),
    };
    match made {
        Ok(()) => Ok(back(team)),
        Err(error) => {
            let typed = Typed {
                wrong: Wrong::of(error)?,
                name,
                color,
                ..Typed::default()
            };
            page(&app, viewer, team, typed).await
        }
    }
}

/// The tag, if it is one of this team's.
async fn of_team(
    app: &AppState,
    viewer: &Viewer,
    team: TeamId,
    tag: TagId,
) -> Result<(), ApiError> {
    let found = app.store().tag(&viewer.caller.actor, tag).await?;
    if found.team_id == team {
        Ok(())
    } else {
        Err(ApiError::not_found())
    }
}

/// Renames or colours one.
pub(crate) async fn update(
    State(app): State<AppState>,
    IdIn(team, tag): IdIn<TeamId, TagId>,
    PageForm { viewer, mut params }: PageForm,
) -> Result<Response, ApiError> {
    let version = params.one("version", |text| Ok(text.parse::<i64>().unwrap_or(0)));
    let sent = members(&mut params, &["name", "color"]);
    params.finish(|| Some(()))?;
    of_team(&app, &viewer, team, tag).await?;
    let typed = Typed {
        name: kept(&sent, "name"),
        color: kept(&sent, "color"),
        tag: Some(tag),
        ..Typed::default()
    };
    let known = version.map(Into::into);
    let changed = match one::read(Fields::new(sent), &viewer.caller, tag, known) {
        Ok(update) => {
            let written = app.store().write(&viewer.caller.origin, update).await;
            written.map(drop).map_err(ApiError::from)
        }
        Err(error) => Err(error),
    };
    match changed {
        Ok(()) => Ok(back(team)),
        Err(error) => refused(&app, viewer, team, typed, error).await,
    }
}

/// Deletes one: it is taken from all tasks that carry it.
pub(crate) async fn delete(
    State(app): State<AppState>,
    IdIn(team, tag): IdIn<TeamId, TagId>,
    PageForm { viewer, params }: PageForm,
) -> Result<Response, ApiError> {
    params.finish(|| Some(()))?;
    of_team(&app, &viewer, team, tag).await?;
    let caller = &viewer.caller;
    let deleted = app
        .store()
        .delete_tag(&caller.origin, &caller.actor, tag, None)
        .await;
    match deleted {
        Ok(_) => Ok(back(team)),
        Err(error) => refused(&app, viewer, team, Typed::default(), error.into()).await,
    }
}

async fn refused(
    app: &AppState,
    viewer: Viewer,
    team: TeamId,
    mut typed: Typed,
    error: ApiError,
) -> Result<Response, ApiError> {
    typed.wrong_change = Wrong::of(error)?;
    page(app, viewer, team, typed).await
}
