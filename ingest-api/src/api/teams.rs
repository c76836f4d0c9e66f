//! Teams and their members.

pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod list;
pub(crate) mod members;
pub(crate) mod read;
pub(crate) mod update;

use crate::answer::Answer;
use crate::api::schema;
use crate::auth::Caller;
use chrono::{DateTime, Utc};
use millstream_domain::ids::TeamId;
use millstream_domain::team::TeamRole;
use millstream_event_log::events::team::TeamState;
use serde::Serialize;
use utoipa::ToSchema;

/// A team.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Team)]
pub(crate) struct TeamBody {
    #[schema(value_type = Uuid)]
    id: TeamId,
    #[schema(example = "Engine")]
    name: String,
    description: String,
    /// What you are in it; null when you see it without belonging to it.
    #[schema(schema_with = schema::team_role_or_null)]
    your_role: Option<TeamRole>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    version: i64,
}

impl TeamBody {
    /// As the caller sees it.
    pub(crate) fn seen_by(caller: &Caller, team: &TeamState) -> Self {
        Self::with_role(caller.person().teams.get(&team.id).copied(), team)
    }

    fn with_role(your_role: Option<TeamRole>, team: &TeamState) -> Self {
        Self {
            id: team.id,
            name: team.name.clone(),
            description: team.description.clone(),
            your_role,
            created_at: team.created_at,
            updated_at: team.updated_at,
            version: team.version,
        }
    }
}

/// One team.
pub(crate) fn team_answer(caller: &Caller, team: &TeamState) -> Answer {
    Answer::versioned(team.version, TeamBody::seen_by(caller, team))
}
