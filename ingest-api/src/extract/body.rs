//! A JSON body: its content type, its size and its form, before anything looks at its fields.

use crate::error::ApiError;
use crate::extract::fields::Fields;
use crate::extract::json;
use crate::problem::Code;
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{FromRequest, Request};
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use axum::http::{HeaderMap, Method};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use millstream_domain::field::{FieldCode, FieldError};
use serde_json::{Map, Value};
use std::time::Duration;

/// Most bytes of a JSON body: a description (64 KiB), metadata and a batch fit many times over.
pub(crate) const BODY_BYTES_MAX: usize = 1024 * 1024;
/// Longest time for a body to arrive: 1 MiB over a poor mobile line takes about 20 s.
const BODY_TIME_MAX: Duration = Duration::from_secs(30);

/// The members of a JSON object that was sent; of none, where nothing was.
#[derive(Debug)]
pub(crate) struct JsonBody(pub(crate) Fields);

impl<S: Send + Sync> FromRequest<S> for JsonBody {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        let (parts, body) = request.into_parts();
        let bytes = read(body).await?;
        if bytes.is_empty() {
            return Ok(Self(Fields::new(Map::new())));
        }
        check_type(&parts.method, &parts.headers)?;
        match json::parse(&bytes) {
            Ok(Value::Object(members)) => Ok(Self(Fields::new(members))),
            Ok(_) => {
                let error = FieldError::new("", FieldCode::Invalid, "must be a JSON object");
                Err(ApiError::validation(vec![error]).saying("the body must be a JSON object"))
            }
            Err(error) => Err(ApiError::bad_request(format!(
                "the body is not well-formed JSON: {error}"
            ))),
        }
    }
}

/// A whole body, bounded in size and time.
pub(crate) async fn read(body: Body) -> Result<Bytes, ApiError> {
    // What is announced to be too large is not waited for.
    let announced = usize::try_from(body.size_hint().lower());
    if announced.map_or(true, |bytes| bytes > BODY_BYTES_MAX) {
        return Err(too_large());
    }
    let whole = tokio::time::timeout(BODY_TIME_MAX, Limited::new(body, BODY_BYTES_MAX).collect())
        .await
        .map_err(|_| ApiError::new(Code::Timeout, "the body did not arrive in time"))?;
    match whole {
        Ok(whole) => Ok(whole.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(too_large()),
        Err(_) => Err(ApiError::bad_request("the body broke off")),
    }
}

fn too_large() -> ApiError {
    let detail = format!("the body has more than {BODY_BYTES_MAX} bytes");
    ApiError::new(Code::PayloadTooLarge, detail)
}

fn check_type(method: &Method, headers: &HeaderMap) -> Result<(), ApiError> {
    let refused = |why: &str| Err(ApiError::new(Code::UnsupportedMediaType, why));
    // Nothing is unpacked, so no small body becomes a large one.
    let mut encodings = headers.get_all(CONTENT_ENCODING).iter();
    if encodings.any(|encoding| !encoding.as_bytes().eq_ignore_ascii_case(b"identity")) {
        return refused("bodies must not be compressed");
    }
    let Some(content_type) = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
    else {
        return refused("the body needs Content-Type: application/json");
    };
    let mut parts = content_type.split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default().to_ascii_lowercase();
    let fits = essence == "application/json"
        || (method == Method::PATCH && essence == "application/merge-patch+json");
    if !fits {
        return refused("the body must be application/json");
    }
    let charset = parts.find_map(|part| {
        part.to_ascii_lowercase()
            .strip_prefix("charset=")
            .map(str::to_owned)
    });
    match charset.as_deref().map(|name| name.trim_matches('"')) {
        None | Some("utf-8" | "utf8") => Ok(()),
        Some(_) => refused("JSON is UTF-8"),
    }
}
