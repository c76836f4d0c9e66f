//! A form that somebody else overtook: what they changed, and what of it stands in the form already.
//!
//! Three states are compared, field by field: the task as the form knew it, the task as it is, and what was typed. A field that
//! only they changed is taken over; one that both changed keeps what was typed, and both are shown. The first of the three is
//! read from the log, which has every version; where it cannot be found, every difference counts as one that both made.

use super::differences::{Difference, Reader};
use super::fields::TaskForm;
use crate::api::tasks::history::actors;
use crate::error::ApiError;
use crate::pages::shell::Shell;
use crate::state::AppState;
use millstream_domain::ids::TaskId;
use millstream_event_log::events::task::TaskState;
use millstream_event_log::{Cut, Event, Record};
use std::collections::BTreeSet;

/// How many changes of a task are looked through for the version that a form knew: more are not made while somebody types.
const RECORDS_MAX: u32 = 50;
/// How often the log is looked at when the mover has not moved the newest change yet.
const LOOKS: usize = 3;

/// What happened to a task while somebody had its form open.
#[derive(Debug, Default)]
pub(super) struct Overtaken {
    /// Who changed it, where that is known.
    pub(super) who: Vec<String>,
    pub(super) differences: Vec<Difference>,
}

/// What a form was overtaken by. The form takes over what only they changed, and knows the newest version.
pub(super) async fn overtaken(
    app: &AppState,
    shell: &Shell,
    task: &TaskState,
    form: &mut TaskForm,
) -> Result<Option<Overtaken>, ApiError> {
    let known: i64 = form.version.parse().unwrap_or(task.version);
    form.version = task.version.to_string();
    if known >= task.version {
        return Ok(None);
    }
    let (base, records) = past(app, task, known).await?;
    let names = actors(app, &records).await?;
    let who = names.values().map(|name| name.display_name.clone());
    let parents: BTreeSet<TaskId> = [base.as_ref().and_then(|b| b.parent_id), task.parent_id]
        .into_iter()
        .flatten()
        .collect();
    let parents: Vec<_> = parents.into_iter().collect();
    let actor = &shell.viewer.caller.actor;
    let parents = app.store().some_tasks(actor, &parents).await?;
    let as_form = |state: &TaskState| {
        let parent = parents.iter().find(|p| Some(p.state.id) == state.parent_id);
        TaskForm::of(state, parent.map(|p| p.state.name.as_str()), shell.zone)
    };
    let theirs = as_form(task);
    let base = base.as_ref().map(as_form);
    let reader = Reader { app, shell, task };
    Ok(Some(Overtaken {
        who: who.collect(),
        differences: reader.differences(base.as_ref(), &theirs, form),
    }))
}

/// The task as it was at a version, and what happened to it since.
async fn past(
    app: &AppState,
    task: &TaskState,
    known: i64,
) -> Result<(Option<TaskState>, Vec<Record>), ApiError> {
    let mut look = 1;
    let records = loop {
        // Before the look, so that what comes after it ends the wait, and nothing else does.
        let tail = app.log().bounds().await?.tail;
        let records = app.log().last_of_key(task.id.0, RECORDS_MAX).await?;
        let newest = records.iter().find_map(of_task);
        let is_there = newest.is_some_and(|(state, _)| state.version >= task.version);
        if is_there || look == LOOKS {
            break records;
        }
        look += 1;
        app.log().wait(Cut::at(tail)).await;
    };
    let (mut base, mut since) = (None, Vec::new());
    for record in records {
        let Some((state, before)) = of_task(&record) else {
            continue;
        };
        if state.version <= known {
            break;
        }
        base = before;
        since.push(record);
    }
    // What it said in another team is not told in this one.
    let is_known = |base: &TaskState| base.version == known && base.team_id == task.team_id;
    Ok((base.filter(is_known), since))
}

/// The states after and before a change of a task.
fn of_task(record: &Record) -> Option<(TaskState, Option<TaskState>)> {
    match record.event() {
        Ok(Event::Task(event)) => Some((event.task().clone(), event.before().cloned())),
        _ => None,
    }
}
