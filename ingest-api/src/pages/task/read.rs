//! One task: what it says, what is known of it, what was said about it.

use crate::api::comments::markdown::to_html;
use crate::error::ApiError;
use crate::extract::Id;
use crate::pages::form::Wrong;
use crate::pages::home::NewsLine;
use crate::pages::shell::{Section, Shell};
use crate::pages::show::day::editable;
use crate::pages::show::{Avatar, Moment, TaskRow};
use crate::pages::viewer::Viewer;
use crate::state::AppState;
use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use millstream_domain::policy::{Action, Target, decide};
use millstream_domain::task::{Priority, Status};
use millstream_event_log::events::task::TaskState;
use millstream_store::PageRequest;
use millstream_store::comment::Comment;
use millstream_store::page::LIMIT_MAX;
use millstream_store::task::{Sort, SortField, TaskFilter, TaskRef};
use millstream_store::views::activity::ActivityFilter;

/// Pages of comments that are shown: a longer talk is read over the API.
const COMMENT_PAGES_MAX: usize = 5;

#[derive(Template)]
#[template(path = "pages/task.html")]
struct TaskPage {
    shell: Shell,
    task: TaskState,
    row: TaskRow,
    project_key: String,
    project_name: String,
    parent: Option<TaskRow>,
    parts: Vec<TaskRow>,
    parts_done: usize,
    description_html: String,
    comments: Vec<Said>,
    /// What was typed into the comment form, when it is shown again.
    comment_text: String,
    wrong: Wrong,
    history: Vec<NewsLine>,
    due_text: String,
    created: Moment,
    updated: Moment,
    may_write: bool,
}

/// A comment.
struct Said {
    id: String,
    who: Avatar,
    at: Moment,
    html: String,
    is_edited: bool,
    is_deleted: bool,
}

impl Said {
    fn of(comment: &Comment, shell: &Shell) -> Self {
        Self {
            id: comment.id.to_string(),
            who: Avatar::of(comment.author, &comment.author_display_name),
            at: Moment::of(comment.created_at, shell.now, shell.zone),
            html: to_html(&comment.body),
            is_edited: comment.edited_at.is_some(),
            is_deleted: comment.deleted_at.is_some(),
        }
    }
}

/// Shows it.
pub(crate) async fn show(
    State(app): State<AppState>,
    viewer: Viewer,
    Id(task): Id<TaskRef>,
) -> Result<Response, ApiError> {
    page(&app, viewer, &task, String::new(), Wrong::default()).await
}

/// The page, with what is wrong about a form on it.
pub(super) async fn page(
    app: &AppState,
    viewer: Viewer,
    task: &TaskRef,
    comment_text: String,
    wrong: Wrong,
) -> Result<Response, ApiError> {
    let actor = viewer.caller.actor.clone();
    let found = app.store().task(&actor, task).await?;
    let state = found.state.clone();
    let by_now = format!("/tasks/{}", state.name);
    if matches!(task, TaskRef::Name(name) if name.to_string() != state.name) {
        return Ok(Redirect::permanent(&by_now).into_response());
    }
    let project = app.store().project(&actor, state.project_id).await?;
    let mut shell = Shell::of(app, viewer, Section::Projects)
        .await?
        .about(&project.key);
    shell.task = Some(state.id);
    let parts = parts(app, &shell, &state).await?;
    let of_task = ActivityFilter {
        task: Some(state.id),
        ..ActivityFilter::default()
    };
    let history = app
        .store()
        .activity(&actor, of_task, &PageRequest::default())
        .await?;
    let parent = match state.parent_id {
        None => None,
        Some(parent) => app.store().some_tasks(&actor, &[parent]).await?.pop(),
    };
    let comments = comments(app, &shell, &state).await?;
    let status = wrong.status();
    let page = TaskPage {
        row: TaskRow::of(&found, &shell),
        project_key: project.key,
        project_name: project.name,
        parent: parent.map(|parent| TaskRow::of(&parent, &shell)),
        parts_done: parts.iter().filter(|p| p.status == Status::Done).count(),
        parts,
        description_html: to_html(&state.description),
        comments,
        comment_text,
        wrong,
        history: history
            .items
            .iter()
            .map(|line| NewsLine::of(line, &shell))
            .collect(),
        due_text: state
            .due_at
            .map_or_else(String::new, |due| editable(due, shell.zone)),
        created: Moment::of(state.created_at, shell.now, shell.zone),
        updated: Moment::of(state.updated_at, shell.now, shell.zone),
        may_write: decide(&actor, Action::WriteTasks, Target::team(state.team_id)).is_ok(),
        task: state,
        shell,
    };
    Ok((status, super::super::render(&page)?).into_response())
}

async fn parts(app: &AppState, shell: &Shell, task: &TaskState) -> Result<Vec<TaskRow>, ApiError> {
    let filter = TaskFilter {
        parent: Some(task.id),
        ..TaskFilter::default()
    };
    let sort = Sort {
        field: SortField::Rank,
        descending: false,
    };
    let most = PageRequest {
        limit: LIMIT_MAX,
        cursor: None,
    };
    let actor = &shell.viewer.caller.actor;
    let parts = app.store().tasks(actor, &filter, sort, &most).await?;
    Ok(parts
        .items
        .iter()
        .map(|part| TaskRow::of(part, shell))
        .collect())
}

async fn comments(app: &AppState, shell: &Shell, task: &TaskState) -> Result<Vec<Said>, ApiError> {
    let mut page = PageRequest {
        limit: LIMIT_MAX,
        cursor: None,
    };
    let mut said = Vec::new();
    for _ in 0..COMMENT_PAGES_MAX {
        let (actor, task) = (&shell.viewer.caller.actor, TaskRef::Id(task.id));
        let found = app.store().comments(actor, &task, &page).await?;
        said.extend(found.items.iter().map(|comment| Said::of(comment, shell)));
        match found.next_cursor {
            Some(cursor) => page.cursor = Some(cursor),
            None => break,
        }
    }
    Ok(said)
}
