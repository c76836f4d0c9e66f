//! What people do to their inbox. Notifications themselves are a view; reading one is an act, so it is an event.

use super::events;
use crate::testing::at;
use crate::topic::Topic;
use chrono::{DateTime, Utc};
use millstream_domain::ids::{NotificationId, UserId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Which notifications were read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Selection {
    /// These.
    Ids(Vec<NotificationId>),
    /// Every one that the inbox held by then.
    All,
    /// Every one made before this time.
    Before(DateTime<Utc>),
}

/// Somebody read notifications.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotificationsRead {
    /// Whose inbox.
    pub user_id: UserId,
    /// Which of them.
    pub selection: Selection,
}

/// Somebody chose which mails they want.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreferencesChanged {
    /// Who.
    pub user_id: UserId,
    /// The reasons for which they want no mail.
    pub mail_off: Vec<String>,
}

events! {
    /// What somebody did to their inbox.
    NotificationEvent ("notification", Topic::UserActivities, version 1) {
        /// They read notifications.
        Read(NotificationsRead) = "notification.read",
        /// They chose which mails they want.
        PreferencesChanged(PreferencesChanged) = "notification.preferences_changed",
    }
    key(event) event.user_id().0;
    subject(event) format!("user/{}/notifications", event.user_id());
    samples samples();
}

impl NotificationEvent {
    /// Whose inbox.
    #[must_use]
    pub fn user_id(&self) -> UserId {
        match self {
            Self::Read(read) => read.user_id,
            Self::PreferencesChanged(changed) => changed.user_id,
        }
    }
}

fn samples() -> Vec<NotificationEvent> {
    let read = |selection| {
        NotificationEvent::Read(NotificationsRead {
            user_id: UserId(Uuid::from_u128(0x40)),
            selection,
        })
    };
    vec![
        read(Selection::Ids(vec![NotificationId(Uuid::from_u128(0x80))])),
        read(Selection::All),
        read(Selection::Before(at(0))),
        NotificationEvent::PreferencesChanged(PreferencesChanged {
            user_id: UserId(Uuid::from_u128(0x40)),
            mail_off: vec!["status_changed".into()],
        }),
    ]
}
