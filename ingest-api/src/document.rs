//! What the `OpenAPI` document says of many operations alike, written into it once all routes are in: limits and forms of
//! shared parameters, bodies without unknown members, and every status that an operation can answer with.
//!
//! A handler names [`Problems`] and what is its own; the rules here add the rest, so that a new route is described
//! completely without a word about it. To add a rule: a function here or in a file below, called in [`complete`].
//!
//! [`Problems`]: crate::api::schema::Problems

mod bodies;
mod headers;
mod parameters;
mod refusals;
mod security;

use axum::http::Method;
use utoipa::openapi::OpenApi;
use utoipa::openapi::path::{Operation, PathItem};

/// Everything below is JSON in the envelope; beside it stand bare bodies.
const API: &str = "/api/v1";

/// One operation, with where it stands.
struct Described<'a> {
    method: Method,
    path: &'a str,
    operation: &'a mut Operation,
}

impl Described<'_> {
    /// Whether it asks who is there.
    fn wants_log_in(&self) -> bool {
        self.operation.security.is_some()
    }

    /// Whether it changes something.
    fn writes(&self) -> bool {
        self.method != Method::GET
    }

    /// Whether it reads a body, needed or not.
    fn reads_body(&self) -> bool {
        matches!(self.method, Method::POST | Method::PUT | Method::PATCH)
    }

    fn is_api(&self) -> bool {
        self.path.starts_with(API)
    }
}

/// Completes the document.
pub(crate) fn complete(document: &mut OpenApi) {
    bodies::close(document);
    for (path, item) in &mut document.paths.paths {
        for (method, operation) in operations(item) {
            let mut described = Described {
                method,
                path,
                operation,
            };
            security::describe(&mut described);
            parameters::describe(&mut described);
            refusals::describe(&mut described);
        }
    }
}

/// Says of every operation of a group that it takes an idempotency key.
pub(crate) fn takes_idempotency_keys(document: &mut OpenApi) {
    for item in document.paths.paths.values_mut() {
        for (method, operation) in operations(item) {
            if matches!(method, Method::POST | Method::PATCH) {
                headers::add(operation, headers::idempotency_key());
            }
        }
    }
}

/// Whether one thing is answered, and so has an entity tag.
fn is_one(described: &Described<'_>) -> bool {
    described.is_api() && (described.path.ends_with('}') || described.path.ends_with("/me"))
}

/// The operations that stand under one path.
fn operations(item: &mut PathItem) -> impl Iterator<Item = (Method, &mut Operation)> {
    let PathItem {
        get,
        post,
        put,
        patch,
        delete,
        ..
    } = item;
    [
        (Method::GET, get),
        (Method::POST, post),
        (Method::PUT, put),
        (Method::PATCH, patch),
        (Method::DELETE, delete),
    ]
    .into_iter()
    .filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}
