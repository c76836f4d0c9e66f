//! Every route, in one table; the `OpenAPI` document is made of the same.
//!
//! To add one: a line in the group that says what it needs.

use crate::api::system::document::ApiDocument;
use crate::api::{
    activity, audit, auth, comments, notifications, pipelines, projects, search, system, tasks,
    teams, users,
};
use crate::auth::{caller, refusals};
use crate::idempotency;
use crate::middleware::{accept, conditional, envelope, headers, limits, observe};
use crate::pages;
use crate::state::AppState;
use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use tower_http::compression::CompressionLayer;
use utoipa::OpenApi as _;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

type Routes = OpenApiRouter<AppState>;

/// Below `/api/v1`, for everybody.
fn open() -> Routes {
    Routes::new()
        .routes(routes!(auth::register::register))
        .routes(routes!(auth::login::log_in))
        .routes(routes!(auth::refresh::refresh))
        .routes(routes!(system::document::read_document))
}

/// Below `/api/v1`, for those who are logged in: their own account. Idempotency keys are not looked at.
fn own() -> Routes {
    Routes::new()
        .routes(routes!(auth::logout::log_out))
        .routes(routes!(auth::me::read_me, auth::me::update_me))
        .routes(routes!(auth::password::change_password))
        .routes(routes!(auth::sessions::list_sessions))
        .routes(routes!(auth::sessions::end_session))
}

/// Below `/api/v1`, for those who are logged in.
fn members() -> Routes {
    Routes::new()
        .routes(routes!(users::list::list_users))
        .routes(routes!(
            users::one::read_user,
            users::one::update_user,
            users::one::deactivate_user
        ))
        .routes(routes!(teams::list::list_teams, teams::create::create_team))
        .routes(routes!(
            teams::read::read_team,
            teams::update::update_team,
            teams::delete::delete_team
        ))
        .routes(routes!(teams::members::list_members))
        .routes(routes!(
            teams::members::put_member,
            teams::members::remove_member
        ))
        .routes(routes!(
            projects::list::list_projects,
            projects::create::create_project
        ))
        .routes(routes!(
            projects::read::read_project,
            projects::update::update_project,
            projects::delete::delete_project
        ))
        .routes(routes!(tasks::list::list_project_tasks))
        .routes(routes!(tasks::list::list_tasks, tasks::create::create_task))
        .routes(routes!(
            tasks::read::read_task,
            tasks::update::update_task,
            tasks::place::trash_task
        ))
        .routes(routes!(tasks::assign::assign_task))
        .routes(routes!(tasks::place::archive_task))
        .routes(routes!(tasks::place::restore_task))
        .routes(routes!(tasks::history::list_history))
        .routes(routes!(
            comments::list::list_comments,
            comments::create::create_comment
        ))
        .routes(routes!(
            comments::one::read_comment,
            comments::one::edit_comment,
            comments::one::delete_comment
        ))
        .routes(routes!(search::search))
        .routes(routes!(activity::list::list_activity))
        .routes(routes!(notifications::list::list_notifications))
        .routes(routes!(notifications::list::count_notifications))
        .routes(routes!(notifications::read::read_notifications))
        .routes(routes!(audit::list::list_audit))
        .routes(routes!(audit::proof::read_proof))
        .routes(routes!(pipelines::list::list_pipelines))
}

/// Below `/api/v1`, for those who are logged in, and answered in another form than JSON.
fn texts() -> Routes {
    Routes::new().routes(routes!(audit::checkpoint::read_checkpoint))
}

/// Beside `/api/v1`: what is looked for at these very places.
fn beside() -> Routes {
    Routes::new()
        .routes(routes!(auth::keys::read_jwks))
        .routes(routes!(auth::keys::read_public_key))
        .routes(routes!(system::health::live))
        .routes(routes!(system::health::ready))
}

/// The `OpenAPI` document of every route.
#[must_use]
pub fn openapi() -> OpenApi {
    let api = open().merge(own()).merge(members()).merge(texts());
    Routes::with_openapi(ApiDocument::openapi())
        .nest("/api/v1", api)
        .merge(beside())
        .into_openapi()
}

/// Everything that answers.
#[expect(clippy::needless_pass_by_value, reason = "a server owns its state")]
pub fn router(app: AppState) -> Router {
    let state = || app.clone();
    let own = own().route_layer(from_fn_with_state(state(), caller::require));
    let members = members()
        .route_layer(from_fn_with_state(state(), refusals::record))
        .route_layer(from_fn_with_state(state(), idempotency::once))
        .route_layer(from_fn_with_state(state(), caller::require));
    let texts = texts()
        .route_layer(from_fn_with_state(state(), refusals::record))
        .route_layer(from_fn_with_state(state(), caller::require));
    let api = open()
        .merge(own)
        .merge(members)
        .route_layer(from_fn(accept::json))
        .merge(texts);
    let (routes, _) = Routes::new()
        .nest("/api/v1", api)
        .merge(beside())
        .split_for_parts();
    routes
        .merge(pages::routes())
        .with_state(state())
        .layer(from_fn(conditional::not_modified))
        .layer(from_fn(envelope::wrap))
        .layer(CompressionLayer::new())
        .layer(from_fn_with_state(state(), headers::add))
        .layer(from_fn(limits::within))
        .layer(from_fn_with_state(state(), observe::observe))
}
