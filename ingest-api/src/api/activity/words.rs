//! The names of fields, and the words that stand in some of them, in the languages that Millstream speaks.
//!
//! To add a field that can change: a row in [`FIELDS`], and one in [`VALUES`] for each word that it can hold.

use chrono::{DateTime, Utc};
use millstream_domain::user::Locale;
use millstream_event_log::changes::FieldChange;
use serde_json::Value;

/// A field's name in the API, and what a sentence calls it: in English without, in German with its article, in the case of
/// what something is done to.
const FIELDS: [(&str, &str, &str); 20] = [
    ("title", "title", "den Titel"),
    ("description", "description", "die Beschreibung"),
    ("status", "status", "den Status"),
    ("priority", "priority", "die Priorität"),
    ("due_at", "due date", "die Fälligkeit"),
    (
        "estimated_hours",
        "estimated hours",
        "die geschätzten Stunden",
    ),
    ("actual_hours", "actual hours", "die geleisteten Stunden"),
    ("assignees", "assignees", "die Zuständigen"),
    ("tags", "tags", "die Tags"),
    ("parent_id", "parent task", "die übergeordnete Aufgabe"),
    ("project_id", "project", "das Projekt"),
    ("name", "name", "den Namen"),
    ("metadata", "metadata", "die Metadaten"),
    ("recurrence", "recurrence", "die Wiederholung"),
    ("archived", "place in the archive", "die Ablage im Archiv"),
    (
        "trashed_at",
        "place in the trash",
        "die Ablage im Papierkorb",
    ),
    ("rank", "place on the board", "den Platz auf dem Board"),
    ("body", "text", "den Text"),
    ("role", "role", "die Rolle"),
    ("color", "colour", "die Farbe"),
];

/// A field, a word that it can hold, and what people call that.
const VALUES: [(&str, &str, &str, &str); 22] = [
    ("status", "todo", "to do", "offen"),
    ("status", "in_progress", "in progress", "in Arbeit"),
    ("status", "blocked", "blocked", "blockiert"),
    ("status", "done", "done", "erledigt"),
    ("priority", "low", "low", "niedrig"),
    ("priority", "medium", "medium", "mittel"),
    ("priority", "high", "high", "hoch"),
    ("priority", "urgent", "urgent", "dringend"),
    ("role", "viewer", "viewer", "Lesen"),
    ("role", "member", "member", "Mitarbeit"),
    ("role", "maintainer", "maintainer", "Betreuung"),
    ("role", "owner", "owner", "Leitung"),
    ("color", "gray", "gray", "Grau"),
    ("color", "red", "red", "Rot"),
    ("color", "orange", "orange", "Orange"),
    ("color", "yellow", "yellow", "Gelb"),
    ("color", "green", "green", "Grün"),
    ("color", "teal", "teal", "Petrol"),
    ("color", "blue", "blue", "Blau"),
    ("color", "purple", "purple", "Lila"),
    ("color", "pink", "pink", "Rosa"),
    ("color", "brown", "brown", "Braun"),
];

/// What a field is called; its name in the API, where it has no row.
pub(super) fn field(name: &str, locale: Locale) -> &str {
    let row = FIELDS.iter().find(|(field, ..)| *field == name);
    match (row, locale) {
        (Some((_, english, _)), Locale::En) => english,
        (Some((.., german)), Locale::De) => german,
        (None, _) => name,
    }
}

/// What changed about a field, as far as it is worth repeating in a sentence.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// From this to that.
    Between(String, String),
    /// There was nothing before.
    To(String),
    /// There is nothing any more.
    Cleared,
    /// It is too long to be repeated, or says nothing to people.
    Other,
}

/// What changed about a field.
pub(super) fn turn(change: &FieldChange, locale: Locale) -> Turn {
    let said = |value| value_of(&change.field, value, locale);
    match (said(&change.from), said(&change.to)) {
        (Some(from), Some(to)) => Turn::Between(from, to),
        (None, Some(to)) => Turn::To(to),
        (_, None) if change.to.is_null() && !change.from.is_null() => Turn::Cleared,
        (_, None) => Turn::Other,
    }
}

/// A value in a sentence; `None` where it is better left out.
pub(super) fn value_of(field: &str, value: &Value, locale: Locale) -> Option<String> {
    match value {
        // An id says nothing to people.
        _ if field.ends_with("_id") => None,
        Value::String(text) if field.ends_with("_at") => Some(time(text, locale)),
        Value::String(text) => Some(word(field, text, locale).to_owned()),
        Value::Number(number) if locale == Locale::De => Some(number.to_string().replace('.', ",")),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(_) | Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn word<'a>(field: &str, text: &'a str, locale: Locale) -> &'a str {
    let row = VALUES
        .iter()
        .find(|(of, word, ..)| *of == field && *word == text);
    match (row, locale) {
        (Some((_, _, english, _)), Locale::En) => english,
        (Some((.., german)), Locale::De) => german,
        (None, _) => text,
    }
}

fn time(text: &str, locale: Locale) -> String {
    let form = match locale {
        Locale::En => "%Y-%m-%d %H:%M UTC",
        Locale::De => "%d.%m.%Y %H:%M UTC",
    };
    match text.parse::<DateTime<Utc>>() {
        Ok(time) => time.format(form).to_string(),
        Err(_) => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use millstream_domain::tag::NAMED;
    use millstream_domain::task::{Metadata, Priority, Status};
    use millstream_domain::team::TeamRole;
    use millstream_event_log::Event;
    use millstream_event_log::changes::{between, changes};
    use millstream_event_log::events::Payload;
    use millstream_event_log::events::task::{TaskEvent, TaskState};
    use serde_json::json;
    use uuid::Uuid;

    /// A task that is another in everything. Without `..`, so that the compiler asks what a new field is called.
    fn all_changed(task: &TaskState) -> TaskState {
        let TaskState {
            id,
            number,
            team_id,
            created_by,
            created_at,
            updated_at,
            completed_at,
            version,
            ..
        } = task.clone();
        let object = |value: Value| value.as_object().cloned().unwrap_or_default();
        TaskState {
            name: "OPS-7".into(),
            project_id: Uuid::from_u128(9).into(),
            title: "Another".into(),
            description: "Another".into(),
            status: Status::Blocked,
            priority: Priority::Urgent,
            due_at: Some(created_at),
            estimated_hours: Some(77.5),
            actual_hours: Some(78.5),
            assignees: Vec::new(),
            tags: Vec::new(),
            parent_id: Some(Uuid::from_u128(8).into()),
            metadata: Metadata::new(object(json!({"another": 1}))).expect("small"),
            recurrence: Some("FREQ=DAILY".into()),
            archived: !task.archived,
            trashed_at: Some(created_at),
            rank: "zz".into(),
            id,
            number,
            team_id,
            created_by,
            created_at,
            updated_at,
            completed_at,
            version,
        }
    }

    fn check_named(field_name: &str) {
        assert!(
            FIELDS.iter().any(|(name, ..)| *name == field_name),
            "\"{field_name}\" has no words"
        );
    }

    #[test]
    fn every_field_that_can_change_has_a_name_in_each_language() {
        let samples = TaskEvent::samples();
        let task = samples[0].task();
        let of_tasks = between(task, &all_changed(task));
        assert!(of_tasks.len() > 10, "{of_tasks:?}");
        let of_samples = Event::samples();
        let of_samples = of_samples.iter().flat_map(changes);
        for change in of_tasks.into_iter().chain(of_samples) {
            check_named(&change.field);
        }
    }

    #[test]
    fn every_word_that_a_field_can_hold_has_one_in_each_language() {
        let check = |field: &str, word: &str| {
            let known = VALUES
                .iter()
                .any(|(of, text, ..)| (*of, *text) == (field, word));
            assert!(known, "\"{word}\" of {field} has no words");
        };
        for word in Status::ALL {
            check("status", word.as_str());
        }
        for word in Priority::ALL {
            check("priority", word.as_str());
        }
        for word in TeamRole::ALL {
            check("role", word.as_str());
        }
        for word in NAMED {
            check("color", word);
        }
    }

    #[test]
    fn values_are_told_as_people_write_them() {
        let de = |field, value: Value| value_of(field, &value, Locale::De);
        let en = |field, value: Value| value_of(field, &value, Locale::En);
        let due = || json!("2026-05-01T12:30:00Z");
        assert_eq!(de("due_at", due()).as_deref(), Some("01.05.2026 12:30 UTC"));
        assert_eq!(en("due_at", due()).as_deref(), Some("2026-05-01 12:30 UTC"));
        assert_eq!(de("actual_hours", json!(1.5)).as_deref(), Some("1,5"));
        assert_eq!(de("title", json!("todo")).as_deref(), Some("todo"));
        assert_eq!(en("parent_id", json!("0198")), None);
    }
}
