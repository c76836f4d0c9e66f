//! Projects.

pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod list;
pub(crate) mod read;
pub(crate) mod update;

use crate::answer::Answer;
use chrono::{DateTime, Utc};
use millstream_domain::ids::{ProjectId, TeamId};
use millstream_event_log::events::project::ProjectState;
use serde::Serialize;
use utoipa::ToSchema;

/// A project.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Project)]
pub(crate) struct ProjectBody {
    #[schema(value_type = Uuid)]
    id: ProjectId,
    /// The first half of its tasks' names.
    #[schema(example = "ENG")]
    key: String,
    #[schema(example = "Engine")]
    name: String,
    description: String,
    #[schema(value_type = Uuid)]
    team_id: TeamId,
    archived: bool,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    version: i64,
}

impl From<&ProjectState> for ProjectBody {
    fn from(project: &ProjectState) -> Self {
        Self {
            id: project.id,
            key: project.key.clone(),
            name: project.name.clone(),
            description: project.description.clone(),
            team_id: project.team_id,
            archived: project.archived,
            created_at: project.created_at,
            updated_at: project.updated_at,
            version: project.version,
        }
    }
}

/// One project.
pub(crate) fn project_answer(project: &ProjectState) -> Answer {
    Answer::versioned(project.version, ProjectBody::from(project))
}
