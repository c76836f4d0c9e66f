//! What the things are called that reports are about; nothing for what the asker may not see, as for what is not there.

use crate::error::LakeError;
use crate::session::Session;
use millstream_domain::ids::{ProjectId, TeamId, UserId};
use serde::{Deserialize, Serialize};

/// A person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonName {
    /// Who.
    pub id: UserId,
    /// The name they log in with.
    pub username: String,
    /// How they are shown.
    pub display_name: String,
}

/// A team.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TeamName {
    /// Which.
    pub id: TeamId,
    /// Its name.
    pub name: String,
}

/// A project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProjectName {
    /// Which.
    pub id: ProjectId,
    /// The first half of its tasks' names.
    pub key: String,
    /// Its name.
    pub name: String,
}

impl Session {
    /// A person, if the asker sees them.
    pub async fn person(&self, id: UserId) -> Result<Option<PersonName>, LakeError> {
        let sql = format!("select id, username, display_name from users where id = '{id}'");
        Ok(self.rows(&sql).await?.pop())
    }

    /// A team, if the asker sees it.
    pub async fn team(&self, id: TeamId) -> Result<Option<TeamName>, LakeError> {
        let sql = format!("select team_id as id, name from teams where team_id = '{id}'");
        Ok(self.rows(&sql).await?.pop())
    }

    /// A project, if the asker sees it.
    pub async fn project(&self, id: ProjectId) -> Result<Option<ProjectName>, LakeError> {
        let sql = format!("select id, key, name from projects where id = '{id}'");
        Ok(self.rows(&sql).await?.pop())
    }
}
