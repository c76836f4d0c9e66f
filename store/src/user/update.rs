//! An account is changed.

use super::reset::void_links;
use super::{Row, User};
use crate::mail::{MailContent, NewMail};
use crate::team::owner::keep_another_everywhere;
use crate::version::check_version;
use crate::{Change, Changed, Changing, StoreError, session};
use millstream_domain::ids::UserId;
use millstream_domain::user::{DisplayName, Email, Locale, Role, TimeZone};
use millstream_event_log::events::Change as Before;
use millstream_event_log::events::session::EndReason;
use millstream_event_log::events::user::{UserChanged, UserEvent, UserState};

/// Somebody changes an account: their own profile, or, as admin, a role.
#[derive(Debug)]
pub struct UpdateUser {
    /// Whose.
    pub user_id: UserId,
    /// The version that the caller knows, if they said.
    pub expected_version: Option<crate::Versions>,
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
        if before.state.active && !after.state.active {
            keep_another_everywhere(cx, self.user_id).await?;
        }
        after.state.version += 1;
        after.state.updated_at = cx.now;
        save(cx, &after).await?;
        let mut events = Vec::new();
        if before.state.active && !after.state.active {
            events = session::end_all(cx, self.user_id, None, EndReason::Deactivated).await?;
        }
        let email_changed = after.email != before.email;
        if email_changed || !after.state.active {
            void_links(cx, self.user_id).await?;
        }
        if email_changed {
            tell_old_address(cx, &before).await?;
        }
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

/// The old address is told, which is the only one that whoever took an account over cannot read.
async fn tell_old_address(cx: &mut Changing<'_>, before: &User) -> Result<(), StoreError> {
    // One that was let in by older rules, and could not be mailed to, is told nothing.
    let Ok(to) = Email::new(&before.email) else {
        return Ok(());
    };
    let mail = NewMail {
        event_id: cx.event_id(0),
        kind: "email_changed",
        to,
        content: MailContent::EmailChanged {
            username: before.state.username.clone(),
        },
        at: cx.now,
    };
    cx.intend_mail(&mail).await
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
