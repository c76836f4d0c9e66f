//! Refresh tokens are exchanged: each is used once, and its use gives out the next. A token that turns up twice is in
//! two hands, so the session ends; but for a short grace, in which the answer to its first use may have been lost.

use super::end::end;
use super::{IDLE_MAX, REUSE_GRACE, SESSION_MAX, TokenHash, add_token};
use crate::{Change, Changed, Changing, StoreError};
use chrono::{DateTime, TimeDelta, Utc};
use millstream_domain::ids::{SessionId, UserId};
use millstream_event_log::events::session::{EndReason, SessionEnded, SessionEvent};
use sqlx::postgres::types::PgInterval;

/// Somebody exchanges a refresh token for a new one.
#[derive(Debug)]
pub struct RotateRefresh {
    /// The token they bring.
    pub token: TokenHash,
    /// The one they get.
    pub successor: TokenHash,
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rotated {
    /// The session goes on.
    Renewed {
        /// Which session.
        session_id: SessionId,
        /// Whose.
        user_id: UserId,
    },
    /// There is no live session behind the token.
    Refused,
    /// The token was used before: somebody else has it too, so the session has ended.
    Reused,
}

/// A refresh token as it is stored, with the session that it belongs to.
struct Presented {
    session_id: SessionId,
    user_id: UserId,
    used_at: Option<DateTime<Utc>>,
    successor: Option<Vec<u8>>,
}

impl Change for RotateRefresh {
    type Output = Rotated;

    async fn apply(self, cx: &mut Changing<'_>) -> Result<Changed<Rotated>, StoreError> {
        let Some(presented) = self.presented(cx).await? else {
            return Ok(Changed::nothing(Rotated::Refused));
        };
        let (session_id, user_id) = (presented.session_id, presented.user_id);
        if !presented.may_be_used(cx).await? {
            end(cx, session_id).await?;
            let reason = EndReason::RefreshReused;
            let event = SessionEvent::Ended(SessionEnded {
                session_id,
                user_id,
                reason,
            });
            return Ok(Changed::because(Rotated::Reused, event));
        }
        supersede(cx, presented.successor.as_deref()).await?;
        add_token(cx, session_id, self.successor).await?;
        self.mark_used(cx, &presented).await?;
        Ok(Changed::nothing(Rotated::Renewed {
            session_id,
            user_id,
        }))
    }
}

impl RotateRefresh {
    /// Finds the token of a live session. The session is locked first, as it is by those who end it.
    async fn presented(&self, cx: &mut Changing<'_>) -> Result<Option<Presented>, StoreError> {
        let now = cx.now;
        let live = sqlx::query!(
            "select s.id, s.user_id from app.session s join app.user u on u.id = s.user_id and u.active
             where s.id = (select session_id from app.refresh_token where hash = $1)
               and s.ended_at is null and s.expires_at > $2
             for no key update of s",
            &self.token.0,
            now,
        )
        .fetch_optional(cx.db())
        .await?;
        let Some(live) = live else { return Ok(None) };
        // Read after the lock: another request with the same token may just have used it.
        let token = sqlx::query!(
            "select used_at, successor from app.refresh_token where hash = $1",
            &self.token.0
        )
        .fetch_optional(cx.db())
        .await?;
        Ok(token.map(|token| Presented {
            session_id: SessionId(live.id),
            user_id: UserId(live.user_id),
            used_at: token.used_at,
            successor: token.successor,
        }))
    }

    async fn mark_used(
        &self,
        cx: &mut Changing<'_>,
        presented: &Presented,
    ) -> Result<(), StoreError> {
        let now = cx.now;
        sqlx::query!(
            "update app.refresh_token set used_at = $2, successor = $3 where hash = $1",
            &self.token.0,
            // The grace counts from the first use, or it would never end.
            presented.used_at.unwrap_or(now),
            &self.successor.0,
        )
        .execute(cx.db())
        .await?;
        sqlx::query!(
            "update app.session set last_used_at = $2, expires_at = least($3, created_at + $4::interval) where id = $1",
            presented.session_id.0,
            now,
            now + IDLE_MAX,
            interval(SESSION_MAX),
        )
        .execute(cx.db())
        .await?;
        Ok(())
    }
}

impl Presented {
    /// Once; and again within the grace, as long as nobody has used what the first use gave out.
    async fn may_be_used(&self, cx: &mut Changing<'_>) -> Result<bool, StoreError> {
        let Some(used_at) = self.used_at else {
            return Ok(true);
        };
        let Some(successor) = self
            .successor
            .as_deref()
            .filter(|_| cx.now - used_at <= REUSE_GRACE)
        else {
            return Ok(false);
        };
        let unused = sqlx::query_scalar!(
            r#"select exists (select from app.refresh_token where hash = $1 and used_at is null) as "unused!""#,
            successor,
        )
        .fetch_one(cx.db())
        .await?;
        Ok(unused)
    }
}

/// The successor whose answer was lost gives way to the new one, so that there is one live branch. Its row stays, used
/// and without a successor: should it turn up after all, somebody holds each branch, and the session ends.
async fn supersede(cx: &mut Changing<'_>, lost: Option<&[u8]>) -> Result<(), StoreError> {
    let Some(lost) = lost else { return Ok(()) };
    let now = cx.now;
    sqlx::query!(
        "update app.refresh_token set used_at = $2, successor = null where hash = $1",
        lost,
        now
    )
    .execute(cx.db())
    .await?;
    Ok(())
}

fn interval(delta: TimeDelta) -> PgInterval {
    PgInterval {
        months: 0,
        days: 0,
        microseconds: delta.num_microseconds().unwrap_or(i64::MAX),
    }
}
