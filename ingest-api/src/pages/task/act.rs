//! Acts on tasks: a comment, away and back, and the same for many at once.

use super::read::page;
use crate::api::tasks::update::read as read_edit;
use crate::error::ApiError;
use crate::extract::Id;
use crate::extract::params::id;
use crate::extract::value::text;
use crate::extract::{Fields, Params};
use crate::pages::form::{PageForm, Wrong, sent};
use crate::pages::viewer::{Viewer, inside};
use crate::state::AppState;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use millstream_domain::comment::CommentBody;
use millstream_domain::field::{FieldCode, Invalid};
use millstream_domain::task::TaskName;
use millstream_domain::when;
use millstream_store::StoreError;
use millstream_store::comment::CreateComment;
use millstream_store::task::{MoveTask, SetTaskPlace, TaskPlace, TaskRef, UpdateTask};
use serde_json::{Map, Value};

/// Writes a comment.
pub(crate) async fn comment(
    State(app): State<AppState>,
    Id(task): Id<TaskRef>,
    PageForm { viewer, mut params }: PageForm,
) -> Result<Response, ApiError> {
    let body = sent(&mut params, "body").unwrap_or_default();
    params.finish(|| Some(()))?;
    let mut fields = Fields::new(Map::from_iter([(
        "body".to_owned(),
        Value::String(body.clone()),
    )]));
    let read = fields.required("body", text(CommentBody::new));
    let written = match fields.finish(|| read) {
        Ok(body) => {
            let create = CreateComment {
                actor: viewer.caller.actor.clone(),
                task: task.clone(),
                body,
            };
            let written = app.store().write(&viewer.caller.origin, create).await;
            written.map_err(ApiError::from)
        }
        Err(error) => Err(error),
    };
    match written {
        Ok(comment) => {
            let task = app.store().task(&viewer.caller.actor, &task).await?;
            let (name, id) = (task.state.name, comment.output.id);
            Ok(Redirect::to(&format!("/tasks/{name}#comment-{id}")).into_response())
        }
        Err(error) => page(&app, viewer, &task, body, Wrong::of(error)?).await,
    }
}

/// Puts a task away, or brings it back.
pub(crate) async fn place(
    State(app): State<AppState>,
    Id(task): Id<TaskRef>,
    PageForm { viewer, mut params }: PageForm,
) -> Result<Response, ApiError> {
    let place = params.needed("act", where_to);
    let place = params.finish(|| place)?;
    let name = put(&app, &viewer, task, place).await?;
    // What is in the trash has no page.
    let to = match place {
        TaskPlace::Trash => {
            let project = name.rsplit_once('-').map_or("", |(key, _)| key);
            format!("/projects/{project}")
        }
        TaskPlace::Open | TaskPlace::Archive => format!("/tasks/{name}"),
    };
    Ok(Redirect::to(&to).into_response())
}

/// Moves a card on a board: into a lane, behind one card or before another.
pub(crate) async fn carry(
    State(app): State<AppState>,
    Id(task): Id<TaskRef>,
    PageForm { viewer, mut params }: PageForm,
) -> Result<Response, ApiError> {
    let move_task = MoveTask {
        actor: viewer.caller.actor.clone(),
        task,
        expected_version: None,
        status: params.one("status", str::parse),
        after: params.one("after", id),
        before: params.one("before", id),
        project: None,
    };
    params.finish(|| Some(()))?;
    let written = app.store().write(&viewer.caller.origin, move_task).await?;
    let name = written.output.state.name;
    Ok(Redirect::to(&format!("/tasks/{name}")).into_response())
}

fn where_to(act: &str) -> Result<TaskPlace, Invalid> {
    match act {
        "restore" => Ok(TaskPlace::Open),
        "archive" => Ok(TaskPlace::Archive),
        "trash" => Ok(TaskPlace::Trash),
        _ => Err(Invalid::new(
            FieldCode::NotOneOf,
            "must be restore, archive or trash",
        )),
    }
}

async fn put(
    app: &AppState,
    viewer: &Viewer,
    task: TaskRef,
    place: TaskPlace,
) -> Result<String, ApiError> {
    let set = SetTaskPlace {
        actor: viewer.caller.actor.clone(),
        task,
        expected_version: None,
        place,
    };
    let written = app.store().write(&viewer.caller.origin, set).await?;
    Ok(written.output.state.name)
}

/// Does the same to every selected task. Those that are gone meanwhile, or not the viewer's to change, stay as they are.
pub(crate) async fn bulk(
    State(app): State<AppState>,
    PageForm { viewer, mut params }: PageForm,
) -> Result<Response, ApiError> {
    let back = inside(sent(&mut params, "back"));
    let act = sent(&mut params, "act").unwrap_or_else(|| "change".to_owned());
    let tasks = params.many("task", |name| {
        name.parse::<TaskName>()
            .map_err(|_| Invalid::new(FieldCode::Invalid, "must be the name of a task"))
    });
    let edit = changes(&app, &viewer, &mut params)?;
    params.finish(|| Some(()))?;
    let place = where_to(&act).ok();
    for name in tasks {
        let task = TaskRef::Name(name);
        let done = match place {
            Some(place) => put(&app, &viewer, task, place).await.map(drop),
            None => change(&app, &viewer, task, edit.clone()).await,
        };
        match done {
            Err(error) if !error.code.status().is_client_error() => return Err(error),
            _ => {}
        }
    }
    Ok(Redirect::to(&back).into_response())
}

/// What is to be different: what was chosen, and nothing where nothing was.
fn changes(
    app: &AppState,
    viewer: &Viewer,
    params: &mut Params,
) -> Result<Map<String, Value>, ApiError> {
    let mut edit = Map::new();
    for name in ["status", "priority", "due_at"] {
        let Some(value) = sent(params, name).filter(|value| !value.trim().is_empty()) else {
            continue;
        };
        let value = match name {
            "due_at" => {
                let due = when::parse(&value, app.now(), viewer.zone());
                let due = due.ok_or_else(|| {
                    ApiError::bad_request(format!("“{value}” is not a time that is understood"))
                })?;
                due.to_rfc3339()
            }
            _ => value,
        };
        edit.insert(name.to_owned(), Value::String(value));
    }
    Ok(edit)
}

async fn change(
    app: &AppState,
    viewer: &Viewer,
    task: TaskRef,
    edit: Map<String, Value>,
) -> Result<(), ApiError> {
    let update = UpdateTask {
        actor: viewer.caller.actor.clone(),
        task,
        expected_version: None,
        edit: read_edit(Fields::new(edit))?,
    };
    let written: Result<_, StoreError> = app.store().write(&viewer.caller.origin, update).await;
    Ok(written.map(drop)?)
}
