//! Every accepted write says where it stands: also one that changed nothing, such as an act that is repeated. Whoever waits for
//! that sees all that had been written when it was answered.
//!
//! One stands outside: `POST /auth/reset` says nothing, because what it said would depend on whether a mail was written.

use crate::answer::POSITION;
use crate::state::AppState;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method};
use axum::middleware::Next;
use axum::response::Response;
use millstream_domain::cause::in_full;

/// Adds the newest position to an accepted write that has none of its own.
pub(crate) async fn of_writes(
    State(app): State<AppState>,
    request: Request,
    next: Next,
) -> Response {
    let reads = matches!(
        *request.method(),
        Method::GET | Method::HEAD | Method::OPTIONS
    );
    let mut response = next.run(request).await;
    if reads || !response.status().is_success() || response.headers().contains_key(POSITION) {
        return response;
    }
    match app.log().newest().await {
        Ok(newest) => {
            let value = HeaderValue::try_from(newest.to_string());
            let value = value.expect("a position is a letter and digits");
            response.headers_mut().insert(POSITION, value);
        }
        // The write is done, and its answer must not say otherwise.
        Err(error) => tracing::warn!(
            error = in_full(&error),
            "a write was answered without its position"
        ),
    }
    response
}
