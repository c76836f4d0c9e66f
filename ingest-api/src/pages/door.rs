//! `/login`, `/register`, `/logout`: in and out with a browser.

use crate::api::auth::{login, register};
use crate::auth::caller::anonymous_origin;
use crate::error::ApiError;
use crate::extract::{Fields, Params};
use crate::pages::cookie::{self, CookieSecret};
use crate::pages::form::{OpenForm, PageForm, Wrong, members, sent};
use crate::pages::kept::Kept;
use crate::pages::texts::{ENGLISH, Texts};
use crate::pages::viewer::{Viewer, inside};
use crate::state::AppState;
use askama::Template;
use axum::extract::State;
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use millstream_domain::ids::UserId;
use millstream_event_log::events::session::EndReason;
use millstream_event_log::{Origin, Via};
use millstream_store::session::{EndSession, StartBrowserSession};

#[derive(Template)]
#[template(path = "pages/login.html")]
struct LoginPage {
    t: &'static Texts,
    wrong: Wrong,
    login: String,
    next: String,
    /// What was typed into a form whose session had ended.
    kept: Option<Kept>,
}

#[derive(Template)]
#[template(path = "pages/register.html")]
struct RegisterPage {
    t: &'static Texts,
    wrong: Wrong,
    username: String,
    email: String,
    is_first: bool,
}

/// The log-in.
pub(crate) async fn show_login(
    viewer: Option<Viewer>,
    mut params: Params,
) -> Result<Response, ApiError> {
    let next = inside(sent(&mut params, "next"));
    params.finish(|| Some(()))?;
    if viewer.is_some() {
        return Ok(Redirect::to(&next).into_response());
    }
    let page = LoginPage {
        t: &ENGLISH,
        wrong: Wrong::default(),
        login: String::new(),
        next,
        kept: None,
    };
    super::render(&page)
}

/// The log-in as the answer to a form whose session has ended: what was typed is shown again behind it.
pub(crate) fn carry(kept: Kept, next: String) -> Result<Response, ApiError> {
    let page = LoginPage {
        t: &ENGLISH,
        wrong: Wrong::default(),
        login: String::new(),
        next,
        kept: Some(kept),
    };
    Ok((StatusCode::UNAUTHORIZED, super::render(&page)?).into_response())
}

/// Logs in.
pub(crate) async fn log_in(
    State(app): State<AppState>,
    headers: HeaderMap,
    OpenForm(mut params): OpenForm,
) -> Result<Response, ApiError> {
    let next = inside(sent(&mut params, "next"));
    let kept = Kept::carried(app.settings(), &headers, &mut params);
    let fields = members(&mut params, &["login", "password"]);
    params.finish(|| Some(()))?;
    let login = fields
        .get("login")
        .and_then(|login| login.as_str())
        .unwrap_or_default()
        .to_owned();
    match login::identify(&app, Fields::new(fields)).await {
        Ok(account) => {
            let secret = enter(&app, account.user_id, Some(account.password_hash)).await?;
            let answer = match kept {
                Some(kept) => kept.page(StatusCode::OK, &secret, &next)?,
                None => Redirect::to(&next).into_response(),
            };
            Ok(([(SET_COOKIE, secret.set(&app))], answer).into_response())
        }
        Err(error) => {
            let page = LoginPage {
                t: &ENGLISH,
                wrong: Wrong::of(error)?,
                login,
                next,
                kept,
            };
            let status = page.wrong.status();
            Ok((status, super::render(&page)?).into_response())
        }
    }
}

async fn enter(
    app: &AppState,
    user_id: UserId,
    password_hash: Option<String>,
) -> Result<CookieSecret, ApiError> {
    let secret = CookieSecret::fresh();
    let start = StartBrowserSession {
        user_id,
        password_hash,
        cookie: secret.hash(),
    };
    let origin = Origin {
        actor: Some(user_id),
        via: Via::Session,
        ..anonymous_origin()
    };
    app.store().write(&origin, start).await?;
    Ok(secret)
}

/// The registration.
pub(crate) async fn show_register(State(app): State<AppState>) -> Result<Response, ApiError> {
    super::render(&RegisterPage {
        t: &ENGLISH,
        wrong: Wrong::default(),
        username: String::new(),
        email: String::new(),
        is_first: !app.store().has_users().await?,
    })
}

/// Registers, and logs in.
pub(crate) async fn register(
    State(app): State<AppState>,
    OpenForm(mut params): OpenForm,
) -> Result<Response, ApiError> {
    let fields = members(
        &mut params,
        &["username", "email", "password", "setup_secret"],
    );
    params.finish(|| Some(()))?;
    let kept = |name: &str| {
        fields
            .get(name)
            .and_then(|value| value.as_str())
            .unwrap_or_default()
            .to_owned()
    };
    let (username, email) = (kept("username"), kept("email"));
    match register::create(&app, Fields::new(fields)).await {
        Ok(written) => {
            let secret = enter(&app, written.output.state.id, None).await?;
            Ok(([(SET_COOKIE, secret.set(&app))], Redirect::to("/")).into_response())
        }
        Err(error) => {
            let page = RegisterPage {
                t: &ENGLISH,
                wrong: Wrong::of(error)?,
                username,
                email,
                is_first: !app.store().has_users().await?,
            };
            let status = page.wrong.status();
            Ok((status, super::render(&page)?).into_response())
        }
    }
}

/// Logs out.
pub(crate) async fn log_out(
    State(app): State<AppState>,
    PageForm { viewer, params }: PageForm,
) -> Result<Response, ApiError> {
    params.finish(|| Some(()))?;
    let end = EndSession {
        user_id: viewer.caller.id,
        session_id: viewer.visitor.session,
        reason: EndReason::LoggedOut,
        expected_version: None,
    };
    app.store().write(&viewer.caller.origin, end).await?;
    Ok(([(SET_COOKIE, cookie::remove(&app))], Redirect::to("/login")).into_response())
}
