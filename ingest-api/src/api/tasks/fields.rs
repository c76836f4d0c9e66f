//! The fields of a task that clients write, read alike by create, patch and assign.

use crate::extract::Fields;
use crate::extract::value::{id, object, text, time, word};
use millstream_domain::field::Invalid;
use millstream_domain::ids::UserId;
use millstream_domain::recurrence::Recurrence;
use millstream_domain::task::{ASSIGNEES_MAX, AssigneeRole, Hours, Metadata, TAGS_MAX, TagName};
use millstream_store::task::AssigneeSpec;
use serde_json::{Map, Value};

/// What only the server sets.
pub(crate) const READ_ONLY: &[&str] = &[
    "id",
    "name",
    "number",
    "archived",
    "trashed_at",
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
        // These are shown with every assignee; sent back with the rest, they change nothing.
        item.optional("username", text(|name| Ok(name.to_owned())));
        item.optional("assigned_by", id::<UserId>);
        item.optional("assigned_at", time);
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

/// How a task recurs.
pub(crate) fn recurrence(value: Value) -> Result<Recurrence, Invalid> {
    text(Recurrence::new)(value)
}
