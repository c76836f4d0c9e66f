//! What people see in a browser: a first page, the explanations of problems, the documentation of the API.

pub(crate) mod activity;
pub(crate) mod admin;
pub(crate) mod assets;
pub(crate) mod cookie;
pub(crate) mod docs;
pub(crate) mod door;
pub(crate) mod form;
pub(crate) mod home;
pub(crate) mod inbox;
pub(crate) mod landing;
pub(crate) mod problem;
pub(crate) mod project;
pub(crate) mod reset;
pub(crate) mod search;
pub(crate) mod settings;
pub(crate) mod shell;
pub(crate) mod show;
pub(crate) mod task;
pub(crate) mod team;
pub(crate) mod texts;
pub(crate) mod viewer;

use crate::error::ApiError;
use crate::state::AppState;
use askama::Template;
use axum::Router;
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

/// The routes.
pub(crate) fn routes() -> Router<AppState> {
    Router::new()
        .route("/", get(home::show))
        .route("/login", get(door::show_login).post(door::log_in))
        .route("/register", get(door::show_register).post(door::register))
        .route("/logout", post(door::log_out))
        .route("/reset", get(reset::show).post(reset::ask))
        .route("/reset/confirm", post(reset::set))
        .route("/projects", get(project::show_all).post(project::create))
        .route("/projects/new", get(project::show_new))
        .route("/projects/{key}", get(project::show))
        .route("/search", get(search::show))
        .route("/inbox", get(inbox::show))
        .route("/inbox/read", post(inbox::mark_read))
        .route("/activity", get(activity::show))
        .route("/teams", get(team::show_all).post(team::create))
        .route("/teams/new", get(team::show_new))
        .route("/teams/{id}", get(team::show))
        .route("/teams/{id}/members", post(team::put_member))
        .route("/teams/{id}/members/remove", post(team::remove_member))
        .route("/settings", get(settings::show))
        .route("/settings/profile", post(settings::save_profile))
        .route("/settings/password", post(settings::save_password))
        .route("/settings/theme", post(settings::choose_theme))
        .route("/settings/sessions/end", post(settings::end_session))
        .route("/admin", get(admin::show_pipelines))
        .route("/admin/users", get(admin::show_users))
        .route("/admin/users/{id}", post(admin::update_user))
        .route("/admin/audit", get(admin::show_audit))
        .route("/tasks", post(task::create))
        .route("/tasks/new", get(task::show_new))
        .route("/tasks/bulk", post(task::bulk))
        .route("/tasks/{id}", get(task::show).post(task::update))
        .route("/tasks/{id}/edit", get(task::show_edit))
        .route("/tasks/{id}/comments", post(task::comment))
        .route("/tasks/{id}/place", post(task::place))
        .route("/tasks/{id}/move", post(task::carry))
        .route("/static/{hash}/{file}", get(assets::read_for_good))
        .route("/problems", get(problem::list))
        .route("/problems/{code}", get(problem::show))
        .route("/static/{file}", get(assets::read))
        .merge(docs::routes())
}

/// A page as an answer.
fn page(html: String) -> Response {
    ([(CONTENT_TYPE, "text/html; charset=utf-8")], html).into_response()
}

/// A page of somebody's own as an answer: kept nowhere.
fn render(page: &impl Template) -> Result<Response, ApiError> {
    let html = page.render().map_err(ApiError::internal)?;
    let mut response = self::page(html);
    response
        .headers_mut()
        .insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}
