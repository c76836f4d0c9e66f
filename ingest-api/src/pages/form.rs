//! A form that was sent from one of our pages: read like a query, with the token of its session.

use crate::error::ApiError;
use crate::extract::{Params, body};
use crate::own_site;
use crate::pages::door;
use crate::pages::kept::Kept;
use crate::pages::viewer::{Viewer, is_visit, place, to_log_in};
use crate::problem::Code;
use crate::state::AppState;
use axum::extract::{FromRequest, OptionalFromRequestParts, Request};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use millstream_domain::field::{FieldCode, FieldError};
use serde_json::{Map, Value};

/// A form of somebody who is logged in.
pub(crate) struct PageForm {
    pub(crate) viewer: Viewer,
    pub(crate) params: Params,
}

/// A form of somebody who is not: log-in, registration, reset.
pub(crate) struct OpenForm(pub(crate) Params);

impl FromRequest<AppState> for PageForm {
    type Rejection = Response;

    async fn from_request(request: Request, app: &AppState) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let viewer =
            <Viewer as OptionalFromRequestParts<AppState>>::from_request_parts(&mut parts, app)
                .await
                .map_err(IntoResponse::into_response)?;
        let place = place(&parts, app);
        // A script keeps the text itself, and is told where the log-in is.
        let may_carry =
            is_visit(&parts.headers) && own_site::is_proven(app.settings(), &parts.headers);
        if viewer.is_none() && !may_carry {
            return Err(to_log_in(&place));
        }
        let (headers, to) = (parts.headers.clone(), parts.uri.path().to_owned());
        let request = Request::from_parts(parts, body);
        let OpenForm(mut params) = OpenForm::from_request(request, app)
            .await
            .map_err(IntoResponse::into_response)?;
        let token = params.one("csrf", |text| Ok(text.to_owned()));
        let Some(viewer) = viewer else {
            let kept = Kept::of(app.settings(), &headers, to, params);
            return Err(kept.map_or_else(
                || to_log_in(&place),
                |kept| door::carry(kept, place.clone()).into_response(),
            ));
        };
        if token.is_some_and(|token| viewer.secret.fits(&token)) {
            return Ok(Self { viewer, params });
        }
        let kept = Kept::of(app.settings(), &headers, to, params);
        Err(kept.map_or_else(
            || foreign(app).into_response(),
            |kept| {
                let page = kept.page(StatusCode::FORBIDDEN, &viewer.secret, &place);
                page.into_response()
            },
        ))
    }
}

impl FromRequest<AppState> for OpenForm {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &AppState) -> Result<Self, ApiError> {
        let (parts, body) = request.into_parts();
        if !own_site::asked(app.settings(), &parts.headers) {
            return Err(foreign(app));
        }
        let content_type = parts.headers.get(CONTENT_TYPE);
        let essence = content_type
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.split(';').next());
        if essence.is_none_or(|essence| essence.trim() != "application/x-www-form-urlencoded") {
            return Err(ApiError::new(
                Code::UnsupportedMediaType,
                "a form is sent as application/x-www-form-urlencoded",
            ));
        }
        let bytes = body::read(body).await?;
        let text = std::str::from_utf8(&bytes)
            .map_err(|_| ApiError::bad_request("the form must be UTF-8"))?;
        Params::parse(text).map(Self)
    }
}

/// A field of a form as it was sent, without a second one of the name.
pub(crate) fn sent(params: &mut Params, name: &str) -> Option<String> {
    params.one(name, |text| Ok(text.to_owned()))
}

/// These fields of a form, as the members of a body that the API reads. A field that is missing is missing there too.
pub(crate) fn members(params: &mut Params, names: &[&str]) -> Map<String, Value> {
    let pairs = names.iter().filter_map(|name| {
        let value = sent(params, name)?;
        Some(((*name).to_owned(), Value::String(value)))
    });
    pairs.collect()
}

/// What was typed into a field, to be shown again.
pub(crate) fn kept(sent: &Map<String, Value>, name: &str) -> String {
    let value = sent.get(name).and_then(Value::as_str);
    value.unwrap_or_default().to_owned()
}

/// What was wrong with a form that is shown again.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wrong(Option<ApiError>);

impl Wrong {
    /// Shows the form again for these errors; all others have a page of their own.
    pub(crate) fn of(error: ApiError) -> Result<Self, ApiError> {
        match error.code {
            Code::ValidationFailed
            | Code::Conflict
            | Code::Forbidden
            | Code::Unauthenticated
            | Code::PreconditionFailed
            | Code::RateLimited => Ok(Self(Some(error))),
            _ => Err(error),
        }
    }

    /// The status of the answer.
    pub(crate) fn status(&self) -> StatusCode {
        self.0
            .as_ref()
            .map_or(StatusCode::OK, |error| error.code.status())
    }

    /// Whether the thing was changed by somebody else meanwhile.
    pub(crate) fn is_stale(&self) -> bool {
        let code = self.0.as_ref().map(|error| error.code);
        code == Some(Code::PreconditionFailed)
    }

    /// Something wrong with a field that only pages have.
    pub(crate) fn field(name: &str, code: FieldCode, message: &str) -> Self {
        let error = FieldError::new(name, code, message);
        Self(Some(ApiError::validation(vec![error])))
    }

    /// What is wrong with a field.
    pub(crate) fn at(&self, field: &str) -> Option<&str> {
        let mut fields = self.0.iter().flat_map(|error| &error.fields);
        fields
            .find(|wrong| wrong.field == field || wrong.field.starts_with(&format!("{field}[")))
            .map(|wrong| wrong.message.as_str())
    }

    /// All that is wrong, as one text.
    pub(crate) fn text(&self) -> Option<String> {
        self.0.as_ref().map(|error| error.detail.clone())
    }

    /// What is wrong with the whole.
    pub(crate) fn whole(&self) -> Option<&str> {
        let error = self.0.as_ref().filter(|error| error.fields.is_empty());
        error.map(|error| error.detail.as_str())
    }
}

fn foreign(app: &AppState) -> ApiError {
    own_site::refused(
        app.settings(),
        "the form does not come from a page of this session",
    )
}
