//! `POST /auth/tokens`

use super::ApiTokenBody;
use crate::answer::{Answer, One, tag_of};
use crate::api::schema::{self, Problems};
use crate::auth::{Caller, api_token};
use crate::error::ApiError;
use crate::extract::value::{text, time, word};
use crate::extract::{Fields, JsonBody, NoParams};
use crate::state::AppState;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, ETAG};
use chrono::{DateTime, Utc};
use millstream_domain::api_token::{Scope, Scopes, TokenName};
use millstream_domain::field::{FieldCode, Invalid};
use millstream_store::Written;
use millstream_store::api_token::{ApiToken, CreateApiToken};
use millstream_store::session::TokenHash;
use millstream_store::version::ONLY;
use utoipa::ToSchema;

/// A new API token.
#[derive(ToSchema)]
#[schema(as = NewApiToken)]
#[schema(example = json!({"name": "nightly report", "scopes": ["read"]}))]
#[expect(dead_code, reason = "describes the body, which is read field by field")]
pub(crate) struct NewApiTokenBody {
    /// What you call it.
    #[schema(schema_with = schema::line::<100>)]
    name: String,
    /// `read`: reads. `write`: also changes. `admin`: keeps the role of an admin, for what the others beside it allow; alone,
    /// it brings both. A token is never more than its person.
    #[schema(schema_with = schema::scopes)]
    scopes: Vec<String>,
    /// Until when it is good. Without: until it is revoked.
    expires_at: Option<DateTime<Utc>>,
}

struct Asked {
    name: TokenName,
    scopes: Scopes,
    expires_at: Option<DateTime<Utc>>,
}

fn read(mut fields: Fields, now: DateTime<Utc>) -> Result<Asked, ApiError> {
    let name = fields.required("name", text(TokenName::new));
    let scopes = read_scopes(&mut fields);
    let expires_at = fields.optional("expires_at", |value| match time(value)? {
        at if at > now => Ok(at),
        _ => Err(Invalid::new(FieldCode::OutOfRange, "must be in the future")),
    });
    fields.finish(|| {
        Some(Asked {
            name: name?,
            scopes: scopes?,
            expires_at,
        })
    })
}

fn read_scopes(fields: &mut Fields) -> Option<Scopes> {
    if !fields.has("scopes") {
        fields.wrong("scopes", Invalid::new(FieldCode::Required, "must be given"));
        return None;
    }
    let scopes = fields.list("scopes", Scope::ALL.len(), word)?;
    Scopes::new(scopes)
        .map_err(|invalid| fields.wrong("scopes", invalid))
        .ok()
}

#[utoipa::path(
    post, path = "/auth/tokens", tag = "auth",
    summary = "Make an API token",
    description = "For a program that acts for you. The token is in the answer, and nowhere else ever again. Send it as \
                   `Authorization: Bearer mst_…`. It cannot make tokens, change the account or end sessions. A person has \
                   50 at the most.",
    request_body = NewApiTokenBody,
    responses((status = 201, description = "Made", body = One<ApiTokenBody>), Problems),
    security(("bearer" = [])),
)]
pub(crate) async fn create_token(
    State(app): State<AppState>,
    caller: Caller,
    _: NoParams,
    JsonBody(fields): JsonBody,
) -> Result<Answer, ApiError> {
    let (written, secret) = make(&app, &caller, fields).await?;
    let shown = ApiTokenBody::of(written.output);
    // The tag of what stands there from now on: nothing about the secret is ever told again.
    let tag = tag_of(ONLY, &shown);
    let body = ApiTokenBody {
        token: Some(secret),
        ..shown
    };
    let location = format!("/api/v1/auth/tokens/{}", body.id);
    Ok(Answer::one(body)
        .created(&location)
        .at(written.position)
        .with_header(ETAG, &tag)
        .with_header(CACHE_CONTROL, "no-store"))
}

/// Makes it; what is told once beside it is the token itself.
pub(crate) async fn make(
    app: &AppState,
    caller: &Caller,
    fields: Fields,
) -> Result<(Written<ApiToken>, String), ApiError> {
    let asked = read(fields, app.now())?;
    let secret = api_token::fresh();
    let create = CreateApiToken {
        user_id: caller.id,
        name: asked.name,
        scopes: asked.scopes,
        expires_at: asked.expires_at,
        hash: TokenHash::of(&secret),
    };
    let written = app.store().write(&caller.origin, create).await?;
    Ok((written, secret))
}
