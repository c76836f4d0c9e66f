//! Limits on what arrives and on how long it takes; a panic stays inside its request.

use crate::error::ApiError;
use crate::problem::Code;
use axum::extract::Request;
use axum::http::HeaderMap;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::FutureExt;
use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

/// Most bytes of an address with its query.
pub(crate) const URI_BYTES_MAX: usize = 8 * 1024;
/// Most bytes of all header names and values together.
pub(crate) const HEADER_BYTES_MAX: usize = 16 * 1024;
/// Longest time for one request: a body that arrives slowly and a wait for a view, one after the other, and some.
const REQUEST_TIME_MAX: Duration = Duration::from_mins(1);

/// Runs a request inside its limits.
pub(crate) async fn within(request: Request, next: Next) -> Response {
    let address = request
        .uri()
        .path_and_query()
        .map_or(0, |address| address.as_str().len());
    if address > URI_BYTES_MAX {
        return ApiError::new(Code::UriTooLong, "the address has more than 8 KiB").into_response();
    }
    if header_bytes(request.headers()) > HEADER_BYTES_MAX {
        return ApiError::new(Code::HeadersTooLarge, "the headers have more than 16 KiB")
            .into_response();
    }
    let answer = AssertUnwindSafe(next.run(request)).catch_unwind();
    match tokio::time::timeout(REQUEST_TIME_MAX, answer).await {
        Ok(Ok(response)) => response,
        Ok(Err(panic)) => ApiError::internal(Panicked(message(&*panic))).into_response(),
        Err(_) => ApiError::unavailable("the answer took too long")
            .because(TookTooLong)
            .into_response(),
    }
}

fn header_bytes(headers: &HeaderMap) -> usize {
    headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len())
        .sum()
}

/// A handler did not end: our fault, told to the log.
#[derive(Debug, thiserror::Error)]
#[error("no answer within {} s", REQUEST_TIME_MAX.as_secs())]
struct TookTooLong;

/// A handler panicked: a bug, told to the log.
#[derive(Debug, thiserror::Error)]
#[error("panicked: {0}")]
struct Panicked(String);

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::Router;
    use axum::body::Body;
    use axum::http::StatusCode;
    use axum::middleware::from_fn;
    use axum::routing::get;
    use tower::ServiceExt;

    async fn status(router: Router) -> StatusCode {
        let request = Request::new(Body::empty());
        let answer = router.layer(from_fn(within)).oneshot(request).await;
        answer.map_or(StatusCode::IM_A_TEAPOT, |response| response.status())
    }

    /// Time runs as fast as nothing else happens.
    #[tokio::test(start_paused = true)]
    async fn an_answer_that_never_comes_is_given_up() {
        let router = Router::new().route("/", get(std::future::pending::<()>));
        assert_eq!(status(router).await, StatusCode::SERVICE_UNAVAILABLE);
    }

    #[tokio::test]
    async fn a_panic_stays_inside_its_request() {
        async fn buggy() -> StatusCode {
            panic!("a bug")
        }
        let router = Router::new().route("/", get(buggy));
        assert_eq!(status(router).await, StatusCode::INTERNAL_SERVER_ERROR);
    }
}
