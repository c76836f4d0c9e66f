//! Refused access that the audit should know: a person saw something and tried what they may not do.

use super::events;
use crate::topic::Topic;
use millstream_domain::ids::UserId;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// An attempt that the policy refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedAccess {
    /// Who tried.
    pub user_id: Option<UserId>,
    /// What: method and route, such as `PATCH /api/v1/teams/{id}`.
    pub attempted: String,
    /// On which kind of thing, such as `team`; empty for a collection.
    pub entity: String,
    /// On which thing.
    pub entity_id: Option<Uuid>,
    /// How many further refusals from the same address were not told one by one.
    pub suppressed: u64,
}

events! {
    /// What was refused.
    AccessEvent ("access", Topic::UserActivities, version 1) {
        /// The policy said no.
        Refused(RefusedAccess) = "access.refused",
    }
    key(event) event.refused().user_id.map_or(Uuid::nil(), Uuid::from);
    subject(event) match (&event.refused().entity, event.refused().entity_id) {
        (entity, Some(id)) if !entity.is_empty() => format!("{entity}/{id}"),
        _ => "access".to_owned(),
    };
    samples vec![AccessEvent::Refused(RefusedAccess {
        user_id: Some(UserId(Uuid::from_u128(0x40))),
        attempted: "PATCH /api/v1/teams/{id}".into(),
        entity: "team".into(),
        entity_id: Some(Uuid::from_u128(0x30)),
        suppressed: 0,
    })];
}

impl AccessEvent {
    /// The attempt.
    #[must_use]
    pub fn refused(&self) -> &RefusedAccess {
        let Self::Refused(refused) = self;
        refused
    }
}
