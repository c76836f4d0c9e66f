//! `POST /auth/login`

use crate::answer::{Answer, One};
use crate::api::auth::password::PASSWORD_CHARACTERS_MAX;
use crate::api::schema::{self, Problems};
use crate::api::users::UserBody;
use crate::auth::attempts;
use crate::auth::caller::anonymous_origin;
use crate::auth::secret::refresh_token;
use crate::auth::token::{Bearer, LIFETIME, Tokens};
use crate::error::ApiError;
use crate::extract::params::bounded;
use crate::extract::value::text;
use crate::extract::{Fields, JsonBody, NoParams};
use crate::state::AppState;
use axum::extract::State;
use axum::http::header::CACHE_CONTROL;
use millstream_domain::field::{FieldCode, Invalid};
use millstream_domain::ids::{SessionId, UserId};
use millstream_event_log::{Origin, Position};
use millstream_store::session::{StartSession, TokenHash};
use millstream_store::user::Credentials;
use serde::Serialize;
use utoipa::ToSchema;

/// Most characters of a login name that is looked up: the longest e-mail address has 254 characters.
const LOGIN_CHARACTERS_MAX: usize = 1024;

/// A log-in.
#[derive(ToSchema)]
#[schema(example = json!({"login": "ada", "password": "her own password"}))]
#[expect(dead_code, reason = "describes the body, which is read field by field")]
pub(crate) struct LoginBody {
    /// Username or e-mail address.
    #[schema(schema_with = schema::block::<1024>)]
    login: String,
    #[schema(max_length = 2048)]
    password: String,
}

/// What a log-in gives.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Tokens)]
pub(crate) struct TokensBody {
    /// Send it as `Authorization: Bearer …`.
    access_token: String,
    #[schema(example = "Bearer")]
    token_type: &'static str,
    /// Seconds for which the access token is good.
    #[schema(example = 900)]
    expires_in: i64,
    /// Exchange it at `/auth/refresh`, once.
    refresh_token: String,
    user: UserBody,
}

struct Asked {
    login: String,
    password: String,
}

fn read(mut fields: Fields) -> Result<Asked, ApiError> {
    let login = fields.required("login", text(login_name));
    let password = fields.required(
        "password",
        text(|text| bounded(text, PASSWORD_CHARACTERS_MAX)),
    );
    fields.finish(|| {
        Some(Asked {
            login: login?,
            password: password?,
        })
    })
}

fn login_name(text: &str) -> Result<String, Invalid> {
    let text = text.trim();
    if text.contains('\0') {
        return Err(Invalid::new(
            FieldCode::Invalid,
            "must not contain the character U+0000",
        ));
    }
    bounded(text, LOGIN_CHARACTERS_MAX)
}

#[utoipa::path(
    post, path = "/auth/login", tag = "auth",
    summary = "Log in",
    description = "Begins a session. Wrong names and wrong passwords answer alike. After too many wrong tries at an \
                   account within an hour, 429 says when the next one is looked at: 100 from all addresses together that \
                   never logged in to it, 20 from each that has.",
    request_body = LoginBody,
    responses((status = 200, description = "Logged in", body = One<TokensBody>), Problems),
)]
pub(crate) async fn log_in(
    State(app): State<AppState>,
    _: NoParams,
    JsonBody(fields): JsonBody,
) -> Result<Answer, ApiError> {
    let account = identify(&app, fields).await?;
    let user_id = account.user_id;
    let refresh_token = refresh_token();
    let start = StartSession {
        user_id,
        password_hash: Some(account.password_hash),
        token: TokenHash::of(&refresh_token),
    };
    let origin = Origin {
        actor: Some(user_id),
        ..anonymous_origin()
    };
    let written = app.store().write(&origin, start).await?;
    tokens(
        &app,
        user_id,
        written.output,
        refresh_token,
        written.position,
    )
    .await
}

/// Whose name and password these are. One path for every way to log in.
pub(crate) async fn identify(app: &AppState, fields: Fields) -> Result<Credentials, ApiError> {
    let asked = read(fields)?;
    attempts::identify(app, &asked.login, asked.password).await
}

/// The answer to a log-in and to a renewal.
pub(crate) async fn tokens(
    app: &AppState,
    user_id: UserId,
    session: SessionId,
    refresh_token: String,
    position: Option<Position>,
) -> Result<Answer, ApiError> {
    let user = app.store().user(user_id).await?;
    let issuer = Tokens {
        keys: app.keys()?,
        issuer: &app.settings().public_url,
    };
    let bearer = Bearer {
        user: user_id,
        session,
        role: user.state.role,
    };
    let access_token = issuer
        .issue(bearer, app.store().ids().next(), app.now())
        .map_err(ApiError::internal)?;
    let body = TokensBody {
        access_token,
        token_type: "Bearer",
        expires_in: LIFETIME.num_seconds(),
        refresh_token,
        user: UserBody::full(&user),
    };
    Ok(Answer::one(body)
        .at(position)
        .with_header(CACHE_CONTROL, "no-store"))
}
