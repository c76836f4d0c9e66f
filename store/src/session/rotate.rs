//! Refresh tokens are exchanged: each is used once, and its use gives out the next. A token that turns up twice is in
//! two hands, so the session ends; but for a short grace, in which the answer to its first use may have been lost.
//!
//! ```text
//!            ┌─► t1 ──► t3      t0 came twice within the grace, so it has two heirs. The first of them that is used lives
//!     t0 ────┤                  on; the other is lost from then on. Should it turn up after all, somebody holds each
//!            └─► t2  lost       branch, and the session ends (within the grace it is only refused: two tabs).
//! ```

use super::end::end;
use super::{REUSE_GRACE, TokenHash, add_token, touch};
use crate::{Change, Changed, Changing, StoreError};
use chrono::{DateTime, Utc};
use millstream_domain::ids::{SessionId, UserId};
use millstream_event_log::events::session::{EndReason, SessionEnded, SessionEvent};

/// Most heirs of one token: more tabs and repeats than anybody has within the grace. What comes beyond is refused.
pub const HEIRS_MAX: i64 = 64;

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
    /// There is no live session behind the token, or another branch was chosen a moment ago.
    Refused,
    /// The token was used before: somebody else has it too, so the session has ended.
    Reused,
}

/// A refresh token of a live session, as it is stored.
struct Presented {
    session_id: SessionId,
    user_id: UserId,
    parent: Option<Vec<u8>>,
    /// When it was first exchanged.
    used_at: Option<DateTime<Utc>>,
    /// Whether a sibling was used instead.
    is_lost: bool,
    /// When the token that it was given out for was first exchanged.
    parent_used_at: Option<DateTime<Utc>>,
    /// How many tokens were given out for it.
    heirs: i64,
    /// Whether one of these was used.
    is_outlived: bool,
}

/// What to do about a token.
enum Verdict {
    Renew,
    Refuse,
    End,
}

impl Change for RotateRefresh {
    type Output = Rotated;

    async fn apply(self, cx: &mut Changing<'_>) -> Result<Changed<Rotated>, StoreError> {
        let Some(presented) = self.presented(cx).await? else {
            return Ok(Changed::nothing(Rotated::Refused));
        };
        let (session_id, user_id) = (presented.session_id, presented.user_id);
        match presented.verdict(cx.now) {
            Verdict::Renew => {
                self.choose(cx, &presented).await?;
                add_token(cx, session_id, self.successor, Some(self.token)).await?;
                let now = cx.now;
                touch(cx.db(), session_id, now).await?;
                Ok(Changed::nothing(Rotated::Renewed {
                    session_id,
                    user_id,
                }))
            }
            Verdict::Refuse => Ok(Changed::nothing(Rotated::Refused)),
            Verdict::End => {
                end(cx, session_id).await?;
                let reason = EndReason::RefreshReused;
                let event = SessionEvent::Ended(SessionEnded {
                    session_id,
                    user_id,
                    reason,
                });
                Ok(Changed::because(Rotated::Reused, event))
            }
        }
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
            r#"
            select t.parent, t.used_at, t.lost_at is not null as "is_lost!", p.used_at as "parent_used_at?",
                   (select count(*) from app.refresh_token h where h.parent = t.hash) as "heirs!",
                   exists (select from app.refresh_token h where h.parent = t.hash and h.used_at is not null)
                       as "is_outlived!"
            from app.refresh_token t left join app.refresh_token p on p.hash = t.parent
            where t.hash = $1
            "#,
            &self.token.0
        )
        .fetch_optional(cx.db())
        .await?;
        Ok(token.map(|token| Presented {
            session_id: SessionId(live.id),
            user_id: UserId(live.user_id),
            parent: token.parent,
            used_at: token.used_at,
            is_lost: token.is_lost,
            parent_used_at: token.parent_used_at,
            heirs: token.heirs,
            is_outlived: token.is_outlived,
        }))
    }

    /// This branch lives: its siblings are lost. Does nothing the second time.
    async fn choose(&self, cx: &mut Changing<'_>, presented: &Presented) -> Result<(), StoreError> {
        // The grace counts from the first use, or it would never end.
        if presented.used_at.is_some() {
            return Ok(());
        }
        let now = cx.now;
        sqlx::query!(
            "update app.refresh_token
             set used_at = case when hash = $1 then $2::timestamptz end, lost_at = case when hash <> $1 then $2 end
             where hash = $1 or (parent = $3 and lost_at is null)",
            &self.token.0,
            now,
            presented.parent.as_deref(),
        )
        .execute(cx.db())
        .await?;
        Ok(())
    }
}

impl Presented {
    fn verdict(&self, now: DateTime<Utc>) -> Verdict {
        let is_recent =
            |used: Option<DateTime<Utc>>| used.is_some_and(|at| now - at <= REUSE_GRACE);
        match self.used_at {
            None if !self.is_lost => Verdict::Renew,
            None if is_recent(self.parent_used_at) => Verdict::Refuse,
            // Whoever has used what it gave out has had the answer.
            Some(_) if is_recent(self.used_at) && !self.is_outlived => {
                if self.heirs < HEIRS_MAX {
                    Verdict::Renew
                } else {
                    Verdict::Refuse
                }
            }
            None | Some(_) => Verdict::End,
        }
    }
}
