//! The reports: what the product asks of the lake. `docs/ANALYTICS.md` defines each number, once.
//!
//! To add one: a file here with what it asks and what it answers, a line below, its handler in `ingest-api`, its numbers in
//! the document, and a fold over events that it is compared with in `tests/it`.

pub mod dashboard;
pub mod distribution;
pub mod flow;
pub mod names;
pub mod stats;
pub(crate) mod tasks;
pub mod team;

use crate::days::Days;
use crate::error::LakeError;
use crate::session::Session;
use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use chrono_tz::Tz;
use millstream_domain::ids::{ProjectId, TeamId, UserId};
use serde::{Deserialize, Serialize};
use std::fmt::Write as _;

/// Most days of one report: a leap year.
pub const DAYS_MAX: u32 = 366;
/// Days of a report when nobody says.
pub const DAYS_DEFAULT: u32 = 30;

/// What a report is about.
#[derive(Debug, Clone)]
pub struct Question {
    /// When it is asked.
    pub now: DateTime<Utc>,
    /// Whose days are counted.
    pub zone: Tz,
    /// How many days, today among them.
    pub days: u32,
    /// Which tasks.
    pub scope: Scope,
}

impl Question {
    /// Its days.
    #[must_use]
    pub fn days(&self) -> Days {
        Days::until(self.now, self.zone, self.days.clamp(1, DAYS_MAX))
    }
}

/// Which tasks a report is about, of those that the asker sees.
#[derive(Debug, Clone, Copy, Default)]
pub struct Scope {
    /// Those of a team.
    pub team: Option<TeamId>,
    /// Those of a project.
    pub project: Option<ProjectId>,
    /// Those that somebody works on.
    pub assignee: Option<UserId>,
}

impl Scope {
    /// The condition that rows of `tasks` and `task_intervals` have to meet.
    fn condition(&self) -> String {
        let mut sql = String::from("true");
        let mut and = |condition: String| {
            let written = write!(sql, " and {condition}");
            written.expect("a text takes what is written");
        };
        if let Some(team) = self.team {
            and(format!("team_id = '{team}'"));
        }
        if let Some(project) = self.project {
            and(format!("project_id = '{project}'"));
        }
        if let Some(user) = self.assignee {
            and(format!("array_has(assignees, '{user}')"));
        }
        sql
    }
}

/// A moment in SQL.
fn moment(at: DateTime<Utc>) -> String {
    let text = at.to_rfc3339_opts(SecondsFormat::Micros, true);
    format!("arrow_cast('{text}', 'Timestamp(Microsecond, Some(\"UTC\"))')")
}

/// A task that is to be done: not in the trash, not put away, not done.
const OPEN: &str = "trashed_at is null and not archived and status <> 'done'";

/// What is the case now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// Tasks that are to be done.
    #[serde(default)]
    pub open: u64,
    /// Of them, those that are in progress.
    #[serde(default)]
    pub in_progress: u64,
    /// Of them, those that are blocked.
    #[serde(default)]
    pub blocked: u64,
    /// Of them, those that were due before now.
    #[serde(default)]
    pub overdue: u64,
    /// Of them, those that are due today, before now or after.
    #[serde(default)]
    pub due_today: u64,
    /// Of them, those that nobody works on.
    #[serde(default)]
    pub unassigned: u64,
}

impl Standing {
    async fn of(session: &Session, question: &Question) -> Result<Self, LakeError> {
        let days = question.days();
        let (now, scope) = (moment(question.now), question.scope.condition());
        let (today, tomorrow) = (moment(days.last_begins()), moment(days.end()));
        let sql = format!(
            "select count(*) as open,
                count(*) filter (where status = 'in_progress') as in_progress,
                count(*) filter (where status = 'blocked') as blocked,
                count(*) filter (where due_at < {now}) as overdue,
                count(*) filter (where due_at >= {today} and due_at < {tomorrow}) as due_today,
                count(*) filter (where cardinality(assignees) = 0) as unassigned
             from tasks where {OPEN} and {scope}"
        );
        Ok(session.rows(&sql).await?.pop().unwrap_or_default())
    }
}

/// What happened within some days.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Throughput {
    /// Tasks that were made.
    #[serde(default)]
    pub created: u64,
    /// Times that a task was finished.
    #[serde(default)]
    pub completed: u64,
    /// Times that a task was taken up again.
    #[serde(default)]
    pub reopened: u64,
    /// Of those that were finished, those that had a due time.
    #[serde(default)]
    pub completed_with_due: u64,
    /// Of them, those that were finished by then.
    #[serde(default)]
    pub completed_on_time: u64,
}

impl Throughput {
    async fn of(session: &Session, question: &Question) -> Result<Self, LakeError> {
        let days = question.days();
        let (begin, end) = (moment(days.begin()), moment(days.end()));
        let scope = question.scope.condition();
        let sql = format!(
            "select count(*) filter (where creation) as created,
                count(*) filter (where completion) as completed,
                count(*) filter (where reopening) as reopened,
                count(*) filter (where completion and due_at is not null) as completed_with_due,
                count(*) filter (where completion and entered_at <= due_at) as completed_on_time
             from task_intervals
             where entered_at >= {begin} and entered_at < {end} and {scope}"
        );
        Ok(session.rows(&sql).await?.pop().unwrap_or_default())
    }
}

/// What happened on one day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Day {
    /// The day, where the reader is.
    pub day: NaiveDate,
    /// Tasks that were made.
    pub created: u64,
    /// Times that a task was finished.
    pub completed: u64,
}

#[derive(Debug, Deserialize)]
struct DayRow {
    day: i32,
    created: u64,
    completed: u64,
}

/// What happened on each day, also on those on which nothing did.
async fn per_day(session: &Session, question: &Question) -> Result<Vec<Day>, LakeError> {
    let days = question.days();
    session.count_by(&days);
    let (begin, end) = (moment(days.begin()), moment(days.end()));
    let scope = question.scope.condition();
    let sql = format!(
        "select day_of(entered_at) as day,
            count(*) filter (where creation) as created,
            count(*) filter (where completion) as completed
         from task_intervals
         where entered_at >= {begin} and entered_at < {end} and (creation or completion) and {scope}
         group by 1"
    );
    let rows: Vec<DayRow> = session.rows(&sql).await?;
    let mut all: Vec<_> = days
        .dates()
        .iter()
        .map(|day| Day {
            day: *day,
            created: 0,
            completed: 0,
        })
        .collect();
    for row in rows {
        let at = usize::try_from(row.day).ok();
        if let Some(day) = at.and_then(|at| all.get_mut(at)) {
            (day.created, day.completed) = (row.created, row.completed);
        }
    }
    Ok(all)
}

/// How long things took, in seconds: for so many of a hundred no longer than this.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Percentiles {
    /// How many there were.
    #[serde(default)]
    pub count: u64,
    /// For half of them; none where there are none.
    pub p50_s: Option<i64>,
    /// For 85 of a hundred.
    pub p85_s: Option<i64>,
    /// For 95 of a hundred.
    pub p95_s: Option<i64>,
}

/// From what to what the time is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Taken {
    /// From when work began to when it was finished.
    Cycle,
    /// From when the task was made to when it was finished.
    Lead,
}

impl Percentiles {
    /// Of what was finished within the days. Nearest rank: each is a time that one of them took.
    async fn of(session: &Session, question: &Question, taken: Taken) -> Result<Self, LakeError> {
        let days = question.days();
        let (begin, end) = (moment(days.begin()), moment(days.end()));
        let scope = question.scope.condition();
        let from = match taken {
            Taken::Cycle => "started_at",
            Taken::Lead => "created_at",
        };
        let sql = format!(
            "with taken as (
                select (arrow_cast(entered_at, 'Int64') - arrow_cast({from}, 'Int64')) / 1000000 as seconds
                from task_intervals
                where completion and {from} is not null
                    and entered_at >= {begin} and entered_at < {end} and {scope}
             ), ranked as (
                select greatest(seconds, 0) as seconds,
                    row_number() over (order by seconds) as place, count(*) over () as total
                from taken
             )
             select max(total) as count,
                min(seconds) filter (where place * 100 >= total * 50) as p50_s,
                min(seconds) filter (where place * 100 >= total * 85) as p85_s,
                min(seconds) filter (where place * 100 >= total * 95) as p95_s
             from ranked"
        );
        Ok(session.rows(&sql).await?.pop().unwrap_or_default())
    }
}
