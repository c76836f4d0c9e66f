//! `GET`, `POST /auth/tokens`, `GET`, `DELETE /auth/tokens/{id}`: API tokens, for programs.

mod create;

pub(crate) use create::*;

use crate::answer::{Answer, Many, One};
use crate::api::schema::{self, Problems};
use crate::auth::Caller;
use crate::error::ApiError;
use crate::extract::{Id, IfMatch, NoParams, Params};
use crate::state::AppState;
use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use millstream_domain::api_token::Scope;
use millstream_domain::ids::ApiTokenId;
use millstream_store::api_token::{ApiToken, RevokeApiToken};
use millstream_store::version::ONLY;
use serde::Serialize;
use utoipa::ToSchema;

/// An API token.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApiToken)]
pub(crate) struct ApiTokenBody {
    #[schema(value_type = Uuid)]
    id: ApiTokenId,
    #[schema(example = "nightly report")]
    name: String,
    /// What it may do.
    #[schema(schema_with = schema::scopes)]
    scopes: Vec<Scope>,
    created_at: DateTime<Utc>,
    /// Until when it is good; null: until it is revoked.
    expires_at: Option<DateTime<Utc>>,
    /// When it was last used, to a minute.
    last_used_at: Option<DateTime<Utc>>,
    /// The token itself. Only in the answer that makes it: it is stored nowhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
}

impl ApiTokenBody {
    fn of(token: ApiToken) -> Self {
        Self {
            id: token.id,
            name: token.name,
            scopes: token.scopes.iter().collect(),
            created_at: token.created_at,
            expires_at: token.expires_at,
            last_used_at: token.last_used_at,
            token: None,
        }
    }
}

#[utoipa::path(
    get, path = "/auth/tokens", tag = "auth",
    summary = "Your API tokens",
    params(
        ("limit" = Option<u32>, Query, description = "1 to 100, default 50"),
        ("cursor" = Option<String>, Query, description = "`meta.next_cursor` of the page before"),
    ),
    responses((status = 200, description = "Your tokens, the newest first", body = Many<ApiTokenBody>), Problems),
    security(("bearer" = [])),
)]
pub(crate) async fn list_tokens(
    State(app): State<AppState>,
    caller: Caller,
    mut params: Params,
) -> Result<Answer, ApiError> {
    let page = params.page();
    params.finish(|| Some(()))?;
    let tokens = app.store().api_tokens(caller.id, &page).await?;
    Ok(Answer::page(tokens.map(ApiTokenBody::of)))
}

#[utoipa::path(
    get, path = "/auth/tokens/{id}", tag = "auth",
    summary = "An API token of yours",
    params(("id" = Uuid, Path, description = "The token")),
    responses((status = 200, description = "The token, without its secret", body = One<ApiTokenBody>), Problems),
    security(("bearer" = [])),
)]
pub(crate) async fn read_token(
    State(app): State<AppState>,
    caller: Caller,
    Id(id): Id<ApiTokenId>,
    _: NoParams,
) -> Result<Answer, ApiError> {
    let token = app.store().api_token(caller.id, id).await?;
    Ok(Answer::versioned(ONLY, ApiTokenBody::of(token)))
}

#[utoipa::path(
    delete, path = "/auth/tokens/{id}", tag = "auth",
    summary = "Revoke an API token of yours",
    description = "It ends at once.",
    params(IfMatch, ("id" = Uuid, Path, description = "The token")),
    responses((status = 204, description = "Revoked"), Problems),
    security(("bearer" = [])),
)]
pub(crate) async fn revoke_token(
    State(app): State<AppState>,
    caller: Caller,
    Id(id): Id<ApiTokenId>,
    IfMatch(expected_version): IfMatch,
    _: NoParams,
) -> Result<Answer, ApiError> {
    let revoke = RevokeApiToken {
        user_id: caller.id,
        id,
        expected_version,
    };
    let written = app.store().write(&caller.origin, revoke).await?;
    Ok(Answer::empty(StatusCode::NO_CONTENT).at(written.position))
}
