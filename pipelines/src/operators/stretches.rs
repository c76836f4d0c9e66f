//! Stretches: keyed by task, cuts its life into stretches in which nothing that reports ask about changed, and says with
//! which of them it was made, finished and taken up again.
//!
//! A stretch lasts as long as status, project, team, assignees and *put away* stay the same. In the trash a task has none.

use crate::dataflows::lake::{Fact, IntervalRow, LakeChange, TaskRow, Thing, workers};
use crate::operator::{Context, Operator, Reject};
use chrono::{DateTime, Utc};
use millstream_domain::task::Status;
use millstream_event_log::Seq;
use millstream_event_log::events::task::TaskState;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What is remembered of a task. Short names, because there is one of each task, for as long as it is there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Life {
    /// How many stretches it has had.
    #[serde(rename = "n")]
    number: u32,
    /// When work on it began.
    #[serde(rename = "w", default, skip_serializing_if = "Option::is_none")]
    started_at: Option<DateTime<Utc>>,
    /// Since when it has its status.
    #[serde(rename = "s", default, skip_serializing_if = "Option::is_none")]
    status_since: Option<DateTime<Utc>>,
    /// The stretch that lasts.
    #[serde(rename = "o", default, skip_serializing_if = "Option::is_none")]
    open: Option<Open>,
}

/// What the task itself does not say of the stretch that lasts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Open {
    /// When it began.
    #[serde(rename = "a")]
    at: DateTime<Utc>,
    /// The record with which it began.
    #[serde(rename = "q")]
    seq: Seq,
    /// When the task was due then.
    #[serde(rename = "d", default, skip_serializing_if = "Option::is_none")]
    due_at: Option<DateTime<Utc>>,
    /// How it began.
    #[serde(rename = "b", default)]
    beginning: Beginning,
}

/// How a stretch began.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
enum Beginning {
    /// By anything else.
    #[default]
    #[serde(rename = "-")]
    Other,
    /// The task was made.
    #[serde(rename = "n")]
    Creation,
    /// It was made and finished in one.
    #[serde(rename = "nc")]
    CreationDone,
    /// It was finished.
    #[serde(rename = "c")]
    Completion,
    /// It was taken up again.
    #[serde(rename = "r")]
    Reopening,
}

/// The operator.
#[derive(Debug, Clone, Copy)]
pub struct Stretches;

impl Operator for Stretches {
    type Key = Uuid;
    type In = Fact;
    type Out = LakeChange;
    type State = Life;

    fn event(
        &self,
        cx: &mut Context<LakeChange>,
        _key: &Uuid,
        life: &mut Life,
        fact: Fact,
    ) -> Result<(), Reject> {
        let seq = fact.event.seq;
        cx.emit(LakeChange::Event(fact.event));
        match fact.thing {
            Some(Thing::Task {
                before,
                after,
                imported,
            }) => life.goes_on(cx, seq, before.as_deref(), after.as_deref(), imported),
            Some(Thing::Other(change)) => cx.emit(change),
            None => {}
        }
        Ok(())
    }
}

/// A task that is somewhere: in the trash it is nowhere.
fn present(task: Option<&TaskState>) -> Option<&TaskState> {
    task.filter(|task| task.trashed_at.is_none())
}

/// Whether a stretch goes on.
fn same(before: &TaskState, after: &TaskState) -> bool {
    before.status == after.status
        && before.archived == after.archived
        && before.project_id == after.project_id
        && before.team_id == after.team_id
        && workers(before) == workers(after)
}

impl Life {
    fn goes_on(
        &mut self,
        cx: &mut Context<LakeChange>,
        seq: Seq,
        before: Option<&TaskState>,
        after: Option<&TaskState>,
        imported: bool,
    ) {
        let at = cx.at();
        let (was, is) = (present(before), present(after));
        let lasts = matches!((was, is), (Some(was), Some(is)) if same(was, is));
        if !lasts {
            if let (Some(was), Some(open)) = (was, self.open.take()) {
                cx.emit(self.row(was, &open, Some((seq, at))));
            }
            if let Some(is) = is {
                self.begin(cx, seq, before, is, imported);
            }
        }
        match after {
            None => {
                cx.emit(LakeChange::RemoveTask(
                    before.expect("what is gone was there").id,
                ));
                *self = Self::default();
            }
            Some(after) => {
                let is_here = is.is_some();
                cx.emit(LakeChange::PutTask(Box::new(TaskRow {
                    status_since: self.status_since.filter(|_| is_here),
                    started_at: self.started_at.filter(|_| is_here),
                    ..TaskRow::of(after)
                })));
            }
        }
    }

    fn begin(
        &mut self,
        cx: &mut Context<LakeChange>,
        seq: Seq,
        before: Option<&TaskState>,
        is: &TaskState,
        imported: bool,
    ) {
        let at = cx.at();
        let beginning = match before {
            None if is.status == Status::Done && !imported => Beginning::CreationDone,
            None => Beginning::Creation,
            Some(before) if before.status == is.status => Beginning::Other,
            Some(_) if is.status == Status::Done => Beginning::Completion,
            Some(before) if before.status == Status::Done => Beginning::Reopening,
            Some(_) => Beginning::Other,
        };
        if before.is_none_or(|before| before.status != is.status) {
            self.status_since = Some(at);
        }
        if beginning == Beginning::Reopening {
            self.started_at = None;
        }
        if is.status == Status::InProgress && self.started_at.is_none() {
            self.started_at = Some(at);
        }
        self.number += 1;
        let open = Open {
            at,
            seq,
            due_at: is.due_at,
            beginning,
        };
        cx.emit(self.row(is, &open, None));
        self.open = Some(open);
    }

    /// The row of a stretch of this task, which has ended or lasts.
    fn row(&self, task: &TaskState, open: &Open, end: Option<(Seq, DateTime<Utc>)>) -> LakeChange {
        let beginning = open.beginning;
        LakeChange::PutInterval(Box::new(IntervalRow {
            task_id: task.id,
            number: self.number,
            team_id: task.team_id,
            project_id: task.project_id,
            status: task.status,
            archived: task.archived,
            assignees: workers(task),
            entered_at: open.at,
            // A clock that was set back makes a stretch without length, not one that ends before it begins.
            left_at: end.map(|(_, at)| at.max(open.at)),
            status_since: self.status_since.unwrap_or(open.at),
            started_at: self.started_at,
            created_at: task.created_at,
            due_at: open.due_at,
            creation: matches!(beginning, Beginning::Creation | Beginning::CreationDone),
            completion: matches!(beginning, Beginning::Completion | Beginning::CreationDone),
            reopening: beginning == Beginning::Reopening,
            entered_seq: open.seq,
            left_seq: end.map(|(seq, _)| seq),
        }))
    }
}

#[cfg(test)]
mod tests;
