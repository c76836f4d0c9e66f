//! Where a form and the task as it is now differ, field by field, and what of it the form takes over.

use super::fields::{TaskForm, settled};
use super::lines::{Line, difference};
use crate::pages::shell::Shell;
use crate::pages::show::task::{priority_text, status_text};
use crate::state::AppState;
use millstream_domain::task::{Priority, Status};
use millstream_event_log::events::task::TaskState;
use std::collections::BTreeSet;

/// The fields of the form, by their names in it.
const FIELDS: [&str; 10] = [
    "title",
    "description",
    "status",
    "priority",
    "due_at",
    "tags",
    "estimated_hours",
    "actual_hours",
    "parent",
    "assignees",
];

/// One field.
#[derive(Debug)]
pub(super) struct Difference {
    pub(super) field: &'static str,
    pub(super) label: &'static str,
    pub(super) theirs: String,
    /// What was typed; or what was there before, where theirs was taken over.
    pub(super) yours: String,
    /// What the field must hold for theirs.
    pub(super) value: Option<String>,
    pub(super) is_taken: bool,
    /// Of long texts: line by line.
    pub(super) lines: Vec<Line>,
}

/// Reads the fields of forms for this viewer.
pub(super) struct Reader<'a> {
    pub(super) app: &'a AppState,
    pub(super) shell: &'a Shell,
    pub(super) task: &'a TaskState,
}

impl Reader<'_> {
    /// Where two forms of a task differ, and whose text stands. `base` is what both began with, where that is known.
    pub(super) fn differences(
        &self,
        base: Option<&TaskForm>,
        theirs: &TaskForm,
        form: &mut TaskForm,
    ) -> Vec<Difference> {
        let mut differences = Vec::new();
        for field in FIELDS {
            let (their_text, your_text) = (self.text(theirs, field), self.text(form, field));
            let base_text = base.map(|base| self.text(base, field));
            let is_mine_alone = base_text
                .as_ref()
                .is_some_and(|base| same(field, base, &their_text));
            if is_mine_alone || same(field, &their_text, &your_text) {
                continue;
            }
            let is_taken = base_text
                .as_ref()
                .is_some_and(|base| same(field, base, &your_text));
            if is_taken {
                take(form, theirs, field);
            }
            let lines = if field == "description" {
                // Read from what is given up to what stands in the form.
                if is_taken {
                    difference(&your_text, &their_text)
                } else {
                    difference(&their_text, &your_text)
                }
            } else {
                Vec::new()
            };
            differences.push(Difference {
                field,
                label: self.label(field),
                value: value(theirs, field),
                theirs: their_text,
                yours: your_text,
                is_taken,
                lines,
            });
        }
        differences
    }

    fn label(&self, field: &str) -> &'static str {
        let t = self.shell.t;
        match field {
            "title" => t.title,
            "description" => t.description,
            "status" => t.status,
            "priority" => t.priority,
            "due_at" => t.due,
            "tags" => t.tags,
            "estimated_hours" => t.estimate,
            "actual_hours" => t.actual,
            "parent" => t.parent,
            _ => t.assignees,
        }
    }

    /// A field as people read it.
    fn text(&self, form: &TaskForm, field: &str) -> String {
        let t = self.shell.t;
        let word = |text: &str, known: Option<&'static str>| {
            known.map_or_else(|| text.to_owned(), str::to_owned)
        };
        match field {
            "status" => {
                let status = form.status.parse::<Status>().ok();
                word(&form.status, status.map(|status| status_text(&status, t)))
            }
            "priority" => {
                let priority = form.priority.parse::<Priority>().ok();
                let text = priority.map(|priority| priority_text(&priority, t));
                word(&form.priority, text)
            }
            "due_at" => settled(&form.due, self.app, &self.shell.viewer)
                .unwrap_or_else(|| form.due.trim().to_owned()),
            "parent" => form.parent.trim().to_uppercase(),
            "assignees" => self.people(form),
            _ => value(form, field).unwrap_or_default().trim().to_owned(),
        }
    }

    fn people(&self, form: &TaskForm) -> String {
        let known = form.people.iter().map(|p| (&p.id, p.avatar.name.as_str()));
        let ids: Vec<_> = self
            .task
            .assignees
            .iter()
            .map(|a| (a.user_id.to_string(), a.username.as_str()))
            .collect();
        let assigned = ids.iter().map(|(id, name)| (id, *name));
        let names: Vec<_> = known.chain(assigned).collect();
        let name = |id: &String| {
            let name = names.iter().find(|(known, _)| *known == id);
            let name = name.map_or(id.as_str(), |(_, name)| name);
            if form.owners.contains(id) {
                format!("{name} ({})", self.shell.t.role_owner)
            } else {
                name.to_owned()
            }
        };
        let mut all: Vec<_> = form.assignees.iter().map(name).collect();
        all.sort();
        all.join(", ")
    }
}

/// What a field of the form holds; `None` for one that is several boxes.
fn value(form: &TaskForm, field: &str) -> Option<String> {
    let text = match field {
        "title" => &form.title,
        "description" => &form.description,
        "status" => &form.status,
        "priority" => &form.priority,
        "due_at" => &form.due,
        "tags" => &form.tags,
        "estimated_hours" => &form.estimated_hours,
        "actual_hours" => &form.actual_hours,
        "parent" => &form.parent,
        _ => return None,
    };
    Some(text.clone())
}

fn take(form: &mut TaskForm, theirs: &TaskForm, field: &str) {
    match field {
        "title" => form.title.clone_from(&theirs.title),
        "description" => form.description.clone_from(&theirs.description),
        "status" => form.status.clone_from(&theirs.status),
        "priority" => form.priority.clone_from(&theirs.priority),
        "due_at" => form.due.clone_from(&theirs.due),
        "tags" => form.tags.clone_from(&theirs.tags),
        "estimated_hours" => form.estimated_hours.clone_from(&theirs.estimated_hours),
        "actual_hours" => form.actual_hours.clone_from(&theirs.actual_hours),
        "parent" => form.parent.clone_from(&theirs.parent),
        _ => {
            form.assignees.clone_from(&theirs.assignees);
            form.owners.clone_from(&theirs.owners);
        }
    }
}

/// Whether two texts mean the same in this field.
fn same(field: &str, one: &str, other: &str) -> bool {
    let number = |text: &str| text.replace(',', ".").parse::<f64>().ok();
    let tags = |text: &str| -> BTreeSet<String> {
        let tags = text.split(',').map(|tag| tag.trim().to_lowercase());
        tags.filter(|tag| !tag.is_empty()).collect()
    };
    match field {
        "tags" => tags(one) == tags(other),
        "estimated_hours" | "actual_hours" => {
            one == other || (number(one).is_some() && number(one) == number(other))
        }
        _ => one == other,
    }
}

#[cfg(test)]
mod tests {
    use super::same;

    #[test]
    fn what_means_the_same_is_no_difference() {
        assert!(same("tags", "api, Urgent", "urgent,api"));
        assert!(!same("tags", "api", "api, web"));
        assert!(same("estimated_hours", "1,50", "1.5"));
        assert!(!same("estimated_hours", "", "1.5"));
        assert!(!same("title", "a", "A"));
    }
}
