//! Activity: what happened, per project, person and task.
//!
//! ```text
//! log ─► tasks, comments, projects, teams, members ─► app.activity
//! ```
//!
//! Without state: every event carries what its line needs. Log-ins, inboxes and who watches what are nobody
//! else's business and do not appear.

use crate::operator::Reject;
use crate::pipeline::Pipeline;
use millstream_domain::ids::{CommentId, EventId, ProjectId, TaskId, TeamId, UserId};
use millstream_event_log::changes::{FieldChange, changes};
use millstream_event_log::{Event, Record};
use serde::{Deserialize, Serialize};

/// The pipeline's name.
pub const NAME: &str = "activity";

/// One line of the activity.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ActivityItem {
    /// The event.
    pub event_id: EventId,
    /// Its type.
    pub kind: String,
    /// Who acted.
    pub actor: Option<UserId>,
    /// Whose team it was in: who sees that sees the line.
    pub team_id: TeamId,
    /// The project, for everything below one.
    pub project_id: Option<ProjectId>,
    /// The task, for everything that belongs to one.
    pub task: Option<ActivityTask>,
    /// The comment, for what happens to one.
    pub comment_id: Option<CommentId>,
    /// The person it was done to, for memberships.
    pub member: Option<UserId>,
    /// The name of the project, team or person, where there is no task.
    pub name: Option<String>,
    /// What changed.
    pub changes: Vec<FieldChange>,
}

/// A task as a line of the activity names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActivityTask {
    /// Which.
    pub id: TaskId,
    /// Its name then.
    pub name: String,
    /// Its title then.
    pub title: String,
}

/// The pipeline.
#[must_use]
pub fn pipeline() -> Pipeline<ActivityItem> {
    Pipeline::each(NAME, line)
}

fn line(record: &Record) -> Result<Vec<ActivityItem>, Reject> {
    let event = record.event().map_err(|error| Reject(format!("{error}")))?;
    Ok(about(&event)
        .map(|about| item(record, &event, about))
        .into_iter()
        .collect())
}

/// What a line is about.
struct About {
    team_id: TeamId,
    project_id: Option<ProjectId>,
    task: Option<ActivityTask>,
    comment_id: Option<CommentId>,
    member: Option<UserId>,
    name: Option<String>,
}

impl About {
    fn team(team_id: TeamId) -> Self {
        Self {
            team_id,
            project_id: None,
            task: None,
            comment_id: None,
            member: None,
            name: None,
        }
    }

    /// A task: where it is, and what it is called.
    fn task(team_id: TeamId, project_id: ProjectId, id: TaskId, name: &str, title: &str) -> Self {
        Self {
            project_id: Some(project_id),
            task: Some(ActivityTask {
                id,
                name: name.to_owned(),
                title: title.to_owned(),
            }),
            ..Self::team(team_id)
        }
    }
}

fn about(event: &Event) -> Option<About> {
    let about = match event {
        Event::Task(event) => {
            let t = event.task();
            About::task(t.team_id, t.project_id, t.id, &t.name, &t.title)
        }
        Event::Comment(event) => {
            let t = &event.comment().task;
            About {
                comment_id: Some(event.comment().id),
                ..About::task(t.team_id, t.project_id, t.id, &t.name, &t.title)
            }
        }
        Event::Project(event) => {
            let project = event.project();
            About {
                project_id: Some(project.id),
                name: Some(project.name.clone()),
                ..About::team(project.team_id)
            }
        }
        Event::Team(event) => {
            let team = event.team();
            About {
                name: Some(team.name.clone()),
                ..About::team(team.id)
            }
        }
        Event::Member(event) => {
            let member = event.membership();
            About {
                member: Some(member.user_id),
                name: Some(member.username.clone()),
                ..About::team(member.team_id)
            }
        }
        Event::Tag(event) => {
            let tag = event.tag();
            About {
                name: Some(tag.name.clone()),
                ..About::team(tag.team_id)
            }
        }
        Event::Deadline(event) => {
            let t = event.overdue();
            About::task(t.team_id, t.project_id, t.task_id, &t.name, &t.title)
        }
        Event::Watch(_)
        | Event::User(_)
        | Event::Session(_)
        | Event::ApiToken(_)
        | Event::Access(_)
        | Event::Notification(_)
        | Event::Job(_)
        | Event::Report(_)
        | Event::Statement(_)
        | Event::Schedule(_)
        | Event::Pipeline(_)
        | Event::Key(_) => {
            return None;
        }
    };
    Some(about)
}

fn item(record: &Record, event: &Event, about: About) -> ActivityItem {
    ActivityItem {
        event_id: record.id,
        kind: event.kind().to_owned(),
        actor: record.origin.actor,
        team_id: about.team_id,
        project_id: about.project_id,
        task: about.task,
        comment_id: about.comment_id,
        member: about.member,
        name: about.name,
        changes: changes(event),
    }
}
