//! Events of log-ins. No token, password or typed login name is ever in them.

use super::events;
use crate::topic::Topic;
use millstream_domain::ids::{SessionId, UserId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A session and whose it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionState {
    /// Which session.
    pub session_id: SessionId,
    /// Whose.
    pub user_id: UserId,
}

/// A log-in that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedLogin {
    /// The account that was tried, when there is one of that name.
    pub user_id: Option<UserId>,
    /// How many further refusals from the same address were not told one by one.
    pub suppressed: u64,
}

/// A log-in that was refused before the password was looked at: there were too many tries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedLogin {
    /// The account that was tried, when there is one of that name.
    pub user_id: Option<UserId>,
    /// Whether it came from where somebody has logged in to that account before.
    pub known_address: bool,
    /// How many further refusals from the same address were not told one by one.
    pub suppressed: u64,
}

/// Why a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndReason {
    /// The person logged out.
    LoggedOut,
    /// The person ended it from another session.
    Revoked,
    /// A refresh token was used a second time.
    RefreshReused,
    /// The password changed.
    PasswordChanged,
    /// The password was reset by a mailed link.
    PasswordReset,
    /// The account was deactivated.
    Deactivated,
}

/// A session that ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionEnded {
    /// Which session.
    pub session_id: SessionId,
    /// Whose.
    pub user_id: UserId,
    /// Why.
    pub reason: EndReason,
}

events! {
    /// What happened to a log-in.
    SessionEvent ("session", Topic::UserActivities, version 1) {
        /// Somebody logged in.
        Started(SessionState) = "session.started",
        /// Somebody tried to log in and failed.
        LoginFailed(FailedLogin) = "session.login_failed",
        /// Somebody tried too often.
        LoginRefused(RefusedLogin) = "session.login_refused",
        /// A session ended.
        Ended(SessionEnded) = "session.ended",
    }
    // Failed log-ins to no account share the nil key: their order among each other is all there is to keep.
    key(event) event.user_id().map_or(Uuid::nil(), Uuid::from);
    subject(event) match event.session_id() {
        Some(id) => format!("session/{id}"),
        None => "session".to_owned(),
    };
    samples samples();
}

impl SessionEvent {
    /// Whose session, when that is known.
    #[must_use]
    pub fn user_id(&self) -> Option<UserId> {
        match self {
            Self::Started(s) => Some(s.user_id),
            Self::LoginFailed(f) => f.user_id,
            Self::LoginRefused(r) => r.user_id,
            Self::Ended(e) => Some(e.user_id),
        }
    }

    /// Which session, if one came to be.
    #[must_use]
    pub fn session_id(&self) -> Option<SessionId> {
        match self {
            Self::Started(s) => Some(s.session_id),
            Self::LoginFailed(_) | Self::LoginRefused(_) => None,
            Self::Ended(e) => Some(e.session_id),
        }
    }
}

fn samples() -> Vec<SessionEvent> {
    let session_id = SessionId(Uuid::from_u128(0x70));
    let user_id = UserId(Uuid::from_u128(0x40));
    vec![
        SessionEvent::Started(SessionState {
            session_id,
            user_id,
        }),
        SessionEvent::LoginFailed(FailedLogin {
            user_id: None,
            suppressed: 3,
        }),
        SessionEvent::LoginRefused(RefusedLogin {
            user_id: Some(user_id),
            known_address: false,
            suppressed: 0,
        }),
        SessionEvent::Ended(SessionEnded {
            session_id,
            user_id,
            reason: EndReason::RefreshReused,
        }),
    ]
}
