//! Log-ins: sessions and their chains of refresh tokens. Tokens are stored as hashes only.

use crate::access::{RefusalMeter, Telling};
use crate::{Change, Changed, Changing, Store, StoreError};
use chrono::{DateTime, TimeDelta, Utc};
use millstream_domain::ids::{SessionId, UserId};
use millstream_domain::policy::Refusal;
use millstream_event_log::Event;
use millstream_event_log::events::session::{
    EndReason, FailedLogin, SessionEnded, SessionEvent, SessionState,
};
use sha2::{Digest, Sha256};
use sqlx::postgres::types::PgInterval;
use uuid::Uuid;

/// How long a session lasts, whatever is refreshed.
pub const SESSION_MAX: TimeDelta = TimeDelta::days(30);
/// How long a session lasts that nobody refreshes.
pub const IDLE_MAX: TimeDelta = TimeDelta::days(14);
/// How long after its use a refresh token may come again: the answer to its first use may have been lost.
pub const REUSE_GRACE: TimeDelta = TimeDelta::seconds(10);

/// A secret that the client holds, as it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenHash([u8; 32]);

impl TokenHash {
    /// The hash of a token. Tokens are long random texts, so a plain hash is enough.
    #[must_use]
    pub fn of(token: &str) -> Self {
        Self(Sha256::digest(token.as_bytes()).into())
    }
}

/// A session as its owner sees it.
#[derive(Debug, Clone)]
pub struct Session {
    /// Which.
    pub id: SessionId,
    /// From where it was begun.
    pub ip: Option<String>,
    /// With what.
    pub user_agent: Option<String>,
    /// When it was begun.
    pub created_at: DateTime<Utc>,
    /// When it was last refreshed.
    pub last_used_at: DateTime<Utc>,
}

impl Store {
    /// The live sessions of a person, the one used last first.
    pub async fn sessions(&self, user: UserId) -> Result<Vec<Session>, StoreError> {
        let rows = sqlx::query!(
            "select id, ip, user_agent, created_at, last_used_at from app.session
             where user_id = $1 and ended_at is null and expires_at > $2
             order by last_used_at desc, id",
            user.0,
            self.clock.now(),
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(rows
            .into_iter()
            .map(|r| Session {
                id: SessionId(r.id),
                ip: r.ip,
                user_agent: r.user_agent,
                created_at: r.created_at,
                last_used_at: r.last_used_at,
            })
            .collect())
    }

    /// Forgets sessions that have been over for [`SESSION_MAX`], and their tokens. What happened in them is in the log.
    pub async fn prune_sessions(&self) -> Result<u64, StoreError> {
        let before = self.clock.now() - SESSION_MAX;
        // One statement: nobody sees a token without its session. The foreign key is checked at its end.
        let pruned = sqlx::query!(
            "with over as (select id from app.session where coalesce(ended_at, expires_at) < $1 for update skip locked),
                  gone as (delete from app.refresh_token where session_id in (select id from over))
             delete from app.session where id in (select id from over)",
            before,
        )
        .execute(&self.pool)
        .await?;
        Ok(pruned.rows_affected())
    }
}

/// Somebody logs in.
#[derive(Debug)]
pub struct StartSession {
    /// Who.
    pub user_id: UserId,
    /// The first refresh token.
    pub token: TokenHash,
}

impl Change for StartSession {
    type Output = SessionId;

    async fn apply(self, cx: &mut Changing<'_>) -> Result<Changed<SessionId>, StoreError> {
        let id: SessionId = cx.id();
        let (ip, agent) = (cx.origin.client_ip.clone(), cx.origin.user_agent.clone());
        let now = cx.now;
        // The password was checked before this transaction: the account may have been deactivated meanwhile.
        let begun = sqlx::query!(
            "insert into app.session (id, user_id, ip, user_agent, created_at, last_used_at, expires_at)
             select $1, id, $3, $4, $5, $5, $6 from app.user where id = $2 and active for key share",
            id.0,
            self.user_id.0,
            ip,
            agent,
            now,
            now + IDLE_MAX,
        )
        .execute(cx.db())
        .await?;
        if begun.rows_affected() == 0 {
            return Err(Refusal::Unauthenticated.into());
        }
        add_token(cx, id, self.token).await?;
        let event = SessionEvent::Started(SessionState {
            session_id: id,
            user_id: self.user_id,
        });
        Ok(Changed::because(id, event))
    }
}

async fn add_token(
    cx: &mut Changing<'_>,
    session: SessionId,
    token: TokenHash,
) -> Result<(), StoreError> {
    let now = cx.now;
    sqlx::query!(
        "insert into app.refresh_token (hash, session_id, created_at) values ($1, $2, $3)",
        &token.0,
        session.0,
        now,
    )
    .execute(cx.db())
    .await?;
    Ok(())
}

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
async fn end(cx: &mut Changing<'_>, session: SessionId) -> Result<(), StoreError> {
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

/// A session ends: somebody logs out, or ends one of their others.
#[derive(Debug)]
pub struct EndSession {
    /// Whose it must be.
    pub user_id: UserId,
    /// Which.
    pub session_id: SessionId,
    /// Why.
    pub reason: EndReason,
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
        end(cx, session_id).await?;
        let event = SessionEvent::Ended(SessionEnded {
            session_id,
            user_id,
            reason,
        });
        Ok(Changed::because((), event))
    }
}

/// Somebody tried to log in and failed. Told to the audit, within limits.
#[derive(Debug)]
pub struct RecordFailedLogin {
    /// The account they tried, if there is one of that name.
    pub user_id: Option<UserId>,
}

impl Change for RecordFailedLogin {
    type Output = ();

    async fn apply(self, cx: &mut Changing<'_>) -> Result<Changed<()>, StoreError> {
        Ok(match RefusalMeter::count(cx).await? {
            Telling::Hushed => Changed::nothing(()),
            Telling::Told { suppressed } => {
                let failed = FailedLogin {
                    user_id: self.user_id,
                    suppressed,
                };
                Changed::because((), SessionEvent::LoginFailed(failed))
            }
        })
    }
}
