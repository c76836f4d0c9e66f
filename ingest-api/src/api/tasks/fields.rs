//! The fields of a task that clients write, read alike by create, patch and assign.

use crate::extract::Fields;
use crate::extract::value::{id, object, text, word};
use millstream_domain::field::{FieldCode, Invalid};
use millstream_domain::task::{ASSIGNEES_MAX, AssigneeRole, Hours, Metadata, TAGS_MAX, TagName};
use millstream_store::task::AssigneeSpec;
use serde_json::{Map, Value};

/// Most characters of a recurrence rule: the longest useful ones stay far below.
const RECURRENCE_CHARS_MAX: usize = 500;

/// What only the server sets.
pub(crate) const READ_ONLY: &[&str] = &[
    "id",
    "name",
    "number",
    "archived",
    "rank",
    "watchers_count",
    "comments_count",
    "created_by",
    "created_at",
    "updated_at",
    "completed_at",
    "version",
];

/// All who work on the task.
pub(crate) fn assignees(fields: &mut Fields) -> Option<Vec<AssigneeSpec>> {
    fields.objects("assignees", ASSIGNEES_MAX, |item| {
        let user_id = item.required("user_id", id);
        let role = item.optional("role", word::<AssigneeRole>);
        // The name is shown with every assignee; sent back with the rest, it changes nothing.
        item.optional("username", text(|name| Ok(name.to_owned())));
        Some(AssigneeSpec {
            user_id: user_id?,
            role: role.unwrap_or(AssigneeRole::Collaborator),
        })
    })
}

/// All tags.
pub(crate) fn tags(fields: &mut Fields) -> Option<Vec<TagName>> {
    fields.list("tags", TAGS_MAX, |value| text(TagName::new)(value))
}

/// Hours of work.
pub(crate) fn hours(value: Value) -> Result<Hours, Invalid> {
    crate::extract::value::number(Hours::new)(value)
}

/// What the team keeps with the task.
pub(crate) fn metadata(value: Value) -> Result<Metadata, Invalid> {
    object(value).and_then(Metadata::new)
}

/// What is to be different about it. A patch that is too large by itself is told with the other wrong fields; one that
/// is too large together with what is there, by the store.
pub(crate) fn metadata_patch(value: Value) -> Result<Map<String, Value>, Invalid> {
    let patch = object(value)?;
    Metadata::default().merged(&patch)?;
    Ok(patch)
}

/// How a task recurs: an RRULE, of which the form is checked here. What it means is not acted on yet.
pub(crate) fn recurrence(value: Value) -> Result<String, Invalid> {
    text(|rule| {
        let rule = rule.trim();
        let rule = rule.strip_prefix("RRULE:").unwrap_or(rule);
        if rule.chars().count() > RECURRENCE_CHARS_MAX {
            return Err(Invalid::new(
                FieldCode::TooLong,
                format!("must have at most {RECURRENCE_CHARS_MAX} characters"),
            ));
        }
        if is_rule(rule) {
            return Ok(rule.to_owned());
        }
        Err(Invalid::new(
            FieldCode::Invalid,
            "must be a recurrence rule such as FREQ=WEEKLY;BYDAY=MO",
        ))
    })(value)
}

fn is_rule(rule: &str) -> bool {
    let mut frequencies = 0;
    let parts_good = rule.split(';').all(|part| {
        let Some((name, value)) = part.split_once('=') else {
            return false;
        };
        if name == "FREQ" {
            frequencies += 1;
            return matches!(
                value,
                "YEARLY" | "MONTHLY" | "WEEKLY" | "DAILY" | "HOURLY" | "MINUTELY" | "SECONDLY"
            );
        }
        let known = matches!(
            name,
            "UNTIL"
                | "COUNT"
                | "INTERVAL"
                | "BYSECOND"
                | "BYMINUTE"
                | "BYHOUR"
                | "BYDAY"
                | "BYMONTHDAY"
                | "BYYEARDAY"
                | "BYWEEKNO"
                | "BYMONTH"
                | "BYSETPOS"
                | "WKST"
        );
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b',' | b'+' | b'-');
        known && !value.is_empty() && value.bytes().all(plain)
    });
    parts_good && frequencies == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_have_one_frequency_and_known_parts() {
        for good in [
            "FREQ=DAILY",
            "RRULE:FREQ=WEEKLY;BYDAY=MO,-1FR;COUNT=3",
            "FREQ=MONTHLY;UNTIL=20261121T000000Z",
        ] {
            assert!(recurrence(good.into()).is_ok(), "{good}");
        }
        for bad in [
            "",
            "DAILY",
            "FREQ=SOMETIMES",
            "BYDAY=MO",
            "FREQ=DAILY;FREQ=DAILY",
            "FREQ=DAILY;X=1",
            "FREQ=DAILY;\0=1",
        ] {
            assert!(recurrence(bad.into()).is_err(), "{bad}");
        }
    }
}
