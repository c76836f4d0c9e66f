//! `GET`, `PATCH` and `DELETE /users/{id}`: for admins.

use crate::answer::{Answer, One};
use crate::api::schema::{self, Problems};
use crate::api::users::{READ_ONLY, UserBody, user_answer};
use crate::auth::Caller;
use crate::error::ApiError;
use crate::extract::value::{boolean, text, word};
use crate::extract::{Fields, Id, IfMatch, JsonBody, NoParams};
use crate::idempotency::write;
use crate::state::AppState;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use millstream_domain::field::{FieldCode, FieldError};
use millstream_domain::ids::UserId;
use millstream_domain::policy::{Action, Refusal};
use millstream_domain::user::{DisplayName, Email, TimeZone};
use millstream_store::user::{UpdateUser, UserEdit};
use utoipa::ToSchema;

/// What is to be different about somebody's account.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the body, which is read field by field")]
pub(crate) struct UserPatch {
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
    #[schema(schema_with = schema::role, required = false)]
    role: Option<String>,
    /// Whether they may log in. Setting it to false ends their sessions.
    #[schema(nullable = false)]
    active: Option<bool>,
}

fn read(mut fields: Fields) -> Result<UserEdit, ApiError> {
    let edit = UserEdit {
        display_name: fields.changed("display_name", text(DisplayName::new)),
        email: fields.changed("email", text(Email::new)),
        time_zone: fields.changed("time_zone", text(TimeZone::new)),
        locale: fields.changed("locale", word),
        role: fields.changed("role", word),
        active: fields.changed("active", boolean),
    };
    fields.read_only(READ_ONLY);
    fields.read_only(&["username"]);
    fields.finish(|| Some(edit))
}

/// Whom an admin asks about. To others, those whom they do not see in the list of people answer like nobody, so that nobody
/// learns who there is.
async fn administered(app: &AppState, caller: &Caller, id: UserId) -> Result<(), ApiError> {
    match caller.may(Action::AdministerUsers) {
        Err(Refusal::Forbidden) if !app.store().knows_of(&caller.actor, id).await? => {
            Err(ApiError::not_found())
        }
        decided => Ok(decided?),
    }
}

/// A token does not change the account that it belongs to: with another e-mail address it could have the password reset.
fn not_by_own_token(caller: &Caller, id: UserId) -> Result<(), ApiError> {
    if caller.id == id {
        caller.session()?;
    }
    Ok(())
}

/// One's own address needs the password, which is asked for in one place only.
async fn keeps_own_address(
    app: &AppState,
    caller: &Caller,
    id: UserId,
    edit: &UserEdit,
) -> Result<(), ApiError> {
    let Some(email) = edit.email.as_ref().filter(|_| caller.id == id) else {
        return Ok(());
    };
    if app.store().user(id).await?.email == email.as_str() {
        return Ok(());
    }
    let message = "is your own: change it at /auth/me, with your password";
    let wrong = FieldError::new("email", FieldCode::ReadOnly, message);
    Err(ApiError::validation(vec![wrong]))
}

#[utoipa::path(
    get, path = "/users/{id}", tag = "users",
    summary = "A person (admin)",
    params(("id" = Uuid, Path, description = "The person")),
    responses((status = 200, description = "The account", body = One<UserBody>), Problems),
    security(("bearer" = [])),
)]
pub(crate) async fn read_user(
    State(app): State<AppState>,
    caller: Caller,
    Id(id): Id<UserId>,
    _: NoParams,
) -> Result<Answer, ApiError> {
    if caller.id != id {
        administered(&app, &caller, id).await?;
    }
    Ok(user_answer(&app.store().user(id).await?))
}

#[utoipa::path(
    patch, path = "/users/{id}", tag = "users",
    summary = "Change a person's account (admin)",
    params(IfMatch, ("id" = Uuid, Path, description = "The person")),
    request_body(content = UserPatch, content_type = "application/merge-patch+json"),
    responses((status = 200, description = "The account as it is now", body = One<UserBody>), Problems),
    security(("bearer" = [])),
)]
pub(crate) async fn update_user(
    State(app): State<AppState>,
    caller: Caller,
    Id(user_id): Id<UserId>,
    IfMatch(expected_version): IfMatch,
    _: NoParams,
    JsonBody(fields): JsonBody,
) -> Result<Response, ApiError> {
    administered(&app, &caller, user_id).await?;
    not_by_own_token(&caller, user_id)?;
    let edit = read(fields)?;
    keeps_own_address(&app, &caller, user_id, &edit).await?;
    let update = UpdateUser {
        user_id,
        expected_version,
        edit,
    };
    write(&app, &caller, update, user_answer).await
}

#[utoipa::path(
    delete, path = "/users/{id}", tag = "users",
    summary = "Deactivate a person (admin)",
    description = "Their sessions end and they cannot log in; what they did stays. `PATCH` with `active: true` undoes it.",
    params(IfMatch, ("id" = Uuid, Path, description = "The person")),
    responses((status = 204, description = "Deactivated"), Problems),
    security(("bearer" = [])),
)]
pub(crate) async fn deactivate_user(
    State(app): State<AppState>,
    caller: Caller,
    Id(user_id): Id<UserId>,
    IfMatch(expected_version): IfMatch,
    _: NoParams,
) -> Result<Answer, ApiError> {
    administered(&app, &caller, user_id).await?;
    not_by_own_token(&caller, user_id)?;
    let edit = UserEdit {
        active: Some(false),
        ..UserEdit::default()
    };
    let written = app
        .store()
        .write(
            &caller.origin,
            UpdateUser {
                user_id,
                expected_version,
                edit,
            },
        )
        .await?;
    Ok(Answer::empty(StatusCode::NO_CONTENT).at(written.position))
}
