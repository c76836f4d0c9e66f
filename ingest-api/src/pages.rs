//! What people see in a browser: all that the product does as pages, with forms that need no script. Each page is a file, or
//! a room of files, with a handler and the template of its name.
//!
//! To add one: a line in the table below, and a sample in `tests/it/permission/pages.rs`.

pub(crate) mod activity;
pub(crate) mod admin;
pub(crate) mod assets;
pub(crate) mod cookie;
pub(crate) mod docs;
pub(crate) mod door;
pub(crate) mod form;
pub(crate) mod fresh;
pub(crate) mod home;
pub(crate) mod inbox;
pub(crate) mod kept;
pub(crate) mod landing;
pub(crate) mod problem;
pub(crate) mod project;
pub(crate) mod reports;
pub(crate) mod reset;
pub(crate) mod search;
pub(crate) mod settings;
pub(crate) mod shell;
pub(crate) mod show;
pub(crate) mod task;
pub(crate) mod team;
pub(crate) mod texts;
pub(crate) mod viewer;
pub(crate) mod whole;

use crate::error::ApiError;
use crate::state::AppState;
use askama::Template;
use axum::Router;
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::MethodRouter;

/// The table of pages, once: as routes, and as the list that the test of permissions asks as everybody.
macro_rules! table {
    ($($path:literal => $($method:ident $handler:path),+;)*) => {
        /// The routes.
        pub(crate) fn routes() -> Router<AppState> {
            Router::new()
                $(.route($path, MethodRouter::new()$(.$method($handler))+))*
                .merge(docs::routes())
        }

        /// Method and path of every page, in small letters: `("get", "/inbox")`.
        pub const PAGES: &[(&str, &str)] = &[$($((stringify!($method), $path)),+),*];
    };
}

// Method and handler; several after commas.
table! {
    "/" => get home::show;
    "/login" => get door::show_login, post door::log_in;
    "/register" => get door::show_register, post door::register;
    "/logout" => post door::log_out;
    "/reset" => get reset::show, post reset::ask;
    "/reset/confirm" => post reset::set;
    "/projects" => get project::show_all, post project::create;
    "/projects/new" => get project::show_new;
    "/projects/{key}" => get project::show;
    "/projects/{key}/edit" => get project::show_edit, post project::update;
    "/projects/{key}/archive" => post project::archive;
    "/projects/{key}/delete" => post project::delete;
    "/search" => get search::show;
    "/inbox" => get inbox::show;
    "/inbox/read" => post inbox::mark_read;
    "/activity" => get activity::show;
    "/analytics" => get reports::show;
    "/analytics/sql" => get reports::sql::show, post reports::sql::ask;
    "/analytics/users/{id}" => get reports::show_person;
    "/analytics/teams/{id}" => get reports::show_team;
    "/analytics/projects/{key}" => get reports::show_flow;
    "/reports" => get reports::files::show, post reports::files::order;
    "/reports/{id}/download" => get reports::files::download;
    "/reports/{id}/delete" => post reports::files::delete;
    "/teams" => get team::show_all, post team::create;
    "/teams/new" => get team::show_new;
    "/teams/{id}" => get team::show;
    "/teams/{id}/edit" => get team::show_edit, post team::update;
    "/teams/{id}/delete" => post team::delete;
    "/teams/{id}/tags" => get team::show_tags, post team::create_tag;
    "/teams/{id}/tags/{tag_id}" => post team::update_tag;
    "/teams/{id}/tags/{tag_id}/delete" => post team::delete_tag;
    "/teams/{id}/members" => post team::put_member;
    "/teams/{id}/members/remove" => post team::remove_member;
    "/settings" => get settings::show;
    "/settings/profile" => post settings::save_profile;
    "/settings/password" => post settings::save_password;
    "/settings/theme" => post settings::choose_theme;
    "/settings/keys" => post settings::choose_keys;
    "/settings/sessions/end" => post settings::end_session;
    "/settings/sessions/end-others" => post settings::end_other_sessions;
    "/settings/mails" => get settings::show_mails, post settings::save_mails;
    "/settings/tokens" => get settings::show_tokens, post settings::create_token;
    "/settings/tokens/revoke" => post settings::revoke_token;
    "/admin" => get admin::show_pipelines;
    "/admin/pipelines/{name}" => get admin::show_letters;
    "/admin/pipelines/{name}/rebuild" => post admin::rebuild_pipeline;
    "/admin/pipelines/{name}/resume" => post admin::resume_pipeline;
    "/admin/pipelines/{name}/letters/{seq}/retry" => post admin::retry_letter;
    "/admin/pipelines/{name}/letters/{seq}/discard" => post admin::discard_letter;
    "/admin/users" => get admin::show_users;
    "/admin/users/{id}" => post admin::update_user;
    "/admin/audit" => get admin::show_audit;
    "/admin/audit/export" => get admin::export_audit;
    "/admin/audit/{index}" => get admin::show_entry;
    "/admin/jobs" => get admin::show_jobs;
    "/admin/jobs/{id}" => get admin::show_job;
    "/admin/jobs/{id}/retry" => post admin::retry_job;
    "/admin/jobs/{id}/cancel" => post admin::cancel_job;
    "/admin/schedules" => get admin::show_schedules, post admin::create_schedule;
    "/admin/schedules/new" => get admin::show_new_schedule;
    "/admin/schedules/{id}" => get admin::show_schedule, post admin::update_schedule;
    "/admin/schedules/{id}/run" => post admin::run_schedule;
    "/admin/schedules/{id}/delete" => post admin::delete_schedule;
    "/admin/keys" => get admin::show_keys;
    "/tasks" => post task::create;
    "/tasks/new" => get task::show_new;
    "/tasks/bulk" => post task::bulk;
    "/tasks/{id}" => get task::show, post task::update;
    "/tasks/set/{what}" => get task::show_set;
    "/tasks/{id}/edit" => get task::show_edit, post task::compare;
    "/tasks/{id}/watch" => post task::watch;
    "/tasks/{id}/comments" => post task::comment;
    "/tasks/{id}/comments/{comment}" => post task::edit_comment;
    "/tasks/{id}/comments/{comment}/history" => get task::show_comment_history;
    "/tasks/{id}/place" => post task::place;
    "/tasks/{id}/move" => post task::carry;
    "/static/{hash}/{file}" => get assets::read_for_good;
    "/problems" => get problem::list;
    "/problems/{code}" => get problem::show;
    "/static/{file}" => get assets::read;
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
