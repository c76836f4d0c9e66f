//! What a client is told when something does not go: one closed type, shown as `application/problem+json` that is also the
//! envelope, or as a page in the browser.
//!
//! The detail is for clients; what is behind it (`source`) is for the log alone.

use crate::pages::problem::ProblemPage;
use crate::problem::Code;
use crate::request::RequestContext;
use axum::body::Body;
use axum::http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderName, RETRY_AFTER, WWW_AUTHENTICATE,
};
use axum::http::{HeaderValue, Response, StatusCode};
use axum::response::IntoResponse;
use chrono::{DateTime, Utc};
use millstream_domain::field::{FieldCode, FieldError};
use millstream_domain::policy::Refusal;
use millstream_event_log::LogError;
use millstream_store::StoreError;
use millstream_store::version::GONE;
use serde::Serialize;
use std::error::Error as StdError;
use std::sync::Arc;
use utoipa::ToSchema;

/// An error as a client is told it.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{detail}")]
pub struct ApiError {
    /// Which kind.
    pub code: Code,
    /// What is wrong, in a sentence for people.
    pub detail: String,
    /// The fields that are wrong.
    pub fields: Vec<FieldError>,
    headers: Vec<(HeaderName, HeaderValue)>,
    /// For the log.
    #[source]
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

/// After how many seconds a client may try again when the server is too busy or its database away.
const RETRY_AFTER_SECONDS: HeaderValue = HeaderValue::from_static("1");

impl ApiError {
    /// An error of this kind.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        let headers = match code {
            Code::Unauthenticated => vec![(
                WWW_AUTHENTICATE,
                HeaderValue::from_static("Bearer realm=\"millstream\""),
            )],
            Code::Unavailable | Code::ViewBehind | Code::RateLimited => {
                vec![(RETRY_AFTER, RETRY_AFTER_SECONDS)]
            }
            _ => Vec::new(),
        };
        Self {
            code,
            detail: detail.into(),
            fields: Vec::new(),
            headers,
            source: None,
        }
    }

    /// The request cannot be understood.
    pub fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(Code::BadRequest, detail)
    }

    /// There is nothing here, or nothing that the caller may see.
    #[must_use]
    pub fn not_found() -> Self {
        Self::new(Code::NotFound, "there is nothing under this address")
    }

    /// Nobody is logged in.
    pub fn unauthenticated(detail: impl Into<String>) -> Self {
        Self::new(Code::Unauthenticated, detail)
    }

    /// Not now.
    pub fn unavailable(detail: impl Into<String>) -> Self {
        Self::new(Code::Unavailable, detail)
    }

    /// Too often: again after so many seconds.
    pub(crate) fn rate_limited(wait_s: u64) -> Self {
        let detail = format!("too many requests: try again in {wait_s} s");
        Self {
            headers: vec![(RETRY_AFTER, HeaderValue::from(wait_s))],
            ..Self::new(Code::RateLimited, detail)
        }
    }

    /// Fields of a kind of error; the detail is made of them.
    #[must_use]
    pub fn with_fields(code: Code, fields: Vec<FieldError>) -> Self {
        let detail = fields
            .iter()
            .map(|field| match &*field.field {
                // The whole body has no name.
                "" => format!("the body {}", field.message),
                _ => field.to_string(),
            })
            .collect::<Vec<_>>()
            .join("; ");
        Self {
            fields,
            ..Self::new(code, detail)
        }
    }

    /// Wrong fields of a body.
    #[must_use]
    pub fn validation(fields: Vec<FieldError>) -> Self {
        Self::with_fields(Code::ValidationFailed, fields)
    }

    /// What another process of ours has refused with this status and body; `None` if that is no problem of ours.
    pub(crate) fn told_by(status: StatusCode, body: &[u8]) -> Option<Self> {
        let problem: serde_json::Value = serde_json::from_slice(body).ok()?;
        let error = problem.get("error")?;
        let word = error.get("code")?.as_str()?;
        let code = Code::ALL.iter().find(|code| code.as_str() == word)?;
        let told = error.get("message")?.as_str()?;
        (code.status() == status).then(|| Self::new(*code, told))
    }

    /// Our fault; the client learns no more than that.
    pub fn internal(source: impl StdError + Send + Sync + 'static) -> Self {
        Self::new(Code::Internal, "something went wrong on our side").because(source)
    }

    /// With a sentence of its own.
    #[must_use]
    pub(crate) fn saying(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }

    /// With what is behind it, for the log.
    #[must_use]
    pub fn because(mut self, source: impl StdError + Send + Sync + 'static) -> Self {
        self.source = Some(Arc::new(source));
        self
    }

    /// Whether it is our fault, for somebody to look at: not what a client asked for and cannot have just now, such as a view
    /// that has not seen a write yet, or a place where a limit has no room.
    pub(crate) fn is_our_fault(&self) -> bool {
        match self.code {
            Code::ViewBehind => false,
            // Where something is away, it stands behind the error; a limit is nobody's fault.
            Code::Unavailable => self.source.is_some(),
            code => code.status().is_server_error(),
        }
    }

    /// With the methods that the address answers to.
    #[must_use]
    pub(crate) fn allowing(self, methods: HeaderValue) -> Self {
        self.with_header((ALLOW, methods))
    }

    /// With a header.
    #[must_use]
    pub(crate) fn with_header(mut self, header: (HeaderName, HeaderValue)) -> Self {
        self.headers.push(header);
        self
    }

    /// What is told beside it.
    pub(crate) fn headers(&self) -> impl Iterator<Item = (HeaderName, HeaderValue)> {
        self.headers.iter().cloned()
    }

    /// What is wrong: the `error` of the envelope, and of each item of a batch.
    pub(crate) fn told(&self) -> ProblemError {
        ProblemError {
            code: self.code.as_str().to_owned(),
            message: self.detail.clone(),
            fields: self.fields.iter().map(ProblemField::from).collect(),
        }
    }

    /// The body, as JSON.
    pub(crate) fn body(&self) -> Vec<u8> {
        let cx = RequestContext::current();
        let problem = Problem {
            type_url: self.code.type_url(),
            title: self.code.title().to_owned(),
            status: self.code.status().as_u16(),
            detail: self.detail.clone(),
            instance: cx.path.clone(),
            data: None,
            error: self.told(),
            meta: ProblemMeta {
                request_id: cx.id.clone(),
                timestamp: cx.at,
            },
        };
        serde_json::to_vec(&problem).expect("a problem is plain data")
    }
}

/// The content type of errors.
pub(crate) const PROBLEM_JSON: HeaderValue = HeaderValue::from_static("application/problem+json");

/// Errors are kept by nobody: the next try may go well.
pub(crate) const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

impl IntoResponse for ApiError {
    fn into_response(self) -> axum::response::Response {
        let page = RequestContext::current().wants_page;
        let (content_type, body) = if page {
            (
                HeaderValue::from_static("text/html; charset=utf-8"),
                ProblemPage::of(&self).to_html().into_bytes(),
            )
        } else {
            (PROBLEM_JSON, self.body())
        };
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = self.code.status();
        response.headers_mut().insert(CONTENT_TYPE, content_type);
        response.headers_mut().insert(CACHE_CONTROL, NO_STORE);
        response.headers_mut().extend(self.headers.iter().cloned());
        // For the log, the record of refusals and the keeping of answers.
        response.extensions_mut().insert(self);
        response
    }
}

/// A problem (RFC 9457) that is also the envelope.
#[derive(Debug, Serialize, ToSchema)]
pub struct Problem {
    /// A page that explains the problem.
    #[serde(rename = "type")]
    #[schema(example = "/problems/validation-failed")]
    type_url: String,
    #[schema(example = "Validation failed")]
    title: String,
    #[schema(example = 422)]
    status: u16,
    #[schema(example = "title must not be empty")]
    detail: String,
    /// The path that was asked for.
    #[schema(example = "/api/v1/tasks")]
    instance: String,
    /// Always null.
    #[schema(value_type = Option<Object>)]
    data: Option<()>,
    error: ProblemError,
    meta: ProblemMeta,
}

/// What is wrong.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProblemError {
    #[schema(example = "validation_failed")]
    code: String,
    #[schema(example = "title must not be empty")]
    message: String,
    /// Every wrong field.
    fields: Vec<ProblemField>,
}

/// A wrong field.
#[derive(Debug, Serialize, ToSchema)]
struct ProblemField {
    /// Its path, such as `assignees[0].user_id`.
    #[schema(example = "title")]
    field: String,
    /// Which rule it broke: one of `required`, `too_short`, `too_long`, `invalid`, `not_one_of`, `not_found`, `unknown`,
    /// `read_only`, `taken`, `out_of_range`.
    #[schema(example = "required", value_type = String)]
    code: FieldCode,
    #[schema(example = "must not be empty")]
    message: String,
}

impl From<&FieldError> for ProblemField {
    fn from(error: &FieldError) -> Self {
        Self {
            field: error.field.clone(),
            code: error.code,
            message: error.message.clone(),
        }
    }
}

/// About the request.
#[derive(Debug, Serialize, ToSchema)]
struct ProblemMeta {
    request_id: String,
    timestamp: DateTime<Utc>,
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Unauthenticated => Self::unauthenticated("log in first"),
            Refusal::Hidden => Self::not_found(),
            Refusal::Forbidden => Self::new(Code::Forbidden, "your role does not allow this"),
        }
    }
}

fn taken(fields: &[&str]) -> ApiError {
    let is_taken = |field: &&str| FieldError::new(*field, FieldCode::Taken, "is taken");
    ApiError::with_fields(Code::Conflict, fields.iter().map(is_taken).collect())
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound => Self::not_found(),
            StoreError::Refused(refusal) => refusal.into(),
            // A cursor is a query parameter, whatever found it wrong.
            StoreError::Fields(fields) if fields.iter().all(|f| f.field == "cursor") => {
                Self::with_fields(Code::BadRequest, fields)
            }
            StoreError::Fields(fields) => Self::validation(fields),
            StoreError::Stale { now: GONE } => {
                Self::new(Code::PreconditionFailed, "it is not there, or not any more")
            }
            StoreError::Stale { now } => Self::new(
                Code::PreconditionFailed,
                format!("it was changed meanwhile: version {now} is the newest"),
            ),
            StoreError::Taken { field } => taken(&[field]),
            StoreError::AllTaken(fields) => taken(&fields),
            StoreError::Conflict(why) => Self::new(Code::Conflict, why),
            StoreError::KeyReused => Self::new(
                Code::IdempotencyKeyReused,
                "the key was used before with another body",
            ),
            error @ StoreError::SeesLess => Self::new(Code::Forbidden, error.to_string()),
            StoreError::StillRunning => Self::new(
                Code::Conflict,
                "the first request with this idempotency key is still running",
            ),
            error @ StoreError::Unavailable(_) => {
                Self::unavailable("the database does not answer").because(error)
            }
            error @ StoreError::Internal(_) => Self::internal(error),
        }
    }
}

impl From<LogError> for ApiError {
    fn from(error: LogError) -> Self {
        match error {
            LogError::Unavailable(_) => {
                Self::unavailable("the event log does not answer").because(error)
            }
            LogError::Gap { .. } | LogError::Ahead { .. } | LogError::Malformed { .. } => {
                Self::internal(error)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_the_whole_body_is_said_of_the_body() {
        let list = FieldError::new("", FieldCode::Invalid, "must be an object, is a list");
        let title = FieldError::new("title", FieldCode::Required, "must be given");
        let error = ApiError::validation(vec![list, title]);
        assert_eq!(
            error.detail,
            "the body must be an object, is a list; title must be given"
        );
    }

    #[test]
    fn what_a_client_cannot_have_just_now_is_not_our_fault() {
        let away = || StoreError::Unavailable(sqlx::Error::PoolTimedOut);
        for (error, ours) in [
            (ApiError::new(Code::ViewBehind, "not yet"), false),
            (ApiError::unavailable("too many at once"), false),
            (ApiError::not_found(), false),
            (ApiError::from(away()), true),
            (ApiError::internal(away()), true),
            (StoreError::Internal(sqlx::Error::RowNotFound).into(), true),
        ] {
            assert_eq!(error.is_our_fault(), ours, "{error:?}");
        }
    }
}
