//! What happened within some days, all together and on each of them.

use super::Question;
use crate::error::LakeError;
use crate::session::Session;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use std::ops::AddAssign;

/// What happened within some days.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Throughput {
    /// Tasks that were made.
    pub created: u64,
    /// Times that a task was finished.
    pub completed: u64,
    /// Times that a task was taken up again.
    pub reopened: u64,
    /// Of those that were finished, those that had a due time.
    pub completed_with_due: u64,
    /// Of them, those that were finished by then.
    pub completed_on_time: u64,
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

/// What happened within the days of a question.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Period {
    /// All days together.
    pub(super) throughput: Throughput,
    /// Each of them, also those on which nothing happened.
    pub(super) days: Vec<Day>,
}

#[derive(Debug, Deserialize)]
struct Row {
    day: i32,
    #[serde(flatten)]
    counts: Throughput,
}

impl Period {
    /// The rows are read once: what the days have in common is their sum.
    pub(super) async fn of(session: &Session, question: &Question) -> Result<Self, LakeError> {
        let days = question.days();
        session.count_by(&days);
        let (within, scope) = (question.within(), question.scope.condition());
        let sql = format!(
            "select day_of(entered_at) as day,
                count(*) filter (where creation) as created,
                count(*) filter (where completion) as completed,
                count(*) filter (where reopening) as reopened,
                count(*) filter (where completion and due_at is not null) as completed_with_due,
                count(*) filter (where completion and entered_at <= due_at) as completed_on_time
             from task_intervals
             where {within} and (creation or completion or reopening) and {scope}
             group by 1"
        );
        let rows: Vec<Row> = session.rows(&sql).await?;
        let mut period = Self {
            throughput: Throughput::default(),
            days: days.dates().iter().copied().map(Day::without).collect(),
        };
        for Row { day, counts } in rows {
            period.throughput += counts;
            let at = usize::try_from(day).ok();
            if let Some(day) = at.and_then(|at| period.days.get_mut(at)) {
                (day.created, day.completed) = (counts.created, counts.completed);
            }
        }
        Ok(period)
    }
}

impl Day {
    /// One on which nothing happened.
    fn without(day: NaiveDate) -> Self {
        Self {
            day,
            created: 0,
            completed: 0,
        }
    }
}

impl AddAssign for Throughput {
    fn add_assign(&mut self, more: Self) {
        self.created += more.created;
        self.completed += more.completed;
        self.reopened += more.reopened;
        self.completed_with_due += more.completed_with_due;
        self.completed_on_time += more.completed_on_time;
    }
}
