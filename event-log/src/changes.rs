//! What changed between two states, field by field: one concept for the activity, a task's history and the audit.

use crate::events::task::TaskState;
use crate::events::{
    CommentEvent, Event, MemberEvent, ProjectEvent, TagEvent, TaskEvent, TeamEvent,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// One field, before and after. Long texts (descriptions, comments, metadata) are named only: who wants them opens the
/// thing itself, and a feed stays small.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FieldChange {
    /// The field's name in the API.
    pub field: String,
    /// What it was; null where there was nothing, and for long texts.
    pub from: Value,
    /// What it is.
    pub to: Value,
}

fn change(field: &str, from: Value, to: Value) -> Option<FieldChange> {
    (from != to).then(|| FieldChange {
        field: field.to_owned(),
        from,
        to,
    })
}

/// A field whose content is not repeated.
fn named(field: &str, changed: bool) -> Option<FieldChange> {
    changed.then(|| FieldChange {
        field: field.to_owned(),
        from: Value::Null,
        to: Value::Null,
    })
}

/// What an event changed.
#[must_use]
pub fn changes(event: &Event) -> Vec<FieldChange> {
    match event {
        Event::Task(event) => of_task(event),
        Event::Comment(event) => of_comment(event),
        Event::Project(ProjectEvent::Updated(c)) => [
            change("name", json!(c.before.name), json!(c.after.name)),
            change(
                "archived",
                json!(c.before.archived),
                json!(c.after.archived),
            ),
            named("description", c.before.description != c.after.description),
        ]
        .into_iter()
        .flatten()
        .collect(),
        Event::Team(TeamEvent::Updated(c)) => [
            change("name", json!(c.before.name), json!(c.after.name)),
            named("description", c.before.description != c.after.description),
        ]
        .into_iter()
        .flatten()
        .collect(),
        Event::Member(event) => of_member(event),
        Event::Tag(TagEvent::Updated(c)) => [
            change("name", json!(c.before.name), json!(c.after.name)),
            change("color", json!(c.before.color), json!(c.after.color)),
        ]
        .into_iter()
        .flatten()
        .collect(),
        Event::Project(ProjectEvent::Created(_) | ProjectEvent::Deleted(_))
        | Event::Team(TeamEvent::Created(_) | TeamEvent::Deleted(_))
        | Event::Tag(TagEvent::Created(_) | TagEvent::Deleted(_))
        | Event::Watch(_)
        | Event::User(_)
        | Event::Session(_)
        | Event::ApiToken(_)
        | Event::Access(_)
        | Event::Notification(_)
        | Event::Deadline(_)
        | Event::Job(_)
        | Event::Report(_)
        | Event::Statement(_)
        | Event::Schedule(_)
        | Event::Pipeline(_)
        | Event::Key(_) => Vec::new(),
    }
}

fn of_task(event: &TaskEvent) -> Vec<FieldChange> {
    match (event.before(), event.after()) {
        (Some(before), Some(after)) => between(before, after),
        (None, _) | (_, None) => Vec::new(),
    }
}

/// What differs between two states of a task. Its version and the time of the change go without saying.
#[must_use]
pub fn between(before: &TaskState, after: &TaskState) -> Vec<FieldChange> {
    // Who, and as what. By whom and when is what the record itself says.
    let assignees = |task: &TaskState| {
        let each = task.assignees.iter();
        each.map(|a| json!({"user_id": a.user_id, "username": a.username, "role": a.role}))
            .collect::<Value>()
    };
    let tags = |task: &TaskState| json!(task.tags.iter().map(|t| &t.name).collect::<Vec<_>>());
    [
        change("title", json!(before.title), json!(after.title)),
        named("description", before.description != after.description),
        change("status", json!(before.status), json!(after.status)),
        change("priority", json!(before.priority), json!(after.priority)),
        change("due_at", json!(before.due_at), json!(after.due_at)),
        change(
            "estimated_hours",
            json!(before.estimated_hours),
            json!(after.estimated_hours),
        ),
        change(
            "actual_hours",
            json!(before.actual_hours),
            json!(after.actual_hours),
        ),
        change("assignees", assignees(before), assignees(after)),
        change("tags", tags(before), tags(after)),
        change("parent_id", json!(before.parent_id), json!(after.parent_id)),
        change(
            "project_id",
            json!(before.project_id),
            json!(after.project_id),
        ),
        change("name", json!(before.name), json!(after.name)),
        named("metadata", before.metadata != after.metadata),
        change(
            "recurrence",
            json!(before.recurrence),
            json!(after.recurrence),
        ),
        change("archived", json!(before.archived), json!(after.archived)),
        change(
            "trashed_at",
            json!(before.trashed_at),
            json!(after.trashed_at),
        ),
        named("rank", before.rank != after.rank),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn of_comment(event: &CommentEvent) -> Vec<FieldChange> {
    let body = event
        .before()
        .is_some_and(|before| before.body != event.comment().body);
    named("body", body).into_iter().collect()
}

fn of_member(event: &MemberEvent) -> Vec<FieldChange> {
    let member = event.membership();
    let to = match event {
        MemberEvent::Removed(_) => Value::Null,
        MemberEvent::Added(_) | MemberEvent::Changed(_) => json!(member.role),
    };
    change("role", json!(member.role_before), to)
        .into_iter()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::Payload;

    #[test]
    fn a_change_of_status_names_both_sides() {
        let updated = TaskEvent::samples().swap_remove(1);
        let expected = FieldChange {
            field: "status".into(),
            from: json!("todo"),
            to: json!("done"),
        };
        assert_eq!(changes(&updated.into()), [expected]);
    }

    #[test]
    fn long_texts_are_named_and_not_repeated() {
        let edited = CommentEvent::samples().swap_remove(1);
        let expected = FieldChange {
            field: "body".into(),
            from: Value::Null,
            to: Value::Null,
        };
        assert_eq!(changes(&edited.into()), [expected]);
    }

    #[test]
    fn what_is_new_or_gone_has_no_changes() {
        let mut samples = TaskEvent::samples();
        assert_eq!(changes(&samples.pop().expect("deleted").into()), []);
        assert_eq!(changes(&samples.swap_remove(0).into()), []);
    }
}
