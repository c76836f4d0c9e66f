//! Every route, in one table; the `OpenAPI` document is made of the same.
//!
//! To add one: a line in the group that says what it needs.

use crate::api::system::document::ApiDocument;
use crate::api::{
    activity, analytics, audit, auth, comments, jobs, notifications, pipelines, projects, reports,
    schedules, search, system, tags, tasks, teams, users,
};
use crate::auth::{caller, refusals};
use crate::document;
use crate::error::ApiError;
use crate::forward;
use crate::idempotency;
use crate::live;
use crate::middleware::{
    accept, conditional, cors, envelope, headers, host, limits, observe, position, rate,
};
use crate::pages;
use crate::state::AppState;
use axum::Router;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_LENGTH};
use axum::http::{Extensions, HeaderMap, StatusCode, Version};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::any;
use tower::util::option_layer;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{DefaultPredicate, Predicate as _};
use utoipa::OpenApi as _;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

type Routes = OpenApiRouter<AppState>;

/// Below `/api/v1`, for everybody: where somebody tries to become somebody, with a quota of its own.
fn log_ins() -> Routes {
    Routes::new()
        .routes(routes!(auth::register::register))
        .routes(routes!(auth::login::log_in))
        .routes(routes!(auth::reset::ask_reset))
        .routes(routes!(auth::reset::confirm_reset))
}

/// Below `/api/v1`, for everybody.
fn open() -> Routes {
    Routes::new()
        .routes(routes!(auth::refresh::refresh))
        .routes(routes!(system::document::read_document))
}

/// Below `/api/v1`, for those who have logged in, API tokens not: their own account. Idempotency keys are not looked at.
fn own() -> Routes {
    Routes::new()
        .routes(routes!(auth::logout::log_out))
        .routes(routes!(auth::me::update_me))
        .routes(routes!(auth::password::change_password))
        .routes(routes!(
            auth::sessions::list_sessions,
            auth::sessions::end_other_sessions
        ))
        .routes(routes!(
            auth::sessions::read_session,
            auth::sessions::end_session
        ))
        .routes(routes!(
            auth::tokens::list_tokens,
            auth::tokens::create_token
        ))
        .routes(routes!(
            auth::tokens::read_token,
            auth::tokens::revoke_token
        ))
}

/// Below `/api/v1`, for those who are logged in, API tokens too: who they are.
fn whoami() -> Routes {
    Routes::new().routes(routes!(auth::me::read_me))
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
            teams::members::read_member,
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
        .merge(tasks())
        .routes(routes!(activity::list::list_activity))
        .routes(routes!(notifications::list::list_notifications))
        .routes(routes!(notifications::list::count_notifications))
        .routes(routes!(notifications::read::read_notifications))
        .routes(routes!(
            notifications::preferences::read_preferences,
            notifications::preferences::choose_preferences
        ))
        .routes(routes!(audit::list::list_audit))
        .routes(routes!(audit::proof::read_proof))
        .merge(pipelines())
        .routes(routes!(jobs::list::list_jobs))
        .routes(routes!(jobs::read::read_job))
        .routes(routes!(jobs::operate::retry_job))
        .routes(routes!(jobs::operate::cancel_job))
        .merge(reports())
        .merge(schedules())
}

/// Of those: reports as files.
fn reports() -> Routes {
    Routes::new()
        .routes(routes!(
            reports::list::list_reports,
            reports::order::order_report
        ))
        .routes(routes!(
            reports::one::read_report,
            reports::one::delete_report
        ))
}

/// Of those: what keeps the views.
fn pipelines() -> Routes {
    Routes::new()
        .routes(routes!(pipelines::list::list_pipelines))
        .routes(routes!(pipelines::operate::read_pipeline))
        .routes(routes!(pipelines::operate::rebuild_pipeline))
        .routes(routes!(pipelines::operate::resume_pipeline))
        .routes(routes!(pipelines::letters::list_dead_letters))
        .routes(routes!(pipelines::letters::retry_dead_letter))
        .routes(routes!(pipelines::letters::discard_dead_letter))
}

/// Of those: what a service of its own may answer.
fn searches() -> Routes {
    Routes::new().routes(routes!(search::search))
}

/// Of those: reports from the lake, which a service of its own may answer.
fn analytics() -> Routes {
    Routes::new()
        .routes(routes!(analytics::dashboard::read_dashboard))
        .routes(routes!(analytics::distribution::read_distribution))
        .routes(routes!(analytics::stats::read_stats))
        .routes(routes!(analytics::performance::read_performance))
        .routes(routes!(analytics::flow::read_flow))
}

/// Of those: statements in SQL. They are counted and recorded here, whoever answers them.
fn statements() -> Routes {
    Routes::new().routes(routes!(analytics::sql::ask_sql))
}

/// Of those: what is done again and again.
fn schedules() -> Routes {
    Routes::new()
        .routes(routes!(
            schedules::list::list_schedules,
            schedules::create::create_schedule
        ))
        .routes(routes!(
            schedules::one::read_schedule,
            schedules::one::update_schedule,
            schedules::one::delete_schedule
        ))
        .routes(routes!(schedules::preview::preview_schedule))
        .routes(routes!(schedules::run::run_schedule))
}

/// Of those: tasks, and what belongs to them.
fn tasks() -> Routes {
    Routes::new()
        .routes(routes!(tasks::list::list_project_tasks))
        .routes(routes!(tasks::list::list_subtasks))
        .routes(routes!(tasks::list::list_tasks, tasks::create::create_task))
        .routes(routes!(
            tasks::read::read_task,
            tasks::update::update_task,
            tasks::place::trash_task
        ))
        .routes(routes!(tasks::batch::batch_tasks))
        .routes(routes!(tasks::assign::assign_task))
        .routes(routes!(tasks::move_task::move_task))
        .routes(routes!(tasks::watch::watch_task))
        .routes(routes!(tasks::watch::unwatch_task))
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
        .routes(routes!(comments::history::list_comment_history))
        .routes(routes!(tags::list::list_tags, tags::create::create_tag))
        .routes(routes!(
            tags::one::read_tag,
            tags::one::update_tag,
            tags::one::delete_tag
        ))
}

/// Below `/api/v1`, for those who are logged in, and answered in another form than JSON.
fn texts() -> Routes {
    Routes::new()
        .routes(routes!(audit::checkpoint::read_checkpoint))
        .routes(routes!(audit::export::export_audit))
        .routes(routes!(reports::download::download_report))
}

/// Below `/api/v1`: connections that stay open. They ask who it is by themselves, and again whenever that may have changed.
fn open_ended() -> Routes {
    Routes::new()
        .routes(routes!(live::entry::live))
        .routes(routes!(live::comments::talk))
        .routes(routes!(live::stream::notifications))
}

/// Beside `/api/v1`: what is looked for at these very places.
fn beside() -> Routes {
    Routes::new().routes(routes!(auth::keys::read_public_key))
}

/// Beside `/api/v1`, and never refused: services ask for it every second, several of them perhaps from one address, and a key
/// that is retired would be believed for longer where they were told to come later.
fn published() -> Routes {
    Routes::new().routes(routes!(auth::keys::read_jwks))
}

/// Beside `/api/v1`, and never refused: a probe that is told to come later takes the server for dead.
fn health() -> Routes {
    Routes::new()
        .routes(routes!(system::health::live))
        .routes(routes!(system::health::ready))
}

/// The `OpenAPI` document of every route.
#[must_use]
pub fn openapi() -> OpenApi {
    let mut members = members()
        .merge(searches())
        .merge(analytics())
        .merge(statements());
    document::takes_idempotency_keys(members.get_openapi_mut());
    let api = log_ins()
        .merge(open())
        .merge(own())
        .merge(whoami())
        .merge(members)
        .merge(texts())
        .merge(open_ended());
    let mut document = Routes::with_openapi(ApiDocument::openapi())
        .nest("/api/v1", api)
        .merge(published())
        .merge(beside())
        .merge(health())
        .into_openapi();
    document::complete(&mut document);
    document
}

/// Everything that answers.
#[expect(clippy::needless_pass_by_value, reason = "a server owns its state")]
pub fn router(app: AppState) -> Router {
    let state = || app.clone();
    let log_ins = log_ins().route_layer(from_fn_with_state(state(), rate::log_ins));
    let open = open()
        .route_layer(from_fn_with_state(state(), position::of_writes))
        .route_layer(from_fn_with_state(state(), rate::by_address));
    let beside = beside().route_layer(from_fn_with_state(state(), rate::by_address));
    let search: forward::Which = |services| services.search.clone();
    let searches =
        searches().route_layer(from_fn_with_state((state(), search), forward::elsewhere));
    let lake: forward::Which = |services| services.analytics.clone();
    let analytics =
        analytics().route_layer(from_fn_with_state((state(), lake), forward::elsewhere));
    let members = members()
        .merge(searches)
        .merge(analytics)
        .merge(statements())
        .route_layer(from_fn_with_state(state(), refusals::record))
        .route_layer(from_fn_with_state(state(), idempotency::once))
        .route_layer(from_fn_with_state(state(), position::of_writes));
    let texts = texts().route_layer(from_fn_with_state(state(), refusals::record));
    let own = own()
        .route_layer(from_fn(caller::in_session))
        .route_layer(from_fn_with_state(state(), refusals::record))
        .route_layer(from_fn_with_state(state(), position::of_writes));
    let pages = pages::routes()
        .route_layer(from_fn_with_state(state(), refusals::record_of_pages))
        .route_layer(from_fn_with_state(state(), rate::pages));
    let [own, whoami, members, texts] =
        [own, whoami(), members, texts].map(|routes| for_people(&app, routes));
    let api = log_ins
        .merge(open)
        .merge(own)
        .merge(whoami)
        .merge(members)
        .route_layer(from_fn(accept::json))
        .merge(texts)
        .merge(open_ended().route_layer(from_fn(rate::told)));
    let (routes, _) = Routes::new()
        .nest("/api/v1", api)
        .merge(beside)
        .merge(published())
        .merge(health())
        .split_for_parts();
    let unknown = any(unknown).layer(from_fn_with_state(state(), rate::by_address));
    let all = routes
        .merge(pages)
        .fallback_service(unknown.with_state(()))
        .with_state(state())
        .layer(from_fn(conditional::not_modified))
        .layer(from_fn(envelope::wrap))
        .layer(from_fn_with_state(state(), pages::problem::inside));
    framed(&app, all)
}

/// Everything that a service of its own for searches answers: the same at the same places.
#[expect(clippy::needless_pass_by_value, reason = "a server owns its state")]
pub fn search_service(app: AppState) -> Router {
    service(&app, searches())
}

/// Everything that a service of its own for reports answers: the same at the same places.
#[expect(clippy::needless_pass_by_value, reason = "a server owns its state")]
pub fn analytics_service(app: AppState) -> Router {
    service(&app, analytics().merge(statements()))
}

/// Everything that a service of its own answers, which has these routes.
fn service(app: &AppState, routes: Routes) -> Router {
    let api = for_people(app, routes).route_layer(from_fn(accept::json));
    let (routes, _) = Routes::new()
        .nest("/api/v1", api)
        .merge(health())
        .split_for_parts();
    let unknown = any(unknown).layer(from_fn_with_state(app.clone(), rate::by_address));
    let all = routes
        .fallback_service(unknown.with_state(()))
        .with_state(app.clone())
        .layer(from_fn(conditional::not_modified))
        .layer(from_fn(envelope::wrap));
    framed(app, all)
}

/// What every request passes first, and every answer last.
fn framed(app: &AppState, routes: Router) -> Router {
    let state = || app.clone();
    routes
        .layer(CompressionLayer::new().compress_when(DefaultPredicate::new().and(is_no_file)))
        .layer(from_fn(host::check))
        .layer(from_fn(limits::within))
        .layer(option_layer(cors::layer(&app.settings().cors_origins)))
        .layer(from_fn_with_state(state(), headers::add))
        .layer(from_fn_with_state(state(), observe::observe))
}

/// Whether it is no file whose length is told: that would be lost, and files of reports are compressed already, or are large.
fn is_no_file(_: StatusCode, _: Version, headers: &HeaderMap, _: &Extensions) -> bool {
    !(headers.contains_key(CONTENT_DISPOSITION) && headers.contains_key(CONTENT_LENGTH))
}

/// What is nowhere in the table. Counted like everything that needs no log-in: guesses at addresses are not free.
async fn unknown() -> ApiError {
    ApiError::not_found()
}

/// Routes for those who are logged in: who it is, and whether they may ask once more.
fn for_people(app: &AppState, routes: Routes) -> Routes {
    routes
        .route_layer(from_fn_with_state(app.clone(), rate::by_person))
        .route_layer(from_fn_with_state(app.clone(), caller::require))
        .route_layer(from_fn_with_state(app.clone(), rate::strangers))
}
