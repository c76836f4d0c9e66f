//! What one person works on and has finished, in the teams that the reader sees.

use super::{Day, Percentiles, Question, Scope, Standing, Taken, Throughput, per_day};
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
    Ok(Stats {
        now: Standing::of(session, question).await?,
        period: Throughput::of(session, question).await?,
        cycle_time: Percentiles::of(session, question, Taken::Cycle).await?,
        lead_time: Percentiles::of(session, question, Taken::Lead).await?,
        days: per_day(session, question).await?,
    })
}
