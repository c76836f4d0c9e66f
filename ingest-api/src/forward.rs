//! Passing requests on to the services `search` and `analytics`, where those are processes of their own: the same paths, the
//! same answers. A caller's access token goes along; for whoever came with a cookie or an API token, which a service does not
//! know, `web` vouches with a token of a minute.
//!
//! *Invariant:* a service that is away, slow or mad costs nobody more than one clear 503, and this process no more than
//! [`UNDER_WAY_MAX`] requests that wait for it.

use crate::answer::{LAG_MS, POSITION};
use crate::auth::Caller;
use crate::auth::refusals::{self, Attempt};
use crate::auth::token::Tokens;
use crate::error::ApiError;
use crate::middleware::observe::REQUEST_ID;
use crate::position::{WAIT_FOR, WAIT_MS, WAIT_MS_MAX, WaitFor};
use crate::request::RequestContext;
use crate::state::AppState;
use axum::body::Body;
use axum::extract::{OriginalUri, Request, State};
use axum::http::header::{
    ACCEPT, AUTHORIZATION, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE, ETAG, HeaderMap,
    HeaderName, HeaderValue, IF_NONE_MATCH, LOCATION, RETRY_AFTER,
};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use http_body_util::{BodyExt, Limited};
use reqwest::redirect;
use serde::de::DeserializeOwned;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

/// How long the connection to a service may take to come about. It is on the same network.
const CONNECT_TIME_MAX: Duration = Duration::from_secs(2);
/// How long a service may take to answer: as long as a view may be waited for, and half a minute for the work itself. Below
/// the minute that a request has.
const ANSWER_TIME_MAX: Duration = Duration::from_millis(WAIT_MS_MAX + 30_000);
/// Requests that wait for one service at once. More would only wait there instead of here.
const UNDER_WAY_MAX: usize = 256;
/// Connections to a service that are kept while nobody uses them, and for how long.
const IDLE_MAX: usize = 32;
const IDLE_TIME_MAX: Duration = Duration::from_mins(1);
/// Most bytes of a request's body: a statement, or the wishes for a report.
const REQUEST_BYTES_MAX: usize = 1024 * 1024;
/// Most bytes of an answer that is passed on as it comes: the file of a report.
const ANSWER_BYTES_MAX: usize = 256 * 1024 * 1024;
/// Most bytes of an answer that a page is made of: a hundred hits with their highlights.
const PAGE_BYTES_MAX: usize = 8 * 1024 * 1024;

/// What goes along with a request beside who asks. Not `Idempotency-Key`: what is passed on as it came only reads. `POST
/// /analytics/sql`, to which keys matter, is answered by a handler here that asks the service by itself.
const ASKED: [HeaderName; 5] = [ACCEPT, CONTENT_TYPE, IF_NONE_MATCH, WAIT_FOR, WAIT_MS];
/// What comes back with an answer. All else is said by this process for itself.
const ANSWERED: [HeaderName; 8] = [
    CACHE_CONTROL,
    CONTENT_DISPOSITION,
    CONTENT_TYPE,
    ETAG,
    LAG_MS,
    LOCATION,
    POSITION,
    RETRY_AFTER,
];

/// The services that run elsewhere.
#[derive(Debug, Clone, Default)]
pub struct Services {
    /// Where searches go; here, where there is none.
    pub search: Option<Service>,
    /// Where questions to the lake go; here, where there is none.
    pub analytics: Option<Service>,
}

/// A service that runs elsewhere. Cheap to clone.
#[derive(Clone)]
pub struct Service {
    name: &'static str,
    base: String,
    client: reqwest::Client,
    free: Arc<Semaphore>,
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service")
            .field("name", &self.name)
            .field("base", &self.base)
            .finish_non_exhaustive()
    }
}

impl Service {
    /// The service of this name below this URL, which ends without a slash.
    pub fn at(name: &'static str, base: impl Into<String>) -> Result<Self, reqwest::Error> {
        let client = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIME_MAX)
            .timeout(ANSWER_TIME_MAX)
            .pool_max_idle_per_host(IDLE_MAX)
            .pool_idle_timeout(IDLE_TIME_MAX)
            .redirect(redirect::Policy::none())
            .build()?;
        Ok(Self {
            name,
            base: base.into(),
            client,
            free: Arc::new(Semaphore::new(UNDER_WAY_MAX)),
        })
    }

    /// What it answers with to a request for this path, as JSON; its refusals as they would be made here.
    pub(crate) async fn read<T: DeserializeOwned>(
        &self,
        app: &AppState,
        caller: &Caller,
        path_and_query: &str,
    ) -> Result<T, ApiError> {
        let headers = HeaderMap::new();
        let asked = Asked {
            method: Method::GET,
            path_and_query,
            headers: &headers,
            body: Vec::new(),
        };
        let (told, _) = self.told(app, caller, asked).await?;
        Ok(told)
    }

    /// The same to a question in a body, with how far its view is.
    pub(crate) async fn answer<T: DeserializeOwned>(
        &self,
        app: &AppState,
        caller: &Caller,
        path: &str,
        question: &serde_json::Value,
        wait: WaitFor,
    ) -> Result<(T, HeaderMap), ApiError> {
        let mut headers = wait.headers();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let asked = Asked {
            method: Method::POST,
            path_and_query: path,
            headers: &headers,
            body: question.to_string().into_bytes(),
        };
        let (told, headers) = self.told(app, caller, asked).await?;
        Ok((told, chosen(&[POSITION, LAG_MS], &headers)))
    }

    async fn told<T: DeserializeOwned>(
        &self,
        app: &AppState,
        caller: &Caller,
        asked: Asked<'_>,
    ) -> Result<(T, HeaderMap), ApiError> {
        let response = self.ask(app, caller, asked).await?;
        let (head, body) = response.into_parts();
        let body = Limited::new(body, PAGE_BYTES_MAX).collect().await;
        let body = body.map_err(|error| self.away().because(Broken(error)))?;
        let body = body.to_bytes();
        if head.status != StatusCode::OK {
            return Err(ApiError::told_by(head.status, &body).unwrap_or_else(|| self.away()));
        }
        let told = serde_json::from_slice(&body).map_err(ApiError::internal)?;
        Ok((told, head.headers))
    }

    /// Passes a request on.
    async fn pass(
        &self,
        app: &AppState,
        caller: &Caller,
        request: Request,
    ) -> Result<Response, ApiError> {
        let (head, body) = request.into_parts();
        let body = Limited::new(body, REQUEST_BYTES_MAX).collect().await;
        let body = body.map_err(|_| {
            ApiError::bad_request(format!(
                "the body breaks off, or has more than {REQUEST_BYTES_MAX} bytes"
            ))
        })?;
        // Routes that are nested see the rest of the path alone.
        let original = head.extensions.get::<OriginalUri>();
        let uri = original.map_or(&head.uri, |original| &original.0);
        let asked = Asked {
            method: head.method,
            path_and_query: uri.path_and_query().map_or("/", |path| path.as_str()),
            headers: &head.headers,
            body: body.to_bytes().to_vec(),
        };
        self.ask(app, caller, asked).await
    }

    async fn ask(
        &self,
        app: &AppState,
        caller: &Caller,
        asked: Asked<'_>,
    ) -> Result<Response, ApiError> {
        let answer = self.try_ask(app, caller, asked).await;
        let outcome = if answer.is_ok() { "answered" } else { "away" };
        let labels = [("service", self.name), ("outcome", outcome)];
        metrics::counter!("millstream_forwarded_total", &labels).increment(1);
        answer
    }

    async fn try_ask(
        &self,
        app: &AppState,
        caller: &Caller,
        asked: Asked<'_>,
    ) -> Result<Response, ApiError> {
        let free = Arc::clone(&self.free).try_acquire_owned();
        let free = free.map_err(|_| {
            let name = self.name;
            ApiError::unavailable(format!("too many requests wait for the service {name}"))
        })?;
        let mut headers = chosen(&ASKED, asked.headers);
        headers.insert(AUTHORIZATION, credentials(app, caller, asked.headers)?);
        if let Ok(id) = HeaderValue::from_str(&RequestContext::current().id) {
            headers.insert(REQUEST_ID, id);
        }
        let url = format!("{}{}", self.base, asked.path_and_query);
        let request = self.client.request(asked.method, url);
        let sent = request.headers(headers).body(asked.body).send().await;
        let answer = sent.map_err(|error| self.away().because(error.without_url()))?;
        let (head, body) = axum::http::Response::from(answer).into_parts();
        // Whoever reads it holds the place: an answer that is under way is work for the service, too.
        let body = Limited::new(body, ANSWER_BYTES_MAX).map_frame(move |frame| {
            let _ = &free;
            frame
        });
        let mut response = Response::new(Body::new(body));
        *response.status_mut() = head.status;
        *response.headers_mut() = chosen(&ANSWERED, &head.headers);
        Ok(response)
    }

    fn away(&self) -> ApiError {
        ApiError::unavailable(format!("the service {} does not answer", self.name))
    }
}

/// A request to a service.
struct Asked<'a> {
    method: Method,
    path_and_query: &'a str,
    headers: &'a HeaderMap,
    body: Vec<u8>,
}

/// An answer broke off, or was too long.
#[derive(Debug, thiserror::Error)]
#[error("the answer breaks off, or is too long")]
struct Broken(#[source] Box<dyn std::error::Error + Send + Sync>);

/// Which of the services a route belongs to.
pub(crate) type Which = fn(&Services) -> Option<Service>;

/// Has requests answered where their service runs; here, where it runs nowhere else.
pub(crate) async fn elsewhere(
    State((app, which)): State<(AppState, Which)>,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let service = which(app.services());
    let Some(service) = service else {
        return Ok(next.run(request).await);
    };
    let caller = request.extensions().get::<Caller>().cloned();
    let caller = caller.ok_or_else(|| ApiError::unauthenticated("log in first"))?;
    let attempt = Attempt::of(&request);
    let response = service.pass(&app, &caller, request).await?;
    if response.status() == StatusCode::FORBIDDEN {
        // A service writes nothing: what somebody tried and may not is told to the audit here.
        refusals::tell(&app, &caller, &attempt).await;
    }
    Ok(response)
}

/// What says to a service who asks.
fn credentials(
    app: &AppState,
    caller: &Caller,
    headers: &HeaderMap,
) -> Result<HeaderValue, ApiError> {
    if caller.has_access_token()
        && let Some(token) = headers.get(AUTHORIZATION)
    {
        return Ok(token.clone());
    }
    let tokens = Tokens {
        keys: app.keys()?,
        issuer: &app.settings().public_url,
    };
    let token = tokens.vouch(caller, app.store().ids().next(), app.now());
    let token = format!("Bearer {}", token.map_err(ApiError::internal)?);
    let mut value = HeaderValue::from_str(&token).map_err(ApiError::internal)?;
    value.set_sensitive(true);
    Ok(value)
}

fn chosen(names: &[HeaderName], headers: &HeaderMap) -> HeaderMap {
    let of = |name: &HeaderName| {
        let values = headers.get_all(name).iter();
        values
            .map(|value| (name.clone(), value.clone()))
            .collect::<Vec<_>>()
    };
    let mut chosen = HeaderMap::new();
    for (name, value) in names.iter().flat_map(of) {
        chosen.append(name, value);
    }
    chosen
}
