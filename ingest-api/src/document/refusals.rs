//! Every status that an operation can answer with besides its success: derived from what the operation takes, so that it
//! cannot be forgotten. `xtask fuzz-api` and the tests hold answers against it.

use super::Described;
use super::headers::{IDEMPOTENCY_KEY, IF_MATCH, IF_NONE_MATCH, WAIT_FOR, takes};
use crate::error::Problem;
use crate::problem::Code;
use axum::http::Method;
use std::collections::BTreeMap;
use std::fmt::Write;
use utoipa::ToSchema;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{Content, Header, Ref, RefOr, Response, ResponseBuilder};

/// What the way to every handler can answer: a query that is not understood, limits, our own trouble.
const ALWAYS: [Code; 7] = [
    Code::BadRequest,
    Code::Timeout,
    Code::UriTooLong,
    Code::RateLimited,
    Code::HeadersTooLarge,
    Code::Internal,
    Code::Unavailable,
];

/// Writes the statuses into an operation. What it says of one itself stays.
pub(super) fn describe(described: &mut Described<'_>) {
    let mut by_status: BTreeMap<u16, Vec<Code>> = BTreeMap::new();
    for code in codes(described) {
        by_status
            .entry(code.status().as_u16())
            .or_default()
            .push(code);
    }
    let is_not_modified_possible = takes(described.operation, IF_NONE_MATCH);
    let responses = &mut described.operation.responses.responses;
    responses.remove("default");
    for (status, codes) in by_status {
        let entry = responses.entry(status.to_string());
        entry.or_insert_with(|| RefOr::T(problem(&codes)));
    }
    if is_not_modified_possible {
        let about = "What the client has already is the newest";
        let response = ResponseBuilder::new().description(about).build();
        responses.insert("304".to_owned(), RefOr::T(response));
    }
    if let Some(RefOr::T(created)) = responses.get_mut("201") {
        let location = text_header("Where it stands");
        created
            .headers
            .insert("Location".to_owned(), RefOr::T(location));
    }
}

fn codes(described: &Described<'_>) -> Vec<Code> {
    let operation = &*described.operation;
    let mut codes = ALWAYS.to_vec();
    let mut add = |applies: bool, more: &[Code]| codes.extend(more.iter().filter(|_| applies));
    let is_auth = described.path.starts_with("/api/v1/auth/");
    add(described.is_api(), &[Code::NotAcceptable]);
    add(
        described.wants_log_in() || is_auth,
        &[Code::Unauthenticated, Code::Forbidden],
    );
    add(
        described.path.contains('{') || described.path.ends_with("/checkpoint"),
        &[Code::NotFound],
    );
    add(described.writes(), &[Code::Conflict]);
    add(
        described.reads_body(),
        &[
            Code::PayloadTooLarge,
            Code::UnsupportedMediaType,
            Code::ValidationFailed,
        ],
    );
    add(
        takes(operation, IDEMPOTENCY_KEY),
        &[Code::IdempotencyKeyReused],
    );
    add(takes(operation, IF_MATCH), &[Code::PreconditionFailed]);
    add(takes(operation, WAIT_FOR), &[Code::ViewBehind]);
    // A link that was good once says so.
    add(
        is_auth && described.method == Method::POST,
        &[Code::NotFound, Code::Gone],
    );
    codes
}

fn problem(codes: &[Code]) -> Response {
    let mut about = String::new();
    for code in codes {
        let _ = writeln!(about, "`{}`: {}", code.as_str(), code.title());
    }
    let schema = Ref::from_schema_name(Problem::name());
    let response = ResponseBuilder::new()
        .description(about.trim_end())
        .content("application/problem+json", Content::new(Some(schema)));
    match codes.first() {
        Some(Code::Unauthenticated) => {
            response.header("WWW-Authenticate", text_header("How to log in"))
        }
        Some(Code::RateLimited) => response.header("Retry-After", text_header("Seconds to wait")),
        _ => response,
    }
    .build()
}

fn text_header(about: &str) -> Header {
    let text = ObjectBuilder::new().schema_type(Type::String);
    HeaderBuilder::new()
        .schema(Some(text))
        .description(Some(about))
        .build()
}
