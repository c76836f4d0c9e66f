//! Somebody registers.

use super::{Row, User};
use crate::{Change, Changed, Changing, StoreError};
use millstream_domain::ids::UserId;
use millstream_domain::policy::Refusal;
use millstream_domain::user::{DisplayName, Email, Role, Username};
use millstream_event_log::events::user::{UserAlone, UserEvent};

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
        self.check_free(cx).await?;
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

impl Register {
    /// Says of name and address together which of them are taken. Two who take one at the same time are told apart by the
    /// constraints, which know of one.
    async fn check_free(&self, cx: &mut Changing<'_>) -> Result<(), StoreError> {
        let taken = sqlx::query!(
            r#"select exists (select from app.user where username = $1) as "username!",
                      exists (select from app.user where email = $2) as "email!""#,
            self.username.as_str(),
            self.email.as_str(),
        )
        .fetch_one(cx.db())
        .await?;
        match (taken.username, taken.email) {
            (false, false) => Ok(()),
            (true, false) => Err(StoreError::Taken { field: "username" }),
            (false, true) => Err(StoreError::Taken { field: "email" }),
            (true, true) => Err(StoreError::AllTaken(vec!["username", "email"])),
        }
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
