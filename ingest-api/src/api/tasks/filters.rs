//! The filters and orders of every list of tasks: what the document says of them, and how they are read.

use crate::api::projects::list::archived;
use crate::auth::Caller;
use crate::error::ApiError;
use crate::extract::Params;
use crate::extract::params::{bounded, flag, id, time};
use crate::state::AppState;
use chrono::{DateTime, Utc};
use millstream_domain::field::{FieldCode, Invalid};
use millstream_domain::ids::UserId;
use millstream_store::PageRequest;
use millstream_store::task::{Sort, SortField, TaskFilter};
use utoipa::IntoParams;
use uuid::Uuid;

/// Most characters of a tag's name in a filter: four times what a name has.
const TAG_CHARACTERS_MAX: usize = 160;

/// What narrows, orders and pages a list of tasks.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the query, which is read one by one")]
pub(crate) struct TaskFilters {
    /// One of these
    status: Option<Vec<String>>,
    /// One of these
    priority: Option<Vec<String>>,
    /// One of these people works on it; `me` for yourself
    assignee: Option<Vec<String>>,
    /// One of these people made it; `me` for yourself
    created_by: Option<Vec<String>>,
    /// One of these teams
    team: Option<Vec<Uuid>>,
    /// All of these tags, by name
    tag: Option<Vec<String>>,
    /// Due before this time
    due_before: Option<DateTime<Utc>>,
    /// Due at this time or after
    due_after: Option<DateTime<Utc>>,
    /// Due in the past and not done, or not that
    overdue: Option<bool>,
    /// `false` (the default), `true` or `any`
    archived: Option<String>,
    /// Those in the trash instead
    trashed: Option<bool>,
    /// Words in the title
    q: Option<String>,
    /// `created_at`, `updated_at`, `due_at`, `priority`, `rank` or `title` (by its first 80 characters, ties by id); `-` before it
    /// for descending; default `-created_at`
    sort: Option<String>,
    /// 1 to 100, default 50
    limit: Option<u32>,
    /// `meta.next_cursor` of the page before
    cursor: Option<String>,
}

/// What was asked for.
pub(super) struct Asked {
    pub(super) filter: TaskFilter,
    pub(super) sort: Sort,
    pub(super) page: PageRequest,
}

/// Reads what all lists of tasks take; what is only some list's has been taken before.
pub(super) fn read(app: &AppState, caller: &Caller, mut params: Params) -> Result<Asked, ApiError> {
    let user = |text: &str| {
        if text == "me" {
            Ok(caller.id)
        } else {
            id::<UserId>(text)
        }
    };
    let archived = params.one("archived", archived);
    let filter = TaskFilter {
        status: params.many("status", str::parse),
        priority: params.many("priority", str::parse),
        assignee: params.many("assignee", user),
        created_by: params.many("created_by", user),
        team: params.many("team", id),
        project: Vec::new(),
        tag: params.many("tag", |name| bounded(name, TAG_CHARACTERS_MAX)),
        due_before: params.one("due_before", time),
        due_after: params.one("due_after", time),
        overdue: params
            .one("overdue", flag)
            .map(|overdue| (overdue, app.now())),
        archived: archived.unwrap_or(Some(false)),
        trashed: params.one("trashed", flag).unwrap_or(false),
        parent: None,
        watched_by: None,
        q: params.q(),
    };
    // The trash shows what is in it, archived before or not, unless it is asked for one or the other.
    let filter = if filter.trashed {
        TaskFilter {
            archived: archived.flatten(),
            ..filter
        }
    } else {
        filter
    };
    let sort = params.one("sort", sort).unwrap_or_default();
    let page = params.page();
    params.finish(|| Some(Asked { filter, sort, page }))
}

fn sort(text: &str) -> Result<Sort, Invalid> {
    let (name, descending) = text
        .strip_prefix('-')
        .map_or((text, false), |name| (name, true));
    let field = SortField::ALL
        .into_iter()
        .find(|field| field.as_str() == name);
    field
        .map(|field| Sort { field, descending })
        .ok_or_else(|| {
            let names = SortField::ALL.map(SortField::as_str).join(", ");
            Invalid::new(
                FieldCode::NotOneOf,
                format!("must be one of {names}, or one of them behind a hyphen"),
            )
        })
}
