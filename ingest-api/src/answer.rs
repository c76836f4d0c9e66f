//! What a client is told when all goes well: the envelope, and the headers that belong to it.

use crate::request::RequestContext;
use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderMap, HeaderName, LOCATION};
use axum::http::{HeaderValue, Response, StatusCode};
use axum::response::IntoResponse;
use millstream_event_log::Position;
use millstream_store::Page;
use serde::Serialize;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

/// Where a write or a view stands.
pub(crate) const POSITION: HeaderName = HeaderName::from_static("millstream-position");
/// How far a view is behind.
pub(crate) const LAG_MS: HeaderName = HeaderName::from_static("millstream-lag-ms");

/// The envelope of one thing.
#[derive(Debug, Serialize, ToSchema)]
pub struct One<T> {
    data: T,
    meta: Meta,
}

/// The envelope of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct Many<T> {
    data: Vec<T>,
    meta: PageMeta,
}

/// About the answer.
#[derive(Debug, Serialize, ToSchema)]
pub struct Meta {
    request_id: String,
}

/// About the answer, for lists.
#[derive(Debug, Serialize, ToSchema)]
pub struct PageMeta {
    request_id: String,
    /// Give it as `cursor` to get the next page; null on the last.
    next_cursor: Option<String>,
}

/// An answer on its way out.
#[derive(Debug)]
pub struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    /// One thing.
    pub(crate) fn one(data: impl Serialize) -> Self {
        let meta = Meta {
            request_id: RequestContext::current().id.clone(),
        };
        Self::enveloped(&One { data, meta })
    }

    /// One thing of this version, with its entity tag.
    pub(crate) fn versioned(version: i64, data: impl Serialize) -> Self {
        let data = serde_json::value::to_raw_value(&data).expect("answers are plain data");
        let tag = tag_of(version, &data);
        Self::one(data).with_header(ETAG, &tag)
    }

    /// A page of a list.
    pub(crate) fn page<T: Serialize>(page: Page<T>) -> Self {
        let meta = PageMeta {
            request_id: RequestContext::current().id.clone(),
            next_cursor: page.next_cursor,
        };
        Self::enveloped(&Many {
            data: page.items,
            meta,
        })
    }

    /// An envelope that is neither.
    pub(crate) fn enveloped(envelope: &impl Serialize) -> Self {
        let body = serde_json::to_vec(envelope).expect("answers are plain data");
        Self {
            body,
            ..Self::empty(StatusCode::OK)
        }
        .with_header(CONTENT_TYPE, "application/json")
    }

    /// A text, without an envelope.
    pub(crate) fn text(text: String) -> Self {
        Self {
            body: text.into_bytes(),
            ..Self::empty(StatusCode::OK)
        }
        .with_header(CONTENT_TYPE, "text/plain; charset=utf-8")
    }

    /// Nothing but a status.
    pub(crate) fn empty(status: StatusCode) -> Self {
        Self {
            status,
            headers: HeaderMap::new(),
            body: Vec::new(),
        }
    }

    /// It was made, and stands here.
    pub(crate) fn created(mut self, location: &str) -> Self {
        self.status = StatusCode::CREATED;
        self.with_header(LOCATION, location)
    }

    /// It will be done; a job stands here.
    pub(crate) fn accepted(mut self, location: &str) -> Self {
        self.status = StatusCode::ACCEPTED;
        self.with_header(LOCATION, location)
    }

    /// With where the write stands.
    pub(crate) fn at(self, position: Option<Position>) -> Self {
        match position {
            Some(position) => self.with_header(POSITION, &position.to_string()),
            None => self,
        }
    }

    /// With a header. Values of ours are visible ASCII; one that is not is left out.
    pub(crate) fn with_header(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(name, value);
        }
        self
    }

    /// With headers.
    pub(crate) fn with_headers(mut self, headers: HeaderMap) -> Self {
        self.headers.extend(headers);
        self
    }

    /// The status.
    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }

    /// The headers that belong to it.
    pub(crate) fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The body.
    pub(crate) fn body(&self) -> &[u8] {
        &self.body
    }
}

/// The entity tag of a thing: made of its version, which `If-Match` compares, and of everything that is shown, so that a 304 is
/// right whatever has changed around the thing.
pub(crate) fn tag_of(version: i64, shown: &impl Serialize) -> String {
    let shown = serde_json::to_vec(shown).expect("answers are plain data");
    let digest = Sha256::digest(&shown);
    format!(
        "\"{version}-{:016x}\"",
        u64::from_be_bytes(*digest.first_chunk().expect("32 bytes"))
    )
}

/// How answers may be kept: they are personal, and always asked for again; an entity tag makes that cheap.
pub(crate) const PERSONAL: HeaderValue = HeaderValue::from_static("private, no-cache");

impl IntoResponse for Answer {
    fn into_response(self) -> axum::response::Response {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = self.status;
        response.headers_mut().insert(CACHE_CONTROL, PERSONAL);
        response.headers_mut().extend(self.headers);
        response
    }
}
