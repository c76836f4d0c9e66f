//! Events of the keys that access tokens are signed with. Only operators change them, by command.

use super::events;
use crate::testing::at;
use crate::topic::Topic;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A key that is new.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublishedKey {
    /// Its id, as tokens name it.
    pub kid: String,
    /// From when it signs.
    pub signs_from: DateTime<Utc>,
}

/// A key that is believed no more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetiredKey {
    /// Its id, as tokens name it.
    pub kid: String,
    /// Whether it was done although it signed, or tokens of its were still good.
    pub forced: bool,
}

events! {
    /// What happened to a key.
    KeyEvent ("key", Topic::SystemNotifications, version 1) {
        /// Everybody who checks tokens can know it.
        Published(PublishedKey) = "key.published",
        /// What it signed is not believed any more.
        Retired(RetiredKey) = "key.retired",
    }
    // A key has no id of ours; its own, shortened in the way that is made for that, keeps its events in order.
    key(event) Uuid::new_v5(&Uuid::NAMESPACE_OID, event.kid().as_bytes());
    subject(event) format!("key/{}", event.kid());
    samples {
        let kid = "h3Kd91Zq-6yVx0mWl2uPzTjRb8sNcFgAeQiOvLkHtYw".to_owned();
        let forced = true;
        vec![
            KeyEvent::Published(PublishedKey { kid: kid.clone(), signs_from: at(90) }),
            KeyEvent::Retired(RetiredKey { kid, forced }),
        ]
    };
}

impl KeyEvent {
    /// Which.
    #[must_use]
    pub fn kid(&self) -> &str {
        match self {
            Self::Published(key) => &key.kid,
            Self::Retired(key) => &key.kid,
        }
    }
}
