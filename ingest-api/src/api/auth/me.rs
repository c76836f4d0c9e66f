//! `GET /auth/me`, `PATCH /auth/me`

use crate::answer::{Answer, One};
use crate::api::auth::password::{PASSWORD_CHARACTERS_MAX, wrong_password};
use crate::api::schema::{self, Problems};
use crate::api::users::{READ_ONLY, UserBody, user_answer};
use crate::auth::{Caller, attempts};
use crate::error::ApiError;
use crate::extract::params::bounded;
use crate::extract::value::{text, word};
use crate::extract::{Fields, IfMatch, JsonBody, NoParams};
use crate::state::AppState;
use axum::extract::State;
use millstream_domain::field::{FieldCode, Invalid};
use millstream_domain::user::{DisplayName, Email, TimeZone};
use millstream_store::Versions;
use millstream_store::user::{UpdateUser, User, UserEdit};
use millstream_store::write::Written;
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
    /// Needed with another `email`: that is where links for a new password go.
    #[schema(max_length = 2048, required = false)]
    current_password: Option<String>,
}

/// What a body asks for.
struct ProfileEdit {
    edit: UserEdit,
    /// What proves that it is the person; there when the address is to be another.
    password: Option<String>,
}

fn read(mut fields: Fields, now: &User) -> Result<ProfileEdit, ApiError> {
    let email = fields.changed("email", text(Email::new));
    let password = fields.optional(
        "current_password",
        text(|text| bounded(text, PASSWORD_CHARACTERS_MAX)),
    );
    // The form sends all of its fields: an address that is the same is none that changes, and no password is no password.
    let email = email.filter(|email| email.as_str() != now.email);
    let password = password.filter(|password| !password.is_empty());
    if email.is_some() && password.is_none() {
        let missing = "must be given to change the e-mail address";
        fields.wrong(
            "current_password",
            Invalid::new(FieldCode::Required, missing),
        );
    }
    let edit = UserEdit {
        display_name: fields.changed("display_name", text(DisplayName::new)),
        email,
        time_zone: fields.changed("time_zone", text(TimeZone::new)),
        locale: fields.changed("locale", word),
        role: None,
        active: None,
    };
    fields.read_only(READ_ONLY);
    fields.read_only(&["username", "role", "active"]);
    fields.finish(|| Some(ProfileEdit { edit, password }))
}

/// Changes somebody's own profile. Whoever has only their access token must not take the account with another address, to
/// which a link for a new password is mailed: that address is changed by who knows the password.
pub(crate) async fn change(
    app: &AppState,
    caller: &Caller,
    expected_version: Option<Versions>,
    fields: Fields,
) -> Result<Written<User>, ApiError> {
    let asked = read(fields, &app.store().user(caller.id).await?)?;
    if let (Some(_), Some(password)) = (&asked.edit.email, asked.password)
        && attempts::confirm(app, caller, password).await?.is_none()
    {
        return Err(wrong_password());
    }
    let update = UpdateUser {
        user_id: caller.id,
        expected_version,
        edit: asked.edit,
    };
    Ok(app.store().write(&caller.origin, update).await?)
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
    description = "Another e-mail address needs `current_password`. The old address is told by mail.",
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
    let written = change(&app, &caller, expected_version, fields).await?;
    Ok(user_answer(&written.output).at(written.position))
}
