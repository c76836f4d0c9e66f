//! Log-ins: sessions and their chains of refresh tokens. Tokens are stored as hashes only.

use crate::access::{RefusalMeter, Telling};
use crate::{Change, Changed, Changing, Store, StoreError};
use chrono::{DateTime, TimeDelta, Utc};
use millstream_domain::ids::{SessionId, UserId};
use millstream_event_log::events::session::{EndReason, FailedLogin, SessionEnded, SessionEvent, SessionState};
use sha2::{Digest, Sha256};

/// How long a session lasts, whatever is refreshed.
pub const SESSION_MAX: TimeDelta = TimeDelta::days(30);
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
        sqlx::query!(
            "insert into app.session (id, user_id, ip, user_agent, created_at, last_used_at, expires_at)
             values ($1, $2, $3, $4, $5, $5, $6)",
            id.0,
            self.user_id.0,
            ip,
            agent,
            now,
            now + SESSION_MAX,
        )
        .execute(cx.db())
        .await?;
        add_token(cx, id, self.token).await?;
        let event = SessionEvent::Started(SessionState { session_id: id, user_id: self.user_id });
        Ok(Changed::because(id, event))
    }
}

async fn add_token(cx: &mut Changing<'_>, session: SessionId, token: TokenHash) -> Result<(), StoreError> {
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

impl Change for RotateRefresh {
    type Output = Rotated;

    async fn apply(self, cx: &mut Changing<'_>) -> Result<Changed<Rotated>, StoreError> {
        let found = sqlx::query!(
            r#"
            select t.session_id, t.used_at, t.successor, s.user_id,
                   (s.ended_at is null and s.expires_at > $2 and u.active) as "live!"
            from app.refresh_token t
            join app.session s on s.id = t.session_id
            join app.user u on u.id = s.user_id
            where t.hash = $1
            for update of t, s
            "#,
            &self.token.0,
            cx.now,
        )
        .fetch_optional(cx.db())
        .await?;
        let Some(row) = found.filter(|row| row.live) else {
            return Ok(Changed::nothing(Rotated::Refused));
        };
        let (session_id, user_id) = (SessionId(row.session_id), UserId(row.user_id));
        if let Some(used_at) = row.used_at {
            let forgiven = cx.now - used_at <= REUSE_GRACE && unused(cx, row.successor.as_deref()).await?;
            if !forgiven {
                end(cx, session_id).await?;
                let reason = EndReason::RefreshReused;
                let event = SessionEvent::Ended(SessionEnded { session_id, user_id, reason });
                return Ok(Changed::because(Rotated::Reused, event));
            }
            // One live branch: the successor whose answer was lost gives way to the new one.
            drop_token(cx, row.successor.as_deref()).await?;
        }
        add_token(cx, session_id, self.successor).await?;
        self.mark_used(cx, session_id, row.used_at).await?;
        Ok(Changed::nothing(Rotated::Renewed { session_id, user_id }))
    }
}

impl RotateRefresh {
    async fn mark_used(
        &self,
        cx: &mut Changing<'_>,
        session: SessionId,
        used_before: Option<DateTime<Utc>>,
    ) -> Result<(), StoreError> {
        let now = cx.now;
        sqlx::query!(
            "update app.refresh_token set used_at = $2, successor = $3 where hash = $1",
            &self.token.0,
            // The grace counts from the first use, or it would never end.
            used_before.unwrap_or(now),
            &self.successor.0,
        )
        .execute(cx.db())
        .await?;
        sqlx::query!("update app.session set last_used_at = $2 where id = $1", session.0, now)
            .execute(cx.db())
            .await?;
        Ok(())
    }
}

async fn unused(cx: &mut Changing<'_>, token: Option<&[u8]>) -> Result<bool, StoreError> {
    let used = sqlx::query_scalar!(
        r#"select exists (select from app.refresh_token where hash = $1 and used_at is not null) as "used!""#,
        token,
    )
    .fetch_one(cx.db())
    .await?;
    Ok(!used)
}

async fn drop_token(cx: &mut Changing<'_>, token: Option<&[u8]>) -> Result<(), StoreError> {
    sqlx::query!("delete from app.refresh_token where hash = $1", token).execute(cx.db()).await?;
    Ok(())
}

/// Ends the session; its tokens go with it. Answers whether it was live.
async fn end(cx: &mut Changing<'_>, session: SessionId) -> Result<bool, StoreError> {
    let now = cx.now;
    let ended = sqlx::query!(
        "update app.session set ended_at = $2 where id = $1 and ended_at is null",
        session.0,
        now,
    )
    .execute(cx.db())
    .await?;
    sqlx::query!("delete from app.refresh_token where session_id = $1", session.0).execute(cx.db()).await?;
    Ok(ended.rows_affected() > 0)
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
        let (session_id, user_id, reason) = (self.session_id, self.user_id, self.reason);
        let theirs = sqlx::query_scalar!(
            "select id from app.session where id = $1 and user_id = $2 and ended_at is null for update",
            session_id.0,
            user_id.0,
        )
        .fetch_optional(cx.db())
        .await?;
        if theirs.is_none() {
            return Err(StoreError::NotFound);
        }
        end(cx, session_id).await?;
        let event = SessionEvent::Ended(SessionEnded { session_id, user_id, reason });
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
                let failed = FailedLogin { user_id: self.user_id, suppressed };
                Changed::because((), SessionEvent::LoginFailed(failed))
            }
        })
    }
}
