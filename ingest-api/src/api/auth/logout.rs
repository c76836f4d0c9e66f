//! `POST /auth/logout`

use crate::answer::Answer;
use crate::api::schema::Problems;
use crate::auth::Caller;
use crate::auth::secret::TOKEN_CHARACTERS_MAX;
use crate::error::ApiError;
use crate::extract::params::bounded;
use crate::extract::value::text;
use crate::extract::{JsonBody, NoParams};
use crate::state::AppState;
use axum::extract::State;
use axum::http::StatusCode;
use millstream_event_log::events::session::EndReason;
use millstream_store::session::EndSession;
use utoipa::ToSchema;

/// A log-out.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the body, which is read field by field")]
pub(crate) struct LogoutBody {
    /// Not needed: the session of the access token ends, and its refresh tokens with it.
    #[schema(max_length = 512)]
    refresh_token: Option<String>,
}

#[utoipa::path(
    post, path = "/auth/logout", tag = "auth",
    summary = "Log out",
    description = "Ends the session that the access token belongs to.",
    request_body = Option<LogoutBody>,
    responses((status = 204, description = "Logged out"), Problems),
    security(("bearer" = [])),
)]
pub(crate) async fn log_out(
    State(app): State<AppState>,
    caller: Caller,
    _: NoParams,
    JsonBody(mut fields): JsonBody,
) -> Result<Answer, ApiError> {
    fields.optional(
        "refresh_token",
        text(|text| bounded(text, TOKEN_CHARACTERS_MAX)),
    );
    fields.finish(|| Some(()))?;
    let end = EndSession {
        user_id: caller.id,
        session_id: caller.session()?,
        reason: EndReason::LoggedOut,
        expected_version: None,
    };
    let written = app.store().write(&caller.origin, end).await?;
    Ok(Answer::empty(StatusCode::NO_CONTENT).at(written.position))
}
