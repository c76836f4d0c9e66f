//! What a search answers with, in the shapes of the API.

use chrono::{DateTime, Utc};
use millstream_domain::ids::{CommentId, ProjectId, TaskId, UserId};
use millstream_domain::task::{Priority, Status};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

pub use crate::document::Assignee;

/// One page of hits, and what can be said of all of them.
#[derive(Debug, Clone, PartialEq)]
pub struct SearchResults {
    /// The page, best first.
    pub hits: Vec<Hit>,
    /// How many hits there are on all pages.
    pub total: u64,
    /// All hits, counted by some of their fields.
    pub facets: Facets,
    /// Where the next page goes on; `None` at the end.
    pub next_cursor: Option<String>,
}

/// A task that was found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Hit {
    /// The task.
    pub task: HitTask,
    /// How well it fits; comparable within one search only.
    pub score: f32,
    /// Where it fits.
    pub highlights: Vec<Highlight>,
}

/// A task as a hit shows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HitTask {
    /// Its id.
    pub id: TaskId,
    /// Its name, such as `ENG-42`.
    pub name: String,
    /// Its title.
    pub title: String,
    /// How far it is.
    pub status: Status,
    /// How much it matters.
    pub priority: Priority,
    /// Its project.
    pub project_id: ProjectId,
    /// Who works on it.
    pub assignees: Vec<Assignee>,
    /// When it is due.
    pub due_at: Option<DateTime<Utc>>,
    /// Put away.
    pub archived: bool,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

/// A piece of a text with what was looked for in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Highlight {
    /// Where it stands: `name`, `title`, `description`, `comments`, `tags` or `metadata.imported_from`.
    pub field: Cow<'static, str>,
    /// The piece as HTML: everything spelled out but the `<mark>` around what was looked for.
    pub html: String,
    /// The comment it stands in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment_id: Option<CommentId>,
}

/// All hits counted by field, the most frequent values first.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Facets {
    /// By status.
    pub status: Vec<Count<Status>>,
    /// By priority.
    pub priority: Vec<Count<Priority>>,
    /// By project, the first [`FACET_VALUES_MAX`].
    pub project: Vec<Count<ProjectId>>,
    /// By assignee, the first [`FACET_VALUES_MAX`].
    pub assignee: Vec<Count<UserId>>,
}

/// Most values of a facet: more than anybody reads.
pub const FACET_VALUES_MAX: usize = 50;

/// How many hits have a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count<T> {
    /// The value.
    pub value: T,
    /// How many hits have it.
    pub count: u64,
}
