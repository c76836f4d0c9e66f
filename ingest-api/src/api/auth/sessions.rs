//! `GET`, `DELETE /auth/sessions`, `GET`, `DELETE /auth/sessions/{id}`

use crate::answer::{Answer, Many, One};
use crate::api::schema::Problems;
use crate::auth::Caller;
use crate::error::ApiError;
use crate::extract::{Id, IfMatch, NoParams, Params};
use crate::state::AppState;
use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use millstream_domain::ids::SessionId;
use millstream_event_log::events::session::EndReason;
use millstream_store::session::{EndOtherSessions, EndSession, Session};
use millstream_store::version::ONLY;
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

impl SessionBody {
    fn seen_from(current: SessionId, session: Session) -> Self {
        Self {
            id: session.id,
            ip: session.ip,
            user_agent: session.user_agent,
            created_at: session.created_at,
            last_used_at: session.last_used_at,
            current: session.id == current,
        }
    }
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
    Ok(Answer::page(
        sessions.map(|session| SessionBody::seen_from(current, session)),
    ))
}

#[utoipa::path(
    get, path = "/auth/sessions/{id}", tag = "auth",
    summary = "A session of yours",
    params(("id" = Uuid, Path, description = "The session")),
    responses((status = 200, description = "The session", body = One<SessionBody>), Problems),
    security(("bearer" = [])),
)]
pub(crate) async fn read_session(
    State(app): State<AppState>,
    caller: Caller,
    Id(id): Id<SessionId>,
    _: NoParams,
) -> Result<Answer, ApiError> {
    let current = caller.session()?;
    let session = app.store().session(caller.id, id).await?;
    let body = SessionBody::seen_from(current, session);
    Ok(Answer::versioned(ONLY, body))
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
    params(IfMatch, ("id" = Uuid, Path, description = "The session")),
    responses((status = 204, description = "Ended"), Problems),
    security(("bearer" = [])),
)]
pub(crate) async fn end_session(
    State(app): State<AppState>,
    caller: Caller,
    Id(session_id): Id<SessionId>,
    IfMatch(expected_version): IfMatch,
    _: NoParams,
) -> Result<Answer, ApiError> {
    let end = EndSession {
        user_id: caller.id,
        session_id,
        reason: EndReason::Revoked,
        expected_version,
    };
    let written = app.store().write(&caller.origin, end).await?;
    Ok(Answer::empty(StatusCode::NO_CONTENT).at(written.position))
}
