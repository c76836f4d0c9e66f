//! A request's id, context and time; one line of log; metrics. The only place where requests are logged.

use crate::auth::caller::KnownUser;
use crate::client_address::client_address;
use crate::error::ApiError;
use crate::request::RequestContext;
use crate::serve::Peer;
use crate::state::AppState;
use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{ACCEPT, HeaderName, USER_AGENT};
use axum::http::{HeaderMap, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::Response;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
pub(crate) const RESPONSE_TIME: HeaderName = HeaderName::from_static("x-response-time-ms");
/// Most characters of a client's request id.
const REQUEST_ID_CHARS_MAX: usize = 128;
/// Most characters that are kept of what a client calls itself: browsers stay below.
const USER_AGENT_CHARS_MAX: usize = 256;

/// Runs a request in its context.
pub(crate) async fn observe(State(app): State<AppState>, request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let cx = Arc::new(context(&app, &request));
    let method = request.method().clone();
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or("none", MatchedPath::as_str)
        .to_owned();
    let mut response = Arc::clone(&cx).scope(next.run(request)).await;
    let took = begun.elapsed();
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(&cx.id) {
        headers.insert(REQUEST_ID, id);
    }
    headers.insert(
        RESPONSE_TIME,
        HeaderValue::from(u64::try_from(took.as_millis()).unwrap_or(u64::MAX)),
    );
    count(&method, &route, response.status().as_u16(), took);
    log(&cx, method.as_str(), &response, took);
    response
}

fn context(app: &AppState, request: &Request) -> RequestContext {
    let headers = request.headers();
    let sent = headers
        .get(REQUEST_ID)
        .and_then(|value| value.to_str().ok())
        .filter(|id| is_good_id(id));
    let id = sent.map_or_else(|| app.store().ids().next().to_string(), str::to_owned);
    let peer = request.extensions().get::<Peer>().map(|peer| peer.0.ip());
    let client_ip = peer.map(|peer| client_address(peer, headers, &app.settings().trusted_proxies));
    let path = request.uri().path().to_owned();
    RequestContext {
        id,
        at: app.now(),
        client_ip,
        user_agent: headers.get(USER_AGENT).map(|agent| {
            String::from_utf8_lossy(agent.as_bytes())
                .chars()
                .take(USER_AGENT_CHARS_MAX)
                .collect()
        }),
        wants_page: !path.starts_with("/api/v1") && accepts_html(headers),
        path,
        ..RequestContext::default()
    }
}

fn is_good_id(id: &str) -> bool {
    !id.is_empty()
        && id.len() <= REQUEST_ID_CHARS_MAX
        && id.bytes().all(|b| matches!(b, b' '..=b'~'))
}

fn accepts_html(headers: &HeaderMap) -> bool {
    headers.get_all(ACCEPT).iter().any(|value| {
        value
            .to_str()
            .is_ok_and(|value| value.contains("text/html"))
    })
}

/// The methods of RFC 9110 and PATCH. HTTP lets a client make up any other word, and each would be a series that is kept
/// for ever.
const METHODS: [Method; 9] = [
    Method::GET,
    Method::HEAD,
    Method::POST,
    Method::PUT,
    Method::PATCH,
    Method::DELETE,
    Method::OPTIONS,
    Method::TRACE,
    Method::CONNECT,
];

/// How a method is counted.
fn label(method: &Method) -> &str {
    if METHODS.contains(method) {
        method.as_str()
    } else {
        "other"
    }
}

fn count(method: &Method, route: &str, status: u16, took: Duration) {
    let labels = [
        ("method", label(method).to_owned()),
        ("route", route.to_owned()),
        ("status", status.to_string()),
    ];
    metrics::counter!("http_requests_total", &labels).increment(1);
    metrics::histogram!("http_request_duration_seconds", &labels).record(took.as_secs_f64());
}

/// Never the query, never a header, never a body: they hold what people look for and who they are.
fn log(cx: &RequestContext, method: &str, response: &Response, took: Duration) {
    let user = response
        .extensions()
        .get::<KnownUser>()
        .map(|user| user.0.to_string());
    let status = response.status();
    let duration_ms = took.as_secs_f64() * 1000.0;
    let (path, request_id) = (cx.path.as_str(), cx.id.as_str());
    let told = response.extensions().get::<ApiError>();
    let error = told.and_then(chain);
    if told.map_or(status.is_server_error(), ApiError::is_our_fault) {
        tracing::error!(
            method,
            path,
            status = status.as_u16(),
            user,
            duration_ms,
            request_id,
            error,
            "request failed"
        );
    } else {
        tracing::info!(
            method,
            path,
            status = status.as_u16(),
            user,
            duration_ms,
            request_id,
            error,
            "request"
        );
    }
}

/// What is behind an error, outermost first.
fn chain(error: &ApiError) -> Option<String> {
    let mut source = std::error::Error::source(error)?;
    let mut text = source.to_string();
    while let Some(deeper) = source.source() {
        text = format!("{text}: {deeper}");
        source = deeper;
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::{is_good_id, label};
    use axum::http::Method;

    #[test]
    fn a_method_that_somebody_made_up_is_counted_as_other() {
        assert_eq!(label(&Method::PATCH), "PATCH");
        for made_up in ["BREW", "get", "X1234567890123456789"] {
            let method = Method::from_bytes(made_up.as_bytes()).expect("a token");
            assert_eq!(label(&method), "other", "{made_up}");
        }
    }

    #[test]
    fn request_ids_are_printable_and_bounded() {
        assert!(is_good_id("a b~1"));
        for bad in ["", "a\tb", "ä", &"x".repeat(129)] {
            assert!(!is_good_id(bad), "{bad}");
        }
    }
}
