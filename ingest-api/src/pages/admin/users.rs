//! People's accounts.

use crate::error::ApiError;
use crate::extract::params::{CURSOR_CHARACTERS_MAX, bounded, flag};
use crate::extract::{Id, Params};
use crate::pages::form::{PageForm, Wrong};
use crate::pages::shell::{Section, Shell};
use crate::pages::show::Avatar;
use crate::pages::viewer::Viewer;
use crate::state::AppState;
use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use millstream_domain::ids::UserId;
use millstream_domain::policy::Action;
use millstream_domain::user::Role;
use millstream_store::PageRequest;
use millstream_store::user::{UpdateUser, UserEdit};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

#[derive(Template)]
#[template(path = "pages/admin_users.html")]
struct UsersPage {
    shell: Shell,
    q: String,
    rows: Vec<UserRow>,
    wrong: Option<String>,
    next: Option<String>,
}

struct UserRow {
    id: String,
    avatar: Avatar,
    username: String,
    email: String,
    role: Role,
    active: bool,
    is_me: bool,
}

/// Lists them.
pub(crate) async fn show(
    State(app): State<AppState>,
    viewer: Viewer,
    mut params: Params,
) -> Result<Response, ApiError> {
    let q = params.q().unwrap_or_default();
    let page = PageRequest {
        cursor: params.one("cursor", |text| bounded(text, CURSOR_CHARACTERS_MAX)),
        ..PageRequest::default()
    };
    params.finish(|| Some(()))?;
    list(&app, viewer, q, page, Wrong::default()).await
}

async fn list(
    app: &AppState,
    viewer: Viewer,
    q: String,
    page: PageRequest,
    wrong: Wrong,
) -> Result<Response, ApiError> {
    viewer.caller.may(Action::AdministerUsers)?;
    let me = viewer.caller.id;
    let wanted = Some(q.as_str()).filter(|q| !q.is_empty());
    let found = app
        .store()
        .users(&viewer.caller.actor, wanted, &page)
        .await?;
    let rows = found
        .items
        .into_iter()
        .map(|user| UserRow {
            avatar: Avatar::of(user.state.id, &user.state.display_name),
            is_me: user.state.id == me,
            id: user.state.id.to_string(),
            username: user.state.username,
            email: user.email,
            role: user.state.role,
            active: user.state.active,
        })
        .collect();
    let next = found.next_cursor.map(|cursor| {
        let encoded = |text| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        format!("/admin/users?q={}&cursor={}", encoded(&q), encoded(&cursor))
    });
    let status = wrong.status();
    let page = UsersPage {
        shell: Shell::of(app, viewer, Section::Admin).await?,
        q,
        rows,
        wrong: wrong.text(),
        next,
    };
    Ok((status, super::super::render(&page)?).into_response())
}

/// Gives somebody a role, or closes and opens their account.
pub(crate) async fn update(
    State(app): State<AppState>,
    Id(user_id): Id<UserId>,
    PageForm { viewer, mut params }: PageForm,
) -> Result<Response, ApiError> {
    let edit = UserEdit {
        role: params.one("role", str::parse),
        active: params.one("active", flag),
        ..UserEdit::default()
    };
    params.finish(|| Some(()))?;
    viewer.caller.may(Action::AdministerUsers)?;
    let update = UpdateUser {
        user_id,
        expected_version: None,
        edit,
    };
    match app.store().write(&viewer.caller.origin, update).await {
        Ok(_) => Ok(Redirect::to("/admin/users").into_response()),
        Err(error) => {
            let wrong = Wrong::of(error.into())?;
            list(&app, viewer, String::new(), PageRequest::default(), wrong).await
        }
    }
}
