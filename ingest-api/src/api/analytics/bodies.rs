//! What reports answer, part by part.

use chrono::NaiveDate;
use millstream_analytics_engine::reports::flow::Levels;
use millstream_analytics_engine::reports::names::{PersonName, ProjectName, TeamName};
use millstream_analytics_engine::reports::team::Load;
use millstream_analytics_engine::reports::{Day, Percentiles, Question, Standing, Throughput};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// Which days a report is about.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = ReportPeriod)]
pub(crate) struct PeriodBody {
    /// The first day.
    pub(crate) from: NaiveDate,
    /// The last day: today.
    pub(crate) to: NaiveDate,
    /// Whose days they are.
    #[schema(example = "Europe/Vienna")]
    pub(crate) time_zone: String,
}

impl From<&Question> for PeriodBody {
    fn from(question: &Question) -> Self {
        let days = question.days();
        let dates = days.dates();
        Self {
            from: dates[0],
            to: dates[dates.len() - 1],
            time_zone: question.zone.to_string(),
        }
    }
}

/// How tasks stand now.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[schema(as = Standing)]
pub(crate) struct StandingBody {
    /// Tasks that are to be done: not in the trash, not archived, not done.
    pub(crate) open: u64,
    /// Of them, those in progress.
    pub(crate) in_progress: u64,
    /// Of them, those that are blocked.
    pub(crate) blocked: u64,
    /// Of them, those whose due time has passed.
    pub(crate) overdue: u64,
    /// Of them, those that are due today.
    pub(crate) due_today: u64,
    /// Of them, those that nobody works on.
    pub(crate) unassigned: u64,
}

impl From<Standing> for StandingBody {
    fn from(standing: Standing) -> Self {
        Self {
            open: standing.open,
            in_progress: standing.in_progress,
            blocked: standing.blocked,
            overdue: standing.overdue,
            due_today: standing.due_today,
            unassigned: standing.unassigned,
        }
    }
}

/// What happened within the days.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[schema(as = Throughput)]
pub(crate) struct ThroughputBody {
    /// Tasks that were made.
    pub(crate) created: u64,
    /// Times that a task was finished.
    pub(crate) completed: u64,
    /// Times that a finished task was taken up again.
    pub(crate) reopened: u64,
    /// Of those that were finished, those that had a due time.
    pub(crate) completed_with_due: u64,
    /// Of them, those that were finished by then.
    pub(crate) completed_on_time: u64,
}

impl From<Throughput> for ThroughputBody {
    fn from(throughput: Throughput) -> Self {
        Self {
            created: throughput.created,
            completed: throughput.completed,
            reopened: throughput.reopened,
            completed_with_due: throughput.completed_with_due,
            completed_on_time: throughput.completed_on_time,
        }
    }
}

/// How long things took.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[schema(as = Percentiles)]
pub(crate) struct PercentilesBody {
    /// How many there were.
    pub(crate) count: u64,
    /// Half of them took no longer than this; null where there were none.
    pub(crate) p50_s: Option<i64>,
    /// 85 of a hundred.
    pub(crate) p85_s: Option<i64>,
    /// 95 of a hundred.
    pub(crate) p95_s: Option<i64>,
}

impl From<Percentiles> for PercentilesBody {
    fn from(of: Percentiles) -> Self {
        Self {
            count: of.count,
            p50_s: of.p50_s,
            p85_s: of.p85_s,
            p95_s: of.p95_s,
        }
    }
}

/// What happened on one day.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[schema(as = ReportDay)]
pub(crate) struct DayBody {
    pub(crate) day: NaiveDate,
    /// Tasks that were made.
    pub(crate) created: u64,
    /// Times that a task was finished.
    pub(crate) completed: u64,
}

impl From<Day> for DayBody {
    fn from(day: Day) -> Self {
        Self {
            day: day.day,
            created: day.created,
            completed: day.completed,
        }
    }
}

/// How many tasks were in which status at the end of a day.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[schema(as = FlowLevels)]
pub(crate) struct LevelsBody {
    pub(crate) day: NaiveDate,
    pub(crate) todo: i64,
    pub(crate) in_progress: i64,
    pub(crate) blocked: i64,
    pub(crate) done: i64,
}

impl From<Levels> for LevelsBody {
    fn from(levels: Levels) -> Self {
        Self {
            day: levels.day,
            todo: levels.todo,
            in_progress: levels.in_progress,
            blocked: levels.blocked,
            done: levels.done,
        }
    }
}

/// Somebody whom a report is about.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = ReportPerson)]
pub(crate) struct PersonBody {
    pub(crate) id: Uuid,
    #[schema(example = "ada")]
    pub(crate) username: String,
    #[schema(example = "Ada")]
    pub(crate) display_name: String,
}

impl From<PersonName> for PersonBody {
    fn from(person: PersonName) -> Self {
        Self {
            id: person.id.0,
            username: person.username,
            display_name: person.display_name,
        }
    }
}

/// The team that a report is about.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = ReportTeam)]
pub(crate) struct TeamBody {
    pub(crate) id: Uuid,
    pub(crate) name: String,
}

impl From<TeamName> for TeamBody {
    fn from(team: TeamName) -> Self {
        Self {
            id: team.id.0,
            name: team.name,
        }
    }
}

/// The project that a report is about.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = ReportProject)]
pub(crate) struct ProjectBody {
    pub(crate) id: Uuid,
    #[schema(example = "ENG")]
    pub(crate) key: String,
    pub(crate) name: String,
}

impl From<ProjectName> for ProjectBody {
    fn from(project: ProjectName) -> Self {
        Self {
            id: project.id.0,
            key: project.key,
            name: project.name,
        }
    }
}

/// What somebody does for a team.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = Load)]
pub(crate) struct LoadBody {
    pub(crate) user: PersonBody,
    /// The team's tasks that they are to do.
    pub(crate) open: u64,
    /// Of them, those whose due time has passed.
    pub(crate) overdue: u64,
    /// Times that a task of the team was finished while they worked on it.
    pub(crate) completed: u64,
}

impl From<Load> for LoadBody {
    fn from(load: Load) -> Self {
        Self {
            user: PersonBody {
                id: load.user_id.0,
                username: load.username,
                display_name: load.display_name,
            },
            open: load.open,
            overdue: load.overdue,
            completed: load.completed,
        }
    }
}

/// Each of a list.
pub(crate) fn all<T, Body: From<T>>(list: Vec<T>) -> Vec<Body> {
    list.into_iter().map(Body::from).collect()
}
