//! `GET /.well-known/jwks.json`, `GET /auth/keys/public`: the public keys, for whoever checks our tokens. Bare bodies, below
//! the root, where such readers look.

use crate::auth::keys::{CACHED_MAX, KeySet};
use crate::error::ApiError;
use crate::extract::NoParams;
use crate::state::AppState;
use axum::extract::State;
use axum::http::HeaderName;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG};
use axum::response::{IntoResponse, Response};
use chrono::TimeDelta;
use jsonwebtoken::jwk::JwkSet;
use serde::Serialize;
use sha2::{Digest, Sha256};

/// The set, with whom tokens are from: whoever takes them from somebody else finds that out before the first one comes. Readers
/// leave members alone that they do not know (RFC 7517, 5).
#[derive(Serialize)]
struct Published<'a> {
    #[serde(flatten)]
    set: JwkSet,
    issuer: &'a str,
}

#[utoipa::path(
    get, path = "/.well-known/jwks.json", tag = "keys",
    summary = "Public keys (JWKS)",
    description = "All keys that tokens may be signed with, now or soon. A key stands here before it signs for longer than \
                   an answer may be cached. Beside them stands `issuer`, whom tokens are from.",
    responses(
        (status = 200, description = "A JWK set (RFC 7517)", body = serde_json::Value),
        (status = 304, description = "As you have it"),
    ),
)]
pub(crate) async fn read_jwks(
    State(app): State<AppState>,
    _: NoParams,
) -> Result<Response, ApiError> {
    let published = Published {
        set: app.keys()?.set().jwks(),
        issuer: &app.settings().public_url,
    };
    let jwks = serde_json::to_vec(&published).map_err(ApiError::internal)?;
    Ok(public("application/json", jwks, CACHED_MAX))
}

#[utoipa::path(
    get, path = "/auth/keys/public", tag = "keys",
    summary = "Public key (PEM)",
    description = "The key that signs now. While keys are changed, tokens of the one before are good as well: a reader that \
                   can, takes the JWK set.",
    responses(
        (status = 200, description = "The key that signs now", body = String, content_type = "application/x-pem-file"),
        (status = 304, description = "As you have it"),
    ),
)]
pub(crate) async fn read_public_key(
    State(app): State<AppState>,
    _: NoParams,
) -> Result<Response, ApiError> {
    let (set, now) = (app.keys()?.set(), app.now());
    let pem = set.signer(now).public_pem.clone();
    Ok(public(
        "application/x-pem-file",
        pem.into_bytes(),
        signs_for(&set, now),
    ))
}

/// One key alone must not be cached for longer than it is the one that signs.
fn signs_for(set: &KeySet, now: chrono::DateTime<chrono::Utc>) -> TimeDelta {
    set.signs_for(now)
        .map_or(CACHED_MAX, |left| left.min(CACHED_MAX))
}

fn public(content_type: &'static str, body: Vec<u8>, cached: TimeDelta) -> Response {
    let digest = Sha256::digest(&body);
    let tag = u64::from_be_bytes(*digest.first_chunk().expect("32 bytes"));
    let headers: [(HeaderName, String); 3] = [
        (CONTENT_TYPE, content_type.to_owned()),
        (
            CACHE_CONTROL,
            format!("public, max-age={}", cached.num_seconds()),
        ),
        (ETAG, format!("\"{tag:016x}\"")),
    ];
    (headers, body).into_response()
}
