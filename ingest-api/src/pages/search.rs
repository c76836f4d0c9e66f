//! `/search`: what fits a query, with the words found, and how to narrow it down.

use crate::api::search;
use crate::error::ApiError;
use crate::extract::Params;
use crate::extract::params::{CURSOR_CHARACTERS_MAX, bounded};
use crate::pages::shell::{Section, Shell};
use crate::pages::show::Due;
use crate::pages::show::task::{priority_text, status_text};
use crate::pages::texts::Texts;
use crate::pages::viewer::Viewer;
use crate::problem::Code;
use crate::state::AppState;
use askama::Template;
use axum::extract::State;
use axum::response::Response;
use millstream_domain::task::Status;
use millstream_event_log::events::project::ProjectState;
use millstream_search::{Facets, Hit, SearchResults};
use millstream_store::PageRequest;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

/// Pieces of text that are shown of a hit.
const PIECES_MAX: usize = 3;

#[derive(Template)]
#[template(path = "pages/search.html")]
struct SearchPage {
    shell: Shell,
    q: String,
    /// What is wrong with the query.
    wrong: Option<String>,
    total: u64,
    facets: Vec<FacetLink>,
    hits: Vec<HitRow>,
    next: Option<String>,
}

/// A way to narrow the search down.
struct FacetLink {
    text: String,
    count: u64,
    url: String,
}

/// A task that fits.
struct HitRow {
    name: String,
    /// As HTML, with what was looked for marked.
    title: String,
    status: Status,
    due: Option<Due>,
    /// As HTML.
    pieces: Vec<String>,
}

impl HitRow {
    fn of(hit: &Hit, shell: &Shell) -> Self {
        let marked = hit.highlights.iter().find(|h| h.field == "title");
        let title = marked.map_or_else(|| escaped(&hit.task.title), |h| h.html.clone());
        let pieces = hit
            .highlights
            .iter()
            .filter(|h| !matches!(&*h.field, "title" | "name"))
            .take(PIECES_MAX);
        let is_done = hit.task.status == Status::Done;
        Self {
            name: hit.task.name.clone(),
            title,
            status: hit.task.status,
            due: hit
                .task
                .due_at
                .map(|due| Due::of(due, shell.now, shell.zone, is_done)),
            pieces: pieces.map(|h| h.html.clone()).collect(),
        }
    }
}

/// Text as HTML, like the search makes it of what it marks.
fn escaped(text: &str) -> String {
    askama::filters::escape(text, askama::filters::Html)
        .map(|escaped| escaped.to_string())
        .unwrap_or_default()
}

/// Shows it.
pub(crate) async fn show(
    State(app): State<AppState>,
    viewer: Viewer,
    mut params: Params,
) -> Result<Response, ApiError> {
    let q = params.q().unwrap_or_default();
    let page = PageRequest {
        cursor: params.one("cursor", |text| bounded(text, CURSOR_CHARACTERS_MAX)),
        ..PageRequest::default()
    };
    params.finish(|| Some(()))?;
    let shell = Shell::of(&app, viewer, Section::Search).await?;
    let (found, wrong) = match find(&app, &shell, &q, page).await {
        Ok(found) => (Some(found), None),
        Err(error) if error.code == Code::BadRequest => (None, Some(error.detail)),
        Err(error) => return Err(error),
    };
    let projects = match &found {
        Some(found) => named(&app, &shell, &found.facets).await?,
        None => Vec::new(),
    };
    let found_in = found.iter().flat_map(|found| &found.hits);
    let shell = shell.showing(found_in.map(|hit| hit.task.project_id));
    let page = SearchPage {
        wrong,
        total: found.as_ref().map_or(0, |found| found.total),
        facets: found.as_ref().map_or_else(Vec::new, |found| {
            facets(&found.facets, &q, &projects, shell.t)
        }),
        hits: found.as_ref().map_or_else(Vec::new, |found| {
            found
                .hits
                .iter()
                .map(|hit| HitRow::of(hit, &shell))
                .collect()
        }),
        next: found.and_then(|found| found.next_cursor).map(|cursor| {
            let cursor = utf8_percent_encode(&cursor, NON_ALPHANUMERIC).to_string();
            format!("{}&cursor={cursor}", address(&q))
        }),
        q,
        shell,
    };
    super::render(&page)
}

async fn find(
    app: &AppState,
    shell: &Shell,
    q: &str,
    page: PageRequest,
) -> Result<SearchResults, ApiError> {
    let zone = &shell.viewer.visitor.time_zone;
    search::find(app, &shell.viewer.caller, zone, q, page).await
}

fn address(q: &str) -> String {
    format!("/search?q={}", utf8_percent_encode(q, NON_ALPHANUMERIC))
}

/// The projects of the hits, whether or not the navigation shows them.
async fn named(
    app: &AppState,
    shell: &Shell,
    facets: &Facets,
) -> Result<Vec<ProjectState>, ApiError> {
    let ids: Vec<_> = facets.project.iter().map(|found| found.value).collect();
    let actor = &shell.viewer.caller.actor;
    Ok(app.store().some_projects(actor, &ids).await?)
}

/// A link for each value that some hits have; one that all have narrows nothing down.
fn facets(facets: &Facets, q: &str, projects: &[ProjectState], t: &Texts) -> Vec<FacetLink> {
    let link = |text: String, count: u64, word: String| FacetLink {
        text,
        count,
        url: address(format!("{q} {word}").trim()),
    };
    let status = facets.status.iter().map(|found| {
        let text = status_text(&found.value, t).to_owned();
        link(text, found.count, format!("status:{}", found.value))
    });
    let priority = facets.priority.iter().map(|found| {
        let text = priority_text(&found.value, t).to_owned();
        link(text, found.count, format!("priority:{}", found.value))
    });
    let project = facets.project.iter().filter_map(|found| {
        let project = projects.iter().find(|p| p.id == found.value)?;
        let word = format!("project:{}", project.key);
        Some(link(project.name.clone(), found.count, word))
    });
    let several = |links: Vec<FacetLink>| if links.len() > 1 { links } else { Vec::new() };
    [
        several(status.collect()),
        several(priority.collect()),
        several(project.collect()),
    ]
    .into_iter()
    .flatten()
    .collect()
}
