//! `GET /search`

use crate::answer::Answer;
use crate::api::schema::{self, Problems};
use crate::auth::Caller;
use crate::error::ApiError;
use crate::extract::Params;
use crate::extract::params::{Q_CHARACTERS_MAX, bounded};
use crate::position::WaitFor;
use crate::problem::Code;
use crate::request::RequestContext;
use crate::state::AppState;
use crate::view::seen;
use axum::extract::State;
use chrono::{DateTime, Utc};
use millstream_domain::field::{FieldCode, FieldError};
use millstream_domain::query::{Query, QueryError};
use millstream_search::{Facets, Hit, Index, SearchError, SearchRequest, SearchResults};
use millstream_store::PageRequest;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;
use utoipa::ToSchema;
use uuid::Uuid;

/// The view behind it.
const VIEW: &str = "search";

/// What was found.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = SearchResults)]
pub(crate) struct SearchBody {
    #[schema(value_type = Vec<HitBody>)]
    data: Vec<Hit>,
    meta: SearchMeta,
}

/// About the search.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
struct SearchMeta {
    request_id: String,
    /// Give it as `cursor` to get the next page; null on the last.
    next_cursor: Option<String>,
    /// How many tasks fit.
    total: u64,
    /// How long the search itself took.
    took_ms: u64,
    /// How many of them there are for each value of a field: `{"status": [{"value": "todo", "count": 3}]}`.
    #[schema(value_type = Object)]
    facets: Facets,
}

/// A task that fits.
#[derive(ToSchema)]
#[schema(as = Hit)]
#[expect(dead_code, reason = "describes what the search gives")]
pub(crate) struct HitBody {
    task: HitTask,
    score: f32,
    highlights: Vec<Highlight>,
}

/// A task as the index keeps it.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what the search gives")]
pub(crate) struct HitTask {
    id: Uuid,
    name: String,
    title: String,
    #[schema(schema_with = schema::status)]
    status: String,
    #[schema(schema_with = schema::priority)]
    priority: String,
    project_id: Uuid,
    assignees: Vec<HitAssignee>,
    due_at: Option<DateTime<Utc>>,
    archived: bool,
    updated_at: DateTime<Utc>,
}

/// Somebody who works on it.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what the search gives")]
pub(crate) struct HitAssignee {
    user_id: Uuid,
    username: String,
    #[schema(schema_with = schema::assignee_role)]
    role: String,
}

/// Where it fits.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what the search gives")]
pub(crate) struct Highlight {
    field: String,
    /// Safe to show; what fits is in `<mark>`.
    html: String,
    comment_id: Option<Uuid>,
}

#[utoipa::path(
    get, path = "/search", tag = "search",
    summary = "Search",
    description = "Words and `\"phrases\"`, `OR`, `-not`, parentheses, and fields: `status:todo,blocked`, `priority:>=high`, \
                   `assignee:me`, `project:ENG`, `tag:api`, `parent:ENG-42`, `due:<2026-12-01`, `updated:>-7d`, `is:overdue`, \
                   `is:archived`, `is:trashed`, `in:comments`. \
                   Nothing asks for the newest. A view: it answers how far it is.",
    params(
        WaitFor,
        ("q" = Option<String>, Query, description = "The query, up to 4 KiB"),
        ("limit" = Option<u32>, Query, description = "1 to 100, default 50"),
        ("cursor" = Option<String>, Query, description = "`meta.next_cursor` of the page before"),
    ),
    responses((status = 200, description = "A page of hits, the best first", body = SearchBody), Problems),
    security(("bearer" = [])),
)]
pub(crate) async fn search(
    State(app): State<AppState>,
    caller: Caller,
    wait: WaitFor,
    mut params: Params,
) -> Result<Answer, ApiError> {
    let q = params
        .one("q", |text| bounded(text, Q_CHARACTERS_MAX))
        .unwrap_or_default();
    let page = params.page();
    params.finish(|| Some(()))?;
    let query = Query::parse(&q).map_err(|error| unreadable(&error))?;
    let index = index(&app)?;
    let seen = seen(&app, wait, VIEW).await?;
    let zone = caller.time_zone(&app).await?;
    let begun = Instant::now();
    let results = ask(index, query, &app, &caller, &zone, page).await?;
    let took_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    let meta = SearchMeta {
        request_id: RequestContext::current().id.clone(),
        next_cursor: results.next_cursor,
        total: results.total,
        took_ms,
        facets: results.facets,
    };
    Ok(Answer::enveloped(&SearchBody {
        data: results.hits,
        meta,
    })
    .of_view(seen))
}

/// Searches for a page: in the index of this process, or in the service that keeps one.
pub(crate) async fn find(
    app: &AppState,
    caller: &Caller,
    zone: &str,
    q: &str,
    page: PageRequest,
) -> Result<SearchResults, ApiError> {
    let query = Query::parse(q).map_err(|error| unreadable(&error))?;
    let Some(service) = &app.services().search else {
        return ask(index(app)?, query, app, caller, zone, page).await;
    };
    let encoded = |text| utf8_percent_encode(text, NON_ALPHANUMERIC);
    let mut path = format!("/api/v1/search?q={}&limit={}", encoded(q), page.limit);
    if let Some(cursor) = &page.cursor {
        path = format!("{path}&cursor={}", encoded(cursor));
    }
    let found: SearchBody = service.read(app, caller, &path).await?;
    Ok(SearchResults {
        hits: found.data,
        total: found.meta.total,
        facets: found.meta.facets,
        next_cursor: found.meta.next_cursor,
    })
}

fn index(app: &AppState) -> Result<Index, ApiError> {
    let index = app.search().cloned();
    index.ok_or_else(|| ApiError::unavailable("this server keeps no search index"))
}

/// Searching computes and reads files: it does not belong on an async thread.
async fn ask(
    index: Index,
    query: Query,
    app: &AppState,
    caller: &Caller,
    zone: &str,
    page: PageRequest,
) -> Result<SearchResults, ApiError> {
    // The index follows behind: who has left a team must not find its tasks meanwhile.
    let visible = caller.actor.visible_teams();
    let (caller, now) = (caller.id, app.now());
    let zone = zone.parse().unwrap_or(chrono_tz::Tz::UTC);
    let asked = tokio::task::spawn_blocking(move || {
        let limit = usize::try_from(page.limit).unwrap_or(usize::MAX);
        let cursor = page.cursor.as_deref();
        let request = SearchRequest {
            caller,
            query: &query,
            now,
            zone,
            limit,
            cursor,
        };
        index.search_within(&request, &visible)
    });
    asked.await.map_err(ApiError::internal)?.map_err(refused)
}

/// A query that has no form that is understood.
pub(crate) fn unreadable(error: &QueryError) -> ApiError {
    let fields = vec![FieldError::new("q", FieldCode::Invalid, error.to_string())];
    ApiError::with_fields(Code::BadRequest, fields).saying(error.to_string())
}

fn refused(error: SearchError) -> ApiError {
    match error {
        SearchError::Cursor => {
            let fields = vec![FieldError::new(
                "cursor",
                FieldCode::Invalid,
                error.to_string(),
            )];
            ApiError::with_fields(Code::BadRequest, fields)
        }
        SearchError::Locked
        | SearchError::Fenced
        | SearchError::Unavailable(_)
        | SearchError::Damaged(_) => {
            ApiError::unavailable("the search index does not answer").because(error)
        }
    }
}
