//! Topics: the four streams that other systems subscribe to. All of them share the one order of the log.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Where an event is published. The names are those of the Kafka topics, behind their prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Topic {
    /// What happens to the work: tasks, comments, tags, projects, teams, memberships.
    TaskEvents,
    /// What people do around it: accounts, log-ins, refused access, inboxes.
    UserActivities,
    /// What is asked of the data as a whole: reports, exports, imports.
    AnalyticsEvents,
    /// What Millstream does by itself: what time does to tasks, jobs, pipelines.
    SystemNotifications,
}

impl Topic {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::TaskEvents,
        Self::UserActivities,
        Self::AnalyticsEvents,
        Self::SystemNotifications,
    ];

    /// The name on the wire and in the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TaskEvents => "task-events",
            Self::UserActivities => "user-activities",
            Self::AnalyticsEvents => "analytics-events",
            Self::SystemNotifications => "system-notifications",
        }
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text is not the name of a topic.
#[derive(Debug, thiserror::Error)]
#[error("there is no topic \"{0}\"")]
pub struct UnknownTopic(String);

impl FromStr for Topic {
    type Err = UnknownTopic;

    fn from_str(text: &str) -> Result<Self, UnknownTopic> {
        Self::ALL
            .into_iter()
            .find(|t| t.as_str() == text)
            .ok_or_else(|| UnknownTopic(text.into()))
    }
}
