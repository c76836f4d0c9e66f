//! `POST /auth/register`

use crate::answer::{Answer, One};
use crate::api::auth::password::new_password;
use crate::api::schema::{self, Problems};
use crate::api::users::UserBody;
use crate::auth::caller::anonymous_origin;
use crate::error::ApiError;
use crate::extract::value::text;
use crate::extract::{Fields, JsonBody, NoParams};
use crate::problem::Code;
use crate::state::AppState;
use axum::extract::State;
use millstream_domain::password::NewPassword;
use millstream_domain::user::{Email, Username};
use millstream_store::Written;
use millstream_store::user::{Register, User};
use utoipa::ToSchema;

/// A new account.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the body, which is read field by field")]
pub(crate) struct RegisterBody {
    /// 2 to 32 letters, digits, dots, underscores, hyphens; kept in lower case.
    #[schema(example = "ada", pattern = "^[A-Za-z0-9][A-Za-z0-9._-]{1,31}$")]
    username: String,
    #[schema(schema_with = schema::email)]
    email: String,
    /// 8 to 128 characters, and none of the common ones.
    #[schema(min_length = 8, max_length = 128)]
    password: String,
    /// The first person to register must bring it, and becomes admin; later it is ignored.
    setup_secret: Option<String>,
}

struct Asked {
    username: Username,
    email: Email,
    password: NewPassword,
    setup_secret: Option<String>,
}

fn read(mut fields: Fields) -> Result<Asked, ApiError> {
    let username = fields.required("username", text(Username::new));
    let email = fields.required("email", text(Email::new));
    let names = [
        username.as_ref().map(Username::as_str),
        email.as_ref().map(Email::as_str),
    ];
    let names: Vec<&str> = names.into_iter().flatten().collect();
    let password = fields.required("password", text(new_password(&names)));
    let setup_secret = fields.optional("setup_secret", text(|secret| Ok(secret.to_owned())));
    fields.finish(|| {
        Some(Asked {
            username: username?,
            email: email?,
            password: password?,
            setup_secret,
        })
    })
}

#[utoipa::path(
    post, path = "/auth/register", tag = "auth",
    summary = "Register",
    description = "Creates an account. The first one needs the set-up secret and becomes admin; all others are members.",
    request_body = RegisterBody,
    responses((status = 201, description = "Registered", body = One<UserBody>), Problems),
)]
pub(crate) async fn register(
    State(app): State<AppState>,
    _: NoParams,
    JsonBody(fields): JsonBody,
) -> Result<Answer, ApiError> {
    let written = create(&app, fields).await?;
    let (user, version) = (
        UserBody::full(&written.output),
        written.output.state.version,
    );
    Ok(Answer::versioned(version, &user)
        .created(&user.location())
        .at(written.position))
}

/// Makes the account that these fields describe.
pub(crate) async fn create(app: &AppState, fields: Fields) -> Result<Written<User>, ApiError> {
    // Asked again under the lock that counts; here it saves the work, and the fields of who may not register anyway.
    let is_first = !app.store().has_users().await?;
    if !is_first && !app.settings().registration_open {
        return Err(ApiError::new(
            Code::Forbidden,
            "registration is closed here: ask an admin",
        ));
    }
    let asked = read(fields)?;
    let has_setup_secret = asked
        .setup_secret
        .is_some_and(|secret| app.settings().setup_secret.equals(&secret));
    if is_first && !has_setup_secret {
        return Err(ApiError::new(
            Code::Forbidden,
            "the first account needs the set-up secret",
        ));
    }
    let password_hash = app.passwords().hash(asked.password.into_string()).await?;
    let register = Register {
        username: asked.username,
        email: asked.email,
        display_name: None,
        password_hash,
        has_setup_secret,
    };
    Ok(app.store().write(&anonymous_origin(), register).await?)
}
