//! Acts on a task: away and back, and on a board.

use crate::error::ApiError;
use crate::extract::Id;
use crate::extract::params::id;
use crate::pages::form::PageForm;
use crate::pages::viewer::Viewer;
use crate::state::AppState;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use millstream_domain::field::{FieldCode, Invalid};
use millstream_store::task::{MoveTask, SetTaskPlace, TaskPlace, TaskRef};

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

pub(super) fn where_to(act: &str) -> Result<TaskPlace, Invalid> {
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
