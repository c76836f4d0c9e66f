//! `POST /auth/password`

use crate::answer::Answer;
use crate::api::schema::Problems;
use crate::auth::Caller;
use crate::error::ApiError;
use crate::extract::params::bounded;
use crate::extract::value::text;
use crate::extract::{Fields, JsonBody, NoParams};
use crate::state::AppState;
use axum::extract::State;
use axum::http::StatusCode;
use millstream_domain::field::{FieldCode, FieldError, Invalid};
use millstream_domain::user::check_password;
use millstream_store::user::ChangePassword;
use utoipa::ToSchema;

/// Most bytes of a password that is hashed: 128 characters of four bytes.
pub(crate) const PASSWORD_BYTES_MAX: usize = 512;

/// A change of one's password.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the body, which is read field by field")]
pub(crate) struct PasswordBody {
    current_password: String,
    /// 8 to 128 characters.
    new_password: String,
}

struct Asked {
    current: String,
    new: String,
}

fn read(mut fields: Fields) -> Result<Asked, ApiError> {
    let current = fields.required(
        "current_password",
        text(|text| bounded(text, PASSWORD_BYTES_MAX)),
    );
    let new = fields.required("new_password", text(new_password));
    fields.finish(|| {
        Some(Asked {
            current: current?,
            new: new?,
        })
    })
}

/// A password that somebody chooses.
pub(crate) fn new_password(text: &str) -> Result<String, Invalid> {
    check_password(text).map(|()| text.to_owned())
}

#[utoipa::path(
    post, path = "/auth/password", tag = "auth",
    summary = "Change your password",
    description = "All other sessions of yours end.",
    request_body = PasswordBody,
    responses((status = 204, description = "Changed"), Problems),
    security(("bearer" = [])),
)]
pub(crate) async fn change_password(
    State(app): State<AppState>,
    caller: Caller,
    _: NoParams,
    JsonBody(fields): JsonBody,
) -> Result<Answer, ApiError> {
    let asked = read(fields)?;
    let old_hash = app.store().credentials_of(caller.id).await?.password_hash;
    if !app
        .passwords()
        .verify(asked.current, Some(old_hash.clone()))
        .await?
    {
        let wrong = FieldError::new(
            "current_password",
            FieldCode::Invalid,
            "must be your password as it is now",
        );
        return Err(ApiError::validation(vec![wrong]));
    }
    let new_hash = app.passwords().hash(asked.new).await?;
    let kept_session = Some(caller.session);
    let change = ChangePassword {
        user_id: caller.id,
        kept_session,
        old_hash,
        new_hash,
    };
    let written = app.store().write(&caller.origin, change).await?;
    Ok(Answer::empty(StatusCode::NO_CONTENT).at(written.position))
}
