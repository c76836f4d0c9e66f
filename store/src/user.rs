//! Accounts: reading them, and the changes in the files below.

mod names;
mod password;
mod register;
pub mod reset;
mod seen;
mod update;

pub use password::ChangePassword;
pub use register::Register;
pub use update::{UpdateUser, UserEdit};

use crate::actor::{stored, stored_locale};
use crate::page::{ByTime, check_q};
use crate::team::ids;
use crate::{Page, PageRequest, Store, StoreError};
use chrono::{DateTime, Utc};
use millstream_domain::ids::UserId;
use millstream_domain::policy::{Actor, Refusal};
use millstream_event_log::events::user::UserState;
use uuid::Uuid;

/// An account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// What events carry of it.
    pub state: UserState,
    /// Their address, which no event carries.
    pub email: String,
}

/// What a log-in needs to know.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// Whose.
    pub user_id: UserId,
    /// The password's hash, in PHC form.
    pub password_hash: String,
    /// Whether they may log in.
    pub active: bool,
}

struct Row {
    id: Uuid,
    username: String,
    email: String,
    display_name: String,
    role: String,
    time_zone: String,
    locale: String,
    active: bool,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    version: i64,
}

impl Row {
    fn into_user(self) -> User {
        let state = UserState {
            id: UserId(self.id),
            username: self.username,
            display_name: self.display_name,
            role: stored(&self.role),
            time_zone: self.time_zone,
            locale: stored_locale(&self.locale),
            active: self.active,
            created_at: self.created_at,
            updated_at: self.updated_at,
            version: self.version,
        };
        User {
            state,
            email: self.email,
        }
    }
}

impl Store {
    /// Whether anybody has registered yet.
    pub async fn has_users(&self) -> Result<bool, StoreError> {
        Ok(
            sqlx::query_scalar!(r#"select exists (select from app.user) as "any!""#)
                .fetch_one(&self.pool)
                .await?,
        )
    }

    /// An account.
    pub async fn user(&self, id: UserId) -> Result<User, StoreError> {
        sqlx::query_as!(
            Row,
            "select id, username, email, display_name, role, time_zone, locale, active, created_at, updated_at, version
             from app.user where id = $1",
            id.0,
        )
        .fetch_optional(&self.pool)
        .await?
        .map(Row::into_user)
        .ok_or(StoreError::NotFound)
    }

    /// The people that the actor may know of: all for admins and managers, else those who share a team, and oneself.
    /// `q` looks into names. Newest last.
    pub async fn users(
        &self,
        actor: &Actor,
        q: Option<&str>,
        page: &PageRequest,
    ) -> Result<Page<User>, StoreError> {
        let me = actor.user_id().ok_or(Refusal::Unauthenticated)?;
        let teams = ids(actor.visible_teams());
        let after: Option<ByTime> = page.after()?;
        check_q(q)?;
        let rows = sqlx::query_as!(
            Row,
            r#"
            select id, username, email, display_name, role, time_zone, locale, active, created_at, updated_at, version
            from app.user u
            where ($1::uuid[] is null or u.id = $2
                   or exists (select from app.membership m where m.user_id = u.id and m.team_id = any($1)))
              and ($3::text is null or strpos(username, lower($3)) > 0 or strpos(lower(display_name), lower($3)) > 0)
              and ($4::timestamptz is null or (created_at, id) > ($4, $5::uuid))
            order by created_at, id
            limit $6
            "#,
            teams.as_deref(),
            me.0,
            q,
            after.map(|a| a.0),
            after.map(|a| a.1),
            page.rows(),
        )
        .fetch_all(&self.pool)
        .await?;
        let rows = Page::of(rows, page, |row| ByTime(row.created_at, row.id));
        Ok(rows.map(Row::into_user))
    }
}

impl Store {
    /// Whether the actor may know of somebody: whether [`Store::users`] has them.
    pub async fn knows_of(&self, actor: &Actor, id: UserId) -> Result<bool, StoreError> {
        let teams = ids(actor.visible_teams());
        Ok(sqlx::query_scalar!(
            r#"
            select exists (
                select from app.user u
                where u.id = $1 and ($2::uuid[] is null or u.id = $3
                    or exists (select from app.membership m where m.user_id = u.id and m.team_id = any($2)))
            ) as "known!"
            "#,
            id.0,
            teams.as_deref(),
            actor.user_id().map(Uuid::from),
        )
        .fetch_one(&self.pool)
        .await?)
    }
}
