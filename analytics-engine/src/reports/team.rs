//! How a team does: what it finished, how long that took, and who works on how much.

use super::period::Period;
use super::times::Taken;
use super::{Day, OPEN, Percentiles, Question, Scope, Standing, Throughput, moment};
use crate::error::LakeError;
use crate::session::Session;
use millstream_domain::ids::{TeamId, UserId};
use serde::{Deserialize, Serialize};

/// Most people of an answer: those with the most tasks to do come first.
pub const PEOPLE_MAX: usize = 100;

/// The answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Performance {
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
    /// Its people, and whoever else works on its tasks.
    pub people: Vec<Load>,
}

/// What one of them does for the team.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Load {
    /// Who.
    pub user_id: UserId,
    /// The name they log in with.
    pub username: String,
    /// How they are shown.
    pub display_name: String,
    /// The team's tasks that they are to do.
    pub open: u64,
    /// Of them, those that were due before now.
    pub overdue: u64,
    /// Times that a task of the team was finished while they worked on it, within the days.
    pub completed: u64,
}

/// Asks.
pub async fn ask(
    session: &Session,
    question: &Question,
    team: TeamId,
) -> Result<Performance, LakeError> {
    let of_team = Question {
        scope: Scope {
            team: Some(team),
            ..Scope::default()
        },
        ..question.clone()
    };
    let question = &of_team;
    let (now, period, [cycle_time, lead_time], people) = tokio::try_join!(
        Standing::of(session, question),
        Period::of(session, question),
        Percentiles::of(session, question, [Taken::Cycle, Taken::Lead]),
        people(session, question, team),
    )?;
    Ok(Performance {
        now,
        period: period.throughput,
        cycle_time,
        lead_time,
        days: period.days,
        people,
    })
}

async fn people(
    session: &Session,
    question: &Question,
    team: TeamId,
) -> Result<Vec<Load>, LakeError> {
    let (within, now) = (question.within(), moment(question.now));
    let sql = format!(
        "with counted as (
            select unnest(assignees) as person, 1 as open,
                case when due_at < {now} then 1 else 0 end as overdue, 0 as completed
            from tasks where {OPEN} and team_id = '{team}'
            union all
            select unnest(assignees) as person, 0 as open, 0 as overdue, 1 as completed
            from task_intervals
            where completion and {within} and team_id = '{team}'
            union all
            select user_id as person, 0 as open, 0 as overdue, 0 as completed
            from memberships where team_id = '{team}'
         ), summed as (
            select person, sum(open) as open, sum(overdue) as overdue, sum(completed) as completed
            from counted group by person
         )
         select users.id as user_id, users.username, users.display_name,
            summed.open, summed.overdue, summed.completed
         from summed join users on users.id = summed.person
         order by summed.open desc, summed.completed desc, users.username
         limit {PEOPLE_MAX}"
    );
    session.rows(&sql).await
}
