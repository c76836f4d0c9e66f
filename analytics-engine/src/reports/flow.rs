//! How work flows through a project: how many tasks were in which status at the end of each day, what was finished, and
//! how long that took.

use super::period::Period;
use super::times::Taken;
use super::{Day, Percentiles, Question, Scope, Standing, Throughput};
use crate::error::LakeError;
use crate::session::Session;
use chrono::NaiveDate;
use millstream_domain::ids::ProjectId;
use millstream_domain::task::Status;
use serde::{Deserialize, Serialize};

/// The answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Flow {
    /// How its tasks stand.
    pub now: Standing,
    /// What happened within the days.
    pub period: Throughput,
    /// How long those took that were finished, from when work began.
    pub cycle_time: Percentiles,
    /// The same from when they were made.
    pub lead_time: Percentiles,
    /// Each day.
    pub days: Vec<Day>,
    /// How many were in which status at the end of each day.
    pub cumulative: Vec<Levels>,
}

/// How many tasks were in which status at the end of a day; today, now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Levels {
    /// The day, where the reader is.
    pub day: NaiveDate,
    /// Those that nobody had begun.
    pub todo: i64,
    /// Those that somebody worked on.
    pub in_progress: i64,
    /// Those that had to wait.
    pub blocked: i64,
    /// Those that were done, put away or not.
    pub done: i64,
}

/// Asks.
pub async fn ask(
    session: &Session,
    question: &Question,
    project: ProjectId,
) -> Result<Flow, LakeError> {
    let of_project = Question {
        scope: Scope {
            project: Some(project),
            ..Scope::default()
        },
        ..question.clone()
    };
    let question = &of_project;
    let (now, period, [cycle_time, lead_time], cumulative) = tokio::try_join!(
        Standing::of(session, question),
        Period::of(session, question),
        Percentiles::of(session, question, [Taken::Cycle, Taken::Lead]),
        cumulative(session, question),
    )?;
    Ok(Flow {
        now,
        period: period.throughput,
        cycle_time,
        lead_time,
        days: period.days,
        cumulative,
    })
}

/// How many stretches of a status began on a day, or ended.
#[derive(Debug, Deserialize)]
struct Step {
    /// None where those are counted that ended.
    began: Option<i32>,
    /// None where those are counted that began, and for those that have not ended.
    ended: Option<i32>,
    status: Status,
    count: i64,
}

/// A stretch counts on each day at whose end it lasted. So it counts from the day on which it began, and no more from the day
/// on which it ended. What began before the first day counts from the first.
async fn cumulative(session: &Session, question: &Question) -> Result<Vec<Levels>, LakeError> {
    let days = question.days();
    session.count_by(&days);
    let scope = question.scope.condition();
    // What was put away before it was done has left the flow.
    let counts = format!("(not archived or status = 'done') and {scope}");
    let sql = format!(
        "select began, ended, status, count(*) as count from (
            select day_of(entered_at) as began, day_of(left_at) as ended, status
            from task_intervals where {counts}
         ) group by grouping sets ((began, status), (ended, status))"
    );
    let steps: Vec<Step> = session.rows(&sql).await?;
    let mut levels: Vec<_> = days
        .dates()
        .iter()
        .map(|day| Levels {
            day: *day,
            todo: 0,
            in_progress: 0,
            blocked: 0,
            done: 0,
        })
        .collect();
    for step in steps {
        let (day, more) = match (step.began, step.ended) {
            (Some(day), _) => (day, step.count),
            (None, Some(day)) => (day, -step.count),
            (None, None) => continue,
        };
        let from = usize::try_from(day).unwrap_or(0);
        for level in levels.iter_mut().skip(from) {
            *level.of(step.status) += more;
        }
    }
    Ok(levels)
}

impl Levels {
    fn of(&mut self, status: Status) -> &mut i64 {
        match status {
            Status::Todo => &mut self.todo,
            Status::InProgress => &mut self.in_progress,
            Status::Blocked => &mut self.blocked,
            Status::Done => &mut self.done,
        }
    }
}
