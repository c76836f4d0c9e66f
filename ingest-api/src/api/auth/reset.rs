//! `POST /auth/reset`, `POST /auth/reset/confirm`: a new password for whoever forgot theirs.

use crate::answer::{Answer, One};
use crate::api::auth::password::new_password;
use crate::api::schema::{self, Problems};
use crate::auth::caller::anonymous_origin;
use crate::auth::secret::TOKEN_CHARACTERS_MAX;
use crate::error::ApiError;
use crate::extract::params::bounded;
use crate::extract::value::{boolean, text};
use crate::extract::{Fields, JsonBody, NoParams};
use crate::state::AppState;
use axum::extract::State;
use axum::http::StatusCode;
use millstream_domain::field::{FieldCode, Invalid};
use millstream_domain::password::NewPassword;
use millstream_domain::user::Email;
use millstream_event_log::{Origin, Position};
use millstream_store::session::TokenHash;
use millstream_store::user::reset::{AskReset, Asked, ResetOf, ResetPassword, VOID_LINK};
use serde::Serialize;
use std::time::Duration;
use tokio::time::Instant;
use utoipa::ToSchema;

/// When a request for a link is answered: later than its work takes, so that nobody learns from the time whether a mail was
/// written.
const ANSWERED_AFTER: Duration = Duration::from_millis(150);
/// What is said, whether there is such an account or not.
const HEARD: &str = "if there is an account with this address, a mail with a link is on its way";

/// Somebody asks for a link.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the body, which is read field by field")]
pub(crate) struct ResetBody {
    /// The address of the account.
    #[schema(schema_with = schema::email)]
    email: String,
}

/// That it was heard.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ResetAsked)]
pub(crate) struct ResetAskedBody {
    /// The same for every address.
    message: &'static str,
}

#[utoipa::path(
    post, path = "/auth/reset", tag = "auth",
    summary = "Ask for a link to reset a password",
    description = "Mails a link that is good once and for 30 minutes. Answers the same whether there is an account of this \
                   address or not. A newer link makes older ones void.",
    request_body = ResetBody,
    responses((status = 200, description = "Heard", body = One<ResetAskedBody>), Problems),
)]
pub(crate) async fn ask_reset(
    State(app): State<AppState>,
    _: NoParams,
    JsonBody(fields): JsonBody,
) -> Result<Answer, ApiError> {
    ask(&app, fields).await?;
    Ok(Answer::one(ResetAskedBody { message: HEARD }))
}

/// Hears a request for a link.
pub(crate) async fn ask(app: &AppState, mut fields: Fields) -> Result<(), ApiError> {
    let answered_at = Instant::now() + ANSWERED_AFTER;
    let email = fields.required("email", text(Email::new));
    let email = fields.finish(|| email)?;
    let asked = app
        .store()
        .write(&anonymous_origin(), AskReset { email })
        .await;
    tokio::time::sleep_until(answered_at).await;
    match asked?.output {
        Asked::Heard => Ok(()),
        Asked::TooOften { retry_after } => Err(ApiError::rate_limited(
            u64::try_from(retry_after.num_seconds()).unwrap_or(1),
        )),
    }
}

/// A new password.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the body, which is read field by field")]
pub(crate) struct ResetConfirmBody {
    /// What the link ends with.
    #[schema(max_length = 512)]
    token: String,
    /// 8 to 128 characters, and none of the common ones.
    #[schema(min_length = 8, max_length = 128)]
    new_password: String,
    /// Whether the API tokens of the account end too. Best so if somebody else may have been in it.
    #[schema(required = false)]
    revoke_api_tokens: Option<bool>,
}

struct Confirmed {
    of: ResetOf,
    token: TokenHash,
    password: NewPassword,
    revoke_api_tokens: bool,
}

#[utoipa::path(
    post, path = "/auth/reset/confirm", tag = "auth",
    summary = "Set a new password by a link",
    description = "All sessions of the account end; its API tokens go on unless asked otherwise.",
    request_body = ResetConfirmBody,
    responses((status = 204, description = "Set"), Problems),
)]
pub(crate) async fn confirm_reset(
    State(app): State<AppState>,
    _: NoParams,
    JsonBody(fields): JsonBody,
) -> Result<Answer, ApiError> {
    let position = confirm(&app, fields).await?;
    Ok(Answer::empty(StatusCode::NO_CONTENT).at(position))
}

/// Sets a new password by a link.
pub(crate) async fn confirm(app: &AppState, fields: Fields) -> Result<Option<Position>, ApiError> {
    let confirmed = read_confirm(app, fields).await?;
    let new_hash = app
        .passwords()
        .hash(confirmed.password.into_string())
        .await?;
    let reset = ResetPassword {
        token: confirmed.token,
        new_hash,
        revoke_api_tokens: confirmed.revoke_api_tokens,
    };
    let origin = Origin {
        actor: Some(confirmed.of.user_id),
        ..anonymous_origin()
    };
    Ok(app.store().write(&origin, reset).await?.position)
}

/// The link is looked up first: what may not be chosen depends on whose password it is.
async fn read_confirm(app: &AppState, mut fields: Fields) -> Result<Confirmed, ApiError> {
    let token = fields.required("token", text(|text| bounded(text, TOKEN_CHARACTERS_MAX)));
    let token = token.map(|token| TokenHash::of(&token));
    let of = match token {
        Some(token) => app.store().reset_of(token).await?,
        None => None,
    };
    if token.is_some() && of.is_none() {
        fields.wrong("token", Invalid::new(FieldCode::Invalid, VOID_LINK));
    }
    let names: Vec<&str> = of
        .iter()
        .flat_map(|of| [&*of.username, &*of.email])
        .collect();
    let password = fields.required("new_password", text(new_password(&names)));
    let revoke_api_tokens = fields.optional("revoke_api_tokens", boolean);
    fields.finish(|| {
        Some(Confirmed {
            of: of?,
            token: token?,
            password: password?,
            revoke_api_tokens: revoke_api_tokens.unwrap_or(false),
        })
    })
}
