//! `/problems`, `/problems/{code}`: what each error means; and errors as pages.

use crate::error::ApiError;
use crate::problem::Code;
use crate::request::RequestContext;
use askama::Template;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};

/// An explanation, or an error that somebody met in a browser.
#[derive(Template)]
#[template(path = "pages/problem.html")]
pub(crate) struct ProblemPage {
    code: Code,
    /// What went wrong just now; `None` when the page only explains.
    detail: Option<String>,
    request_id: Option<String>,
}

impl ProblemPage {
    /// The page of an error that just happened.
    pub(crate) fn of(error: &ApiError) -> Self {
        Self {
            code: error.code,
            detail: detail(error),
            request_id: Some(RequestContext::current().id.clone()),
        }
    }

    /// The page.
    pub(crate) fn to_html(&self) -> String {
        self.render().expect("the template writes into memory")
    }
}

/// What went wrong just now, as a sentence; nothing where the explanation below says as much.
fn detail(error: &ApiError) -> Option<String> {
    if error.code == Code::NotFound {
        return None;
    }
    let mut letters = error.detail.chars();
    let first = letters.next()?;
    let end = if error.detail.ends_with(['.', '?', '!']) {
        ""
    } else {
        "."
    };
    let sentence = first.to_uppercase().chain(letters).collect::<String>();
    Some(sentence + end)
}

/// All problems.
#[derive(Template)]
#[template(path = "pages/problems.html")]
struct ProblemsPage {
    codes: &'static [Code],
}

/// Lists all.
pub(crate) async fn list() -> Result<Response, ApiError> {
    ProblemsPage { codes: Code::ALL }
        .render()
        .map(super::page)
        .map_err(ApiError::internal)
}

/// Explains one.
pub(crate) async fn show(Path(slug): Path<String>) -> Result<Response, ApiError> {
    let code = Code::from_slug(&slug).ok_or_else(ApiError::not_found)?;
    if code.slug() != slug {
        return Ok(Redirect::permanent(&code.type_url()).into_response());
    }
    let page = ProblemPage {
        code,
        detail: None,
        request_id: None,
    };
    Ok(super::page(page.to_html()))
}
