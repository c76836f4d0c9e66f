//! Tags of teams.

pub(crate) mod create;
pub(crate) mod list;
pub(crate) mod one;

use crate::answer::Answer;
use chrono::{DateTime, Utc};
use millstream_domain::ids::{TagId, TeamId};
use millstream_event_log::events::tag::TagState;
use serde::Serialize;
use utoipa::ToSchema;

/// A tag.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Tag)]
pub(crate) struct TagBody {
    #[schema(value_type = Uuid)]
    id: TagId,
    #[schema(value_type = Uuid)]
    team_id: TeamId,
    #[schema(example = "wheel")]
    name: String,
    /// One of `gray`, `red`, `orange`, `yellow`, `green`, `teal`, `blue`, `purple`, `pink`, `brown`, or a colour such as
    /// `#1e90ff`.
    #[schema(example = "teal")]
    color: String,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    version: i64,
}

impl From<&TagState> for TagBody {
    fn from(tag: &TagState) -> Self {
        Self {
            id: tag.id,
            team_id: tag.team_id,
            name: tag.name.clone(),
            color: tag.color.clone(),
            created_at: tag.created_at,
            updated_at: tag.updated_at,
            version: tag.version,
        }
    }
}

/// One tag.
pub(crate) fn tag_answer(tag: &TagState) -> Answer {
    Answer::versioned(tag.version, TagBody::from(tag))
}
