//! `GET /auth/sessions`, `DELETE /auth/sessions`, `DELETE /auth/sessions/{id}`

use crate::answer::{Answer, Many};
use crate::api::schema::Problems;
use crate::auth::Caller;
use crate::error::ApiError;
use crate::extract::{Id, NoParams, Params};
use crate::state::AppState;
use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use millstream_domain::ids::SessionId;
use millstream_event_log::events::session::EndReason;
use millstream_store::session::{EndOtherSessions, EndSession};
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
    params(
        ("limit" = Option<u32>, Query, description = "1 to 100, default 50"),
        ("cursor" = Option<String>, Query, description = "`meta.next_cursor` of the page before"),
    ),
    responses((status = 200, description = "Your sessions, the one begun last first", body = Many<SessionBody>), Problems),
    security(("bearer" = [])),
)]
pub(crate) async fn list_sessions(
    State(app): State<AppState>,
    caller: Caller,
    mut params: Params,
) -> Result<Answer, ApiError> {
    let current = caller.session()?;
    let page = params.page();
    params.finish(|| Some(()))?;
    let sessions = app.store().sessions(caller.id, &page).await?;
    let bodies = sessions.map(|session| SessionBody {
        id: session.id,
        ip: session.ip,
        user_agent: session.user_agent,
        created_at: session.created_at,
        last_used_at: session.last_used_at,
        current: session.id == current,
    });
    Ok(Answer::page(bodies))
}

#[utoipa::path(
    delete, path = "/auth/sessions", tag = "auth",
    summary = "End all your other sessions",
    description = "All but the one that asks.",
    responses((status = 204, description = "Ended"), Problems),
    security(("bearer" = [])),
)]
pub(crate) async fn end_other_sessions(
    State(app): State<AppState>,
    caller: Caller,
    _: NoParams,
) -> Result<Answer, ApiError> {
    let end = EndOtherSessions {
        user_id: caller.id,
        kept_session: caller.session()?,
    };
    let written = app.store().write(&caller.origin, end).await?;
    Ok(Answer::empty(StatusCode::NO_CONTENT).at(written.position))
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
