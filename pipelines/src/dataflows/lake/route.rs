//! What a record says to the lake: itself, and what is so now.

use super::LakeChange;
use super::rows::{EventRow, MembershipRow};
use crate::operator::Reject;
use millstream_domain::ids::{ProjectId, TaskId, TeamId};
use millstream_event_log::events::task::TaskState;
use millstream_event_log::events::{MemberEvent, ProjectEvent, TeamEvent};
use millstream_event_log::{Event, Record, Via};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A record as the operator sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fact {
    /// The record.
    pub event: Box<EventRow>,
    /// What is so now, where that changed.
    pub thing: Option<Thing>,
}

/// What is so now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Thing {
    /// A task, as it was and as it is.
    Task {
        /// None for one that was just made.
        before: Option<Box<TaskState>>,
        /// None for one that is gone.
        after: Option<Box<TaskState>>,
        /// Whether somebody brought it from elsewhere.
        imported: bool,
    },
    /// Anything else, which needs no state.
    Other(LakeChange),
}

pub(crate) fn route(record: &Record) -> Result<Vec<(Uuid, Fact)>, Reject> {
    let event = record.event().map_err(|error| Reject(format!("{error}")))?;
    let place = Place::of(&event);
    let row = EventRow {
        seq: record.seq,
        event_id: record.id,
        kind: record.kind.to_string(),
        topic: record.topic.as_str().to_owned(),
        key: record.key,
        subject: record.subject.to_string(),
        at: record.at,
        actor: record.origin.actor,
        via: record.origin.via.as_str().to_owned(),
        schema_version: record.schema_version,
        team_id: place.team,
        project_id: place.project,
        task_id: place.task,
        data: record.data.get().to_owned(),
    };
    let fact = Fact {
        event: Box::new(row),
        thing: thing(event, record.origin.via == Via::Import),
    };
    Ok(vec![(record.key, fact)])
}

fn thing(event: Event, imported: bool) -> Option<Thing> {
    let other = match event {
        Event::Task(event) => {
            return Some(Thing::Task {
                before: event.before().map(|task| Box::new(task.clone())),
                after: event.after().map(|task| Box::new(task.clone())),
                imported,
            });
        }
        Event::Project(ProjectEvent::Created(alone)) => {
            LakeChange::PutProject(alone.project.into())
        }
        Event::Project(ProjectEvent::Updated(change)) => {
            LakeChange::PutProject(change.after.into())
        }
        Event::Project(ProjectEvent::Deleted(alone)) => LakeChange::RemoveProject(alone.project.id),
        Event::Team(TeamEvent::Created(alone)) => LakeChange::PutTeam(alone.team.into()),
        Event::Team(TeamEvent::Updated(change)) => LakeChange::PutTeam(change.after.into()),
        Event::Team(TeamEvent::Deleted(alone)) => LakeChange::RemoveTeam(alone.team.id),
        Event::Member(MemberEvent::Added(member) | MemberEvent::Changed(member)) => {
            LakeChange::PutMember(MembershipRow {
                team_id: member.team_id,
                user_id: member.user_id,
                role: member.role,
            })
        }
        Event::Member(MemberEvent::Removed(member)) => LakeChange::RemoveMember {
            team_id: member.team_id,
            user_id: member.user_id,
        },
        Event::User(event) => LakeChange::PutUser(event.after()?.clone().into()),
        Event::Comment(_)
        | Event::Watch(_)
        | Event::Tag(_)
        | Event::Session(_)
        | Event::Access(_)
        | Event::ApiToken(_)
        | Event::Notification(_)
        | Event::Deadline(_)
        | Event::Job(_)
        | Event::Report(_)
        | Event::Statement(_)
        | Event::Schedule(_)
        | Event::Pipeline(_)
        | Event::Key(_) => return None,
    };
    Some(Thing::Other(other))
}

/// Where something happened.
#[derive(Debug, Default, Clone, Copy)]
struct Place {
    team: Option<TeamId>,
    project: Option<ProjectId>,
    task: Option<TaskId>,
}

impl Place {
    fn team(team: TeamId) -> Self {
        Self {
            team: Some(team),
            ..Self::default()
        }
    }

    fn task(team: TeamId, project: ProjectId, task: TaskId) -> Self {
        Self {
            team: Some(team),
            project: Some(project),
            task: Some(task),
        }
    }

    fn of(event: &Event) -> Self {
        match event {
            Event::Task(event) => {
                let t = event.task();
                Self::task(t.team_id, t.project_id, t.id)
            }
            Event::Comment(event) => {
                let t = &event.comment().task;
                Self::task(t.team_id, t.project_id, t.id)
            }
            Event::Watch(event) => {
                let t = event.watcher();
                Self::task(t.team_id, t.project_id, t.task_id)
            }
            Event::Deadline(event) => {
                let t = event.overdue();
                Self::task(t.team_id, t.project_id, t.task_id)
            }
            Event::Tag(event) => Self::team(event.tag().team_id),
            Event::Project(event) => Self {
                project: Some(event.project().id),
                ..Self::team(event.project().team_id)
            },
            Event::Team(event) => Self::team(event.team().id),
            Event::Member(event) => Self::team(event.membership().team_id),
            Event::User(_)
            | Event::Session(_)
            | Event::Access(_)
            | Event::ApiToken(_)
            | Event::Notification(_)
            | Event::Job(_)
            | Event::Report(_)
            | Event::Statement(_)
            | Event::Schedule(_)
            | Event::Pipeline(_)
            | Event::Key(_) => Self::default(),
        }
    }
}
