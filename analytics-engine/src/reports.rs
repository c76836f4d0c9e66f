//! The reports: what the product asks of the lake. `docs/ANALYTICS.md` defines each number, once.
//!
//! Most are put together of the same parts: how things stand (`standing`), what happened within some days (`period`), and how long
//! it took (`times`). A report asks all of its parts at once.
//!
//! To add one: a file here with what it asks and what it answers, a line below, its handler in `ingest-api`, its numbers in
//! the document, and a fold over events that it is compared with in `tests/it`.

pub mod dashboard;
pub mod distribution;
pub mod flow;
pub mod names;
mod period;
mod standing;
pub mod stats;
pub(crate) mod tasks;
pub mod team;
mod times;

use crate::days::Days;
use chrono::{DateTime, SecondsFormat, Utc};
use chrono_tz::Tz;
use millstream_domain::ids::{ProjectId, TeamId, UserId};
pub use period::{Day, Throughput};
pub use standing::Standing;
use std::fmt::Write as _;
pub use times::Percentiles;

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

    /// The condition that rows of `task_intervals` have to meet to have begun within the days.
    fn within(&self) -> String {
        let days = self.days();
        let (begin, end) = (moment(days.begin()), moment(days.end()));
        format!("entered_at >= {begin} and entered_at < {end}")
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
