//! API tokens are made and revoked.

use super::{ApiToken, scopes};
use crate::session::TokenHash;
use crate::version::{ONLY, Versions, check_version};
use crate::{Change, Changed, Changing, StoreError};
use chrono::{DateTime, Utc};
use millstream_domain::api_token::{Scopes, TokenName};
use millstream_domain::ids::{ApiTokenId, UserId};
use millstream_domain::policy::Refusal;
use millstream_event_log::Event;
use millstream_event_log::events::ApiTokenEvent;
use millstream_event_log::events::api_token::ApiTokenState;

/// Most tokens of one person, expired ones that are still listed included: more than anybody can keep apart.
pub const TOKENS_MAX: i64 = 50;

/// Somebody makes a token for themselves.
#[derive(Debug)]
pub struct CreateApiToken {
    /// Who.
    pub user_id: UserId,
    /// What they call it.
    pub name: TokenName,
    /// What it may do.
    pub scopes: Scopes,
    /// Until when it is good; `None`: until it is revoked.
    pub expires_at: Option<DateTime<Utc>>,
    /// The token itself, which only they will have.
    pub hash: TokenHash,
}

impl Change for CreateApiToken {
    type Output = ApiToken;

    async fn apply(self, cx: &mut Changing<'_>) -> Result<Changed<ApiToken>, StoreError> {
        self.make_room(cx).await?;
        let token = ApiToken {
            id: cx.id(),
            name: self.name.into_string(),
            scopes: self.scopes,
            created_at: cx.now,
            expires_at: self.expires_at,
            last_used_at: None,
        };
        let words: Vec<String> = token.scopes.iter().map(|s| s.to_string()).collect();
        sqlx::query!(
            "insert into app.api_token (id, user_id, name, hash, scopes, created_at, expires_at)
             values ($1, $2, $3, $4, $5, $6, $7)",
            token.id.0,
            self.user_id.0,
            token.name,
            &self.hash.0,
            &words,
            token.created_at,
            token.expires_at,
        )
        .execute(cx.db())
        .await?;
        let state = ApiTokenState {
            id: token.id,
            user_id: self.user_id,
            name: token.name.clone(),
            scopes: token.scopes.iter().collect(),
            expires_at: token.expires_at,
        };
        Ok(Changed::because(token, ApiTokenEvent::Created(state)))
    }
}

impl CreateApiToken {
    /// Locks the person, so that of many tokens made at once none is one too many.
    async fn make_room(&self, cx: &mut Changing<'_>) -> Result<(), StoreError> {
        let is_active = sqlx::query_scalar!(
            "select active from app.user where id = $1 for no key update",
            self.user_id.0
        )
        .fetch_optional(cx.db())
        .await?;
        if is_active != Some(true) {
            return Err(Refusal::Unauthenticated.into());
        }
        let there_are = sqlx::query_scalar!(
            r#"select count(*) as "tokens!" from app.api_token where user_id = $1"#,
            self.user_id.0
        )
        .fetch_one(cx.db())
        .await?;
        if there_are >= TOKENS_MAX {
            return Err(StoreError::Conflict(format!(
                "there are {TOKENS_MAX} API tokens, which is the most: revoke one that is no longer needed"
            )));
        }
        Ok(())
    }
}

/// Somebody takes a token of theirs back. It ends at once.
#[derive(Debug)]
pub struct RevokeApiToken {
    /// Whose it must be.
    pub user_id: UserId,
    /// Which.
    pub id: ApiTokenId,
    /// The version that they know, if they said.
    pub expected_version: Option<Versions>,
}

impl Change for RevokeApiToken {
    type Output = ();

    async fn apply(self, cx: &mut Changing<'_>) -> Result<Changed<()>, StoreError> {
        let events = revoke(cx, self.user_id, Some(self.id)).await?;
        if events.is_empty() {
            return Err(StoreError::NotFound);
        }
        check_version(self.expected_version, ONLY)?;
        Ok(Changed { output: (), events })
    }
}

/// Revokes all tokens of somebody.
pub(crate) async fn revoke_all(
    cx: &mut Changing<'_>,
    user_id: UserId,
) -> Result<Vec<Event>, StoreError> {
    revoke(cx, user_id, None).await
}

/// Revokes one token of somebody, or all of them, and answers with what is to be told.
async fn revoke(
    cx: &mut Changing<'_>,
    user_id: UserId,
    only: Option<ApiTokenId>,
) -> Result<Vec<Event>, StoreError> {
    let gone = sqlx::query!(
        "delete from app.api_token where user_id = $1 and ($2::uuid is null or id = $2)
         returning id, name, scopes, expires_at",
        user_id.0,
        only.map(|id| id.0),
    )
    .fetch_all(cx.db())
    .await?;
    let event = |row: ApiTokenState| ApiTokenEvent::Revoked(row).into();
    let states = gone.into_iter().map(|row| ApiTokenState {
        id: ApiTokenId(row.id),
        user_id,
        name: row.name,
        scopes: scopes(&row.scopes).iter().collect(),
        expires_at: row.expires_at,
    });
    Ok(states.map(event).collect())
}
