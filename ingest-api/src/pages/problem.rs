//! `/problems`, `/problems/{code}`: what each error means; and errors as pages.

use crate::error::ApiError;
use crate::pages::shell::{Section, Shell};
use crate::pages::viewer::Viewer;
use crate::problem::Code;
use crate::request::RequestContext;
use crate::state::AppState;
use askama::Template;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_LENGTH;
use axum::middleware::Next;
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

/// The same around which somebody who is logged in finds everything else.
#[derive(Template)]
#[template(path = "pages/problem_inside.html")]
struct InsidePage {
    shell: Shell,
    code: Code,
    detail: Option<String>,
    request_id: String,
}

/// Gives an error that somebody met who is logged in the surroundings of all pages: they are lost, not strangers.
pub(crate) async fn inside(State(app): State<AppState>, request: Request, next: Next) -> Response {
    if !RequestContext::current().wants_page {
        return next.run(request).await;
    }
    let headers = request.headers().clone();
    let response = next.run(request).await;
    let error = response.extensions().get::<ApiError>();
    // What is our fault, or comes too often, is answered without asking the database once more.
    let error = error
        .filter(|error| error.code.status().is_client_error() && error.code != Code::RateLimited);
    let Some(error) = error.cloned() else {
        return response;
    };
    match inside_page(&app, &headers, &error).await {
        Ok(Some(html)) => with_body(response, html),
        // The page of strangers says all there is to say.
        Ok(None) | Err(_) => response,
    }
}

/// The page, if somebody is logged in.
async fn inside_page(
    app: &AppState,
    headers: &HeaderMap,
    error: &ApiError,
) -> Result<Option<String>, ApiError> {
    let Some(viewer) = Viewer::known(app, headers).await? else {
        return Ok(None);
    };
    let page = InsidePage {
        shell: Shell::of(app, viewer, Section::Nowhere).await?,
        code: error.code,
        detail: detail(error),
        request_id: RequestContext::current().id.clone(),
    };
    page.render().map(Some).map_err(ApiError::internal)
}

fn with_body(response: Response, html: String) -> Response {
    let (mut parts, _) = response.into_parts();
    parts.headers.remove(CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(html))
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
