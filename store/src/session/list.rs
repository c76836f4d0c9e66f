//! Where somebody is logged in.

use crate::page::ByTime;
use crate::{Page, PageRequest, Store, StoreError};
use chrono::{DateTime, Utc};
use millstream_domain::ids::{SessionId, UserId};
use uuid::Uuid;

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
    /// When it was last refreshed, or a page was last looked at.
    pub last_used_at: DateTime<Utc>,
}

impl Store {
    /// The live sessions of a person, the one begun last first.
    pub async fn sessions(
        &self,
        user: UserId,
        page: &PageRequest,
    ) -> Result<Page<Session>, StoreError> {
        let after: Option<ByTime> = page.after()?;
        let (at, id) = after.map(|ByTime(at, id)| (at, id)).unzip();
        let rows = sqlx::query!(
            "select id, ip, user_agent, created_at, last_used_at from app.session
             where user_id = $1 and ended_at is null and expires_at > $2
               and ($3::timestamptz is null or (created_at, id) < ($3, $4))
             order by created_at desc, id desc limit $5",
            user.0,
            self.clock.now(),
            at,
            id,
            page.rows(),
        )
        .fetch_all(&self.pool)
        .await?;
        let sessions = rows.into_iter().map(|r| Session {
            id: SessionId(r.id),
            ip: r.ip,
            user_agent: r.user_agent,
            created_at: r.created_at,
            last_used_at: r.last_used_at,
        });
        Ok(Page::of(sessions.collect(), page, |session| {
            ByTime(session.created_at, Uuid::from(session.id))
        }))
    }
}
