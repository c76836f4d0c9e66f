//! The activity in sentences, in the languages that Millstream speaks.
//!
//! To add a type of event: a row in each language below. One that is missing reads as its type, which is never wrong.

use millstream_domain::user::Locale;
use millstream_event_log::changes::FieldChange;
use millstream_store::views::activity::ActivityLine;
use serde_json::Value;

/// What somebody did, as a sentence without a full stop.
pub(crate) fn sentence(line: &ActivityLine, locale: Locale) -> String {
    let actor = line
        .actor
        .as_ref()
        .map_or("Millstream", |actor| actor.display_name.as_str());
    let what = match locale {
        Locale::En => english(line),
        Locale::De => german(line),
    };
    format!("{actor} {what}")
}

/// The task, or the name of what it was done to.
fn thing(line: &ActivityLine, quotes: (char, char)) -> String {
    let (open, close) = quotes;
    match (&line.task, &line.name) {
        (Some((_, name, title)), _) => format!("{name} {open}{title}{close}"),
        (None, Some(name)) => format!("{open}{name}{close}"),
        (None, None) => String::new(),
    }
}

fn member(line: &ActivityLine) -> &str {
    let shown = line
        .member
        .as_ref()
        .map(|member| member.display_name.as_str());
    shown.or(line.name.as_deref()).unwrap_or("?")
}

fn english(line: &ActivityLine) -> String {
    let thing = thing(line, ('“', '”'));
    match line.kind.as_str() {
        "task.created" | "project.created" => format!("created {thing}"),
        "task.updated" | "project.updated" | "team.updated" => {
            english_change(&line.changes, &thing)
        }
        "task.assigned" => match assignees(&line.changes) {
            Some(names) if !names.is_empty() => format!("assigned {thing} to {}", names.join(", ")),
            Some(_) | None => format!("took everybody off {thing}"),
        },
        "task.moved" => format!("moved {thing}"),
        "task.archived" => format!("archived {thing}"),
        "task.trashed" => format!("threw {thing} away"),
        "task.restored" => format!("restored {thing}"),
        "task.deleted" | "project.deleted" => format!("deleted {thing}"),
        "task.overdue" => format!("noticed that {thing} is overdue"),
        "comment.created" => format!("commented on {thing}"),
        "comment.edited" => format!("edited a comment on {thing}"),
        "comment.deleted" => format!("deleted a comment on {thing}"),
        "team.created" => format!("founded the team {thing}"),
        "team.deleted" => format!("deleted the team {thing}"),
        "member.added" => format!("added {}{}", member(line), role(line, " as ")),
        "member.changed" => format!("made {} a different role{}", member(line), role(line, ": ")),
        "member.removed" => format!("removed {}", member(line)),
        other => format!("{other} {thing}").trim_end().to_owned(),
    }
}

fn english_change(changes: &[FieldChange], thing: &str) -> String {
    match (changes, status(changes)) {
        ([_], Some("done")) => format!("finished {thing}"),
        ([change], _) => match (short(&change.from), short(&change.to)) {
            (Some(from), Some(to)) => {
                format!("changed {} of {thing} from {from} to {to}", words(change))
            }
            (None, Some(to)) => format!("set {} of {thing} to {to}", words(change)),
            (Some(_), None) if change.to.is_null() => {
                format!("cleared {} of {thing}", words(change))
            }
            (_, None) => format!("changed {} of {thing}", words(change)),
        },
        (many, _) => format!(
            "changed {} of {thing}",
            many.iter().map(words).collect::<Vec<_>>().join(", ")
        ),
    }
}

fn german(line: &ActivityLine) -> String {
    let thing = thing(line, ('„', '“'));
    match line.kind.as_str() {
        "task.created" | "project.created" => format!("hat {thing} angelegt"),
        "task.updated" | "project.updated" | "team.updated" => german_change(&line.changes, &thing),
        "task.assigned" => match assignees(&line.changes) {
            Some(names) if !names.is_empty() => {
                format!("hat {thing} zugewiesen: {}", names.join(", "))
            }
            Some(_) | None => format!("hat alle Zuweisungen von {thing} entfernt"),
        },
        "task.moved" => format!("hat {thing} verschoben"),
        "task.archived" => format!("hat {thing} archiviert"),
        "task.trashed" => format!("hat {thing} in den Papierkorb gelegt"),
        "task.restored" => format!("hat {thing} zurückgeholt"),
        "task.deleted" | "project.deleted" => format!("hat {thing} gelöscht"),
        "task.overdue" => format!("hat bemerkt, dass {thing} überfällig ist"),
        "comment.created" => format!("hat {thing} kommentiert"),
        "comment.edited" => format!("hat einen Kommentar zu {thing} bearbeitet"),
        "comment.deleted" => format!("hat einen Kommentar zu {thing} gelöscht"),
        "team.created" => format!("hat das Team {thing} gegründet"),
        "team.deleted" => format!("hat das Team {thing} gelöscht"),
        "member.added" => format!("hat {} aufgenommen{}", member(line), role(line, " als ")),
        "member.changed" => format!(
            "hat {} eine andere Rolle gegeben{}",
            member(line),
            role(line, ": ")
        ),
        "member.removed" => format!("hat {} entfernt", member(line)),
        other => format!("{other} {thing}").trim_end().to_owned(),
    }
}

fn german_change(changes: &[FieldChange], thing: &str) -> String {
    match (changes, status(changes)) {
        ([_], Some("done")) => format!("hat {thing} erledigt"),
        ([change], _) => match (short(&change.from), short(&change.to)) {
            (Some(from), Some(to)) => format!(
                "hat bei {thing} {} von {from} auf {to} geändert",
                change.field
            ),
            (None, Some(to)) => format!("hat bei {thing} {} auf {to} gesetzt", change.field),
            (Some(_), None) if change.to.is_null() => {
                format!("hat bei {thing} {} geleert", change.field)
            }
            (_, None) => format!("hat bei {thing} {} geändert", change.field),
        },
        (many, _) => {
            let fields: Vec<_> = many.iter().map(|change| change.field.as_str()).collect();
            format!("hat bei {thing} geändert: {}", fields.join(", "))
        }
    }
}

fn status(changes: &[FieldChange]) -> Option<&str> {
    changes
        .iter()
        .find(|change| change.field == "status")?
        .to
        .as_str()
}

fn assignees(changes: &[FieldChange]) -> Option<Vec<&str>> {
    let names = changes
        .iter()
        .find(|change| change.field == "assignees")?
        .to
        .as_array()?;
    Some(names.iter().filter_map(Value::as_str).collect())
}

fn role(line: &ActivityLine, before: &str) -> String {
    let role = line
        .changes
        .iter()
        .find(|change| change.field == "role")
        .and_then(|change| change.to.as_str());
    role.map(|role| format!("{before}{role}"))
        .unwrap_or_default()
}

fn words(change: &FieldChange) -> String {
    change
        .field
        .trim_end_matches("_at")
        .trim_end_matches("_id")
        .replace('_', " ")
}

/// A value that is worth repeating in a sentence.
fn short(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.replace('_', " ")),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(_) | Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;
    use millstream_domain::ids::{EventId, TaskId, TeamId, UserId};
    use millstream_event_log::Event;
    use millstream_event_log::changes::changes;
    use millstream_store::views::activity::Name;
    use uuid::Uuid;

    fn line(kind: &str, changes: Vec<FieldChange>) -> ActivityLine {
        let name = |id, name: &str| Name {
            id: UserId(Uuid::from_u128(id)),
            username: name.to_lowercase(),
            display_name: name.to_owned(),
        };
        ActivityLine {
            id: EventId(Uuid::nil()),
            seq: 1,
            at: DateTime::default(),
            kind: kind.to_owned(),
            actor: Some(name(1, "Ada")),
            team_id: TeamId(Uuid::nil()),
            project_id: None,
            task: Some((
                TaskId(Uuid::nil()),
                "ENG-42".into(),
                "Fix the mill wheel".into(),
            )),
            comment_id: None,
            member: Some(name(2, "Grace")),
            name: None,
            changes,
        }
    }

    fn check(kind: &str, changes: Vec<FieldChange>, english: &str, german: &str) {
        let line = line(kind, changes);
        assert_eq!(sentence(&line, Locale::En), english);
        assert_eq!(sentence(&line, Locale::De), german);
    }

    fn field(name: &str, from: Value, to: Value) -> FieldChange {
        FieldChange {
            field: name.into(),
            from,
            to,
        }
    }

    #[test]
    fn sentences_name_who_did_what_to_which() {
        check(
            "task.created",
            vec![],
            "Ada created ENG-42 “Fix the mill wheel”",
            "Ada hat ENG-42 „Fix the mill wheel“ angelegt",
        );
        check(
            "task.updated",
            vec![field("status", "todo".into(), "in_progress".into())],
            "Ada changed status of ENG-42 “Fix the mill wheel” from todo to in progress",
            "Ada hat bei ENG-42 „Fix the mill wheel“ status von todo auf in progress geändert",
        );
        check(
            "task.updated",
            vec![field("status", "todo".into(), "done".into())],
            "Ada finished ENG-42 “Fix the mill wheel”",
            "Ada hat ENG-42 „Fix the mill wheel“ erledigt",
        );
        check(
            "member.added",
            vec![field("role", Value::Null, "viewer".into())],
            "Ada added Grace as viewer",
            "Ada hat Grace aufgenommen als viewer",
        );
    }

    #[test]
    fn every_event_that_the_activity_shows_has_its_own_words() {
        let shown = ["task", "comment", "project", "team", "member"];
        for event in Event::samples() {
            let noun = event.kind().split('.').next().unwrap_or_default();
            if shown.contains(&noun) {
                let line = line(event.kind(), changes(&event));
                for locale in [Locale::En, Locale::De] {
                    let text = sentence(&line, locale);
                    assert!(!text.contains(event.kind()), "{text}");
                }
            }
        }
    }
}
