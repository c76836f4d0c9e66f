//! `GET /audit/checkpoint`

use super::VIEW;
use crate::answer::Answer;
use crate::api::schema::Problems;
use crate::auth::Caller;
use crate::error::ApiError;
use crate::extract::NoParams;
use crate::position::WaitFor;
use crate::problem::Code;
use crate::state::AppState;
use crate::view::seen;
use axum::extract::State;
use millstream_domain::policy::Action;

#[utoipa::path(
    get, path = "/audit/checkpoint", tag = "audit",
    summary = "The newest signed checkpoint (admin)",
    description = "A signed note: origin, size and root of the Merkle tree, and a signature. Keep copies elsewhere. 404 until \
                   the first is made. How far the view is is said beside it; the next checkpoint, within a minute, covers it.",
    params(WaitFor),
    responses((status = 200, description = "The note", body = String, content_type = "text/plain"), Problems),
    security(("bearer" = [])),
)]
pub(crate) async fn read_checkpoint(
    State(app): State<AppState>,
    caller: Caller,
    wait: WaitFor,
    _: NoParams,
) -> Result<Answer, ApiError> {
    caller.may(Action::ReadAudit)?;
    let seen = seen(&app, wait, VIEW).await?;
    let latest = app.checkpoints().latest().await;
    let latest = latest
        .map_err(|error| ApiError::unavailable("the checkpoints cannot be read").because(error))?;
    let note =
        latest.ok_or_else(|| ApiError::new(Code::NotFound, "no checkpoint has been signed yet"))?;
    Ok(Answer::text(note).of_view(seen))
}
