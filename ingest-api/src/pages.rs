//! What people see in a browser: a first page, the explanations of problems, the documentation of the API.

pub(crate) mod assets;
pub(crate) mod docs;
pub(crate) mod landing;
pub(crate) mod problem;

use crate::state::AppState;
use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

/// The routes.
pub(crate) fn routes() -> Router<AppState> {
    Router::new()
        .route("/", get(landing::show))
        .route("/problems", get(problem::list))
        .route("/problems/{code}", get(problem::show))
        .route("/static/{file}", get(assets::read))
        .merge(docs::routes())
}

/// A page as an answer.
fn page(html: String) -> Response {
    ([(CONTENT_TYPE, "text/html; charset=utf-8")], html).into_response()
}
