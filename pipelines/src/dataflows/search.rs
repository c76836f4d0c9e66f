//! Search: what is found, and by whom.
//!
//! ```text
//! log ─► tasks, comments, tags, people, members, projects, teams ─► search index
//! ```
//!
//! Without state: every event carries the whole of what it is about, and the sink keeps the documents.

use crate::operator::Reject;
use crate::pipeline::Pipeline;
use millstream_domain::ids::{CommentId, ProjectId, TagId, TaskId, TeamId, UserId};
use millstream_event_log::events::comment::CommentState;
use millstream_event_log::events::member::Membership;
use millstream_event_log::events::project::ProjectState;
use millstream_event_log::events::task::TaskState;
use millstream_event_log::events::team::TeamState;
use millstream_event_log::events::user::UserState;
use millstream_event_log::events::{
    CommentEvent, MemberEvent, ProjectEvent, TagEvent, TaskEvent, TeamEvent, UserEvent,
};
use millstream_event_log::{Event, Record};
use serde::{Deserialize, Serialize};

/// The pipeline's name.
pub const NAME: &str = "search";

/// What changes in the index.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SearchChange {
    /// A task is so now.
    PutTask {
        /// The task.
        task: Box<TaskState>,
        /// The name that it had before, if that was another: it stays valid.
        former_name: Option<String>,
    },
    /// A task is gone for ever.
    RemoveTask(TaskId),
    /// A comment is so now.
    PutComment(Box<CommentState>),
    /// A comment's text is gone.
    RemoveComment {
        /// What it was about.
        task_id: TaskId,
        /// Which.
        comment_id: CommentId,
    },
    /// A tag is called so now, on all tasks that carry it.
    RenameTag {
        /// The tag.
        id: TagId,
        /// Its new name.
        name: String,
    },
    /// A person is so now.
    PutUser(Box<UserState>),
    /// Somebody belongs to a team, as this.
    PutMember(Membership),
    /// Somebody does not belong to a team any more.
    RemoveMember {
        /// The team.
        team_id: TeamId,
        /// The person.
        user_id: UserId,
    },
    /// A project is so now.
    PutProject(ProjectState),
    /// A project is gone.
    RemoveProject(ProjectId),
    /// A team is so now.
    PutTeam(TeamState),
    /// A team is gone.
    RemoveTeam(TeamId),
}

/// The pipeline.
#[must_use]
pub fn pipeline() -> Pipeline<SearchChange> {
    Pipeline::each(NAME, changes)
}

fn changes(record: &Record) -> Result<Vec<SearchChange>, Reject> {
    let event = record.event().map_err(|error| Reject(format!("{error}")))?;
    Ok(change(event).into_iter().collect())
}

fn change(event: Event) -> Option<SearchChange> {
    match event {
        Event::Task(event) => Some(of_task(&event)),
        Event::Comment(event) => Some(of_comment(event)),
        Event::Tag(event) => of_tag(event),
        Event::Project(event) => Some(of_project(event)),
        Event::Team(event) => Some(of_team(event)),
        Event::Member(event) => Some(of_member(event)),
        Event::User(event) => of_user(event),
        Event::Watch(_)
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
        | Event::Key(_) => None,
    }
}

fn of_task(event: &TaskEvent) -> SearchChange {
    let Some(task) = event.after() else {
        return SearchChange::RemoveTask(event.task().id);
    };
    let before = event.before().map(|before| &before.name);
    SearchChange::PutTask {
        former_name: before.filter(|name| **name != task.name).cloned(),
        task: Box::new(task.clone()),
    }
}

fn of_comment(event: CommentEvent) -> SearchChange {
    match event {
        CommentEvent::Created(comment) => SearchChange::PutComment(Box::new(comment.comment)),
        CommentEvent::Edited(change) => SearchChange::PutComment(Box::new(change.after)),
        CommentEvent::Deleted(change) => SearchChange::RemoveComment {
            task_id: change.after.task.id,
            comment_id: change.after.id,
        },
    }
}

/// A tag that is made is on no task yet, and one that is deleted on none any more.
fn of_tag(event: TagEvent) -> Option<SearchChange> {
    match event {
        TagEvent::Updated(change) if change.before.name != change.after.name => {
            Some(SearchChange::RenameTag {
                id: change.after.id,
                name: change.after.name,
            })
        }
        TagEvent::Created(_) | TagEvent::Updated(_) | TagEvent::Deleted(_) => None,
    }
}

fn of_project(event: ProjectEvent) -> SearchChange {
    match event {
        ProjectEvent::Created(project) => SearchChange::PutProject(project.project),
        ProjectEvent::Updated(change) => SearchChange::PutProject(change.after),
        ProjectEvent::Deleted(project) => SearchChange::RemoveProject(project.project.id),
    }
}

fn of_team(event: TeamEvent) -> SearchChange {
    match event {
        TeamEvent::Created(team) => SearchChange::PutTeam(team.team),
        TeamEvent::Updated(change) => SearchChange::PutTeam(change.after),
        TeamEvent::Deleted(team) => SearchChange::RemoveTeam(team.team.id),
    }
}

fn of_member(event: MemberEvent) -> SearchChange {
    match event {
        MemberEvent::Added(membership) | MemberEvent::Changed(membership) => {
            SearchChange::PutMember(membership)
        }
        MemberEvent::Removed(membership) => SearchChange::RemoveMember {
            team_id: membership.team_id,
            user_id: membership.user_id,
        },
    }
}

fn of_user(event: UserEvent) -> Option<SearchChange> {
    let user = match event {
        UserEvent::Registered(user) => user.user,
        UserEvent::Updated(updated) => updated.change.after,
        UserEvent::PasswordChanged(_)
        | UserEvent::PasswordResetAsked(_)
        | UserEvent::PasswordReset(_) => return None,
    };
    Some(SearchChange::PutUser(Box::new(user)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use millstream_event_log::testing::record;
    use serde_json::value::RawValue;
    use std::sync::Arc;

    /// The sample of this type.
    fn sample(kind: &str) -> Event {
        let mut samples = Event::samples().into_iter();
        samples
            .find(|event| event.kind() == kind)
            .expect("every type has a sample")
    }

    #[test]
    fn a_task_that_gets_another_name_keeps_the_old_one_beside_it() {
        let Event::Task(TaskEvent::Moved(mut moved)) = sample("task.moved") else {
            panic!("another event")
        };
        moved.before.name = "ENG-1".into();
        moved.after.name = "OPS-9".into();
        let former = |event: &TaskEvent| match of_task(event) {
            SearchChange::PutTask { former_name, .. } => former_name,
            other => panic!("{other:?}"),
        };
        assert_eq!(
            former(&TaskEvent::Moved(moved.clone())),
            Some("ENG-1".into())
        );
        moved.before.name = "OPS-9".into();
        assert_eq!(former(&TaskEvent::Moved(moved)), None);
    }

    #[test]
    fn what_is_in_the_trash_is_put_and_what_is_removed_for_ever_is_taken_out() {
        let put = |kind| match change(sample(kind)) {
            Some(SearchChange::PutTask { task, .. }) => Some(task.trashed_at.is_some()),
            Some(SearchChange::RemoveTask(_)) => None,
            other => panic!("{kind}: {other:?}"),
        };
        assert_eq!(put("task.created"), Some(false));
        assert_eq!(put("task.trashed"), Some(true));
        assert_eq!(put("task.restored"), Some(false));
        assert_eq!(put("task.deleted"), None);
    }

    #[test]
    fn the_text_of_a_deleted_comment_goes_no_further() {
        let deleted = change(sample("comment.deleted"));
        assert!(matches!(deleted, Some(SearchChange::RemoveComment { .. })));
    }

    #[test]
    fn what_nobody_searches_for_changes_nothing() {
        for event in Event::samples() {
            let searched = ["task.", "comment.", "project.", "team.", "member.", "user."]
                .iter()
                .any(|noun| event.kind().starts_with(noun));
            let kind = event.kind();
            let silent = ["task.overdue", "task.watched", "task.unwatched"];
            let is_silent = silent.contains(&kind) || kind.starts_with("user.password");
            let expected = kind == "tag.updated" || searched && !is_silent;
            assert_eq!(change(event).is_some(), expected, "{kind}");
        }
    }

    #[test]
    fn a_record_that_cannot_be_read_is_refused() {
        let mut torn = record(1, sample("task.created"));
        assert!(changes(&torn).is_ok());
        torn.data = Arc::from(RawValue::from_string("{}".into()).expect("JSON"));
        assert!(changes(&torn).is_err());
    }
}
