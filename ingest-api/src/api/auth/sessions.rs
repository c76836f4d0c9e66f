//! `GET /auth/sessions`, `DELETE /auth/sessions/{id}`

use crate::answer::{Answer, Many};
use crate::api::schema::Problems;
use crate::auth::Caller;
use crate::error::ApiError;
use crate::extract::{Id, NoParams};
use crate::state::AppState;
use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use millstream_domain::ids::SessionId;
use millstream_event_log::events::session::EndReason;
use millstream_store::session::EndSession;
use serde::Serialize;
use utoipa::ToSchema;

/// A log-in.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Session)]
pub(crate) struct SessionBody {
    #[schema(value_type = Uuid)]
    id: SessionId,
    /// From where it was begun.
    ip: Option<String>,
    /// With what.
    user_agent: Option<String>,
    created_at: DateTime<Utc>,
    last_used_at: DateTime<Utc>,
    /// Whether it is the one that asks.
    current: bool,
}

#[utoipa::path(
    get, path = "/auth/sessions", tag = "auth",
    summary = "Where you are logged in",
    responses((status = 200, description = "Your sessions, the one used last first", body = Many<SessionBody>), Problems),
    security(("bearer" = [])),
)]
pub(crate) async fn list_sessions(
    State(app): State<AppState>,
    caller: Caller,
    _: NoParams,
) -> Result<Answer, ApiError> {
    let sessions = app.store().sessions(caller.id).await?;
    let bodies = sessions.into_iter().map(|session| SessionBody {
        id: session.id,
        ip: session.ip,
        user_agent: session.user_agent,
        created_at: session.created_at,
        last_used_at: session.last_used_at,
        current: session.id == caller.session,
    });
    Ok(Answer::all(bodies.collect()))
}

#[utoipa::path(
    delete, path = "/auth/sessions/{id}", tag = "auth",
    summary = "End a session of yours",
    params(("id" = Uuid, Path, description = "The session")),
    responses((status = 204, description = "Ended"), Problems),
    security(("bearer" = [])),
)]
pub(crate) async fn end_session(
    State(app): State<AppState>,
    caller: Caller,
    Id(session_id): Id<SessionId>,
    _: NoParams,
) -> Result<Answer, ApiError> {
    let end = EndSession {
        user_id: caller.id,
        session_id,
        reason: EndReason::Revoked,
    };
    let written = app.store().write(&caller.origin, end).await?;
    Ok(Answer::empty(StatusCode::NO_CONTENT).at(written.position))
}
