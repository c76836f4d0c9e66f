//! One task: what it says, what is known of it, what was said about it.

use super::fields::TaskForm;
use super::overtaken::overtaken;
use super::talk::{Said, comments};
use super::watch::Watching;
use crate::api::comments::markdown::to_html;
use crate::error::ApiError;
use crate::extract::params::{CURSOR_CHARACTERS_MAX, bounded, id};
use crate::extract::{Id, Params};
use crate::pages::form::Wrong;
use crate::pages::shell::{Section, Shell};
use crate::pages::show::news::NewsLine;
use crate::pages::show::{Avatar, Moment, TaskRow};
use crate::pages::viewer::Viewer;
use crate::pages::whole::longest;
use crate::state::AppState;
use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use millstream_domain::ids::CommentId;
use millstream_domain::policy::{Action, Target, decide};
use millstream_domain::task::{AssigneeRole, Priority, Status};
use millstream_event_log::events::task::TaskState;
use millstream_store::PageRequest;
use millstream_store::page::LIMIT_MAX;
use millstream_store::task::{Sort, SortField, TaskFilter, TaskRef};
use millstream_store::views::activity::ActivityFilter;

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
    /// Where the comments before these are.
    earlier: Option<String>,
    /// What these are before; `None` where they are the newest.
    before: Option<String>,
    /// What was typed into the form for a new comment, when it is shown again.
    comment_text: String,
    wrong: Wrong,
    workers: Vec<Worker>,
    watching: Watching,
    history: Vec<NewsLine>,
    /// Its status, priority and due time, as they are in the form.
    facts: TaskForm,
    created: Moment,
    updated: Moment,
    may_write: bool,
}

/// Somebody who works on it.
struct Worker {
    avatar: Avatar,
    is_owner: bool,
}

/// A form of the page that comes back.
#[derive(Debug, Default)]
pub(super) struct Back {
    /// What was chosen of the task's facts; `None` where that form is not the one that comes back.
    pub(super) facts: Option<TaskForm>,
    /// The comment that was edited; `None` for a new one.
    pub(super) comment: Option<CommentId>,
    /// What was typed.
    pub(super) text: String,
    pub(super) wrong: Wrong,
    /// Which comments are shown: those before this place; `None` for the newest.
    pub(super) before: Option<String>,
}

impl Back {
    /// A form that is wrong, without a text.
    pub(super) fn wrong(wrong: Wrong) -> Self {
        Self {
            wrong,
            ..Self::default()
        }
    }
}

/// Shows it.
pub(crate) async fn show(
    State(app): State<AppState>,
    viewer: Viewer,
    Id(task): Id<TaskRef>,
    mut params: Params,
) -> Result<Response, ApiError> {
    let mut back = Back {
        before: params.one("before", |text| bounded(text, CURSOR_CHARACTERS_MAX)),
        ..Back::default()
    };
    let comment = params.one("comment", id);
    params.finish(|| Some(()))?;
    if let Some(comment) = comment {
        let actor = &viewer.caller.actor;
        let store = app.store();
        back.before = store
            .page_with_comment(actor, &task, comment, longest().limit)
            .await?;
    }
    page(&app, viewer, &task, back).await
}

/// The page, with what is wrong about a form on it.
pub(super) async fn page(
    app: &AppState,
    viewer: Viewer,
    task: &TaskRef,
    back: Back,
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
        .about(&project);
    shell.task = Some(state.id);
    shell.find_tag_colors(app, [&found].into_iter()).await?;
    let parts = parts(app, &mut shell, &state).await?;
    let parent = match state.parent_id {
        None => None,
        Some(parent) => app.store().some_tasks(&actor, &[parent]).await?.pop(),
    };
    let discussion = comments(app, &shell, &state, &back).await?;
    let facts = facts(app, &shell, &state, back.facts).await?;
    let status = back.wrong.status();
    let is_new = back.comment.is_none();
    let page = TaskPage {
        row: TaskRow::of(&found, &shell),
        project_key: project.key,
        project_name: project.name,
        parent: parent.map(|parent| TaskRow::of(&parent, &shell)),
        parts_done: parts.iter().filter(|p| p.status == Status::Done).count(),
        parts,
        description_html: to_html(&state.description),
        workers: workers(app, &state).await?,
        watching: Watching::of(app, &shell, &state, &discussion.said).await?,
        comments: discussion.said,
        earlier: discussion.earlier,
        before: discussion.before,
        comment_text: if is_new { back.text } else { String::new() },
        wrong: if is_new { back.wrong } else { Wrong::default() },
        history: history(app, &shell, &state).await?,
        facts,
        created: Moment::of(state.created_at, shell.now, shell.zone),
        updated: Moment::of(state.updated_at, shell.now, shell.zone),
        may_write: decide(&actor, Action::WriteTasks, Target::team(state.team_id)).is_ok(),
        task: state,
        shell,
    };
    Ok((status, super::super::render(&page)?).into_response())
}

/// The facts as the form shows them: as they were chosen, or else as they are. What only somebody else changed meanwhile is as
/// they changed it.
async fn facts(
    app: &AppState,
    shell: &Shell,
    task: &TaskState,
    chosen: Option<TaskForm>,
) -> Result<TaskForm, ApiError> {
    let mut facts = TaskForm::of(task, None, shell.zone);
    let Some(chosen) = chosen else {
        return Ok(facts);
    };
    let given = |text: String, now: &mut String| {
        if !text.is_empty() {
            *now = text;
        }
    };
    given(chosen.status, &mut facts.status);
    given(chosen.priority, &mut facts.priority);
    if chosen.version.is_empty() {
        given(chosen.due, &mut facts.due);
    } else {
        // The whole form, in which a time can have been taken away.
        facts.due = chosen.due;
        facts.version = chosen.version;
    }
    overtaken(app, shell, task, &mut facts).await?;
    Ok(facts)
}

async fn parts(
    app: &AppState,
    shell: &mut Shell,
    task: &TaskState,
) -> Result<Vec<TaskRow>, ApiError> {
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
    shell.find_tag_colors(app, parts.items.iter()).await?;
    Ok(parts
        .items
        .iter()
        .map(|part| TaskRow::of(part, shell))
        .collect())
}

async fn history(
    app: &AppState,
    shell: &Shell,
    task: &TaskState,
) -> Result<Vec<NewsLine>, ApiError> {
    let of_task = ActivityFilter {
        task: Some(task.id),
        ..ActivityFilter::default()
    };
    let actor = &shell.viewer.caller.actor;
    let lines = app
        .store()
        .activity(actor, of_task, &PageRequest::default())
        .await?;
    let lines = lines.items.iter();
    Ok(lines.map(|line| NewsLine::of(line, shell)).collect())
}

async fn workers(app: &AppState, task: &TaskState) -> Result<Vec<Worker>, ApiError> {
    let ids: Vec<_> = task.assignees.iter().map(|a| a.user_id).collect();
    let names = app.store().names(&ids).await?;
    let worker = |a: &millstream_event_log::events::task::Assignee| {
        let name = names.get(&a.user_id);
        let name = name.map_or(a.username.as_str(), |name| &name.display_name);
        Worker {
            avatar: Avatar::of(a.user_id, name),
            is_owner: a.role == AssigneeRole::Owner,
        }
    };
    Ok(task.assignees.iter().map(worker).collect())
}
