//! Log-ins: sessions and their chains of refresh tokens. Tokens are stored as hashes only.

mod browser;
mod end;
mod list;
mod rotate;

pub use browser::{StartBrowserSession, Visitor};
pub(crate) use end::end_all;
pub use end::{EndOtherSessions, EndSession};
pub use list::Session;
pub use rotate::{HEIRS_MAX, RotateRefresh, Rotated};

use crate::access::{RefusalMeter, Telling};
use crate::attempt::login::remember_address;
use crate::housekeeping::PRUNED_PER_ROUND;
use crate::{Change, Changed, Changing, Store, StoreError};
use chrono::{DateTime, TimeDelta, Utc};
use millstream_domain::ids::{SessionId, UserId};
use millstream_domain::policy::Refusal;
use millstream_event_log::events::session::{FailedLogin, SessionEvent, SessionState};
use sha2::{Digest, Sha256};
use sqlx::PgConnection;
use sqlx::postgres::types::PgInterval;

/// How long a session lasts, whatever is refreshed.
pub const SESSION_MAX: TimeDelta = TimeDelta::days(30);
/// How long a session lasts that nobody refreshes.
pub const IDLE_MAX: TimeDelta = TimeDelta::days(14);
/// How long after its use a refresh token may come again: the answer to its first use may have been lost.
pub const REUSE_GRACE: TimeDelta = TimeDelta::seconds(10);

/// A secret that the client holds, as it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenHash(pub(crate) [u8; 32]);

impl TokenHash {
    /// The hash of a token. Tokens are long random texts, so a plain hash is enough.
    #[must_use]
    pub fn of(token: &str) -> Self {
        Self(Sha256::digest(token.as_bytes()).into())
    }
}

impl Store {
    /// Forgets sessions that have been over for [`SESSION_MAX`], and their tokens. What happened in them is in the log.
    pub(crate) async fn prune_sessions(&self) -> Result<u64, StoreError> {
        let before = self.clock.now() - SESSION_MAX;
        // One statement: nobody sees a token without its session. The foreign key is checked at its end.
        let pruned = sqlx::query!(
            "with over as (select id from app.session where coalesce(ended_at, expires_at) < $1
                           limit $2 for update skip locked),
                  gone as (delete from app.refresh_token where session_id in (select id from over))
             delete from app.session where id in (select id from over)",
            before,
            PRUNED_PER_ROUND,
        )
        .execute(&self.pool)
        .await?;
        Ok(pruned.rows_affected())
    }
}

/// Writes down that a session is used, and lets it last.
async fn touch(
    db: &mut PgConnection,
    session: SessionId,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query!(
        "update app.session set last_used_at = $2, expires_at = least($3, created_at + $4)
         where id = $1 and ended_at is null",
        session.0,
        now,
        now + IDLE_MAX,
        PgInterval::try_from(SESSION_MAX).expect("days are an interval"),
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Somebody logs in.
#[derive(Debug)]
pub struct StartSession {
    /// Who.
    pub user_id: UserId,
    /// The hash that their password was checked against, if it was: a new password meanwhile makes the log-in void.
    pub password_hash: Option<String>,
    /// The first refresh token.
    pub token: TokenHash,
}

impl Change for StartSession {
    type Output = SessionId;

    async fn apply(self, cx: &mut Changing<'_>) -> Result<Changed<SessionId>, StoreError> {
        let (id, event) = begin(cx, self.user_id, self.password_hash).await?;
        add_token(cx, id, self.token, None).await?;
        Ok(Changed::because(id, event))
    }
}

/// The row of a new session, and what is to be told of it.
async fn begin(
    cx: &mut Changing<'_>,
    user_id: UserId,
    password_hash: Option<String>,
) -> Result<(SessionId, SessionEvent), StoreError> {
    let id: SessionId = cx.id();
    let (ip, agent) = (cx.origin.client_ip.clone(), cx.origin.user_agent.clone());
    let now = cx.now;
    // The password was checked before this transaction: it may have been changed meanwhile, or the account deactivated.
    // `share` waits for whoever does so just now, and makes them wait, so that they end this session with the others.
    let begun = sqlx::query!(
        "insert into app.session (id, user_id, ip, user_agent, created_at, last_used_at, expires_at)
         select $1, id, $3, $4, $5, $5, $6 from app.user
         where id = $2 and active and ($7::text is null or password_hash = $7) for share",
        id.0,
        user_id.0,
        ip,
        agent,
        now,
        now + IDLE_MAX,
        password_hash,
    )
    .execute(cx.db())
    .await?;
    if begun.rows_affected() == 0 {
        return Err(Refusal::Unauthenticated.into());
    }
    remember_address(cx, user_id).await?;
    let event = SessionEvent::Started(SessionState {
        session_id: id,
        user_id,
    });
    Ok((id, event))
}

async fn add_token(
    cx: &mut Changing<'_>,
    session: SessionId,
    token: TokenHash,
    parent: Option<TokenHash>,
) -> Result<(), StoreError> {
    let now = cx.now;
    sqlx::query!(
        "insert into app.refresh_token (hash, session_id, created_at, parent) values ($1, $2, $3, $4)",
        &token.0,
        session.0,
        now,
        parent.as_ref().map(|parent| &parent.0[..]),
    )
    .execute(cx.db())
    .await?;
    Ok(())
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
