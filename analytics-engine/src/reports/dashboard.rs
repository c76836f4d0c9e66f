//! The dashboard: how things stand and what happened lately.

use super::period::Period;
use super::times::Taken;
use super::{Day, Percentiles, Question, Scope, Standing, Throughput};
use crate::error::LakeError;
use crate::session::Session;
use millstream_domain::ids::UserId;
use serde::Serialize;

/// The answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Dashboard {
    /// How everything stands.
    pub now: Standing,
    /// How the tasks stand that the reader works on.
    pub mine: Standing,
    /// What happened within the days.
    pub period: Throughput,
    /// How long it took what was finished within the days, from when work began.
    pub cycle_time: Percentiles,
    /// Each day.
    pub days: Vec<Day>,
}

/// Asks.
pub async fn ask(
    session: &Session,
    question: &Question,
    reader: UserId,
) -> Result<Dashboard, LakeError> {
    let mine = Question {
        scope: Scope {
            assignee: Some(reader),
            ..question.scope
        },
        ..question.clone()
    };
    let (now, mine, period, [cycle_time]) = tokio::try_join!(
        Standing::of(session, question),
        Standing::of(session, &mine),
        Period::of(session, question),
        Percentiles::of(session, question, [Taken::Cycle]),
    )?;
    Ok(Dashboard {
        now,
        mine,
        period: period.throughput,
        cycle_time,
        days: period.days,
    })
}
