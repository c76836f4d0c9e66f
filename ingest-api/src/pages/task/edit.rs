//! A new task, and changes to one. A form that is wrong, or that somebody else overtook, comes back with its text.

use super::fields::{PersonChoice, TaskForm, read};
use super::overtaken::{Overtaken, overtaken};
use super::read::{Back, page};
use crate::api::tasks::batch::item_error;
use crate::api::tasks::{create as api_create, update as api_update};
use crate::error::ApiError;
use crate::extract::{Id, Params};
use crate::pages::form::{PageForm, Wrong, sent};
use crate::pages::shell::{Section, Shell};
use crate::pages::show::Avatar;
use crate::pages::viewer::{Viewer, inside};
use crate::state::AppState;
use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use millstream_domain::ids::TeamId;
use millstream_domain::project::ProjectKey;
use millstream_domain::task::{AssigneeRole, Priority, Status};
use millstream_event_log::events::project::ProjectState;
use millstream_event_log::events::task::{Assignee, TaskState};
use millstream_store::StoreError;
use millstream_store::task::{
    Adjustment, BatchEdit, BatchItem, BatchTasks, CreateTask, Task, TaskRef, UpdateTask,
};
use millstream_store::team::Member;

#[derive(Template)]
#[template(path = "pages/task_form.html")]
struct TaskFormPage {
    shell: Shell,
    /// Of the task that is changed; `None` for a new one.
    name: Option<String>,
    form: TaskForm,
    /// What somebody else changed since the form was opened.
    overtaken: Option<Overtaken>,
    wrong: Wrong,
}

impl TaskFormPage {
    /// Whether the form holds what somebody typed, and not only what the task says.
    fn is_typed(&self) -> bool {
        self.overtaken.is_some() || self.wrong.text().is_some()
    }
}

/// The form for a new task.
pub(crate) async fn show_new(
    State(app): State<AppState>,
    viewer: Viewer,
    mut params: Params,
) -> Result<Response, ApiError> {
    let mut take = |name: &str| sent(&mut params, name).unwrap_or_default();
    let form = TaskForm {
        project: take("project"),
        parent: take("parent"),
        title: take("title"),
        status: take("status"),
        due: take("due_at"),
        ..TaskForm::default()
    };
    params.finish(|| Some(()))?;
    new(&app, viewer, form, Wrong::default()).await
}

async fn new(
    app: &AppState,
    viewer: Viewer,
    mut form: TaskForm,
    wrong: Wrong,
) -> Result<Response, ApiError> {
    let mut shell = Shell::of(app, viewer, Section::Projects).await?;
    if form.project.is_empty() && shell.projects.len() == 1 {
        form.project.clone_from(&shell.projects[0].key);
    }
    if let Some(project) = named(app, &shell, &form.project).await? {
        shell = shell.about(&project);
        form.people = people(app, &shell, project.team_id, &form).await?;
    }
    answer(&TaskFormPage {
        shell,
        name: None,
        form,
        overtaken: None,
        wrong,
    })
}

/// The project that a form names, whether or not the navigation shows it; none for a key of none.
async fn named(app: &AppState, shell: &Shell, key: &str) -> Result<Option<ProjectState>, ApiError> {
    let Ok(key) = ProjectKey::new(key) else {
        return Ok(None);
    };
    let actor = &shell.viewer.caller.actor;
    match app.store().project_with_key(actor, &key).await {
        Ok(project) => Ok(Some(project)),
        Err(StoreError::NotFound | StoreError::Refused(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn answer(page: &TaskFormPage) -> Result<Response, ApiError> {
    Ok((page.wrong.status(), super::super::render(page)?).into_response())
}

/// Those who could work on a task of this team, and who does by this form.
pub(super) async fn people(
    app: &AppState,
    shell: &Shell,
    team: TeamId,
    form: &TaskForm,
) -> Result<Vec<PersonChoice>, ApiError> {
    let actor = &shell.viewer.caller.actor;
    let members = app.store().members(actor, team).await?;
    let choice = |member: Member| {
        let id = member.user_id.to_string();
        PersonChoice {
            is_chosen: form.assignees.contains(&id),
            is_owner: form.owners.contains(&id),
            is_everywhere: true,
            avatar: Avatar::of(member.user_id, &member.display_name),
            username: member.username,
            id,
            was: None,
        }
    };
    Ok(members.into_iter().map(choice).collect())
}

/// Makes it.
pub(crate) async fn create(
    State(app): State<AppState>,
    PageForm { viewer, mut params }: PageForm,
) -> Result<Response, ApiError> {
    let next = sent(&mut params, "next");
    let sent = read(&app, &viewer, params, None).await?;
    let created = match api_create::read(sent.body) {
        Ok(task) => {
            let create = CreateTask {
                actor: viewer.caller.actor.clone(),
                task,
            };
            let written = app.store().write(&viewer.caller.origin, create).await;
            written.map_err(ApiError::from)
        }
        Err(error) => Err(error),
    };
    match created {
        Ok(task) => {
            let its_own = format!("/tasks/{}", task.output.state.name);
            let to = next.map_or(its_own, |next| inside(Some(next)));
            Ok(Redirect::to(&to).into_response())
        }
        Err(error) => new(&app, viewer, sent.form, Wrong::of(error)?).await,
    }
}

/// The form for a task that is there.
pub(crate) async fn show_edit(
    State(app): State<AppState>,
    viewer: Viewer,
    Id(task): Id<TaskRef>,
) -> Result<Response, ApiError> {
    let actor = viewer.caller.actor.clone();
    let task = app.store().task(&actor, &task).await?.state;
    let form = form_of(&app, &viewer, &task).await?;
    edit(&app, viewer, TaskRef::Id(task.id), form, Wrong::default()).await
}

/// A task as its form shows it. A parent that nobody sees is none there.
async fn form_of(app: &AppState, viewer: &Viewer, task: &TaskState) -> Result<TaskForm, ApiError> {
    let actor = &viewer.caller.actor;
    let parent = match task.parent_id {
        None => None,
        Some(parent) => app.store().some_tasks(actor, &[parent]).await?.pop(),
    };
    let parent = parent.map(|parent| parent.state.name);
    Ok(TaskForm::of(task, parent.as_deref(), viewer.zone()))
}

async fn edit(
    app: &AppState,
    viewer: Viewer,
    task: TaskRef,
    mut form: TaskForm,
    wrong: Wrong,
) -> Result<Response, ApiError> {
    let actor = viewer.caller.actor.clone();
    let task = app.store().task(&actor, &task).await?.state;
    let project = app.store().project(&actor, task.project_id).await?;
    let mut shell = Shell::of(app, viewer, Section::Projects)
        .await?
        .about(&project);
    shell.task = Some(task.id);
    // With what is typed it is asked for again, by `compare`; one that says what is wrong stands still.
    let is_whole = wrong.status().is_success() || wrong.is_stale();
    shell.here = is_whole.then(|| format!("/tasks/{}/edit", task.name));
    form.people = people(app, &shell, task.team_id, &form).await?;
    // What is saved next is saved over what is there now, which the page shows.
    let overtaken = overtaken(app, &shell, &task, &mut form).await?;
    for person in &mut form.people {
        person.is_chosen = form.assignees.contains(&person.id);
        person.is_owner = form.owners.contains(&person.id);
        let on_it = |a: &&Assignee| a.user_id.to_string() == person.id;
        person.was = task.assignees.iter().find(on_it).map(|a| a.role);
    }
    answer(&TaskFormPage {
        shell,
        name: Some(task.name),
        form,
        overtaken,
        wrong,
    })
}

/// The form with what was typed so far and what others changed meanwhile. Nothing is changed by it: a page asks while it is
/// being typed into.
pub(crate) async fn compare(
    State(app): State<AppState>,
    Id(task): Id<TaskRef>,
    PageForm { viewer, params }: PageForm,
) -> Result<Response, ApiError> {
    let form = read(&app, &viewer, params, None).await?.form;
    edit(&app, viewer, task, form, Wrong::default()).await
}

/// Changes it: the whole of it by its form, or one thing from the task's page.
pub(crate) async fn update(
    State(app): State<AppState>,
    Id(task): Id<TaskRef>,
    PageForm { viewer, params }: PageForm,
) -> Result<Response, ApiError> {
    let actor = viewer.caller.actor.clone();
    let known = app.store().task(&actor, &task).await?.state;
    let shown = form_of(&app, &viewer, &known).await?;
    let sent = read(&app, &viewer, params, Some(&shown)).await?;
    let updated = match api_update::read(sent.body) {
        Ok(edit) => {
            let edit = BatchEdit {
                task: task.clone(),
                expected_version: sent.version.map(Into::into),
                edit,
                adjust: sent.adjust,
            };
            change(&app, &viewer, edit).await
        }
        Err(error) => Err(error),
    };
    match updated {
        Ok(task) => {
            let to = format!("/tasks/{}", task.state.name);
            Ok(Redirect::to(&to).into_response())
        }
        Err(error) if sent.is_whole => edit(&app, viewer, task, sent.form, Wrong::of(error)?).await,
        Err(error) => {
            let back = Back {
                facts: Some(sent.form),
                ..Back::wrong(Wrong::of(error)?)
            };
            page(&app, viewer, &task, back).await
        }
    }
}

/// Changes the fields of a task, and its lists if something comes to them or goes.
async fn change(app: &AppState, viewer: &Viewer, edit: BatchEdit) -> Result<Task, ApiError> {
    let actor = viewer.caller.actor.clone();
    let origin = &viewer.caller.origin;
    let Adjustment {
        assign,
        unassign,
        tag,
        untag,
    } = &edit.adjust;
    if assign.is_empty() && unassign.is_empty() && tag.is_empty() && untag.is_empty() {
        let update = UpdateTask {
            actor,
            task: edit.task,
            expected_version: edit.expected_version,
            edit: edit.edit,
        };
        return Ok(app.store().write(origin, update).await?.output);
    }
    let items = vec![BatchItem::Edit(Box::new(edit))];
    let written = app.store().write(origin, BatchTasks { actor, items });
    let done = written.await?.output.pop();
    let done = done.expect("a batch has an outcome for each of its items");
    done.map_err(|refused| item_error(&refused))
}
