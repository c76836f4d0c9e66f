//! `GET /api/v1/openapi.json`: the `OpenAPI` document, made of the table of routes.

use crate::error::ApiError;
use crate::extract::NoParams;
use crate::pages::cookie;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use std::sync::LazyLock;
use utoipa::openapi::OpenApi;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi as Document};

/// The schemes of security, as the document names them: what operations name themselves, and what stands beside it.
const BEARER: &str = "bearer";
pub(crate) const COOKIE: &str = "cookie";
pub(crate) const CSRF: &str = "csrf";

/// What the document says before any route is in it.
#[derive(Document)]
#[openapi(
    info(
        title = "Millstream",
        description = "Team tasks as a stream. Log in with `POST /api/v1/auth/login` and send the access token as \
                       `Authorization: Bearer …`. Pages of this server may use the cookie of their session; what changes something \
                       then needs `X-CSRF-Token` beside it.\n\n\
                       - Every accepted write answers `Millstream-Position`, also one that found nothing to change (but for \
                       `POST /auth/reset`, which must not tell whether there was anything to do); a read that sends it as `Millstream-Wait-For` \
                       (and, if need be, `Millstream-Wait-Ms`, at most 10000) sees that write, in whatever view it reads, or \
                       answers 504 `view_behind`. Reads of views answer how far they are: `Millstream-Position` and \
                       `Millstream-Lag-Ms`.\n\
                       - `POST` and `PATCH` take an `Idempotency-Key`: the same act is done once, and answered alike for a \
                       day.\n\
                       - Single things have an `ETag`; `If-Match` refuses to change what you have not seen, `If-None-Match` \
                       saves a transfer.\n\
                       - Errors are problems (RFC 9457) in the same envelope as everything else, and list all wrong fields.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    tags(
        (name = "auth", description = "Accounts and log-ins"),
        (name = "users", description = "People"),
        (name = "teams", description = "Teams and their members"),
        (name = "projects", description = "Projects"),
        (name = "tasks", description = "Tasks"),
        (name = "tags", description = "Tags of teams"),
        (name = "comments", description = "Comments on tasks"),
        (name = "search", description = "Full-text search: a view"),
        (name = "activity", description = "What happened: a view"),
        (name = "notifications", description = "Your inbox: a view"),
        (name = "analytics", description = "Reports: a view"),
        (name = "audit", description = "Who did what: a view that proves itself"),
        (name = "pipelines", description = "What keeps the views"),
        (name = "reports", description = "Reports as files"),
        (name = "jobs", description = "What takes longer than a request"),
        (name = "schedules", description = "What is done again and again"),
        (name = "live", description = "Connections that stay open"),
        (name = "keys", description = "Public keys"),
        (name = "health", description = "How the server is"),
    ),
    components(schemas(crate::error::Problem)),
    modifiers(&Schemes),
)]
pub(crate) struct ApiDocument;

struct Schemes;

impl Modify for Schemes {
    fn modify(&self, document: &mut OpenApi) {
        let bearer = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("JWT")
            .description(Some("An access token, or an API token"))
            .build();
        let cookie = "The session of a browser, as the log-in page begins it";
        let cookie = ApiKeyValue::with_description(cookie::NAME, cookie);
        let csrf = "Beside the cookie, for whatever changes something: the `csrf` that every form of the session carries";
        let csrf = ApiKeyValue::with_description("X-CSRF-Token", csrf);
        let components = document.components.get_or_insert_default();
        components.add_security_scheme(BEARER, SecurityScheme::Http(bearer));
        components.add_security_scheme(COOKIE, SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
        components.add_security_scheme(CSRF, SecurityScheme::ApiKey(ApiKey::Header(csrf)));
    }
}

static DOCUMENT: LazyLock<Vec<u8>> =
    LazyLock::new(|| serde_json::to_vec(&crate::openapi()).expect("the document is plain data"));

#[utoipa::path(
    get, path = "/openapi.json", tag = "health",
    summary = "This document",
    responses((status = 200, description = "OpenAPI 3.1", body = serde_json::Value)),
)]
pub(crate) async fn read_document(_: NoParams) -> Result<Response, ApiError> {
    let headers = [
        (CONTENT_TYPE, "application/json"),
        (CACHE_CONTROL, "no-cache"),
    ];
    Ok((headers, DOCUMENT.as_slice()).into_response())
}
