//! How long it took what was finished.

use super::Question;
use crate::error::LakeError;
use crate::session::Session;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// How long things took, in seconds: for so many of a hundred no longer than this.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Percentiles {
    /// How many there were.
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
pub(super) enum Taken {
    /// From when work began to when it was finished.
    Cycle,
    /// From when the task was made to when it was finished.
    Lead,
}

impl Taken {
    /// The column that says from when.
    fn from(self) -> &'static str {
        match self {
            Self::Cycle => "started_at",
            Self::Lead => "created_at",
        }
    }

    /// The column of the answer.
    fn name(self) -> &'static str {
        match self {
            Self::Cycle => "cycle_time",
            Self::Lead => "lead_time",
        }
    }
}

impl Percentiles {
    /// Of what was finished within the days. Nearest rank: each is a time that one of them took.
    pub(super) async fn of<const N: usize>(
        session: &Session,
        question: &Question,
        taken: [Taken; N],
    ) -> Result<[Self; N], LakeError> {
        let (within, scope) = (question.within(), question.scope.condition());
        let columns = taken.map(|taken| {
            let (from, name) = (taken.from(), taken.name());
            format!(
                "nearest_rank((arrow_cast(entered_at, 'Int64') - arrow_cast({from}, 'Int64')) / 1000000) as {name}"
            )
        });
        let columns = columns.join(", ");
        let sql = format!(
            "select {columns} from task_intervals where completion and {within} and {scope}"
        );
        let row: HashMap<String, Self> = session.row(&sql).await?;
        Ok(taken.map(|taken| row[taken.name()]))
    }
}
