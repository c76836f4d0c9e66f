//! What can be listened to, and which topics a record concerns.

use crate::api::ActorBody;
use crate::api::comments::markdown::to_html;
use millstream_domain::ids::{ProjectId, TaskId, UserId};
use millstream_event_log::Event;
use millstream_event_log::events::comment::CommentState;
use millstream_event_log::events::{CommentEvent, ProjectEvent, TaskEvent};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

/// Something to listen to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Topic {
    /// A task and its comments.
    Task(TaskId),
    /// A project and its tasks.
    Project(ProjectId),
    /// Somebody's own inbox.
    Notifications(UserId),
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Task(id) => write!(f, "task:{id}"),
            Self::Project(id) => write!(f, "project:{id}"),
            Self::Notifications(_) => f.write_str("notifications"),
        }
    }
}

/// A topic as a client names it: its own inbox has no id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    Task(TaskId),
    Project(ProjectId),
    Notifications,
}

impl FromStr for Wanted {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        if text == "notifications" {
            return Ok(Self::Notifications);
        }
        let (kind, id) = text.split_once(':').ok_or(())?;
        match kind {
            "task" => id.parse().map(Self::Task).map_err(|_| ()),
            "project" => id.parse().map(Self::Project).map_err(|_| ()),
            _ => Err(()),
        }
    }
}

/// The topics that a record concerns, but for inboxes, which a pipeline fills later.
pub(crate) fn topics(event: &Event) -> BTreeSet<Topic> {
    match event {
        Event::Task(event) => of_task(event),
        Event::Comment(event) => {
            let task = &event.comment().task;
            BTreeSet::from([Topic::Task(task.id), Topic::Project(task.project_id)])
        }
        Event::Deadline(event) => {
            let overdue = event.overdue();
            BTreeSet::from([
                Topic::Task(overdue.task_id),
                Topic::Project(overdue.project_id),
            ])
        }
        Event::Project(event) => BTreeSet::from([Topic::Project(event.project().id)]),
        _ => BTreeSet::new(),
    }
}

/// The task, its project, the one it came from, and the tasks that it is or was a part of.
fn of_task(event: &TaskEvent) -> BTreeSet<Topic> {
    let states = [Some(event.task()), event.before()];
    let states = states.into_iter().flatten();
    states
        .flat_map(|task| {
            let parent = task.parent_id.map(Topic::Task);
            [Topic::Task(task.id), Topic::Project(task.project_id)]
                .into_iter()
                .chain(parent)
        })
        .collect()
}

/// Whose rights a record may have changed: their connections are asked again who they are.
pub(crate) fn concerned(event: &Event) -> Option<UserId> {
    match event {
        Event::Member(event) => Some(event.membership().user_id),
        Event::User(event) => Some(event.user_id()),
        Event::Session(event) => event.user_id(),
        Event::ApiToken(event) => Some(event.api_token().user_id),
        _ => None,
    }
}

/// Topics whose listeners a record may have left without the right to hear of them: what they are about went to another
/// team, into the trash, or for good.
pub(crate) fn unsettled(event: &Event) -> Option<Topic> {
    match event {
        Event::Task(event) => {
            let task = event.task();
            let is_taken = matches!(event, TaskEvent::Trashed(_) | TaskEvent::Deleted(_));
            let is_elsewhere = event
                .before()
                .is_some_and(|before| before.team_id != task.team_id);
            (is_taken || is_elsewhere).then_some(Topic::Task(task.id))
        }
        Event::Project(ProjectEvent::Deleted(alone)) => Some(Topic::Project(alone.project.id)),
        Event::Project(ProjectEvent::Updated(change)) => {
            let is_elsewhere = change.before.team_id != change.after.team_id;
            is_elsewhere.then_some(Topic::Project(change.after.id))
        }
        _ => None,
    }
}

/// Whether a record may change somebody's inbox.
pub(crate) fn stirs(event: &Event) -> bool {
    matches!(
        event,
        Event::Task(_) | Event::Comment(_) | Event::Deadline(_) | Event::Notification(_)
    )
}

/// The comment of a record, where it is about one.
pub(crate) fn comment(event: &Event) -> Option<&CommentState> {
    match event {
        Event::Comment(
            event @ (CommentEvent::Created(_) | CommentEvent::Edited(_) | CommentEvent::Deleted(_)),
        ) => Some(event.comment()),
        _ => None,
    }
}

/// A comment as it is sent.
pub(crate) fn comment_value(comment: &CommentState, author: Option<&ActorBody>) -> Value {
    json!({
        "id": comment.id, "task_id": comment.task.id, "author": author, "body": comment.body,
        "body_html": to_html(&comment.body), "created_at": comment.created_at, "edited_at": comment.edited_at,
        "deleted_at": comment.deleted_at,
        "updated_at": comment.deleted_at.or(comment.edited_at).unwrap_or(comment.created_at),
        "version": comment.version,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use millstream_event_log::events::Payload;

    #[test]
    fn topics_are_named_by_kind_and_id() {
        let id = "00000000-0000-0000-0000-000000000010";
        assert_eq!(
            format!("task:{id}").parse(),
            Ok(Wanted::Task(
                id.parse().unwrap_or(TaskId(uuid::Uuid::nil()))
            ))
        );
        assert_eq!("notifications".parse(), Ok(Wanted::Notifications));
        for bad in ["", "task", "task:", "task:x", "notifications:1", "user:1"] {
            assert_eq!(bad.parse::<Wanted>(), Err(()), "{bad}");
        }
    }

    #[test]
    fn every_change_of_a_task_concerns_it_and_its_project() {
        for event in TaskEvent::samples() {
            let topics = topics(&event.clone().into());
            assert!(topics.contains(&Topic::Task(event.task().id)));
            assert!(topics.contains(&Topic::Project(event.task().project_id)));
        }
    }
}
