//! `GET /audit/checkpoint`

use crate::api::schema::Problems;
use crate::auth::Caller;
use crate::error::ApiError;
use crate::extract::NoParams;
use crate::problem::Code;
use crate::state::AppState;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use millstream_domain::policy::Action;

#[utoipa::path(
    get, path = "/audit/checkpoint", tag = "audit",
    summary = "The newest signed checkpoint (admin)",
    description = "A signed note: origin, size and root of the Merkle tree, and a signature. Keep copies elsewhere. 404 until \
                   the first is made.",
    responses((status = 200, description = "The note", body = String, content_type = "text/plain"), Problems),
    security(("bearer" = [])),
)]
pub(crate) async fn read_checkpoint(
    State(app): State<AppState>,
    caller: Caller,
    _: NoParams,
) -> Result<Response, ApiError> {
    caller.may(Action::ReadAudit)?;
    let latest = app.checkpoints().latest().await;
    let latest = latest
        .map_err(|error| ApiError::unavailable("the checkpoints cannot be read").because(error))?;
    let note =
        latest.ok_or_else(|| ApiError::new(Code::NotFound, "no checkpoint has been signed yet"))?;
    let headers = [
        (CONTENT_TYPE, "text/plain; charset=utf-8"),
        (CACHE_CONTROL, "private, no-cache"),
    ];
    Ok((headers, note).into_response())
}
