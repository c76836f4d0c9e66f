//! `GET /auth/me`, `PATCH /auth/me`

use crate::answer::{Answer, One};
use crate::api::schema::{self, Problems};
use crate::api::users::{READ_ONLY, UserBody, user_answer};
use crate::auth::Caller;
use crate::error::ApiError;
use crate::extract::value::{text, word};
use crate::extract::{Fields, IfMatch, JsonBody, NoParams};
use crate::state::AppState;
use axum::extract::State;
use millstream_domain::user::{DisplayName, Email, TimeZone};
use millstream_store::user::{UpdateUser, UserEdit};
use utoipa::ToSchema;

/// What is to be different about one's profile.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the body, which is read field by field")]
pub(crate) struct ProfilePatch {
    /// 1 to 80 characters.
    #[schema(schema_with = schema::line::<80>, required = false)]
    display_name: Option<String>,
    #[schema(schema_with = schema::email, required = false)]
    email: Option<String>,
    /// A name of the IANA time zone database.
    #[schema(schema_with = schema::time_zone, required = false)]
    time_zone: Option<String>,
    #[schema(schema_with = schema::locale, required = false)]
    locale: Option<String>,
}

/// Reads the body.
pub(crate) fn read(mut fields: Fields) -> Result<UserEdit, ApiError> {
    let edit = UserEdit {
        display_name: fields.changed("display_name", text(DisplayName::new)),
        email: fields.changed("email", text(Email::new)),
        time_zone: fields.changed("time_zone", text(TimeZone::new)),
        locale: fields.changed("locale", word),
        role: None,
        active: None,
    };
    fields.read_only(READ_ONLY);
    fields.read_only(&["username", "role", "active"]);
    fields.finish(|| Some(edit))
}

#[utoipa::path(
    get, path = "/auth/me", tag = "auth",
    summary = "Your profile",
    responses((status = 200, description = "You", body = One<UserBody>), Problems),
    security(("bearer" = [])),
)]
pub(crate) async fn read_me(
    State(app): State<AppState>,
    caller: Caller,
    _: NoParams,
) -> Result<Answer, ApiError> {
    let user = app.store().user(caller.id).await?;
    Ok(user_answer(&user))
}

#[utoipa::path(
    patch, path = "/auth/me", tag = "auth",
    summary = "Change your profile",
    params(IfMatch),
    request_body(content = ProfilePatch, content_type = "application/merge-patch+json"),
    responses((status = 200, description = "You, as you are now", body = One<UserBody>), Problems),
    security(("bearer" = [])),
)]
pub(crate) async fn update_me(
    State(app): State<AppState>,
    caller: Caller,
    IfMatch(expected_version): IfMatch,
    _: NoParams,
    JsonBody(fields): JsonBody,
) -> Result<Answer, ApiError> {
    let update = UpdateUser {
        user_id: caller.id,
        expected_version,
        edit: read(fields)?,
    };
    let written = app.store().write(&caller.origin, update).await?;
    Ok(user_answer(&written.output).at(written.position))
}
