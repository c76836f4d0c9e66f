//! `/tasks/set/{what}`: one property of one task or of several, on a page of its own. The script shows it as a picker over
//! whatever page is looked at; without it the page does.

use super::edit::people;
use super::fields::{PersonChoice, TaskForm};
use crate::error::ApiError;
use crate::extract::Params;
use crate::pages::form::sent;
use crate::pages::shell::{Section, Shell};
use crate::pages::show::TagMark;
use crate::pages::show::task::{priority_text, status_text};
use crate::pages::viewer::{Viewer, inside};
use crate::state::AppState;
use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use millstream_domain::field::{FieldCode, Invalid};
use millstream_domain::task::{Priority, Status, TaskName};
use millstream_event_log::events::task::TaskState;
use millstream_store::PageRequest;
use millstream_store::page::LIMIT_MAX;
use millstream_store::task::TaskRef;

/// Pages of tags that can be chosen from: whoever has more types their names.
const TAG_PAGES_MAX: usize = 5;

/// What can be set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Status,
    Priority,
    Due,
    Assignees,
    Tags,
}

impl What {
    fn of(name: &str) -> Option<Self> {
        match name {
            "status" => Some(Self::Status),
            "priority" => Some(Self::Priority),
            "due" => Some(Self::Due),
            "assignees" => Some(Self::Assignees),
            "tags" => Some(Self::Tags),
            _ => None,
        }
    }
}

impl What {
    /// As the field is called, and the address.
    fn as_str(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Priority => "priority",
            Self::Due => "due",
            Self::Assignees => "assignees",
            Self::Tags => "tags",
        }
    }
}

/// Due times that are offered: what is typed most often, and what else is understood.
pub(crate) const DATES: [&str; 8] = [
    "today",
    "tomorrow",
    "fri",
    "mon",
    "in 1 week",
    "in 2 weeks",
    "in 1 month",
    "17:00",
];

#[derive(Template)]
#[template(path = "pages/task_set.html")]
struct SetPage {
    shell: Shell,
    what: What,
    title: &'static str,
    /// The names of the tasks, one at least.
    tasks: Vec<String>,
    form: TaskForm,
    tags: Vec<TagChoice>,
    back: String,
}

/// A tag that could be on it.
struct TagChoice {
    mark: TagMark,
    is_chosen: bool,
}

impl SetPage {
    /// The one task; `None` for several, whose lists are added to and not replaced.
    fn one(&self) -> Option<&str> {
        match self.tasks.as_slice() {
            [one] => Some(one),
            _ => None,
        }
    }

    /// Whether several can be chosen.
    fn has_boxes(&self) -> bool {
        match self.what {
            What::Tags => true,
            What::Assignees => self.one().is_some(),
            What::Status | What::Priority | What::Due => false,
        }
    }

    /// What the radio buttons are: value, text, whether it is chosen.
    fn words(&self) -> Vec<(&'static str, &'static str, bool)> {
        let t = self.shell.t;
        let is_one = self.one().is_some();
        match self.what {
            What::Status => Status::ALL
                .iter()
                .map(|s| {
                    (
                        s.as_str(),
                        status_text(s, t),
                        is_one && self.form.is_status(s),
                    )
                })
                .collect(),
            What::Priority => Priority::ALL
                .iter()
                .map(|p| {
                    let is_chosen = is_one && self.form.is_priority(p);
                    (p.as_str(), priority_text(p, t), is_chosen)
                })
                .collect(),
            What::Due | What::Assignees | What::Tags => Vec::new(),
        }
    }

    fn people(&self) -> &[PersonChoice] {
        &self.form.people
    }
}

/// The form.
pub(crate) async fn show_set(
    State(app): State<AppState>,
    viewer: Viewer,
    Path(what): Path<String>,
    mut params: Params,
) -> Result<Response, ApiError> {
    let what = What::of(&what).ok_or_else(ApiError::not_found)?;
    let names = params.many("task", |name| {
        name.parse::<TaskName>()
            .map_err(|_| Invalid::new(FieldCode::Invalid, "must be the name of a task"))
    });
    let back = sent(&mut params, "back");
    params.finish(|| Some(()))?;
    let first = names.first().cloned().ok_or_else(ApiError::not_found)?;
    let actor = viewer.caller.actor.clone();
    let task = app.store().task(&actor, &TaskRef::Name(first)).await?.state;
    let project = app.store().project(&actor, task.project_id).await?;
    let shell = Shell::of(&app, viewer, Section::Projects)
        .await?
        .about(&project);
    let mut form = TaskForm::default();
    if names.len() == 1 {
        form = TaskForm::of(&task, None, shell.zone);
    }
    if what == What::Assignees {
        form.people = people(&app, &shell, task.team_id, &form).await?;
    }
    let t = shell.t;
    super::super::render(&SetPage {
        title: match what {
            What::Status => t.status,
            What::Priority => t.priority,
            What::Due => t.due,
            What::Assignees => t.assignees,
            What::Tags => t.tags,
        },
        tags: if what == What::Tags {
            tags(&app, &shell, &task, names.len() == 1).await?
        } else {
            Vec::new()
        },
        back: inside(back.or_else(|| Some(format!("/tasks/{}", task.name)))),
        tasks: names.iter().map(ToString::to_string).collect(),
        what,
        form,
        shell,
    })
}

/// The team's tags, by name.
async fn tags(
    app: &AppState,
    shell: &Shell,
    task: &TaskState,
    is_one: bool,
) -> Result<Vec<TagChoice>, ApiError> {
    let mut page = PageRequest {
        limit: LIMIT_MAX,
        cursor: None,
    };
    let mut tags = Vec::new();
    for _ in 0..TAG_PAGES_MAX {
        let actor = &shell.viewer.caller.actor;
        let found = app.store().tags(actor, Some(task.team_id), &page).await?;
        tags.extend(found.items.iter().map(|tag| TagChoice {
            mark: TagMark::new(&tag.name, Some(&tag.color)),
            is_chosen: is_one && task.tags.iter().any(|on| on.id == tag.id),
        }));
        match found.next_cursor {
            Some(cursor) => page.cursor = Some(cursor),
            None => break,
        }
    }
    tags.sort_by_cached_key(|tag| tag.mark.name.to_lowercase());
    Ok(tags)
}
