//! `/settings`: one's own profile, password, theme, log-ins and API tokens.

mod mails;
mod tokens;

pub(crate) use mails::{save as save_mails, show as show_mails};
pub(crate) use tokens::{create as create_token, revoke as revoke_token, show as show_tokens};

use crate::api::auth::{me, password};
use crate::error::ApiError;
use crate::extract::params::id;
use crate::extract::{Fields, Params};
use crate::pages::cookie;
use crate::pages::form::{PageForm, Wrong, members, sent};
use crate::pages::shell::{Section, Shell};
use crate::pages::show::Moment;
use crate::pages::viewer::Viewer;
use crate::state::AppState;
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::SET_COOKIE;
use axum::response::{IntoResponse, Redirect, Response};
use chrono_tz::TZ_VARIANTS;
use millstream_event_log::events::session::EndReason;
use millstream_store::PageRequest;
use millstream_store::page::LIMIT_MAX;
use millstream_store::session::{EndOtherSessions, EndSession};

/// Most characters of a browser's name that are shown.
const AGENT_CHARS: usize = 120;
/// Where one is led when something was saved.
const SAVED: &str = "/settings?saved";

#[derive(Template)]
#[template(path = "pages/settings.html")]
struct SettingsPage {
    shell: Shell,
    profile: Profile,
    zones: Vec<&'static str>,
    sessions: Vec<SessionRow>,
    /// With the profile.
    wrong: Wrong,
    /// With the change of the password. Both forms have a field `current_password`.
    wrong_password: Wrong,
    is_saved: bool,
}

/// What was wrong, by form.
#[derive(Default)]
struct WrongForms {
    profile: Wrong,
    password: Wrong,
}

/// The profile, as it is or as it was typed.
#[derive(Default)]
struct Profile {
    display_name: String,
    email: String,
    time_zone: String,
    locale: String,
}

struct SessionRow {
    id: String,
    agent: String,
    ip: String,
    used: Moment,
    is_current: bool,
}

/// Shows it.
pub(crate) async fn show(
    State(app): State<AppState>,
    viewer: Viewer,
    mut params: Params,
) -> Result<Response, ApiError> {
    let is_saved = sent(&mut params, "saved").is_some();
    params.finish(|| Some(()))?;
    page(&app, viewer, None, WrongForms::default(), is_saved).await
}

/// All of what somebody has a few of.
fn list_all() -> PageRequest {
    PageRequest {
        limit: LIMIT_MAX,
        cursor: None,
    }
}

async fn page(
    app: &AppState,
    viewer: Viewer,
    typed: Option<Profile>,
    wrong: WrongForms,
    is_saved: bool,
) -> Result<Response, ApiError> {
    let profile = if let Some(typed) = typed {
        typed
    } else {
        let user = app.store().user(viewer.caller.id).await?;
        Profile {
            display_name: user.state.display_name,
            email: user.email,
            time_zone: user.state.time_zone,
            locale: user.state.locale.to_string(),
        }
    };
    let sessions = app.store().sessions(viewer.caller.id, &list_all()).await?;
    let current = viewer.visitor.session;
    let shell = Shell::of(app, viewer, Section::Settings).await?;
    let sessions = sessions
        .items
        .into_iter()
        .map(|session| SessionRow {
            is_current: session.id == current,
            id: session.id.to_string(),
            agent: session
                .user_agent
                .unwrap_or_default()
                .chars()
                .take(AGENT_CHARS)
                .collect(),
            ip: session.ip.unwrap_or_default(),
            used: Moment::of(session.last_used_at, shell.now, shell.zone),
        })
        .collect();
    let status = [&wrong.profile, &wrong.password]
        .map(Wrong::status)
        .into_iter()
        .find(|status| *status != StatusCode::OK)
        .unwrap_or_default();
    let page = SettingsPage {
        shell,
        profile,
        zones: TZ_VARIANTS.iter().map(|zone| zone.name()).collect(),
        sessions,
        wrong: wrong.profile,
        wrong_password: wrong.password,
        is_saved,
    };
    Ok((status, super::render(&page)?).into_response())
}

/// Changes the profile.
pub(crate) async fn save_profile(
    State(app): State<AppState>,
    PageForm { viewer, mut params }: PageForm,
) -> Result<Response, ApiError> {
    let sent = members(
        &mut params,
        &[
            "display_name",
            "email",
            "time_zone",
            "locale",
            "current_password",
        ],
    );
    params.finish(|| Some(()))?;
    let kept = |name| {
        let value = sent.get(name).and_then(|value| value.as_str());
        value.unwrap_or_default().to_owned()
    };
    let typed = Profile {
        display_name: kept("display_name"),
        email: kept("email"),
        time_zone: kept("time_zone"),
        locale: kept("locale"),
    };
    match me::change(&app, &viewer.caller, None, Fields::new(sent)).await {
        Ok(_) => Ok(Redirect::to(SAVED).into_response()),
        Err(error) => {
            let profile = Some(typed);
            let wrong = WrongForms {
                profile: Wrong::of(error)?,
                ..WrongForms::default()
            };
            page(&app, viewer, profile, wrong, false).await
        }
    }
}

/// Changes the password; all other sessions end.
pub(crate) async fn save_password(
    State(app): State<AppState>,
    PageForm { viewer, mut params }: PageForm,
) -> Result<Response, ApiError> {
    let sent = members(&mut params, &["current_password", "new_password"]);
    params.finish(|| Some(()))?;
    match password::change(&app, &viewer.caller, Fields::new(sent)).await {
        Ok(_) => Ok(Redirect::to(SAVED).into_response()),
        Err(error) => {
            let wrong = WrongForms {
                password: Wrong::of(error)?,
                ..WrongForms::default()
            };
            page(&app, viewer, None, wrong, false).await
        }
    }
}

/// Ends a log-in.
pub(crate) async fn end_session(
    State(app): State<AppState>,
    PageForm { viewer, mut params }: PageForm,
) -> Result<Response, ApiError> {
    let session_id = params.needed("session", id);
    let session_id = params.finish(|| session_id)?;
    let end = EndSession {
        user_id: viewer.caller.id,
        session_id,
        reason: EndReason::Revoked,
        expected_version: None,
    };
    app.store().write(&viewer.caller.origin, end).await?;
    Ok(Redirect::to("/settings").into_response())
}

/// Ends all log-ins but this one.
pub(crate) async fn end_other_sessions(
    State(app): State<AppState>,
    PageForm { viewer, params }: PageForm,
) -> Result<Response, ApiError> {
    params.finish(|| Some(()))?;
    let end = EndOtherSessions {
        user_id: viewer.caller.id,
        kept_session: viewer.visitor.session,
    };
    app.store().write(&viewer.caller.origin, end).await?;
    Ok(Redirect::to(SAVED).into_response())
}

/// Chooses for this browser whether keys of one letter do something: whoever speaks to a computer, or whose hands shake, may
/// press some without meaning to.
pub(crate) async fn choose_keys(
    State(app): State<AppState>,
    PageForm { mut params, .. }: PageForm,
) -> Result<Response, ApiError> {
    let keys = sent(&mut params, "keys").unwrap_or_default();
    params.finish(|| Some(()))?;
    let cookie = cookie::choose_keys(&app, &keys);
    Ok(([(SET_COOKIE, cookie)], Redirect::to("/settings")).into_response())
}

/// Chooses a theme for this browser.
pub(crate) async fn choose_theme(
    State(app): State<AppState>,
    PageForm { mut params, .. }: PageForm,
) -> Result<Response, ApiError> {
    let theme = sent(&mut params, "theme").unwrap_or_default();
    params.finish(|| Some(()))?;
    let cookie = cookie::choose_theme(&app, &theme);
    Ok(([(SET_COOKIE, cookie)], Redirect::to("/settings")).into_response())
}
