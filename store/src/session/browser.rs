//! Log-ins of browsers: a secret in a cookie names the session. It is not renewed like refresh tokens are, because a
//! browser keeps it from scripts; the session itself ends after the same times.

use super::{TokenHash, begin, touch};
use crate::actor::{person, stored_locale};
use crate::{Change, Changed, Changing, Store, StoreError};
use chrono::{DateTime, TimeDelta, Utc};
use millstream_domain::ids::{SessionId, UserId};
use millstream_domain::policy::Person;
use millstream_domain::user::Locale;

/// How often the use of a session is written down at most: it is read at every request.
const TOUCHED_EVERY: TimeDelta = TimeDelta::minutes(10);

/// Who looks at pages.
#[derive(Debug, Clone)]
pub struct Visitor {
    /// As the policy sees them.
    pub person: Person,
    /// Their log-in.
    pub session: SessionId,
    /// Their name.
    pub username: String,
    /// How they are shown.
    pub display_name: String,
    /// Where they are.
    pub time_zone: String,
    /// Their language.
    pub locale: Locale,
    /// How many notifications they have not read.
    pub unread: i64,
    /// When their visit before this one ended; `None` during their first.
    pub visit_before: Option<DateTime<Utc>>,
    /// When a page of theirs was last noted.
    pub(crate) seen_at: Option<DateTime<Utc>>,
    last_used_at: DateTime<Utc>,
}

/// Somebody logs in with a browser.
#[derive(Debug)]
pub struct StartBrowserSession {
    /// Who.
    pub user_id: UserId,
    /// The hash that their password was checked against, if it was: a new password meanwhile makes the log-in void.
    pub password_hash: Option<String>,
    /// The secret in the cookie.
    pub cookie: TokenHash,
}

impl Change for StartBrowserSession {
    type Output = SessionId;

    async fn apply(self, cx: &mut Changing<'_>) -> Result<Changed<SessionId>, StoreError> {
        let (id, event) = begin(cx, self.user_id, self.password_hash).await?;
        sqlx::query!(
            "update app.session set cookie = $2 where id = $1",
            id.0,
            &self.cookie.0,
        )
        .execute(cx.db())
        .await?;
        Ok(Changed::because(id, event))
    }
}

impl Store {
    /// Who is behind a cookie; `None` when the session has ended or the account is not active.
    pub async fn visitor(&self, cookie: TokenHash) -> Result<Option<Visitor>, StoreError> {
        let now = self.clock.now();
        let row = sqlx::query!(
            r#"
            with visitor as (
                select s.id as session, s.last_used_at, u.id, u.role, u.username, u.display_name, u.time_zone, u.locale,
                       l.seen_at as "seen_at?", l.visit_before,
                       array(select m.team_id from app.membership m where m.user_id = u.id order by m.team_id) as teams,
                       array(select m.role from app.membership m where m.user_id = u.id order by m.team_id) as roles
                from app.session s join app.user u on u.id = s.user_id left join app.last_seen l on l.user_id = u.id
                where s.cookie = $1 and s.ended_at is null and s.expires_at > $2 and u.active
            )
            select v.*, (select count(*) from app.notification n
                         where n.user_id = v.id and n.read_at is null
                           and (v.role <> 'member' or n.team_id = any(v.teams))) as unread
            from visitor v
            "#,
            &cookie.0,
            now,
        )
        .fetch_optional(&self.pool)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let visitor = Visitor {
            person: person(
                UserId(row.id),
                &row.role,
                row.teams.unwrap_or_default(),
                &row.roles.unwrap_or_default(),
            ),
            session: SessionId(row.session),
            username: row.username,
            display_name: row.display_name,
            time_zone: row.time_zone,
            locale: stored_locale(&row.locale),
            unread: row.unread.unwrap_or(0),
            visit_before: row.visit_before,
            seen_at: row.seen_at,
            last_used_at: row.last_used_at,
        };
        if now - visitor.last_used_at > TOUCHED_EVERY {
            let mut db = self.pool.acquire().await?;
            touch(&mut db, visitor.session, now).await?;
        }
        Ok(Some(visitor))
    }
}
