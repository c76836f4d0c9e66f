//! A request that a test makes.

use super::{Answer, TestApp, User};
use axum::body::{Body, Bytes};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use axum::http::{HeaderName, HeaderValue, Method};
use http_body_util::BodyExt;
use millstream_ingest_api::Peer;
use serde_json::Value;
use std::net::IpAddr;
use tower::ServiceExt;

pub(crate) struct Request<'a> {
    app: &'a TestApp,
    request: axum::http::Request<Body>,
}

impl<'a> Request<'a> {
    pub(super) fn new(app: &'a TestApp, method: Method, path: &str) -> Self {
        let mut request = axum::http::Request::new(Body::empty());
        *request.method_mut() = method;
        *request.uri_mut() = path.parse().unwrap();
        let headers = request.headers_mut();
        headers.insert(HOST, HeaderValue::from_static("millstream.test"));
        Self { app, request }
    }

    pub(crate) fn by(self, user: &User) -> Self {
        self.header("authorization", &format!("Bearer {}", user.access_token))
    }

    pub(crate) fn token(self, token: &str) -> Self {
        self.header(AUTHORIZATION.as_str(), &format!("Bearer {token}"))
    }

    /// As if it came over a connection from this address.
    pub(crate) fn from(mut self, address: &str) -> Self {
        let address: IpAddr = address.parse().unwrap();
        self.request
            .extensions_mut()
            .insert(Peer((address, 4711).into()));
        self
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        let name = HeaderName::try_from(name).unwrap();
        self.request
            .headers_mut()
            .append(name, HeaderValue::try_from(value).unwrap());
        self
    }

    /// As soon as the view has seen this write; the longest wait that there is, for slow machines.
    pub(crate) fn after(self, written: &Answer) -> Self {
        self.header("millstream-wait-for", &written.position())
            .header("millstream-wait-ms", "10000")
    }

    pub(crate) fn json(self, body: Value) -> Self {
        self.body("application/json", body.to_string())
    }

    pub(crate) fn body(mut self, content_type: &str, body: impl Into<Body>) -> Self {
        let content_type = HeaderValue::try_from(content_type).unwrap();
        self.request
            .headers_mut()
            .insert(CONTENT_TYPE, content_type);
        *self.request.body_mut() = body.into();
        self
    }

    pub(crate) async fn send(self) -> Answer {
        let (method, uri) = (self.request.method().clone(), self.request.uri().clone());
        let what = format!("{method} {uri}");
        let response = self.app.router.clone().oneshot(self.request).await.unwrap();
        let (parts, body) = response.into_parts();
        // A stream of events has no end; those who want to read it use a connection.
        let kind = parts.headers.get(CONTENT_TYPE);
        let body = if kind.is_some_and(|kind| kind == "text/event-stream") {
            Bytes::new()
        } else {
            body.collect().await.unwrap().to_bytes()
        };
        let answer = Answer {
            what,
            status: parts.status.as_u16(),
            headers: parts.headers,
            body: body.to_vec(),
        };
        crate::openapi::check(&method, uri.path(), &answer);
        answer
    }
}
