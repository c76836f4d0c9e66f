//! Events of accounts. E-mail addresses and passwords are never in them: that one changed is said by a flag.

use super::{Change, events};
use crate::testing::at;
use crate::topic::Topic;
use chrono::{DateTime, Utc};
use millstream_domain::ids::UserId;
use millstream_domain::user::{Locale, Role};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// An account as events carry it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserState {
    /// Their id.
    pub id: UserId,
    /// The name they log in with.
    pub username: String,
    /// How they are shown.
    pub display_name: String,
    /// What they are in the system.
    pub role: Role,
    /// Their time zone.
    pub time_zone: String,
    /// Their language.
    pub locale: Locale,
    /// Whether they may log in.
    pub active: bool,
    /// When they came.
    pub created_at: DateTime<Utc>,
    /// When the account last changed.
    pub updated_at: DateTime<Utc>,
    /// Counts its changes, from 1.
    pub version: i64,
}

/// An account that was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserAlone {
    /// The account.
    pub user: UserState,
}

/// An account whose fields were changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserChanged {
    /// Before and after.
    #[serde(flatten)]
    pub change: Change<UserState>,
    /// Whether the e-mail address changed too, which no event carries.
    pub email_changed: bool,
}

/// An account, and nothing more to say of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserOnly {
    /// Whose.
    pub user_id: UserId,
}

events! {
    /// What happened to an account.
    UserEvent ("user", Topic::UserActivities, version 1) {
        /// Somebody registered.
        Registered(UserAlone) = "user.registered",
        /// Fields of it were changed.
        Updated(Box<UserChanged>) = "user.updated",
        /// The password was changed.
        PasswordChanged(UserOnly) = "user.password_changed",
        /// Somebody asked for a link to reset the password.
        PasswordResetAsked(UserOnly) = "user.password_reset_asked",
        /// The password was reset by such a link.
        PasswordReset(UserOnly) = "user.password_reset",
    }
    key(event) event.user_id().0;
    subject(event) format!("user/{}", event.user_id());
    samples samples();
}

impl UserEvent {
    /// Whose account.
    #[must_use]
    pub fn user_id(&self) -> UserId {
        match self {
            Self::Registered(u) => u.user.id,
            Self::Updated(c) => c.change.after.id,
            Self::PasswordChanged(u) | Self::PasswordResetAsked(u) | Self::PasswordReset(u) => {
                u.user_id
            }
        }
    }

    /// The account as it is now, when the event tells.
    #[must_use]
    pub fn after(&self) -> Option<&UserState> {
        match self {
            Self::Registered(u) => Some(&u.user),
            Self::Updated(c) => Some(&c.change.after),
            Self::PasswordChanged(_) | Self::PasswordResetAsked(_) | Self::PasswordReset(_) => None,
        }
    }
}

fn samples() -> Vec<UserEvent> {
    let user = UserState {
        id: UserId(Uuid::from_u128(0x40)),
        username: "ada".into(),
        display_name: "Ada".into(),
        role: Role::Admin,
        time_zone: "Europe/Vienna".into(),
        locale: Locale::En,
        active: true,
        created_at: at(0),
        updated_at: at(0),
        version: 1,
    };
    let after = UserState {
        locale: Locale::De,
        updated_at: at(60),
        version: 2,
        ..user.clone()
    };
    vec![
        UserEvent::Registered(UserAlone { user: user.clone() }),
        UserEvent::Updated(Box::new(UserChanged {
            change: Change {
                before: user,
                after,
            },
            email_changed: true,
        })),
        UserEvent::PasswordChanged(UserOnly {
            user_id: UserId(Uuid::from_u128(0x40)),
        }),
        UserEvent::PasswordResetAsked(UserOnly {
            user_id: UserId(Uuid::from_u128(0x40)),
        }),
        UserEvent::PasswordReset(UserOnly {
            user_id: UserId(Uuid::from_u128(0x40)),
        }),
    ]
}
