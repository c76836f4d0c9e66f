//! What one person works on and has finished, in the teams that the reader sees.

use super::period::Period;
use super::times::Taken;
use super::{Day, Percentiles, Question, Scope, Standing, Throughput};
use crate::error::LakeError;
use crate::session::Session;
use millstream_domain::ids::UserId;
use serde::Serialize;

/// The answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Stats {
    /// How the tasks stand that they work on.
    pub now: Standing,
    /// What happened to tasks while they worked on them.
    pub period: Throughput,
    /// How long those took that were finished, from when work began.
    pub cycle_time: Percentiles,
    /// The same from when they were made.
    pub lead_time: Percentiles,
    /// Each day.
    pub days: Vec<Day>,
}

/// Asks.
pub async fn ask(
    session: &Session,
    question: &Question,
    person: UserId,
) -> Result<Stats, LakeError> {
    let theirs = Question {
        scope: Scope {
            assignee: Some(person),
            ..question.scope
        },
        ..question.clone()
    };
    let question = &theirs;
    let (now, period, [cycle_time, lead_time]) = tokio::try_join!(
        Standing::of(session, question),
        Period::of(session, question),
        Percentiles::of(session, question, [Taken::Cycle, Taken::Lead]),
    )?;
    Ok(Stats {
        now,
        period: period.throughput,
        cycle_time,
        lead_time,
        days: period.days,
    })
}
