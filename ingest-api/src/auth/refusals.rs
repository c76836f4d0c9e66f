//! A person saw something and tried what they may not do: the audit should know.

use crate::auth::Caller;
use crate::error::ApiError;
use crate::problem::Code;
use crate::state::AppState;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use millstream_store::access::RecordRefusal;
use uuid::Uuid;

/// Records every 403 that a logged-in person gets.
pub(crate) async fn record(State(app): State<AppState>, request: Request, next: Next) -> Response {
    let caller = request.extensions().get::<Caller>().cloned();
    let attempt = Attempt::of(&request);
    let response = next.run(request).await;
    let refused = response
        .extensions()
        .get::<ApiError>()
        .is_some_and(|error| error.code == Code::Forbidden);
    if let (true, Some(caller)) = (refused, caller) {
        tell(&app, &caller, &attempt).await;
    }
    response
}

/// What somebody tried.
#[derive(Debug)]
pub(crate) struct Attempt {
    what: String,
    path: String,
}

impl Attempt {
    /// What a request tries.
    pub(crate) fn of(request: &Request) -> Self {
        let route = request.extensions().get::<MatchedPath>();
        let route = route.map(MatchedPath::as_str).unwrap_or_default();
        Self {
            what: format!("{} {route}", request.method()),
            path: request.uri().path().to_owned(),
        }
    }
}

/// Records that somebody tried what they may not do.
pub(crate) async fn tell(app: &AppState, caller: &Caller, attempt: &Attempt) {
    let (entity, entity_id) = thing(&attempt.path);
    let refusal = RecordRefusal {
        user_id: Some(caller.id),
        attempted: attempt.what.clone(),
        entity,
        entity_id,
    };
    if let Err(error) = app.store().write(&caller.origin, refusal).await {
        // The client has its answer; what is lost is one entry of the audit, which the log then has.
        tracing::error!(
            error = &error as &dyn std::error::Error,
            "a refusal could not be recorded"
        );
    }
}

/// The thing that a path names: of `/api/v1/tasks/{id}/archive` the task.
fn thing(path: &str) -> (String, Option<Uuid>) {
    let mut segments = path.trim_start_matches("/api/v1/").split('/');
    let collection = segments.next().unwrap_or_default();
    match segments.next().and_then(|id| id.parse().ok()) {
        Some(id) => (collection.trim_end_matches('s').to_owned(), Some(id)),
        None => (String::new(), None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_thing_is_the_first_that_the_path_names() {
        let id = Uuid::from_u128(7);
        assert_eq!(
            thing(&format!("/api/v1/tasks/{id}/archive")),
            ("task".to_owned(), Some(id))
        );
        assert_eq!(thing("/api/v1/audit"), (String::new(), None));
    }
}
