//! `POST /auth/refresh`

use crate::answer::{Answer, One};
use crate::api::auth::login::{TokensBody, tokens};
use crate::api::schema::Problems;
use crate::auth::caller::anonymous_origin;
use crate::auth::secret::{TOKEN_CHARACTERS_MAX, refresh_token};
use crate::error::ApiError;
use crate::extract::params::bounded;
use crate::extract::value::text;
use crate::extract::{JsonBody, NoParams};
use crate::state::AppState;
use axum::extract::State;
use millstream_store::session::{RotateRefresh, Rotated, TokenHash};
use utoipa::ToSchema;

/// A renewal.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the body, which is read field by field")]
pub(crate) struct RefreshBody {
    /// The newest one of the session. It is used up.
    #[schema(max_length = 512)]
    refresh_token: String,
}

#[utoipa::path(
    post, path = "/auth/refresh", tag = "auth",
    summary = "Renew",
    description = "Exchanges a refresh token for new tokens. Each is good once: when one comes a second time, somebody else \
                   has it too, and the session ends. A repeat within ten seconds is forgiven, because an answer can get \
                   lost.",
    request_body = RefreshBody,
    responses((status = 200, description = "Renewed", body = One<TokensBody>), Problems),
)]
pub(crate) async fn refresh(
    State(app): State<AppState>,
    _: NoParams,
    JsonBody(mut fields): JsonBody,
) -> Result<Answer, ApiError> {
    let token = fields.required(
        "refresh_token",
        text(|text| bounded(text, TOKEN_CHARACTERS_MAX)),
    );
    let token = fields.finish(|| token)?;
    let fresh = refresh_token();
    let rotate = RotateRefresh {
        token: TokenHash::of(&token),
        successor: TokenHash::of(&fresh),
    };
    let written = app.store().write(&anonymous_origin(), rotate).await?;
    match written.output {
        Rotated::Renewed {
            session_id,
            user_id,
        } => tokens(&app, user_id, session_id, fresh, written.position).await,
        Rotated::Refused | Rotated::Reused => Err(ApiError::unauthenticated(
            "the refresh token is not valid any more: log in again",
        )),
    }
}
