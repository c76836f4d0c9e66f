//! Tasks as rows and cards.

use super::{Avatar, Due, TagMark};
use crate::pages::shell::Shell;
use crate::pages::texts::Texts;
use millstream_domain::task::{Priority, Status};
use millstream_store::task::Task;

/// A task, ready to be shown in a list or on a board.
#[derive(Debug, Clone)]
pub(crate) struct TaskRow {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) title: String,
    pub(crate) status: Status,
    pub(crate) priority: Priority,
    pub(crate) due: Option<Due>,
    pub(crate) assignees: Vec<Avatar>,
    pub(crate) tags: Vec<TagMark>,
    pub(crate) comments: i64,
    pub(crate) archived: bool,
}

impl TaskRow {
    /// How this task looks to this viewer now.
    pub(crate) fn of(task: &Task, shell: &Shell) -> Self {
        let state = &task.state;
        let is_done = state.status == Status::Done;
        Self {
            id: state.id.to_string(),
            name: state.name.clone(),
            title: state.title.clone(),
            status: state.status,
            priority: state.priority,
            due: state
                .due_at
                .map(|due| Due::of(due, shell.now, shell.zone, is_done)),
            assignees: state
                .assignees
                .iter()
                .map(|a| Avatar::of(a.user_id, &a.username))
                .collect(),
            tags: state
                .tags
                .iter()
                .map(|tag| TagMark::of(tag, shell))
                .collect(),
            comments: task.comments_count,
            archived: state.archived,
        }
    }
}

/// A status in words.
#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "templates pass references"
)]
pub(crate) fn status_text(status: &Status, t: &Texts) -> &'static str {
    match status {
        Status::Todo => t.status_todo,
        Status::InProgress => t.status_in_progress,
        Status::Blocked => t.status_blocked,
        Status::Done => t.status_done,
    }
}

/// A priority in words.
#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "templates pass references"
)]
pub(crate) fn priority_text(priority: &Priority, t: &Texts) -> &'static str {
    match priority {
        Priority::Low => t.priority_low,
        Priority::Medium => t.priority_medium,
        Priority::High => t.priority_high,
        Priority::Urgent => t.priority_urgent,
    }
}
