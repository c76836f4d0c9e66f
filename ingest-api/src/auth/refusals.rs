//! A person saw something and tried what they may not do: the audit should know, and on what.

use crate::auth::Caller;
use crate::error::ApiError;
use crate::problem::Code;
use crate::request::RequestContext;
use crate::state::AppState;
use axum::extract::{MatchedPath, OriginalUri, Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::Response;
use millstream_domain::cause::in_full;
use millstream_domain::task::TaskName;
use millstream_store::access::RecordRefusal;
use millstream_store::task::TaskRef;
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

/// The same for pages, which find out themselves who asks; a form that comes back with a refusal is one, too.
pub(crate) async fn record_of_pages(
    State(app): State<AppState>,
    request: Request,
    next: Next,
) -> Response {
    let attempt = Attempt::of(&request);
    let response = next.run(request).await;
    let context = RequestContext::current();
    if let (StatusCode::FORBIDDEN, Some(caller)) = (response.status(), context.asker.get()) {
        tell(&app, caller, &attempt).await;
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
    /// One of the things that a request tries at once: on what stands at this path.
    pub(crate) fn at(what: &str, path: String) -> Self {
        let what = what.to_owned();
        Self { what, path }
    }

    /// What a request tries.
    pub(crate) fn of(request: &Request) -> Self {
        let route = request.extensions().get::<MatchedPath>();
        let route = route.map(MatchedPath::as_str).unwrap_or_default();
        // Routes that are nested see the rest of the path alone.
        let original = request.extensions().get::<OriginalUri>();
        let uri = original.map_or(request.uri(), |original| &original.0);
        Self {
            what: format!("{} {route}", request.method()),
            path: uri.path().to_owned(),
        }
    }
}

/// Records that somebody tried what they may not do.
pub(crate) async fn tell(app: &AppState, caller: &Caller, attempt: &Attempt) {
    let thing = Thing::of(&attempt.path);
    let refusal = RecordRefusal {
        user_id: Some(caller.id),
        attempted: attempt.what.clone(),
        entity: thing.kind().to_owned(),
        entity_id: thing.id(app, caller).await,
    };
    if let Err(error) = app.store().write(&caller.origin, refusal).await {
        // The client has its answer; what is lost is one entry of the audit, which the log then has.
        tracing::error!(error = in_full(&error), "a refusal could not be recorded");
    }
}

/// The thing that a path names: of `/api/v1/tasks/{id}/archive` the task.
#[derive(Debug, PartialEq, Eq)]
enum Thing<'p> {
    /// By its id.
    Known(&'p str, Uuid),
    /// A task by its name.
    Named(TaskName),
    /// None.
    Nothing,
}

impl<'p> Thing<'p> {
    fn of(path: &'p str) -> Self {
        let path = path.strip_prefix("/api/v1").unwrap_or(path);
        let mut segments = path.trim_start_matches('/').split('/');
        let collection = segments.next().unwrap_or_default();
        let named = segments.next().unwrap_or_default();
        match (named.parse(), named.parse()) {
            (Ok(id), _) => Self::Known(collection.trim_end_matches('s'), id),
            (_, Ok(name)) if collection == "tasks" => Self::Named(name),
            _ => Self::Nothing,
        }
    }

    fn kind(&self) -> &str {
        match self {
            Self::Known(kind, _) => kind,
            Self::Named(_) => "task",
            Self::Nothing => "",
        }
    }

    /// Its id. Whoever was refused sees the task, so it can be looked up as theirs.
    async fn id(self, app: &AppState, caller: &Caller) -> Option<Uuid> {
        match self {
            Self::Known(_, id) => Some(id),
            Self::Named(name) => {
                let task = app.store().task(&caller.actor, &TaskRef::Name(name)).await;
                task.ok().map(|task| task.state.id.0)
            }
            Self::Nothing => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_thing_is_the_first_that_the_path_names() {
        let id = Uuid::from_u128(7);
        let path = format!("/api/v1/tasks/{id}/archive");
        assert_eq!(Thing::of(&path), Thing::Known("task", id));
        let name = "ENG-1".parse().expect("a name");
        assert_eq!(Thing::of("/api/v1/tasks/ENG-1"), Thing::Named(name));
        for path in ["/api/v1/audit", "/api/v1/teams/ENG-1", "/api/v1/tasks"] {
            assert_eq!(Thing::of(path), Thing::Nothing, "{path}");
        }
    }
}
