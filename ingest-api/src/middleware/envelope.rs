//! Errors that were not made here (by the router, by the files of the docs) get the form that all others have.

use crate::error::ApiError;
use crate::problem::Code;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::http::header::{ALLOW, CONTENT_TYPE};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// Wraps bare errors.
pub(crate) async fn wrap(request: Request, next: Next) -> Response {
    let method = request.method().clone();
    let response = next.run(request).await;
    let status = response.status();
    let is_error = status.is_client_error() || status.is_server_error();
    if !is_error || has_form(&response) {
        return response;
    }
    let error = match status {
        StatusCode::NOT_FOUND => ApiError::not_found(),
        StatusCode::METHOD_NOT_ALLOWED => {
            let error = ApiError::new(
                Code::MethodNotAllowed,
                format!("{method} is not possible here"),
            );
            match response.headers().get(ALLOW) {
                Some(allowed) => error.allowing(allowed.clone()),
                None => error,
            }
        }
        status if status.is_client_error() => {
            ApiError::bad_request("the request cannot be understood")
        }
        _ => ApiError::new(Code::Internal, "something went wrong on our side"),
    };
    error.into_response()
}

/// Whether somebody gave it a form on purpose: JSON, or a page.
fn has_form(response: &Response) -> bool {
    let content_type = response
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    content_type.contains("json") || content_type.starts_with("text/html")
}
