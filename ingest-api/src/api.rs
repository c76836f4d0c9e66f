//! The endpoints: a folder per noun, a file per verb. A file holds request, response and handler; what it refuses is in
//! its documented responses and comes from the policy, the store or the reading of its fields.
//!
//! To add one: a file, a line in `routes.rs`, a test under `tests/it/<noun>/`.

pub(crate) mod activity;
pub(crate) mod analytics;
pub(crate) mod audit;
pub(crate) mod auth;
pub(crate) mod comments;
pub(crate) mod jobs;
pub(crate) mod notifications;
pub(crate) mod pipelines;
pub(crate) mod projects;
pub(crate) mod reports;
pub(crate) mod schedules;
pub(crate) mod schema;
pub(crate) mod search;
pub(crate) mod system;
pub(crate) mod tags;
pub(crate) mod tasks;
pub(crate) mod teams;
pub(crate) mod users;

use millstream_domain::ids::UserId;
use millstream_store::views::activity::Name;
use serde::Serialize;
use utoipa::ToSchema;

/// Somebody, as they are shown wherever they acted.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Actor)]
pub(crate) struct ActorBody {
    /// Who.
    #[schema(value_type = uuid::Uuid)]
    pub(crate) id: UserId,
    /// The name they log in with.
    #[schema(example = "ada")]
    pub(crate) username: String,
    /// How they are shown.
    #[schema(example = "Ada")]
    pub(crate) display_name: String,
}

impl From<&Name> for ActorBody {
    fn from(name: &Name) -> Self {
        Self {
            id: name.id,
            username: name.username.clone(),
            display_name: name.display_name.clone(),
        }
    }
}
