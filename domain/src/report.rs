//! Reports: questions about the work whose answer is a file.

use crate::ids::{ProjectId, TeamId, UserId};
use crate::text::words;
use serde::{Deserialize, Serialize};

words! {
    /// What a report is about.
    ReportKind {
        /// How things stand, and what happened lately.
        Dashboard = "dashboard",
        /// How tasks are spread over something.
        Distribution = "distribution",
        /// What somebody works on and has finished.
        Stats = "stats",
        /// How a team does.
        Performance = "performance",
        /// How work flows through a project.
        Flow = "flow",
        /// The tasks themselves, a row for each.
        Tasks = "tasks",
    }
}

words! {
    /// In which form the file is.
    ReportFormat {
        /// Comma-separated values, with a line of names.
        Csv = "csv",
        /// One JSON object.
        Json = "json",
        /// Apache Parquet.
        Parquet = "parquet",
    }
}

words! {
    /// Over what tasks are spread.
    ReportGroup {
        /// How far they are.
        Status = "status",
        /// How much they matter.
        Priority = "priority",
        /// Who works on them.
        Assignee = "assignee",
        /// Their projects.
        Project = "project",
        /// Their teams.
        Team = "team",
    }
}

words! {
    /// How far a report is.
    ReportState {
        /// It will be made when its turn has come.
        Waiting = "waiting",
        /// Somebody makes it.
        Running = "running",
        /// Its file is there.
        Done = "done",
        /// It cannot be made.
        Failed = "failed",
        /// Somebody called it off.
        Cancelled = "cancelled",
        /// Its file was there, and its time is over.
        Expired = "expired",
    }
}

/// A report, as it was ordered: what it is about, and the parameters that go with that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "params", rename_all = "snake_case")]
pub enum ReportOrder {
    /// How things stand.
    Dashboard {
        /// How many days, today among them.
        days: u32,
        /// Only of this team.
        team: Option<TeamId>,
        /// Only of this project.
        project: Option<ProjectId>,
    },
    /// How tasks are spread.
    Distribution {
        /// Over what.
        by: ReportGroup,
        /// Only of this team.
        team: Option<TeamId>,
        /// Only of this project.
        project: Option<ProjectId>,
    },
    /// What somebody works on and has finished.
    Stats {
        /// Who.
        user: UserId,
        /// How many days, today among them.
        days: u32,
    },
    /// How a team does.
    Performance {
        /// Which.
        team: TeamId,
        /// How many days, today among them.
        days: u32,
    },
    /// How work flows through a project.
    Flow {
        /// Which.
        project: ProjectId,
        /// How many days, today among them.
        days: u32,
    },
    /// The tasks themselves.
    Tasks {
        /// Only of this team.
        team: Option<TeamId>,
        /// Only of this project.
        project: Option<ProjectId>,
        /// Only those that somebody works on.
        assignee: Option<UserId>,
    },
}

impl ReportOrder {
    /// What it is about.
    #[must_use]
    pub fn kind(&self) -> ReportKind {
        match self {
            Self::Dashboard { .. } => ReportKind::Dashboard,
            Self::Distribution { .. } => ReportKind::Distribution,
            Self::Stats { .. } => ReportKind::Stats,
            Self::Performance { .. } => ReportKind::Performance,
            Self::Flow { .. } => ReportKind::Flow,
            Self::Tasks { .. } => ReportKind::Tasks,
        }
    }

    /// The team that it names.
    #[must_use]
    pub fn team(&self) -> Option<TeamId> {
        match *self {
            Self::Dashboard { team, .. }
            | Self::Distribution { team, .. }
            | Self::Tasks { team, .. } => team,
            Self::Performance { team, .. } => Some(team),
            Self::Stats { .. } | Self::Flow { .. } => None,
        }
    }

    /// The project that it names.
    #[must_use]
    pub fn project(&self) -> Option<ProjectId> {
        match *self {
            Self::Dashboard { project, .. }
            | Self::Distribution { project, .. }
            | Self::Tasks { project, .. } => project,
            Self::Flow { project, .. } => Some(project),
            Self::Stats { .. } | Self::Performance { .. } => None,
        }
    }

    /// The person that it names, and the parameter that does.
    #[must_use]
    pub fn person(&self) -> Option<(&'static str, UserId)> {
        match *self {
            Self::Stats { user, .. } => Some(("user", user)),
            Self::Tasks { assignee, .. } => assignee.map(|id| ("assignee", id)),
            Self::Dashboard { .. }
            | Self::Distribution { .. }
            | Self::Performance { .. }
            | Self::Flow { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use uuid::Uuid;

    #[test]
    fn an_order_is_its_kind_and_its_parameters() {
        let order = ReportOrder::Flow {
            project: ProjectId(Uuid::nil()),
            days: 7,
        };
        let written = json!({"kind": "flow", "params": {"project": Uuid::nil(), "days": 7}});
        assert_eq!(serde_json::to_value(order).ok(), Some(written.clone()));
        assert_eq!(serde_json::from_value(written).ok(), Some(order));
        assert_eq!(order.kind().as_str(), "flow");
    }
}
