//! CORS: which sites' scripts may use the API from a browser. None, unless the operator names them.

use crate::answer::{LAG_MS, POSITION};
use crate::middleware::observe::{REQUEST_ID, RESPONSE_TIME};
use crate::middleware::rate::{LIMIT, REMAINING, RESET};
use axum::http::header::{
    ACCEPT, ACCEPT_LANGUAGE, ALLOW, AUTHORIZATION, CONTENT_DISPOSITION, CONTENT_TYPE, ETAG,
    HeaderName, IF_MATCH, IF_NONE_MATCH, LOCATION, RETRY_AFTER, WWW_AUTHENTICATE,
};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method};
use std::str::FromStr;
use std::time::Duration;
use tower_http::cors::{AllowOrigin, CorsLayer};

/// How long a browser may remember what it was told: a change of the setting shows within it.
const REMEMBERED: Duration = Duration::from_mins(10);

const METHODS: [Method; 5] = [
    Method::GET,
    Method::POST,
    Method::PUT,
    Method::PATCH,
    Method::DELETE,
];

/// What scripts may send beside what every page may.
const SENT: [HeaderName; 11] = [
    ACCEPT,
    ACCEPT_LANGUAGE,
    AUTHORIZATION,
    CONTENT_TYPE,
    IF_MATCH,
    IF_NONE_MATCH,
    HeaderName::from_static("idempotency-key"),
    HeaderName::from_static("last-event-id"),
    HeaderName::from_static("millstream-wait-for"),
    HeaderName::from_static("millstream-wait-ms"),
    REQUEST_ID,
];

/// What scripts may read beside what every page may.
const SHOWN: [HeaderName; 14] = [
    ALLOW,
    CONTENT_DISPOSITION,
    ETAG,
    LOCATION,
    RETRY_AFTER,
    WWW_AUTHENTICATE,
    HeaderName::from_static("idempotency-replayed"),
    POSITION,
    LAG_MS,
    LIMIT,
    REMAINING,
    RESET,
    REQUEST_ID,
    RESPONSE_TIME,
];

/// A site: scheme, host and, where it is not the usual one, port. Compared exactly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CorsOrigin(HeaderValue);

/// A text that is no origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be an origin such as https://tools.example.org, without a path")]
pub struct NoOrigin;

impl FromStr for CorsOrigin {
    type Err = NoOrigin;

    /// As browsers send it: in small letters, without a path, without the port that the scheme implies. `*` is none: it
    /// would open what people are logged in with to everybody.
    fn from_str(text: &str) -> Result<Self, NoOrigin> {
        let (scheme, authority) = text.split_once("://").ok_or(NoOrigin)?;
        let usual_port = match scheme {
            "https" => ":443",
            "http" => ":80",
            _ => return Err(NoOrigin),
        };
        let host_and_port: axum::http::uri::Authority = authority.parse().map_err(|_| NoOrigin)?;
        let is_plain = !host_and_port.host().is_empty()
            && !authority.contains(['@', '*'])
            && authority == authority.to_ascii_lowercase()
            && !authority.ends_with([':', '.'])
            && !authority.ends_with(usual_port);
        if !is_plain {
            return Err(NoOrigin);
        }
        HeaderValue::from_str(text).map(Self).map_err(|_| NoOrigin)
    }
}

/// The layer for these sites, if there are any. Pages are for no script of another site, so only the API and the public
/// keys are opened.
pub(crate) fn layer(origins: &[CorsOrigin]) -> Option<CorsLayer> {
    if origins.is_empty() {
        return None;
    }
    let origins: Vec<HeaderValue> = origins.iter().map(|origin| origin.0.clone()).collect();
    let allowed = move |origin: &HeaderValue, request: &Parts| {
        let path = request.uri.path();
        let is_open = path.starts_with("/api/v1/") || path.starts_with("/.well-known/");
        is_open && origins.contains(origin)
    };
    let layer = CorsLayer::new()
        .allow_origin(AllowOrigin::predicate(allowed))
        .allow_credentials(true)
        .allow_methods(METHODS)
        .allow_headers(SENT)
        .expose_headers(SHOWN)
        .max_age(REMEMBERED);
    Some(layer)
}

#[cfg(test)]
mod tests {
    use super::CorsOrigin;

    #[test]
    fn an_origin_is_written_as_browsers_send_it() {
        for good in [
            "https://tools.example.org",
            "http://localhost:3000",
            "https://[2001:db8::1]:8443",
            "http://example.org:443",
        ] {
            assert!(good.parse::<CorsOrigin>().is_ok(), "{good}");
        }
        for bad in [
            "*",
            "null",
            "https://*.example.org",
            "https://Tools.example.org",
            "https://tools.example.org/",
            "https://tools.example.org/path",
            "https://tools.example.org:443",
            "http://localhost:80",
            "https://ada@example.org",
            "ftp://example.org",
            "tools.example.org",
            "https://",
            "https://example.org\n",
        ] {
            assert!(bad.parse::<CorsOrigin>().is_err(), "{bad}");
        }
    }
}
