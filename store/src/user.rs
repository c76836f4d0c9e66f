//! Accounts.

use crate::actor::stored;
use crate::page::{ByTime, check_q};
use crate::{Change, Changed, Changing, Page, PageRequest, Store, StoreError, session};
use chrono::{DateTime, Utc};
use millstream_domain::ids::{SessionId, UserId};
use millstream_domain::policy::{Actor, Refusal, Visible};
use millstream_domain::user::{DisplayName, Email, Locale, Role, TimeZone, Username};
use millstream_event_log::events::Change as Before;
use millstream_event_log::events::session::EndReason;
use millstream_event_log::events::user::{UserAlone, UserChanged, UserEvent, UserOnly, UserState};
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
            locale: stored(&self.locale),
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

    /// What a log-in by username or e-mail address needs; `None` when there is no such account.
    pub async fn credentials(&self, login: &str) -> Result<Option<Credentials>, StoreError> {
        // Folded here, as names and addresses were when they were checked: what the database's `lower` does depends on
        // its locale. No stored text has a NUL, and no parameter may.
        let login = login.trim().to_lowercase();
        if login.contains('\0') {
            return Ok(None);
        }
        let row = sqlx::query!(
            "select id, password_hash, active from app.user where username = $1 or email = $1",
            login
        )
        .fetch_optional(&self.pool)
        .await?;
        Ok(row.map(|r| Credentials {
            user_id: UserId(r.id),
            password_hash: r.password_hash,
            active: r.active,
        }))
    }

    /// What a person has to prove before their password is changed.
    pub async fn credentials_of(&self, id: UserId) -> Result<Credentials, StoreError> {
        let row = sqlx::query!(
            "select password_hash, active from app.user where id = $1",
            id.0
        )
        .fetch_optional(&self.pool)
        .await?
        .ok_or(StoreError::NotFound)?;
        Ok(Credentials {
            user_id: id,
            password_hash: row.password_hash,
            active: row.active,
        })
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
        let teams = match actor.visible_teams() {
            Visible::All => None,
            Visible::Teams(teams) => Some(teams.into_iter().map(Uuid::from).collect::<Vec<_>>()),
        };
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

/// Somebody registers.
#[derive(Debug)]
pub struct Register {
    /// The name they chose.
    pub username: Username,
    /// Their address.
    pub email: Email,
    /// How they are shown; the username when they did not say.
    pub display_name: Option<DisplayName>,
    /// The password's hash, in PHC form.
    pub password_hash: String,
    /// Whether they brought the right set-up secret. The first person must, and becomes admin.
    pub has_setup_secret: bool,
}

impl Change for Register {
    type Output = User;

    async fn apply(self, cx: &mut Changing<'_>) -> Result<Changed<User>, StoreError> {
        let first = is_first(cx).await?;
        if first && !self.has_setup_secret {
            return Err(Refusal::Forbidden.into());
        }
        let id: UserId = cx.id();
        let role = if first { Role::Admin } else { Role::Member };
        let display_name = self
            .display_name
            .map_or_else(|| self.username.to_string(), DisplayName::into_string);
        let row = sqlx::query_as!(
            Row,
            "insert into app.user
                 (id, username, email, display_name, password_hash, role, time_zone, locale, created_at, updated_at)
             values ($1, $2, $3, $4, $5, $6, 'UTC', 'en', $7, $7)
             returning id, username, email, display_name, role, time_zone, locale, active, created_at, updated_at,
                       version",
            id.0,
            self.username.as_str(),
            self.email.as_str(),
            display_name,
            self.password_hash,
            role.as_str(),
            cx.now,
        )
        .fetch_one(cx.db())
        .await?;
        let user = row.into_user();
        let event = UserEvent::Registered(UserAlone {
            user: user.state.clone(),
        });
        Ok(Changed::because(user, event))
    }
}

/// Whether nobody has registered yet. If so, the table is locked until the commit: of two who register first at the
/// same time, one is first.
async fn is_first(cx: &mut Changing<'_>) -> Result<bool, StoreError> {
    if any(cx).await? {
        return Ok(false);
    }
    sqlx::query!("lock table app.user in share row exclusive mode")
        .execute(cx.db())
        .await?;
    Ok(!any(cx).await?)
}

async fn any(cx: &mut Changing<'_>) -> Result<bool, StoreError> {
    let any = sqlx::query_scalar!(r#"select exists (select from app.user) as "any!""#)
        .fetch_one(cx.db())
        .await?;
    Ok(any)
}

/// Somebody changes an account: their own profile, or, as admin, a role.
#[derive(Debug)]
pub struct UpdateUser {
    /// Whose.
    pub user_id: UserId,
    /// The version that the caller knows, if they said.
    pub expected_version: Option<i64>,
    /// What is to be different.
    pub edit: UserEdit,
}

/// What is to be different about an account; `None` leaves it as it is.
#[derive(Debug, Default)]
pub struct UserEdit {
    /// How they are shown.
    pub display_name: Option<DisplayName>,
    /// Their address.
    pub email: Option<Email>,
    /// Their time zone.
    pub time_zone: Option<TimeZone>,
    /// Their language.
    pub locale: Option<Locale>,
    /// What they are in the system.
    pub role: Option<Role>,
    /// Whether they may log in.
    pub active: Option<bool>,
}

impl UserEdit {
    fn may_remove_an_admin(&self) -> bool {
        self.active == Some(false) || self.role.is_some_and(|role| role != Role::Admin)
    }

    fn applied(self, user: &User) -> User {
        let mut user = user.clone();
        let state = &mut user.state;
        if let Some(name) = self.display_name {
            state.display_name = name.into_string();
        }
        if let Some(zone) = self.time_zone {
            state.time_zone = zone.into_string();
        }
        state.locale = self.locale.unwrap_or(state.locale);
        state.role = self.role.unwrap_or(state.role);
        state.active = self.active.unwrap_or(state.active);
        if let Some(email) = self.email {
            user.email = email.into_string();
        }
        user
    }
}

impl Change for UpdateUser {
    type Output = User;

    async fn apply(self, cx: &mut Changing<'_>) -> Result<Changed<User>, StoreError> {
        if self.edit.may_remove_an_admin() {
            // All who may take an admin away wait here: two admins cannot take away each other.
            sqlx::query!("select id from app.user where role = 'admin' and active order by id for no key update")
                .fetch_all(cx.db())
                .await?;
        }
        let before = locked(cx, self.user_id).await?;
        check_version(self.expected_version, before.state.version)?;
        let mut after = self.edit.applied(&before);
        if after == before {
            return Ok(Changed::nothing(after));
        }
        if is_admin(&before.state) && !is_admin(&after.state) {
            keep_an_admin(cx).await?;
        }
        after.state.version += 1;
        after.state.updated_at = cx.now;
        save(cx, &after).await?;
        let mut events = Vec::new();
        if before.state.active && !after.state.active {
            events = session::end_all(cx, self.user_id, None, EndReason::Deactivated).await?;
        }
        let email_changed = after.email != before.email;
        let change = Before {
            before: before.state,
            after: after.state.clone(),
        };
        events.insert(
            0,
            UserEvent::Updated(Box::new(UserChanged {
                change,
                email_changed,
            }))
            .into(),
        );
        Ok(Changed {
            output: after,
            events,
        })
    }
}

/// Locks an account. Others may still refer to it.
async fn locked(cx: &mut Changing<'_>, id: UserId) -> Result<User, StoreError> {
    sqlx::query_as!(
        Row,
        "select id, username, email, display_name, role, time_zone, locale, active, created_at, updated_at, version
         from app.user where id = $1 for no key update",
        id.0,
    )
    .fetch_optional(cx.db())
    .await?
    .map(Row::into_user)
    .ok_or(StoreError::NotFound)
}

fn is_admin(user: &UserState) -> bool {
    user.role == Role::Admin && user.active
}

/// All active admins are locked, so the count holds until the commit.
async fn keep_an_admin(cx: &mut Changing<'_>) -> Result<(), StoreError> {
    let admins = sqlx::query_scalar!(
        r#"select count(*) as "admins!" from app.user where role = 'admin' and active"#
    )
    .fetch_one(cx.db())
    .await?;
    if admins <= 1 {
        return Err(StoreError::Conflict(
            "the last admin cannot go: make somebody else admin first".into(),
        ));
    }
    Ok(())
}

async fn save(cx: &mut Changing<'_>, user: &User) -> Result<(), StoreError> {
    let state = &user.state;
    sqlx::query!(
        "update app.user
         set email = $2, display_name = $3, role = $4, time_zone = $5, locale = $6, active = $7, updated_at = $8,
             version = $9
         where id = $1",
        state.id.0,
        user.email,
        state.display_name,
        state.role.as_str(),
        state.time_zone,
        state.locale.as_str(),
        state.active,
        state.updated_at,
        state.version,
    )
    .execute(cx.db())
    .await?;
    Ok(())
}

/// Somebody sets a new password. Every other session of theirs ends: whoever knew the old one is out.
#[derive(Debug)]
pub struct ChangePassword {
    /// Whose.
    pub user_id: UserId,
    /// The session that goes on; `None` ends all.
    pub kept_session: Option<SessionId>,
    /// The hash that was there when the old password was checked: another change meanwhile makes this one void.
    pub old_hash: String,
    /// The new password's hash, in PHC form.
    pub new_hash: String,
}

impl Change for ChangePassword {
    type Output = ();

    async fn apply(self, cx: &mut Changing<'_>) -> Result<Changed<()>, StoreError> {
        let changed = sqlx::query!(
            "update app.user set password_hash = $3 where id = $1 and password_hash = $2",
            self.user_id.0,
            self.old_hash,
            self.new_hash,
        )
        .execute(cx.db())
        .await?;
        if changed.rows_affected() == 0 {
            return Err(StoreError::Conflict(
                "the password was changed meanwhile".into(),
            ));
        }
        let mut events = vec![
            UserEvent::PasswordChanged(UserOnly {
                user_id: self.user_id,
            })
            .into(),
        ];
        events.extend(
            session::end_all(
                cx,
                self.user_id,
                self.kept_session,
                EndReason::PasswordChanged,
            )
            .await?,
        );
        Ok(Changed { output: (), events })
    }
}

/// Refuses to change what the caller has not seen. The row must be locked.
pub(crate) fn check_version(expected: Option<i64>, now: i64) -> Result<(), StoreError> {
    match expected {
        Some(expected) if expected != now => Err(StoreError::Stale { expected, now }),
        Some(_) | None => Ok(()),
    }
}
