//! API tokens: those there are, a new one, which is shown once, and their end.

use super::list_all;
use crate::api::auth::tokens::make;
use crate::error::ApiError;
use crate::extract::params::id;
use crate::extract::{Fields, NoParams};
use crate::pages::form::{PageForm, Wrong, kept, members, sent};
use crate::pages::shell::{Section, Shell};
use crate::pages::show::Moment;
use crate::pages::texts::Texts;
use crate::pages::viewer::Viewer;
use crate::state::AppState;
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use chrono::TimeDelta;
use millstream_domain::api_token::Scope;
use millstream_store::api_token::{ApiToken, RevokeApiToken};
use serde_json::{Map, Value};

/// For how many days a token can be made good; the form offers to leave it open as well.
const DAYS: [i64; 4] = [7, 30, 90, 365];
/// What the form begins with: long enough for a trial, short enough to be thought of again.
const DAYS_AT_FIRST: &str = "30";

#[derive(Template)]
#[template(path = "pages/settings_tokens.html")]
struct TokensPage {
    shell: Shell,
    tokens: Vec<TokenRow>,
    form: TokenForm,
    wrong: Wrong,
    /// One that was just made: its name and itself.
    made: Option<(String, String)>,
}

struct TokenRow {
    id: String,
    name: String,
    scopes: Vec<Scope>,
    used: Option<Moment>,
    expires: Option<Moment>,
    is_expired: bool,
}

/// What was typed.
struct TokenForm {
    name: String,
    scopes: Vec<String>,
    days: String,
}

impl Default for TokenForm {
    fn default() -> Self {
        Self {
            name: String::new(),
            scopes: vec![Scope::Read.to_string()],
            days: DAYS_AT_FIRST.to_owned(),
        }
    }
}

impl TokenForm {
    fn has(&self, scope: &str) -> bool {
        self.scopes.iter().any(|chosen| chosen == scope)
    }
}

/// What a scope lets a program do.
#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "templates pass references"
)]
fn scope_text(scope: &Scope, t: &Texts) -> &'static str {
    match scope {
        Scope::Read => t.scope_read,
        Scope::Write => t.scope_write,
        Scope::Admin => t.scope_admin,
    }
}

impl TokenRow {
    fn of(token: ApiToken, shell: &Shell) -> Self {
        let is_expired = token.expires_at.is_some_and(|at| at <= shell.now);
        let moment = if is_expired {
            Moment::of
        } else {
            Moment::ahead
        };
        Self {
            id: token.id.to_string(),
            name: token.name,
            scopes: token.scopes.iter().collect(),
            used: token
                .last_used_at
                .map(|at| Moment::of(at, shell.now, shell.zone)),
            expires: token.expires_at.map(|at| moment(at, shell.now, shell.zone)),
            is_expired,
        }
    }
}

/// Shows them.
pub(crate) async fn show(
    State(app): State<AppState>,
    viewer: Viewer,
    _: NoParams,
) -> Result<Response, ApiError> {
    page(&app, viewer, TokenForm::default(), Wrong::default(), None).await
}

async fn page(
    app: &AppState,
    viewer: Viewer,
    form: TokenForm,
    wrong: Wrong,
    made: Option<(String, String)>,
) -> Result<Response, ApiError> {
    let tokens = app
        .store()
        .api_tokens(viewer.caller.id, &list_all())
        .await?;
    let shell = Shell::of(app, viewer, Section::Settings).await?;
    let status = match made {
        Some(_) => StatusCode::CREATED,
        None => wrong.status(),
    };
    let page = TokensPage {
        tokens: tokens
            .items
            .into_iter()
            .map(|token| TokenRow::of(token, &shell))
            .collect(),
        form,
        wrong,
        made,
        shell,
    };
    Ok((status, crate::pages::render(&page)?).into_response())
}

/// Makes one. The answer is the one page that shows it, so it is no redirect.
pub(crate) async fn create(
    State(app): State<AppState>,
    PageForm { viewer, mut params }: PageForm,
) -> Result<Response, ApiError> {
    let scopes = params.many("scopes", |text| Ok(text.to_owned()));
    let days = sent(&mut params, "days").unwrap_or_default();
    let mut sent = members(&mut params, &["name"]);
    params.finish(|| Some(()))?;
    let form = TokenForm {
        name: kept(&sent, "name"),
        scopes,
        days,
    };
    add(&mut sent, &form, &app);
    match make(&app, &viewer.caller, Fields::new(sent)).await {
        Ok((_, secret)) => {
            let made = Some((form.name, secret));
            page(&app, viewer, TokenForm::default(), Wrong::default(), made).await
        }
        Err(error) => page(&app, viewer, form, Wrong::of(error)?, None).await,
    }
}

/// The rest of the form, as the API reads it.
fn add(sent: &mut Map<String, Value>, form: &TokenForm, app: &AppState) {
    sent.insert("scopes".to_owned(), form.scopes.clone().into());
    let days = form.days.parse().ok().filter(|days| DAYS.contains(days));
    if let Some(days) = days {
        let until = app.now() + TimeDelta::days(days);
        sent.insert("expires_at".to_owned(), until.to_rfc3339().into());
    }
}

/// Ends one.
pub(crate) async fn revoke(
    State(app): State<AppState>,
    PageForm { viewer, mut params }: PageForm,
) -> Result<Response, ApiError> {
    let id = params.needed("token", id);
    let id = params.finish(|| id)?;
    let revoke = RevokeApiToken {
        user_id: viewer.caller.id,
        id,
        expected_version: None,
    };
    app.store().write(&viewer.caller.origin, revoke).await?;
    Ok(Redirect::to("/settings/tokens").into_response())
}
