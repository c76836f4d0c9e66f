//! Sessions end.

use crate::version::{ONLY, Versions, check_version};
use crate::{Change, Changed, Changing, StoreError};
use millstream_domain::ids::{SessionId, UserId};
use millstream_domain::policy::Refusal;
use millstream_event_log::Event;
use millstream_event_log::events::session::{EndReason, SessionEnded, SessionEvent};
use uuid::Uuid;

/// A session ends: somebody logs out, or ends one of their others.
#[derive(Debug)]
pub struct EndSession {
    /// Whose it must be.
    pub user_id: UserId,
    /// Which.
    pub session_id: SessionId,
    /// Why.
    pub reason: EndReason,
    /// The version that they know, if they said.
    pub expected_version: Option<Versions>,
}

impl Change for EndSession {
    type Output = ();

    async fn apply(self, cx: &mut Changing<'_>) -> Result<Changed<()>, StoreError> {
        let (session_id, user_id, reason, now) =
            (self.session_id, self.user_id, self.reason, cx.now);
        let theirs = sqlx::query_scalar!(
            "select id from app.session
             where id = $1 and user_id = $2 and ended_at is null and expires_at > $3 for no key update",
            session_id.0,
            user_id.0,
            now,
        )
        .fetch_optional(cx.db())
        .await?;
        if theirs.is_none() {
            return Err(StoreError::NotFound);
        }
        check_version(self.expected_version, ONLY)?;
        end(cx, session_id).await?;
        let event = SessionEvent::Ended(SessionEnded {
            session_id,
            user_id,
            reason,
        });
        Ok(Changed::because((), event))
    }
}

/// Somebody ends all of their sessions but the one they ask from.
#[derive(Debug)]
pub struct EndOtherSessions {
    /// Whose.
    pub user_id: UserId,
    /// The session that goes on.
    pub kept_session: SessionId,
}

impl Change for EndOtherSessions {
    type Output = ();

    async fn apply(self, cx: &mut Changing<'_>) -> Result<Changed<()>, StoreError> {
        // Two that end each other's session come one after the other; the second has ended by then, and ends nothing.
        sqlx::query!(
            "select id from app.user where id = $1 for no key update",
            self.user_id.0
        )
        .fetch_one(cx.db())
        .await?;
        let now = cx.now;
        let live = sqlx::query_scalar!(
            "select id from app.session where id = $1 and user_id = $2 and ended_at is null and expires_at > $3",
            self.kept_session.0,
            self.user_id.0,
            now,
        )
        .fetch_optional(cx.db())
        .await?;
        if live.is_none() {
            return Err(Refusal::Unauthenticated.into());
        }
        let events = end_all(
            cx,
            self.user_id,
            Some(self.kept_session),
            EndReason::Revoked,
        )
        .await?;
        Ok(Changed { output: (), events })
    }
}

/// Ends all sessions of somebody but `kept`. Their account is locked.
pub(crate) async fn end_all(
    cx: &mut Changing<'_>,
    user_id: UserId,
    kept: Option<SessionId>,
    reason: EndReason,
) -> Result<Vec<Event>, StoreError> {
    let now = cx.now;
    let ended = sqlx::query_scalar!(
        "with ended as (
             update app.session set ended_at = $3
             where user_id = $1 and ended_at is null and id is distinct from $2 returning id
         ), gone as (delete from app.refresh_token where session_id in (select id from ended))
         select id from ended order by id",
        user_id.0,
        kept.map(Uuid::from),
        now,
    )
    .fetch_all(cx.db())
    .await?;
    let event = |id| {
        SessionEvent::Ended(SessionEnded {
            session_id: SessionId(id),
            user_id,
            reason,
        })
        .into()
    };
    Ok(ended.into_iter().map(event).collect())
}

/// Ends a session, which is locked; its tokens go with it.
pub(super) async fn end(cx: &mut Changing<'_>, session: SessionId) -> Result<(), StoreError> {
    let now = cx.now;
    sqlx::query!(
        "update app.session set ended_at = $2 where id = $1 and ended_at is null",
        session.0,
        now,
    )
    .execute(cx.db())
    .await?;
    sqlx::query!(
        "delete from app.refresh_token where session_id = $1",
        session.0
    )
    .execute(cx.db())
    .await?;
    Ok(())
}
