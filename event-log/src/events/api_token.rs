//! Events of API tokens. The token itself is in none of them, nor its hash.

use super::events;
use crate::testing::at;
use crate::topic::Topic;
use chrono::{DateTime, Utc};
use millstream_domain::api_token::Scope;
use millstream_domain::ids::{ApiTokenId, UserId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A token and whose it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiTokenState {
    /// Which.
    pub id: ApiTokenId,
    /// Whose.
    pub user_id: UserId,
    /// What its person calls it.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// Until when; `None`: until it is revoked.
    pub expires_at: Option<DateTime<Utc>>,
}

events! {
    /// What happened to an API token.
    ApiTokenEvent ("api_token", Topic::UserActivities, version 1) {
        /// Somebody made one.
        Created(ApiTokenState) = "api_token.created",
        /// Somebody took it back.
        Revoked(ApiTokenState) = "api_token.revoked",
    }
    key(event) event.api_token().user_id.0;
    subject(event) format!("api_token/{}", event.api_token().id);
    samples {
        let state = ApiTokenState {
            id: ApiTokenId(Uuid::from_u128(0x90)),
            user_id: UserId(Uuid::from_u128(0x40)),
            name: "nightly report".into(),
            scopes: vec![Scope::Read, Scope::Admin],
            expires_at: Some(at(3600)),
        };
        vec![ApiTokenEvent::Created(state.clone()), ApiTokenEvent::Revoked(state)]
    };
}

impl ApiTokenEvent {
    /// The token.
    #[must_use]
    pub fn api_token(&self) -> &ApiTokenState {
        match self {
            Self::Created(state) | Self::Revoked(state) => state,
        }
    }
}
