//! Overdue: keyed by task, waits for the time that a task is due, and says once for each such time that it has passed
//! while the task was not done.

use crate::operator::{Context, Operator, Reject};
use chrono::{DateTime, Utc};
use millstream_domain::task::Status;
use millstream_event_log::events::TaskEvent;
use millstream_event_log::events::deadline::TaskOverdue;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// How a task stands to its due time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// What is to be said once it has passed; `None` without one, and for a task that is gone.
    overdue: Option<TaskOverdue>,
    /// Whether it matters: neither done nor put away.
    is_open: bool,
}

impl Standing {
    /// How a task stands after an event.
    #[must_use]
    pub fn after(event: &TaskEvent) -> Self {
        let task = event.after();
        let due = task.and_then(|task| task.due_at.map(|due| TaskOverdue::of(task, due)));
        Self {
            overdue: due,
            is_open: task.is_some_and(|task| {
                task.status != Status::Done && !task.archived && task.trashed_at.is_none()
            }),
        }
    }
}

/// What is remembered of a task that has a due time.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deadline {
    /// What will be said.
    waiting: Option<TaskOverdue>,
    /// The due time for which it was said.
    told: Option<DateTime<Utc>>,
}

/// The operator.
///
/// ```
/// use millstream_event_log::events::{Payload, TaskEvent};
/// use millstream_pipelines::operators::overdue::{Deadline, Overdue, Standing};
/// use millstream_pipelines::{Context, Operator};
///
/// let mut created = TaskEvent::samples().swap_remove(0);
/// let TaskEvent::Created(alone) = &mut created else { unreachable!() };
/// let due = alone.task.created_at + chrono::TimeDelta::hours(1);
/// alone.task.due_at = Some(due);
/// let (key, mut state) = (created.key(), Deadline::default());
/// let standing = Standing::after(&created);
/// Overdue.event(&mut Context::new(due), &key, &mut state, standing).unwrap();
/// assert_eq!(Overdue.due(&state), Some(due));
/// let mut cx = Context::new(due);
/// Overdue.timer(&mut cx, &key, &mut state).unwrap();
/// assert_eq!(cx.into_effects().len(), 1);
/// assert_eq!(Overdue.due(&state), None);
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Overdue;

impl Operator for Overdue {
    type Key = Uuid;
    type In = Standing;
    type Out = TaskOverdue;
    type State = Deadline;

    fn event(
        &self,
        _cx: &mut Context<TaskOverdue>,
        _key: &Uuid,
        state: &mut Deadline,
        standing: Standing,
    ) -> Result<(), Reject> {
        match standing.overdue {
            None => *state = Deadline::default(),
            Some(overdue) => {
                let matters = standing.is_open && state.told != Some(overdue.due_at);
                state.waiting = matters.then_some(overdue);
            }
        }
        Ok(())
    }

    fn due(&self, state: &Deadline) -> Option<DateTime<Utc>> {
        state.waiting.as_ref().map(|waiting| waiting.due_at)
    }

    fn timer(
        &self,
        cx: &mut Context<TaskOverdue>,
        _key: &Uuid,
        state: &mut Deadline,
    ) -> Result<(), Reject> {
        if let Some(overdue) = state.waiting.take() {
            state.told = Some(overdue.due_at);
            cx.emit(overdue);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
