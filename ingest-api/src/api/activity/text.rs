//! The activity in sentences, in the languages that Millstream speaks.
//!
//! To add a type of event: a row in each language below. One that is missing reads as its type, which is never wrong. The
//! names of fields and what stands in them: `words.rs`.

use super::words::{Turn, field, turn, value_of};
use millstream_domain::task::Status;
use millstream_domain::user::Locale;
use millstream_event_log::changes::FieldChange;
use millstream_store::views::activity::ActivityLine;

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
        "tag.created" => format!("made the tag {thing}"),
        "tag.updated" => english_change(&line.changes, &thing),
        "tag.deleted" => format!("deleted the tag {thing}"),
        "team.created" => format!("founded the team {thing}"),
        "team.deleted" => format!("deleted the team {thing}"),
        "member.added" => format!("added {}{}", member(line), role(line, " as ", Locale::En)),
        "member.changed" => format!(
            "made {} a different role{}",
            member(line),
            role(line, ": ", Locale::En)
        ),
        "task.watched" => format!("started to watch {thing}"),
        "task.unwatched" => format!("stopped watching {thing}"),
        "member.removed" => format!("removed {}", member(line)),
        other => format!("{other} {thing}").trim_end().to_owned(),
    }
}

fn english_change(changes: &[FieldChange], thing: &str) -> String {
    let called = |change: &FieldChange| field(&change.field, Locale::En).to_owned();
    match changes {
        [change] if is_finished(change) => format!("finished {thing}"),
        [change] if change.field == "archived" => match change.to.as_bool() {
            Some(true) => format!("archived {thing}"),
            _ => format!("took {thing} out of the archive"),
        },
        [change] => match (called(change), turn(change, Locale::En)) {
            (field, Turn::Between(from, to)) => {
                format!("changed {field} of {thing} from {from} to {to}")
            }
            (field, Turn::To(to)) => format!("set {field} of {thing} to {to}"),
            (field, Turn::Cleared) => format!("cleared {field} of {thing}"),
            (field, Turn::Other) => format!("changed {field} of {thing}"),
        },
        many => {
            let fields: Vec<_> = many.iter().map(called).collect();
            format!("changed {} of {thing}", fields.join(", "))
        }
    }
}

fn german(line: &ActivityLine) -> String {
    let thing = thing(line, ('„', '“'));
    match line.kind.as_str() {
        "task.created" | "project.created" => format!("hat {thing} angelegt"),
        "task.updated" | "project.updated" | "team.updated" | "tag.updated" => {
            german_change(&line.changes, &thing)
        }
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
        "tag.created" => format!("hat den Tag {thing} angelegt"),
        "tag.deleted" => format!("hat den Tag {thing} gelöscht"),
        "team.created" => format!("hat das Team {thing} gegründet"),
        "team.deleted" => format!("hat das Team {thing} gelöscht"),
        "member.added" => format!(
            "hat {} aufgenommen{}",
            member(line),
            role(line, ", Rolle: ", Locale::De)
        ),
        "member.changed" => format!(
            "hat {} eine andere Rolle gegeben{}",
            member(line),
            role(line, ": ", Locale::De)
        ),
        "task.watched" => format!("beobachtet jetzt {thing}"),
        "task.unwatched" => format!("beobachtet {thing} nicht mehr"),
        "member.removed" => format!("hat {} entfernt", member(line)),
        other => format!("{other} {thing}").trim_end().to_owned(),
    }
}

fn german_change(changes: &[FieldChange], thing: &str) -> String {
    let called = |change: &FieldChange| field(&change.field, Locale::De).to_owned();
    match changes {
        [change] if is_finished(change) => format!("hat {thing} erledigt"),
        [change] if change.field == "archived" => match change.to.as_bool() {
            Some(true) => format!("hat {thing} archiviert"),
            _ => format!("hat {thing} aus dem Archiv geholt"),
        },
        [change] => match (called(change), turn(change, Locale::De)) {
            (field, Turn::Between(from, to)) => {
                format!("hat bei {thing} {field} von {from} auf {to} geändert")
            }
            (field, Turn::To(to)) => format!("hat bei {thing} {field} auf {to} gesetzt"),
            (field, Turn::Cleared) => format!("hat bei {thing} {field} entfernt"),
            (field, Turn::Other) => format!("hat bei {thing} {field} geändert"),
        },
        many => {
            let fields: Vec<_> = many.iter().map(called).collect();
            format!("hat bei {thing} {} geändert", fields.join(", "))
        }
    }
}

fn is_finished(change: &FieldChange) -> bool {
    change.field == "status" && change.to.as_str() == Some(Status::Done.as_str())
}

fn assignees(changes: &[FieldChange]) -> Option<Vec<&str>> {
    let names = changes
        .iter()
        .find(|change| change.field == "assignees")?
        .to
        .as_array()?;
    Some(
        names
            .iter()
            .filter_map(|who| who["username"].as_str())
            .collect(),
    )
}

fn role(line: &ActivityLine, before: &str, locale: Locale) -> String {
    let change = line.changes.iter().find(|change| change.field == "role");
    let role = change.and_then(|change| value_of("role", &change.to, locale));
    role.map(|role| format!("{before}{role}"))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;
    use millstream_domain::ids::{EventId, TaskId, TeamId, UserId};
    use millstream_event_log::Event;
    use millstream_event_log::changes::changes;
    use millstream_store::views::activity::Name;
    use serde_json::{Value, json};
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

    fn changed(name: &str, from: Value, to: Value) -> FieldChange {
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
            vec![changed("status", "todo".into(), "in_progress".into())],
            "Ada changed status of ENG-42 “Fix the mill wheel” from to do to in progress",
            "Ada hat bei ENG-42 „Fix the mill wheel“ den Status von offen auf in Arbeit geändert",
        );
        check(
            "task.updated",
            vec![changed("status", "todo".into(), "done".into())],
            "Ada finished ENG-42 “Fix the mill wheel”",
            "Ada hat ENG-42 „Fix the mill wheel“ erledigt",
        );
        check(
            "member.added",
            vec![changed("role", Value::Null, "viewer".into())],
            "Ada added Grace as viewer",
            "Ada hat Grace aufgenommen, Rolle: Lesen",
        );
    }

    #[test]
    fn what_changed_is_told_in_the_words_of_the_language() {
        let both = |english: &str, german: &str, changes| {
            let thing = ["ENG-42 “Fix the mill wheel”", "ENG-42 „Fix the mill wheel“"];
            check(
                "task.updated",
                changes,
                &english.replace("THIS", thing[0]),
                &german.replace("DIES", thing[1]),
            );
        };
        both(
            "Ada changed title of THIS from q to r",
            "Ada hat bei DIES den Titel von q auf r geändert",
            vec![changed("title", json!("q"), json!("r"))],
        );
        both(
            "Ada set estimated hours of THIS to 1.5",
            "Ada hat bei DIES die geschätzten Stunden auf 1,5 gesetzt",
            vec![changed("estimated_hours", Value::Null, json!(1.5))],
        );
        both(
            "Ada cleared due date of THIS",
            "Ada hat bei DIES die Fälligkeit entfernt",
            vec![changed(
                "due_at",
                json!("2026-05-01T12:30:00Z"),
                Value::Null,
            )],
        );
        both(
            "Ada archived THIS",
            "Ada hat DIES archiviert",
            vec![changed("archived", json!(false), json!(true))],
        );
        both(
            "Ada changed description, priority of THIS",
            "Ada hat bei DIES die Beschreibung, die Priorität geändert",
            vec![
                changed("description", Value::Null, Value::Null),
                changed("priority", json!("low"), json!("high")),
            ],
        );
    }

    #[test]
    fn every_event_that_the_activity_shows_has_its_own_words() {
        let shown = ["task", "comment", "tag", "project", "team", "member"];
        for event in Event::samples() {
            let noun = event.kind().split('.').next().unwrap_or_default();
            // Who watches what is nobody else's business.
            let is_shown = shown.contains(&noun) && !matches!(event, Event::Watch(_));
            if is_shown {
                let line = line(event.kind(), changes(&event));
                for locale in [Locale::En, Locale::De] {
                    let text = sentence(&line, locale);
                    assert!(!text.contains(event.kind()), "{text}");
                }
            }
        }
    }
}
