//! `GET /.well-known/jwks.json`, `GET /auth/keys/public`: the public keys, for whoever checks our tokens. Bare bodies, below
//! the root, where such readers look.

use crate::error::ApiError;
use crate::extract::NoParams;
use crate::state::AppState;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};

/// Readers may keep the keys for as long as a token is good.
const CACHE: &str = "public, max-age=900";

#[utoipa::path(
    get, path = "/.well-known/jwks.json", tag = "keys",
    summary = "Public keys (JWKS)",
    responses((status = 200, description = "A JWK set (RFC 7517)", body = serde_json::Value)),
)]
pub(crate) async fn read_jwks(
    State(app): State<AppState>,
    _: NoParams,
) -> Result<Response, ApiError> {
    let jwks = serde_json::to_vec(&app.keys().jwks()).map_err(ApiError::internal)?;
    Ok((
        [(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, CACHE)],
        jwks,
    )
        .into_response())
}

#[utoipa::path(
    get, path = "/auth/keys/public", tag = "keys",
    summary = "Public key (PEM)",
    responses((status = 200, description = "The key that signs now", body = String, content_type = "application/x-pem-file")),
)]
pub(crate) async fn read_public_key(State(app): State<AppState>, _: NoParams) -> Response {
    let headers = [
        (CONTENT_TYPE, "application/x-pem-file"),
        (CACHE_CONTROL, CACHE),
    ];
    (headers, app.keys().public_pem().to_owned()).into_response()
}
