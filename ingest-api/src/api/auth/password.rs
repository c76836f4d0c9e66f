//! `POST /auth/password`

use crate::answer::Answer;
use crate::api::schema::Problems;
use crate::auth::{Caller, attempts};
use crate::error::ApiError;
use crate::extract::params::bounded;
use crate::extract::value::text;
use crate::extract::{Fields, JsonBody, NoParams};
use crate::state::AppState;
use axum::extract::State;
use axum::http::StatusCode;
use millstream_domain::field::{FieldCode, FieldError, Invalid};
use millstream_domain::password::NewPassword;
use millstream_event_log::Position;
use millstream_store::user::ChangePassword;
use utoipa::ToSchema;

/// Most characters of a password as it is typed: 128, each put together of up to sixteen.
pub(crate) const PASSWORD_CHARACTERS_MAX: usize = 2048;

/// A change of one's password.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the body, which is read field by field")]
pub(crate) struct PasswordBody {
    #[schema(max_length = 2048)]
    current_password: String,
    /// 8 to 128 characters, and none of the common ones.
    #[schema(min_length = 8, max_length = 128)]
    new_password: String,
}

struct Asked {
    current: String,
    new: NewPassword,
}

fn read(mut fields: Fields, names: &[&str]) -> Result<Asked, ApiError> {
    let current = fields.required(
        "current_password",
        text(|text| bounded(text, PASSWORD_CHARACTERS_MAX)),
    );
    let new = fields.required("new_password", text(new_password(names)));
    fields.finish(|| {
        Some(Asked {
            current: current?,
            new: new?,
        })
    })
}

/// A password that somebody of these names chooses.
pub(crate) fn new_password(names: &[&str]) -> impl FnOnce(&str) -> Result<NewPassword, Invalid> {
    |text| NewPassword::new(&bounded(text, PASSWORD_CHARACTERS_MAX)?, names)
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
    let position = change(&app, &caller, fields).await?;
    Ok(Answer::empty(StatusCode::NO_CONTENT).at(position))
}

/// What is said of a `current_password` that is not theirs.
pub(crate) fn wrong_password() -> ApiError {
    let wrong = FieldError::new(
        "current_password",
        FieldCode::Invalid,
        "must be your password as it is now",
    );
    ApiError::validation(vec![wrong])
}

/// Changes somebody's own password, once they have shown that they know it.
pub(crate) async fn change(
    app: &AppState,
    caller: &Caller,
    fields: Fields,
) -> Result<Option<Position>, ApiError> {
    let user = app.store().user(caller.id).await?;
    let asked = read(fields, &[&user.state.username, &user.email])?;
    let Some(old_hash) = attempts::confirm(app, caller, asked.current).await? else {
        return Err(wrong_password());
    };
    let new_hash = app.passwords().hash(asked.new.into_string()).await?;
    let change = ChangePassword {
        user_id: caller.id,
        kept_session: Some(caller.session()?),
        old_hash,
        new_hash,
    };
    Ok(app.store().write(&caller.origin, change).await?.position)
}
