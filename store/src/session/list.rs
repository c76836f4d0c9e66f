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

struct Row {
    id: Uuid,
    ip: Option<String>,
    user_agent: Option<String>,
    created_at: DateTime<Utc>,
    last_used_at: DateTime<Utc>,
}

impl Row {
    fn into_session(self) -> Session {
        Session {
            id: SessionId(self.id),
            ip: self.ip,
            user_agent: self.user_agent,
            created_at: self.created_at,
            last_used_at: self.last_used_at,
        }
    }
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
        let rows = sqlx::query_as!(
            Row,
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
        let rows = Page::of(rows, page, |row| ByTime(row.created_at, row.id));
        Ok(rows.map(Row::into_session))
    }

    /// A live session of a person.
    pub async fn session(&self, user: UserId, id: SessionId) -> Result<Session, StoreError> {
        sqlx::query_as!(
            Row,
            "select id, ip, user_agent, created_at, last_used_at from app.session
             where id = $1 and user_id = $2 and ended_at is null and expires_at > $3",
            id.0,
            user.0,
            self.clock.now(),
        )
        .fetch_optional(&self.pool)
        .await?
        .map(Row::into_session)
        .ok_or(StoreError::NotFound)
    }
}
