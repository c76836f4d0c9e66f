//! `GET /api/v1/openapi.json`: the `OpenAPI` document, made of the table of routes.

use crate::error::ApiError;
use crate::extract::NoParams;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use std::sync::LazyLock;
use utoipa::openapi::OpenApi;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi as Document};

/// What the document says before any route is in it.
#[derive(Document)]
#[openapi(
    info(
        title = "Millstream",
        description = "Team tasks as a stream. Log in with `POST /api/v1/auth/login` and send the access token as \
                       `Authorization: Bearer …`.\n\n\
                       - Every accepted write answers `Millstream-Position`; a read that sends it as `Millstream-Wait-For` \
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
        (name = "audit", description = "Who did what: a view that proves itself"),
        (name = "pipelines", description = "What keeps the views"),
        (name = "jobs", description = "What takes longer than a request"),
        (name = "live", description = "Connections that stay open"),
        (name = "keys", description = "Public keys"),
        (name = "health", description = "How the server is"),
    ),
    components(schemas(crate::error::Problem)),
    modifiers(&Bearer),
)]
pub(crate) struct ApiDocument;

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, document: &mut OpenApi) {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("JWT")
            .description(Some("An access token"))
            .build();
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("bearer", SecurityScheme::Http(scheme));
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
