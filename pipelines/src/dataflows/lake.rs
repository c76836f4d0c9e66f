//! Lake: everything that reports and SQL are asked of.
//!
//! ```text
//! log ─┬─► every record ─────────────────────────────────► events
//!      ├─► tasks ─► by task ─► Stretches ─► stretches of one state ─► task_intervals
//!      └─► tasks, people, teams, projects, members, as they are now ─► tasks, users, teams, projects, memberships
//! ```
//!
//! Every change carries the place of its record, and a replay makes the same changes again: that is what lets each table
//! of the lake be exact by itself, although they cannot be committed together.

mod route;
mod rows;

use crate::operators::stretches::Stretches;
use crate::pipeline::Pipeline;
use millstream_domain::ids::{ProjectId, TaskId, TeamId, UserId};
use serde::{Deserialize, Serialize};

#[cfg(test)]
pub(crate) use route::route;
pub use route::{Fact, Thing};
pub(crate) use rows::workers;
pub use rows::{EventRow, IntervalRow, MembershipRow, ProjectRow, TaskRow, TeamRow, UserRow};

/// The pipeline's name.
pub const NAME: &str = "lake";

/// What changes in the lake.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LakeChange {
    /// Something happened.
    Event(Box<EventRow>),
    /// A stretch of a task's life began, or ended.
    PutInterval(Box<IntervalRow>),
    /// A task is so now.
    PutTask(Box<TaskRow>),
    /// A task is gone for ever.
    RemoveTask(TaskId),
    /// A person is so now.
    PutUser(UserRow),
    /// A team is so now.
    PutTeam(TeamRow),
    /// A team is gone.
    RemoveTeam(TeamId),
    /// A project is so now.
    PutProject(ProjectRow),
    /// A project is gone.
    RemoveProject(ProjectId),
    /// Somebody belongs to a team, as this.
    PutMember(MembershipRow),
    /// Somebody does not belong to a team any more.
    RemoveMember {
        /// The team.
        team_id: TeamId,
        /// The person.
        user_id: UserId,
    },
}

/// The pipeline.
#[must_use]
pub fn pipeline() -> Pipeline<LakeChange> {
    Pipeline::keyed::<Stretches>(NAME, route::route, Stretches)
}
