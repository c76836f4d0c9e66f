//! Ids: one newtype per noun over a UUID version 7, so that an id of one noun cannot stand where another belongs.
//!
//! To add one: a line in the list at the end of the macro call below.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use uuid::Uuid;

/// The text was not an id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a UUID")]
pub struct InvalidId;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                // Only the hyphenated form: one thing has one name in URLs, logs and caches.
                if text.len() != uuid::fmt::Hyphenated::LENGTH {
                    return Err(InvalidId);
                }
                Uuid::try_parse(text).map(Self).map_err(|_| InvalidId)
            }
        }

        impl From<$name> for Uuid {
            fn from(id: $name) -> Uuid {
                id.0
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }
    )*};
}

ids! {
    /// A person with an account.
    UserId;
    /// A log-in: one chain of refresh tokens.
    SessionId;
    /// A team: people with roles, and the projects they share.
    TeamId;
    /// A project: tasks under one key, owned by a team.
    ProjectId;
    /// A task.
    TaskId;
    /// A comment on a task.
    CommentId;
    /// A tag of a team.
    TagId;
    /// An event: the CloudEvents `id`, unique for ever.
    EventId;
    /// A notification in somebody's inbox.
    NotificationId;
    /// A job.
    JobId;
    /// A report; the job that makes it has the same.
    ReportId;
    /// A mail to one person.
    MailId;
    /// An API token.
    ApiTokenId;
    /// A schedule.
    ScheduleId;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_back_from_what_it_prints() {
        let id = TaskId(Uuid::from_u128(7));
        assert_eq!(id.to_string().parse(), Ok(id));
    }

    #[test]
    fn other_spellings_of_a_uuid_are_refused() {
        for text in [
            "",
            "7",
            "00000000000000000000000000000007",
            "{00000000-0000-0000-0000-000000000007}",
        ] {
            assert_eq!(text.parse::<TaskId>(), Err(InvalidId), "{text}");
        }
    }
}
