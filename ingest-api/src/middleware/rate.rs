//! Rate limits: whose request it is, and what their quota says. Every answer that was counted tells its quota in
//! `RateLimit-Limit`, `RateLimit-Remaining` and `RateLimit-Reset`; who asks too often gets 429 with `Retry-After`.
//!
//! - [`by_address`]: where nobody has to be logged in;
//! - [`log_ins`]: where somebody tries to become somebody;
//! - [`strangers`]: around the check of who it is, for those who turn out to be nobody: a wrong token costs too;
//! - [`by_person`]: inside it;
//! - [`pages`]: for the pages, whose log-ins are forms;
//! - [`count_for`]: for pages and live connections, once they have found out who it is;
//! - [`of_statement`]: for statements in SQL, which cost much more than a request.
//!
//! Somebody who is logged in is not held up by a neighbour behind the same address.

use crate::auth::Caller;
use crate::auth::caller::{Credential, KnownUser};
use crate::error::ApiError;
use crate::pages::cookie::CookieSecret;
use crate::rate_limit::{Limiter, Limiters, UnderWay, Verdict, Whose};
use crate::request::RequestContext;
use crate::state::AppState;
use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, COOKIE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use millstream_domain::ids::UserId;
use millstream_domain::network::Network;

pub(crate) const LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
pub(crate) const REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
pub(crate) const RESET: HeaderName = HeaderName::from_static("ratelimit-reset");

/// Counts for the address.
pub(crate) async fn by_address(
    State(app): State<AppState>,
    request: Request,
    next: Next,
) -> Response {
    let verdict = of_address(&app, |limiters| &limiters.address).await;
    counted(verdict, request, next).await
}

/// Counts a log-in, a registration and the like for the address.
pub(crate) async fn log_ins(State(app): State<AppState>, request: Request, next: Next) -> Response {
    let verdict = of_address(&app, |limiters| &limiters.log_in).await;
    counted(verdict, request, next).await
}

/// Counts for the address what comes from nobody: before, where nothing says who it is; after, where it was not true.
pub(crate) async fn strangers(
    State(app): State<AppState>,
    request: Request,
    next: Next,
) -> Response {
    let headers = request.headers();
    let verdict = of_address(&app, |limiters| &limiters.address);
    if !headers.contains_key(AUTHORIZATION) && !headers.contains_key(COOKIE) {
        return counted(verdict.await, request, next).await;
    }
    let response = next.run(request).await;
    if response.extensions().get::<KnownUser>().is_some() {
        return response;
    }
    match verdict.await {
        Some(verdict) if verdict.wait_s.is_some() => refused(verdict),
        verdict => with_headers(verdict, response),
    }
}

/// Counts for the person.
pub(crate) async fn by_person(
    State(app): State<AppState>,
    request: Request,
    next: Next,
) -> Response {
    let caller = request.extensions().get::<Caller>();
    let verdict = match caller {
        Some(caller) => of_person(&app, caller).await,
        None => None,
    };
    counted(verdict, request, next).await
}

/// Where the forms go that log somebody in.
const LOG_IN_FORMS: [&str; 4] = ["/login", "/register", "/reset", "/reset/confirm"];

/// Counts what is known before anybody looks who it is: log-ins, and what comes without a session. Files are for everybody.
/// Whom a page found out itself ([`count_for`]) is told their own quota.
pub(crate) async fn pages(State(app): State<AppState>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let is_log_in = request.method() == Method::POST && LOG_IN_FORMS.contains(&path);
    let verdict = if is_log_in {
        of_address(&app, |limiters| &limiters.log_in).await
    } else if path.starts_with("/static/")
        || CookieSecret::of(request.headers(), app.settings()).is_some()
    {
        None
    } else {
        of_address(&app, |limiters| &limiters.address).await
    };
    let response = counted(verdict, request, next).await;
    with_headers(RequestContext::current().counted(), response)
}

/// Tells the quota of whom a handler found out itself ([`count_for`]).
pub(crate) async fn told(request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    with_headers(RequestContext::current().counted(), response)
}

/// Counts for the person, where a handler finds out who it is; for the address, where it is nobody.
pub(crate) async fn count_for(app: &AppState, caller: Option<&Caller>) -> Result<(), ApiError> {
    let verdict = match caller {
        Some(caller) => of_person(app, caller).await,
        None => of_address(app, |limiters| &limiters.address).await,
    };
    let Some(verdict) = verdict else {
        return Ok(());
    };
    RequestContext::current().count(verdict);
    match verdict.wait_s {
        Some(_) => Err(too_often(verdict)),
        None => Ok(()),
    }
}

/// The turn of a statement in SQL.
#[derive(Debug, Default)]
pub(crate) struct Turn {
    verdict: Option<Verdict>,
    _under_way: Option<UnderWay<UserId>>,
}

impl Turn {
    /// What is told of the quota.
    pub(crate) fn headers(&self) -> HeaderMap {
        self.verdict.map(quota).into_iter().flatten().collect()
    }

    /// The same with what is wrong.
    pub(crate) fn told_with(&self, error: ApiError) -> ApiError {
        let quota = self.verdict.map(quota).into_iter().flatten();
        quota.fold(error, ApiError::with_header)
    }
}

/// Counts a statement for the person, whatever they came with: one by one, and so many a minute.
pub(crate) async fn of_statement(app: &AppState, caller: &Caller) -> Result<Turn, ApiError> {
    let Some(limiters) = app.limiters() else {
        return Ok(Turn::default());
    };
    let Some(under_way) = limiters.statements_at_once.begin(caller.id) else {
        metrics::counter!("http_requests_rate_limited_total").increment(1);
        let wait = "another statement of yours is being answered: try again when it is";
        return Err(ApiError::rate_limited(1).saying(wait));
    };
    let verdict = limiters.statement.count(&Whose::Person(caller.id)).await;
    if verdict.wait_s.is_some() {
        return Err(too_often(verdict));
    }
    Ok(Turn {
        verdict: Some(verdict),
        _under_way: Some(under_way),
    })
}

async fn of_person(app: &AppState, caller: &Caller) -> Option<Verdict> {
    let whose = match caller.credential {
        Credential::Session(_) => Whose::Person(caller.id),
        Credential::ApiToken(id, _) => Whose::Token(id),
    };
    Some(app.limiters()?.person.count(&whose).await)
}

async fn of_address(
    app: &AppState,
    which: impl Fn(&Limiters) -> &Limiter<Network>,
) -> Option<Verdict> {
    // Without an address (a request made inside the process) there is nothing to count for.
    let address = RequestContext::current().client_ip?;
    let limiter = which(app.limiters()?);
    Some(limiter.count(&Network::of(address)).await)
}

async fn counted(verdict: Option<Verdict>, request: Request, next: Next) -> Response {
    match verdict {
        Some(verdict) if verdict.wait_s.is_some() => refused(verdict),
        verdict => with_headers(verdict, next.run(request).await),
    }
}

fn refused(verdict: Verdict) -> Response {
    too_often(verdict).into_response()
}

fn too_often(verdict: Verdict) -> ApiError {
    metrics::counter!("http_requests_rate_limited_total").increment(1);
    let error = ApiError::rate_limited(verdict.wait_s.unwrap_or_default());
    quota(verdict)
        .into_iter()
        .fold(error, ApiError::with_header)
}

/// What is told of a quota.
fn quota(verdict: Verdict) -> [(HeaderName, HeaderValue); 3] {
    [
        (LIMIT, HeaderValue::from(verdict.limit)),
        (REMAINING, HeaderValue::from(verdict.remaining)),
        (RESET, HeaderValue::from(verdict.reset_s)),
    ]
}

/// The quota that was counted last, the innermost, is the one that is told.
fn with_headers(verdict: Option<Verdict>, mut response: Response) -> Response {
    let headers = response.headers_mut();
    if let Some(verdict) = verdict.filter(|_| !headers.contains_key(LIMIT)) {
        headers.extend(quota(verdict));
    }
    response
}
