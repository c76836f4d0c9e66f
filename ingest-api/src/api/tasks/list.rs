//! `GET /tasks`, `GET /projects/{id}/tasks`

use crate::answer::{Answer, Many};
use crate::api::projects::list::archived;
use crate::api::schema::Problems;
use crate::api::tasks::TaskBody;
use crate::auth::Caller;
use crate::error::ApiError;
use crate::extract::params::{bounded, flag, id, time};
use crate::extract::{Id, Params};
use crate::state::AppState;
use axum::extract::State;
use millstream_domain::field::{FieldCode, Invalid};
use millstream_domain::ids::{ProjectId, UserId};
use millstream_store::PageRequest;
use millstream_store::task::{Sort, SortField, TaskFilter};

/// Most bytes of a tag's name in a filter: 40 characters of four bytes.
const TAG_BYTES_MAX: usize = 160;

#[utoipa::path(
    get, path = "/tasks", tag = "tasks",
    summary = "Tasks",
    description = "Those of the teams that you see. Filters that may be repeated also take several values between commas.",
    params(
        ("status" = Option<Vec<String>>, Query, description = "One of these"),
        ("priority" = Option<Vec<String>>, Query, description = "One of these"),
        ("assignee" = Option<Vec<String>>, Query, description = "One of these people; `me` for yourself"),
        ("created_by" = Option<Vec<String>>, Query, description = "One of these people; `me` for yourself"),
        ("team" = Option<Vec<uuid::Uuid>>, Query, description = "One of these teams"),
        ("project" = Option<Vec<uuid::Uuid>>, Query, description = "One of these projects"),
        ("tag" = Option<Vec<String>>, Query, description = "All of these tags, by name"),
        ("due_before" = Option<chrono::DateTime<chrono::Utc>>, Query, description = "Due before this time"),
        ("due_after" = Option<chrono::DateTime<chrono::Utc>>, Query, description = "Due at this time or after"),
        ("overdue" = Option<bool>, Query, description = "Due in the past and not done"),
        ("archived" = Option<String>, Query, description = "`false` (the default), `true` or `any`"),
        ("trashed" = Option<bool>, Query, description = "Those in the trash instead"),
        ("parent" = Option<uuid::Uuid>, Query, description = "Parts of this task"),
        ("q" = Option<String>, Query, description = "Words in the title"),
        ("sort" = Option<String>, Query,
            description = "`created_at`, `updated_at`, `due_at`, `priority`, `rank` or `title`; `-` before it for descending; \
                           default `-created_at`"),
        ("limit" = Option<u32>, Query, description = "1 to 100, default 50"),
        ("cursor" = Option<String>, Query, description = "`meta.next_cursor` of the page before"),
    ),
    responses((status = 200, description = "A page of tasks", body = Many<TaskBody>), Problems),
    security(("bearer" = [])),
)]
pub(crate) async fn list_tasks(
    State(app): State<AppState>,
    caller: Caller,
    mut params: Params,
) -> Result<Answer, ApiError> {
    let project = params.many("project", id);
    let (filter, sort, page) = read(&app, &caller, params)?;
    list(&app, &caller, TaskFilter { project, ..filter }, sort, page).await
}

#[utoipa::path(
    get, path = "/projects/{id}/tasks", tag = "projects",
    summary = "Tasks of a project",
    description = "Takes the filters of `GET /tasks`, but for `project`.",
    params(
        ("id" = uuid::Uuid, Path, description = "The project"),
        ("sort" = Option<String>, Query, description = "As for `GET /tasks`"),
        ("limit" = Option<u32>, Query, description = "1 to 100, default 50"),
        ("cursor" = Option<String>, Query, description = "`meta.next_cursor` of the page before"),
    ),
    responses((status = 200, description = "A page of tasks", body = Many<TaskBody>), Problems),
    security(("bearer" = [])),
)]
pub(crate) async fn list_project_tasks(
    State(app): State<AppState>,
    caller: Caller,
    Id(project): Id<ProjectId>,
    params: Params,
) -> Result<Answer, ApiError> {
    let (filter, sort, page) = read(&app, &caller, params)?;
    // A project that is not there, or not to be seen, has no empty list.
    app.store().project(&caller.actor, project).await?;
    list(
        &app,
        &caller,
        TaskFilter {
            project: vec![project],
            ..filter
        },
        sort,
        page,
    )
    .await
}

fn read(
    app: &AppState,
    caller: &Caller,
    mut params: Params,
) -> Result<(TaskFilter, Sort, PageRequest), ApiError> {
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
        tag: params.many("tag", |name| bounded(name, TAG_BYTES_MAX)),
        due_before: params.one("due_before", time),
        due_after: params.one("due_after", time),
        overdue: params
            .one("overdue", flag)
            .map(|overdue| (overdue, app.now())),
        archived: archived.unwrap_or(Some(false)),
        trashed: params.one("trashed", flag).unwrap_or(false),
        parent: params.one("parent", id),
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
    params.finish(|| Some((filter, sort, page)))
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

async fn list(
    app: &AppState,
    caller: &Caller,
    filter: TaskFilter,
    sort: Sort,
    page: PageRequest,
) -> Result<Answer, ApiError> {
    let tasks = app
        .store()
        .tasks(&caller.actor, &filter, sort, &page)
        .await?;
    Ok(Answer::page(tasks.map(|task| TaskBody::from(&task))))
}
