//! Who watches a task, and a choice of one's own.

use super::talk::Said;
use crate::error::ApiError;
use crate::extract::Id;
use crate::extract::params::flag;
use crate::pages::form::PageForm;
use crate::pages::shell::Shell;
use crate::pages::show::Avatar;
use crate::state::AppState;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use millstream_event_log::events::task::TaskState;
use millstream_store::task::{TaskRef, WatchTask};

/// Who watches it, as its page shows it.
pub(super) struct Watching {
    pub(super) people: Vec<Avatar>,
    /// Whether the viewer is told what happens to it: because they chose to, or because they take part in it.
    pub(super) is_told: bool,
    /// Whether only because they take part in it: then they do not stand among those who watch.
    pub(super) takes_part: bool,
}

impl Watching {
    pub(super) async fn of(
        app: &AppState,
        shell: &Shell,
        task: &TaskState,
        said: &[Said],
    ) -> Result<Self, ApiError> {
        let caller = &shell.viewer.caller;
        let found = app
            .store()
            .watchers(&caller.actor, &TaskRef::Id(task.id))
            .await?;
        let takes_part = task.created_by == Some(caller.id)
            || task.assignees.iter().any(|a| a.user_id == caller.id)
            || said.iter().any(|comment| comment.by == caller.id);
        let people = found.watchers.iter();
        Ok(Self {
            people: people
                .map(|person| Avatar::of(person.user_id, &person.display_name))
                .collect(),
            is_told: found.chosen.unwrap_or(takes_part),
            takes_part: takes_part && found.chosen.is_none(),
        })
    }
}

/// Watches a task, or does not want to hear of it.
pub(crate) async fn watch(
    State(app): State<AppState>,
    Id(task): Id<TaskRef>,
    PageForm { viewer, mut params }: PageForm,
) -> Result<Response, ApiError> {
    let watches = params.needed("watches", flag);
    let watches = params.finish(|| watches)?;
    let choice = WatchTask {
        actor: viewer.caller.actor.clone(),
        task,
        watches,
    };
    let written = app.store().write(&viewer.caller.origin, choice).await?;
    let to = format!("/tasks/{}", written.output.state.name);
    Ok(Redirect::to(&to).into_response())
}
