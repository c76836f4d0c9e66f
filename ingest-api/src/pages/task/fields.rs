//! The fields of a task as a form has them, and as the API reads them: texts become times, numbers, lists and ids.

use super::lists::Lists;
use crate::error::ApiError;
use crate::extract::{Fields, Params};
use crate::pages::form::sent;
use crate::pages::show::Avatar;
use crate::pages::show::day::editable;
use crate::pages::texts::ENGLISH;
use crate::pages::viewer::Viewer;
use crate::state::AppState;
use chrono_tz::Tz;
use millstream_domain::field::{FieldCode, Invalid};
use millstream_domain::project::ProjectKey;
use millstream_domain::task::{ASSIGNEES_MAX, AssigneeRole, Priority, Status, TaskName};
use millstream_domain::when;
use millstream_event_log::events::task::TaskState;
use millstream_store::StoreError;
use millstream_store::task::{Adjustment, TaskRef};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// What was typed, to be shown again when something is wrong with it.
#[derive(Debug, Clone, Default)]
pub(super) struct TaskForm {
    pub(super) title: String,
    pub(super) description: String,
    pub(super) project: String,
    pub(super) status: String,
    pub(super) priority: String,
    pub(super) due: String,
    pub(super) tags: String,
    pub(super) estimated_hours: String,
    pub(super) actual_hours: String,
    pub(super) parent: String,
    /// Ids of those who work on it.
    pub(super) assignees: Vec<String>,
    /// Ids of those among them who answer for it.
    pub(super) owners: Vec<String>,
    pub(super) version: String,
    pub(super) people: Vec<PersonChoice>,
}

/// Somebody who could work on it.
#[derive(Debug, Clone)]
pub(super) struct PersonChoice {
    pub(super) id: String,
    pub(super) username: String,
    pub(super) avatar: Avatar,
    pub(super) is_chosen: bool,
    pub(super) is_owner: bool,
    /// Whether they are in the teams of all tasks that are meant.
    pub(super) is_everywhere: bool,
    /// Whether they work on the task already, and as what: what a form brings is told from that.
    pub(super) was: Option<AssigneeRole>,
}

impl TaskForm {
    /// A task as it is now.
    pub(super) fn of(task: &TaskState, parent: Option<&str>, zone: Tz) -> Self {
        let hours = |hours: Option<f64>| hours.map_or_else(String::new, |h| h.to_string());
        let tags: Vec<_> = task.tags.iter().map(|tag| tag.name.as_str()).collect();
        Self {
            title: task.title.clone(),
            description: task.description.clone(),
            project: String::new(),
            status: task.status.as_str().to_owned(),
            priority: task.priority.as_str().to_owned(),
            due: task
                .due_at
                .map_or_else(String::new, |due| editable(due, zone)),
            tags: tags.join(", "),
            estimated_hours: hours(task.estimated_hours),
            actual_hours: hours(task.actual_hours),
            parent: parent.unwrap_or_default().to_owned(),
            assignees: task
                .assignees
                .iter()
                .map(|a| a.user_id.to_string())
                .collect(),
            owners: task
                .assignees
                .iter()
                .filter(|a| a.role == AssigneeRole::Owner)
                .map(|a| a.user_id.to_string())
                .collect(),
            version: task.version.to_string(),
            people: Vec::new(),
        }
    }

    pub(super) fn is_project(&self, key: &str) -> bool {
        self.project == key
    }

    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "templates pass references"
    )]
    pub(super) fn is_status(&self, status: &Status) -> bool {
        let chosen = if self.status.is_empty() {
            Status::Todo.as_str()
        } else {
            &self.status
        };
        chosen == status.as_str()
    }

    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "templates pass references"
    )]
    pub(super) fn is_priority(&self, priority: &Priority) -> bool {
        let chosen = if self.priority.is_empty() {
            Priority::Medium.as_str()
        } else {
            &self.priority
        };
        chosen == priority.as_str()
    }
}

/// What a form brought: as it was typed, and as the members of a body that the API reads.
pub(super) struct Sent {
    /// Whether it is the form of the whole task.
    pub(super) is_whole: bool,
    /// Who is to come or go, and which tags: whoever else came meanwhile stays.
    pub(super) adjust: Adjustment,
    pub(super) form: TaskForm,
    pub(super) version: Option<i64>,
    pub(super) body: Fields,
}

/// The fields that a form had. One that it did not have is not there.
#[derive(Debug, Default)]
struct Typed {
    texts: BTreeMap<&'static str, String>,
    assignees: Vec<String>,
    owners: Vec<String>,
    lists: Lists,
}

/// How a text becomes what the API reads.
type Reading<'a> = &'a dyn Fn(&str) -> Value;

/// The fields of a form that hold one text.
const TEXTS: [&str; 10] = [
    "title",
    "description",
    "status",
    "priority",
    "due_at",
    "estimated_hours",
    "actual_hours",
    "parent",
    "project",
    "version",
];

impl Typed {
    fn of(params: &mut Params) -> Self {
        let texts = TEXTS
            .into_iter()
            .filter_map(|name| Some((name, sent(params, name)?)));
        let mut texts: BTreeMap<_, _> = texts.collect();
        if let Some(text) = texts.get_mut("description") {
            *text = as_written(text);
        }
        // Some of them in one field, or each in a box of its own.
        let tags = params.many("tags", |name| Ok(name.trim().to_owned()));
        if !tags.is_empty() {
            let tags: Vec<_> = tags.into_iter().filter(|tag| !tag.is_empty()).collect();
            texts.insert("tags", tags.join(", "));
        }
        Self {
            lists: Lists::of(params),
            texts,
            assignees: params.many("assignee", |id| Ok(id.to_owned())),
            owners: params.many("owner", |id| Ok(id.to_owned())),
        }
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.texts.get(name).map(String::as_str)
    }

    /// As it is shown again.
    fn form(&self) -> TaskForm {
        let text = |name| self.get(name).unwrap_or_default().to_owned();
        TaskForm {
            title: text("title"),
            description: text("description"),
            project: text("project"),
            status: text("status"),
            priority: text("priority"),
            due: text("due_at"),
            tags: text("tags"),
            estimated_hours: text("estimated_hours"),
            actual_hours: text("actual_hours"),
            parent: text("parent"),
            assignees: self.assignees.clone(),
            owners: self.owners.clone(),
            version: text("version"),
            people: Vec::new(),
        }
    }

    /// What needs no looking up.
    fn members(&self) -> Map<String, Value> {
        let plain = |text: &str| Value::String(text.to_owned());
        let readings: [(&str, Reading<'_>); 7] = [
            ("title", &plain),
            ("description", &plain),
            ("status", &plain),
            ("priority", &plain),
            ("estimated_hours", &number),
            ("actual_hours", &number),
            ("tags", &list),
        ];
        readings
            .into_iter()
            .filter(|(name, _)| *name != "tags" || !self.lists.has_tags())
            .filter_map(|(name, read)| Some((name.to_owned(), read(self.get(name)?))))
            .collect()
    }
}

/// Reads a form. Only what is in it is in the body; and of what a task `shown` cannot say in a form — the seconds of a due time,
/// a parent that nobody sees — only what is another text by now.
pub(super) async fn read(
    app: &AppState,
    viewer: &Viewer,
    mut params: Params,
    shown: Option<&TaskForm>,
) -> Result<Sent, ApiError> {
    let typed = Typed::of(&mut params);
    let is_whole = sent(&mut params, "whole").is_some();
    params.finish(|| Some(()))?;
    let mut members = typed.members();
    if typed.get("project").is_some() {
        members.insert("assignees".to_owned(), people(&typed));
    }
    let mut looked_up = Vec::new();
    let is_other =
        |text: &&str, shown: Option<&str>| shown.is_none_or(|shown| shown != text.trim());
    let shown_due = shown.map(|shown| shown.due.as_str());
    let shown_parent = shown.map(|shown| shown.parent.as_str());
    if let Some(due) = typed.get("due_at").filter(|due| is_other(due, shown_due)) {
        looked_up.push(("due_at", time(due, app, viewer)));
    }
    let parent = typed.get("parent");
    if let Some(parent) = parent.filter(|parent| is_other(parent, shown_parent)) {
        looked_up.push(("parent_id", task_id(app, viewer, parent).await?));
    }
    if let Some(key) = typed.get("project") {
        looked_up.push(("project_id", project_id(app, viewer, key).await?));
    }
    let mut wrong = Vec::new();
    for (name, found) in looked_up {
        match found {
            Ok(value) => {
                members.insert(name.to_owned(), value);
            }
            Err(invalid) => wrong.push((name, invalid)),
        }
    }
    let tags = typed.get("tags").unwrap_or_default();
    let adjust = typed
        .lists
        .adjustment(&typed.assignees, &typed.owners, tags);
    let mut body = Fields::new(members);
    for (name, invalid) in wrong {
        body.wrong(name, invalid);
    }
    let adjust = adjust.unwrap_or_else(|(name, invalid)| {
        body.wrong(name, invalid);
        Adjustment::default()
    });
    Ok(Sent {
        is_whole,
        adjust,
        form: typed.form(),
        version: typed
            .get("version")
            .and_then(|version| version.parse().ok()),
        body,
    })
}

/// A number; what is none stays a text, which the API refuses with its own words.
fn number(text: &str) -> Value {
    let text = text.trim().replace(',', ".");
    match text.parse::<f64>() {
        _ if text.is_empty() => Value::Null,
        // JSON has no "infinite" and no "not a number": they would become nothing at all.
        Ok(number) if number.is_finite() => json!(number),
        Ok(_) | Err(_) => Value::String(text),
    }
}

fn list(text: &str) -> Value {
    let items = text.split(',').map(str::trim);
    items.filter(|item| !item.is_empty()).collect()
}

/// Those who were chosen, and as what.
fn people(typed: &Typed) -> Value {
    let spec = |id: &String| {
        let role = if typed.owners.contains(id) {
            AssigneeRole::Owner
        } else {
            AssigneeRole::Collaborator
        };
        json!({"user_id": id, "role": role})
    };
    // One more than there may be is enough to be refused.
    let chosen = typed.assignees.iter().take(ASSIGNEES_MAX + 1);
    chosen.map(spec).collect()
}

/// A text of several lines as somebody wrote it: browsers send other ends of lines than they show.
pub(super) fn as_written(text: &str) -> String {
    text.replace("\r\n", "\n")
}

/// A due time as the form shows it, whatever words it was typed in; `None` for what is not understood.
pub(super) fn settled(text: &str, app: &AppState, viewer: &Viewer) -> Option<String> {
    let at = when::parse(text, app.now(), viewer.zone())?;
    Some(editable(at, viewer.zone()))
}

/// A due time as the API reads it; of no text, that there is none.
pub(super) fn time(text: &str, app: &AppState, viewer: &Viewer) -> Result<Value, Invalid> {
    if text.trim().is_empty() {
        return Ok(Value::Null);
    }
    let at = when::parse(text, app.now(), viewer.zone());
    let at = at.ok_or_else(|| Invalid::new(FieldCode::Invalid, ENGLISH.not_a_time))?;
    Ok(Value::String(at.to_rfc3339()))
}

async fn task_id(
    app: &AppState,
    viewer: &Viewer,
    name: &str,
) -> Result<Result<Value, Invalid>, ApiError> {
    if name.trim().is_empty() {
        return Ok(Ok(Value::Null));
    }
    let unknown = || Invalid::new(FieldCode::NotFound, ENGLISH.not_a_task_of_yours);
    let Ok(name) = name.trim().to_uppercase().parse::<TaskName>() else {
        return Ok(Err(unknown()));
    };
    let found = app
        .store()
        .task(&viewer.caller.actor, &TaskRef::Name(name))
        .await;
    match found {
        Ok(task) => Ok(Ok(json!(task.state.id))),
        Err(StoreError::NotFound | StoreError::Refused(_)) => Ok(Err(unknown())),
        Err(error) => Err(error.into()),
    }
}

async fn project_id(
    app: &AppState,
    viewer: &Viewer,
    key: &str,
) -> Result<Result<Value, Invalid>, ApiError> {
    let unknown = || Invalid::new(FieldCode::Required, ENGLISH.choose_a_project);
    let Ok(key) = ProjectKey::new(key) else {
        return Ok(Err(unknown()));
    };
    let actor = &viewer.caller.actor;
    match app.store().project_with_key(actor, &key).await {
        Ok(project) => Ok(Ok(json!(project.id))),
        Err(StoreError::NotFound | StoreError::Refused(_)) => Ok(Err(unknown())),
        Err(error) => Err(error.into()),
    }
}
