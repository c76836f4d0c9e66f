//! `/api/docs`: Swagger UI, from files that are part of the program.

use crate::state::AppState;
use axum::Router;
use utoipa_swagger_ui::{Config, SwaggerUi};

/// The routes.
pub(crate) fn routes() -> Router<AppState> {
    let config = Config::from("/api/v1/openapi.json")
        // No server of strangers is asked what it thinks of our document.
        .validator_url("none")
        .display_request_duration(true)
        .persist_authorization(false);
    SwaggerUi::new("/api/docs").config(config).into()
}
